// SPDX-License-Identifier: GPL-2.0-only
#include "session.h"

#include <errno.h>
#include <string.h>

int ct_session_open(struct ct_run_session *s, const struct ct_options *opts,
		    const struct ct_core_ops *ops, void *ctx, struct ct_err *err)
{
	static const char *const by_default[] = { "table" };
	const char *const *specs = opts->outputs.count ? opts->outputs.items : by_default;
	size_t count = opts->outputs.count ? opts->outputs.count : 1;
	struct ct_core_options core = {
		.ready_mask = opts->ready_mask,
		.steps = opts->steps,
	};
	int ret;

	memset(s, 0, sizeof(*s));
	s->opts = opts;
	for (size_t i = 0; i < count; i++) {
		ret = ct_sink_open(&s->sinks[i], specs[i], err);
		if (ret)
			return ret;
		s->sinks[i].steps = opts->steps;
		s->sink_count++;
	}
	s->core = ct_core_new(&core, ops, ctx);
	s->summary = ct_summary_new();
	if (!s->core || !s->summary)
		return ct_fail(err, ENOMEM, "begin the session: out of memory");
	return 0;
}

int ct_session_begin(struct ct_run_session *s, struct ct_err *err)
{
	for (size_t i = 0; i < s->sink_count; i++) {
		struct ct_sink *sink = &s->sinks[i];
		int ret = sink->ops->begin ? sink->ops->begin(sink, &s->head, err) : 0;

		if (ret)
			return ret;
	}
	return 0;
}

void ct_session_record(struct ct_run_session *s, const struct ct_record *rec)
{
	if (s->failed || !ct_options_match(s->opts, rec))
		return;
	if (rec->type == CT_RECORD_START)
		s->starts++;
	if (ct_summary_add(s->summary, rec)) {
		ct_fail(&s->err, ENOMEM, "summarize a record: out of memory");
		s->failed = true;
	}
	for (size_t i = 0; i < s->sink_count && !s->failed; i++) {
		struct ct_sink *sink = &s->sinks[i];

		if (sink->ops->record && sink->ops->record(sink, rec, &s->err))
			s->failed = true;
	}
}

int ct_session_end(struct ct_run_session *s, uint64_t end_ns, struct ct_err *err)
{
	struct ct_core_counts counts;
	uint64_t lost = 0;

	ct_core_flush(s->core);
	if (s->failed) {
		*err = s->err;
		return err->code;
	}
	s->head.end_ns = end_ns;
	counts = ct_core_counts(s->core);
	for (size_t i = 0; i < s->sink_count; i++) {
		struct ct_sink *sink = &s->sinks[i];
		int ret = sink->ops->end ? sink->ops->end(sink, &s->head, s->summary, &counts, err)
					 : 0;

		if (!ret)
			ret = ct_sink_close(sink, err);
		if (ret)
			return ret;
	}
	for (int i = 0; i < CT_LOSS_MAX; i++)
		lost += i == CT_LOSS_READ || i == CT_LOSS_LATE ? 0 : counts.lost[i];
	return lost ? 1 : 0;
}

void ct_session_close(struct ct_run_session *s)
{
	struct ct_err ignored;

	for (size_t i = 0; i < s->sink_count; i++)
		ct_sink_close(&s->sinks[i], &ignored);
	ct_core_free(s->core);
	ct_summary_free(s->summary);
	s->core = NULL;
	s->summary = NULL;
	s->sink_count = 0;
}
