// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace report --chains: what starts one after another, and what pre-warming would save. */
#include "cmd/chains.h"

#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/paths.h"
#include "cmd/seen.h"
#include "sinks/json/json_writer.h"
#include "sinks/pen.h"
#include "sinks/units.h"
#include "source/recording/recordings_many.h"
#include "util/mem.h"

#define NAME_COLS  28
#define TIME_COLS  10
#define RANGE_COLS 24
#define WIDTH      100

struct replay {
	const struct ct_options *opts;
	struct ct_window window;
	struct ct_chains *chains;
	struct ct_seen seen;
	struct ct_seen_values names; /* of what started */
	uint64_t records; /* that pass the filters */
	uint64_t starts, asked; /* of them, but of no pod's, and of whom it is known who asked */
	bool failed;
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct replay *r = ctx;

	ct_seen_add(&r->seen, r->opts, rec);
	if (r->failed || !ct_options_match(r->opts, &r->window, rec))
		return;
	r->records++;
	if (rec->type == CT_RECORD_START) {
		ct_seen_count(&r->names, *rec->who->name ? rec->who->name : rec->who->image);
		/* A kubelet asks for all that is of pods. */
		r->starts += !*rec->who->pod_uid;
		r->asked += !*rec->who->pod_uid && rec->who->client.pid != 0;
	}
	r->failed = ct_chains_add(r->chains, rec) != 0;
}

static void on_turn(void *ctx, const struct ct_input *in)
{
	const struct replay *r = ctx;

	(void)in;
	ct_chains_turn(r->chains);
}

static const char *signed_ns(const struct ct_pen *pen, char *buf, size_t size, double ns)
{
	char text[CT_DURATION_LEN];

	ct_duration(text, (uint64_t)(fabs(ns) + 0.5), pen->utf8 ? CT_DURATION_UTF8 : 0);
	snprintf(buf, size, "%s%s", ns <= -0.5 ? "-" : "", text);
	return buf;
}

static void put_time(struct ct_pen *pen, double ns, size_t width)
{
	char text[40];

	ct_pen_right(pen, signed_ns(pen, text, sizeof(text), ns), width);
}

static void put_range(struct ct_pen *pen, double low, double high)
{
	char a[40], b[40], text[90];

	snprintf(text, sizeof(text), "%s .. %s", signed_ns(pen, a, sizeof(a), low),
		 signed_ns(pen, b, sizeof(b), high));
	ct_pen_right(pen, text, RANGE_COLS);
}

static void draw_members(struct ct_pen *pen, const struct ct_chain *chain)
{
	ct_pen_left(pen, "  member", NAME_COLS + 2);
	ct_pen_right(pen, "start p50", TIME_COLS);
	ct_pen_right(pen, "min .. max", RANGE_COLS);
	ct_pen_right(pen, "run p50", TIME_COLS);
	ct_pen_right(pen, "gap p50", TIME_COLS);
	ct_pen_right(pen, "min .. max", RANGE_COLS);
	fputc('\n', pen->f);
	for (size_t m = 0; m < chain->member_count; m++) {
		fputs("  ", pen->f);
		ct_pen_foreign(pen, chain->members[m], NAME_COLS, true);
		put_time(pen, chain->start[m].median, TIME_COLS);
		put_range(pen, chain->start[m].min, chain->start[m].max);
		if (chain->runs[m])
			put_time(pen, chain->run[m].median, TIME_COLS);
		else
			ct_pen_right(pen, "-", TIME_COLS);
		if (m) {
			put_time(pen, chain->gap[m].median, TIME_COLS);
			put_range(pen, chain->gap[m].min, chain->gap[m].max);
		}
		fputc('\n', pen->f);
	}
}

static void draw_path(struct ct_pen *pen, const struct ct_chain *chain)
{
	const struct ct_middle *total = &chain->total;
	char a[40], b[40], low[40], high[40], text[512];

	snprintf(
		text, sizeof(text),
		"  path, p50: %s (%s %s .. %s, variation %.0f %%), of which members start for %s (%.0f %%)",
		signed_ns(pen, a, sizeof(a), total->median),
		total->sure ? "95 % interval" : "too few for an interval, all are",
		signed_ns(pen, low, sizeof(low), total->sure ? total->low : total->min),
		signed_ns(pen, high, sizeof(high), total->sure ? total->high : total->max),
		100 * chain->variation, signed_ns(pen, b, sizeof(b), chain->cold.median),
		100 * chain->share.median);
	ct_pen_wrap(pen, text, 0, 4, WIDTH);
	fputc('\n', pen->f);
}

static void draw_what_if(struct ct_pen *pen, const struct ct_chain *chain)
{
	if (!chain->what_if_count)
		return;
	ct_pen_left(pen, "  started earlier", NAME_COLS + 2);
	ct_pen_right(pen, "saves p50", TIME_COLS);
	ct_pen_right(pen, "95 % interval", RANGE_COLS);
	ct_pen_right(pen, "n", TIME_COLS / 2);
	ct_pen_right(pen, "idle p50", TIME_COLS);
	fputc('\n', pen->f);
	for (size_t i = 0; i < chain->what_if_count; i++) {
		const struct ct_chain_what_if *w = &chain->what_if[i];
		bool all = __builtin_popcount(w->members) > 1 || chain->member_count == 2;
		char n[24];

		fputs("  ", pen->f);
		if (all)
			ct_pen_left(pen, "all but the first", NAME_COLS);
		else
			ct_pen_foreign(pen, chain->members[__builtin_ctz(w->members)], NAME_COLS,
				       true);
		put_time(pen, w->saved.median, TIME_COLS);
		if (w->saved.sure)
			put_range(pen, w->saved.low, w->saved.high);
		else
			ct_pen_right(pen, "too few", RANGE_COLS);
		snprintf(n, sizeof(n), "%zu", chain->count);
		ct_pen_right(pen, n, TIME_COLS / 2);
		put_time(pen, w->idle, TIME_COLS);
		fputc('\n', pen->f);
	}
}

static void draw_beside_starts(struct ct_pen *pen, const struct ct_contention *by)
{
	char text[512];

	if (by->told)
		snprintf(
			text, sizeof(text),
			"Beside another that starts one takes %.2f times as long in this recording as those of the same image that are alone, beside two %.2f (n %zu, alone %zu): so does what would overlap then.",
			1 + by->more, 1 + 2 * by->more, by->overlapping, by->alone);
	else
		snprintf(
			text, sizeof(text),
			"This recording does not say how much slower starts are beside other starts: of no image %d are and %d are not (in all %zu are, %zu are not). Nothing is taken off for that.",
			CT_CONTENTION_LEAST, CT_CONTENTION_LEAST, by->overlapping, by->alone);
	ct_pen_wrap(pen, text, 0, 0, WIDTH);
	fputc('\n', pen->f);
}

static void draw_beside_stops(struct ct_pen *pen, const struct ct_contention *by)
{
	char text[512];

	if (by->beside_stops > 0)
		snprintf(
			text, sizeof(text),
			"Beside another's stop a start loses %.0f %% of that time (n %zu): so it does where it is moved to.",
			100 * by->lost, by->beside_stops);
	else
		snprintf(
			text, sizeof(text),
			"How much one loses beside another's stop it does not say: of no phase %d were beside one, and %d were not. Nothing is taken off for that.",
			CT_CONTENTION_LEAST, CT_CONTENTION_LEAST);
	ct_pen_wrap(pen, text, 0, 0, WIDTH);
	fputc('\n', pen->f);
}

static void draw_method(struct ct_pen *pen, const struct ct_chains *c)
{
	const struct ct_chains_how *how = ct_chains_how(c);
	char text[256], lead[CT_DURATION_LEN];

	if (!how->prewarm)
		return;
	snprintf(text, sizeof(text), "What if: each is asked for %s%s.",
		 how->lead_ns == UINT64_MAX ? "with the first request"
					    : ct_duration(lead, how->lead_ns, 0),
		 how->lead_ns == UINT64_MAX
			 ? ""
			 : " before its own request, and never before the first one");
	ct_pen_wrap(pen, text, 0, 0, WIDTH);
	fputc('\n', pen->f);
	draw_beside_starts(pen, ct_chains_contention(c));
	draw_beside_stops(pen, ct_chains_contention(c));
}

static void draw_chain(struct ct_pen *pen, const struct ct_chain *chain)
{
	ct_pen_foreign(pen, chain->name, sizeof(chain->name), false);
	if (!chain->count) {
		fputs(": not found", pen->f);
		if (chain->begun)
			fprintf(pen->f, ", of %zu time%s that it began", chain->begun,
				chain->begun == 1 ? "" : "s");
		fputc('\n', pen->f);
		return;
	}
	fprintf(pen->f, ": %zu time%s, of %zu that it began (%.0f %%)\n", chain->count,
		chain->count == 1 ? "" : "s", chain->begun,
		100.0 * (double)chain->count / (double)chain->begun);
	draw_members(pen, chain);
	draw_path(pen, chain);
	draw_what_if(pen, chain);
	fputc('\n', pen->f);
}

static void draw(FILE *f, const struct ct_chains *c)
{
	struct ct_pen pen = { .f = f, .width = WIDTH };

	pen.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8");
	for (size_t i = 0; i < ct_chains_count(c); i++)
		draw_chain(&pen, ct_chains_get(c, i));
	if (ct_chains_count(c))
		draw_method(&pen, c);
	else
		fprintf(f,
			"No chain: nothing was started by one client after something else, %d times or more and in the same order.\n",
			CT_CHAIN_TIMES);
}

static void json_middle(struct ct_json *w, const char *key, const struct ct_middle *m, bool known)
{
	const struct {
		const char *key;
		double value;
		bool known;
	} rows[] = { { "median", m->median, true },
		     { "low", m->low, m->sure },
		     { "high", m->high, m->sure },
		     { "min", m->min, true },
		     { "max", m->max, true } };
	char text[40];

	if (!known) {
		ct_json_null(w, key);
		return;
	}
	ct_json_enter(w, key, '{');
	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		snprintf(text, sizeof(text), "%.12g", rows[i].value);
		ct_json_number(w, rows[i].key, rows[i].known ? text : "null");
	}
	ct_json_leave(w, '}');
}

static void json_ratio(struct ct_json *w, const char *key, double value, bool known)
{
	char text[32];

	snprintf(text, sizeof(text), "%.4f", value);
	ct_json_number(w, key, known ? text : "null");
}

static void json_contention(struct ct_json *w, const struct ct_chains *c)
{
	const struct ct_contention *by = ct_chains_contention(c);

	if (!ct_chains_how(c)->prewarm) {
		ct_json_null(w, "contention");
		return;
	}
	ct_json_enter(w, "contention", '{');
	json_ratio(w, "more_beside_each_start", by->more, by->told);
	ct_json_u64(w, "beside_starts", by->overlapping);
	ct_json_u64(w, "alone", by->alone);
	json_ratio(w, "lost_beside_stops", by->lost, by->beside_stops > 0);
	ct_json_u64(w, "beside_stops", by->beside_stops);
	ct_json_leave(w, '}');
}

static void json_chain(struct ct_json *w, const struct ct_chains *c, const struct ct_chain *chain)
{
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "kind", "group");
	ct_json_string(w, "name", chain->name);
	ct_json_bool(w, "named", chain->given);
	ct_json_u64(w, "times", chain->count);
	ct_json_u64(w, "begun", chain->begun);
	ct_json_enter(w, "members", '[');
	for (size_t m = 0; m < chain->member_count; m++) {
		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "name", chain->members[m]);
		json_middle(w, "start_ns", &chain->start[m], chain->count);
		json_middle(w, "run_ns", &chain->run[m], chain->runs[m]);
		json_middle(w, "gap_ns", &chain->gap[m], m && chain->count);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
	json_middle(w, "path_ns", &chain->total, chain->count);
	json_ratio(w, "variation", chain->variation, chain->count);
	json_middle(w, "cold_ns", &chain->cold, chain->count);
	json_middle(w, "cold_share", &chain->share, chain->count);
	ct_json_enter(w, "what_if", '[');
	for (size_t i = 0; i < chain->what_if_count; i++) {
		const struct ct_chain_what_if *what = &chain->what_if[i];

		ct_json_enter(w, NULL, '{');
		ct_json_enter(w, "members", '[');
		for (size_t m = 1; m < chain->member_count; m++)
			if (what->members >> m & 1)
				ct_json_string(w, NULL, chain->members[m]);
		ct_json_leave(w, ']');
		json_middle(w, "saved_ns", &what->saved, true);
		ct_json_u64(w, "idle_ns", (uint64_t)what->idle);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
	json_contention(w, c);
	ct_json_leave(w, '}');
	fputc('\n', w->f);
	w->more[0] = false;
}

static int print(const struct ct_options *opts, const struct ct_chains *c, struct ct_err *err)
{
	own_mem char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	struct ct_json w = { .f = f };
	bool bad;

	if (!f)
		return ct_fail(err, ENOMEM, "print the chains: out of memory");
	for (size_t i = 0; i < ct_chains_count(c) && opts->json; i++)
		json_chain(&w, c, ct_chains_get(c, i));
	if (!opts->json)
		draw(f, c);
	bad = ferror(f);
	if (fclose(f) || bad)
		return ct_fail(err, ENOMEM, "print the chains: out of memory");
	ct_pen_trim(text, &len);
	errno = 0;
	if ((fwrite(text, 1, len, stdout) != len || fflush(stdout)) && errno != EPIPE)
		return ct_fail(err, errno ? errno : EIO, "print the chains to 'stdout': %s",
			       strerror(errno ? errno : EIO));
	return 0;
}

/* What was named and is not there, or what filters have kept out. */
static void say_missing(const struct replay *r, const struct ct_recordings *all)
{
	const struct ct_chains_how *how = ct_chains_how(r->chains);
	uint32_t matched[CT_CHAIN_NAMED] = { 0 };
	char text[4096] = "";

	if (!r->records &&
	    ct_seen_sentence(&r->seen, r->opts, all->wall_minus_mono_ns, text, sizeof(text))) {
		ct_say("%s", text);
		return;
	}
	if (how->find && r->asked < r->starts)
		ct_say("of %llu of %llu starts it is not known who asked (nobody was heard to, or the recording is of an older version): --chain names them",
		       (unsigned long long)(r->starts - r->asked), (unsigned long long)r->starts);
	/* Those that were named come first. */
	for (size_t i = 0; i < how->named_count; i++)
		matched[i] = ct_chains_get(r->chains, i)->matched;
	ct_say_not_started(how, matched, &r->names, "");
}

static int replay(struct replay *r, struct ct_recordings *all, bool *ret_cut, struct ct_err *err)
{
	const struct ct_core_options core = {
		.ready_mask = r->opts->ready_mask,
		.containers_max = r->opts->containers_max,
	};
	const struct ct_core_ops ops = { .record = on_record };
	const struct ct_many how = {
		.jobs = r->opts->jobs, .core = &core, .ops = &ops, .ctx = r, .turn = on_turn
	};
	struct ct_core_counts counts = { 0 };
	int ret = ct_recordings_open(all, r->opts->operands.items, r->opts->operands.count, err);

	r->window = ct_options_window(r->opts, all->wall_minus_mono_ns, all->begin_ns);
	if (!ret)
		ret = ct_recordings_replay_many(all, &how, &counts, err);
	for (size_t i = 0; i < all->count; i++)
		*ret_cut |= all->items[i].cut;
	*ret_cut |= ct_counts_incomplete(&counts);
	ct_say_cut(all);
	ct_say_lost(&counts);
	ct_say_unscrubbed(all);
	if (!ret && (r->failed || ct_chains_run(r->chains)))
		ret = ct_fail(err, ENOMEM, "look for chains: out of memory");
	return ret;
}

int ct_report_chains(const struct ct_options *opts, struct ct_err *err)
{
	struct replay r = { .opts = opts, .chains = ct_chains_new(&opts->chains) };
	struct ct_options expanded = *opts;
	struct ct_directories paths = { 0 };
	struct ct_recordings all = { 0 };
	bool cut = false;
	int ret;

	signal(SIGPIPE, SIG_IGN);
	if (!r.chains)
		return ct_fail(err, ENOMEM, "look for chains: out of memory");
	r.opts = &expanded;
	ret = ct_directories_expand(&paths, &expanded.operands, err);
	if (!ret)
		ret = replay(&r, &all, &cut, err);
	if (!ret)
		say_missing(&r, &all);
	if (!ret)
		ret = print(opts, r.chains, err);
	ct_recordings_close(&all);
	ct_directories_free(&paths);
	ct_chains_free(r.chains);
	return !ret && cut ? CT_EXIT_INCOMPLETE : ret;
}
