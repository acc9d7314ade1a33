// SPDX-License-Identifier: GPL-2.0-only
/*
 * Preloaded: what a program that is linked with libc takes for its opens, by its own clock, of files
 * below /data. At its end it prints "openclock COUNT median NS empty NS" on stderr, the second of a
 * call that does nothing.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clocked.h"

#define TIMES_MAX 65536

static uint64_t times[TIMES_MAX];
static size_t count;

static int timed(const char *name, const char *path, int flags, mode_t mode)
{
	int (*next)(const char *, int, ...) =
		(int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
	uint64_t begin = clocked_now(), end;
	int fd = next(path, flags, mode);

	end = clocked_now();
	if (!strncmp(path, "/data/", 6) && count < TIMES_MAX)
		times[count++] = end - begin;
	return fd;
}

#define OPEN(name) \
	__attribute__((visibility("default"))) int name(const char *path, int flags, ...) \
	{ \
		va_list args; \
		mode_t mode; \
\
		va_start(args, flags); \
		mode = va_arg(args, mode_t); \
		va_end(args); \
		return timed(#name, path, flags, mode); \
	}
OPEN(open)
OPEN(open64)

__attribute__((destructor)) static void say(void)
{
	if (!count)
		return;
	fprintf(stderr, "openclock %zu median %llu empty %llu\n", count,
		(unsigned long long)clocked_median(times, count),
		(unsigned long long)clocked_empty());
}
