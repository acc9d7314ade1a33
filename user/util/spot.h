/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where a file that is to be written is. Root writes into /tmp too, under names that anybody can
 * guess: what somebody else has put there must not lead elsewhere. Links are followed as the kernel
 * does it with fs.protected_symlinks, and files taken as with fs.protected_regular and
 * fs.protected_hardlinks, whether or not the host has switched them on.
 *
 * From the first directory on in which everybody may make names, a link must be root's or the
 * caller's; so must the file itself, if it is in such a directory, and it has no second name there.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

#include "util/err.h"

struct ct_spot {
	int dir; /* owned: in which it is, -1: nowhere */
	char name[NAME_MAX + 1]; /* no link any more, unless given */
	bool given; /* a descriptor by its name: /dev/stdout */
	bool shared; /* a directory on the way to it is everybody's to write */
};

/* All of it but the file itself is there. The sentence is for who says what was to be opened. */
int ct_spot_find(struct ct_spot *spot, const char *path, struct ct_err *err);
/* For writing, without emptying it: a descriptor, owned. *ret_made: it was not there before. */
int ct_spot_open(const struct ct_spot *spot, mode_t mode, bool *ret_made, struct ct_err *err);
void ct_spot_leave(struct ct_spot *spot);

/* Both of them at once. */
int ct_spot_open_path(const char *path, mode_t mode, struct ct_err *err);
/* A directory that is there, for reading. */
int ct_spot_open_directory(const char *path, struct ct_err *err);
