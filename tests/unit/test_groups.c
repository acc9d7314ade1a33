// SPDX-License-Identifier: GPL-2.0-only
/* Groups that the user has named, as records: when they are told, and what their path consists of. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/tell/group_named.h"
#include "core/tell/made.h"

#define MS    1000000ull
#define START 100 /* ms that a start takes */

struct told {
	struct ct_core *core;
	void *state;
	uint32_t run;
	size_t count;
	struct ct_record rec; /* the last one; what it borrows is copied */
	struct ct_identity who;
	struct ct_grouped members[CT_GROUP_MEMBERS];
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct told *t = ctx;

	t->count++;
	t->rec = *rec;
	t->who = *rec->who;
	memcpy(t->members, rec->members, rec->member_count * sizeof(*rec->members));
}

static const struct ct_group_named shop = { "shop=we?,api,db", 4, "we?,api,db" };

static struct told *begin_with(const struct ct_group_named *group)
{
	const struct ct_core_options opts = { .groups = group, .group_count = 1, .steps = true };
	const struct ct_core_ops ops = { .record = on_record };
	struct told *t = calloc(1, sizeof(*t));

	cr_assert(t);
	t->core = ct_core_new(&opts, &ops, t);
	t->state = calloc(1, ct_made_groups.state_size);
	cr_assert(t->core && t->state);
	return t;
}

static struct told *begin(void)
{
	return begin_with(&shop);
}

static void end(struct told *t)
{
	ct_made_groups.free(t->state);
	free(t->state);
	ct_core_free(t->core);
	free(t);
}

static struct ct_record record_of(struct ct_identity *who, const char *name, unsigned time)
{
	memset(who, 0, sizeof(*who));
	snprintf(who->name, sizeof(who->name), "%s", name);
	snprintf(who->id, sizeof(who->id), "%s-%u", name, time);
	snprintf(who->runtime, sizeof(who->runtime), "runc");
	who->client.pid = 7;
	who->init_pid = 4242;
	who->args_hash = 77;
	return (struct ct_record){ .who = who, .outcome = CT_OUTCOME_OK };
}

/* The nth time that it starts. */
static void start(struct told *t, const char *name, unsigned time, uint64_t at_ms)
{
	struct ct_identity who;
	struct ct_record rec = record_of(&who, name, time);

	rec.type = CT_RECORD_START;
	rec.run = t->run;
	rec.begin_ns = at_ms * MS;
	rec.end_ns = t->core->now = (at_ms + START) * MS;
	ct_made_groups.told(t->core, t->state, &rec, NULL);
}

static void stop(struct told *t, const char *name, unsigned time, uint64_t at_ms,
		 enum ct_cause cause)
{
	struct ct_identity who;
	struct ct_record rec = record_of(&who, name, time);

	rec.type = CT_RECORD_STOP;
	rec.cause = cause;
	rec.service_end_ns = rec.begin_ns = rec.end_ns = t->core->now = at_ms * MS;
	ct_made_groups.told(t->core, t->state, &rec, NULL);
}

static void expect_tiled(const struct ct_record *rec)
{
	uint64_t at = rec->begin_ns;

	for (size_t i = 0; i < rec->segment_count; i++) {
		cr_expect_eq(rec->segments[i].begin_ns, at);
		at = rec->segments[i].end_ns;
	}
	cr_expect_eq(at, rec->end_ns);
}

static void expect_phases(const struct ct_record *rec, uint64_t cold, uint64_t run, uint64_t client)
{
	cr_expect_eq(ct_record_phase_ns(rec, CT_PHASE_COLD), cold * MS);
	cr_expect_eq(ct_record_phase_ns(rec, CT_PHASE_RUN), run * MS);
	cr_expect_eq(ct_record_phase_ns(rec, CT_PHASE_CLIENT), client * MS);
	expect_tiled(rec);
}

Test(groups, of_functions_until_the_last_has_ended)
{
	struct told *t = begin();

	start(t, "web", 1, 1000);
	stop(t, "web", 1, 1300, CT_CAUSE_EXIT);
	start(t, "noise", 1, 1305);
	start(t, "api", 1, 1310);
	stop(t, "api", 1, 1610, CT_CAUSE_EXIT);
	start(t, "db", 1, 1640);
	cr_expect_eq(t->count, 0);
	t->core->now = 60000 * MS; /* a long one: it is waited for */
	ct_made_groups.due(t->core, t->state);
	cr_expect_eq(t->count, 0);
	stop(t, "db", 1, 61840, CT_CAUSE_EXIT);
	cr_assert_eq(t->count, 1);
	cr_expect_eq(t->rec.type, CT_RECORD_GROUP);
	cr_expect_str_eq(t->who.name, "shop");
	cr_expect_str_eq(t->who.id, "web-1");
	cr_expect_str_eq(t->who.runtime, "runc");
	cr_expect_str_empty(t->who.image);
	cr_expect_eq(t->who.init_pid, 0, "it has no process of its own");
	cr_expect_eq(t->who.args_hash, 0);
	cr_expect_eq(t->rec.begin_ns, 1000 * MS);
	cr_expect_eq(t->rec.end_ns, 61840 * MS);
	expect_phases(&t->rec, 300, 60500, 40);
	cr_expect_eq(t->rec.member_count, 3);
	cr_expect_str_eq(t->members[1].name, "api");
	cr_expect_eq(t->members[1].gap_ns, (int64_t)(10 * MS));
	cr_expect_eq(t->members[2].gap_ns, (int64_t)(30 * MS));
	cr_expect_eq(t->members[2].exit_ns, 61840 * MS);
	cr_expect_eq(t->members[2].cold_ns, 100 * MS);
	end(t);
}

Test(groups, of_services_until_the_last_is_ready)
{
	struct told *t = begin();

	start(t, "web", 1, 1000);
	start(t, "api", 1, 1400); /* web has called it */
	start(t, "db", 1, 1500);
	cr_expect_eq(t->count, 0, "one of them may still end");
	t->core->now = 11599 * MS;
	ct_made_groups.due(t->core, t->state);
	cr_expect_eq(t->count, 0);
	t->core->now = 11600 * MS;
	ct_made_groups.due(t->core, t->state);
	cr_assert_eq(t->count, 1);
	cr_expect_eq(t->rec.end_ns, 1600 * MS);
	expect_phases(&t->rec, 300, 300, 0);
	stop(t, "web", 1, 20000, CT_CAUSE_STOP_REQUEST);
	stop(t, "api", 1, 20000, CT_CAUSE_EXIT);
	ct_made_groups.flush(t->core, t->state);
	cr_expect_eq(t->count, 1, "it is told once");
	end(t);
}

Test(groups, told_when_it_begins_again)
{
	struct told *t = begin();

	for (unsigned time = 1; time <= 3; time++) {
		start(t, "web", time, time * 1000);
		start(t, "api", time, time * 1000 + 200);
		start(t, "db", time, time * 1000 + 400);
		cr_expect_eq(t->count, time - 1);
	}
	cr_expect_eq(t->rec.begin_ns, 2000 * MS);
	ct_made_groups.flush(t->core, t->state);
	cr_expect_eq(t->count, 3);
	end(t);
}

Test(groups, not_in_another_order)
{
	struct told *t = begin();

	start(t, "db", 1, 1000);
	start(t, "web", 1, 2000);
	start(t, "api", 1, 3000);
	ct_made_groups.flush(t->core, t->state);
	cr_expect_eq(t->count, 0, "db was asked for before web");
	start(t, "db", 2, 4000);
	ct_made_groups.flush(t->core, t->state);
	cr_expect_eq(t->count, 1);
	cr_expect_eq(t->rec.begin_ns, 2000 * MS);
	end(t);
}

Test(groups, beside_each_other_in_any_order)
{
	struct told *t = begin();

	start(t, "web", 1, 1000);
	start(t, "db", 1, 1500);
	start(t, "api", 1, 1510);
	ct_made_groups.flush(t->core, t->state);
	cr_assert_eq(t->count, 1);
	cr_expect_str_eq(t->members[1].name, "db", "by their requests");
	cr_expect_eq(t->members[2].gap_ns, -90 * (int64_t)MS, "they overlap");
	cr_expect_eq(t->rec.end_ns, 1610 * MS);
	expect_phases(&t->rec, 200, 410, 0);
	end(t);
}

/* What two patterns match is the first of them that has not started. */
Test(groups, of_one_image_twice)
{
	struct ct_grouped members[3] = { { .begin_ns = 0 } };
	const struct ct_group_named named = { "f*,f-2,x", 0, "f*,f-2,x" };

	cr_expect_eq(ct_group_count(&named), 3);
	cr_expect_eq(ct_group_member(&named, members, 3, "f-2", ""), 0);
	members[0] = (struct ct_grouped){ .begin_ns = 10, .ready_ns = 20 };
	cr_expect_eq(ct_group_member(&named, members, 3, "", "f-2"), 1);
	cr_expect_eq(ct_group_member(&named, members, 3, "f-1", ""), 0, "once more");
	cr_expect_eq(ct_group_member(&named, members, 3, "g", ""), 3, "none");
	members[2] = (struct ct_grouped){ .begin_ns = 30, .ready_ns = 40 };
	members[1] = (struct ct_grouped){ .begin_ns = 39, .ready_ns = 50 };
	cr_expect(ct_group_is_whole(members, 3), "beside each other");
	members[0] = (struct ct_grouped){ .begin_ns = 45, .ready_ns = 60 };
	cr_expect_not(ct_group_is_whole(members, 3));
	cr_expect_eq(members[1].begin_ns, 39);
	cr_expect_eq(members[2].begin_ns, 0, "it was ready before the first began");
}

Test(groups, not_of_two_runs_of_a_program)
{
	struct told *t = begin();

	t->run = 1;
	start(t, "web", 1, 1000);
	start(t, "api", 1, 1200);
	t->run = 2;
	start(t, "db", 2, 2000);
	ct_made_groups.flush(t->core, t->state);
	cr_expect_eq(t->count, 0);
	start(t, "web", 2, 3000);
	start(t, "api", 2, 3200);
	start(t, "db", 2, 3400);
	ct_made_groups.flush(t->core, t->state);
	cr_expect_eq(t->count, 1);
	cr_expect_eq(t->rec.begin_ns, 3000 * MS);
	end(t);
}

/* As many as one can name. */
Test(groups, as_large_as_there_may_be)
{
	static char patterns[CT_GROUP_MEMBERS * 4];
	static struct ct_group_named large = { patterns, 0, patterns };
	struct told *t;
	char name[8];

	for (unsigned i = 0; i < CT_GROUP_MEMBERS; i++)
		snprintf(patterns + strlen(patterns), sizeof(patterns) - strlen(patterns),
			 "%sm%02u", i ? "," : "", i);
	t = begin_with(&large);
	for (unsigned i = 0; i < CT_GROUP_MEMBERS; i++) {
		snprintf(name, sizeof(name), "m%02u", i);
		start(t, name, 1, 1000 + 200 * i);
	}
	ct_made_groups.flush(t->core, t->state);
	cr_expect_eq(t->count, 1);
	cr_expect_eq(t->rec.member_count, CT_GROUP_MEMBERS);
	cr_expect_str_eq(t->members[CT_GROUP_MEMBERS - 1].name, "m15");
	end(t);
}

Test(groups, what_never_came_is_not_told)
{
	struct told *t = begin();

	start(t, "web", 1, 1000);
	start(t, "db", 1, 1500);
	start(t, "web", 2, 3000);
	start(t, "api", 2, 3200);
	ct_made_groups.flush(t->core, t->state);
	cr_expect_eq(t->count, 0, "db is of the time before");
	end(t);
}
