/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line. One table of options: parsing and --help come from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/record.h"
#include "util/err.h"

#define CT_LIST_MAX 16

struct ct_list {
	const char *items[CT_LIST_MAX]; /* borrowed from argv */
	size_t count;
};

struct ct_options {
	bool stdout_taken; /* by an output */
	struct ct_list runtimes, engines, containers, images, outputs;
	uint64_t count; /* -n, 0: no limit */
	double seconds; /* -d, 0: no limit */
	uint32_t ready_mask; /* 0: not asked for */
	const char *ready_glob;
	const char *record; /* recording to write, NULL: none */
	size_t ring_bytes;
	size_t processes;
	int ready_fd; /* -1: none */
	bool steps;
	bool json; /* doctor --json */
	bool verbose;
	bool help;
	bool version;
	char **command; /* what follows "--", NULL: nothing */
	struct ct_list operands;
};

/* argv[0] is the command's name. Bad options: -EINVAL and a sentence. */
int ct_options_parse(struct ct_options *opts, int argc, char **argv, struct ct_err *err);

/* Options of the table, for --help. */
void ct_options_print(void);

/* Whether a record passes the filters. */
bool ct_options_match(const struct ct_options *opts, const struct ct_record *rec);
