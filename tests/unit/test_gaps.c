// SPDX-License-Identifier: GPL-2.0-only
/* Times in which nobody traced, between recordings of one boot, and what had begun in them. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/gaps.h"
#include "life.h"
#include "source/recording/recordings_many.h"
#include "util/mem.h"

#define FILES 3

static char paths[FILES][48];

/* Of the same boot, each of a recorder of its own unless series is 0. */
static void keep(unsigned file, uint64_t series, double begin_ms, struct tape *t)
{
	struct ct_recording_header header;
	struct ct_recorder r = { 0 };
	struct ct_err err = { 0 };
	int fd;

	strcpy(paths[file], "/tmp/coldtrace-gaps-XXXXXX"); /* NOLINT: there is room */
	fd = mkstemp(paths[file]);
	cr_assert_geq(fd, 0);
	close(fd);
	ct_recording_header_fill(&header, 0);
	header.begin_ns = tape_ns(begin_ms);
	header.boot = header.node = 1;
	header.series = series;
	ct_recording_header_seal(&header);
	cr_assert_eq(ct_recorder_open(&r, paths[file], &header, &err), 0, "%s", err.msg);
	for (size_t at = 0; at < t->len;) {
		const struct ct_event *e = (const struct ct_event *)(t->bytes + at);

		cr_assert_eq(ct_recorder_write(&r, e, &err), 0, "%s", err.msg);
		at += e->len;
	}
	r.end_ns = t->now_ns;
	cr_assert_eq(ct_recorder_close(&r, &err), 0, "%s", err.msg);
	tape_free(t);
}

/* It runs already, as is looked up when tracing begins. */
static void runs(struct tape *t, const struct life *l)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%u", l->init);
	tape_process(t, l->init, 1, CT_ROLE_WORKLOAD, "sleep", TAPE_END);
	tape_identity(t, LIFE_DOCKERD, "id", l->id, "engine", "docker", "name", l->name, "image",
		      "busybox:1", "pid", pid, TAPE_END);
}

/* A life that goes on; 500 ms later that and two others run, of which one ends, and one begins. */
static void make(uint64_t first, uint64_t second)
{
	struct life goes_on = life_of(0), found = life_of(1), found_and_ends = life_of(2),
		    begins = life_of(3);
	struct tape t = { 0 };

	life_engines(&t);
	life_create(&t, &goes_on, 10);
	life_start(&t, &goes_on, 30);
	tape_at(&t, 1000);
	tape_clock(&t);
	keep(0, first, 0, &t);
	tape_at(&t, 1500);
	life_engines(&t);
	runs(&t, &goes_on);
	runs(&t, &found);
	runs(&t, &found_and_ends);
	life_create(&t, &begins, 1600);
	life_start(&t, &begins, 1630);
	life_exit(&t, &found_and_ends, 1800, 0);
	life_remove(&t, &found_and_ends, 1850);
	tape_at(&t, 3000);
	tape_clock(&t);
	keep(1, second, 1500, &t);
}

static void remove_all(void)
{
	for (unsigned i = 0; i < FILES; i++)
		if (*paths[i])
			unlink(paths[i]);
}

TestSuite(gaps, .fini = remove_all);

struct seen {
	struct ct_session_gap gap; /* the last */
	size_t gaps;
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	cr_assert(ct_gaps_record(ctx, rec));
}

static void on_left(void *ctx, const struct ct_identity *who, bool told, bool open)
{
	cr_assert(ct_gaps_left(ctx, who, told, open));
}

static void on_turn(void *ctx, const struct ct_input *in)
{
	ct_gaps_turn(ctx, in);
}

static struct seen look(const char *const *list, size_t count)
{
	const struct ct_core_ops ops = { .record = on_record, .left = on_left };
	const struct ct_core_options core = { 0 };
	struct ct_core_counts counts = { 0 };
	struct ct_recordings all;
	struct seen seen = { .gaps = 0 };
	const struct ct_session_gap *gaps;
	struct ct_err err = { 0 };
	struct ct_many how = { .jobs = 2, .core = &core, .ops = &ops, .turn = on_turn };
	struct ct_gaps *g;

	cr_assert_eq(ct_recordings_open(&all, list, count, &err), 0, "%s", err.msg);
	g = ct_gaps_new(&all);
	cr_assert(g);
	how.ctx = g;
	cr_assert_eq(ct_recordings_replay_many(&all, &how, &counts, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_gaps_list(g, &gaps, &seen.gaps), 0);
	if (seen.gaps) {
		seen.gap = gaps[seen.gaps - 1];
		cr_expect_str_eq(seen.gap.before, paths[0]);
		cr_expect_str_eq(seen.gap.after, paths[1]);
	}
	ct_gaps_free(g);
	seen.gap.before = seen.gap.after = NULL;
	ct_recordings_close(&all);
	return seen;
}

Test(gaps, what_began_in_one_is_counted)
{
	struct seen seen, other;

	make(7, 8);
	seen = look((const char *[]){ paths[0], paths[1] }, 2);
	cr_expect_eq(seen.gaps, 1);
	cr_expect_eq(seen.gap.end_ns - seen.gap.begin_ns, 500 * TAPE_MS);
	cr_expect_eq(seen.gap.found, 2, "not what was known before, nor what began later: %zu",
		     seen.gap.found);
	other = look((const char *[]){ paths[1], paths[0] }, 2);
	cr_expect_eq(other.gap.found, 2, "in whatever order they are named");
	cr_expect_eq(look((const char *[]){ paths[1] }, 1).gaps, 0);
}

/* Nobody asks what was between two recordings that somebody made by hand. */
Test(gaps, of_recorders_that_go_on)
{
	make(7, 0);
	cr_expect_eq(look((const char *[]){ paths[0], paths[1] }, 2).gaps, 0);
}

/* Where a third traced meanwhile there is none. */
Test(gaps, none_where_another_traced)
{
	struct tape t = { 0 };

	make(7, 8);
	tape_at(&t, 900);
	life_engines(&t);
	tape_at(&t, 2000);
	tape_clock(&t);
	keep(2, 9, 900, &t);
	cr_expect_eq(look((const char *[]){ paths[0], paths[1], paths[2] }, 3).gaps, 0);
}
