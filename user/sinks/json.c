// SPDX-License-Identifier: GPL-2.0-only
/* JSON Lines; docs/schema.md says what each field is. */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "sinks/escape.h"
#include "sinks/sink.h"
#include "sinks/units.h"
#include "util/mem.h"

#define SCHEMA    "coldtrace/1"
#define DEPTH_MAX 16

/* Writes commas where they belong. The stream is in memory; its errors show at its close. */
struct writer {
	FILE *f;
	bool more[DEPTH_MAX]; /* this level has a member already */
	unsigned depth;
};

static void next(struct writer *w, const char *key)
{
	if (w->more[w->depth])
		putc(',', w->f);
	w->more[w->depth] = true;
	if (key) {
		ct_escape_json(w->f, key);
		putc(':', w->f);
	}
}

static void enter(struct writer *w, const char *key, char bracket)
{
	next(w, key);
	putc(bracket, w->f);
	w->more[++w->depth] = false;
}

static void leave(struct writer *w, char bracket)
{
	putc(bracket, w->f);
	w->depth--;
}

static void put_string(struct writer *w, const char *key, const char *s)
{
	next(w, key);
	ct_escape_json(w->f, s);
}

static void put_u64(struct writer *w, const char *key, uint64_t n)
{
	next(w, key);
	fprintf(w->f, "%llu", (unsigned long long)n);
}

static void put_null(struct writer *w, const char *key)
{
	next(w, key);
	fputs("null", w->f);
}

static void put_u64_or_null(struct writer *w, const char *key, uint64_t n, bool known)
{
	if (known)
		put_u64(w, key, n);
	else
		put_null(w, key);
}

static void put_bool(struct writer *w, const char *key, bool yes)
{
	next(w, key);
	fputs(yes ? "true" : "false", w->f);
}

static void put_time(struct writer *w, const char *key, int64_t real_ns)
{
	char buf[CT_RFC3339_LEN];

	put_string(w, key, ct_rfc3339(buf, real_ns));
}

static int finish(struct ct_sink *s, FILE *f, char **line, size_t *len, struct ct_err *err)
{
	bool bad = fputc('\n', f) == EOF || ferror(f);

	if (fclose(f) || bad)
		return ct_sink_no_memory(s, err);
	return ct_sink_put(s, *line, *len, err);
}

static int json_begin(struct ct_sink *s, const struct ct_session *session, struct ct_err *err)
{
	own_mem char *line = NULL;
	size_t len = 0;
	struct writer w = { .f = open_memstream(&line, &len) };
	int64_t *offset = malloc(sizeof(*offset));

	s->state = offset;
	if (!w.f)
		return ct_sink_no_memory(s, err);
	if (!offset) {
		fclose(w.f);
		return ct_sink_no_memory(s, err);
	}
	*offset = session->wall_minus_mono_ns;
	enter(&w, NULL, '{');
	put_string(&w, "kind", "session");
	put_string(&w, "schema", SCHEMA);
	put_string(&w, "version", session->version);
	put_string(&w, "kernel", session->kernel);
	put_string(&w, "depth", session->depth);
	put_u64(&w, "begin_ns", session->begin_ns);
	put_time(&w, "begin_time", (int64_t)session->begin_ns + *offset);
	leave(&w, '}');
	return finish(s, w.f, &line, &len, err);
}

static void put_who(struct writer *w, const struct ct_identity *who)
{
	put_string(w, "id", who->id);
	put_string(w, "name", who->name);
	put_string(w, "image", who->image);
	put_string(w, "runtime", who->runtime);
	put_string(w, "engine", who->engine);
	put_u64_or_null(w, "init_pid", who->init_pid, who->init_pid);
}

static void put_phases(struct writer *w, const struct ct_record *rec)
{
	enter(w, "phases", '{');
	for (unsigned p = 0; p < CT_PHASE_MAX; p++) {
		uint64_t ns = ct_record_phase_ns(rec, (enum ct_phase)p);
		bool gap = p == CT_PHASE_CLIENT || p == CT_PHASE_UNKNOWN;

		if (rec->missing >> p & 1)
			put_null(w, ct_phase_names[p]);
		else if (ns || (rec->seen >> p & 1 && !gap))
			put_u64(w, ct_phase_names[p], ns);
	}
	leave(w, '}');
	enter(w, "segments", '[');
	for (size_t i = 0; i < rec->segment_count && i < CT_SEGMENTS_MAX; i++) {
		enter(w, NULL, '{');
		put_string(w, "phase", ct_phase_names[rec->segments[i].phase]);
		put_u64(w, "begin_ns", rec->segments[i].begin_ns);
		put_u64(w, "end_ns", rec->segments[i].end_ns);
		leave(w, '}');
	}
	leave(w, ']');
}

static void put_ready(struct writer *w, const struct ct_record *rec)
{
	if (rec->ready < 0 || rec->ready >= CT_READY_MAX) {
		put_null(w, "ready");
		return;
	}
	enter(w, "ready", '{');
	put_string(w, "by", ct_ready_names[rec->ready]);
	put_u64(w, "ns", rec->ready_ns);
	leave(w, '}');
}

static void put_failed(struct writer *w, const struct ct_record *rec)
{
	if (rec->outcome != CT_OUTCOME_FAILED) {
		put_null(w, "failed");
		return;
	}
	enter(w, "failed", '{');
	put_string(w, "phase", ct_phase_names[rec->failed_phase]);
	if (rec->failed_step)
		put_string(w, "step", rec->failed_step);
	else
		put_null(w, "step");
	put_string(w, "message", rec->message ? rec->message : "");
	leave(w, '}');
}

static void put_predecessor(struct writer *w, const struct ct_record *rec)
{
	if (!rec->predecessor) {
		put_null(w, "predecessor");
		return;
	}
	enter(w, "predecessor", '{');
	put_string(w, "id", rec->predecessor->id);
	put_string(w, "name", rec->predecessor->name);
	leave(w, '}');
}

static void put_steps(struct writer *w, const struct ct_record *rec)
{
	enter(w, "steps", '[');
	for (size_t i = 0; i < rec->step_count; i++) {
		const struct ct_step *step = &rec->steps[i];

		enter(w, NULL, '{');
		put_string(w, "name", step->name);
		put_string(w, "actor", step->actor ? step->actor : "");
		put_u64(w, "pid", step->pid);
		put_string(w, "phase", ct_phase_names[step->phase]);
		put_u64(w, "begin_ns", step->begin_ns);
		put_u64_or_null(w, "end_ns", step->end_ns, !step->open);
		put_u64(w, "depth", step->depth);
		put_u64(w, "count", step->count);
		put_bool(w, "open", step->open);
		put_string(w, "detail", step->detail);
		leave(w, '}');
	}
	leave(w, ']');
}

static int json_record(struct ct_sink *s, const struct ct_record *rec, struct ct_err *err)
{
	const int64_t *offset = s->state;
	own_mem char *line = NULL;
	size_t len = 0;
	struct writer w = { .f = open_memstream(&line, &len) };
	bool exited = rec->exit_code != CT_NO_EXIT_CODE;

	if (!w.f)
		return ct_sink_no_memory(s, err);
	enter(&w, NULL, '{');
	put_string(&w, "kind", ct_record_names[rec->type]);
	put_string(&w, "outcome", ct_outcome_names[rec->outcome]);
	put_string(&w, "cause", ct_cause_names[rec->cause]);
	put_who(&w, rec->who);
	put_u64_or_null(&w, "exit_code", exited ? (uint64_t)rec->exit_code : 0, exited);
	put_u64(&w, "begin_ns", rec->begin_ns);
	put_u64(&w, "end_ns", rec->end_ns);
	put_u64(&w, "total_ns", rec->end_ns > rec->begin_ns ? rec->end_ns - rec->begin_ns : 0);
	put_time(&w, "begin_time", (int64_t)rec->begin_ns + *offset);
	put_phases(&w, rec);
	put_ready(&w, rec);
	put_u64_or_null(&w, "run_ns", rec->run_ns, rec->run_ns);
	put_u64_or_null(&w, "service_end_ns", rec->service_end_ns, rec->service_end_ns);
	put_bool(&w, "removed", rec->removed);
	put_failed(&w, rec);
	put_predecessor(&w, rec);
	put_steps(&w, rec);
	leave(&w, '}');
	return finish(s, w.f, &line, &len, err);
}

static void put_hist(struct writer *w, const struct ct_hist *h)
{
	static const struct {
		const char *key;
		double quantile;
	} quantiles[] = { { "p50", 0.5 }, { "p90", 0.9 }, { "p99", 0.99 } };
	uint64_t n = h ? ct_hist_count(h) : 0;

	put_u64(w, "n", n);
	put_u64_or_null(w, "min", n ? ct_hist_min(h) : 0, n);
	for (size_t i = 0; i < CT_ARRAY_SIZE(quantiles); i++)
		put_u64_or_null(w, quantiles[i].key,
				n ? ct_hist_quantile(h, quantiles[i].quantile) : 0, n);
	put_u64_or_null(w, "max", n ? ct_hist_max(h) : 0, n);
	put_u64(w, "sum", n ? ct_hist_sum(h) : 0);
}

static void put_group(struct writer *w, const struct ct_summary *summary, const struct ct_group *g)
{
	enter(w, NULL, '{');
	put_string(w, "type", ct_record_names[g->type]);
	put_string(w, "runtime", g->runtime);
	enter(w, "count", '{');
	for (unsigned o = 0; o < CT_OUTCOME_MAX; o++)
		put_u64(w, ct_outcome_names[o], g->count[o]);
	leave(w, '}');
	enter(w, "total", '{');
	put_hist(w, g->total);
	leave(w, '}');
	enter(w, "phases", '{');
	for (unsigned p = 0; p < CT_PHASE_MAX; p++) {
		if (!g->phases[p] && !g->unknown[p])
			continue;
		enter(w, ct_phase_names[p], '{');
		put_hist(w, g->phases[p]);
		put_u64(w, "unknown", g->unknown[p]);
		leave(w, '}');
	}
	leave(w, '}');
	enter(w, "steps", '[');
	for (size_t i = 0, n = ct_summary_steps(summary, g); i < n; i++) {
		const struct ct_step_group *step = ct_summary_step(summary, g, i);

		enter(w, NULL, '{');
		put_string(w, "name", step->name);
		put_string(w, "phase", ct_phase_names[step->phase]);
		put_u64(w, "calls", step->calls);
		put_hist(w, step->hist);
		leave(w, '}');
	}
	leave(w, ']');
	leave(w, '}');
}

/* Returns how much was lost of everything. */
static uint64_t put_lost(struct writer *w, const struct ct_core_counts *counts)
{
	static const char *const symbols[CT_LOSS_MAX] = {
#define X(number, symbol, name, advice) [CT_LOSS_##symbol] = #symbol,
		CT_LOSSES(X)
#undef X
	};
	uint64_t sum = 0;

	enter(w, "lost", '{');
	for (size_t i = 0; i < CT_LOSS_MAX; i++) {
		char key[16] = "";

		for (size_t c = 0; symbols[i][c] && c < sizeof(key) - 1; c++)
			key[c] = (char)tolower((unsigned char)symbols[i][c]);
		put_u64(w, key, counts->lost[i]);
		sum += counts->lost[i];
	}
	leave(w, '}');
	return sum;
}

static int json_end(struct ct_sink *s, const struct ct_session *session,
		    const struct ct_summary *summary, const struct ct_core_counts *counts,
		    struct ct_err *err)
{
	own_mem char *line = NULL;
	size_t len = 0;
	struct writer w = { .f = open_memstream(&line, &len) };
	uint64_t lost;

	if (!w.f)
		return ct_sink_no_memory(s, err);
	enter(&w, NULL, '{');
	put_string(&w, "kind", "summary");
	put_u64(&w, "end_ns", session->end_ns);
	put_time(&w, "end_time", (int64_t)session->end_ns + session->wall_minus_mono_ns);
	enter(&w, "groups", '[');
	for (size_t i = 0; i < ct_summary_groups(summary); i++)
		put_group(&w, summary, ct_summary_group(summary, i));
	leave(&w, ']');
	put_u64(&w, "events", counts->events);
	put_u64(&w, "containers", counts->containers);
	put_u64(&w, "unfinished", counts->open);
	lost = put_lost(&w, counts);
	enter(&w, "unmatched", '{');
	put_u64(&w, "exits", counts->unmatched_exits);
	put_u64(&w, "answers", counts->unmatched_answers);
	put_u64(&w, "requests", counts->unmatched_requests);
	leave(&w, '}');
	put_u64(&w, "unknown_phases", counts->unknown_phases);
	put_bool(&w, "complete", !lost);
	leave(&w, '}');
	return finish(s, w.f, &line, &len, err);
}

static void json_free(struct ct_sink *s)
{
	free(s->state);
	s->state = NULL;
}

const struct ct_sink_ops ct_json_ops = {
	.name = "json",
	.suffix = ".jsonl",
	.help = "JSON Lines for programs: a session line, a line per record, a summary line",
	.begin = json_begin,
	.record = json_record,
	.end = json_end,
	.free = json_free,
};
