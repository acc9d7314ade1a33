/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * subreaper PARENT COMMAND...: runs a daemon so that nothing of it outlives this process, also on
 * a machine whose pid 1 does not reap. TERM ends it, HUP ends the daemon and starts it again, the
 * death of PARENT counts as TERM. What the daemon leaves behind is killed and reaped at the end.
 * The loopback of the network namespace it runs in is brought up first.
 */
#include <dirent.h>
#include <errno.h>
#include <net/if.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define STOP_SECONDS 20

static int loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int ret = -1;

	if (fd < 0)
		return -1;
	if (!ioctl(fd, SIOCGIFFLAGS, &ifr)) {
		ifr.ifr_flags |= IFF_UP;
		ret = ioctl(fd, SIOCSIFFLAGS, &ifr);
	}
	close(fd);
	return ret;
}

static pid_t spawn(char **argv)
{
	pid_t pid = fork();
	sigset_t none;

	if (pid)
		return pid;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* the terminal's Ctrl-C is for the test, which then stops the daemon in order */
	setsid();
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	execvp(argv[0], argv);
	fprintf(stderr, "subreaper: execute '%s': %s\n", argv[0], strerror(errno));
	_exit(127);
}

static pid_t parent_of(const char *pid)
{
	char path[64], line[512], *close_paren;
	int ppid = -1;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%.20s/stat", pid);
	f = fopen(path, "re");
	if (!f)
		return -1;
	/* the name in parentheses may hold anything, the last parenthesis ends it */
	if (fgets(line, sizeof(line), f)) {
		close_paren = strrchr(line, ')');
		if (!close_paren || sscanf(close_paren + 1, " %*c %d", &ppid) != 1)
			ppid = -1;
	}
	fclose(f);
	return ppid;
}

static void kill_children(void)
{
	struct dirent *entry;
	DIR *proc = opendir("/proc");

	if (!proc)
		return;
	while ((entry = readdir(proc))) {
		long pid = strtol(entry->d_name, NULL, 10);

		if (pid > 1 && parent_of(entry->d_name) == getpid())
			kill((pid_t)pid, SIGKILL);
	}
	closedir(proc);
}

/* Every death hands the grandchildren over to us, until there are none. */
static void kill_leftovers(void)
{
	struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };

	for (;;) {
		pid_t pid;

		kill_children();
		while ((pid = waitpid(-1, NULL, WNOHANG)) > 0)
			;
		if (pid < 0)
			return;
		nanosleep(&pause, NULL);
	}
}

/* True when the daemon was among the dead. */
static bool reap(pid_t daemon_pid, int *status)
{
	bool gone = false;
	int st;
	pid_t pid;

	while ((pid = waitpid(-1, &st, WNOHANG)) > 0) {
		if (pid != daemon_pid)
			continue;
		gone = true;
		*status = st;
	}
	return gone;
}

static int serve(char **argv, const sigset_t *set)
{
	bool again = false, stopping = false;
	pid_t pid = spawn(argv);
	int status = 0;

	while (pid > 0) {
		switch (sigwaitinfo(set, NULL)) {
		case SIGHUP:
			again = !stopping;
			kill(pid, SIGTERM);
			break;
		case SIGTERM:
			stopping = true;
			again = false;
			kill(pid, SIGTERM);
			alarm(STOP_SECONDS);
			break;
		case SIGALRM:
			kill(pid, SIGKILL);
			break;
		case SIGCHLD:
			if (!reap(pid, &status))
				break;
			if (!again)
				return WIFEXITED(status) ? WEXITSTATUS(status)
							 : 128 + WTERMSIG(status);
			again = false;
			pid = spawn(argv);
			break;
		default:
			break;
		}
	}
	return 1;
}

int main(int argc, char **argv)
{
	sigset_t set;
	int ret;

	if (argc < 3) {
		fprintf(stderr, "usage: subreaper PARENT COMMAND...\n");
		return 2;
	}
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	sigaddset(&set, SIGALRM);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (prctl(PR_SET_CHILD_SUBREAPER, 1) || prctl(PR_SET_PDEATHSIG, SIGTERM)) {
		fprintf(stderr, "subreaper: prctl: %s\n", strerror(errno));
		return 1;
	}
	if (getppid() != strtol(argv[1], NULL, 10)) {
		fprintf(stderr, "subreaper: parent %s is gone\n", argv[1]);
		return 1;
	}
	if (loopback_up())
		fprintf(stderr, "subreaper: bring up lo: %s\n", strerror(errno));
	ret = serve(argv + 2, &set);
	kill_leftovers();
	return ret;
}
