/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CALLBACK_CHAIN_H
#define CALLBACK_CHAIN_H

/*
 * Before it calls on, a function compiled without frame pointers uses rbp for something else, as
 * optimized code does when it runs short of registers.
 */
#ifdef NO_FRAME_POINTERS
#define USE_RBP(v) __asm__ volatile("mov %0, %%rbp" : : "r"(v) : "rbp")
#else
#define USE_RBP(v) (void)(v)
#endif

typedef long (*chain_func)(long thread);

/* libchain.so: calls f(thread), through a function that the library does not export. */
long chain_apply(chain_func f, long thread);

/* Opens libchain.so, which lies beside the program. 0, or -1. */
int chain_open(void);
/* Starts n threads, each of which calls into Go again and again, and waits for their end. */
int chain_threads(long n);
/* Calls back into Go. */
long chain_nested(long times);

#endif
