// SPDX-License-Identifier: GPL-2.0-only
/*
 * planted WHAT AMOUNT LOG: does a known amount of one thing, and adds a line to LOG, in ns: how long that took
 * by its own clocks (of fsync: the calls alone), how much CPU, when it began and ended (CLOCK_MONOTONIC), how
 * long its cgroup was throttled meanwhile, as cpu.stat says, and of touch how long it was stalled for memory, as the
 * kernel's accounting of delays says (0 where that is off, or it may not ask: it takes the host's network and
 * CAP_NET_ADMIN), and as memory.pressure of a cgroup says (0: it may not make one, or that says nothing).
 *   sleep MS    burn MS (of CPU)    sync MS (in fsync; LOG lies on the disk that waits)
 *   touch MB    maps so much of the file LOG.big, which is as long, and reads a byte of each page
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/taskstats.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
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

struct message {
	struct nlmsghdr nl;
	struct genlmsghdr gen;
	char attributes[4096];
};

/* An attribute of `type` among those of `len` bytes. */
static void *attribute(void *attributes, size_t len, int type, size_t *ret_len)
{
	for (char *at = attributes; len >= NLA_HDRLEN;) {
		struct nlattr *a = (struct nlattr *)at;
		size_t step = NLA_ALIGN(a->nla_len);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			break;
		*ret_len = (size_t)a->nla_len - NLA_HDRLEN;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return at + NLA_HDRLEN;
		at += step;
		len = step < len ? len - step : 0;
	}
	return NULL;
}

/* Asks with one attribute; how long the attributes of the answer are, 0: there is none. */
static size_t ask(int fd, struct message *m, uint16_t family, uint8_t command, uint16_t type,
		  const void *value, uint16_t len)
{
	struct nlattr *a = (struct nlattr *)m->attributes;
	ssize_t n;

	memset(m, 0, sizeof(*m));
	m->nl.nlmsg_type = family;
	m->nl.nlmsg_flags = NLM_F_REQUEST;
	m->gen.cmd = command;
	m->gen.version = 1;
	a->nla_type = type;
	a->nla_len = (uint16_t)(NLA_HDRLEN + len);
	memcpy(m->attributes + NLA_HDRLEN, value, len);
	m->nl.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + GENL_HDRLEN + NLA_ALIGN(a->nla_len));
	n = send(fd, m, m->nl.nlmsg_len, 0) < 0 ? -1 : recv(fd, m, sizeof(*m), 0);
	if (n < (ssize_t)(NLMSG_HDRLEN + GENL_HDRLEN) || m->nl.nlmsg_type == NLMSG_ERROR)
		return 0;
	return (size_t)n - NLMSG_HDRLEN - GENL_HDRLEN;
}

/* A socket on which taskstats are asked for, and what they are called there; -1: there are none. */
static int taskstats(uint16_t *ret_family)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	struct message m;
	size_t len, n;
	void *at;

	if (fd < 0)
		return -1;
	len = ask(fd, &m, GENL_ID_CTRL, CTRL_CMD_GETFAMILY, CTRL_ATTR_FAMILY_NAME,
		  TASKSTATS_GENL_NAME, sizeof(TASKSTATS_GENL_NAME));
	at = attribute(m.attributes, len, CTRL_ATTR_FAMILY_ID, &n);
	if (at && n == sizeof(*ret_family)) {
		memcpy(ret_family, at, n);
		return fd;
	}
	close(fd);
	return -1;
}

/* Reclaim, and pages that had to be read again: what the kernel counts as a stall for memory. */
static uint64_t delayed_ns(int fd, uint16_t family)
{
	uint32_t pid = (uint32_t)getpid();
	struct taskstats stats = { 0 };
	struct message m;
	size_t len, n;
	void *at;

	len = ask(fd, &m, family, TASKSTATS_CMD_GET, TASKSTATS_CMD_ATTR_PID, &pid, sizeof(pid));
	at = attribute(m.attributes, len, TASKSTATS_TYPE_AGGR_PID, &n);
	at = at ? attribute(at, n, TASKSTATS_TYPE_STATS, &n) : NULL;
	if (at)
		memcpy(&stats, at, n < sizeof(stats) ? n : sizeof(stats));
	return stats.freepages_delay_total + stats.thrashing_delay_total;
}

/* memory.pressure of a cgroup in which there is nobody else. */
static uint64_t pressure_ns(FILE *pressure)
{
	char text[256] = "";
	const char *total;

	if (pread(fileno(pressure), text, sizeof(text) - 1, 0) < 0)
		return 0;
	total = strstr(text, "total=");
	return total ? strtoull(total + 6, NULL, 10) * 1000 : 0;
}

struct stalls {
	int fd; /* of taskstats; -1: there are none */
	uint16_t family;
	FILE *pressure; /* NULL: there is none */
	uint64_t delayed_ns, pressure_ns;
	uint64_t at_ns; /* when it was so */
	char top[4096], cgroup[4096 + 64]; /* that was made */
};

static bool go_into(const char *cgroup)
{
	char name[4096 + 96];
	FILE *procs;

	snprintf(name, sizeof(name), "%s/cgroup.procs", cgroup);
	procs = fopen(name, "w");
	return procs && fprintf(procs, "%d\n", (int)getpid()) > 0 && !fclose(procs);
}

/*
 * The account is an average over processors, by how long each had something to do: it is a time only of who
 * stays on one.
 */
static void stay(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	sched_setaffinity(0, sizeof(one), &one);
}

/*
 * With version 1 its cgroup has no such account: then it makes one of version 2 and goes into it, for which it
 * takes CAP_SYS_ADMIN. The limit stays that of the other one.
 */
static FILE *pressure_open(struct stalls *s, const char *log)
{
	FILE *pressure = fopen("/sys/fs/cgroup/memory.pressure", "r");
	char name[sizeof(s->cgroup) + 32];

	stay();
	if (pressure)
		return pressure;
	snprintf(s->top, sizeof(s->top), "%s.cgroup", log);
	if ((mkdir(s->top, 0755) && errno != EEXIST) || mount("none", s->top, "cgroup2", 0, NULL))
		return NULL;
	snprintf(s->cgroup, sizeof(s->cgroup), "%s/planted-%llu", s->top,
		 (unsigned long long)now(CLOCK_MONOTONIC));
	if (mkdir(s->cgroup, 0755) || !go_into(s->cgroup))
		return NULL;
	snprintf(name, sizeof(name), "%s/memory.pressure", s->cgroup);
	return fopen(name, "r");
}

static void leave_cgroup(const struct stalls *s)
{
	if (*s->cgroup && go_into(s->top))
		rmdir(s->cgroup);
}

static struct stalls stalls_open(const char *log)
{
	struct stalls s = { 0 };

	s.pressure = pressure_open(&s, log);
	s.fd = taskstats(&s.family);
	return s;
}

/*
 * To ask takes memory, too: should it have to wait for that, it asks again. It sleeps first: how long a thread
 * reclaimed is told with its next wait, and drawn as the last part of what it ran; that is to lie on one side.
 */
static void stalls_read(struct stalls *s)
{
	const struct timespec moment = { .tv_nsec = 1 };

	nanosleep(&moment, NULL);
	for (int i = 0; i < 100; i++) {
		uint64_t before = now(CLOCK_MONOTONIC);

		s->delayed_ns = s->fd < 0 ? 0 : delayed_ns(s->fd, s->family);
		s->pressure_ns = s->pressure ? pressure_ns(s->pressure) : 0;
		s->at_ns = now(CLOCK_MONOTONIC);
		if (s->at_ns < before + 1000000)
			break;
	}
}

static void do_touch(long mb, const char *log, struct stalls *ret_before, struct stalls *ret_after)
{
	size_t size = (size_t)mb << 20;
	volatile const char *p;
	char name[4096];
	int fd;

	snprintf(name, sizeof(name), "%s.big", log);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	p = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	*ret_before = stalls_open(log);
	*ret_after = *ret_before;
	stalls_read(ret_before);
	for (size_t i = 0; p != MAP_FAILED && i < size; i += 4096)
		(void)p[i];
	stalls_read(ret_after);
	leave_cgroup(ret_after);
}

int main(int argc, char **argv)
{
	uint64_t begin, end, synced = 0, throttled = throttled_at(&begin);
	uint64_t cpu = now(CLOCK_PROCESS_CPUTIME_ID);
	struct stalls before = { 0 }, after = { 0 };
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
		do_touch(amount, argv[3], &before, &after);
	else
		return 2;
	cpu = now(CLOCK_PROCESS_CPUTIME_ID) - cpu;
	throttled = throttled_at(&end) - throttled;
	if (after.at_ns) {
		begin = before.at_ns;
		end = after.at_ns;
	}
	log = fopen(argv[3], "a");
	if (!log)
		return 1;
	fprintf(log, "%s %llu %llu %llu %llu %llu %llu %llu\n", what,
		(unsigned long long)(synced ? synced : end - begin), (unsigned long long)cpu,
		(unsigned long long)begin, (unsigned long long)end, (unsigned long long)throttled,
		(unsigned long long)(after.delayed_ns - before.delayed_ns),
		(unsigned long long)(after.pressure_ns - before.pressure_ns));
	return fclose(log) != 0;
}
