// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/life/family.h"
#include "core/tell/segments.h"
#include "util/mem.h"

static uint32_t next(uint32_t *seed)
{
	*seed = *seed * 1664525 + 1013904223;
	return *seed >> 8;
}

static const struct {
	const char *name;
	const struct ct_family *family;
	bool stop;
} tables[] = {
	{ "docker start", &ct_family_docker, false },
	{ "docker stop", &ct_family_docker, true },
	{ "containerd start", &ct_family_containerd, false },
	{ "containerd stop", &ct_family_containerd, true },
};

static const struct ct_span *spans_of(size_t table)
{
	return tables[table].stop ? tables[table].family->stop : tables[table].family->start;
}

static size_t count_of(size_t table)
{
	return tables[table].stop ? tables[table].family->stop_count
				  : tables[table].family->start_count;
}

static bool has_end(const struct ct_span *span, const uint64_t *marks)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(span->to) && span->to[i]; i++) {
		if (marks[span->to[i]])
			return true;
	}
	return false;
}

static void expect_tiled(const char *name, unsigned round, const struct ct_record *rec)
{
	const char *wrong = check_record(rec);

	cr_assert_null(wrong, "%s, round %u: %s", name, round, wrong);
}

/* What was not seen is said to be missing, and what was seen is not. */
static void expect_honest(size_t table, unsigned round, const struct ct_record *rec,
			  const uint64_t *marks)
{
	uint16_t missing = 0, seen = 0;

	for (size_t i = 0; i < count_of(table); i++) {
		const struct ct_span *span = &spans_of(table)[i];
		uint16_t bit = (uint16_t)(1u << span->phase);

		if (!marks[span->from] && span->optional)
			continue;
		if (marks[span->from] && has_end(span, marks))
			seen |= bit;
		else
			missing |= bit;
	}
	cr_expect_eq(rec->seen, seen, "%s, round %u: seen %x, not %x", tables[table].name, round,
		     rec->seen, seen);
	cr_expect_eq(rec->missing, missing, "%s, round %u: missing %x, not %x", tables[table].name,
		     round, rec->missing, missing);
}

static struct ct_record build(size_t table, const uint64_t *marks, uint64_t begin)
{
	static const struct ct_identity nobody;
	struct ct_record rec = { .who = &nobody, .begin_ns = begin, .ready = -1 };

	rec.end_ns = ct_segments_build(&rec, spans_of(table), count_of(table), marks, begin);
	return rec;
}

/* Any subset of the marks, first in the order of life, then in any. */
Test(segments, tile_whatever_is_missing)
{
	uint32_t seed = 7;

	for (unsigned round = 0; round < 40000; round++) {
		size_t table = round % CT_ARRAY_SIZE(tables);
		uint64_t marks[CT_MARK_MAX] = { 0 }, begin = 1000, at = begin;
		struct ct_record rec;

		for (int m = 1; m < CT_MARK_MAX; m++) {
			at += next(&seed) % 100;
			if (next(&seed) % 4)
				marks[m] = round < 20000 ? at : begin + next(&seed) % 2000;
		}
		rec = build(table, marks, begin);
		expect_tiled(tables[table].name, round, &rec);
		expect_honest(table, round, &rec, marks);

		/* A stretch of it still tiles. */
		begin += next(&seed) % (rec.end_ns - rec.begin_ns + 1);
		at = begin + next(&seed) % (rec.end_ns - begin + 1);
		ct_segments_clip(&rec, begin, at);
		rec.begin_ns = begin;
		rec.end_ns = at;
		expect_tiled("clipped", round, &rec);
	}
}

/* A mark alone at the end of time, or at its begin. */
Test(segments, extreme_times)
{
	static const uint64_t times[] = { 1, 999, 1000, 1001, INT64_MAX, UINT64_MAX };

	for (size_t table = 0; table < CT_ARRAY_SIZE(tables); table++) {
		for (int m = 1; m < CT_MARK_MAX; m++) {
			for (size_t i = 0; i < CT_ARRAY_SIZE(times); i++) {
				uint64_t marks[CT_MARK_MAX] = { 0 };
				struct ct_record rec;

				marks[m] = times[i];
				rec = build(table, marks, 1000);
				expect_tiled(ct_mark_names[m], (unsigned)i, &rec);
			}
		}
	}
}

#define P(symbol) CT_PHASE_##symbol
#define M(symbol) [CT_MARK_##symbol]

struct expected {
	const char *name;
	size_t table; /* 0: start, 1: stop */
	uint64_t marks[CT_MARK_MAX];
	struct ct_segment segments[12];
};

static const struct expected table_of_segments[] = {
	{ "all of a start",
	  0,
	  { M(CREATE_BEGIN) = 1000, M(CREATE_END) = 1010, M(ATTACH_BEGIN) = 1012,
	    M(ATTACH_END) = 1013, M(START_BEGIN) = 1015, M(CONNECT_END) = 1021,
	    M(START_SAVED) = 1099, M(START_END) = 1100, M(READY) = 1150 },
	  { { P(CREATE), 1000, 1010 },
	    { P(CLIENT), 1010, 1012 },
	    { P(ATTACH), 1012, 1013 },
	    { P(CLIENT), 1013, 1015 },
	    { P(CONNECT), 1015, 1021 },
	    { P(START), 1021, 1100 },
	    { P(READY), 1100, 1150 } } },
	{ "the endpoint was not seen to join",
	  0,
	  { M(CREATE_BEGIN) = 1000, M(CREATE_END) = 1010, M(START_BEGIN) = 1015,
	    M(START_END) = 1100, M(READY) = 1150 },
	  { { P(CREATE), 1000, 1010 },
	    { P(CLIENT), 1010, 1015 },
	    { P(UNKNOWN), 1015, 1100 },
	    { P(READY), 1100, 1150 } } },
	{ "the create was not seen to be answered",
	  0,
	  { M(CREATE_BEGIN) = 1000, M(START_BEGIN) = 1015, M(CONNECT_END) = 1021,
	    M(START_END) = 1100 },
	  { { P(UNKNOWN), 1000, 1015 }, { P(CONNECT), 1015, 1021 }, { P(START), 1021, 1100 } } },
	{ "ready before the start is answered",
	  0,
	  { M(START_BEGIN) = 1000, M(CONNECT_END) = 1021, M(START_END) = 1100, M(READY) = 1090 },
	  { { P(CONNECT), 1000, 1021 }, { P(START), 1021, 1100 }, { P(READY), 1100, 1100 } } },
	{ "attached after the start has begun",
	  0,
	  { M(START_BEGIN) = 1000, M(CONNECT_END) = 1021, M(START_END) = 1100 },
	  { { P(CONNECT), 1000, 1021 }, { P(START), 1021, 1100 } } },
	{ "all of a stop, removed later",
	  1,
	  { M(STOP_BEGIN) = 1000, M(EXIT) = 1010, M(DIE_END) = 1030, M(DISCONNECT_END) = 1070,
	    M(SAVED) = 1074, M(STOP_END) = 1075, M(REMOVE_BEGIN) = 1090, M(REMOVE_END) = 1097 },
	  { { P(STOP), 1000, 1010 },
	    { P(DIE), 1010, 1030 },
	    { P(DISCONNECT), 1030, 1070 },
	    { P(DESTROY), 1070, 1075 },
	    { P(CLIENT), 1075, 1090 },
	    { P(DESTROY), 1090, 1097 } } },
	{ "exits by itself, the engine dies with it",
	  1,
	  { M(EXIT) = 1000, M(SAVED) = 1074 },
	  { { 0 } } },
	{ "the removal asked for it: its answer ends it",
	  1,
	  { M(STOP_BEGIN) = 1000, M(REMOVE_BEGIN) = 1000, M(EXIT) = 1010, M(DIE_END) = 1030,
	    M(DISCONNECT_END) = 1070, M(UNLINKED) = 1080, M(REMOVE_END) = 1082 },
	  { { P(STOP), 1000, 1010 },
	    { P(DIE), 1010, 1030 },
	    { P(DISCONNECT), 1030, 1070 },
	    { P(DESTROY), 1070, 1082 } } },
};

Test(segments, of_a_life)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(table_of_segments); i++) {
		const struct expected *e = &table_of_segments[i];
		struct ct_record rec = build(e->table, e->marks, 1000);
		size_t n = 0;

		while (n < CT_ARRAY_SIZE(e->segments) && e->segments[n].begin_ns)
			n++;
		expect_tiled(e->name, 0, &rec);
		cr_expect_eq(rec.segment_count, n, "%s: %zu segments", e->name, rec.segment_count);
		for (size_t k = 0; k < n && k < rec.segment_count; k++) {
			cr_expect_eq(rec.segments[k].phase, e->segments[k].phase, "%s: %zu is %s",
				     e->name, k, ct_phase_names[rec.segments[k].phase]);
			cr_expect_eq(rec.segments[k].begin_ns, e->segments[k].begin_ns, "%s: %zu",
				     e->name, k);
			cr_expect_eq(rec.segments[k].end_ns, e->segments[k].end_ns, "%s: %zu",
				     e->name, k);
		}
	}
}

/* More segments than there is room for: the last one takes the rest. */
Test(segments, full)
{
	static const struct ct_identity nobody;
	struct ct_record rec = { .who = &nobody, .begin_ns = 1, .ready = -1 };

	for (uint64_t i = 1; i < 100; i++)
		ct_segments_fill(&rec, i % 2 ? CT_PHASE_START : CT_PHASE_CLIENT, i, i + 1);
	rec.end_ns = 100;
	cr_expect_eq(rec.segment_count, CT_SEGMENTS_MAX);
	expect_tiled("full", 0, &rec);
}
