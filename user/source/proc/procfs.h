/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What /proc says about processes. A process may be gone at any moment: that is an ordinary answer,
 * not a failure to report.
 */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "ct_event.h"

struct ct_proc {
	uint32_t pid;
	uint32_t ppid;
	char comm[CT_COMM_LEN];
	uint32_t flags; /* PF_* of the kernel's include/linux/sched.h */
};

/* 0, or negative errno when the process is gone. */
int ct_proc_read(uint32_t pid, struct ct_proc *ret);

/* All processes, in no order. The caller frees *ret. */
int ct_proc_list(struct ct_proc **ret, size_t *ret_count);

/* What a line of its status says behind "NAME:"; a newline in its name is escaped there. */
bool ct_proc_status(uint32_t pid, const char *name, char *buf, size_t room);

/* Depth of the pid namespace it lives in, 0 for ours. */
unsigned int ct_proc_level(uint32_t pid);

/*
 * In a pid namespace below ours, of a user other than root, or gone: what it has chosen is not what
 * root of this host has chosen.
 */
bool ct_proc_foreign(uint32_t pid);

/* Inode of a namespace of its: "net", "mnt", "user"; 0 if not known. */
uint64_t ct_proc_ns(uint32_t pid, const char *which);

/* Arguments separated by NUL, always terminated. Returns the bytes before the terminator. */
size_t ct_proc_args(uint32_t pid, char *buf, size_t room);

/* The value of "NAME VALUE" or "NAME=VALUE" among such arguments; names end with NULL. */
const char *ct_args_value(const char *args, size_t len, const char *const *names);

/*
 * A file of its own directory there, or the files of one; -1 or NULL if it is gone. Only names that
 * are constants: what lies below its root is not /proc's, see source/proc/files.h. Close it.
 */
int ct_proc_open(uint32_t pid, const char *name);
FILE *ct_proc_file(uint32_t pid, const char *name);
DIR *ct_proc_entries(uint32_t pid, const char *name);

/* A file of /proc/sys or /sys as text, newline cut off; false if it cannot be read. */
bool ct_text_read(const char *path, char *buf, size_t room);

/*
 * A kernel file system as a directory: where it is mounted, else a mount of its own that is in no
 * namespace and goes when the descriptor is closed. -1 if neither is possible.
 */
int ct_kernel_fs(const char *type, const char *mountpoint);

/* Effective capabilities of this process, bit per capability. */
uint64_t ct_own_caps(void);

uint64_t ct_now_ns(void); /* CLOCK_MONOTONIC */
