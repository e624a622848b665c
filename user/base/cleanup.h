/* SPDX-License-Identifier: Apache-2.0 */
/* Cleanup attributes for locals: freed, closed on every way out of the scope. */
#ifndef MAPPROBE_BASE_CLEANUP_H
#define MAPPROBE_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cleanup_free_(void *p)
{
	free(*(void **)p);
}

static inline void cleanup_close_(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cleanup_fclose_(FILE **f)
{
	if (*f)
		fclose(*f);
}

#define _cleanup_free_	 __attribute__((cleanup(cleanup_free_)))
#define _cleanup_close_	 __attribute__((cleanup(cleanup_close_)))
#define _cleanup_fclose_ __attribute__((cleanup(cleanup_fclose_)))

/* Hands a local's value on and leaves nothing for the cleanup. */
#define take_ptr(p)                                                                                \
	({                                                                                         \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})
#define take_fd(fd)                                                                                \
	({                                                                                         \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

#endif
