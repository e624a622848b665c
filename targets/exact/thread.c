// SPDX-License-Identifier: Apache-2.0

#include <pthread.h>
#include <stdint.h>

#include "_cgo_export.h"

static void *work(void *i)
{
	ExactWorkAs((int)(intptr_t)i);
	return NULL;
}

int exact_thread(int i)
{
	pthread_t thread;
	int ret = pthread_create(&thread, NULL, work, (void *)(intptr_t)i);

	return ret ? ret : pthread_detach(thread);
}
