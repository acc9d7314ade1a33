/* SPDX-License-Identifier: GPL-2.0-only */
/* The command line. One table of options: parsing and --help come from it. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/record.h"
#include "sinks/series.h"
#include "source/live/plan.h"
#include "stats/buckets.h"
#include "stats/chains.h"
#include "stats/summary.h"
#include "stats/where.h"
#include "util/err.h"

#define CT_LIST_MAX 16

struct ct_list {
	const char *items[CT_LIST_MAX]; /* borrowed from argv */
	size_t count;
};

/* Any number: borrowed from argv, at whose begin they are collected. */
struct ct_operands {
	const char *const *items;
	size_t count;
};

/* An instant that the user named. */
struct ct_when {
	enum {
		CT_WHEN_NEVER, /* not asked for */
		CT_WHEN_WALL, /* ns since 1970 */
		CT_WHEN_BEGIN, /* ns after the begin of what is read */
		CT_WHEN_DAY, /* ns of a day here, that which is next to the begin of what is read */
	} from;
	int64_t ns;
};

/* What began in it, CLOCK_MONOTONIC as records have it: from the one to before the other. */
struct ct_window {
	uint64_t from_ns, until_ns; /* until 0: for ever */
};

struct ct_options {
	bool stdout_taken; /* by an output */
	struct ct_list runtimes, engines, containers, images, pods, namespaces, projects, outputs;
	struct ct_list labelled; /* "K=V,V", with globs: labels of what was recorded */
	uint32_t outcomes, kinds; /* a bit for each that passes, 0: all do */
	struct ct_when since, until;
	struct ct_list formats; /* export: each F[:FILE],... */
	uint64_t count; /* -n, 0: no limit */
	double seconds; /* -d, 0: no limit */
	uint32_t ready_mask; /* 0: not asked for */
	const char *ready_glob;
	bool restarts_by_image;
	const char *record; /* recording to write, NULL: none */
	bool record_dir; /* a directory of them; set by commands */
	uint64_t rotate_ns, rotate_bytes, keep_ns, keep_bytes, max_bytes; /* 0: not asked for */
	size_t ring_bytes;
	size_t processes;
	size_t containers_max;
	unsigned int jobs; /* recordings that are read at once; 0: as many as there are CPUs */
	size_t path_pieces; /* 0: not asked for */
	enum ct_plan_name plan; /* CT_PLAN_BEST: not asked for */
	int ready_fd; /* -1: none */
	const char *timeline; /* report: a container, which is among containers too; or NULL */
	const char *html; /* report: file to write, NULL: none */
	const char *directory; /* export: NULL: none */
	const char *listen, *tls_cert, *tls_key, *password, *otlp; /* serve; NULL: not asked for */
	size_t records; /* serve: of the page, 0: not asked for */
	struct ct_buckets buckets; /* count 0: not asked for */
	struct ct_series_by metrics_by;
	enum ct_by by;
	bool by_asked;
	bool fail_if_slower;
	double slower_percent;
	bool steps, phases;
	bool shallow; /* export: no recording has steps: what is seen of them in part is not drawn */
	bool opens; /* count opened files */
	bool opens_each; /* with an event for each of them; set by commands */
	double interval; /* opens: seconds between two tables, 0: one at the end */
	struct ct_open_how how; /* opens: what is told of them */
	bool seccheck, no_seccheck, sentry_probes;
	bool why;
	bool cdf, histogram, pulls;
	bool json; /* doctor, diff */
	const char *ddl; /* schema: of which database; NULL: not asked for */
	struct ct_labels labels; /* record */
	struct ct_chains_how chains; /* report */
	struct ct_where where[2]; /* diff: of each side; compare: the first */
	const char *compare_by; /* "runtime,load"; NULL: not asked for */
	uint64_t runs, warmup; /* record: of the program; 0: not asked for */
	bool only_mine; /* only what a descendant of coldtrace asked for */
	bool live; /* record: draw the table */
	bool silent; /* no output unless one is asked for; set by commands */
	bool verbose;
	bool help;
	bool version;
	char **command; /* what follows "--", NULL: nothing */
	struct ct_operands operands;
};

/* argv[0] is the command's name. Bad options: -EINVAL and a sentence. */
int ct_options_parse(struct ct_options *opts, int argc, char **argv, struct ct_err *err);

/* Options of the table that a command takes, for --help. */
void ct_options_print(const char *command);

/* What others may know of a row of the table. */
struct ct_option_row {
	char letter; /* 0: none */
	const char *name;
	const char *arg; /* what --help calls its value, NULL: it takes none */
	const char *help;
};

/* The options of a command, from 0 on; false: there are no more. */
bool ct_options_row(size_t at, const char *command, struct ct_option_row *ret);

/* Whether there is a filter of containers: what is counted of them is counted of those that pass. */
bool ct_options_filter(const struct ct_options *opts);
bool ct_options_match_who(const struct ct_options *opts, const struct ct_identity *who);
bool ct_window_has(const struct ct_window *window, uint64_t ns);
/* Whether it passes all filters, also those of records. */
bool ct_options_match(const struct ct_options *opts, const struct ct_window *window,
		      const struct ct_record *rec);

/* --since and --until on the clock of what is read, which began at begin_ns; without them all of time. */
struct ct_window ct_options_window(const struct ct_options *opts, int64_t wall_minus_mono_ns,
				   uint64_t begin_ns);

/* Whether -n counts it: a start, or what --kind asks for if starts are not among it. */
bool ct_options_counts(const struct ct_options *opts, enum ct_record_type type);
