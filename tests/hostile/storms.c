// SPDX-License-Identifier: GPL-2.0-only
/* More of everything than anybody needs: rates, and processes that stay. */
#include "attacker.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define STAYING   300 /* processes */
#define FORKS_MAX 32 /* alive at a time */
#define ARG_LEN   (100 << 10)

/* What one thread can send; its rate goes to the end of the log. */
static void sends(void)
{
	static const char text[] = "POST /v1.41/containers/%s/stop HTTP/1.1\r\n\r\n";
	char message[4096] = "", sink[65536];
	unsigned long count = 0;
	int fd[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd))
		return;
	while (!time_is_up()) {
		snprintf(message, sizeof(message), text, a_victim()->id);
		for (int i = 0; i < 2000; i++, count++) {
			size_t len = i % 16 ? 120 : sizeof(message);

			if (send(fd[0], message, len, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
				while (recv(fd[1], sink, sizeof(sink), MSG_DONTWAIT) > 0)
					;
		}
	}
	fprintf(stderr, "sends: %lu\n", count);
}

/* A connection each: what is asked is never answered. */
static void connections(void)
{
	int fd[200][2], n = 0;

	while (!time_is_up()) {
		char text[160];
		int len =
			snprintf(text, sizeof(text),
				 "POST /v1.41/containers/%s/stop HTTP/1.1\r\n\r\n", a_victim()->id);

		if (n == 200) {
			while (n--) {
				close(fd[n][0]);
				close(fd[n][1]);
			}
			n = 0;
		}
		if (!socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd[n]))
			send(fd[n++][0], text, (size_t)len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
}

static void forks(void)
{
	unsigned alive = 0;

	while (!time_is_up()) {
		pid_t pid = fork();

		if (pid == 0) {
			/* whose parent is gone is init's */
			if (chance() % 4 == 0 && fork() == 0)
				nap_ms(2);
			_exit(0);
		}
		alive += pid > 0;
		while (alive && waitpid(-1, NULL, alive > FORKS_MAX ? 0 : WNOHANG) > 0)
			alive--;
	}
}

static void execs(void)
{
	char *large = malloc(ARG_LEN + 1);
	const char *args[] = { "create", large, NULL };

	if (!large)
		return;
	memset(large, 'x', ARG_LEN);
	large[ARG_LEN] = '\0';
	while (!time_is_up()) {
		spawn("runc", "exit", args);
		spawn("containerd-shim-runc-v2", "exit", args);
		spawn("plain", "exit", args);
		reap(4);
	}
}

static void processes(void)
{
	static const char *const as[] = { "dockerd", "runc", "containerd-shim-runc-v2", "conmon",
					  "podman" };

	for (int i = 0; i < STAYING && !time_is_up(); i++) {
		const char *args[] = { "-id", a_victim()->id, "-namespace", "moby", NULL };

		spawn(as[i % 5], "stay", args);
	}
}

static int listen_somewhere(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t len = sizeof(*at);

	*at = (struct sockaddr_in){ .sin_family = AF_INET };
	at->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (struct sockaddr *)at, len) || listen(fd, 4) ||
	    getsockname(fd, (struct sockaddr *)at, &len)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void listens(void)
{
	while (!time_is_up()) {
		struct sockaddr_in at;
		struct linger none = { 1, 0 };
		int fd = listen_somewhere(&at), client, served;

		if (fd < 0) {
			nap_ms(1);
			continue;
		}
		client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		served = connect(client, (struct sockaddr *)&at, sizeof(at))
				 ? -1
				 : accept(fd, NULL, NULL);
		/* without TIME_WAIT: the next one finds a port */
		setsockopt(client, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
		close(client);
		if (served >= 0)
			close(served);
		close(fd);
	}
}

static void opens(void)
{
	char path[600];

	while (!time_is_up()) {
		int fd;

		memset(path, 'p', sizeof(path));
		snprintf(path, sizeof(path), "/proc/self/%016llx/%0200d",
			 (unsigned long long)chance(), 0);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			close(fd);
	}
}

/* Gone before anybody can look, under a name that makes one look. */
static void vanish(void)
{
	while (!time_is_up()) {
		const char *args[] = { "--data-root", here, NULL };

		if (fork() == 0) {
			spawn("dockerd", "exit", args);
			_exit(0);
		}
		wait(NULL);
	}
}

/* Root of a user namespace of his own, where that is allowed. */
static void userns(void)
{
	const char *args[] = { "delete", a_victim()->id, NULL };

	if (unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS))
		return;
	while (!time_is_up()) {
		spawn_exit("runc", args);
		spawn_exit("dockerd", NULL);
		nap_ms(5);
	}
}

const struct attack attacks_storms[] = {
	{ "sends", sends, "@dockerd as many messages as one thread sends" },
	{ "connections", connections, "@containerd requests on thousands of connections" },
	{ "forks", forks, "@runc a storm of forks, some of orphans" },
	{ "execs", execs, "programs with an argument of 100 KiB, one after another" },
	{ "processes", processes, "300 engines, shims and runtimes that stay" },
	{ "listens", listens, "a storm of listen, connect and accept" },
	{ "opens", opens, "opened files, each of another path" },
	{ "vanish", vanish, "orphans with an engine's name, gone at once" },
	{ "userns", userns, "root of a user namespace of its own" },
	{ NULL, NULL, NULL },
};
