// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dialogue as between a client and dockerd, without either, for guests that have no engine: with
 * each system call that can send, a container is asked for, and it is said that it was made. So
 * each has a name in what coldtrace prints if the request was heard, and an id if the answer was.
 *
 * talk serve SOCKET, run from a file named dockerd, so that this is what it is taken for
 * talk ask SOCKET, run from a file of any other name, while the other listens
 * talk jam N FILE: N processes wait in a send for ever; once they do there is FILE
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

static ssize_t by_write(int fd, const char *text, size_t len)
{
	return write(fd, text, len);
}

static ssize_t by_writev(int fd, const char *text, size_t len)
{
	const struct iovec iov = { (void *)text, len };

	return writev(fd, &iov, 1);
}

static ssize_t by_sendto(int fd, const char *text, size_t len)
{
	return send(fd, text, len, 0);
}

static ssize_t by_sendmsg(int fd, const char *text, size_t len)
{
	struct iovec iov = { (void *)text, len };
	const struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return sendmsg(fd, &msg, 0);
}

static const struct {
	const char *name;
	ssize_t (*send)(int fd, const char *text, size_t len);
} calls[] = {
	{ "first", by_write }, /* may be unheard: with the answer the socket is known as an engine's */
	{ "write", by_write },   { "writev", by_writev },
	{ "sendto", by_sendto }, { "sendmsg", by_sendmsg },
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static void say(size_t call, int fd, const char *text)
{
	if (calls[call].send(fd, text, strlen(text)) == (ssize_t)strlen(text))
		return;
	perror(calls[call].name);
	exit(1);
}

static void hear(int fd)
{
	char text[1024];

	if (read(fd, text, sizeof(text)) > 0)
		return;
	perror("read");
	exit(1);
}

static int named(const char *path, int (*how)(int, const struct sockaddr *, socklen_t))
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd >= 0 && !how(fd, (struct sockaddr *)&address, sizeof(address)))
		return fd;
	perror(path);
	exit(1);
}

static void serve(int fd)
{
	char text[256];

	for (size_t i = 0; i < CALLS; i++) {
		hear(fd);
		/* A send is heard when it returns: a request must not be heard after its answer. */
		usleep(100000);
		snprintf(text, sizeof(text),
			 "HTTP/1.1 201 Created\r\nContent-Type: application/json\r\n\r\n"
			 "{\"Id\":\"%063d%zx\",\"Warnings\":[]}\n",
			 0, i);
		say(i, fd, text);
	}
}

static void ask(int fd)
{
	char text[256];

	for (size_t i = 0; i < CALLS; i++) {
		snprintf(text, sizeof(text),
			 "POST /v1.41/containers/create?name=%s HTTP/1.1\r\nHost: talk\r\n"
			 "Content-Length: 0\r\n\r\n",
			 calls[i].name);
		say(i, fd, text);
		hear(fd);
		/* Nor an answer after the next request. */
		usleep(200000);
	}
}

static pid_t jammed(void)
{
	static char text[1 << 16];
	pid_t pid = fork();
	int fds[2];

	if (pid)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, fds))
		_exit(1);
	while (write(fds[0], text, sizeof(text)) > 0)
		;
	_exit(1);
}

/* Whether it waits, for the second time in a row. One that could not ends all. */
static bool waits(pid_t pid)
{
	char path[64], state[2] = "";
	FILE *f;

	for (int i = 0; i < 2; i++) {
		usleep(20000);
		snprintf(path, sizeof(path), "/proc/%d/stat", pid);
		f = fopen(path, "r");
		if (!f || fscanf(f, "%*d %*s %1s", state) != 1 || *state == 'Z')
			exit(1);
		fclose(f);
		if (*state != 'S')
			return false;
	}
	return true;
}

static int jam(int count, const char *file)
{
	for (int i = 0; i < count; i++) {
		pid_t pid = jammed();

		while (pid > 0 && !waits(pid))
			;
	}
	close(creat(file, 0600));
	pause();
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 4 && !strcmp(argv[1], "jam"))
		return jam(atoi(argv[2]), argv[3]);
	if (argc == 3 && !strcmp(argv[1], "ask")) {
		ask(named(argv[2], connect));
	} else if (argc == 3 && !strcmp(argv[1], "serve")) {
		int listener = named(argv[2], bind);

		if (listen(listener, 1)) {
			perror("listen");
			return 1;
		}
		serve(accept(listener, NULL, NULL));
	} else {
		fputs("usage: talk serve|ask SOCKET, talk jam N FILE\n", stderr);
		return 2;
	}
	return 0;
}
