// SPDX-License-Identifier: GPL-2.0-only
/* Names that are taken, and words that are said under them about containers of others. */
#include "attacker.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* %i: id of a victim, %n: its name, %r: any id */
static const char *const lines[][10] = {
	{ "runc", "--root", "/run/docker/runtime-runc/moby", "kill", "%i", "9" },
	{ "runc", "delete", "--force", "%i" },
	{ "runc", "--log", "/x", "create", "--bundle", "/x", "%i" },
	{ "runc", "start", "%i" },
	{ "runc", "init" },
	{ "crun", "delete", "%i" },
	{ "runsc", "--root", "/x", "kill", "%i" },
	{ "containerd-shim-runc-v2", "-namespace", "moby", "-address", "/x", "-id", "%i", "start" },
	{ "containerd-shim-runc-v2", "-namespace", "moby", "-id", "%i", "delete" },
	{ "containerd-shim-runc-v2", "-namespace", "default", "-id", "%r" },
	{ "containerd-shim-runc-v2", "-id", "%r" },
	{ "conmon", "-c", "%i", "-n", "%n", "-r", "/usr/bin/runc", "-b", "/x" },
	{ "podman", "rm", "-f", "%n" },
	{ "podman", "container", "cleanup", "--rm", "%i" },
	{ "podman", "run", "--name", "%n", "x" },
	{ "dockerd", "--config-file", "/x" },
	{ "containerd", "publish", "--topic", "/tasks/exit", "--namespace", "moby" },
	{ "crio" },
	{ "docker-proxy", "-container-ip", "%i" },
	{ "kata-runtime", "delete", "%i" },
};

#define LINES (sizeof(lines) / sizeof(lines[0]))

/* Fills in who it is about. */
static void fill_in(const char *const *line, char words[10][96], const char **args)
{
	const struct victim *v = a_victim();
	char id[65];
	size_t n = 0;

	random_id(id);
	for (size_t i = 1; i < 10 && line[i]; i++, n++) {
		const char *w = line[i];

		snprintf(words[n], sizeof(words[n]), "%s",
			 !strcmp(w, "%i")   ? v->id
			 : !strcmp(w, "%n") ? v->name
			 : !strcmp(w, "%r") ? id
					    : w);
		args[n] = words[n];
	}
	args[n] = NULL;
}

static void names(void)
{
	char words[10][96];
	const char *args[11];

	while (!time_is_up()) {
		const char *const *line = lines[chance() % LINES];

		fill_in(line, words, args);
		spawn_exit(line[0], args);
	}
}

/* As fast as it goes: ids that nobody has, each of which may take a place in a table. */
static void create(void)
{
	while (!time_is_up()) {
		char id[65];
		const char *args[] = { "create", id, NULL };

		random_id(id);
		if (chance() % 8 == 0)
			args[1] = a_victim()->id;
		spawn_exit("runc", args);
	}
}

static void fill(void)
{
	while (!time_is_up()) {
		char id[65], ns[65];
		const char *shim[] = { "-namespace", ns, "-id", id, "start", NULL };
		const char *conmon[] = { "-c", id, "-n", ns, "-r", "runc", NULL };
		const char *podman[] = { "run", ns, NULL };

		random_id(id);
		random_id(ns);
		ns[20] = '\0';
		spawn("containerd-shim-runc-v2", "exit", shim);
		spawn("conmon", "exit", conmon);
		spawn("podman", "exit", podman);
		reap(0);
	}
}

/* Files of root's under names of root's, for who may execute them: their words are his. */
static void borrowed(void)
{
	static const char *const files[] = { "/usr/sbin/runc", "/usr/bin/containerd-shim-runc-v2",
					     "/usr/bin/conmon", "/usr/bin/podman",
					     "/usr/bin/containerd" };

	while (!time_is_up()) {
		const char *file = files[chance() % 5];
		char words[10][96], *argv[12] = { (char *)(uintptr_t)file };
		const char *args[11];

		fill_in(lines[chance() % LINES], words, args);
		for (size_t i = 0; args[i]; i++)
			argv[i + 1] = (char *)(uintptr_t)args[i];
		if (fork() == 0) {
			int null = open("/dev/null", O_RDWR);

			dup2(null, 0);
			dup2(null, 1);
			dup2(null, 2);
			alarm(2);
			execv(file, argv);
			_exit(1);
		}
		nap_ms(100);
		reap(0);
	}
}

static void be_silent(void)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null >= 0)
		dup2(null, 2);
}

/* A script and a link have the name, but their file is the interpreter's. */
static void scripts(void)
{
	static const char *const as[] = { "dockerd", "runc", "containerd-shim" };
	FILE *f;

	be_silent();
	for (int i = 0; i < 3; i++) {
		f = fopen(as[i], "we");
		if (!f)
			return;
		fprintf(f, "#!/bin/sh\nsleep 0.1\n");
		fclose(f);
		chmod(as[i], 0755);
	}
	(void)!symlink("/bin/sleep", "containerd");
	(void)!symlink("/bin/sleep", "conmon");
	while (!time_is_up()) {
		const char *args[] = { "delete", a_victim()->id, NULL };
		const char *sleep[] = { "0.1", NULL };

		spawn("runc", "exit", args);
		spawn("containerd-shim", "exit", args);
		spawn("dockerd", "exit", args);
		spawn("containerd", "exit", sleep);
		spawn("conmon", "exit", sleep);
		reap(0);
	}
}

/* Renames itself without executing anything, and is the parent of what has another name. */
static void renamed(void)
{
	while (!time_is_up()) {
		const char *args[] = { "create", a_victim()->id, NULL };

		prctl(PR_SET_NAME, "dockerd");
		spawn_exit("runc", args);
		prctl(PR_SET_NAME, "containerd");
		spawn_exit("containerd-shim", args);
		nap_ms(1);
	}
}

/* Bytes that a terminal, a CSV or a web page would take for more than text. */
static void escapes(void)
{
	static const char *const as[] = { "runc\033[31m", "dockerd\n\r",    "containerd-shim\"<b>",
					  "runc,\"=1+1",  "conmon\xff\xfe", "podman'; --" };

	while (!time_is_up()) {
		const char *args[] = { "create", "\033]0;owned\a\n\"<script>,=cmd|", NULL };

		for (int i = 0; i < 6; i++)
			spawn(as[i], "exit", args);
		spawn("runc", "exit", args);
		reap(0);
	}
}

/* Both ends of a connection of one's own; what arrives is thrown away. */
struct line {
	int fd[2];
};

static bool open_line(struct line *l)
{
	return !socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, l->fd);
}

/* The same by way of a socket that listens, as engines have it. */
static bool open_served(struct line *l, const char *name)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	/* relative: it is short */
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", name);
	unlink(name);
	l->fd[0] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 4) ||
	    connect(l->fd[0], (struct sockaddr *)&at, sizeof(at)))
		return false;
	l->fd[1] = accept(listener, NULL, NULL);
	close(listener);
	return l->fd[1] >= 0;
}

static void say(struct line *l, int from, const void *bytes, size_t len)
{
	char sink[65536];

	send(l->fd[from], bytes, len, MSG_DONTWAIT | MSG_NOSIGNAL);
	while (recv(l->fd[!from], sink, sizeof(sink), MSG_DONTWAIT) == sizeof(sink))
		;
}

static void http_about(struct line *l, const struct victim *v)
{
	static const char *const ask[] = { "POST /v1.41/containers/%s/stop HTTP/1.1\r\n\r\n",
					   "POST /v1.41/containers/%s/kill HTTP/1.1\r\n\r\n",
					   "POST /v1.41/containers/%s/start HTTP/1.1\r\n\r\n",
					   "POST /v1.41/containers/%s/restart HTTP/1.1\r\n\r\n",
					   "POST /v1.41/containers/create?name=%s HTTP/1.1\r\n\r\n",
					   "DELETE /v1.41/containers/%s?force=1 HTTP/1.1\r\n\r\n" };
	static const char *const answers[] = { "204 No Content", "201 Created", "404 Not Found" };
	char text[512];
	int n;

	n = snprintf(text, sizeof(text), ask[chance() % 6], chance() % 2 ? v->id : v->name);
	say(l, 0, text, (size_t)n);
	n = snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n\r\n{\"Id\":\"%s\"}",
		     answers[chance() % 3], v->id);
	say(l, 1, text, (size_t)n);
}

static void http(void)
{
	struct line pair, served;

	if (!open_line(&pair) || !open_served(&served, "docker.sock"))
		return;
	while (!time_is_up()) {
		http_about(chance() % 2 ? &pair : &served, a_victim());
		nap_ms(chance() % 4 == 0);
	}
}

static size_t put_bytes(char *to, unsigned field, const void *bytes, size_t len)
{
	to[0] = (char)(field << 3 | 2);
	to[1] = (char)len; /* shorter than 128 */
	memcpy(to + 2, bytes, len);
	return len + 2;
}

static void put_number(char *to, int bytes, size_t value)
{
	for (int i = 0; i < bytes; i++)
		to[i] = (char)(value >> 8 * (bytes - 1 - i));
}

static size_t put_frame(char *to, int type, unsigned stream, const char *body, size_t len)
{
	put_number(to, 3, len);
	to[3] = (char)type;
	to[4] = type == 1 ? 4 : 0;
	put_number(to + 5, 4, stream);
	memcpy(to + 9, body, len);
	return len + 9;
}

static void grpc(void)
{
	static const char *const paths[] = { "/containerd.services.tasks.v1.Tasks/Kill",
					     "/containerd.services.tasks.v1.Tasks/Delete",
					     "/containerd.services.containers.v1.Containers/Delete",
					     "/containerd.services.containers.v1.Containers/Create",
					     "/runtime.v1.RuntimeService/StopContainer" };
	struct line pair, served, *l;
	char headers[256], data[256], message[600];

	if (!open_line(&pair) || !open_served(&served, "containerd.sock"))
		return;
	for (unsigned stream = 1; !time_is_up(); stream += 2) {
		const char *path = paths[chance() % 5], *id = a_victim()->id;
		size_t n, len;

		headers[0] = 0x04;
		headers[1] = (char)strlen(path);
		memcpy(headers + 2, path, strlen(path));
		len = put_frame(message, 1, stream, headers, strlen(path) + 2);
		n = put_bytes(data + 5, 1, id, strlen(id));
		put_number(data, 5, n);
		len += put_frame(message + len, 0, stream, data, n + 5);
		l = chance() % 2 ? &pair : &served;
		say(l, 0, message, len);
		nap_ms(chance() % 4 == 0);
	}
}

static void ttrpc(void)
{
	static const char *const methods[] = { "Create", "Start", "Kill", "Delete", "Shutdown" };
	static const char service[] = "containerd.task.v2.Task";
	struct line pair, served, *l;
	char payload[160], message[400];

	if (!open_line(&pair) || !open_served(&served, "shim.sock"))
		return;
	for (unsigned stream = 1; !time_is_up(); stream += 2) {
		const char *method = methods[chance() % 5], *id = a_victim()->id;
		size_t n = put_bytes(payload, 1, id, strlen(id)), len = 10;

		len += put_bytes(message + len, 1, service, sizeof(service) - 1);
		len += put_bytes(message + len, 2, method, strlen(method));
		len += put_bytes(message + len, 3, payload, n);
		put_number(message, 4, len - 10);
		put_number(message + 4, 4, stream);
		message[8] = 1;
		message[9] = 0;
		l = chance() % 2 ? &pair : &served;
		say(l, 0, message, len);
		put_number(message, 4, 0); /* an answer, with nothing in it */
		message[8] = 2;
		say(l, 1, message, 10);
		nap_ms(chance() % 4 == 0);
	}
}

/* A name behind '@' is that of who does it. */
const struct attack attacks_names[] = {
	{ "names", names, "every name and command line of engines, about victims" },
	{ "create", create, "a loop of ./runc create ID" },
	{ "fill", fill, "shims, monitors and podmans of containers that nobody has" },
	{ "borrowed", borrowed, "the host's own runc, shim and conmon, called by anybody" },
	{ "scripts", scripts, "scripts and links under names of engines" },
	{ "renamed", renamed, "a process that renames itself, and starts others" },
	{ "escapes", escapes, "names and arguments with escapes" },
	{ "http", http, "@dockerd requests and answers of Docker's API on own connections" },
	{ "grpc", grpc, "@containerd requests of containerd's and CRI's API, likewise" },
	{ "ttrpc", ttrpc, "@containerd-shim-runc-v2 requests to a shim and answers, likewise" },
	{ NULL, NULL, NULL },
};
