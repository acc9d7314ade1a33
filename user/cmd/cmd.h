/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include <stddef.h>

#include "cmd/options.h"
#include "source/recording/recordings.h"
#include "util/err.h"

/* Exit codes, for scripts. */
#define CT_EXIT_OK         0
#define CT_EXIT_FAILED     1
#define CT_EXIT_USAGE      2
#define CT_EXIT_INCOMPLETE 3 /* done, but something was lost */

/*
 * What a program does before its command: the locale says how wide a character is, and a limit
 * of the file size becomes an error of write(), as a full disk is, not the end (SIGXFSZ).
 */
void ct_cmd_begin(void);
/* For a child that executes another program: signals are as they were before. */
void ct_cmd_as_inherited(void);

/* Each returns an exit code, or a negative errno and a sentence. */
int ct_cmd_trace(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_serve(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_record(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_report(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_diff(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_compare(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_export(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_info(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_scrub(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_opens(const struct ct_options *opts, struct ct_err *err);
int ct_cmd_schema(const struct ct_options *opts, struct ct_err *err);

/* What --format of export takes, from 0 on; NULL: there are no more. */
const char *ct_export_format(size_t at);

/*
 * A sentence for people, after "coldtrace: ". What it repeats may be anybody's words, a name of a file say:
 * it goes to a terminal escaped.
 */
void ct_say(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* What main() makes of an error: the sentence, and the exit code. */
int ct_cmd_failed(const struct ct_err *err);

/* For these: the sentence, and the exit code of bad usage. */
int ct_usage(const struct ct_err *err);

/* What diff and compare have drawn, to stdout. */
int ct_print_comparison(const char *text, size_t len, struct ct_err *err);

/* A sentence about each recording that was not read to its end: cut off, still written, empty. */
void ct_say_cut(const struct ct_recordings *recordings);
/* What was lost, and why: for outputs that have no place of their own for it. Nothing if all is there. */
void ct_say_lost(const struct ct_core_counts *counts);

/* A sentence about each recording that may hold passwords, and what to do. */
void ct_say_unscrubbed(const struct ct_recordings *recordings);

/* A sentence if filters kept out all that there was: what that is. */
struct ct_run_session;
struct ct_seen;
struct ct_seen_values;
struct ct_chains_how;
void ct_say_unmatched(const struct ct_run_session *session);
/* Of chains that the user has named, members that nothing that has started is: what has, instead. where: "'FILE': ", or "". */
void ct_say_not_started(const struct ct_chains_how *chains, const uint32_t *matched,
			const struct ct_seen_values *names, const char *where);
/* That, and what others have started in runs of a program, if it is not left out. */
void ct_say_unexpected(const struct ct_seen *seen, const struct ct_options *opts,
		       const char *where);
/* A sentence for each time between recordings of a boot in which nobody traced. */
void ct_say_gaps(const struct ct_run_session *session);
/* A view that was asked for and that a sandbox does not give. Its words may be the sandbox's. */
void ct_say_unseen(const struct ct_event *e);
/* Files of an engine: once for each engine and reason, as it is told once. */
void ct_say_unread(const struct ct_event *e);

/* A sentence about each recording that was made without what is asked for. */
void ct_say_shallow(const struct ct_recordings *recordings, const struct ct_options *opts);
