/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where the events of a live run are kept: one file, or a directory of files that follow one another
 * for months. Each of these is a recording by itself: it begins with what was known before. Of those
 * that are closed the oldest go when they are too old, when all together are too large, and when the
 * disk is full. A disk that is full of other things ends nothing: what could not be written is
 * counted, and told in the file that is begun when there is room again.
 */
#pragma once

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "source/recording/recording.h"
#include "source/recording/recording_carry.h"

/* Of a single file, if nothing is said: a disk is not filled by whoever makes events. */
#define CT_ARCHIVE_FILE_MAX (16ull << 30)

struct ct_archive_options {
	const char *path; /* borrowed: file, "-", or directory */
	bool directory; /* it is made if it is not there */
	uint64_t file_ns, file_bytes; /* when the next one begins; 0: never */
	uint64_t keep_ns, keep_bytes; /* of all in the directory; 0: no limit */
	uint64_t max_bytes; /* of a single file, 0: no limit */
	ct_carry_parent_fn parent; /* may be NULL */
	void (*say)(const char *sentence); /* of what ends nothing; may be NULL */
};

struct ct_archive {
	struct ct_archive_options opts;
	struct ct_recorder recorder; /* state NULL: no file is open */
	struct ct_recording_header header; /* of all of them, but for its times */
	char path[PATH_MAX]; /* of the file that is open */
	int dir; /* owned and locked, -1: a single file */
	struct ct_carry *carry; /* owned; NULL: a single file */
	bool begun;
	bool full; /* the disk: nothing is written until there is room */
	bool ended; /* a single file is as large as it may be */
	uint64_t files; /* that were begun */
	uint64_t begin_ns; /* of the file that is open */
	uint64_t sweep_ns, retry_ns; /* when to look next */
	uint64_t sweep_bytes; /* or as soon as the open file has so many */
	uint64_t dropped; /* events that could not be written, of which no file tells yet */
	uint64_t missing; /* the same of the whole run, told or not */
	struct ct_archive_counts {
		uint64_t events, lost, bytes;
	} closed; /* of the files of this run that are closed */
	uint64_t end_ns; /* as that of struct ct_recorder */
};

/* How far it is. */
struct ct_archive_seen {
	struct ct_archive_counts counts; /* of all files of this run */
	uint64_t files; /* that were begun */
	bool ended; /* as that of struct ct_archive */
};

/* Begins as { 0 }. As ct_recorder_open(); a directory that another fills is refused. */
int ct_archive_open(struct ct_archive *a, const struct ct_archive_options *opts,
		    const struct ct_recording_header *header, struct ct_err *err);
/* Tracing has begun. plan: name of the plan. */
int ct_archive_begin(struct ct_archive *a, const char *plan, struct ct_err *err);
int ct_archive_write(struct ct_archive *a, const struct ct_event *e, struct ct_err *err);
/* So many events did not come until then, because what came before could not be written in time. */
int ct_archive_gap(struct ct_archive *a, uint64_t events, uint64_t until_ns, struct ct_err *err);
/* For the file after this one, and for this one of whom was asked for before it began. */
int ct_archive_learn(struct ct_archive *a, const struct ct_record *rec, struct ct_err *err);
/* Time passed. quiet: no container is between two states, a good moment for another file. */
int ct_archive_tick(struct ct_archive *a, uint64_t now_ns, bool quiet, struct ct_err *err);
/* Writes what is left. An archive that is closed is closed again without effect. */
int ct_archive_close(struct ct_archive *a, struct ct_err *err);
struct ct_archive_seen ct_archive_seen(const struct ct_archive *a);
/* After a failure: as ct_recorder_give_up(). */
void ct_archive_give_up(struct ct_archive *a);
