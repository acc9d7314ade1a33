/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The service that tests and the demo put into containers. It says when it was ready and when it
 * ended, by its own clocks: "ready REALTIME_NS MONOTONIC_NS" and "end ...". Linked statically.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

#define OPEN_DIRS 5
#define OPEN_MISS 10 /* every so many there is none */

static void open_path(char path[64], int i)
{
	snprintf(path, 64, "/tmp/opens/%d/file-%d", i % OPEN_DIRS, i);
}

static int make_files(int files)
{
	char path[64];

	if (mkdir("/tmp/opens", 0755) && errno != EEXIST)
		return -1;
	for (int i = 0; i < OPEN_DIRS; i++) {
		snprintf(path, sizeof(path), "/tmp/opens/%d", i);
		if (mkdir(path, 0755) && errno != EEXIST)
			return -1;
	}
	for (int i = 0; i < files; i++) {
		int fd;

		if (i % OPEN_MISS == OPEN_MISS - 1)
			continue;
		open_path(path, i);
		fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
		if (fd < 0)
			return -1;
		close(fd);
	}
	return 0;
}

static int by_value(const void *a, const void *b)
{
	unsigned long long x = *(const unsigned long long *)a, y = *(const unsigned long long *)b;

	return x < y ? -1 : x > y;
}

static unsigned long long median(unsigned long long *values, int count)
{
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return count ? values[count / 2] : 0;
}

/* What the smallest system call takes, or none at all but reading the clock. */
static unsigned long long floor_ns(int calls)
{
	unsigned long long took[301];

	for (int i = 0; i < 301; i++) {
		unsigned long long begin = ns(CLOCK_MONOTONIC);

		for (int k = 0; k < calls; k++)
			syscall(SYS_getpid);
		took[i] = ns(CLOCK_MONOTONIC) - begin;
	}
	return median(took, 301);
}

/*
 * Opens files, a tenth of which are not there, again and again, and says how many there were, how
 * many failed, and the medians of those that did not, of getpid(), and of reading the clock.
 */
static int opens(char **args)
{
	int files = number(args[0], 100000), passes = number(args[0] ? args[1] : NULL, 100000);
	int count = files - files / OPEN_MISS, failed = 0, kept = 0;
	unsigned long long *took = calloc((size_t)files * (size_t)passes + 1, sizeof(*took));

	if (!took || make_files(files)) {
		perror("service: make files in /tmp/opens");
		return 1;
	}
	for (int pass = 0; pass < passes; pass++) {
		for (int i = 0; i < files; i++) {
			unsigned long long begin;
			char path[64];
			int fd;

			open_path(path, i);
			begin = ns(CLOCK_MONOTONIC);
			fd = open(path, O_RDONLY | O_CLOEXEC);
			took[kept] = ns(CLOCK_MONOTONIC) - begin;
			count++;
			failed += fd < 0;
			kept += fd >= 0;
			if (fd >= 0)
				close(fd);
		}
	}
	printf("opens %d %d %llu %llu %llu\n", count, failed, median(took, kept), floor_ns(1),
	       floor_ns(0));
	free(took);
	return 0;
}

/* Columns: mode, function, arguments it takes. */
static const struct {
	const char *name;
	int (*run)(char **args);
	const char *args;
} modes[] = {
	{ "serve", serve, "[PORT]" },       { "listen", only_listen, "PORT" },
	{ "silent", silent, "" },           { "exit", exit_with, "CODE" },
	{ "burst", burst, "LINES" },        { "children", children, "COUNT" },
	{ "stamp", only_stamp, "" },        { "healthy", healthy, "" },
	{ "opens", opens, "FILES PASSES" },
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
