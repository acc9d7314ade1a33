/* SPDX-License-Identifier: GPL-2.0-only */
/* Several groups of records beside each other, and how that is printed. */
#pragma once

#include "cmd/options.h"
#include "cmd/paths.h"
#include "source/recording/recordings.h"
#include "stats/contrast.h"

struct ct_comparison {
	const struct ct_options *opts; /* borrowed */
	const char *by; /* "runtime,load", borrowed */
	struct ct_directories files;
	struct ct_recordings recordings;
	struct ct_core_counts counts;
	struct ct_contrast *contrast;
	uint32_t valued; /* keys of `by`, by place, of which some record has a value */
	bool added; /* there is a record */
	bool failed; /* out of memory */
	bool incomplete;
};

/* 0 and a text for the caller to free, or -ENOMEM. */
int ct_compare_table(const struct ct_comparison *c, char **ret_text, size_t *ret_len);
int ct_compare_json(const struct ct_comparison *c, char **ret_text, size_t *ret_len);
