// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/recording/recordings_many.h"
#include "util/mem.h"

#define NS_PER_US 1000ull

/* A file: what else has a name, such as a terminal or /dev/null, any number may write to. */
static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return S_ISREG(a->st_mode) && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* "-" is the descriptor. */
static int ask_file(const char *path, int fd, struct stat *ret)
{
	return strcmp(path, "-") != 0 ? stat(path, ret) : fstat(fd, ret);
}

/* An output is not written over the recording that it is made of. */
static int spare_inputs(const struct ct_options *opts, const struct ct_sink *sink,
			const struct stat *out, struct ct_err *err)
{
	for (size_t i = 0; i < opts->operands.count; i++) {
		const char *input = opts->operands.items[i];
		struct stat in;

		if (!ask_file(input, STDIN_FILENO, &in) && is_same_file(out, &in))
			return ct_fail(err, CT_EUSAGE,
				       "open '%s' for output: it is the recording '%s' itself",
				       sink->path ? sink->path : "stdout", input);
	}
	return 0;
}

/* Nor over the recording that is being made. */
static int spare_record(const struct ct_options *opts, const struct ct_sink *sink,
			const struct stat *out, struct ct_err *err)
{
	struct stat record;
	bool to_stdout = opts->record && !strcmp(opts->record, "-");

	if (!opts->record ||
	    ((!to_stdout || sink->path) &&
	     (ask_file(opts->record, STDOUT_FILENO, &record) || !is_same_file(out, &record))))
		return 0;
	return ct_fail(
		err, CT_EUSAGE,
		"open recording '%s': output '%s' goes there too; name another file for one of them",
		to_stdout ? "stdout" : opts->record, sink->ops->name);
}

/* Nor over another. Pictures follow one another on stdout. */
static int spare_output(const struct ct_sink *sink, const struct stat *out,
			const struct ct_sink *other, struct ct_err *err)
{
	struct stat st;

	if ((!sink->path && !other->path) || fstat(fileno(other->out), &st) ||
	    !is_same_file(out, &st))
		return 0;
	return ct_fail(err, CT_EUSAGE,
		       "open '%s' for output '%s': output '%s' goes there too; write '%s:FILE'",
		       sink->path ? sink->path : "stdout", sink->ops->name, other->ops->name,
		       sink->ops->name);
}

/* Of an output that was opened, whatever it is called: nothing else is in that file. */
static int check_alone(const struct ct_run_session *s, const struct ct_sink *sink,
		       struct ct_err *err)
{
	struct stat out;
	int ret;

	if (fstat(fileno(sink->out), &out))
		return 0; /* stdout is closed: writing will say so */
	ret = spare_inputs(s->opts, sink, &out, err);
	if (!ret)
		ret = spare_record(s->opts, sink, &out, err);
	for (const struct ct_sink *other = s->sinks; !ret && other < sink; other++)
		ret = spare_output(sink, &out, other, err);
	return ret;
}

int ct_session_open(struct ct_run_session *s, const struct ct_options *opts,
		    const struct ct_core_ops *ops, void *ctx, struct ct_err *err)
{
	static const char *const by_default[] = { "table" };
	const char *const *specs = opts->outputs.count ? opts->outputs.items : by_default;
	size_t count = opts->outputs.count ? opts->outputs.count : !opts->silent;
	struct ct_core_options core = {
		.ready_mask = opts->ready_mask,
		.containers_max = opts->containers_max,
		.restarts_by_image = opts->restarts_by_image,
		.steps = opts->steps || opts->why,
		.parts = !opts->phases,
		.why = opts->why,
		.node = s->node,
		.groups = opts->chains.named,
		.group_count = opts->chains.named_count,
	};
	int ret;

	memset(s, 0, sizeof(*s));
	s->opts = opts;
	for (size_t i = 0; i < count; i++) {
		ret = ct_sink_open(&s->sinks[i], specs[i], err);
		if (ret)
			return ret;
		s->sink_count++;
		ret = check_alone(s, &s->sinks[i], err);
		if (ret)
			return ret;
		s->sinks[i].steps = opts->steps;
		if (opts->runs && !opts->live) /* of many runs only what they say together */
			s->sinks[i].live = false;
		s->sinks[i].buckets = opts->buckets.count ? &opts->buckets : NULL;
		s->sinks[i].series_by = &opts->metrics_by;
		s->sinks[i].opens = opts->opens;
		s->sinks[i].pieces = opts->path_pieces;
		if (s->sinks[i].ops == &ct_opens_ops)
			s->sinks[i].live = opts->interval > 0;
	}
	if (ops)
		s->core = ct_core_new(&core, ops, ctx);
	s->summary = ct_summary_new_by(opts->by);
	if (s->summary)
		ct_summary_opens(s->summary)->how = opts->how;
	if ((ops && !s->core) || !s->summary)
		return ct_fail(err, ENOMEM, "begin the session: out of memory");
	return 0;
}

static bool draws_steps(const struct ct_sink *sink)
{
	return sink->ops->steps != CT_SINK_STEPS_ASKED;
}

static bool is_deep(const struct ct_run_session *s, const struct ct_sink *sink)
{
	return s->deep && draws_steps(sink);
}

/*
 * What is asked of the cores of a replay. Outputs that draw steps take what recordings have, unless
 * they are not wanted; the others get what was asked for.
 */
static int deepen(struct ct_run_session *s, const struct ct_recordings *recordings,
		  struct ct_core_options *core, struct ct_err *err)
{
	const struct ct_options *opts = s->opts;
	unsigned int depth = CT_DEEP_STEPS;
	bool draws = false;

	for (size_t i = 0; i < recordings->count; i++)
		depth |= recordings->items[i].header->depth;
	for (size_t i = 0; i < s->sink_count; i++)
		draws |= draws_steps(&s->sinks[i]);
	if (!draws || opts->phases || opts->shallow ||
	    (opts->steps && (opts->why || !(depth & CT_DEEP_WHY))))
		return 0;
	s->deep = ct_summary_new_by(opts->by);
	if (!s->deep)
		return ct_fail(err, ENOMEM, "begin the session: out of memory");
	ct_summary_opens_of(s->deep, s->summary);
	core->steps = true;
	core->why |= (depth & CT_DEEP_WHY) != 0;
	for (size_t i = 0; i < s->sink_count; i++)
		s->sinks[i].steps |= is_deep(s, &s->sinks[i]);
	return 0;
}

/* Without what only other outputs draw. */
static struct ct_record as_asked(const struct ct_options *opts, const struct ct_record *rec)
{
	struct ct_record asked = *rec;

	if (!opts->why) {
		asked.why = NULL;
		asked.path = NULL;
		asked.piece_count = 0;
	}
	if (!opts->why && !opts->steps) {
		asked.steps = NULL;
		asked.step_count = 0;
	}
	return asked;
}

/* Every output has failed, or has nobody who reads it. */
static bool is_done(const struct ct_run_session *s)
{
	for (size_t i = 0; i < s->sink_count; i++)
		if (s->sinks[i].ops)
			return false;
	return s->sink_count > 0;
}

/*
 * That output is done, the others go on. Who reads stdout has gone, as head does when it has seen
 * what it wanted: no error. Any other failure is one, and the session keeps the first. path: where
 * it went, NULL for stdout; the sink may be closed already.
 */
static void sink_failed(struct ct_run_session *s, struct ct_sink *sink, const char *path,
			const struct ct_err *err)
{
	struct ct_err ignored;

	if (err->code != -EPIPE || path) {
		if (!s->failed)
			s->err = *err;
		s->failed = true;
	}
	ct_sink_close(sink, &ignored);
	s->left = !s->failed && is_done(s);
}

int ct_session_begin(struct ct_run_session *s, struct ct_err *err)
{
	struct ct_err own;

	for (size_t i = 0; i < s->sink_count; i++) {
		struct ct_sink *sink = &s->sinks[i];

		if (ct_sink_begin(sink, &s->head, &own))
			sink_failed(s, sink, sink->path, &own);
	}
	if (s->failed)
		*err = s->err;
	return s->failed ? err->code : 0;
}

static void no_memory(struct ct_run_session *s, const char *what)
{
	if (!s->failed)
		ct_fail(&s->err, ENOMEM, "%s: out of memory", what);
	s->failed = s->full = true;
}

/* The end of what has just been counted, as far as it is there: nobody has waited for it. */
static bool is_going_on(const struct ct_record *rec)
{
	return rec->type == CT_RECORD_STOP && rec->outcome == CT_OUTCOME_CUT && !rec->first;
}

void ct_session_record(struct ct_run_session *s, const struct ct_record *rec)
{
	const struct ct_record *asked = rec;
	struct ct_record less;
	struct ct_err err;

	if (s->full)
		return;
	if (s->over && is_going_on(rec)) {
		s->kept_back++;
		return;
	}
	ct_seen_add(&s->seen, s->opts, rec);
	if (ct_options_match_who(s->opts, rec->who)) /* whatever is told of it */
		s->containers += rec->first;
	if (!ct_options_match(s->opts, &s->window, rec))
		return;
	if (s->deep || !s->opts->steps) {
		less = as_asked(s->opts, rec);
		asked = &less;
	}
	if (s->chains && ct_chains_add(s->chains, rec)) {
		no_memory(s, "look for chains");
		return;
	}
	s->records++;
	s->counted += ct_options_counts(s->opts, rec->type);
	if (ct_summary_add(s->summary, asked) || (s->deep && ct_summary_add(s->deep, rec))) {
		no_memory(s, "summarize a record");
		return;
	}
	for (size_t i = 0; i < s->sink_count; i++) {
		struct ct_sink *sink = &s->sinks[i];

		if (sink->ops &&
		    ct_sink_record(sink, &s->head, draws_steps(sink) ? rec : asked, &err))
			sink_failed(s, sink, sink->path, &err);
	}
}

void ct_session_left(struct ct_run_session *s, const struct ct_identity *who, bool told, bool open)
{
	if (!ct_options_match_who(s->opts, who))
		return;
	s->containers += !told;
	s->open += open;
}

/*
 * A filter bounds what is counted of containers; how many probes each had is told with its records alone. Lost
 * and unmatched is what nobody knows whose it was.
 */
static struct ct_core_counts bounded(const struct ct_run_session *s,
				     const struct ct_core_counts *counts)
{
	struct ct_core_counts own = *counts;

	if (ct_options_filter(s->opts)) {
		own.containers = s->containers;
		own.open = s->open;
		memset(&own.probes, 0, sizeof(own.probes));
	}
	if (s->records == s->seen.records && !s->kept_back)
		return own;
	own.unknown_phases = 0;
	for (unsigned p = 0; p < CT_PHASE_MAX; p++)
		own.unknown_phases += ct_summary_unknown(s->summary, (enum ct_phase)p);
	return own;
}

/* Of a run that began at another time than is asked for. */
static bool is_beyond(const struct ct_window *window, const struct ct_opens *opens)
{
	return !ct_window_has(window, opens->exec_ns ? opens->exec_ns : opens->first_ns);
}

void ct_session_opens(struct ct_run_session *s, struct ct_opens *opens)
{
	/* A part of what it opened until it was ready has been drawn, and is gone. */
	if (opens->exec_ns < s->drawn_ns)
		opens->ready_ns = 0;
	if (s->full || !ct_options_match_who(s->opts, &opens->who) || is_beyond(&s->window, opens))
		ct_opens_free(opens);
	else if (ct_opens_list_take(ct_summary_opens(s->summary), opens))
		no_memory(s, "summarize opened files");
}

void ct_session_interval(struct ct_run_session *s, uint64_t now_ns)
{
	const struct ct_core_counts all = ct_core_counts(s->core), counts = bounded(s, &all);
	struct ct_err err;

	ct_core_tell_opens(s->core);
	s->head.end_ns = now_ns;
	for (size_t i = 0; i < s->sink_count; i++) {
		struct ct_sink *sink = &s->sinks[i];

		if (sink->ops == &ct_opens_ops &&
		    ct_sink_end(sink, &s->head, s->summary, &counts, &err))
			sink_failed(s, sink, sink->path, &err);
	}
	ct_opens_list_clear(ct_summary_opens(s->summary));
	s->drawn_ns = now_ns;
}

int ct_session_end(struct ct_run_session *s, uint64_t end_ns, struct ct_err *err)
{
	struct ct_core_counts counts = s->counts;
	struct ct_err own;

	if (s->core)
		ct_core_flush(s->core);
	s->head.end_ns = end_ns;
	if (s->core)
		counts = ct_core_counts(s->core);
	counts = bounded(s, &counts);
	for (size_t i = 0; i < s->sink_count; i++) {
		struct ct_sink *sink = &s->sinks[i];
		const char *path = sink->path;

		if (!sink->ops)
			continue;
		if (ct_sink_end(sink, &s->head, is_deep(s, sink) ? s->deep : s->summary, &counts,
				&own) ||
		    ct_sink_close(sink, &own))
			sink_failed(s, sink, path, &own);
	}
	if (s->failed) {
		*err = s->err;
		return err->code;
	}
	return ct_counts_incomplete(&counts) ? 1 : 0;
}

void ct_session_close(struct ct_run_session *s)
{
	struct ct_err ignored;

	for (size_t i = 0; i < s->sink_count; i++)
		ct_sink_close(&s->sinks[i], &ignored);
	ct_core_free(s->core);
	ct_chains_free(s->chains);
	ct_gaps_free(s->gaps);
	s->chains = NULL;
	s->gaps = NULL;
	ct_summary_free(s->deep);
	ct_summary_free(s->summary);
	s->core = NULL;
	s->summary = s->deep = NULL;
	s->sink_count = 0;
}

bool ct_session_unmatched(const struct ct_run_session *s, char *ret, size_t size)
{
	return !s->records &&
	       ct_seen_sentence(&s->seen, s->opts, s->head.wall_minus_mono_ns, ret, size);
}

/* "a", or "a, b" where recordings differ. */
static void add_name(char *names, size_t size, const char *name)
{
	size_t len = strlen(names), own = strlen(name);

	for (const char *at = names; (at = strstr(at, name)) != NULL; at += own)
		if (!own || ((at == names || at[-1] == ' ') && (!at[own] || at[own] == ',')))
			return;
	snprintf(names + len, size - len, "%s%s", len ? ", " : "", name);
}

static void describe(struct ct_run_session *s, const struct ct_recordings *recordings)
{
	unsigned int depth = CT_DEEP_STEPS | CT_DEEP_WHY;
	uint64_t attach_ns = 0;

	for (size_t i = 0; i < recordings->count; i++) {
		const struct ct_recording_header *h = recordings->items[i].header;

		add_name(s->version, sizeof(s->version), h->program);
		add_name(s->kernel, sizeof(s->kernel), h->kernel);
		depth &= h->depth;
		if (h->attach_us * NS_PER_US > attach_ns)
			attach_ns = h->attach_us * NS_PER_US;
	}
	s->head = (struct ct_session){
		.version = s->version,
		.kernel = s->kernel,
		.depth = ct_depth_name(depth),
		.wall_minus_mono_ns = recordings->wall_minus_mono_ns,
		.begin_ns = recordings->begin_ns,
		.attach_ns = attach_ns,
	};
	s->window = ct_options_window(s->opts, s->head.wall_minus_mono_ns, s->head.begin_ns);
}

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct ct_run_session *s = ctx;

	if (!ct_gaps_record(s->gaps, rec))
		no_memory(s, "remember what was known before");
	ct_session_record(s, rec);
}

static void on_opens(void *ctx, struct ct_opens *opens)
{
	ct_session_opens(ctx, opens);
}

static void on_left(void *ctx, const struct ct_identity *who, bool told, bool open)
{
	struct ct_run_session *s = ctx;

	if (!ct_gaps_left(s->gaps, who, told, open))
		no_memory(s, "remember what was known before");
	ct_session_left(s, who, told, open);
}

static void on_turn(void *ctx, const struct ct_input *in)
{
	const struct ct_run_session *s = ctx;

	ct_gaps_turn(s->gaps, in);
	if (s->chains)
		ct_chains_turn(s->chains);
}

/* Behind all else that is told: that something is a group is known by its last time. */
static void tell_chains(struct ct_run_session *s)
{
	struct ct_chains *chains = s->chains;

	if (!chains || s->full)
		return;
	s->chains = NULL; /* what it tells is none of its starts */
	if (ct_chains_run(chains) || ct_chains_records(chains, on_record, s))
		no_memory(s, "look for chains");
	ct_chains_free(chains);
}

static bool goes_on(void *ctx)
{
	const struct ct_run_session *s = ctx;

	return !s->full && !is_done(s);
}

int ct_session_replay(struct ct_run_session *s, struct ct_recordings *recordings,
		      struct ct_err *err)
{
	struct ct_core_options core = {
		.ready_mask = s->opts->ready_mask,
		.containers_max = s->opts->containers_max,
		.restarts_by_image = s->opts->restarts_by_image,
		.steps = s->opts->steps || s->opts->why,
		.parts = !s->opts->phases,
		.why = s->opts->why,
		.groups = s->opts->chains.named,
		.group_count = s->opts->chains.named_count,
	};
	const struct ct_core_ops ops = {
		.record = on_record,
		.opens = on_opens,
		.left = on_left,
	};
	const struct ct_many how = {
		.jobs = s->opts->jobs,
		.core = &core,
		.ops = &ops,
		.ctx = s,
		.turn = on_turn,
		.goes_on = goes_on,
	};
	struct ct_err second;
	uint64_t last_ns = 0;
	bool cut = false;
	int ret = deepen(s, recordings, &core, err);

	s->gaps = ct_gaps_new(recordings);
	if (!ret && !s->gaps)
		ret = ct_fail(err, ENOMEM, "replay the recordings: out of memory");
	if (!ret && s->opts->chains.find) {
		const struct ct_chains_how find = { .find = true,
						    .records = true,
						    .steps = core.steps };

		s->chains = ct_chains_new(&find);
		if (!s->chains)
			ret = ct_fail(err, ENOMEM, "look for chains: out of memory");
	}
	if (ret)
		return ret;
	describe(s, recordings);
	ct_session_begin(s, err); /* the others go on */
	ret = ct_recordings_replay_many(recordings, &how, &s->counts, err);
	for (size_t i = 0; i < recordings->count; i++) {
		const struct ct_input *in = &recordings->items[i];

		cut |= in->cut;
		if (in->last_ns > last_ns)
			last_ns = in->last_ns;
	}
	if (!ret || ret == -EBADMSG)
		tell_chains(s);
	if (ct_gaps_list(s->gaps, &s->head.gaps, &s->head.gap_count))
		no_memory(s, "say when nobody traced");
	if (!ret)
		ret = ct_session_end(s, last_ns, err);
	else if (ret == -EBADMSG) /* damaged: what came before is printed */
		ct_session_end(s, last_ns, &second);
	return !ret && cut ? 1 : ret;
}
