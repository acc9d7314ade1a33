// SPDX-License-Identifier: GPL-2.0-only
#include "source/engines/scout.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/proc/credentials.h"
#include "source/proc/privileges.h"
#include "source/proc/procfs.h"
#include "util/mem.h"
#include "util/read.h"

#define BUFFER_BYTES (1 << 20)

/* A terminal's signals are its parent's, and its parent ends it. */
static void ignore_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE };
	const struct sigaction ignore = { .sa_handler = SIG_IGN };

	for (size_t i = 0; i < CT_ARRAY_SIZE(signals); i++)
		sigaction(signals[i], &ignore, NULL);
}

/* Who hangs must hold nothing: no output that somebody waits for the end of, no map, no probe. */
static int keep_only(int fd)
{
	int kept = 0;

	if (fd != kept && dup2(fd, kept) < 0)
		return -1;
	if (syscall(SYS_close_range, kept + 1, ~0u, 0)) {
		for (int i = (int)sysconf(_SC_OPEN_MAX) - 1; i > kept; i--)
			close(i);
	}
	return kept;
}

_Noreturn static void run(int fd, struct ct_scout_sign *sign, pid_t parent, ct_scout_fn work)
{
	struct ct_err ignored = { 0 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_NAME, "coldtrace-scout");
	ignore_signals();
	fd = keep_only(fd);
	/* It reads, and nothing else. */
	if (fd >= 0 && getppid() == parent &&
	    !ct_caps_keep(ct_privileges_kept(false, false), &ignored))
		work(fd, sign);
	_exit(0);
}

/* Those that have ended at last are not in the way of others. */
static void forget_ended(struct ct_scout *s)
{
	for (size_t i = s->stuck_count; i-- > 0;) {
		if (waitpid(s->stuck[i], NULL, WNOHANG) != 0)
			s->stuck[i] = s->stuck[--s->stuck_count];
	}
}

static int make_pair(int pair[2])
{
	const int bytes = BUFFER_BYTES;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return -errno;
	for (int i = 0; i < 2; i++)
		setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
	return 0;
}

int ct_scout_start(struct ct_scout *s, ct_scout_fn work)
{
	own_fd int ours = -1, theirs = -1;
	const pid_t parent = getpid();
	int pair[2], r;
	void *sign;

	forget_ended(s);
	if (s->stopped || s->stuck_count == CT_SCOUT_STUCK_MAX)
		return -EBUSY;
	r = make_pair(pair);
	if (r)
		return r;
	ours = pair[0];
	theirs = pair[1];
	sign = mmap(NULL, sizeof(*s->sign), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		    0);
	if (sign == MAP_FAILED)
		return -errno;
	s->pid = fork();
	if (!s->pid)
		run(theirs, sign, parent, work);
	if (s->pid < 0) {
		r = -errno;
		munmap(sign, sizeof(*s->sign));
		s->pid = 0;
		return r;
	}
	s->sign = sign;
	s->fd = take_fd(ours);
	s->beats = 0;
	s->beat_ns = 0;
	return 0;
}

bool ct_scout_send(struct ct_scout *s, const void *message, size_t len)
{
	return s->fd >= 0 && send(s->fd, message, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
}

ssize_t ct_scout_take(struct ct_scout *s, void *message, size_t room)
{
	ssize_t n;

	if (s->fd < 0)
		return 0;
	do {
		n = recv(s->fd, message, room, MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return errno == EAGAIN ? 0 : -errno;
	return n ? n : -EPIPE;
}

bool ct_scout_busy(const struct ct_scout *s)
{
	char state[32];

	if (!s->pid || !ct_proc_status((uint32_t)s->pid, "State", state, sizeof(state)))
		return false;
	return strchr("RD", state[strspn(state, " \t")]) != NULL;
}

void ct_scout_where(const struct ct_scout *s, char *buf, size_t room)
{
	own_fd int fd = s->pid ? ct_proc_open((uint32_t)s->pid, "wchan") : -1;
	ssize_t n = fd < 0 ? -1 : ct_read_all(fd, buf, room - 1);

	buf[n > 0 ? n : 0] = '\0';
	if (!strcmp(buf, "0"))
		buf[0] = '\0';
}

bool ct_scout_hangs(struct ct_scout *s, bool has_work, uint64_t now_ns,
		    const struct ct_patience *patience)
{
	uint64_t beats = s->sign ? atomic_load(&s->sign->beats) : 0;

	if (s->fd < 0 || !has_work || !s->beat_ns || beats != s->beats) {
		s->beats = beats;
		s->beat_ns = s->fd < 0 || !has_work ? 0 : now_ns;
		return false;
	}
	if (now_ns - s->beat_ns <= patience->idle_ns)
		return false;
	/* It may have come back, to sleep until it is sent again. */
	return now_ns - s->beat_ns > patience->busy_ns ||
	       (!ct_scout_busy(s) && atomic_load(&s->sign->beats) == beats);
}

void ct_scout_moved(struct ct_scout *s, uint64_t now_ns)
{
	if (s->beat_ns)
		s->beat_ns = now_ns;
}

void ct_scout_leave(struct ct_scout *s)
{
	if (!s->pid)
		return;
	close(s->fd);
	s->fd = -1;
	munmap(s->sign, sizeof(*s->sign));
	s->sign = NULL;
	kill(s->pid, SIGKILL);
	forget_ended(s);
	if (s->stuck_count < CT_SCOUT_STUCK_MAX)
		s->stuck[s->stuck_count++] = s->pid;
	s->pid = 0;
	forget_ended(s);
}

void ct_scout_stop(struct ct_scout *s)
{
	ct_scout_leave(s);
	s->stopped = true;
}
