// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens files that are known: prime numbers of them, in groups, some that are not there and some
 * that may not be followed. Says how many, the median of what it measured around its own calls, and
 * that of a call that does nothing. Linked statically it opens nothing else.
 *
 *   opens DIR [TIMES]     below DIR: see make_files() of tests/e2e/16-opens.sh
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clocked.h"

#define ROUNDS_MAX 100000

/* Columns: how often, below DIR, how many files of it (%d: their number), flags, errno expected. */
static const struct group {
	unsigned count;
	const char *format;
	unsigned files;
	int flags;
	int error;
} groups[] = {
	{ 509, "node_modules/express/lib/%d.js", 13, O_RDONLY, 0 },
	{ 211, "lib/python3/dist-packages/requests/%d.py", 11, O_RDONLY, 0 },
	{ 101, "lib%d.so.1", 3, O_RDONLY, 0 },
	{ 151, "node_modules/missing/%d.js", 7, O_RDONLY, ENOENT },
	{ 37, "link%d", 1, O_RDONLY | O_NOFOLLOW, ELOOP },
};

static uint64_t times[ROUNDS_MAX];
static size_t opened;

static void open_one(const char *dir, const struct group *g, unsigned i)
{
	char path[512];
	uint64_t begin, end;
	int fd, error;

	int n = snprintf(path, sizeof(path), "%s/", dir);

	snprintf(path + n, sizeof(path) - (size_t)n, g->format, (int)(i % g->files));
	begin = clocked_now();
	fd = open(path, g->flags);
	error = errno;
	end = clocked_now();
	if ((fd < 0) != (g->error != 0) || (fd < 0 && error != g->error)) {
		fprintf(stderr, "opens: '%s': errno %d, wanted %d\n", path, fd < 0 ? error : 0,
			g->error);
		exit(1);
	}
	if (fd >= 0)
		close(fd);
	if (opened < ROUNDS_MAX)
		times[opened] = end - begin;
	opened++;
}

int main(int argc, char **argv)
{
	unsigned long times_over = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	size_t measured;

	if (argc < 2 || !times_over) {
		fprintf(stderr, "usage: opens DIR [TIMES]\n");
		return 2;
	}
	for (unsigned long t = 0; t < times_over; t++)
		for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
			for (unsigned i = 0; i < groups[g].count; i++)
				open_one(argv[1], &groups[g], i);
	measured = opened < ROUNDS_MAX ? opened : ROUNDS_MAX;
	printf("opened %zu median %llu empty %llu\n", opened,
	       (unsigned long long)clocked_median(times, measured),
	       (unsigned long long)clocked_empty());
	return fflush(stdout) ? 1 : 0;
}
