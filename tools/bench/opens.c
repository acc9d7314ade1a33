// SPDX-License-Identifier: GPL-2.0-only
/*
 * What one open costs: batches of opens of a file that is there, the closes between them not timed.
 * Prints the fastest and the median batch, ns per open, and how many opens were made.
 *
 *   opens [-t MILLISECONDS] FILE       median
 *   opens -g [-t MILLISECONDS] FILE    the same for getppid(), which does next to nothing
 *   opens -n COUNT FILE                that many opens and closes, as fast as it can; prints the rate
 *   opens -r                           attaches a program that does nothing to the raw tracepoints of
 *                                      all system calls, says so and waits to be ended
 *   opens -f ...                       before all that runs at a usual priority
 *   opens -e DIRECTORY                 attaches a program that does nothing to the two tracepoints of
 *                                      openat() below this tracefs, says so and waits to be ended
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/perf_event.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define BATCH       64
#define BATCHES_MAX 100000
#define DEFAULT_MS  200

static void die(const char *doing, const char *what)
{
	fprintf(stderr, "opens: %s '%s': %s\n", doing, what, strerror(errno));
	exit(1);
}

static uint64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* return 0 */
static int empty_program(enum bpf_prog_type type)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type,
		.insns = (uintptr_t)insns,
		.insn_cnt = sizeof(insns) / sizeof(insns[0]),
		.license = (uintptr_t) "GPL",
	};
	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		die("load", "a program that does nothing");
	return fd;
}

static void attach_empty(const char *tracefs, const char *tracepoint)
{
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT, .size = sizeof(attr) };
	char path[256], id[24] = "";
	int fd;

	snprintf(path, sizeof(path), "%s/events/syscalls/%s/id", tracefs, tracepoint);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, id, sizeof(id) - 1) <= 0)
		die("read", path);
	close(fd);
	attr.config = strtoull(id, NULL, 10);
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, empty_program(BPF_PROG_TYPE_TRACEPOINT)) ||
	    ioctl(fd, PERF_EVENT_IOC_ENABLE, 0))
		die("attach to", tracepoint);
}

static void attach_raw(const char *tracepoint)
{
	union bpf_attr attr = {
		.raw_tracepoint.name = (uintptr_t)tracepoint,
		.raw_tracepoint.prog_fd = (__u32)empty_program(BPF_PROG_TYPE_RAW_TRACEPOINT),
	};

	if (syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr)) < 0)
		die("attach to raw", tracepoint);
}

/* NULL: raw tracepoints. */
static void attach_and_wait(const char *tracefs)
{
	if (tracefs) {
		attach_empty(tracefs, "sys_enter_openat");
		attach_empty(tracefs, "sys_exit_openat");
	} else {
		attach_raw("sys_enter");
		attach_raw("sys_exit");
	}
	printf("attached\n");
	fflush(stdout);
	pause();
}

static void measure_getppid(unsigned long ms)
{
	static uint64_t batches[BATCHES_MAX];
	uint64_t end = now() + ms * 1000000, begin;
	size_t n = 0;

	while (n < BATCHES_MAX && (now() < end || n < 3)) {
		begin = now();
		for (int i = 0; i < BATCH; i++)
			syscall(SYS_getppid);
		batches[n++] = now() - begin;
	}
	qsort(batches, n, sizeof(batches[0]), by_value);
	printf("%.1f %.1f %zu\n", (double)batches[0] / BATCH, (double)batches[n / 2] / BATCH,
	       n * BATCH);
}

static void measure(const char *file, unsigned long ms)
{
	static uint64_t batches[BATCHES_MAX];
	uint64_t end = now() + ms * 1000000, begin;
	size_t n = 0;
	int fds[BATCH];

	while (n < BATCHES_MAX && (now() < end || n < 3)) {
		begin = now();
		for (int i = 0; i < BATCH; i++)
			fds[i] = open(file, O_RDONLY | O_CLOEXEC);
		batches[n++] = now() - begin;
		for (int i = 0; i < BATCH; i++) {
			if (fds[i] < 0)
				die("open", file);
			close(fds[i]);
		}
	}
	qsort(batches, n, sizeof(batches[0]), by_value);
	printf("%.1f %.1f %zu\n", (double)batches[0] / BATCH, (double)batches[n / 2] / BATCH,
	       n * BATCH);
}

static void hurry(const char *file, unsigned long count)
{
	uint64_t begin = now();

	for (unsigned long i = 0; i < count; i++) {
		int fd = open(file, O_RDONLY | O_CLOEXEC);

		if (fd >= 0)
			close(fd);
	}
	printf("%lu %.0f\n", count, (double)count * 1e9 / (double)(now() - begin));
}

int main(int argc, char **argv)
{
	unsigned long ms = DEFAULT_MS, count = 0;
	bool empty = false, raw = false, getppids = false, first = false;
	int option;

	while ((option = getopt(argc, argv, "efgn:rt:")) != -1) {
		if (option == 'e')
			empty = true;
		else if (option == 'f')
			first = true;
		else if (option == 'r')
			raw = true;
		else if (option == 'g')
			getppids = true;
		else if (option == 'n')
			count = strtoul(optarg, NULL, 10);
		else if (option == 't')
			ms = strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (raw)
		attach_and_wait(NULL);
	if (optind + 1 != argc) {
		fprintf(stderr, "usage: opens [-f] [-g] [-t MILLISECONDS | -n COUNT] FILE\n");
		return 2;
	}
	if (empty)
		attach_and_wait(argv[optind]);
	if (first) /* refused, the numbers are only noisier */
		setpriority(PRIO_PROCESS, 0, -20);
	if (getppids)
		measure_getppid(ms);
	else if (count)
		hurry(argv[optind], count);
	else
		measure(argv[optind], ms);
	return fflush(stdout) ? 1 : 0;
}
