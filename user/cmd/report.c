// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace report FILE: what live prints, from a recording. */
#include <errno.h>
#include <stdio.h>

#include "cmd/cmd.h"
#include "cmd/session.h"
#include "source/recording.h"

static void on_record(void *ctx, const struct ct_record *rec)
{
	ct_session_record(ctx, rec);
}

struct replay {
	struct ct_run_session *session;
	uint64_t last_ns;
};

static void on_event(void *ctx, const struct ct_event *e)
{
	struct replay *replay = ctx;

	if (e->ts_ns > replay->last_ns)
		replay->last_ns = e->ts_ns;
	ct_core_feed(replay->session->core, e);
}

int ct_cmd_report(const struct ct_options *opts, struct ct_err *err)
{
	const struct ct_core_ops ops = { .record = on_record };
	struct ct_recording_header header;
	struct ct_run_session session;
	struct replay replay = { .session = &session };
	uint64_t cut;
	int ret;

	if (opts->operands.count != 1)
		return ct_fail(err, EINVAL, "report needs one recording: coldtrace report FILE");
	ret = ct_session_open(&session, opts, &ops, &session, err);
	if (ret)
		goto out;
	/* The header is read first: what the sinks say about the session stands in it. */
	ret = ct_recording_peek(opts->operands.items[0], &header, err);
	if (ret)
		goto out;
	session.head = (struct ct_session){
		.version = header.program,
		.kernel = header.kernel,
		.depth = header.depth ? "steps" : "phases",
		.wall_minus_mono_ns = header.wall_minus_mono_ns,
		.begin_ns = header.begin_ns,
	};
	ret = ct_session_begin(&session, err);
	if (ret)
		goto out;
	ret = ct_replay(opts->operands.items[0], &header, on_event, &replay, &cut, err);
	if (ret)
		goto out;
	ret = ct_session_end(&session, replay.last_ns, err);
	if (ret >= 0 && cut) {
		fprintf(stderr,
			"coldtrace: '%s' ends in the middle of an event, %llu bytes are left over\n",
			opts->operands.items[0], (unsigned long long)cut);
		ret = 1;
	}
	if (ret > 0)
		ret = CT_EXIT_INCOMPLETE;
out:
	ct_session_close(&session);
	return ret;
}
