// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a process that nobody traces pays for its system calls while something is attached to the
 * kernel. Each operation is timed in batches; the median batch says what it usually costs, the
 * fastest what it costs undisturbed. One line per operation: name, fastest and median ns, batches.
 * With -j all of it as one JSON object. Files are made in the working directory.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BATCHES_MAX  100000
#define BATCH_NS     200000 /* long against the clock's own cost, short against a time slice */
#define DEFAULT_MS   300
#define WARM_UP_RUNS 64
#define MESSAGE      64
#define LARGE        (1 << 20)
#define PAGE         4096
#define FILE_PAGES   256 /* written over and over */

struct fds {
	int pipe[2];
	int there[2]; /* the pipes of the ping-pong */
	int back[2];
	int local[2]; /* a pair of unix sockets */
	int named[2]; /* one of which has been accepted at a socket file */
	int tcp[2];
	int udp[2];
	int netlink;
	int file;
	unsigned int page;
	const char *cgroup; /* that may be made; NULL: none can */
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

/* Both ends of a connection over loopback. */
static void tcp_pair(int ends[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), large = 4 * LARGE;
	socklen_t len = sizeof(at);

	ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	/* What is sent in one call fits, or the sender would wait for itself. */
	setsockopt(ends[0], SOL_SOCKET, SO_SNDBUFFORCE, &large, sizeof(large));
	setsockopt(listener, SOL_SOCKET, SO_RCVBUFFORCE, &large, sizeof(large));
	if (listener < 0 || ends[0] < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(listener, (struct sockaddr *)&at, &len) || listen(listener, 1) ||
	    connect(ends[0], (struct sockaddr *)&at, len))
		die("connect over loopback");
	ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (ends[1] < 0)
		die("accept over loopback");
	close(listener);
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

static void send_bytes(const int fds[2], size_t bytes)
{
	static char message[LARGE] = "x";
	size_t got = 0;
	ssize_t n;

	if (send(fds[0], message, bytes, 0) != (ssize_t)bytes)
		die("send a message");
	while (got < bytes) {
		n = recv(fds[1], message, sizeof(message), 0);
		if (n <= 0)
			die("receive a message");
		got += n;
	}
}

static void do_unix(struct fds *fds)
{
	send_bytes(fds->local, 1);
}

/* Long enough to be what engines say to each other: one byte never is. */
static void do_unix_message(struct fds *fds)
{
	send_bytes(fds->local, MESSAGE);
}

/* As programs speak to a server: by a socket file, as they would to an engine. */
static void do_unix_named(struct fds *fds)
{
	send_bytes(fds->named, MESSAGE);
}

static void do_tcp(struct fds *fds)
{
	send_bytes(fds->tcp, MESSAGE);
}

static void do_tcp_large(struct fds *fds)
{
	send_bytes(fds->tcp, LARGE);
}

static void do_udp(struct fds *fds)
{
	send_bytes(fds->udp, MESSAGE);
}

/* One interface is asked for. */
static void do_netlink(struct fds *fds)
{
	struct {
		struct nlmsghdr head;
		struct ifinfomsg link;
	} ask = {
		.head = { .nlmsg_len = sizeof(ask),
			  .nlmsg_type = RTM_GETLINK,
			  .nlmsg_flags = NLM_F_REQUEST },
		.link = { .ifi_index = 1 },
	};
	char answer[8192];

	if (send(fds->netlink, &ask, sizeof(ask), 0) != sizeof(ask) ||
	    recv(fds->netlink, answer, sizeof(answer), 0) <= 0)
		die("ask for an interface");
}

static void do_tcp_connect(struct fds *fds)
{
	int ends[2];

	(void)fds;
	tcp_pair(ends);
	close(ends[0]);
	close(ends[1]);
}

static void do_process(struct fds *fds)
{
	char *argv[] = { "true", NULL };
	pid_t pid;

	(void)fds;
	if (posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ) ||
	    waitpid(pid, NULL, 0) != pid)
		die("run '/bin/true'");
}

static void do_write(struct fds *fds)
{
	static const char page[PAGE];

	fds->page = (fds->page + 1) % FILE_PAGES;
	if (pwrite(fds->file, page, sizeof(page), (off_t)fds->page * PAGE) != sizeof(page))
		die("write a page");
}

static void do_fsync(struct fds *fds)
{
	do_write(fds);
	if (fsync(fds->file))
		die("sync a file");
}

static void do_unlink(struct fds *fds)
{
	int fd = open("unlinked", O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	(void)fds;
	if (fd < 0 || close(fd) || unlink("unlinked"))
		die("make and remove a file");
}

static void do_cgroup(struct fds *fds)
{
	if (mkdir(fds->cgroup, 0755) || rmdir(fds->cgroup))
		die("make and remove a cgroup");
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
	{ "unix_named", do_unix_named },
	{ "pipe_ping_pong", do_ping_pong },
	{ "process", do_process },
	{ "tcp", do_tcp },
	{ "tcp_large", do_tcp_large },
	{ "tcp_connect", do_tcp_connect },
	{ "udp", do_udp },
	{ "netlink", do_netlink },
	{ "write_page", do_write },
	{ "fsync", do_fsync },
	{ "unlink", do_unlink },
	{ "cgroup", do_cgroup },
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

static void measure(const struct operation *op, struct fds *fds, unsigned int ms, bool json,
		    bool first)
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
	       json && !first ? "," : "", op->name, ns[0], ns[n / 2], n);
}

/* One CPU for both sides: where a partner runs would otherwise decide what a ping-pong costs. */
static void pin(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(sched_getcpu(), &set);
	sched_setaffinity(0, sizeof(set), &set); /* refused: the numbers are only noisier */
}

static void named_pair(int ends[2])
{
	struct sockaddr_un at = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ends[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(at.sun_path);
	if (listener < 0 || ends[0] < 0 || bind(listener, (struct sockaddr *)&at, sizeof(at)) ||
	    listen(listener, 1) || connect(ends[0], (struct sockaddr *)&at, sizeof(at)))
		die("connect to a socket file");
	ends[1] = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (ends[1] < 0)
		die("accept at a socket file");
	close(listener);
}

static void udp_pair(int ends[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	ends[0] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	ends[1] = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (ends[0] < 0 || ends[1] < 0 || bind(ends[1], (struct sockaddr *)&at, sizeof(at)) ||
	    getsockname(ends[1], (struct sockaddr *)&at, &len) ||
	    connect(ends[0], (struct sockaddr *)&at, len))
		die("make UDP sockets");
}

/* In the working directory: a socket file, and a file that is written. */
static void open_fds(struct fds *fds)
{
	if (pipe2(fds->pipe, O_CLOEXEC) || pipe2(fds->there, O_CLOEXEC) ||
	    pipe2(fds->back, O_CLOEXEC) ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds->local))
		die("make pipes and sockets");
	named_pair(fds->named);
	tcp_pair(fds->tcp);
	udp_pair(fds->udp);
	fds->netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	if (fds->netlink < 0)
		die("make a netlink socket");
	fds->file = open("written", O_CREAT | O_RDWR | O_CLOEXEC, 0600);
	if (fds->file < 0)
		die("make a file in the working directory");
	fds->page = 0;
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
	struct fds fds = { .cgroup = NULL };
	const char *only = NULL;
	bool first = true;
	pid_t partner;
	int option;

	while ((option = getopt(argc, argv, "jt:c:o:")) != -1) {
		if (option == 'j') {
			json = true;
		} else if (option == 'c') {
			fds.cgroup = optarg;
		} else if (option == 'o') {
			only = optarg;
		} else if (option == 't' && strtol(optarg, NULL, 10) > 0) {
			ms = strtol(optarg, NULL, 10);
		} else {
			fprintf(stderr, "usage: bystander [-j] [-t MILLISECONDS-PER-OPERATION] "
					"[-c CGROUP-TO-MAKE] [-o OPERATION]\n");
			return 2;
		}
	}
	open_fds(&fds);
	pin();
	partner = start_partner(&fds);
	if (json)
		putchar('{');
	for (size_t i = 0; i < OPERATIONS; i++) {
		if ((only && strcmp(only, operations[i].name)) ||
		    (!fds.cgroup && operations[i].run == do_cgroup))
			continue;
		measure(&operations[i], &fds, ms, json, first);
		first = false;
	}
	if (json)
		puts("}");
	kill(partner, SIGKILL);
	waitpid(partner, NULL, 0);
	return fflush(stdout) ? 1 : 0;
}
