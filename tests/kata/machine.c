// SPDX-License-Identifier: GPL-2.0-only
/* The machine: boots for a while, is the agent on one socket, and ends when told to on another. */
#define _GNU_SOURCE
#include "standin.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BOOT_MS 60 /* a guest takes seconds without, a tenth of one with KVM */
#define RUN_MS  50 /* what ends by itself */
#define KILLED  137
#define CONNS   8

/* As qemu -daemonize: whoever called it waits until the sockets are there. */
static int daemonize(void)
{
	int fds[2];
	char byte;

	if (pipe(fds))
		exit(1);
	if (fork()) {
		close(fds[1]);
		_exit(read(fds[0], &byte, 1) == 1 ? 0 : 1);
	}
	setsid();
	if (fork())
		_exit(0);
	leave_stdio();
	close(fds[0]);
	return fds[1];
}

struct guest {
	char id[PATH_ROOM];
	char what[256]; /* what the container executes */
	int wait_fd, out_fd; /* who waits for the exit, for output */
	uint32_t wait, out; /* on which streams; 0: nobody */
	int status; /* -1: it runs */
	bool started;
};

static void tell_exit(struct guest *g)
{
	struct message m = { .len = 0 };

	put_varint(&m, 1, (uint64_t)g->status);
	if (g->wait)
		agent_answer(g->wait_fd, g->wait, &m);
	g->wait = 0;
}

/* What ends by itself does so while somebody waits for it. */
static void runs(struct guest *g)
{
	if (!strncmp(g->what, "exit ", 5)) {
		usleep(RUN_MS * 1000);
		g->status = atoi(g->what + 5);
	}
	if (g->status >= 0)
		tell_exit(g);
}

static void written(struct guest *g)
{
	struct message m = { .len = 0 };
	struct timespec real, mono;
	char line[96];

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	snprintf(line, sizeof(line), "ready %lld%09ld %lld%09ld\n", (long long)real.tv_sec,
		 real.tv_nsec, (long long)mono.tv_sec, mono.tv_nsec);
	put_string(&m, 1, line);
	agent_answer(g->out_fd, g->out, &m);
}

static void open_files(int dir, const char *what, const char *how_many)
{
	char name[32];
	int fd;

	for (int i = how_many ? atoi(how_many) : 0; i > 0; i--) {
		snprintf(name, sizeof(name), "%s-%d", what, i % 10);
		fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
		if (fd >= 0)
			close(fd);
	}
}

/*
 * Its server of files makes directories in the container's root, where the guest mounts proc and sys,
 * and opens what the guest's programs read.
 */
static void serve_files(const struct guest *g)
{
	char path[PATH_ROOM];
	int dir;

	path_of(path, SHARED_DIR "/%s/mounts/%s/rootfs", g->id, g->id);
	dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_PATH);
	if (dir < 0)
		return;
	mkdirat(dir, "proc", 0755);
	mkdirat(dir, "sys", 0755);
	open_files(dir, "served", getenv("STANDIN_OPENS"));
	close(dir);
}

/* False: nobody asks there any more. */
static bool agent_asked(int fd, struct guest *g)
{
	static char buffer[RPC_MAX];
	struct message none = { .len = 0 };
	struct rpc rpc;

	if (!agent_read(fd, buffer, &rpc))
		return false;
	if (is(rpc.method, "WaitProcess")) {
		g->wait = rpc.stream;
		g->wait_fd = fd;
		if (g->started)
			runs(g);
		return true;
	}
	if (is(rpc.method, "ReadStdout")) {
		g->out = rpc.stream;
		g->out_fd = fd;
		if (g->started)
			written(g);
		return true;
	}
	if (is(rpc.method, "CreateContainer")) {
		to_string(get_bytes(rpc.payload, 6, 0), g->what, sizeof(g->what));
		serve_files(g);
	}
	agent_answer(fd, rpc.stream, &none);
	if (is(rpc.method, "StartContainer")) {
		g->started = true;
		if (g->out)
			written(g);
		if (g->wait)
			runs(g);
	}
	if (is(rpc.method, "SignalProcess") && g->status < 0) {
		g->status = KILLED;
		tell_exit(g);
	}
	return true;
}

static void serve(int qmp, int agent, struct guest *g)
{
	struct pollfd fds[CONNS + 2] = {
		{ .fd = qmp, .events = POLLIN },
		{ .fd = agent, .events = POLLIN },
	};
	int n = 2;

	while (poll(fds, (nfds_t)n, -1) > 0 &&
	       !fds[0].revents) { /* who comes by qmp comes to quit */
		for (int i = 2; i < n; i++) {
			if (!fds[i].revents || agent_asked(fds[i].fd, g))
				continue;
			if (g->wait_fd == fds[i].fd)
				g->wait = 0;
			if (g->out_fd == fds[i].fd)
				g->out = 0;
			close(fds[i].fd);
			fds[i] = fds[--n];
		}
		if (fds[1].revents && n < CONNS + 2)
			fds[n++] = (struct pollfd){ .fd = accept(agent, NULL, NULL),
						    .events = POLLIN };
	}
}

int machine(int argc, char **argv)
{
	static const char *const names[] = { "qmp", "console", "kata" };
	const char *id = value_of(argc, argv, "-name") + strlen("sandbox-");
	bool qemu = strstr(argv[0], "qemu");
	struct guest g = { .status = -1 };
	char path[3][PATH_ROOM];
	int sockets[3], ready = -1, own;

	agent_serial = getenv("STANDIN_YAMUX");
	snprintf(g.id, sizeof(g.id), "%s", id);
	if (qemu) {
		path_of(path[0], VC_DIR "/vm/%s", id);
		own = open(path[0], O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_PATH);
		open_files(own, "own", getenv("STANDIN_OWN")); /* libraries of the real one */
		for (int i = 0; i < 10; i++) {
			path_of(path[0], "own-%d", i);
			unlinkat(own, path[0], 0);
		}
		close(own);
		close(memfd_create("test", MFD_CLOEXEC)); /* whether there is such a thing */
		ready = daemonize();
		close(memfd_create("test", MFD_CLOEXEC));
	}
	for (int i = 0; i < 3; i++) {
		path_of(path[i], VC_DIR "/vm/%s/%s.sock", id, names[i]);
		unlink(path[i]);
		/* a serial port is there at once; a vsock when the agent listens */
		if (i < 2)
			sockets[i] = listen_unix(path[i], strlen(path[i]) + 1);
		else if (standin_version() == 1)
			sockets[i] = listen_agent(path[i]);
	}
	if (qemu && write(ready, "", 1) != 1)
		return 1;
	close(ready);
	usleep(BOOT_MS * 1000);
	if (standin_version() != 1)
		sockets[2] = listen_agent(path[2]);
	serve(sockets[0], sockets[2], &g);
	for (int i = 3; i-- > 0;) /* who waits for its end waits for the first */
		unlink(path[i]);
	return 0;
}
