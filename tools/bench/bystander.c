// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process that nobody traces pays for its system calls while something is attached to the
 * kernel. Each operation is timed in batches; the median batch says what it usually costs, the
 * fastest what it costs undisturbed. One line per operation: name, fastest and median ns, batches.
 * With -j all of it as one JSON object.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCHES_MAX  100000
#define BATCH_NS     200000 /* long against the clock's own cost, short against a time slice */
#define DEFAULT_MS   300
#define WARM_UP_RUNS 64
#define MESSAGE      64

struct fds {
	int pipe[2];
	int there[2]; /* the pipes of the ping-pong */
	int back[2];
	int local[2];
};

static void die(const char *doing)
{
	fprintf(stderr, "bystander: %s: %s\n", doing, strerror(errno));
	exit(1);
}

static void move_byte(int to, int from)
{
	char byte = 'x';

	if (write(to, &byte, 1) != 1)
		die("write one byte");
	if (read(from, &byte, 1) != 1)
		die("read one byte");
}

static void do_getppid(struct fds *fds)
{
	(void)fds;
	syscall(SYS_getppid);
}

static void do_open_close(struct fds *fds)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

	(void)fds;
	if (fd < 0)
		die("open '/dev/null'");
	close(fd);
}

static void do_pipe(struct fds *fds)
{
	move_byte(fds->pipe[1], fds->pipe[0]);
}

static void do_ping_pong(struct fds *fds)
{
	move_byte(fds->there[1], fds->back[0]);
}

static void send_local(struct fds *fds, size_t bytes)
{
	char message[MESSAGE] = "x";

	if (send(fds->local[0], message, bytes, 0) != (ssize_t)bytes)
		die("send a message");
	if (recv(fds->local[1], message, bytes, 0) != (ssize_t)bytes)
		die("receive a message");
}

static void do_unix(struct fds *fds)
{
	send_local(fds, 1);
}

/* Long enough to be what engines say to each other: one byte never is. */
static void do_unix_message(struct fds *fds)
{
	send_local(fds, MESSAGE);
}

static const struct operation {
	const char *name;
	void (*run)(struct fds *fds);
} operations[] = {
	{ "getppid", do_getppid },
	{ "open_close", do_open_close },
	{ "pipe", do_pipe },
	{ "unix", do_unix },
	{ "unix_message", do_unix_message },
	{ "pipe_ping_pong", do_ping_pong },
};
#define OPERATIONS (sizeof(operations) / sizeof(operations[0]))

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * UINT64_C(1000000000) + ts.tv_nsec;
}

static uint64_t batch_ns(const struct operation *op, struct fds *fds, unsigned int calls)
{
	uint64_t begin = now_ns();

	for (unsigned int i = 0; i < calls; i++)
		op->run(fds);
	return now_ns() - begin;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void measure(const struct operation *op, struct fds *fds, unsigned int ms, bool json)
{
	static double ns[BATCHES_MAX];
	uint64_t end, per_call = batch_ns(op, fds, WARM_UP_RUNS) / WARM_UP_RUNS;
	unsigned int calls = BATCH_NS / (per_call ? per_call : 1) + 1;
	size_t n = 0;

	end = now_ns() + ms * UINT64_C(1000000);
	do {
		ns[n++] = (double)batch_ns(op, fds, calls) / calls;
	} while (n < BATCHES_MAX && now_ns() < end);
	qsort(ns, n, sizeof(ns[0]), compare);
	printf(json ? "%s\"%s\":{\"min_ns\":%.1f,\"median_ns\":%.1f,\"batches\":%zu}"
		    : "%s%s %.1f %.1f %zu\n",
	       json && op != operations ? "," : "", op->name, ns[0], ns[n / 2], n);
}

/* One CPU for both sides: where a partner runs would otherwise decide what a ping-pong costs. */
static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set); /* refused: the numbers are only noisier */
}

static pid_t start_partner(struct fds *fds)
{
	pid_t pid = fork();
	char byte;

	if (pid < 0)
		die("start the partner of the ping-pong");
	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(fds->there[0], &byte, 1) == 1 && write(fds->back[1], &byte, 1) == 1)
		;
	_exit(0);
}

int main(int argc, char **argv)
{
	unsigned int ms = DEFAULT_MS;
	bool json = false;
	struct fds fds;
	pid_t partner;
	int option;

	while ((option = getopt(argc, argv, "jt:")) != -1) {
		if (option == 'j') {
			json = true;
		} else if (option == 't' && strtol(optarg, NULL, 10) > 0) {
			ms = strtol(optarg, NULL, 10);
		} else {
			fprintf(stderr, "usage: bystander [-j] [-t MILLISECONDS-PER-OPERATION]\n");
			return 2;
		}
	}
	if (pipe(fds.pipe) || pipe(fds.there) || pipe(fds.back) ||
	    socketpair(AF_UNIX, SOCK_STREAM, 0, fds.local))
		die("make pipes and sockets");
	pin();
	partner = start_partner(&fds);
	if (json)
		putchar('{');
	for (size_t i = 0; i < OPERATIONS; i++)
		measure(&operations[i], &fds, ms, json);
	if (json)
		puts("}");
	kill(partner, SIGKILL);
	waitpid(partner, NULL, 0);
	return fflush(stdout) ? 1 : 0;
}
