// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "source/proc/files.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define ANCESTORS_MAX 16
#define ARGS_ROOM     (64 << 10)

/* The id is the last argument: those before it grow with the number of volumes. */
bool ct_sandbox_id(uint32_t pid, char *id, size_t room)
{
	own_mem char *args = malloc(ARGS_ROOM);
	size_t len = args ? ct_proc_args(pid, args, ARGS_ROOM) : 0, from;

	if (!len || strncmp(args, CT_SANDBOX_ARG, strlen(CT_SANDBOX_ARG)) != 0)
		return false;
	while (len && !args[len - 1])
		len--;
	for (from = len; from && args[from - 1];)
		from--;
	if (from == len || len - from >= room || strchr(args + from, '/'))
		return false;
	memcpy(id, args + from, len - from);
	id[len - from] = '\0';
	return true;
}

int ct_sandbox_process(uint32_t pid)
{
	return (int)syscall(SYS_pidfd_open, pid, 0);
}

bool ct_sandbox_gone(int process)
{
	struct pollfd ended = { .fd = process, .events = POLLIN };

	return process >= 0 && poll(&ended, 1, 0) == 1;
}

void ct_sandboxes(void (*fn)(void *ctx, uint32_t pid), void *ctx)
{
	own_mem struct ct_proc *procs = NULL;
	char id[256];
	size_t count;

	if (ct_proc_list(&procs, &count))
		return;
	for (size_t i = 0; i < count; i++) {
		/* It runs as /proc/self/exe. */
		if ((!strcmp(procs[i].comm, "exe") || !strncmp(procs[i].comm, "runsc", 5)) &&
		    ct_sandbox_id(procs[i].pid, id, sizeof(id)))
			fn(ctx, procs[i].pid);
	}
}

static const char *const root_names[] = { "--root", "-root", NULL };

static int control_below(uint32_t pid, const char *dir, const char *id)
{
	own_fd int root = ct_dir_of(pid, "root"), fd = -1;
	char path[512];
	struct stat st;

	if (root < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/runsc-%s.sock", dir, id);
	fd = ct_file_find(root, path, CT_REACH_ROOT);
	if (fd < 0 || fstat(fd, &st) || !S_ISSOCK(st.st_mode))
		return -1;
	return take_fd(fd);
}

/*
 * runsc puts it into its state directory, or where it finds room (createControlSocket). The
 * sandbox itself has no such directory: one of its ancestors has. /tmp, its last resort, is left
 * out: there anybody could put one.
 */
int ct_sandbox_control(uint32_t pid, const char *id)
{
	char args[CT_TAIL_MAX + 1];
	size_t len = ct_proc_args(pid, args, sizeof(args));
	const char *root = ct_args_value(args, len, root_names);
	const char *const dirs[] = { root ? root : "/var/run/runsc", "/var/run", "/run" };
	struct ct_proc proc = { .pid = pid };

	for (int up = 0; up < ANCESTORS_MAX && proc.pid; up++) {
		if (ct_proc_read(proc.pid, &proc))
			break;
		for (size_t i = 0; i < CT_ARRAY_SIZE(dirs); i++) {
			int fd = control_below(proc.pid, dirs[i], id);

			if (fd >= 0)
				return fd;
		}
		proc.pid = proc.ppid;
	}
	return -1;
}

/* By the descriptor: its path may be too long for an address, and is of another mount namespace. */
int ct_sandbox_connect(int control, int flags)
{
	own_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | flags, 0);
	const struct timeval patience = { .tv_sec = 1 };
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	snprintf(to.sun_path, sizeof(to.sun_path), "/proc/self/fd/%d", control);
	if (fd < 0)
		return -1;
	/* First: a listener whose queue is full would be waited for, too. */
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		return -1;
	return take_fd(fd);
}

bool ct_sandbox_send(int rpc, const char *request, int fd)
{
	struct iovec part = { (void *)request, strlen(request) };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = { 0 };

	if (fd >= 0) {
		struct cmsghdr *c;

		message.msg_control = control.bytes;
		message.msg_controllen = sizeof(control.bytes);
		c = CMSG_FIRSTHDR(&message);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(fd));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(rpc, &message, MSG_NOSIGNAL) == (ssize_t)part.iov_len;
}

bool ct_sandbox_receive(int rpc, struct ct_sandbox_reply *reply, int flags)
{
	for (;;) {
		ssize_t n = recv(rpc, reply->bytes + reply->len, sizeof(reply->bytes) - reply->len,
				 flags);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno == EAGAIN && (flags & MSG_DONTWAIT);
		reply->len += (size_t)n;
		if (reply->len == sizeof(reply->bytes))
			return false;
		if (!(flags & MSG_DONTWAIT))
			return true;
	}
}

/* "DEVICE INODE" of a line of /proc/PID/maps, empty for memory without a file. */
static struct ct_text mapped_file(char *line)
{
	struct ct_text rest = ct_text(line, strcspn(line, "\n")), device, inode;

	for (int i = 0; i < 3; i++) /* addresses, permissions, offset */
		ct_text_cut(&rest, ' ');
	device = ct_text_cut(&rest, ' ');
	inode = ct_text_cut(&rest, ' ');
	if (!inode.len || ct_text_is(inode, "0"))
		return ct_text(line, 0);
	return ct_text(device.p, device.len + 1 + inode.len);
}

/* "BEGIN-END rwxp ..." */
static bool is_code(const char *line)
{
	const char *may = strchr(line, ' ');

	return may && strnlen(may, 4) == 4 && may[3] == 'x';
}

/* The first file whose code it maps is its own: whatever else it maps lower is data. */
static bool own_program(uint32_t pid, char *ret, size_t room)
{
	own_file FILE *f = ct_proc_file(pid, "maps");
	char line[1024];

	while (f && fgets(line, sizeof(line), f)) {
		struct ct_text file = mapped_file(line);

		if (file.len && file.len < room && is_code(line)) {
			ct_text_copy(ret, room, file);
			return true;
		}
	}
	return false;
}

enum mapped {
	MAPS_NOTHING, /* gone, on its way out, or no fork any more: proves nothing */
	MAPS_OTHERS,
	MAPS_IT
};

#define PF_FORKNOEXEC 0x40u /* include/linux/sched.h */

/*
 * Whether it is what it was forked as. Who executes has new memory with nothing but a stack in it for a moment,
 * also if it executes the same program again, as runsc does to unmount a directory while it boots. The kernel takes
 * the flag away before anybody can open those maps (fs/exec.c: begin_new_exec(), under exec_update_lock).
 */
static bool is_fork(uint32_t pid)
{
	struct ct_proc proc;

	return !ct_proc_read(pid, &proc) && proc.flags & PF_FORKNOEXEC;
}

static enum mapped maps(uint32_t pid, const char *program)
{
	own_file FILE *f = ct_proc_file(pid, "maps");
	enum mapped found = MAPS_NOTHING;
	char line[1024];

	while (f && fgets(line, sizeof(line), f)) {
		found = MAPS_OTHERS;
		if (ct_text_is(mapped_file(line), program))
			return MAPS_IT;
	}
	return found == MAPS_OTHERS && is_fork(pid) ? MAPS_OTHERS : MAPS_NOTHING;
}

static int by_pid(const void *a, const void *b)
{
	uint32_t x = ((const struct ct_proc *)a)->pid, y = ((const struct ct_proc *)b)->pid;

	return x < y ? -1 : x > y;
}

static bool descends(const struct ct_proc *procs, size_t count, const struct ct_proc *proc,
		     uint32_t from)
{
	struct ct_proc up = { .pid = proc->ppid };

	for (int depth = 0; up.pid && up.pid != from && depth < ANCESTORS_MAX; depth++) {
		const struct ct_proc *found = bsearch(&up, procs, count, sizeof(up), by_pid);

		up.pid = found ? found->ppid : 0;
	}
	return up.pid == from;
}

/* What the children of a thread say, put together with found. False when they cannot be read. */
static bool children_map(uint32_t pid, const char *tid, const char *program, enum mapped *found)
{
	own_file FILE *f = NULL;
	char path[64];
	unsigned child;

	snprintf(path, sizeof(path), "task/%.16s/children", tid);
	f = ct_proc_file(pid, path);
	while (f && *found != MAPS_IT && fscanf(f, "%u", &child) == 1) {
		enum mapped it = maps(child, program);

		if (it > *found)
			*found = it;
	}
	return f;
}

/*
 * For who looks often: what its own children say. While they come and go some may be left out, so
 * a yes is no proof. A kernel without such lists (CONFIG_PROC_CHILDREN) says yes.
 */
static bool may_be_born(uint32_t pid, const char *program)
{
	enum mapped found = MAPS_NOTHING;
	own_dir DIR *threads = NULL;
	struct dirent *thread;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	threads = ct_proc_entries(pid, "task");
	while (threads && found != MAPS_IT && (thread = readdir(threads))) {
		if (*thread->d_name == '.' || children_map(pid, thread->d_name, program, &found))
			continue;
		if (errno == ENOENT && !access(path, F_OK) &&
		    strtoul(thread->d_name, NULL, 10) == pid)
			return true;
	}
	return found == MAPS_OTHERS;
}

bool ct_sandbox_born(uint32_t pid)
{
	own_mem struct ct_proc *procs = NULL;
	bool born = false;
	char program[64];
	size_t count;

	if (!own_program(pid, program, sizeof(program)) || !may_be_born(pid, program) ||
	    ct_proc_list(&procs, &count))
		return false;
	qsort(procs, count, sizeof(*procs), by_pid);
	for (size_t i = 0; i < count; i++) {
		if (!descends(procs, count, &procs[i], pid))
			continue;
		switch (maps(procs[i].pid, program)) {
		case MAPS_IT:
			return false;
		case MAPS_OTHERS:
			born = true;
			break;
		case MAPS_NOTHING:
			break;
		}
	}
	return born;
}
