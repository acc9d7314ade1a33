// SPDX-License-Identifier: GPL-2.0-only
/* The machine: boots for a while, is the agent on one socket, and ends when told to on another. */
#include "standin.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BOOT_MS 60 /* a guest takes seconds without, a tenth of one with KVM */
#define TERM    143

static const char *value_of(int argc, char **argv, const char *option)
{
	for (int i = 1; i + 1 < argc; i++) {
		if (!strcmp(argv[i], option))
			return argv[i + 1];
	}
	return "";
}

/* As qemu -daemonize: whoever called it waits until the sockets are there. */
static void daemonize(int *ready)
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
	close(fds[0]);
	*ready = fds[1];
}

struct guest {
	char what[256]; /* what the container executes */
	uint32_t wait, out; /* streams that wait for the exit, for output */
	int status; /* -1: it runs */
};

static void exited(int agent, struct guest *g, int status)
{
	struct message m = { .len = 0 };

	g->status = status;
	put_varint(&m, 1, (uint64_t)status);
	if (g->wait)
		rpc_answer(agent, g->wait, &m);
}

static void written(int agent, struct guest *g)
{
	struct message m = { .len = 0 };
	struct timespec real, mono;
	char line[96];

	clock_gettime(CLOCK_REALTIME, &real);
	clock_gettime(CLOCK_MONOTONIC, &mono);
	snprintf(line, sizeof(line), "ready %lld%09ld %lld%09ld\n", (long long)real.tv_sec,
		 real.tv_nsec, (long long)mono.tv_sec, mono.tv_nsec);
	put_string(&m, 1, line);
	rpc_answer(agent, g->out, &m);
}

/* False: nobody asks any more. */
static bool agent_asked(int agent, struct guest *g)
{
	static char buffer[RPC_MAX];
	struct message none = { .len = 0 };
	struct rpc rpc;

	if (!rpc_read(agent, buffer, &rpc))
		return false;
	if (is(rpc.method, "WaitProcess")) {
		g->wait = rpc.stream;
		if (!strncmp(g->what, "exit ", 5))
			exited(agent, g, atoi(g->what + 5));
		return true;
	}
	if (is(rpc.method, "ReadStdout")) {
		g->out = rpc.stream;
		written(agent, g);
		return true;
	}
	if (is(rpc.method, "CreateContainer"))
		to_string(get_bytes(rpc.payload, 6, 0), g->what, sizeof(g->what));
	rpc_answer(agent, rpc.stream, &none);
	if (is(rpc.method, "SignalProcess") && g->status < 0)
		exited(agent, g, TERM);
	return true;
}

int machine(int argc, char **argv)
{
	static const char *const names[] = { "qmp", "console", "kata" };
	const char *id = value_of(argc, argv, "-name") + strlen("sandbox-");
	struct guest g = { .status = -1 };
	struct pollfd fds[2];
	char path[3][PATH_ROOM];
	int sockets[3], ready = -1, agent;

	daemonize(&ready);
	for (int i = 0; i < 3; i++) {
		path_of(path[i], VC_DIR "/vm/%s/%s.sock", id, names[i]);
		unlink(path[i]);
		if (i < 2) /* the agent's is there when it listens */
			sockets[i] = listen_unix(path[i], strlen(path[i]) + 1);
	}
	if (write(ready, "", 1) != 1)
		return 1;
	close(ready);
	usleep(BOOT_MS * 1000);
	sockets[2] = listen_unix(path[2], strlen(path[2]) + 1);
	agent = accept(sockets[2], NULL, NULL);
	fds[0] = (struct pollfd){ .fd = sockets[0], .events = POLLIN };
	fds[1] = (struct pollfd){ .fd = agent, .events = POLLIN };
	while (poll(fds, 2, -1) > 0 && !fds[0].revents) { /* who comes by qmp comes to quit */
		if (fds[1].revents && !agent_asked(agent, &g))
			fds[1].fd = -1;
	}
	for (int i = 0; i < 3; i++)
		unlink(path[i]);
	return 0;
}
