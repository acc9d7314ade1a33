// SPDX-License-Identifier: GPL-2.0-only
/*
 * delayline PARENT NETNS DEVICE NETNS DEVICE US: a line between two network namespaces, a TUN device at
 * each end, on which each packet is on its way for so many microseconds, in either direction; for kernels
 * without netem. A line on stdin with another number is that from the next packet on. It says "line" when
 * the devices are there, which are gone with it: at the end of stdin, of the process PARENT, or by a signal.
 *
 * Packets keep their order. What comes while all places are taken is left in the device's own queue, as in a
 * router, and how often that was is said at the end.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#define PLACES 16384 /* 280 Mbit/s for 0.7 s */
#define PACKET 1520
#define NO_US  60000000u

struct packet {
	uint64_t due_ns;
	size_t len;
	char data[PACKET];
};

struct way {
	struct packet *packets; /* a ring */
	size_t head, count;
	int from, to;
	uint64_t full; /* how often */
	uint64_t lost; /* the other end did not take it */
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int fail(const char *what, const char *on)
{
	fprintf(stderr, "delayline: %s '%s': %s\n", what, on, strerror(errno));
	return -1;
}

/* A TUN device belongs to the namespace that it was opened in. */
static int device(const char *netns, const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TUN | IFF_NO_PI };
	int ns = open(netns, O_RDONLY | O_CLOEXEC), fd;

	if (ns < 0)
		return fail("open the network namespace", netns);
	if (setns(ns, CLONE_NEWNET)) {
		close(ns);
		return fail("enter the network namespace", netns);
	}
	close(ns);
	fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fail("open", "/dev/net/tun");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (ioctl(fd, TUNSETIFF, &ifr)) {
		close(fd);
		return fail("make the device", name);
	}
	return fd;
}

static bool is_number(const char *text, unsigned long *ret)
{
	char *end;

	errno = 0;
	*ret = strtoul(text, &end, 10);
	return !errno && end != text && (!*end || *end == '\n') && *ret < NO_US;
}

static void take(struct way *w, uint64_t delay_ns)
{
	while (w->count < PLACES) {
		struct packet *p = &w->packets[(w->head + w->count) % PLACES];
		ssize_t n = read(w->from, p->data, sizeof(p->data));

		if (n <= 0)
			return;
		p->len = (size_t)n;
		p->due_ns = now_ns() + delay_ns;
		w->count++;
	}
	w->full++;
}

/* When the next one is due, UINT64_MAX: none is on its way. */
static uint64_t deliver(struct way *w)
{
	while (w->count) {
		struct packet *p = &w->packets[w->head];

		if (p->due_ns > now_ns())
			return p->due_ns;
		if (write(w->to, p->data, p->len) != (ssize_t)p->len &&
		    errno != EIO) /* not up yet */
			w->lost++;
		w->head = (w->head + 1) % PLACES;
		w->count--;
	}
	return UINT64_MAX;
}

/* false: there will be no more. */
static bool told(uint64_t *delay_ns)
{
	char text[64];
	unsigned long us;
	ssize_t n = read(STDIN_FILENO, text, sizeof(text) - 1);

	if (n <= 0)
		return n < 0 && (errno == EINTR || errno == EAGAIN);
	text[n] = '\0';
	if (is_number(text, &us))
		*delay_ns = us * 1000u;
	else
		fprintf(stderr, "delayline: no number of microseconds: '%.*s'\n",
			(int)strcspn(text, "\n"), text);
	return true;
}

static void run(struct way ways[2], uint64_t delay_ns)
{
	while (!ended) {
		struct pollfd fds[3] = { { .fd = STDIN_FILENO, .events = POLLIN } };
		uint64_t next = UINT64_MAX, at, now;
		struct timespec wait;

		for (int i = 0; i < 2; i++) {
			take(&ways[i], delay_ns);
			at = deliver(&ways[i]);
			next = at < next ? at : next;
			fds[1 + i].fd = ways[i].from;
			fds[1 + i].events = ways[i].count < PLACES ? POLLIN : 0;
		}
		now = now_ns();
		at = next > now ? next - now : 0;
		wait.tv_sec = (time_t)(at / 1000000000u);
		wait.tv_nsec = (long)(at % 1000000000u);
		if (ppoll(fds, 3, next == UINT64_MAX ? NULL : &wait, NULL) < 0 && errno != EINTR)
			return;
		if (fds[0].revents && !told(&delay_ns))
			return;
	}
}

int main(int argc, char **argv)
{
	struct sched_param first = { .sched_priority = 1 };
	struct sigaction end = { .sa_handler = on_signal };
	struct way ways[2] = { 0 };
	unsigned long parent, us;

	if (argc != 7 || !is_number(argv[1], &parent) || !is_number(argv[6], &us)) {
		fprintf(stderr, "usage: delayline PARENT NETNS DEVICE NETNS DEVICE US\n");
		return 2;
	}
	sigaction(SIGTERM, &end, NULL);
	sigaction(SIGINT, &(struct sigaction){ .sa_handler = SIG_IGN },
		  NULL); /* its parent ends it */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() != (pid_t)parent)
		return 0;
	prctl(PR_SET_TIMERSLACK, 1);
	sched_setscheduler(0, SCHED_FIFO,
			   &first); /* refused: the line is as punctual as the machine */
	ways[0].from = ways[1].to = device(argv[2], argv[3]);
	ways[1].from = ways[0].to = ways[0].from < 0 ? -1 : device(argv[4], argv[5]);
	if (ways[1].from < 0)
		return 1;
	for (int i = 0; i < 2; i++) {
		ways[i].packets = calloc(PLACES, sizeof(*ways[i].packets));
		if (!ways[i].packets)
			return fail("make the line", argv[3]) ? 1 : 0;
	}
	printf("line\n");
	fflush(stdout);
	run(ways, us * 1000u);
	for (int i = 0; i < 2; i++)
		if (ways[i].full || ways[i].lost)
			fprintf(stderr,
				"delayline: towards '%s': %llu times full, %llu packets not taken\n",
				argv[i ? 3 : 5], (unsigned long long)ways[i].full,
				(unsigned long long)ways[i].lost);
	return 0;
}
