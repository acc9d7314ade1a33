// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace report FILE...: what live prints, from recordings, and other views of it. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/chains.h"
#include "cmd/cmd.h"
#include "cmd/paths.h"
#include "cmd/session.h"
#include "sinks/sink.h"
#include "util/mem.h"

/* Columns: option that asks for it, output that draws it. They replace the table. */
static const struct view {
	size_t asked;
	const char *output;
} views[] = {
	{ offsetof(struct ct_options, timeline), "timeline" },
	{ offsetof(struct ct_options, cdf), "cdf" },
	{ offsetof(struct ct_options, histogram), "histogram" },
	{ offsetof(struct ct_options, pulls), "pulls" },
};

static bool asks(const struct ct_options *opts, const struct view *view)
{
	const char *member = (const char *)opts + view->asked;

	if (view->asked == offsetof(struct ct_options, timeline))
		return *(const char *const *)member;
	return *(const bool *)member;
}

static int add_output(struct ct_options *opts, const char *spec, struct ct_err *err)
{
	bool to_stdout;

	if (opts->outputs.count == CT_LIST_MAX)
		return ct_fail(err, EINVAL, "report: at most %d outputs", CT_LIST_MAX);
	opts->outputs.items[opts->outputs.count++] = spec;
	return ct_sink_check(spec, &to_stdout, err);
}

/* What the options ask for, as outputs. *ret_html is kept by the caller. */
static int choose(struct ct_options *opts, char **ret_html, struct ct_err *err)
{
	int ret = 0;

	if (!opts->operands.count)
		return ct_fail(err, EINVAL,
			       "report needs a recording: coldtrace report FILE|DIR...");
	if (opts->command)
		return ct_fail(err, EINVAL, "report runs no command: leave out '-- %s'",
			       opts->command[0]);
	if (opts->html) {
		if (asprintf(ret_html, "html:%s", opts->html) < 0) {
			*ret_html = NULL;
			return ct_fail(err, ENOMEM, "report: out of memory");
		}
		ret = add_output(opts, *ret_html, err);
	}
	for (size_t i = 0; i < CT_ARRAY_SIZE(views) && !ret; i++)
		if (asks(opts, &views[i]))
			ret = add_output(opts, views[i].output, err);
	return ret;
}

static int check_steps(const struct ct_options *opts, const struct ct_recordings *recordings,
		       struct ct_err *err)
{
	const struct ct_input *items = recordings->items;

	for (size_t i = 1; i < recordings->count && opts->steps; i++) {
		size_t without = items[i].header->depth & CT_DEEP_STEPS ? 0 : i;

		if ((items[i].header->depth ^ items[0].header->depth) & CT_DEEP_STEPS)
			return ct_fail(
				err, EINVAL,
				"read '%s': it was recorded without steps, unlike '%s'; leave out --steps",
				items[without].path, items[without ? 0 : i].path);
	}
	return 0;
}

int ct_cmd_report(const struct ct_options *given, struct ct_err *err)
{
	struct ct_recordings recordings = { 0 };
	struct ct_run_session session = { 0 };
	struct ct_options opts = *given;
	struct ct_directories paths = { 0 };
	own_mem char *html = NULL;
	int ret = choose(&opts, &html, err);
	/* With an output groups are records in it. */
	bool chains = (opts.chains.find || opts.chains.named_count) && !opts.outputs.count;

	if (!ret && (opts.json || opts.chains.prewarm) && !chains)
		ret = ct_fail(
			err, EINVAL,
			"options --json, --what-if and --lead are about chains: say --chains or --chain, and no output; records are JSON with '-o json'");
	if (ret)
		return ct_usage(err);
	if (chains)
		return ct_report_chains(&opts, err);
	signal(SIGPIPE, SIG_IGN); /* a closed pipe ends its output alone */
	ret = ct_directories_expand(&paths, &opts.operands, err);
	if (!ret)
		ret = ct_recordings_open(&recordings, opts.operands.items, opts.operands.count,
					 err);
	if (!ret)
		ret = check_steps(&opts, &recordings, err);
	if (!ret)
		ret = ct_session_open(&session, &opts, NULL, NULL, err);
	if (!ret)
		ret = ct_session_replay(&session, &recordings, err);
	ct_say_cut(&recordings);
	ct_say_unscrubbed(&recordings);
	if (ret >= 0)
		ct_say_gaps(&session);
	if (ret >= 0 && !opts.timeline)
		ct_say_unmatched(&session);
	if (ret >= 0)
		ct_say_shallow(&recordings, given);
	if (ret >= 0 && opts.timeline && !session.records)
		ret = ct_fail(
			err, ENOENT,
			"draw the timeline of '%s': no container of that name or id in '%s'%s",
			opts.timeline, opts.operands.items[0],
			opts.operands.count > 1 ? " and the others" : "");
	if (ret > 0)
		ret = CT_EXIT_INCOMPLETE;
	ct_session_close(&session);
	ct_recordings_close(&recordings);
	ct_directories_free(&paths);
	return ret;
}
