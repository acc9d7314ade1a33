// SPDX-License-Identifier: GPL-2.0-only
/* A container of an engine that nobody has: what is said of it. */
#include <stdio.h>
#include <stdlib.h>

#include "core/core.h"
#include "sinks/sink.h"
#include "stats/summary.h"
#include "tape.h"

/* Each output draws what is told, into a file of its name. */
static struct {
	struct ct_sink sinks[32];
	char specs[32][64];
	size_t count;
	struct ct_summary *summary;
	struct ct_session session;
} drawn = { .session = { .version = "0", .kernel = "0", .depth = "steps", .begin_ns = 1 } };

enum {
	ZAPPD = 700,
	ZAPMON,
	ZAPRUN,
	INIT,
	LATER
};
#define ID    "web-1"
#define NETNS 4026532001

static void does(struct tape *t, const char *what, double ms, double until)
{
	tape_at(t, ms);
	tape_fork(t, ZAPPD, LATER, CT_ROLE_ENGINE);
	tape_exec(t, LATER, CT_ROLE_RUNTIME, 9, "/usr/bin/zaprun", what, ID, TAPE_END);
	tape_at(t, until);
	tape_exit(t, LATER, CT_ROLE_RUNTIME, 0);
}

static void live(struct tape *t)
{
	tape_process(t, ZAPPD, 1, CT_ROLE_ENGINE, "/usr/bin/zappd", TAPE_END);
	tape_at(t, 10);
	tape_fork(t, ZAPPD, ZAPMON, CT_ROLE_ENGINE);
	tape_exec(t, ZAPMON, CT_ROLE_SHIM, 9, "/usr/bin/zapmon", "-c", ID, "-n", "web", "-r",
		  "/usr/bin/zaprun", TAPE_END);
	tape_at(t, 20);
	tape_fork(t, ZAPMON, ZAPRUN, CT_ROLE_SHIM);
	tape_exec(t, ZAPRUN, CT_ROLE_RUNTIME, 9, "/usr/bin/zaprun", "create", ID, TAPE_END);
	tape_fork(t, ZAPRUN, INIT, CT_ROLE_RUNTIME);
	tape_at(t, 100);
	tape_exit(t, ZAPRUN, CT_ROLE_RUNTIME, 0);
	does(t, "start", 120, 130);
	tape_at(t, 125);
	tape_exec(t, INIT, CT_ROLE_INIT, NETNS, "app", TAPE_END);
	tape_at(t, 150);
	tape_output(t, INIT, ZAPMON);
	tape_at(t, 1000);
	tape_exit(t, INIT, CT_ROLE_INIT, 0);
	does(t, "delete", 1100, 1130);
	tape_at(t, 60000);
	tape_clock(t);
	tape_sort(t);
}

static struct ct_err err;

static void must(int ret)
{
	if (!ret)
		return;
	printf("%s\n", err.msg);
	exit(1);
}

static void say(void *ctx, const struct ct_record *rec)
{
	(void)ctx;
	printf("%s %s: %s of %s by %s\n", ct_record_names[rec->type],
	       ct_outcome_names[rec->outcome], rec->who->name, rec->who->engine, rec->who->runtime);
	for (size_t i = 0; i < rec->segment_count; i++)
		printf("  %s %.0f to %.0f ms\n", ct_phase_names[rec->segments[i].phase],
		       (double)(rec->segments[i].begin_ns - tape_ns(0)) / 1e6,
		       (double)(rec->segments[i].end_ns - tape_ns(0)) / 1e6);
	for (size_t i = 0; i < rec->step_count; i++)
		printf("  step %s\n", rec->steps[i].name);
	must(ct_summary_add(drawn.summary, rec));
	for (size_t i = 0; i < drawn.count; i++)
		must(ct_sink_record(&drawn.sinks[i], &drawn.session, rec, &err));
}

static void draw_begin(void)
{
	drawn.summary = ct_summary_new();
	for (; ct_sinks[drawn.count]; drawn.count++) {
		struct ct_sink *s = &drawn.sinks[drawn.count];
		char *spec = drawn.specs[drawn.count];

		snprintf(spec, sizeof(drawn.specs[0]), "%s:drawn/%s", ct_sinks[drawn.count]->name,
			 ct_sinks[drawn.count]->name);
		must(ct_sink_open(s, spec, &err));
		s->steps = true;
		must(ct_sink_begin(s, &drawn.session, &err));
	}
}

static void draw_end(const struct ct_core *core)
{
	const struct ct_core_counts counts = ct_core_counts(core);

	for (size_t i = 0; i < drawn.count; i++) {
		must(ct_sink_end(&drawn.sinks[i], &drawn.session, drawn.summary, &counts, &err));
		must(ct_sink_close(&drawn.sinks[i], &err));
	}
	ct_summary_free(drawn.summary);
}

int main(void)
{
	const struct ct_core_options opts = { .steps = true };
	const struct ct_core_ops ops = { .record = say };
	struct ct_core *core = ct_core_new(&opts, &ops, NULL);
	struct tape t = { 0 };

	live(&t);
	draw_begin();
	tape_feed(&t, core);
	ct_core_flush(core);
	draw_end(core);
	tape_free(&t);
	ct_core_free(core);
	return 0;
}
