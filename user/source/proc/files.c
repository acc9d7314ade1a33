// SPDX-License-Identifier: GPL-2.0-only
#include "source/proc/files.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/mem.h"
#include "util/read.h"

#ifndef BPF_FS_MAGIC
#define BPF_FS_MAGIC 0xcafe4a11
#endif
#ifndef CONFIGFS_MAGIC
#define CONFIGFS_MAGIC 0x62656570
#endif

/* Where reading a file, or opening it, asks the kernel to do something. */
static const unsigned long kernel_file_systems[] = {
	PROC_SUPER_MAGIC, SYSFS_MAGIC,        DEBUGFS_MAGIC,      TRACEFS_MAGIC,
	SECURITYFS_MAGIC, BPF_FS_MAGIC,       CGROUP_SUPER_MAGIC, CGROUP2_SUPER_MAGIC,
	CONFIGFS_MAGIC,   AUTOFS_SUPER_MAGIC,
};

static const uint64_t reaches[] = {
	[CT_REACH_ROOT] = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	[CT_REACH_BELOW] = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
};

int ct_dir_of(uint32_t pid, const char *which)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, which);
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

static int find(int dir, const char *path, enum ct_reach reach, int flags)
{
	struct open_how how = {
		.flags = (uint64_t)(O_PATH | O_CLOEXEC | flags),
		.resolve = reaches[reach],
	};

	return (int)syscall(SYS_openat2, dir, path, &how, sizeof(how));
}

int ct_file_find(int dir, const char *path, enum ct_reach reach)
{
	return find(dir, path, reach, 0);
}

bool ct_file_stat(int dir, const char *path, enum ct_reach reach, struct stat *ret)
{
	own_fd int fd = ct_file_find(dir, path, reach);

	return fd >= 0 && !fstat(fd, ret);
}

/* What was looked at, and no other that may have its name by now. Its time of access stays. */
static int open_found(int found, int flags)
{
	char path[64];
	int fd;

	flags |= O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", found);
	fd = open(path, flags | O_NOATIME);
	/* Of another's file it takes CAP_FOWNER. */
	return fd >= 0 || errno != EPERM ? fd : open(path, flags);
}

static bool of_the_kernel(int found)
{
	struct statfs fs;

	if (fstatfs(found, &fs))
		return true;
	for (size_t i = 0; i < CT_ARRAY_SIZE(kernel_file_systems); i++) {
		if ((unsigned long)fs.f_type == kernel_file_systems[i])
			return true;
	}
	return false;
}

static bool readable(int fd, size_t max, struct stat *st)
{
	return !fstat(fd, st) && S_ISREG(st->st_mode) && st->st_size > 0 &&
	       (uint64_t)st->st_size <= max && !of_the_kernel(fd);
}

int ct_file_open(int dir, const char *path, enum ct_reach reach, size_t max, struct stat *st)
{
	own_fd int found = ct_file_find(dir, path, reach), fd = -1;
	struct stat again;

	if (found < 0 || !readable(found, max, st))
		return -1;
	fd = open_found(found, 0);
	if (fd < 0 || !readable(fd, max, &again) || again.st_ino != st->st_ino ||
	    again.st_dev != st->st_dev)
		return -1;
	*st = again;
	return take_fd(fd);
}

char *ct_file_read(int dir, const char *path, enum ct_reach reach, size_t max, size_t *ret_len,
		   struct stat *ret_st)
{
	struct stat st;
	own_fd int fd = ct_file_open(dir, path, reach, max, &st);
	own_mem char *text = fd >= 0 ? malloc((size_t)st.st_size + 1) : NULL;
	ssize_t n = text ? ct_read_all(fd, text, (size_t)st.st_size) : -1;

	if (n < 0)
		return NULL;
	text[n] = '\0';
	*ret_len = (size_t)n;
	if (ret_st)
		*ret_st = st;
	return take_ptr(text);
}

bool ct_file_line(int dir, const char *path, enum ct_reach reach, char *buf, size_t room)
{
	size_t len;
	own_mem char *text = ct_file_read(dir, path, reach, room - 1, &len, NULL);

	buf[0] = '\0';
	if (!text)
		return false;
	len = strcspn(text, "\n");
	memcpy(buf, text, len);
	buf[len] = '\0';
	return true;
}

DIR *ct_file_list(int dir, const char *path, enum ct_reach reach)
{
	own_fd int found = find(dir, path, reach, O_DIRECTORY);
	own_fd int fd = found < 0 || of_the_kernel(found) ? -1 : open_found(found, O_DIRECTORY);
	DIR *list = fd < 0 ? NULL : fdopendir(fd);

	if (list)
		(void)take_fd(fd); /* the list has it now */
	return list;
}
