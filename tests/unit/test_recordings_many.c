// SPDX-License-Identifier: GPL-2.0-only
/* Several recordings read at once are told as they are one by one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "life.h"
#include "source/recording/recordings_many.h"
#include "util/mem.h"

#define FILES 24

static char paths[FILES][48];

/* Of n lives, that begin one after another. */
static void make(unsigned file, unsigned n)
{
	struct ct_recording_header header;
	struct ct_recorder r = { 0 };
	struct ct_err err = { 0 };
	struct tape t = { 0 };
	int fd;

	strcpy(paths[file], "/tmp/coldtrace-many-XXXXXX"); /* NOLINT: there is room */
	fd = mkstemp(paths[file]);
	cr_assert_geq(fd, 0);
	close(fd);
	ct_recording_header_fill(&header, 0);
	header.begin_ns = TAPE_T0_NS + file;
	life_engines(&t);
	for (unsigned i = 0; i < n; i++) {
		struct life l = life_of(file * 100 + i);

		life_create(&t, &l, 10.0 + i);
		life_start(&t, &l, 30.0 + i);
		life_exit(&t, &l, 400.0 + i, 0);
		life_remove(&t, &l, 500.0 + i);
	}
	cr_assert_eq(ct_recorder_open(&r, paths[file], &header, &err), 0, "%s", err.msg);
	for (size_t at = 0; at < t.len;) {
		const struct ct_event *e = (const struct ct_event *)(t.bytes + at);

		cr_assert_eq(ct_recorder_write(&r, e, &err), 0, "%s", err.msg);
		at += e->len;
	}
	cr_assert_eq(ct_recorder_close(&r, &err), 0, "%s", err.msg);
	tape_free(&t);
}

static void make_all(void)
{
	for (unsigned i = 0; i < FILES; i++)
		make(i, 1 + i % 5);
}

static void remove_all(void)
{
	for (unsigned i = 0; i < FILES; i++)
		unlink(paths[i]);
}

TestSuite(recordings_many, .init = make_all, .fini = remove_all);

struct told {
	FILE *f;
	char *text;
	size_t len;
	unsigned records, wanted; /* 0: all */
	int ret;
	size_t cut;
	uint64_t last_ns;
	struct ct_core_counts counts;
	struct ct_err err;
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct told *told = ctx;

	if (told->wanted && told->records >= told->wanted)
		return;
	told->records++;
	fprintf(told->f, "%s %s %s %llu %llu %s\n", ct_record_names[rec->type], rec->who->id,
		rec->node, (unsigned long long)rec->begin_ns, (unsigned long long)rec->end_ns,
		rec->message ? rec->message : "");
}

static void on_left(void *ctx, const struct ct_identity *who, bool told_of, bool open)
{
	struct told *told = ctx;

	if (!told->wanted)
		fprintf(told->f, "left %s %d %d\n", who->id, told_of, open);
}

static bool goes_on(void *ctx)
{
	const struct told *told = ctx;

	return !told->wanted || told->records < told->wanted;
}

static struct told replay(unsigned jobs, unsigned wanted)
{
	const struct ct_core_ops ops = { .record = on_record, .left = on_left };
	const struct ct_core_options core = { 0 };
	struct told told = { .wanted = wanted };
	const struct ct_many how = {
		.jobs = jobs, .core = &core, .ops = &ops, .ctx = &told, .goes_on = goes_on
	};
	const char *list[FILES];
	struct ct_recordings all;

	for (unsigned i = 0; i < FILES; i++)
		list[i] = paths[i];
	told.f = open_memstream(&told.text, &told.len);
	cr_assert_eq(ct_recordings_open(&all, list, FILES, &told.err), 0, "%s", told.err.msg);
	told.ret = ct_recordings_replay_many(&all, &how, &told.counts, &told.err);
	for (size_t i = 0; i < all.count; i++) {
		told.cut += all.items[i].cut;
		if (all.items[i].last_ns > told.last_ns)
			told.last_ns = all.items[i].last_ns;
	}
	ct_recordings_close(&all);
	fclose(told.f);
	return told;
}

static void expect_same(unsigned wanted)
{
	struct told one = replay(1, wanted);

	cr_assert_gt(one.len, 50);
	for (unsigned jobs = 2; jobs <= CT_MANY_JOBS_MAX; jobs += 7) {
		struct told many = replay(jobs, wanted);

		cr_expect_str_eq(many.text, one.text, "%u at once", jobs);
		cr_expect_eq(many.ret, one.ret);
		cr_expect_str_eq(many.err.msg, one.err.msg);
		cr_expect_eq(many.cut, one.cut);
		cr_expect_eq(many.counts.unread, one.counts.unread);
		if (!wanted) {
			cr_expect_eq(many.last_ns, one.last_ns);
			cr_expect_eq(many.counts.events, one.counts.events);
			cr_expect_eq(many.counts.containers, one.counts.containers);
		}
		free(many.text);
	}
	free(one.text);
}

Test(recordings_many, are_told_in_their_order)
{
	expect_same(0);
}

/* Nobody wants more: the rest is neither told nor waited for. */
Test(recordings_many, end_when_no_more_is_wanted)
{
	expect_same(1);
	expect_same(17);
}

/* What comes behind a damaged one is not told, and was not read: its cut is not said either. */
Test(recordings_many, end_at_one_that_cannot_be_read)
{
	FILE *f = fopen(paths[9], "re+");

	cr_assert(f);
	cr_assert_eq(fseek(f, (long)sizeof(struct ct_recording_header), SEEK_SET), 0);
	cr_assert_eq(fputs("nothing that a block begins with, and then", f) < 0, 0);
	fclose(f);
	cr_assert_eq(truncate(paths[12], 1200), 0);
	expect_same(0);
}

/* Two sets: the second is told when all of the first has been, and what each could not use is counted apart. */
Test(recordings_many, sets_are_told_one_after_another)
{
	const struct ct_core_ops ops = { .record = on_record };
	const struct ct_core_options core = { 0 };

	for (unsigned jobs = 1; jobs <= 5; jobs++) {
		struct ct_recordings one = { 0 }, other = { 0 };
		struct ct_core_counts counts[2] = { 0 };
		const struct ct_many_set sets[] = { { &one, &counts[0] }, { &other, &counts[1] } };
		const char *const list[] = { paths[0], paths[1], paths[2], paths[0] };
		struct told told = { 0 };
		const struct ct_many how = {
			.jobs = jobs, .core = &core, .ops = &ops, .ctx = &told
		};

		told.f = open_memstream(&told.text, &told.len);
		cr_assert_eq(ct_recordings_open(&one, list, 2, &told.err), 0);
		cr_assert_eq(ct_recordings_open(&other, list + 2, 2, &told.err), 0);
		cr_expect_eq(ct_recordings_replay_sets(sets, 2, &how, &told.err), 0);
		fclose(told.f);
		cr_expect_eq(counts[0].containers, 1 + 2, "%u at once", jobs);
		cr_expect_eq(counts[1].containers, 3 + 1, "the same file may be in both");
		cr_expect_eq(told.records, 2 * (1 + 2 + 3 + 1));
		ct_recordings_close(&one);
		ct_recordings_close(&other);
		free(told.text);
	}
}

/* One of several that holds nothing is skipped, and something is missing: whoever reads them hears of it. */
Test(recordings_many, one_that_is_empty_is_missed)
{
	const struct ct_core_ops ops = { .record = on_record };
	const struct ct_core_options core = { 0 };

	cr_assert_eq(truncate(paths[1], 0), 0);
	cr_assert_eq(truncate(paths[2], 100), 0);
	for (unsigned jobs = 1; jobs <= 2; jobs++) {
		struct ct_core_counts counts = { 0 };
		struct ct_recordings all = { 0 };
		struct told told = { 0 };
		const struct ct_many how = {
			.jobs = jobs, .core = &core, .ops = &ops, .ctx = &told
		};
		const char *const list[] = { paths[0], paths[1], paths[2], paths[3] };

		told.f = open_memstream(&told.text, &told.len);
		cr_assert_eq(ct_recordings_open(&all, list, 4, &told.err), 0);
		cr_expect_eq(ct_recordings_replay_many(&all, &how, &counts, &told.err), 0);
		cr_expect_eq(counts.unread, 2);
		cr_expect(ct_counts_incomplete(&counts));
		ct_recordings_close(&all);
		fclose(told.f);
		free(told.text);
	}
}

/* Files are opened when their turn comes: who replaced one meanwhile is found out. */
Test(recordings_many, one_that_is_replaced_is_refused)
{
	const struct ct_core_ops ops = { .record = on_record };
	const struct ct_core_options core = { 0 };
	const char *list[] = { paths[0], paths[1] };
	struct ct_core_counts counts = { 0 };
	struct told told = { 0 };
	const struct ct_many how = { .jobs = 2, .core = &core, .ops = &ops, .ctx = &told };
	struct ct_recordings all;
	struct ct_err err = { 0 };

	told.f = open_memstream(&told.text, &told.len);
	cr_assert_eq(ct_recordings_open(&all, list, 2, &err), 0, "%s", err.msg);
	cr_assert_eq(rename(paths[2], paths[1]), 0);
	cr_expect_eq(ct_recordings_replay_many(&all, &how, &counts, &err), -EINVAL);
	cr_expect(strstr(err.msg, "it was replaced while"), "%s", err.msg);
	ct_recordings_close(&all);
	fclose(told.f);
	free(told.text);
}
