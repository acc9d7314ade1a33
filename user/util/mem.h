/* SPDX-License-Identifier: GPL-2.0-only */
/* Ownership that can be seen on the declaration: own_* locals free themselves. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void ct_cleanup_free(void *p)
{
	free(*(void **)p);
}

static inline void ct_cleanup_close(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void ct_cleanup_fclose(FILE **f)
{
	if (*f)
		fclose(*f);
}

static inline void ct_cleanup_closedir(DIR **d)
{
	if (*d)
		closedir(*d);
}

#define own_mem  __attribute__((cleanup(ct_cleanup_free)))
#define own_fd   __attribute__((cleanup(ct_cleanup_close)))
#define own_file __attribute__((cleanup(ct_cleanup_fclose)))
#define own_dir  __attribute__((cleanup(ct_cleanup_closedir)))

/* Leaves a function with what a local owns. */
#define take_ptr(p) \
	({ \
		__typeof__(p) _taken = (p); \
		(p) = NULL; \
		_taken; \
	})

#define take_fd(fd) \
	({ \
		int _taken = (fd); \
		(fd) = -1; \
		_taken; \
	})

#define CT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
