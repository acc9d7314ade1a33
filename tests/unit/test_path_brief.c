// SPDX-License-Identifier: GPL-2.0-only
/* A path in few words says the same as all of it, as far as it says it. */
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/path_brief.h"
#include "util/mem.h"

#define PIECES 5000

static struct ct_piece path[PIECES];

/* As on a busy machine: a moment on a CPU, a moment without, now and then something long. */
static struct ct_record a_record(enum ct_record_type type)
{
	struct ct_record rec = { .type = type, .path = path, .piece_count = PIECES };
	uint64_t at = 1000000;

	rec.begin_ns = at;
	for (size_t i = 0; i < PIECES; i++) {
		struct ct_piece *p = &path[i];

		*p = (struct ct_piece){
			.begin_ns = at,
			.phase = i < PIECES / 2 ? CT_PHASE_CREATE : CT_PHASE_START,
			.reason = i % 2 ? CT_REASON_RUNQUEUE : CT_REASON_CPU,
			.step = i % 700 < 350 ? "mount" : "",
			.pid = 10 + (uint32_t)(i / 400),
			.tid = (uint32_t)i,
		};
		snprintf(p->actor, sizeof(p->actor), "program-%u", p->pid);
		at += 1000 + i * 7919 % 5000;
		if (i % 1000 == 500) {
			p->reason = CT_REASON_DISK;
			strcpy(p->what, "journal"); /* NOLINT: there is room */
			at += 40000000;
		}
		p->end_ns = at;
	}
	rec.end_ns = at;
	return rec;
}

static void expect_the_same(const struct ct_record *rec, size_t from, size_t to, size_t most)
{
	own_mem struct ct_brief_piece *brief = NULL;
	struct ct_why all = { { 0 } }, said = { { 0 } };
	size_t count, pieces = 0;
	uint64_t at = path[from].begin_ns;

	cr_assert_eq(ct_brief_path(rec, most, &brief, &count), 0);
	cr_expect_leq(count, most);
	for (size_t i = 0; i < count; i++) {
		uint64_t sum = 0;

		cr_expect_eq(brief[i].piece.begin_ns, at);
		at = brief[i].piece.end_ns;
		pieces += brief[i].pieces;
		for (unsigned r = 0; r < CT_REASON_MAX; r++) {
			said.ns[r] += brief[i].why.ns[r];
			sum += brief[i].why.ns[r];
			cr_expect_leq(brief[i].why.ns[r], brief[i].why.ns[brief[i].piece.reason]);
		}
		cr_expect_eq(sum, brief[i].piece.end_ns - brief[i].piece.begin_ns);
	}
	for (size_t i = from; i < to; i++)
		all.ns[path[i].reason] += path[i].end_ns - path[i].begin_ns;
	cr_expect_eq(at, path[to - 1].end_ns);
	cr_expect_eq(pieces, to - from);
	cr_expect_arr_eq(&said, &all, sizeof(all));
}

Test(path_brief, tiles_and_adds_up)
{
	struct ct_record rec = a_record(CT_RECORD_START);

	for (size_t most = CT_BRIEF_PIECES_MIN; most < 2 * PIECES; most = most * 3 / 2)
		expect_the_same(&rec, 0, PIECES, most);
	expect_the_same(&rec, 0, PIECES, SIZE_MAX);
}

/* What is long is not lost among what is short. */
Test(path_brief, keeps_what_is_long)
{
	struct ct_record rec = a_record(CT_RECORD_START);
	own_mem struct ct_brief_piece *brief = NULL;
	size_t count, found = 0;

	cr_assert_eq(ct_brief_path(&rec, CT_BRIEF_PIECES, &brief, &count), 0);
	for (size_t i = 0; i < count; i++)
		found += brief[i].pieces == 1 && !strcmp(brief[i].piece.what, "journal");
	cr_expect_eq(found, PIECES / 1000);
}

/* Its stop has what is before, its start what is after. */
Test(path_brief, a_restart_has_what_is_between)
{
	struct ct_record rec = a_record(CT_RECORD_RESTART);
	own_mem struct ct_brief_piece *brief = NULL;
	size_t count;

	rec.told_until_ns = path[1499].end_ns;
	rec.told_from_ns = path[1700].begin_ns;
	expect_the_same(&rec, 1500, 1700, SIZE_MAX);
	expect_the_same(&rec, 1500, 1700, 48);
	rec.told_until_ns = path[1700].end_ns;
	cr_assert_eq(ct_brief_path(&rec, 48, &brief, &count), 0);
	cr_expect_eq(count, 0);
	rec.told_until_ns = 0; /* its stop was not seen */
	expect_the_same(&rec, 0, 1700, SIZE_MAX);
}

/* What they have in common is added up, and what there is no room for by its reason. */
Test(path_brief, causes_are_exact)
{
	struct ct_record rec = a_record(CT_RECORD_START);
	own_mem struct ct_brief_cause *causes = NULL;
	size_t count, rest = 0;
	uint64_t sum = 0, journal = 0;

	cr_assert_eq(ct_brief_causes(&rec, &causes, &count), 0);
	for (size_t i = 0; i < count; i++) {
		sum += causes[i].ns;
		if (!strcmp(causes[i].like->what, "journal"))
			journal += causes[i].ns;
		cr_expect(!i || causes[i - 1].ns >= causes[i].ns);
	}
	cr_expect_eq(sum, rec.end_ns - rec.begin_ns);
	cr_expect_geq(journal, PIECES / 1000 * 40000000ull);
	free(take_ptr(causes));
	for (size_t i = 0; i < PIECES; i++)
		snprintf(path[i].what, sizeof(path[i].what), "lock %zu", i);
	cr_assert_eq(ct_brief_causes(&rec, &causes, &count), 0);
	sum = 0;
	for (size_t i = 0; i < count; i++) {
		sum += causes[i].ns;
		rest += causes[i].rest;
	}
	cr_expect_eq(sum, rec.end_ns - rec.begin_ns);
	cr_expect_leq(count, CT_BRIEF_CAUSES + 2 * 3);
	cr_expect(rest > 0 && rest <= 2 * 3);
}
