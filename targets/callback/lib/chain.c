// SPDX-License-Identifier: Apache-2.0
#include "../chain.h"

static __attribute__((noinline)) long apply_hidden(chain_func f, long thread)
{
	USE_RBP(thread * 0x9e3779b97f4a7c15);
	return f(thread) + 1;
}

long chain_apply(chain_func f, long thread)
{
	return apply_hidden(f, thread) - 1;
}
