// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace diff A B: what is slower in B, and whether that is more than chance. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/diff.h"
#include "cmd/seen.h"
#include "source/recording/recordings_many.h"
#include "util/mem.h"

struct replay {
	struct ct_diff *diff;
	enum ct_side side; /* that is told */
	struct {
		struct ct_window window;
		struct ct_seen seen;
		uint64_t containers, records; /* that pass the filters */
	} of[CT_SIDES];
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct replay *replay = ctx;
	struct ct_diff *diff = replay->diff;
	enum ct_side side = replay->side;

	if (diff->failed)
		return;
	ct_seen_add(&replay->of[side].seen, diff->opts, rec);
	if (ct_options_match_who(diff->opts, rec->who) &&
	    ct_where_holds(&diff->opts->where[side], rec))
		replay->of[side].containers += rec->first;
	if (!ct_options_match(diff->opts, &replay->of[side].window, rec) ||
	    !ct_where_holds(&diff->opts->where[side], rec))
		return;
	replay->of[side].records++;
	if (ct_compare_add(diff->compare, side, rec) ||
	    ct_diff_why_add(diff, side, rec, ct_by_key(diff->opts->by, rec)))
		diff->failed = true;
}

static void on_left(void *ctx, const struct ct_identity *who, bool told, bool open)
{
	struct replay *replay = ctx;

	(void)open;
	replay->of[replay->side].containers +=
		!told && ct_options_match_who(replay->diff->opts, who);
}

static void on_turn(void *ctx, const struct ct_input *in)
{
	struct replay *replay = ctx;
	const struct ct_recordings *b = &replay->diff->side[CT_SIDE_B].recordings;

	if (in >= b->items && in < b->items + b->count)
		replay->side = CT_SIDE_B;
}

bool ct_diff_cut(const struct ct_diff *diff, enum ct_side side)
{
	const struct ct_recordings *r = &diff->side[side].recordings;

	for (size_t i = 0; i < r->count; i++)
		if (r->items[i].cut)
			return true;
	return false;
}

unsigned int ct_diff_depth(const struct ct_diff *diff, enum ct_side side)
{
	const struct ct_recordings *r = &diff->side[side].recordings;
	unsigned int depth = ~0u;

	for (size_t i = 0; i < r->count; i++)
		depth &= r->items[i].header->depth;
	return depth;
}

size_t ct_diff_nodes(const struct ct_diff *diff, enum ct_side side)
{
	const struct ct_recordings *r = &diff->side[side].recordings;
	size_t nodes = 0;

	for (size_t i = 0; i < r->count; i++) {
		size_t at = 0;

		while (strcmp(r->items[at].node, r->items[i].node) != 0)
			at++;
		nodes += at == i;
	}
	return nodes;
}

/* What is to be said of a side that has been told. */
static void finish(struct replay *replay, enum ct_side side)
{
	struct ct_diff *diff = replay->diff;
	const struct ct_recordings *recordings = &diff->side[side].recordings;
	char text[4096];

	if (ct_options_filter(diff->opts) || diff->opts->where[side].count)
		diff->side[side].counts.containers = replay->of[side].containers;
	diff->incomplete |=
		ct_diff_cut(diff, side) || ct_counts_incomplete(&diff->side[side].counts);
	ct_say_cut(recordings);
	ct_say_unscrubbed(recordings);
	ct_say_shallow(recordings, diff->opts);
	snprintf(text, sizeof(text), "'%s': ", diff->side[side].path);
	ct_say_unexpected(&replay->of[side].seen, diff->opts, text);
	if (!replay->of[side].records &&
	    ct_seen_sentence(&replay->of[side].seen, diff->opts, recordings->wall_minus_mono_ns,
			     text, sizeof(text)))
		ct_say("'%s': %s", diff->side[side].path, text);
}

static int replay(struct ct_diff *diff, struct ct_err *err)
{
	struct replay replay = { .diff = diff };
	struct ct_many_set sets[CT_SIDES];
	const struct ct_core_options core = {
		.ready_mask = diff->opts->ready_mask,
		.containers_max = diff->opts->containers_max,
		.restarts_by_image = diff->opts->restarts_by_image,
		.steps = diff->steps,
		.why = diff->why,
		.groups = diff->opts->chains.named,
		.group_count = diff->opts->chains.named_count,
	};
	const struct ct_core_ops ops = { .record = on_record, .left = on_left };
	const struct ct_many how = { .jobs = diff->opts->jobs,
				     .core = &core,
				     .ops = &ops,
				     .ctx = &replay,
				     .turn = on_turn };
	int ret;

	for (unsigned s = 0; s < CT_SIDES; s++) {
		struct ct_recordings *r = &diff->side[s].recordings;

		sets[s] = (struct ct_many_set){ r, &diff->side[s].counts };
		replay.of[s].seen.where = &diff->opts->where[s];
		replay.of[s].window =
			ct_options_window(diff->opts, r->wall_minus_mono_ns, r->begin_ns);
	}
	ret = ct_recordings_replay_sets(sets, CT_SIDES, &how, err);
	for (unsigned s = 0; s <= replay.side; s++)
		finish(&replay, (enum ct_side)s);
	if (!ret && diff->failed)
		ret = ct_fail(err, ENOMEM, "compare '%s': out of memory",
			      diff->side[replay.side].path);
	return ret;
}

/* What a build that must not get slower needs to know. */
static void judge(struct ct_diff *diff)
{
	double percent = diff->opts->fail_if_slower ? diff->opts->slower_percent : 0;
	for (size_t i = 0; i < ct_compare_groups(diff->compare); i++) {
		const struct ct_change_group *g = ct_compare_group(diff->compare, i);
		const struct ct_change *total = ct_compare_change(diff->compare, g->first);

		bool enough[CT_SIDES];

		for (unsigned s = 0; s < CT_SIDES; s++)
			enough[s] = g->count[s][CT_OUTCOME_OK] >= CT_COMPARE_FEW;
		/* What cannot be told any more in B is no success. */
		diff->untold |= enough[CT_SIDE_A] && !enough[CT_SIDE_B];
		diff->told |= enough[CT_SIDE_A] && enough[CT_SIDE_B];
		for (size_t c = g->first; c < g->end; c++)
			diff->slower |= ct_change_fails(ct_compare_change(diff->compare, c), total,
							percent);
	}
	diff->untold |= !diff->told;
}

static int check_usage(const struct ct_options *opts, struct ct_err *err)
{
	const char *const *files = opts->operands.items;

	if (opts->operands.count == 1 && opts->where[CT_SIDE_A].count &&
	    opts->where[CT_SIDE_B].count && strcmp(files[0], "-") != 0)
		return 0;
	if (opts->operands.count != 2)
		return ct_fail(
			err, EINVAL,
			"diff needs two recordings, or directories of them: coldtrace diff A B; or two sides of one: coldtrace diff A --a load=none --b load=disk");
	if (opts->command)
		return ct_fail(err, EINVAL, "diff runs no command: leave out '-- %s'",
			       opts->command[0]);
	return 0;
}

/* Without system calls, few steps are seen, and those in part: not compared unless asked for. */
static bool have_steps(const struct ct_diff *diff)
{
	for (unsigned s = 0; s < CT_SIDES; s++)
		if (!(ct_diff_depth(diff, (enum ct_side)s) & CT_DEEP_STEPS))
			return false;
	return true;
}

/* Without them on both sides nothing can be said about what grew. */
static int prepare_why(struct ct_diff *diff)
{
	diff->why = true;
	for (unsigned s = 0; s < CT_SIDES; s++)
		diff->why &= (ct_diff_depth(diff, (enum ct_side)s) & CT_DEEP_WHY) != 0;
	for (unsigned s = 0; s < CT_SIDES && diff->why; s++) {
		diff->causes[s] = ct_causes_new();
		diff->all_causes[s] = ct_causes_new();
		if (!diff->causes[s] || !diff->all_causes[s])
			return -ENOMEM;
	}
	return 0;
}

/* A file, or those of a directory. */
static int open_side(struct ct_diff *diff, enum ct_side side, struct ct_err *err)
{
	const struct ct_operands *given = &diff->opts->operands;
	struct ct_operands one = { &given->items[given->count > 1 ? side : 0], 1 };
	int ret;

	diff->side[side].path = one.items[0];
	ret = ct_directories_expand(&diff->side[side].files, &one, err);
	return ret ? ret
		   : ct_recordings_open(&diff->side[side].recordings, one.items, one.count, err);
}

static int compare(struct ct_diff *diff, struct ct_err *err)
{
	int ret = 0;

	diff->compare = ct_compare_new(diff->opts->by);
	if (!diff->compare)
		return ct_fail(err, ENOMEM, "compare the recordings: out of memory");
	for (unsigned s = 0; s < CT_SIDES && !ret; s++)
		ret = open_side(diff, (enum ct_side)s, err);
	diff->steps = !ret && (diff->opts->steps || have_steps(diff)) && !diff->opts->phases;
	if (!ret && prepare_why(diff))
		ret = ct_fail(err, ENOMEM, "compare the recordings: out of memory");
	if (!ret && diff->opts->why && !diff->why)
		ret = ct_fail(
			err, EINVAL,
			"tell what grew: one of the recordings has no waits; record both with "
			"--why");
	if (!ret)
		ret = replay(diff, err);
	if (ret)
		return ret;
	if (ct_compare_run(diff->compare, diff->opts->by_asked ? CT_SPLIT_ALWAYS : CT_SPLIT_AUTO))
		return ct_fail(err, ENOMEM, "compare the recordings: out of memory");
	judge(diff);
	return 0;
}

static int print(const struct ct_diff *diff, struct ct_err *err)
{
	own_mem char *text = NULL;
	size_t len = 0;
	int ret = diff->opts->json ? ct_diff_json(diff, &text, &len)
				   : ct_diff_table(diff, &text, &len);

	return ret ? ct_fail(err, ENOMEM, "print the comparison: out of memory")
		   : ct_print_comparison(text, len, err);
}

/* As diff(1): 1 says that they differ, trouble is 2. */
int ct_cmd_diff(const struct ct_options *opts, struct ct_err *err)
{
	struct ct_diff diff = { .opts = opts };
	int ret = check_usage(opts, err);

	signal(SIGPIPE, SIG_IGN);
	if (!ret)
		ret = compare(&diff, err);
	if (!ret)
		ret = print(&diff, err);
	if (ret)
		ret = ct_usage(err);
	else if (opts->fail_if_slower && diff.slower)
		ret = CT_EXIT_FAILED;
	else if (diff.incomplete || (opts->fail_if_slower && diff.untold))
		ret = CT_EXIT_INCOMPLETE;
	for (unsigned s = 0; s < CT_SIDES; s++) {
		ct_recordings_close(&diff.side[s].recordings);
		ct_directories_free(&diff.side[s].files);
		ct_causes_free(diff.causes[s]);
		ct_causes_free(diff.all_causes[s]);
	}
	ct_compare_free(diff.compare);
	return ret;
}
