/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Several recordings as one: whether they go together, their times on one clock, and the node that
 * each was made on. Every recording is replayed through a core of its own.
 */
#pragma once

#include "core/core.h"
#include "source/recording/recording.h"

#define CT_NODE_LEN 80

struct ct_input {
	const char *path; /* borrowed */
	const struct ct_recording_header *header; /* it is `head` */
	struct ct_recording_header head;
	/* Owned; NULL while it is not read: a file is opened again, of what is not one it stays open. */
	struct ct_reader *reader;
	uint64_t dev, ino; /* of a file; ino is 0 of what is none */
	/*
	 * Added to every time of it, so that CLOCK_MONOTONIC of all is that of the node that booted
	 * first. 0 if there is only one.
	 */
	uint64_t shift_ns;
	uint64_t last_ns; /* time of its last event, shifted; known when it has been replayed */
	bool cut; /* it was cut off, and `why` is a sentence about it */
	bool unwanted; /* ct_input_stop() */
	bool growing; /* it is still being written, and `why` says so: nothing is missing */
	struct ct_err why;
	char node[CT_NODE_LEN]; /* the host's name, else the file's */
	/* Borrowed, NULL: none. That which begins where this one ends: one core is told of both. */
	struct ct_input *next;
	bool follows; /* another is followed by it */
};

/* One of several that holds nothing that could be read. */
struct ct_skipped {
	struct ct_err why; /* code -EINPROGRESS: not yet */
};

struct ct_recordings {
	struct ct_input *items;
	size_t count;
	struct ct_skipped *skipped; /* owned */
	size_t skipped_count;
	size_t empty; /* of those that were skipped: nobody writes them, so something is missing */
	int64_t wall_minus_mono_ns; /* of the shifted times */
	uint64_t begin_ns; /* of the first, shifted */
};

/*
 * Reads the headers of all; at least one path. Of files no more is kept, however many there are. One of several that is empty, or ends within
 * its header, is skipped. Refuses what cannot be put together: the same recording twice, and nodes
 * of which one had not set its clock. Close also after a failure.
 */
int ct_recordings_open(struct ct_recordings *r, const char *const *paths, size_t count,
		       struct ct_err *err);
void ct_recordings_close(struct ct_recordings *r);

/*
 * Once for each. Records have its node. The counts of its core are added to *counts. With the first of
 * a series of files all that follow it are replayed; nothing is left to be done for those.
 */
int ct_recordings_replay(struct ct_input *in, const struct ct_core_options *opts,
			 const struct ct_core_ops *ops, void *ctx, struct ct_core_counts *counts,
			 struct ct_err *err);

/* For the ops: nobody wants more of this one, the rest of it is not read. */
void ct_input_stop(struct ct_input *in);

/* Sums up what cores could not use. */
void ct_counts_add(struct ct_core_counts *to, const struct ct_core_counts *from);
