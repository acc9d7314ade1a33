// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace diff A B: what is slower in B, and whether that is more than chance. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/diff.h"
#include "cmd/seen.h"
#include "util/mem.h"

struct replay {
	struct ct_diff *diff;
	enum ct_side side;
	struct ct_window window;
	struct ct_seen seen;
	uint64_t containers, records; /* that pass the filters */
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct replay *replay = ctx;
	struct ct_diff *diff = replay->diff;

	if (diff->failed)
		return;
	ct_seen_add(&replay->seen, diff->opts, rec);
	if (ct_options_match_who(diff->opts, rec->who) &&
	    ct_where_holds(&diff->opts->where[replay->side], rec))
		replay->containers += rec->first;
	if (!ct_options_match(diff->opts, &replay->window, rec) ||
	    !ct_where_holds(&diff->opts->where[replay->side], rec))
		return;
	replay->records++;
	if (ct_compare_add(diff->compare, replay->side, rec) ||
	    ct_diff_why_add(diff, replay->side, rec, ct_by_key(diff->opts->by, rec)))
		diff->failed = true;
}

static void on_left(void *ctx, const struct ct_identity *who, bool told, bool open)
{
	struct replay *replay = ctx;

	(void)open;
	replay->containers += !told && ct_options_match_who(replay->diff->opts, who);
}

static int replay(struct ct_diff *diff, enum ct_side side, struct ct_err *err)
{
	struct ct_input *in = &diff->side[side].recording.items[0];
	const struct ct_recordings *recording = &diff->side[side].recording;
	struct replay replay = {
		.diff = diff,
		.side = side,
		.window = ct_options_window(diff->opts, recording->wall_minus_mono_ns,
					    recording->begin_ns),
	};
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
	char text[4096];
	int ret = ct_recordings_replay(in, &core, &ops, &replay, &diff->side[side].counts, err);

	if (ct_options_filter(diff->opts) || diff->opts->where[side].count)
		diff->side[side].counts.containers = replay.containers;
	if (!ret && diff->failed)
		ret = ct_fail(err, ENOMEM, "compare '%s': out of memory", in->path);
	diff->incomplete |= in->cut || ct_counts_incomplete(&diff->side[side].counts);
	ct_say_cut(&diff->side[side].recording);
	ct_say_unscrubbed(&diff->side[side].recording);
	ct_say_shallow(&diff->side[side].recording, diff->opts);
	if (!replay.records && ct_seen_sentence(&replay.seen, diff->opts,
						recording->wall_minus_mono_ns, text, sizeof(text)))
		ct_say("'%s': %s", in->path, text);
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
			"diff needs two recordings: coldtrace diff A B; or two sides of one: coldtrace diff A --a load=none --b load=disk");
	if (opts->command)
		return ct_fail(err, EINVAL, "diff runs no command: leave out '-- %s'",
			       opts->command[0]);
	return 0;
}

/* Without system calls, few steps are seen, and those in part: not compared unless asked for. */
static bool have_steps(const struct ct_diff *diff)
{
	for (unsigned s = 0; s < CT_SIDES; s++)
		if (!(diff->side[s].recording.items[0].header->depth & CT_DEEP_STEPS))
			return false;
	return true;
}

/* Without them on both sides nothing can be said about what grew. */
static int prepare_why(struct ct_diff *diff)
{
	diff->why = true;
	for (unsigned s = 0; s < CT_SIDES; s++)
		diff->why &= (diff->side[s].recording.items[0].header->depth & CT_DEEP_WHY) != 0;
	for (unsigned s = 0; s < CT_SIDES && diff->why; s++) {
		diff->causes[s] = ct_causes_new();
		diff->all_causes[s] = ct_causes_new();
		if (!diff->causes[s] || !diff->all_causes[s])
			return -ENOMEM;
	}
	return 0;
}

static int compare(struct ct_diff *diff, struct ct_err *err)
{
	const char *const *paths = diff->opts->operands.items;
	int ret = 0;

	diff->compare = ct_compare_new(diff->opts->by);
	if (!diff->compare)
		return ct_fail(err, ENOMEM, "compare the recordings: out of memory");
	for (unsigned s = 0; s < CT_SIDES && !ret; s++)
		ret = ct_recordings_open(&diff->side[s].recording,
					 &paths[diff->opts->operands.count > 1 ? s : 0], 1, err);
	diff->steps = !ret && (diff->opts->steps || have_steps(diff)) && !diff->opts->phases;
	if (!ret && prepare_why(diff))
		ret = ct_fail(err, ENOMEM, "compare the recordings: out of memory");
	if (!ret && diff->opts->why && !diff->why)
		ret = ct_fail(
			err, EINVAL,
			"tell what grew: one of the recordings has no waits; record both with "
			"--why");
	for (unsigned s = 0; s < CT_SIDES && !ret; s++)
		ret = replay(diff, (enum ct_side)s, err);
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
		ct_recordings_close(&diff.side[s].recording);
		ct_causes_free(diff.causes[s]);
		ct_causes_free(diff.all_causes[s]);
	}
	ct_compare_free(diff.compare);
	return ret;
}
