/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /proc says about processes, and files as another process sees them. A process may be gone
 * at any moment: that is an ordinary answer, not a failure to report.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

#include "ct_event.h"

struct ct_proc {
	uint32_t pid;
	uint32_t ppid;
	char comm[CT_COMM_LEN];
};

/* 0, or negative errno when the process is gone. */
int ct_proc_read(uint32_t pid, struct ct_proc *ret);

/* All processes, in no order. The caller frees *ret. */
int ct_proc_list(struct ct_proc **ret, size_t *ret_count);

/* Depth of the pid namespace it lives in, 0 for ours. */
unsigned int ct_proc_level(uint32_t pid);

uint64_t ct_proc_netns(uint32_t pid); /* inode, 0 if not known */

/* Arguments separated by NUL, always terminated. Returns the bytes before the terminator. */
size_t ct_proc_args(uint32_t pid, char *buf, size_t room);

/* The value of "NAME VALUE" or "NAME=VALUE" among such arguments; names end with NULL. */
const char *ct_args_value(const char *args, size_t len, const char *const *names);

/* Root directory of a process; -1 if it is gone. Close it. */
int ct_proc_root(uint32_t pid);

/*
 * Below such a root: absolute symbolic links stay below it, nothing blocks, and only regular
 * files are read. The text ends with a NUL that is not counted; the caller frees it. NULL when
 * there is no such file, it is longer than max, or memory is short.
 */
int ct_root_open(int root, const char *path, int flags);
char *ct_root_read(int root, const char *path, size_t max, size_t *ret_len);
bool ct_root_stat(int root, const char *path, struct stat *ret);

/* A file of /proc or /sys as text, newline cut off; false if it cannot be read. */
bool ct_text_read(const char *path, char *buf, size_t room);

/*
 * A kernel file system as a directory: where it is mounted, else a mount of its own that is in no
 * namespace and goes when the descriptor is closed. -1 if neither is possible.
 */
int ct_kernel_fs(const char *type, const char *mountpoint);

/* Effective capabilities of this process, bit per capability. */
uint64_t ct_own_caps(void);

uint64_t ct_now_ns(void); /* CLOCK_MONOTONIC */
