/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Files whose path, or what lies there, somebody else has chosen: an engine's, a shim's, a
 * container's. This is the only way to them. A path is resolved below a directory of that process,
 * what it leads to is looked at before it is opened (a FIFO would block, a device may act, a file of
 * the kernel's own is none that an engine keeps), and only then it is opened, by its descriptor.
 *
 * A file system that is served by somebody (FUSE, NFS) may keep every one of these calls waiting
 * for ever: who reads the ring must not make them, see source/engines/scout.h.
 */
#pragma once

#include <dirent.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>

enum ct_reach {
	CT_REACH_ROOT, /* as the process sees it: links are followed and stay below the directory */
	CT_REACH_BELOW /* no link, no "..", no other mount */
};

/* The root or the working directory ("root", "cwd") of a process; -1 if it is gone. Close it. */
int ct_dir_of(uint32_t pid, const char *which);

/* Names what is there, whatever it is, without opening it; -1 if there is nothing. Close it. */
int ct_file_find(int dir, const char *path, enum ct_reach reach);
bool ct_file_stat(int dir, const char *path, enum ct_reach reach, struct stat *ret);

/* A regular file that is not empty, nor longer than max: to be read. -1: there is none. Close it. */
int ct_file_open(int dir, const char *path, enum ct_reach reach, size_t max, struct stat *ret_st);
/*
 * The text of a regular file that is not empty, ended with a NUL that is not counted; the caller
 * frees it. NULL when there is none, it is longer than max, or memory is short. ret_st: NULL, or
 * gets what fstat() said of it.
 */
char *ct_file_read(int dir, const char *path, enum ct_reach reach, size_t max, size_t *ret_len,
		   struct stat *ret_st);

/* The same of a short one, into buf, without its newline. */
bool ct_file_line(int dir, const char *path, enum ct_reach reach, char *buf, size_t room);

/* To list a directory; NULL if it is none. */
DIR *ct_file_list(int dir, const char *path, enum ct_reach reach);
