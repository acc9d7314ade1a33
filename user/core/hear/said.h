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
	uint64_t afters; /* a bit for each of these, by its last six bits */
	char bytes[CT_TAIL_MEDIUM];
};

void ct_said_hear(struct ct_said *said, const struct ct_event *e);

/* fnmatch() of patterns that know nothing but '*'. */
bool ct_said_matches(const struct ct_said *said, const char *pattern);

/* The first component behind `dir`, as it was in the event; empty when there is none such. */
struct ct_text ct_said_behind(const struct ct_said *said, const struct ct_event *e,
			      struct ct_text dir);
