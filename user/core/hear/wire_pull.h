/* SPDX-License-Identifier: GPL-2.0-only */
/* What Docker's API says of a pull that is under way. */
#pragma once

#include "core/hear/wire.h"

/*
 * A line of what Docker's API says of a pull that is under way (moby's pkg/streamformatter and
 * distribution/xfer): a chunk of an answer's body, with one JSON object. Columns: symbol, what its
 * status is, or begins with.
 */
#define CT_PULL_LINES(X) \
	X(FROM, "Pulling from ") /* the repository; its id is the tag */ \
	X(KNOWN, "Pulling fs layer") \
	X(WAITING, "Waiting") \
	X(DOWNLOADING, "Downloading") \
	X(VERIFYING, "Verifying Checksum") \
	X(DOWNLOADED, "Download complete") \
	X(EXTRACTING, "Extracting") \
	X(UNPACKED, "Pull complete") \
	X(EXISTS, "Already exists") \
	X(RETRYING, "Retrying in ") \
	X(DIGEST, "Digest: ") \
	X(UP_TO_DATE, "Status: Image is up to date") \
	X(DONE, "Status: ") /* the last */ \
	X(OTHER, "")

enum ct_pull_line {
#define X(symbol, status) CT_PULL_##symbol,
	CT_PULL_LINES(X)
#undef X
	CT_PULL_FAILED
};

struct ct_progress {
	enum ct_pull_line line;
	char id[80]; /* of a layer, the first digits of its digest; empty: of none */
	char text[384]; /* what follows that status; FAILED: why */
	uint64_t current, total; /* bytes; 0: not said */
};

/* False: no such line. */
bool ct_progress_parse(struct ct_text bytes, struct ct_progress *ret);
