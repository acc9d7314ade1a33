/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One output. It sees finished records and, at the end, the summary: it cannot know about probes.
 * The output is the product: every write is checked, a full disk or a closed pipe is an error.
 */
#pragma once

#include <stdio.h>

#include "core/core.h"
#include "core/record.h"
#include "sinks/pen.h"
#include "stats/buckets.h"
#include "stats/summary.h"
#include "util/err.h"

/* What an output has to do with steps. A replay gives them to those that draw them, asked or not. */
enum ct_sink_steps {
	CT_SINK_STEPS_ASKED, /* if the user says --steps */
	CT_SINK_STEPS_DRAWN, /* as far as there are any */
	CT_SINK_STEPS_ALONE, /* and nothing else: it is empty without */
};

/* Where it was traced, of a live run: what no recording says. Strings are NULL when not known. */
struct ct_session_host {
	const char *instance; /* of this run */
	const char *id, *arch; /* as OpenTelemetry names architectures */
	const char *k8s_node;
	const char *service; /* NULL: coldtrace */
	const char *attributes; /* as in OTEL_RESOURCE_ATTRIBUTES */
};

/* A time between two recordings of one boot in which nobody traced. Strings are borrowed. */
struct ct_session_gap {
	const char *before, *after; /* what the recordings are called */
	uint64_t begin_ns, end_ns;
	size_t found; /* containers that began then, as far as they still ran at its end */
};

struct ct_session {
	const struct ct_session_host *host; /* borrowed; NULL: of a recording */
	const char *version;
	const char *kernel;
	const char *depth; /* "phases" or "steps" */
	int64_t wall_minus_mono_ns; /* CLOCK_REALTIME minus CLOCK_MONOTONIC */
	uint64_t begin_ns, end_ns; /* nothing is missed from the one until the other */
	uint64_t attach_ns; /* from the first probe until begin_ns; 0: not known */
	const struct ct_session_gap *gaps; /* borrowed, known at its end; of several recordings */
	size_t gap_count;
};

struct ct_series_by;

struct ct_sink {
	const struct ct_sink_ops *ops;
	FILE *out; /* owned unless it is stdout */
	const char *path; /* borrowed; NULL for stdout */
	bool colour; /* out is a terminal that wants it */
	bool utf8; /* the locale is UTF-8 */
	bool live; /* draw records as they come; else only the summary */
	bool steps; /* draw steps too */
	const struct ct_buckets *buckets; /* borrowed; NULL: the default */
	const struct ct_series_by *series_by; /* of metrics; borrowed; NULL: nothing more */
	bool opens; /* and opened files; for outputs that are for people */
	size_t pieces; /* of a critical path, at most; 0: as many as the output finds enough */
	unsigned width; /* columns of the terminal, 0 if it is none: see ct_sink_width() */
	void *state; /* owned, what the ops remember */
};

struct ct_sink_ops {
	const char *name; /* what -o takes */
	const char *suffix; /* of a file that export names itself, e.g. ".csv" */
	const char *help;
	bool binary; /* not text: never to a terminal */
	bool columns; /* drawn in columns: blanks before the end of a line are left out */
	enum ct_sink_steps steps;
	/* Why this build cannot write it, asked before a file is opened. NULL: it can. Optional. */
	const char *(*refuse)(void);
	size_t state_size; /* of s->state, which is zeros when it begins; 0: none */
	/*
	 * Each draws on a page in memory, which is then written whole: no half line, one check of
	 * errors. Returns 0 or -ENOMEM; nothing of the page is written then. All optional.
	 */
	int (*begin)(struct ct_sink *s, FILE *page, const struct ct_session *session);
	int (*record)(struct ct_sink *s, FILE *page, const struct ct_session *session,
		      const struct ct_record *rec);
	int (*end)(struct ct_sink *s, FILE *page, const struct ct_session *session,
		   const struct ct_summary *summary, const struct ct_core_counts *counts);
	void (*free)(void *state); /* what the state owns; optional */
};

/* CLOCK_REALTIME of an instant. A recording may hold any number: it wraps. */
static inline int64_t ct_wall_ns(const struct ct_session *session, uint64_t mono_ns)
{
	return (int64_t)(mono_ns + (uint64_t)session->wall_minus_mono_ns);
}

/* Of the user's environment, whatever setlocale() was or was not told. */
bool ct_locale_is_utf8(void);

/* Ends with NULL. */
extern const struct ct_sink_ops *const ct_sinks[];

/* Of a spec as below; NULL: none is called so. */
const struct ct_sink_ops *ct_sink_find(const char *spec);

/*
 * spec is NAME or NAME:FILE; "-" and no FILE mean stdout. It must outlive the sink. Sets all
 * members from the output and the environment, live and opens on, steps off: change them before begin.
 * The caller closes, and ignores SIGPIPE so that a closed pipe becomes an error.
 *
 * A file that is there keeps what it holds until ct_sink_begin(): one output that is refused, and
 * none has lost anything.
 */
int ct_sink_open(struct ct_sink *s, const char *spec, struct ct_err *err);
int ct_sink_begin(struct ct_sink *s, const struct ct_session *session, struct ct_err *err);
int ct_sink_record(struct ct_sink *s, const struct ct_session *session, const struct ct_record *rec,
		   struct ct_err *err);
/* May be called again: 'coldtrace opens' draws every few seconds. */
int ct_sink_end(struct ct_sink *s, const struct ct_session *session,
		const struct ct_summary *summary, const struct ct_core_counts *counts,
		struct ct_err *err);

/* What ct_sink_open would refuse of the spec itself, and whether it means stdout. Opens nothing. */
int ct_sink_check(const char *spec, bool *ret_stdout, struct ct_err *err);
int ct_sink_close(struct ct_sink *s, struct ct_err *err);

/*
 * For the ops: columns to fill. The terminal may have been resized; a file has no size and keeps
 * the default.
 */
unsigned ct_sink_width(const struct ct_sink *s);

/* For the ops: what draws on the page as the terminal or the file wants it. */
struct ct_pen ct_sink_pen(const struct ct_sink *s, FILE *page);

extern const struct ct_sink_ops ct_table_ops;
extern const struct ct_sink_ops ct_json_ops;
extern const struct ct_sink_ops ct_opens_ops;
extern const struct ct_sink_ops ct_csv_opens_ops;
extern const struct ct_sink_ops ct_timeline_ops;
extern const struct ct_sink_ops ct_cdf_ops;
extern const struct ct_sink_ops ct_histogram_ops;
extern const struct ct_sink_ops ct_pulls_ops;
extern const struct ct_sink_ops ct_html_ops;
extern const struct ct_sink_ops ct_perfetto_ops;
extern const struct ct_sink_ops ct_document_ops;
extern const struct ct_sink_ops ct_flat_ops;
extern const struct ct_sink_ops ct_csv_ops;
extern const struct ct_sink_ops ct_csv_steps_ops;
extern const struct ct_sink_ops ct_csv_layers_ops;
extern const struct ct_sink_ops ct_openmetrics_ops;
extern const struct ct_sink_ops ct_prometheus_ops;
extern const struct ct_sink_ops ct_hdr_ops;
extern const struct ct_sink_ops ct_hgrm_ops;
extern const struct ct_sink_ops ct_otlp_traces_ops;
extern const struct ct_sink_ops ct_otlp_metrics_ops;
