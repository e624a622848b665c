// SPDX-License-Identifier: Apache-2.0
/* The C program around exact as a C archive: its main thread is C's, and calls into Go. */
#include "exact.h"

int main(void)
{
	ExactSetUp();
	ExactWork();
	ExactTearDown();
	return 0;
}
