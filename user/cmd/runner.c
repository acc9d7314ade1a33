// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/runner.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "source/proc/core_dump.h"

#define FD_FIRST 3

/* What it says: that the program runs, and later that it has ended. */
struct said {
	pid_t program; /* begun: its pid; negative: why not. Ended: 0 */
	int status; /* ended: as a shell says it */
};

static pid_t run(char **command)
{
	int gate[2], code = 0;
	ssize_t n;
	pid_t pid;

	if (pipe2(gate, O_CLOEXEC))
		return -errno;
	pid = fork();
	if (!pid) {
		ct_cmd_as_inherited();
		ct_core_dump_as_inherited();
		execvp(command[0], command);
		code = errno;
		if (write(gate[1], &code, sizeof(code)) < 0)
			_exit(126);
		_exit(127);
	}
	code = errno;
	close(gate[1]);
	if (pid < 0) {
		close(gate[0]);
		return -code;
	}
	do
		n = read(gate[0], &code, sizeof(code));
	while (n < 0 && errno == EINTR);
	close(gate[0]);
	if (n != (ssize_t)sizeof(code))
		return pid;
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return -code;
}

/* 0, or why the kernel would not execute it. */
static int try(const char *path)
{
	struct stat st;

	if (stat(path, &st) || access(path, X_OK))
		return errno;
	return S_ISREG(st.st_mode) ? 0 : EACCES;
}

/* As execvp() looks: what may not be executed is said only if nothing else is found. */
static int find(const char *name)
{
	const char *dirs = getenv("PATH");
	int code = ENOENT;

	if (!*name || strchr(name, '/'))
		return *name ? try(name) : ENOENT;
	for (const char *at = dirs ? dirs : "/bin:/usr/bin", *end; at; at = *end ? end + 1 : NULL) {
		char path[PATH_MAX];
		int tried;

		end = at + strcspn(at, ":"); /* nothing between two is where we are */
		if (snprintf(path, sizeof(path), "%.*s%s%s", (int)(end - at), at,
			     end > at ? "/" : "", name) >= (int)sizeof(path))
			continue;
		tried = try(path);
		if (!tried)
			return 0;
		if (tried == EACCES)
			code = tried;
	}
	return code;
}

int ct_runner_check(char **command, struct ct_err *err)
{
	int code = find(command[0]);

	return code ? ct_fail(err, code, "start '%s': %s", command[0], strerror(code)) : 0;
}

/* What others have left behind is waited for too. */
static int end_of(pid_t pid)
{
	int status = 0;
	pid_t ended;

	do
		ended = waitpid(-1, &status, 0);
	while (ended != pid && (ended > 0 || errno == EINTR));
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static bool tell(int told, const struct said *said)
{
	ssize_t n;

	do
		n = write(told, said, sizeof(*said));
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)sizeof(*said);
}

/* What coldtrace has open is its own: probes stay as long as anybody has them. */
static void close_others(int ask, int told)
{
	unsigned int low = (unsigned int)(ask < told ? ask : told);
	unsigned int high = (unsigned int)(ask < told ? told : ask);

	/* Of a range that is empty the kernel says so, and does nothing. */
	close_range(FD_FIRST, low - 1, 0);
	close_range(low + 1, high - 1, 0);
	close_range(high + 1, ~0u, 0);
}

/* Signals that are for coldtrace come here too, from a terminal: it says what they mean. */
static void serve(int ask, int told, char **command)
{
	close_others(ask, told);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	for (;;) {
		struct said said = { 0 };
		char word;
		ssize_t n = read(ask, &word, 1);

		if (n < 0 && errno == EINTR)
			continue;
		if (n != 1)
			_exit(0);
		said.program = run(command);
		if (!tell(told, &said))
			_exit(0);
		if (said.program < 0)
			continue;
		said.status = end_of(said.program);
		said.program = 0;
		if (!tell(told, &said))
			_exit(0);
	}
}

int ct_runner_open(struct ct_runner *r, char **command, struct ct_err *err)
{
	int ask[2], told[2];

	*r = (struct ct_runner){ .name = command[0], .ask = -1, .told = -1 };
	if (pipe2(ask, O_CLOEXEC))
		return ct_fail(err, errno, "start '%s': %s", command[0], strerror(errno));
	if (pipe2(told, O_CLOEXEC)) {
		ct_fail(err, errno, "start '%s': %s", command[0], strerror(errno));
		close(ask[0]);
		close(ask[1]);
		return err->code;
	}
	r->pid = fork();
	if (!r->pid)
		serve(ask[0], told[1], command);
	if (r->pid < 0)
		ct_fail(err, errno, "start '%s': %s", command[0], strerror(errno));
	close(ask[0]);
	close(told[1]);
	r->ask = ask[1];
	r->told = told[0];
	if (r->pid > 0)
		return 0;
	r->pid = 0;
	close(r->ask);
	close(r->told);
	return err->code;
}

/* It is not waited for while the program runs: that may be told to end and not do it. */
void ct_runner_close(struct ct_runner *r)
{
	if (!r->pid)
		return;
	close(r->ask);
	close(r->told);
	if (!r->program)
		while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
			;
	r->pid = 0;
}

/* 1: it has said something; 0: not by then; -1: it is gone, or a signal came. */
static int hear(struct ct_runner *r, int timeout_ms, struct said *ret)
{
	struct pollfd fd = { .fd = r->told, .events = POLLIN };
	int n = poll(&fd, 1, timeout_ms);

	if (n <= 0)
		return n;
	if (read(r->told, ret, sizeof(*ret)) == (ssize_t)sizeof(*ret))
		return 1;
	r->gone = true;
	return -1;
}

int ct_runner_start(struct ct_runner *r, struct ct_err *err)
{
	struct said said = { 0 };
	int heard;

	if (write(r->ask, "", 1) != 1)
		return ct_fail(err, EPIPE, "start '%s': who would run it is gone", r->name);
	do
		heard = hear(r, -1, &said);
	while (heard < 0 && !r->gone);
	if (heard < 0)
		return ct_fail(err, EPIPE, "start '%s': who would run it is gone", r->name);
	if (said.program < 0)
		return ct_fail(err, -said.program, "start '%s': %s", r->name,
			       strerror(-said.program));
	r->program = said.program;
	return 0;
}

static int status_within(struct ct_runner *r, int timeout_ms)
{
	struct said said = { 0 };
	int heard = r->program && !r->gone ? hear(r, timeout_ms, &said) : 0;

	if (r->program && r->gone) {
		r->program = 0;
		return 128 + SIGKILL;
	}
	if (heard <= 0)
		return -1;
	r->program = 0;
	return said.status;
}

int ct_runner_status(struct ct_runner *r)
{
	return status_within(r, 0);
}

int ct_runner_wait(struct ct_runner *r)
{
	return status_within(r, -1);
}
