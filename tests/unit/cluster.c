// SPDX-License-Identifier: GPL-2.0-only
#include "cluster.h"

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct run *run = ctx;
	struct seen *s = &run->seen[run->count++];

	cr_assert_lt(run->count, RECORDS_MAX);
	s->rec = *rec;
	s->who = *rec->who;
	s->rec.who = &s->who;
	snprintf(s->message, sizeof(s->message), "%s", rec->message ? rec->message : "");
	cr_assert_leq(rec->step_count, CT_ARRAY_SIZE(s->steps));
	for (size_t i = 0; i < rec->step_count; i++)
		s->steps[i] = rec->steps[i];
}

struct cluster *cluster_new(bool steps)
{
	static const struct ct_core_ops ops = { .record = on_record };
	const struct ct_core_options opts = { .steps = steps, .node = "n1" };
	struct cluster *cl = calloc(1, sizeof(*cl));

	cr_assert(cl);
	cl->core = ct_core_new(&opts, &ops, &cl->run);
	cr_assert(cl->core);
	return cl;
}

void cluster_free(struct cluster *cl)
{
	ct_core_free(cl->core);
	free(cl);
}

void text(char *to, size_t room, const char *from)
{
	ct_text_copy(to, room, ct_text(from, strlen(from)));
}

struct ct_record record_of(struct cluster *cl, enum ct_record_type type, const char *id,
			   const char *name, double begin, double end)
{
	struct ct_identity *who = &cl->c.who;

	memset(&cl->c, 0, sizeof(cl->c));
	text(who->id, sizeof(who->id), id);
	text(who->pod, sizeof(who->pod), "web-1");
	text(who->pod_uid, sizeof(who->pod_uid), "u-1");
	text(who->pod_ns, sizeof(who->pod_ns), "shop");
	text(who->pod_container, sizeof(who->pod_container), name);
	text(who->image, sizeof(who->image), "nginx:1");
	text(who->runtime, sizeof(who->runtime), "runc");
	cl->core->now = MS(end);
	return (struct ct_record){
		.type = type,
		.who = who,
		.begin_ns = MS(begin),
		.end_ns = MS(end),
		.exit_code = CT_NO_EXIT_CODE,
		.ready = -1,
		.segments = { { CT_PHASE_CREATE, MS(begin), MS(end) } },
		.segment_count = 1,
	};
}

void starts(struct cluster *cl, const char *id, const char *name, double begin, double end,
	    bool ready)
{
	struct ct_record rec = record_of(cl, CT_RECORD_START, id, name, begin, end);

	if (ready) {
		rec.ready = CT_READY_LISTEN;
		rec.ready_ns = rec.end_ns;
	}
	ct_made_told(cl->core, &rec, &cl->c);
}

void fails(struct cluster *cl, const char *id, const char *name, double begin, double end)
{
	struct ct_record rec = record_of(cl, CT_RECORD_START, id, name, begin, end);

	rec.outcome = CT_OUTCOME_FAILED;
	rec.message = "no such file";
	ct_made_told(cl->core, &rec, &cl->c);
}

void stops(struct cluster *cl, const char *id, const char *name, double begin, double end,
	   double asked, int code)
{
	struct ct_record rec = record_of(cl, CT_RECORD_STOP, id, name, begin, end);

	rec.exit_code = code;
	rec.service_end_ns = MS(begin + asked);
	if (asked > 0)
		rec.segments[0] =
			(struct ct_segment){ CT_PHASE_STOP, MS(begin), MS(begin + asked) };
	else
		rec.segments[0].phase = CT_PHASE_DIE;
	ct_made_told(cl->core, &rec, &cl->c);
}

void passes(struct cluster *cl, double until)
{
	cl->core->now = MS(until);
	if (cl->core->due_ns && cl->core->now >= cl->core->due_ns) {
		cl->core->due_ns = 0;
		ct_made_due(cl->core);
	}
}

const struct seen *only(struct cluster *cl, enum ct_record_type type)
{
	cr_assert_eq(cl->run.count, 1, "%zu records", cl->run.count);
	cr_assert_eq(cl->run.seen[0].rec.type, type);
	return &cl->run.seen[0];
}
