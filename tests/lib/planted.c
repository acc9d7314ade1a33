// SPDX-License-Identifier: GPL-2.0-only
/*
 * planted WHAT AMOUNT LOG: does a known amount of one thing, and adds a line to LOG, in ns: how long that took
 * by its own clocks (of fsync: the calls alone), how much CPU, when it began and ended (CLOCK_MONOTONIC), how
 * long its cgroup was throttled meanwhile, as cpu.stat says.
 *   sleep MS    burn MS (of CPU)    sync MS (in fsync; LOG lies on the disk that waits)
 *   touch MB    maps so much of the file LOG.big, which is as long, and reads a byte of each page
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static void do_sleep(long ms)
{
	struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	while (nanosleep(&t, &t) && errno == EINTR)
		;
}

static void do_burn(long ms)
{
	uint64_t end = now(CLOCK_PROCESS_CPUTIME_ID) + (uint64_t)ms * 1000000;

	while (now(CLOCK_PROCESS_CPUTIME_ID) < end)
		;
}

/* The time of the fsyncs alone: so much of it, however fast the disk is. */
static uint64_t do_sync(long ms, const char *log)
{
	char page[4096];
	uint64_t all = 0;
	int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	memset(page, '\n', sizeof(page));
	while (all < (uint64_t)ms * 1000000) {
		uint64_t begin;

		if (write(fd, page, sizeof(page)) < 0)
			return 0;
		begin = now(CLOCK_MONOTONIC);
		if (fsync(fd))
			return 0;
		all += now(CLOCK_MONOTONIC) - begin;
	}
	close(fd);
	return all;
}

static void do_touch(long mb, const char *log)
{
	char name[4096];
	size_t size = (size_t)mb << 20;
	volatile const char *p;
	int fd;

	snprintf(name, sizeof(name), "%s.big", log);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return;
	for (size_t i = 0; i < size; i += 4096)
		(void)p[i];
}

static uint64_t throttled_ns(void)
{
	FILE *stat = fopen("/sys/fs/cgroup/cpu/cpu.stat", "r");
	unsigned long long n, found = 0;
	char key[64];

	if (!stat)
		stat = fopen("/sys/fs/cgroup/cpu.stat", "r");
	while (stat && fscanf(stat, "%63s %llu", key, &n) == 2) {
		if (!strcmp(key, "throttled_time"))
			found = n;
		if (!strcmp(key, "throttled_usec"))
			found = n * 1000;
	}
	if (stat)
		fclose(stat);
	return found;
}

/* With the time at which that was so: should it be throttled in between, it asks again. */
static uint64_t throttled_at(uint64_t *ret_ns)
{
	uint64_t ns = 0, before;

	for (int i = 0; i < 100; i++) {
		before = now(CLOCK_MONOTONIC);
		ns = throttled_ns();
		*ret_ns = now(CLOCK_MONOTONIC);
		if (*ret_ns < before + 3000000)
			break;
	}
	return ns;
}

int main(int argc, char **argv)
{
	uint64_t begin, end, synced = 0, throttled = throttled_at(&begin);
	uint64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	const char *what = argc == 4 ? argv[1] : "";
	long amount = argc == 4 ? atol(argv[2]) : 0;
	FILE *log;

	if (!strcmp(what, "sleep"))
		do_sleep(amount);
	else if (!strcmp(what, "burn"))
		do_burn(amount);
	else if (!strcmp(what, "sync"))
		synced = do_sync(amount, argv[3]);
	else if (!strcmp(what, "touch"))
		do_touch(amount, argv[3]);
	else
		return 2;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	throttled = throttled_at(&end) - throttled;
	log = fopen(argv[3], "a");
	if (!log)
		return 1;
	fprintf(log, "%s %llu %llu %llu %llu %llu\n", what,
		(unsigned long long)(synced ? synced : end - begin), (unsigned long long)cpu,
		(unsigned long long)begin, (unsigned long long)end, (unsigned long long)throttled);
	return fclose(log) != 0;
}
