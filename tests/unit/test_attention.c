// SPDX-License-Identifier: GPL-2.0-only
/* When nobody says that something is over: how long it is waited for, and what is told then. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "runs.h"

/* Plays up to that time, and says how many records there are without the end of tracing. */
static size_t told_by(struct tape *t, double ms, enum ct_record_type type)
{
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	size_t n;

	tape_at(t, ms);
	tape_clock(t);
	tape_at(t, ms + 60);
	tape_clock(t); /* what is held to be put in order is let go */
	tape_feed(t, core);
	n = count(run, type);
	ct_core_free(core);
	run_free(run);
	return n;
}

/* Columns: what is waited for, its record, when it is told at the latest, and not yet before. */
static const struct {
	const char *name;
	int what;
	enum ct_record_type type;
	double at;
} waits[] = {
	{ "a start, for a sign of being ready", 0, CT_RECORD_START, 181 + 10000 },
	{ "a short life, for its output", 1, CT_RECORD_START, 500 + 20 },
	{ "a create, for its start", 2, CT_RECORD_CREATE, 20 + 2000 },
	{ "a stop that is all seen, for its removal", 3, CT_RECORD_STOP, 564 + 2000 },
	{ "a stop of which only the exit is seen", 4, CT_RECORD_STOP, 500 + 30000 },
	{ "a removal that was seen, for what follows", 5, CT_RECORD_STOP, 607 + 150 },
	{ "a stop whose answer does not come", 6, CT_RECORD_STOP, 564 + 30000 },
	{ "a start, for who it is", 7, CT_RECORD_START, 20 + 250 },
};

/* Nobody says who a container is: instead of each answer to that, time passes. */
static void forget_identities(struct tape *t)
{
	for (size_t at = 0; at < t->len;) {
		struct ct_event *e = (struct ct_event *)(t->bytes + at);

		if (e->kind == CT_KIND_IDENTITY)
			e->kind = CT_KIND_CLOCK;
		at += e->len;
	}
}

static void happens(struct tape *t, int what)
{
	struct life l = life_of(0);

	life_engines(t);
	life_create(t, &l, 10);
	if (what == 7)
		forget_identities(t);
	if (what == 2)
		return;
	life_start(t, &l, 30);
	if (what >= 3) {
		tape_at(t, 200);
		tape_output(t, l.init, l.shim);
	}
	if (what == 1 || what == 4) {
		tape_at(t, 500);
		tape_exit(t, l.init, CT_ROLE_INIT, 0);
	}
	if (what == 6)
		life_request(t, &l, 490, "stop");
	if (what == 3 || what == 5 || what == 6)
		life_exit(t, &l, 500, 0);
	if (what == 5)
		life_remove(t, &l, 600);
}

/* A live view that tells later than that seems to hang, one that tells sooner tells half of it. */
Test(attention, how_long_it_is_waited_for)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(waits); i++) {
		struct tape before = { 0 }, after = { 0 };

		happens(&before, waits[i].what);
		cr_expect_eq(told_by(&before, waits[i].at - 1, waits[i].type), 0, "%s: too early",
			     waits[i].name);
		happens(&after, waits[i].what);
		cr_expect_eq(told_by(&after, waits[i].at, waits[i].type), 1, "%s: not yet",
			     waits[i].name);
		tape_free(&before);
		tape_free(&after);
	}
}
