// SPDX-License-Identifier: GPL-2.0-only
/*
 * HdrHistogram's interval log (format 1.3) and its percentile text, one histogram per runtime and
 * phase; docs/formats.md says which records are in which.
 */
#include <errno.h>
#include <string.h>

#include "sinks/hdr/hdr_hist.h"
#include "sinks/series.h"
#include "stats/opens_totals.h"
#include "util/mem.h"

#define MS_NS 1000000.0
#define S_NS  1000000000.0

static int add(void *cell, const void *ctx, uint64_t ns, const struct ct_session *session,
	       const struct ct_record *rec)
{
	(void)ctx, (void)session, (void)rec;
	return ct_hdr_add(cell, ns);
}

static void drop(void *cell)
{
	ct_hdr_clear(cell);
}

static const struct ct_series_ops series_ops = {
	.cell_size = sizeof(struct ct_hdr),
	.add = add,
	.drop = drop,
	.any_engine = true,
};

static int hdr_record(struct ct_sink *s, FILE *page, const struct ct_session *session,
		      const struct ct_record *rec)
{
	(void)page;
	return ct_series_add(s->state, &series_ops, session, rec);
}

/* A tag of the log must have neither comma nor blank: what is not plain becomes %XX. */
static void put_tag_part(FILE *f, const char *text)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789._-()";

	if (!*text)
		text = "(unknown)";
	for (const char *c = text; *c; c++) {
		if (strchr(plain, *c))
			putc(*c, f);
		else
			fprintf(f, "%%%02X", (unsigned char)*c);
	}
}

static void put_tag(FILE *f, const char *runtime, const char *prefix, const char *what)
{
	put_tag_part(f, runtime);
	fprintf(f, ".%s%s", prefix, what);
}

/* Draws one histogram under its tag. Returns 0 or -ENOMEM. */
typedef int put_fn(FILE *f, const struct ct_session *session, const char *runtime,
		   const char *prefix, const char *what, const struct ct_hdr *h);

/*
 * A restart consists of a stop and a start that have records of their own: its phases would count
 * twice.
 */
static int put_phase(FILE *f, const struct ct_session *session, const struct ct_series_set *set,
		     const char *runtime, enum ct_phase phase, put_fn *put)
{
	struct ct_hdr sum = { 0 };
	int ret = 0;

	for (size_t i = 0; i < set->count && !ret; i++) {
		const struct ct_series *series = set->items[i];

		if (series->type != CT_RECORD_RESTART && series->cells[phase] &&
		    !strcmp(series->runtime, runtime))
			ret = ct_hdr_merge(&sum, series->cells[phase]);
	}
	if (!ret && sum.count)
		ret = put(f, session, runtime, "", ct_phase_names[phase], &sum);
	ct_hdr_clear(&sum);
	return ret;
}

static int put_runtime(FILE *f, const struct ct_session *session, const struct ct_series_set *set,
		       const char *runtime, put_fn *put)
{
	int ret = 0;

	for (unsigned p = 0; p < CT_PHASE_MAX && !ret; p++)
		ret = put_phase(f, session, set, runtime, (enum ct_phase)p, put);
	for (size_t i = 0; i < set->count && !ret; i++) {
		const struct ct_series *series = set->items[i];

		if (series->cells[CT_SERIES_TOTAL] && !strcmp(series->runtime, runtime))
			ret = put(f, session, runtime, "total-", ct_record_names[series->type],
				  series->cells[CT_SERIES_TOTAL]);
	}
	return ret;
}

/* The runtime that follows after, by name; NULL at the end. */
static const char *next_runtime(const struct ct_series_set *set, const char *after)
{
	const char *next = NULL;

	for (size_t i = 0; i < set->count; i++) {
		const char *runtime = set->items[i]->runtime;

		if ((!after || strcmp(runtime, after) > 0) && (!next || strcmp(runtime, next) < 0))
			next = runtime;
	}
	return next;
}

static int put_runtimes(FILE *f, const struct ct_session *session, const struct ct_series_set *set,
			put_fn *put)
{
	const char *runtime = NULL;
	int ret = 0;

	while (!ret && (runtime = next_runtime(set, runtime)))
		ret = put_runtime(f, session, set, runtime, put);
	return ret;
}

static int add_many(void *ctx, uint64_t ns, uint64_t count)
{
	return ct_hdr_add_many(ctx, ns, count);
}

/* "runc.native-open": times of opens, to the 1/128 with which they were counted. */
static int put_opens(FILE *f, const struct ct_session *session, const struct ct_opens_total *t,
		     enum ct_open_call call, put_fn *put)
{
	struct ct_hdr h = { 0 };
	char prefix[32];
	int ret;

	if (!t->hist[call])
		return 0;
	snprintf(prefix, sizeof(prefix), "%s-", ct_view_names[t->view]);
	ret = ct_hist_each(t->hist[call], add_many, &h);
	if (!ret)
		ret = put(f, session, t->runtime, prefix, ct_open_call_names[call], &h);
	ct_hdr_clear(&h);
	return ret;
}

static int put_all_opens(FILE *f, const struct ct_session *session, const struct ct_opens_list *l,
			 put_fn *put)
{
	struct ct_opens_totals totals;
	int ret = 0;

	if (!l->count)
		return 0;
	if (ct_opens_totals_make(&totals, l))
		return -ENOMEM;
	for (size_t i = 0; i < totals.count; i++)
		for (int call = 0; call < CT_OPEN_CALL_MAX && !ret; call++)
			ret = put_opens(f, session, &totals.items[i], (enum ct_open_call)call, put);
	ct_opens_totals_clear(&totals);
	return ret;
}

static double session_seconds(const struct ct_session *session)
{
	return session->end_ns > session->begin_ns
		       ? (double)(session->end_ns - session->begin_ns) / S_NS
		       : 0;
}

static int put_log_line(FILE *f, const struct ct_session *session, const char *runtime,
			const char *prefix, const char *what, const struct ct_hdr *h)
{
	int ret;

	fputs("Tag=", f);
	put_tag(f, runtime, prefix, what);
	fprintf(f, ",0.000,%.3f,%.3f,", session_seconds(session),
		(double)ct_hdr_highest_equivalent(h->max_ns) / MS_NS);
	ret = ct_hdr_put_base64(f, h);
	putc('\n', f);
	return ret;
}

static int put_percentiles(FILE *f, const struct ct_session *session, const char *runtime,
			   const char *prefix, const char *what, const struct ct_hdr *h)
{
	(void)session;
	fputs("#[Tag = ", f);
	put_tag(f, runtime, prefix, what);
	fputs(", values in ms]\n", f);
	ct_hdr_put_percentiles(f, h, MS_NS);
	putc('\n', f);
	return 0;
}

static int put_all(const struct ct_sink *s, FILE *page, const struct ct_session *session,
		   const struct ct_summary *summary, put_fn *put)
{
	int ret = put_runtimes(page, session, s->state, put);

	return ret ? ret : put_all_opens(page, session, ct_summary_opened(summary), put);
}

static int log_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		   const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	double begin = (double)ct_wall_ns(session, session->begin_ns) / S_NS;

	(void)counts;
	fprintf(page,
		"#[Histogram log format version 1.3]\n"
		"#[BaseTime: %.3f (seconds since epoch)]\n"
		"#[StartTime: %.3f (seconds since epoch)]\n"
		"\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\","
		"\"Interval_Compressed_Histogram\"\n",
		begin, begin);
	return put_all(s, page, session, summary, put_log_line);
}

static int percentiles_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
			   const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	(void)counts;
	return put_all(s, page, session, summary, put_percentiles);
}

const struct ct_sink_ops ct_hdr_ops = {
	.name = "hdr",
	.suffix = ".hlog",
	.help = "HdrHistogram log, a histogram per runtime and phase",
	.state_size = sizeof(struct ct_series_set),
	.record = hdr_record,
	.end = log_end,
	.free = ct_series_free,
};

const struct ct_sink_ops ct_hgrm_ops = {
	.name = "hgrm",
	.suffix = ".hgrm",
	.help = "HdrHistogram percentile text, the same histograms",
	.state_size = sizeof(struct ct_series_set),
	.record = hdr_record,
	.end = percentiles_end,
	.free = ct_series_free,
};
