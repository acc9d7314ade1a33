// SPDX-License-Identifier: GPL-2.0-only
#include "source/proc/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/read.h"

#define PROC_PATH_MAX 64

/* Room for a NUL, which is not counted, is part of room. */
static ssize_t read_path(const char *path, char *buf, size_t room)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = ct_read_all(fd, buf, room - 1);
	buf[n > 0 ? n : 0] = '\0';
	return n;
}

static void proc_path(char path[PROC_PATH_MAX], uint32_t pid, const char *name)
{
	snprintf(path, PROC_PATH_MAX, "/proc/%u/%s", pid, name);
}

int ct_proc_read(uint32_t pid, struct ct_proc *ret)
{
	char path[PROC_PATH_MAX], text[512], *open_paren, *close_paren;
	size_t len;
	ssize_t n;

	proc_path(path, pid, "stat");
	n = read_path(path, text, sizeof(text));
	if (n < 0)
		return (int)n;
	/* "pid (comm) state ppid ...": the comm may hold anything, parentheses too. */
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	if (!open_paren || !close_paren || close_paren < open_paren ||
	    strlen(close_paren) < strlen(") S "))
		return -EBADMSG;
	memset(ret, 0, sizeof(*ret));
	ret->pid = pid;
	/* state, ppid, pgrp, session, tty_nr, tpgid, flags (fs/proc/array.c: do_task_stat()) */
	if (sscanf(close_paren + 1, " %*c %" SCNu32 " %*d %*d %*d %*d %" SCNu32, &ret->ppid,
		   &ret->flags) < 1)
		return -EBADMSG;
	len = (size_t)(close_paren - open_paren - 1);
	if (len >= sizeof(ret->comm))
		len = sizeof(ret->comm) - 1;
	memcpy(ret->comm, open_paren + 1, len);
	return 0;
}

int ct_proc_list(struct ct_proc **ret, size_t *ret_count)
{
	own_mem struct ct_proc *list = NULL;
	own_dir DIR *dir = opendir("/proc");
	size_t count = 0, room = 0;
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		unsigned long pid;
		char *end;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		pid = strtoul(entry->d_name, &end, 10);
		if (*end || pid > UINT32_MAX)
			continue;
		if (count == room) {
			size_t bigger = room ? room * 2 : 256;
			struct ct_proc *grown = reallocarray(list, bigger, sizeof(*list));

			if (!grown)
				return -ENOMEM;
			list = grown;
			room = bigger;
		}
		if (!ct_proc_read((uint32_t)pid, &list[count]))
			count++;
	}
	*ret_count = count;
	*ret = take_ptr(list);
	return 0;
}

/* Line by line: before what is looked for there may be 65536 groups. */
bool ct_proc_status(uint32_t pid, const char *name, char *buf, size_t room)
{
	own_file FILE *f = ct_proc_file(pid, "status");
	size_t len = strlen(name), size = 0;
	own_mem char *line = NULL;

	while (f && getline(&line, &size, f) > 0) {
		if (strncmp(line, name, len) || line[len] != ':')
			continue;
		snprintf(buf, room, "%s", line + len + 1);
		return true;
	}
	return false;
}

unsigned int ct_proc_level(uint32_t pid)
{
	unsigned int level = 0;
	char pids[512];

	if (!ct_proc_status(pid, "NSpid", pids, sizeof(pids)))
		return 0;
	for (const char *at = pids; *at; at++)
		level += *at == '\t';
	return level ? level - 1 : 0;
}

bool ct_proc_foreign(uint32_t pid)
{
	unsigned int real, effective;
	char uids[128];

	return !ct_proc_status(pid, "Uid", uids, sizeof(uids)) ||
	       sscanf(uids, "%u %u", &real, &effective) != 2 || real || effective ||
	       ct_proc_level(pid);
}

uint64_t ct_proc_ns(uint32_t pid, const char *which)
{
	char path[PROC_PATH_MAX], text[64];
	size_t len = strlen(which);
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/ns/%s", pid, which);
	n = readlink(path, text, sizeof(text) - 1);
	if (n < 0)
		return 0;
	text[n] = '\0';
	if (strncmp(text, which, len) || strncmp(text + len, ":[", 2))
		return 0;
	return strtoull(text + len + 2, NULL, 10);
}

size_t ct_proc_args(uint32_t pid, char *buf, size_t room)
{
	char path[PROC_PATH_MAX];
	ssize_t n;

	buf[0] = '\0';
	proc_path(path, pid, "cmdline");
	n = read_path(path, buf, room);
	return n > 0 ? (size_t)n : 0;
}

const char *ct_args_value(const char *args, size_t len, const char *const *names)
{
	for (const char *arg = args, *end = args + len, *next; arg < end; arg = next) {
		next = arg + strnlen(arg, (size_t)(end - arg)) + 1;
		for (const char *const *name = names; *name; name++) {
			size_t n = strlen(*name);

			if (strncmp(arg, *name, n))
				continue;
			if (arg[n] == '=')
				return arg + n + 1;
			if (!arg[n] && next < end)
				return next;
		}
	}
	return NULL;
}

int ct_proc_open(uint32_t pid, const char *name)
{
	char path[PROC_PATH_MAX];

	proc_path(path, pid, name);
	return open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
}

FILE *ct_proc_file(uint32_t pid, const char *name)
{
	own_fd int fd = ct_proc_open(pid, name);
	FILE *f = fd < 0 ? NULL : fdopen(fd, "r");

	if (f)
		(void)take_fd(fd);
	return f;
}

DIR *ct_proc_entries(uint32_t pid, const char *name)
{
	char path[PROC_PATH_MAX];

	proc_path(path, pid, name);
	return opendir(path);
}

bool ct_text_read(const char *path, char *buf, size_t room)
{
	if (read_path(path, buf, room) < 0)
		return false;
	buf[strcspn(buf, "\n")] = '\0';
	return true;
}

static const struct {
	const char *type;
	long magic;
} kernel_fs[] = {
	{ "tracefs", TRACEFS_MAGIC },
	{ "securityfs", SECURITYFS_MAGIC },
};

int ct_kernel_fs(const char *type, const char *mountpoint)
{
	own_fd int fd = open(mountpoint, O_PATH | O_DIRECTORY | O_CLOEXEC);
	own_fd int context = -1;
	struct statfs fs;

	for (size_t i = 0; fd >= 0 && i < CT_ARRAY_SIZE(kernel_fs); i++) {
		if (!strcmp(kernel_fs[i].type, type) && !fstatfs(fd, &fs) &&
		    (long)fs.f_type == kernel_fs[i].magic)
			return take_fd(fd);
	}
	context = fsopen(type, FSOPEN_CLOEXEC);
	if (context < 0 || fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0))
		return -1;
	return fsmount(context, FSMOUNT_CLOEXEC, 0);
}

uint64_t ct_own_caps(void)
{
	char text[4096];
	const char *line;

	if (read_path("/proc/self/status", text, sizeof(text)) < 0)
		return 0;
	line = strstr(text, "\nCapEff:");
	return line ? strtoull(line + strlen("\nCapEff:"), NULL, 16) : 0;
}

uint64_t ct_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ull + (uint64_t)ts.tv_nsec;
}
