// SPDX-License-Identifier: Apache-2.0
/*
 * The C side. A thread calls
 *
 *	chain_thread -> chain_outer -> chain_apply (libchain.so) -> apply_hidden (libchain.so) ->
 *	chain_inner -> goWriteThread
 *
 * and chain_nested calls chain_step -> goWriteNested.
 */
#include "chain.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "_cgo_export.h"

#define MAX_THREADS 16
#define CALLS	    50

static pthread_barrier_t started;
static long (*apply)(chain_func f, long thread);

int chain_open(void)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 64);
	char *slash;
	void *lib;

	if (n < 0)
		return -1;
	path[n] = 0;
	slash = strrchr(path, '/');
	/* libchain.so, or the one of the same variant: callback-nofp has libchain-nofp.so. */
	snprintf(slash + 1, 64, "libchain%s.so", strstr(slash, "-nofp") ? "-nofp" : "");
	lib = dlopen(path, RTLD_NOW);
	if (!lib)
		return -1;
	apply = (long (*)(chain_func, long))dlsym(lib, "chain_apply");
	return apply ? 0 : -1;
}

static __attribute__((noinline)) long chain_inner(long thread)
{
	USE_RBP(thread);
	return goWriteThread(thread) + 1;
}

static __attribute__((noinline)) long chain_outer(long thread)
{
	USE_RBP(&thread);
	return apply(chain_inner, thread) + 1;
}

static void *chain_thread(void *arg)
{
	/* volatile: one loop with one call in it, whatever the compiler would make of it. */
	for (volatile int i = 0; i < CALLS; i++) {
		chain_outer((long)arg);
		/* All are there at once: the goroutine of one that has ended is used again. */
		if (i == 0)
			pthread_barrier_wait(&started);
	}
	return NULL;
}

int chain_threads(long n)
{
	pthread_t threads[MAX_THREADS];

	if (n > MAX_THREADS || pthread_barrier_init(&started, NULL, (unsigned int)n))
		return -1;
	for (long i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, chain_thread, (void *)i))
			return -1;
	for (long i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	return 0;
}

static __attribute__((noinline)) long chain_step(long i)
{
	USE_RBP(i * 8);
	return goWriteNested(i) + 1;
}

long chain_nested(long times)
{
	long sum = 0;

	for (long i = 0; i < times; i++) {
		USE_RBP(&sum);
		sum += chain_step(i);
	}
	return sum;
}
