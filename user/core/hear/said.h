/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The strings of a call with spaces between them, and where their slashes are: most events of a
 * recording are calls, and each is asked for a dozen directories.
 */
#pragma once

#include <stdint.h>

#include "ct_event.h"
#include "core/base/text.h"

struct ct_said {
	struct ct_text text; /* of bytes; NULL: not heard yet */
	size_t count;
	uint16_t slashes[64]; /* the first ones */
	char after[64]; /* what follows each of them, NUL at the end */
	uint64_t afters; /* a bit for each of these, by its last six bits; all, if there are more */
	char bytes[CT_TAIL_MEDIUM + sizeof(uint64_t)]; /* the last are nobody's */
};

void ct_said_hear(struct ct_said *said, const struct ct_event *e);

#define CT_PATTERN_STARS 5 /* at most */

/* One of fnmatch() that knows nothing but '*', taken apart: what stands before, between and behind them. */
struct ct_pattern {
	size_t stars;
	uint64_t afters; /* a bit for what follows each slash, as of what was said */
	struct ct_text parts[CT_PATTERN_STARS + 1]; /* borrowed */
};

struct ct_pattern ct_pattern(const char *text);
bool ct_said_is(const struct ct_said *said, const struct ct_pattern *pattern);

/* Most of what is asked for is not there, which its afters say already. */
static inline bool ct_said_matches(const struct ct_said *said, const struct ct_pattern *pattern)
{
	return (said->afters & pattern->afters) == pattern->afters && ct_said_is(said, pattern);
}

/* The first component behind `dir`, as it was in the event; empty when there is none such. */
struct ct_text ct_said_behind(const struct ct_said *said, const struct ct_event *e,
			      struct ct_text dir);
