/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The file of a recording while it is written. Who writes it holds a lock on the whole of it, which
 * goes with the process, however that ends: nobody else writes there, and a reader can tell what is
 * still being written from what was cut off.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "util/err.h"
#include "util/spot.h"

struct ct_recording_file {
	int fd; /* owned, -1: none */
	struct ct_spot spot; /* of one that is not given */
	bool given; /* stdout: what others wrote before may be in it */
	bool made; /* it was not there before */
};

/*
 * "-" is stdout. A file is locked, and its owner alone may read it then; what it holds stays until
 * ct_recording_file_empty(). -EBUSY: another writes it. A file system that knows no locks is written
 * to without.
 */
int ct_recording_file_open(struct ct_recording_file *file, const char *path, struct ct_err *err);
/* What was there is given up. stdout is left as it is. */
int ct_recording_file_empty(const struct ct_recording_file *file, const char *path,
			    struct ct_err *err);
/* 0, or a negative errno: what was written may then be lost. */
int ct_recording_file_close(struct ct_recording_file *file);
/* The same of one in which nothing was written: one that was made here goes again. */
void ct_recording_file_discard(struct ct_recording_file *file);

/* Whether somebody writes this file at present. */
bool ct_recording_is_written(int fd);
/* Takes the lock of a file that was opened for writing: 0, -EBUSY if somebody writes it. */
int ct_recording_lock(int fd);
