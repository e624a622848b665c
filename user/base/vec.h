/* SPDX-License-Identifier: Apache-2.0 */
/* Typed vectors: VEC(struct foo) foos; vec_push(&foos, foo) is 0 or -ENOMEM; vec_deinit frees. */
#ifndef MAPPROBE_BASE_VEC_H
#define MAPPROBE_BASE_VEC_H

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *data;                                                                        \
		size_t len, cap;                                                                   \
	}

/* Makes room for one more element of size bytes; 0 or -ENOMEM. */
static inline int vec_grow_(void **data, size_t len, size_t *cap, size_t size)
{
	size_t n = *cap ? *cap * 2 : 8;
	void *p;

	if (len < *cap)
		return 0;
	p = reallocarray(*data, n, size);
	if (!p)
		return -ENOMEM;
	*data = p;
	*cap = n;
	return 0;
}

#define vec_push(v, ...)                                                                           \
	({                                                                                         \
		int rc_ = vec_grow_((void **)&(v)->data, (v)->len, &(v)->cap, sizeof(*(v)->data)); \
		if (!rc_)                                                                          \
			(v)->data[(v)->len++] = (__VA_ARGS__);                                     \
		rc_;                                                                               \
	})

#define vec_deinit(v)                                                                              \
	do {                                                                                       \
		free((v)->data);                                                                   \
		(v)->data = NULL;                                                                  \
		(v)->len = (v)->cap = 0;                                                           \
	} while (0)

#define vec_foreach(it, v)                                                                         \
	for (__typeof__(*(v)->data) *it = (v)->data; it && it < (v)->data + (v)->len; it++)

#endif
