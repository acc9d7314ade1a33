// SPDX-License-Identifier: GPL-2.0-only
/*
 * kata-runtime of 1.x, as it is called by hand: create, start, run, kill, delete. kata-proxy passes on
 * what it and kata-shim ask the agent; kata-shim stands for the container's first process.
 */
#define _GNU_SOURCE
#include "standin.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONNS  8
#define OUTPUT 1 /* streams of kata-shim */
#define EXIT   3

static struct sandbox box;

static void proxy_path(char *to)
{
	path_of(to, VC_DIR "/sbs/%s/proxy.sock", box.id);
}

static int connect_proxy(void)
{
	char path[PATH_ROOM];
	int fd = -1;

	proxy_path(path);
	if (agent_by_vsock())
		return sandbox_connect(&box);
	for (int tries = 0; tries < 5000 && (fd = connect_unix(path)) < 0; tries++)
		usleep(1000);
	return fd;
}

/* As Go does it: returns when the program is executed. */
static pid_t execute(const char *name, bool init)
{
	char program[PATH_ROOM + 32], listener[PATH_ROOM];
	int dir = (int)(strrchr(box.self, '/') - box.self);
	int executed[2];
	char byte;
	pid_t pid;

	snprintf(program, sizeof(program), "%.*s/%s", dir, box.self, name);
	proxy_path(listener);
	if (pipe2(executed, O_CLOEXEC))
		return -1;
	if (init && unshare(CLONE_NEWPID))
		perror("pid namespace");
	pid = fork();
	if (!pid) {
		execl(program, program, "-agent", listener, "-container", box.id, (char *)NULL);
		_exit(127);
	}
	close(executed[1]);
	if (read(executed[0], &byte, 1) > 0) /* it ends with that */
		return -1;
	close(executed[0]);
	return pid;
}

/* containerd's shim reads a number and nothing behind it. */
static void put_pid(const char *path, pid_t pid)
{
	FILE *f = *path ? fopen(path, "w") : NULL;

	if (f) {
		fprintf(f, "%d", pid);
		fclose(f);
	}
}

static pid_t create(void)
{
	char path[PATH_ROOM];
	pid_t pid;

	sandbox_begin(&box);
	if (!agent_by_vsock()) /* else nothing has to be passed on */
		execute("kata-proxy", false);
	box.agent = connect_proxy();
	sandbox_create(&box);
	pid = execute("kata-shim", true);
	path_of(path, "%s/standin.pid", box.bundle);
	put_pid(path, pid);
	return pid;
}

static void start(void)
{
	static char buffer[RPC_MAX];

	sandbox_ask(&box, "grpc.AgentService", "StartContainer", NULL, buffer);
}

/* The proxy ends with the socket behind it. */
static void end(void)
{
	char path[PATH_ROOM];

	sandbox_end(&box);
	proxy_path(path);
	unlink(path);
	path_of(path, VC_DIR "/sbs/%s", box.id);
	rmdir(path);
}

static void later_command(void)
{
	path_of(box.share, SHARED_DIR "/%s", box.id);
	box.agent = connect_proxy();
}

static int kill_container(void)
{
	static char buffer[RPC_MAX];
	char path[PATH_ROOM];
	int pid = 0;
	FILE *f;

	later_command();
	sandbox_ask(&box, "grpc.AgentService", "SignalProcess", NULL, buffer);
	path_of(path, "%s/standin.pid", box.bundle);
	f = fopen(path, "r");
	if (f && fscanf(f, "%d", &pid) == 1) {
		for (int tries = 0; tries < 5000 && !kill(pid, 0); tries++)
			usleep(1000);
	}
	if (f)
		fclose(f);
	end();
	return 0;
}

static int delete (void)
{
	char path[PATH_ROOM];

	path_of(path, VC_DIR "/sbs/%s", box.id);
	if (!access(path, F_OK)) {
		later_command();
		end();
	}
	return 0;
}

/* The word that says what to do, behind options; its number, argc: there is none. */
static int command_of(int argc, char **argv)
{
	static const char *const words[] = { "create", "start", "run", "kill", "delete" };

	for (int i = 1; i < argc; i++) {
		for (size_t w = 0; w < sizeof(words) / sizeof(words[0]); w++) {
			if (!strcmp(argv[i], words[w]))
				return i;
		}
	}
	return argc;
}

/* As runc is called: kata-runtime [OPTION]... COMMAND [--bundle DIR] [OPTION]... ID [SIGNAL] */
int runtime(int argc, char **argv)
{
	static char self[PATH_ROOM], dir[PATH_MAX];
	int at = command_of(argc, argv), status = 0;
	const char *bundle = value_of(argc, argv, "--bundle");
	const char *command = at < argc ? argv[at] : "";
	pid_t pid;

	setenv("STANDIN_VERSION", "1", 1); /* there is no other */
	if (at + 1 >= argc) /* --version */
		return puts("kata-runtime  : stand-in") < 0;
	if (!realpath(*bundle ? bundle : ".", dir))
		return 1;
	snprintf(self, sizeof(self), "%s", argv[0]);
	box.self = self;
	box.id = argv[argc - 1];
	snprintf(box.bundle, sizeof(box.bundle), "%.*s", PATH_ROOM - 1, dir);
	if (!strcmp(command, "create")) {
		put_pid(value_of(argc, argv, "--pid-file"), create());
	} else if (!strcmp(command, "start")) {
		later_command();
		start();
	} else if (!strcmp(command, "run")) {
		pid = create();
		start();
		waitpid(pid, &status, 0);
		end();
		return WEXITSTATUS(status);
	} else if (!strcmp(command, "kill")) {
		box.id = argv[argc - 2];
		return kill_container();
	} else if (!strcmp(command, "delete")) {
		return delete ();
	}
	return 0;
}

/* What comes from one of them goes to the other. False: it has hung up. */
static bool pass_on(int from, int to)
{
	static char bytes[RPC_MAX];
	ssize_t n = read(from, bytes, sizeof(bytes));

	return n > 0 && send(to, bytes, (size_t)n, MSG_NOSIGNAL) == n;
}

int proxy(int argc, char **argv)
{
	const char *path = value_of(argc, argv, "-agent");
	struct pollfd fds[2 * CONNS + 1];
	int n = 1;

	box.id = value_of(argc, argv, "-container");
	setsid();
	leave_stdio();
	fds[0] = (struct pollfd){ .fd = listen_unix(path, strlen(path) + 1), .events = POLLIN };
	for (;;) {
		if (poll(fds, (nfds_t)n, -1) < 0)
			return 1;
		for (int i = 1; i < n; i++) {
			int peer = (i - 1) ^ 1;

			if (fds[i].fd < 0 || !fds[i].revents ||
			    pass_on(fds[i].fd, fds[peer + 1].fd))
				continue;
			if (peer < i - 1) /* the machine has ended */
				return 0;
			close(fds[i].fd);
			close(fds[peer + 1].fd);
			fds[i].fd = fds[peer + 1].fd = -1;
		}
		if (fds[0].revents && n + 1 < 2 * CONNS + 1) {
			fds[n++] = (struct pollfd){ .fd = accept(fds[0].fd, NULL, NULL),
						    .events = POLLIN };
			fds[n++] = (struct pollfd){ .fd = sandbox_connect(&box), .events = POLLIN };
		}
	}
}

/* It is asked for output before there is any, and passes on what comes until the container ends. */
int container_shim(int argc, char **argv)
{
	static char buffer[RPC_MAX];
	struct message m = { .len = 0 };
	struct bytes line;
	struct rpc answer;

	box.id = value_of(argc, argv, "-container");
	box.agent = connect_agent(value_of(argc, argv, "-agent"));
	put_string(&m, 1, box.id);
	put_string(&m, 2, box.id);
	agent_ask(box.agent, OUTPUT, "grpc.AgentService", "ReadStdout", &m);
	agent_ask(box.agent, EXIT, "grpc.AgentService", "WaitProcess", &m);
	while (agent_read(box.agent, buffer, &answer)) {
		if (answer.stream == EXIT)
			return (int)get_varint(answer.payload, 1);
		line = get_bytes(answer.payload, 1, 0);
		if (write(1, line.p, line.len) < 0)
			perror("output");
	}
	return 255;
}
