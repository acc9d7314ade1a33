// SPDX-License-Identifier: GPL-2.0-only
/* What commands have in common. */
#include "cmd/cmd.h"

#include <errno.h>
#include <locale.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "cmd/gaps.h"
#include "cmd/seen.h"
#include "cmd/session.h"
#include "core/base/text.h"
#include "core/opens/opens.h"
#include "core/tell/group_named.h"
#include "sinks/escape.h"
#include "sinks/sink.h"
#include "sinks/table/table.h"
#include "sinks/units.h"
#include "util/mem.h"

#define GAPS_SAID 4 /* of one report */

/* What ends a program that writes too much, or to nobody, and how it was when this one began. */
static struct {
	int signo;
	struct sigaction before;
} inherited[] = { { .signo = SIGXFSZ }, { .signo = SIGPIPE } };
static struct rlimit inherited_files; /* of which tracing may take more: others may not stand it */

void ct_cmd_begin(void)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(inherited); i++)
		sigaction(inherited[i].signo, NULL, &inherited[i].before);
	getrlimit(RLIMIT_NOFILE, &inherited_files);
	setlocale(LC_CTYPE, "");
	signal(SIGXFSZ, SIG_IGN);
}

void ct_cmd_as_inherited(void)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(inherited); i++)
		sigaction(inherited[i].signo, &inherited[i].before, NULL);
	setrlimit(RLIMIT_NOFILE, &inherited_files);
}

void ct_say(const char *fmt, ...)
{
	own_mem char *text = NULL, *safe = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	if (text)
		safe = ct_escape_text_dup(text, ct_locale_is_utf8());
	fprintf(stderr, "coldtrace: %s\n", safe ? safe : "out of memory");
}

int ct_usage(const struct ct_err *err)
{
	ct_say("%s", err->msg);
	return CT_EXIT_USAGE;
}

int ct_cmd_failed(const struct ct_err *err)
{
	ct_usage(err);
	return err->code == -CT_EUSAGE ? CT_EXIT_USAGE : CT_EXIT_FAILED;
}

void ct_say_cut(const struct ct_recordings *recordings)
{
	for (size_t i = 0; i < recordings->count; i++)
		if (recordings->items[i].cut || recordings->items[i].growing)
			ct_say("%s", recordings->items[i].why.msg);
	for (size_t i = 0; i < recordings->skipped_count; i++)
		ct_say("%s; it is skipped", recordings->skipped[i].why.msg);
}

void ct_say_lost(const struct ct_core_counts *counts)
{
	char text[2048];

	ct_table_missing(text, sizeof(text), counts);
	if (*text)
		ct_say("%s", text);
}

void ct_say_unscrubbed(const struct ct_recordings *recordings)
{
	for (size_t i = 0; i < recordings->count; i++) {
		const struct ct_input *in = &recordings->items[i];

		if (!(in->header->flags & CT_RECORDING_DISTILLED))
			ct_say("'%s' is of a version that kept all that passed by, passwords too: 'coldtrace scrub %s NEW.ct' leaves them out",
			       in->path, in->path);
	}
}

void ct_say_unmatched(const struct ct_run_session *session)
{
	char text[4096];

	if (ct_session_unmatched(session, text, sizeof(text)))
		ct_say("%s", text);
	ct_say_unexpected(&session->seen, session->opts, "");
}

static bool say_not_started(const struct ct_group_named *chain, uint32_t matched, const char *where)
{
	int name_len = chain->name_len ? (int)chain->name_len : (int)strlen(chain->globs);
	const char *at = chain->globs;
	bool any = false;

	for (size_t n = 0; n < ct_group_count(chain); n++) {
		size_t len = strcspn(at, ",");

		if (!(matched >> n & 1)) {
			ct_say("%schain '%.*s': nothing that is called '%.*s' has started, nor anything of such an image",
			       where, name_len, chain->name, (int)len, at);
			any = true;
		}
		at += len + (at[len] == ',');
	}
	return any;
}

void ct_say_not_started(const struct ct_chains_how *chains, const uint32_t *matched,
			const struct ct_seen_values *names, const char *where)
{
	char text[4096] = "";
	bool any = false;

	for (size_t i = 0; i < chains->named_count; i++)
		any |= say_not_started(&chains->named[i], matched[i], where);
	ct_seen_list(names, text, sizeof(text));
	if (any && *text)
		ct_say("%swhat has started:%s", where, text);
}

void ct_say_unexpected(const struct ct_seen *seen, const struct ct_options *opts, const char *where)
{
	if (seen->of_others && seen->of_others < seen->of_runs && !opts->only_mine)
		ct_say("%s%llu of %llu starts in runs of a program others have asked for: --only-mine leaves them out",
		       where, (unsigned long long)seen->of_others,
		       (unsigned long long)seen->of_runs);
	ct_say_not_started(&opts->chains, seen->matched, &seen->names, where);
}

static void say_gap(const struct ct_session_gap *gap)
{
	char took[CT_DURATION_LEN], found[96] = "";

	if (gap->found)
		snprintf(found, sizeof(found), ": %zu container%s began then, and run%s since",
			 gap->found, gap->found == 1 ? "" : "s", gap->found == 1 ? "s" : "");
	ct_duration(took, gap->end_ns - gap->begin_ns, 0);
	ct_say("nobody traced for %s between '%s' and '%s'%s; what began and ended then is not known",
	       took, gap->before, gap->after, found);
}

void ct_say_gaps(const struct ct_run_session *session)
{
	const struct ct_session *head = &session->head;

	for (size_t i = 0; i < head->gap_count && i < GAPS_SAID; i++)
		say_gap(&head->gaps[i]);
	if (head->gap_count > GAPS_SAID)
		ct_say("and %zu more times between other recordings", head->gap_count - GAPS_SAID);
}

/* --phases wins, as it does where they are drawn. */
static bool is_about_steps(const struct ct_options *opts)
{
	bool about = opts->steps || opts->timeline;

	for (size_t i = 0; i < opts->outputs.count; i++)
		about |= ct_sink_find(opts->outputs.items[i])->steps == CT_SINK_STEPS_ALONE;
	return about && !opts->phases;
}

void ct_say_shallow(const struct ct_recordings *recordings, const struct ct_options *opts)
{
	/* Columns: whether it is asked for, what recordings have then, what to say of others. */
	const struct {
		bool asked;
		unsigned int deep;
		const char *what;
	} rows[] = {
		{ is_about_steps(opts), CT_DEEP_STEPS,
		  "steps: few are seen, and those in part; record with --steps" },
		{ opts->why, CT_DEEP_WHY, "waits: nothing says why; record with --why" },
	};

	for (size_t i = 0; i < recordings->count; i++)
		for (size_t r = 0; r < CT_ARRAY_SIZE(rows); r++)
			if (rows[r].asked && !(recordings->items[i].header->depth & rows[r].deep))
				ct_say("'%s' was recorded without %s", recordings->items[i].path,
				       rows[r].what);
}

void ct_say_unseen(const struct ct_event *e)
{
	struct ct_text why = ct_text(e->tail, e->tail_len), id = ct_text_cut(&why, '\0');
	const char *view = e->arg < CT_VIEW_MAX ? ct_view_names[e->arg] : "?";
	char plain_id[80], plain_why[CT_TAIL_MEDIUM + 1];

	ct_text_copy(plain_id, sizeof(plain_id), id);
	ct_text_copy(plain_why, sizeof(plain_why), why);
	ct_say("sandbox %.12s (pid %u): no view '%s': %s", plain_id, e->root, view, plain_why);
}

void ct_say_unread(const struct ct_event *e)
{
	char why[CT_TAIL_SMALL + 1];

	ct_text_copy(why, sizeof(why), ct_text(e->tail, e->tail_len));
	ct_say("engine with pid %u: %llu of its files not read: %s", e->tgid,
	       (unsigned long long)e->obj, why);
}

int ct_print_comparison(const char *text, size_t len, struct ct_err *err)
{
	errno = 0;
	/* Who goes on reading no further has seen what it wanted. */
	if ((fwrite(text, 1, len, stdout) != len || fflush(stdout)) && errno != EPIPE)
		return ct_fail(err, errno ? errno : EIO, "print the comparison to 'stdout': %s",
			       strerror(errno ? errno : EIO));
	return 0;
}
