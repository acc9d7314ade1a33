// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace serve FILE...: what recordings hold, as if it were traced. */
#include "cmd/serve_replay.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "cmd/cmd.h"
#include "cmd/paths.h"
#include "cmd/seen.h"
#include "cmd/told.h"
#include "source/recording/recordings.h"
#include "util/clock.h"

#define WAIT_NS    100000000ull
#define QUEUED_MAX 4096 /* nothing is dropped of what could have waited */

struct replayed {
	const struct ct_options *opts;
	struct ct_serve *serve;
	struct ct_session head;
	struct ct_window window;
	struct ct_input *input; /* that is being read */
	struct ct_core_counts counts; /* of those that have been */
	struct ct_seen seen;
	uint64_t records; /* that pass the filters */
	uint64_t until_ns; /* CLOCK_MONOTONIC; 0: for ever */
};

static bool is_over(const struct replayed *r)
{
	return ct_told_to_end() || (r->until_ns && ct_mono_ns() >= r->until_ns);
}

static int64_t now_ns(void)
{
	return (int64_t)ct_clock_ns(CLOCK_REALTIME);
}

/* A moment, or less; and that it lives. */
static void wait_ns(struct replayed *r, uint64_t ns)
{
	ct_serve_beat(r->serve, (uint64_t)(now_ns() - r->head.wall_minus_mono_ns), &r->counts, 0);
	nanosleep(&(struct timespec){ 0, (long)(ns < WAIT_NS ? ns : WAIT_NS) }, NULL);
}

/* What is of the past is told at once, what is of the future when it is its time. */
static void on_record(void *ctx, const struct ct_record *rec)
{
	struct replayed *r = ctx;
	int64_t due_ns = ct_wall_ns(&r->head, rec->end_ns), at;

	ct_seen_add(&r->seen, r->opts, rec);
	if (!ct_options_match(r->opts, &r->window, rec))
		return;
	r->records++;
	while (!is_over(r) && (at = now_ns()) < due_ns)
		wait_ns(r, (uint64_t)(due_ns - at));
	while (!is_over(r) && ct_serve_queued(r->serve) > QUEUED_MAX)
		wait_ns(r, WAIT_NS / 100);
	if (is_over(r))
		ct_input_stop(r->input);
	else
		ct_serve_record(r->serve, rec);
}

/* Once all has been told. */
static void say(const struct replayed *r, const struct ct_recordings *recordings)
{
	char text[4096];

	ct_say_cut(recordings);
	ct_say_unscrubbed(recordings);
	if (!r->records &&
	    ct_seen_sentence(&r->seen, r->opts, recordings->wall_minus_mono_ns, text, sizeof(text)))
		ct_say("%s", text);
}

static int replay(struct replayed *r, struct ct_recordings *recordings, struct ct_err *err)
{
	const struct ct_core_options core = {
		.ready_mask = r->opts->ready_mask,
		.containers_max = r->opts->containers_max,
		.restarts_by_image = r->opts->restarts_by_image,
		.steps = r->opts->steps || r->opts->why,
		.parts = true,
		.why = r->opts->why,
		.groups = r->opts->chains.named,
		.group_count = r->opts->chains.named_count,
	};
	const struct ct_core_ops ops = { .record = on_record };
	const struct ct_recording_header *first = recordings->items[0].header;
	int ret;

	r->head = (struct ct_session){
		.version = first->program,
		.kernel = first->kernel,
		.depth = ct_depth_name(first->depth),
		.wall_minus_mono_ns = recordings->wall_minus_mono_ns,
		.begin_ns = recordings->begin_ns,
	};
	r->window = ct_options_window(r->opts, r->head.wall_minus_mono_ns, r->head.begin_ns);
	ret = ct_serve_begin(r->serve, &r->head, err);
	if (ret)
		return ret;
	if (r->opts->seconds > 0)
		r->until_ns = ct_mono_ns() + (uint64_t)(r->opts->seconds * 1e9);
	fprintf(stderr, "Serving %s and %smetrics: what was recorded.\n", ct_serve_url(r->serve),
		ct_serve_url(r->serve));
	for (size_t i = 0; i < recordings->count && !ret && !is_over(r); i++) {
		r->input = &recordings->items[i];
		ret = ct_recordings_replay(r->input, &core, &ops, r, &r->counts, err);
	}
	r->counts.unread += recordings->empty;
	if (!ret && !is_over(r))
		say(r, recordings);
	while (!ret && !is_over(r))
		wait_ns(r, WAIT_NS);
	return ret;
}

int ct_serve_replay(const struct ct_options *opts, struct ct_serve *serve, struct ct_err *err)
{
	struct replayed r = { .opts = opts, .serve = serve };
	struct ct_recordings recordings = { 0 };
	struct ct_directories paths = { 0 };
	struct ct_operands operands = opts->operands;
	int ret;

	ct_told_catch();
	ret = ct_directories_expand(&paths, &operands, err);
	if (!ret)
		ret = ct_recordings_open(&recordings, operands.items, operands.count, err);
	if (!ret)
		ret = replay(&r, &recordings, err);
	ct_serve_close(serve); /* its session is of the recordings */
	ct_recordings_close(&recordings);
	ct_directories_free(&paths);
	return ret;
}
