/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The service that tests and the demo put into containers. It says when it was ready and when it
 * ended, by its own clocks: "ready REALTIME_NS MONOTONIC_NS" and "end ...". Linked statically.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int number(const char *text, int max)
{
	char *end;
	long n;

	errno = 0;
	n = text ? strtol(text, &end, 10) : -1;
	if (n < 0 || errno || *end || n > max) {
		fprintf(stderr, "service: '%s' is no number up to %d\n", text ? text : "", max);
		exit(2);
	}
	return (int)n;
}

static unsigned long long ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (unsigned long long)ts.tv_sec * 1000000000ULL + (unsigned long long)ts.tv_nsec;
}

static void stamp(const char *what)
{
	char line[96];
	int len = snprintf(line, sizeof(line), "%s %llu %llu\n", what, ns(CLOCK_REALTIME),
			   ns(CLOCK_MONOTONIC));

	if (write(STDOUT_FILENO, line, (size_t)len) != len)
		exit(1);
}

static void listen_on(const char *port)
{
	struct sockaddr_in addr = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int one = 1;

	addr.sin_port = htons((unsigned short)number(port, 65535));
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(fd, (struct sockaddr *)&addr, sizeof(addr)) || listen(fd, 16)) {
		fprintf(stderr, "service: listen on port %s: %s\n", port, strerror(errno));
		exit(1);
	}
}

static void wait_for_term(void)
{
	sigset_t set;
	int sig;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigwait(&set, &sig);
}

static int serve(char **args)
{
	if (args[0])
		listen_on(args[0]);
	stamp("ready");
	wait_for_term();
	stamp("end");
	return 0;
}

static int only_listen(char **args)
{
	listen_on(args[0]);
	wait_for_term();
	return 0;
}

static int silent(char **args)
{
	(void)args;
	wait_for_term();
	return 0;
}

static int exit_with(char **args)
{
	int code = number(args[0], 255);

	stamp("ready");
	stamp("end");
	return code;
}

static int burst(char **args)
{
	int lines = number(args[0], INT_MAX);

	for (int i = 0; i < lines; i++) {
		if (dprintf(STDOUT_FILENO, "line %d of %d: the quick brown fox\n", i, lines) < 0)
			return 1;
	}
	stamp("end");
	return 0;
}

static int children(char **args)
{
	int count = number(args[0], 1000);

	for (int i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			return 1;
		if (!pid) {
			wait_for_term();
			_exit(0);
		}
	}
	stamp("ready");
	wait_for_term();
	kill(0, SIGTERM);
	while (wait(NULL) > 0)
		;
	stamp("end");
	return 0;
}

static int only_stamp(char **args)
{
	(void)args;
	stamp("stamp");
	return 0;
}

static int healthy(char **args)
{
	(void)args;
	return 0;
}

/* Columns: mode, function, arguments it takes. */
static const struct {
	const char *name;
	int (*run)(char **args);
	const char *args;
} modes[] = {
	{ "serve", serve, "[PORT]" }, { "listen", only_listen, "PORT" },
	{ "silent", silent, "" },     { "exit", exit_with, "CODE" },
	{ "burst", burst, "LINES" },  { "children", children, "COUNT" },
	{ "stamp", only_stamp, "" },  { "healthy", healthy, "" },
};

int main(int argc, char **argv)
{
	const char *mode = argc > 1 ? argv[1] : "serve";
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (!strcmp(mode, modes[i].name))
			return modes[i].run(argc > 2 ? argv + 2 : argv + argc);
	}
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
		fprintf(stderr, "service %s %s\n", modes[i].name, modes[i].args);
	return 2;
}
