// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/mem.h"

/* All of it, or not. */
static bool pass(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t n = write(fd, bytes, len);

		if (n < 0 && errno != EINTR)
			return false;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

static bool take(int fd, char *bytes, size_t len)
{
	while (len) {
		ssize_t n = read(fd, bytes, len);

		if (!n || (n < 0 && errno != EINTR))
			return false;
		bytes += n > 0 ? n : 0;
		len -= n > 0 ? (size_t)n : 0;
	}
	return true;
}

/* A pipe or a lock that the caller holds is let go when the caller lets go of it. */
static void let_go(int kept)
{
	const int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	const int last = kept > STDERR_FILENO ? kept : STDERR_FILENO;

	for (int fd = 0; fd <= STDERR_FILENO && null >= 0; fd++)
		if (fd != kept)
			dup2(null, fd);
	close_range(STDERR_FILENO + 1, (unsigned int)last - 1, 0);
	close_range((unsigned int)last + 1, ~0u, 0);
}

/* Nothing of what the parent has buffered is written twice: _exit(). */
static void __attribute__((noreturn))
run(int fd, pid_t parent, void (*work)(const void *arg, void *answer), const void *arg, size_t len)
{
	void *answer;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	let_go(fd);
	answer = calloc(1, len);
	if (!answer)
		_exit(1);
	work(arg, answer);
	_exit(pass(fd, answer, len) ? 0 : 1);
}

int ct_apart_begin(struct ct_apart *apart, void (*work)(const void *arg, void *answer),
		   const void *arg, size_t len, struct ct_err *err)
{
	const pid_t parent = getpid();
	own_fd int ours = -1, theirs = -1;
	int pair[2];

	*apart = (struct ct_apart){ .fd = -1 };
	if (pipe2(pair, O_CLOEXEC))
		return ct_fail(err, errno, "begin a process: %s", strerror(errno));
	ours = pair[0];
	theirs = pair[1];
	apart->pid = fork();
	if (!apart->pid)
		run(theirs, parent, work, arg, len);
	if (apart->pid < 0) {
		apart->pid = 0;
		return ct_fail(err, errno, "begin a process: %s", strerror(errno));
	}
	apart->fd = take_fd(ours);
	return 0;
}

int ct_apart_answer(struct ct_apart *apart, void *ret_answer, size_t len, struct ct_err *err)
{
	own_fd int fd = take_fd(apart->fd);
	own_mem void *answer = malloc(len);
	int status = 0;

	if (!answer)
		return ct_fail(err, -ENOMEM, "hear of a process: out of memory");
	if (take(fd, answer, len)) {
		memcpy(ret_answer, answer, len);
		return 0;
	}
	waitpid(apart->pid, &status, 0);
	apart->pid = 0;
	if (WIFSIGNALED(status))
		return ct_fail(err, -ECHILD, "hear of a process: signal %d has ended it",
			       WTERMSIG(status));
	return ct_fail(err, -ECHILD, "hear of a process: it has ended with status %d",
		       WEXITSTATUS(status));
}
