// SPDX-License-Identifier: GPL-2.0-only
/* A directory of recordings: each tells what it can by itself, together they tell all once. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/core.h"
#include "life.h"
#include "source/recording/recording_archive.h"
#include "source/recording/recording_desk.h"
#include "source/recording/recordings.h"
#include "util/amount.h"
#include "util/clock.h"
#include "util/mem.h"

#define FILES_MAX 64

static char dir[] = "/tmp/coldtrace-archive-XXXXXX";
static bool mounted;

static void in_a_directory(void)
{
	cr_assert(mkdtemp(dir) && !chdir(dir));
}

static void out_of_it(void)
{
	char command[128];

	cr_assert_eq(chdir("/"), 0);
	if (mounted)
		umount2(dir, MNT_DETACH);
	snprintf(command, sizeof(command), "%s/kept", dir);
	for (int i = 0; i < 2; i++) {
		own_dir DIR *d = opendir(i ? dir : command);
		struct dirent *entry;

		while (d && (entry = readdir(d)))
			unlinkat(dirfd(d), entry->d_name, 0);
	}
	rmdir(command);
	cr_expect_eq(rmdir(dir), 0, "something is left in %s", dir);
}

TestSuite(recording_archive, .init = in_a_directory, .fini = out_of_it);

static char said[2048];

static void say(const char *sentence)
{
	size_t len = strlen(said);

	snprintf(said + len, sizeof(said) - len, "%s\n", sentence);
}

static const struct ct_archive_options rotating = {
	.path = "kept", .directory = true, .file_ns = 1, .say = say
};

static void begin_at(struct ct_archive *a, const struct ct_archive_options *opts)
{
	struct ct_recording_header header;
	struct ct_err err = { 0 };

	ct_recording_header_fill(&header, 0);
	header.begin_ns = TAPE_T0_NS;
	cr_assert_eq(ct_archive_open(a, opts, &header, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_archive_begin(a, "full", &err), 0, "%s", err.msg);
	a->begin_ns = TAPE_T0_NS;
}

static void feed(struct ct_archive *a, const struct tape *t, size_t from, size_t to)
{
	struct ct_err err = { 0 };

	for (size_t at = from; at < to;) {
		const struct ct_event *e = (const struct ct_event *)(t->bytes + at);

		cr_assert_eq(ct_archive_write(a, e, &err), 0, "%s", err.msg);
		at += e->len;
	}
}

/* The next file begins at that time of the tape. */
static void turn(struct ct_archive *a, double ms)
{
	struct ct_err err = { 0 };
	uint64_t files = a->files;

	cr_assert_eq(ct_archive_tick(a, tape_ns(ms), true, &err), 0, "%s", err.msg);
	cr_expect_eq(a->files, files + 1);
}

static void finish(struct ct_archive *a)
{
	struct ct_err err = { 0 };

	cr_assert_eq(ct_archive_close(a, &err), 0, "%s", err.msg);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(a, b);
}

/* Names of the files, in order. */
static size_t files_in(const char *where, char names[FILES_MAX][CT_NODE_LEN])
{
	own_dir DIR *d = opendir(where);
	struct dirent *entry;
	size_t count = 0;

	cr_assert(d);
	while ((entry = readdir(d)) && count < FILES_MAX)
		if (entry->d_name[0] != '.')
			snprintf(names[count++], CT_NODE_LEN, "%s/%.60s", where, entry->d_name);
	qsort(names, count, CT_NODE_LEN, by_name);
	return count;
}

struct told {
	unsigned int records[CT_RECORD_MAX], cut;
	char name[128], image[256], runtime[64];
	struct ct_core_counts counts;
	bool incomplete;
	char why[512];
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct told *told = ctx;

	told->records[rec->type]++;
	told->cut += rec->outcome == CT_OUTCOME_CUT;
	snprintf(told->name, sizeof(told->name), "%s", rec->who->name);
	snprintf(told->image, sizeof(told->image), "%s", rec->who->image);
	snprintf(told->runtime, sizeof(told->runtime), "%s", rec->who->runtime);
}

static struct told report(const char *const *paths, size_t count)
{
	const struct ct_core_ops ops = { .record = on_record };
	const struct ct_core_options opts = { 0 };
	struct told told = { 0 };
	struct ct_recordings all;
	struct ct_err err = { 0 };

	cr_assert_eq(ct_recordings_open(&all, paths, count, &err), 0, "%s", err.msg);
	for (size_t i = 0; i < all.count; i++) {
		cr_expect_eq(
			ct_recordings_replay(&all.items[i], &opts, &ops, &told, &told.counts, &err),
			0, "%s", err.msg);
		told.incomplete |= all.items[i].cut;
		if (all.items[i].cut)
			memcpy(told.why, all.items[i].why.msg, sizeof(told.why));
	}
	ct_recordings_close(&all);
	return told;
}

static struct told report_all(size_t want)
{
	static char names[FILES_MAX][CT_NODE_LEN];
	const char *paths[FILES_MAX];
	size_t count = files_in("kept", names);

	cr_expect_eq(count, want, "%zu files", count);
	for (size_t i = 0; i < count; i++) /* whatever the order */
		paths[i] = names[count - 1 - i];
	return report(paths, count);
}

static struct told report_one(size_t at)
{
	char names[FILES_MAX][CT_NODE_LEN];
	const char *path = names[at];

	cr_assert_gt(files_in("kept", names), at);
	return report(&path, 1);
}

/* A start in the first file, its stop in the second, the service's next start in the third. */
Test(recording_archive, what_goes_on_over_files_is_told_once)
{
	struct tape t = { 0 };
	struct life l = life_of(0);
	struct ct_archive a;
	size_t begun, stopped;
	struct told told;

	begin_at(&a, &rotating);
	life_engines(&t);
	life_serves(&t, &l);
	begun = t.len;
	life_stop(&t, &l, 1000);
	stopped = t.len;
	life_start(&t, &l, 2000);
	feed(&a, &t, 0, begun);
	turn(&a, 900);
	feed(&a, &t, begun, stopped);
	turn(&a, 1900);
	feed(&a, &t, stopped, t.len);
	finish(&a);
	told = report_all(3);
	cr_expect_eq(told.records[CT_RECORD_START], 2, "%u", told.records[CT_RECORD_START]);
	cr_expect_eq(told.records[CT_RECORD_STOP], 1, "%u", told.records[CT_RECORD_STOP]);
	cr_expect_eq(told.records[CT_RECORD_RESTART], 1, "%u", told.records[CT_RECORD_RESTART]);
	cr_expect_eq(told.counts.unmatched_exits, 0);
	cr_expect_eq(told.counts.unmatched_answers, 0);
	tape_free(&t);
}

/* What it was before is known in each. */
Test(recording_archive, each_file_tells_who_it_is_by_itself)
{
	struct tape t = { 0 };
	struct life l = life_of(0);
	struct ct_archive a;
	struct told told;
	size_t begun;

	begin_at(&a, &rotating);
	life_engines(&t);
	life_serves(&t, &l);
	tape_identity(&t, LIFE_DOCKERD, "id", l.id, "name", l.name, "image", l.image, "runtime",
		      l.runtime, "engine", "docker", "pid", "99999", TAPE_END);
	begun = t.len;
	life_stop(&t, &l, 1000);
	feed(&a, &t, 0, begun);
	turn(&a, 900);
	turn(&a, 950);
	feed(&a, &t, begun, t.len);
	finish(&a);
	told = report_one(1);
	cr_expect_eq(told.counts.containers, 1, "it is there, and nothing happens to it");
	told = report_one(2);
	cr_expect_eq(told.records[CT_RECORD_STOP], 1);
	cr_expect_eq(told.cut, 0);
	cr_expect_str_eq(told.name, l.name);
	cr_expect_str_eq(told.image, l.image);
	cr_expect_eq(told.counts.unmatched_exits, 0, "its processes were told");
	told = report_all(3);
	cr_expect_eq(told.records[CT_RECORD_STOP], 1);
	cr_expect_eq(told.counts.containers, 1);
	tape_free(&t);
}

/* Who has gone, and what was removed, is not told again. */
Test(recording_archive, what_is_gone_is_not_carried)
{
	struct ct_recording_header header;
	char names[FILES_MAX][CT_NODE_LEN];
	struct ct_err err = { 0 };
	struct tape t = { 0 };
	struct life l = life_of(0);
	struct ct_archive a;
	struct ct_identity who = { 0 };
	const struct ct_record gone = { .who = &who, .removed = true };

	begin_at(&a, &rotating);
	life_engines(&t);
	tape_process(&t, 4711, 1, CT_ROLE_SHIM, "shim", TAPE_END);
	tape_identity(&t, LIFE_DOCKERD, "id", l.id, "name", l.name, TAPE_END);
	feed(&a, &t, 0, t.len);
	turn(&a, 10);
	t.len = 0;
	tape_exit(&t, 4711, CT_ROLE_SHIM, 0);
	feed(&a, &t, 0, t.len);
	snprintf(who.id, sizeof(who.id), "%s", l.id);
	ct_archive_learn(&a, &gone, &err);
	turn(&a, 20);
	finish(&a);
	cr_assert_eq(files_in("kept", names), 3);
	cr_assert_eq(ct_recording_peek(names[1], &header, &err), 0, "%s", err.msg);
	cr_expect_eq(header.sequence, 1);
	cr_expect_eq(header.carried, 4, "%u: two engines, a shim, a container", header.carried);
	cr_assert_eq(ct_recording_peek(names[2], &header, &err), 0, "%s", err.msg);
	cr_expect_eq(header.carried, 2, "%u: two engines", header.carried);
	tape_free(&t);
}

static void fill(const char *path, size_t len, int64_t age_s)
{
	struct timespec times[2] = { { 0 } };
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	char page[4096] = "x";

	cr_assert(fd >= 0, "%s", path);
	for (size_t at = 0; at < len; at += sizeof(page))
		if (write(fd, page, sizeof(page)) != sizeof(page))
			break;
	times[0].tv_sec = times[1].tv_sec =
		(time_t)(ct_clock_ns(CLOCK_REALTIME) / 1000000000ull) - age_s;
	cr_assert_eq(futimens(fd, times), 0);
}

static bool is_there(const char *path)
{
	return !access(path, F_OK);
}

/* By age and by size, the oldest first; what is somebody else's stays, and what is written. */
Test(recording_archive, what_is_too_old_or_too_much_goes)
{
	struct ct_archive_options opts = { .path = "kept",
					   .directory = true,
					   .keep_ns = 1000 * 1000000000ull,
					   .keep_bytes = 4 << 20 };
	struct ct_archive a;

	cr_assert_eq(mkdir("kept", 0700), 0);
	fill("kept/coldtrace-1.ct", 4096, 5000);
	fill("kept/coldtrace-2.ct", 2 << 20, 900);
	fill("kept/coldtrace-3.ct", 2 << 20, 800);
	fill("kept/notes.txt", 4096, 9000);
	fill("kept/coldtrace-4.ct.part", 4096, 9000);
	begin_at(&a, &opts);
	cr_expect_not(is_there("kept/coldtrace-1.ct"), "it is too old");
	cr_expect_not(is_there("kept/coldtrace-2.ct"), "with it they are too large");
	cr_expect(is_there("kept/coldtrace-3.ct"));
	cr_expect(is_there("kept/notes.txt") && is_there("kept/coldtrace-4.ct.part"));
	cr_expect(is_there(a.path));
	finish(&a);
}

Test(recording_archive, a_directory_has_one_recorder)
{
	struct ct_recording_header header = { 0 };
	struct ct_err err = { 0 };
	struct ct_archive a, other;
	char names[FILES_MAX][CT_NODE_LEN];

	begin_at(&a, &rotating);
	cr_expect_eq(ct_archive_open(&other, &rotating, &header, &err), -EBUSY);
	cr_expect(strstr(err.msg, "another coldtrace records there"), "%s", err.msg);
	cr_expect_eq(files_in("kept", names), 1);
	finish(&a);
}

/* A file system of its own, of so many bytes. */
static void on_small_disk(size_t bytes)
{
	char size[32];

	snprintf(size, sizeof(size), "size=%zu", bytes);
	if (geteuid() || mount("none", dir, "tmpfs", 0, size))
		cr_skip("needs root: it mounts a small disk");
	mounted = true;
	cr_assert_eq(chdir(dir), 0);
}

/* Events that do not compress, a block of them. */
static void flood_to(void (*write)(void *to, const struct ct_event *e), void *to,
		     unsigned int blocks)
{
	struct {
		struct ct_event e;
		unsigned char tail[1024];
	} big;
	static unsigned int seed = 1;

	memset(&big, 0, sizeof(big));
	big.e.len = sizeof(big);
	big.e.kind = CT_KIND_OPEN;
	big.e.tail_len = sizeof(big.tail);
	for (unsigned int i = 0; i < blocks * CT_BLOCK_FLUSH_LEN / sizeof(big); i++) {
		for (size_t k = 0; k < sizeof(big.tail); k++)
			big.tail[k] = (unsigned char)((seed = seed * 1103515245u + 12345u) >> 16);
		big.e.ts_ns = ct_mono_ns();
		write(to, &big.e);
	}
}

static void to_archive(void *to, const struct ct_event *e)
{
	struct ct_err err = { 0 };

	cr_assert_eq(ct_archive_write(to, e, &err), 0, "%s", err.msg);
}

static void to_desk(void *to, const struct ct_event *e)
{
	ct_desk_write(to, e);
}

static void flood(struct ct_archive *a, unsigned int blocks)
{
	flood_to(to_archive, a, blocks);
}

static void expect_all_whole(struct ct_core_counts *ret_counts)
{
	char names[FILES_MAX][CT_NODE_LEN];
	size_t count = files_in("kept", names);

	cr_expect_gt(count, 0);
	for (size_t i = 0; i < count; i++) {
		const char *path = names[i];
		struct told told = report(&path, 1);

		cr_expect_not(told.incomplete, "%s: %s", path, told.why);
		ct_counts_add(ret_counts, &told.counts);
	}
}

/* What is closed makes room, the newest stays. */
Test(recording_archive, on_a_full_disk_the_oldest_goes)
{
	struct ct_archive_options opts = rotating;
	struct ct_core_counts counts = { 0 };
	struct ct_archive a;

	on_small_disk(1 << 20);
	opts.file_ns = 0;
	opts.file_bytes = 256 << 10;
	said[0] = '\0';
	begin_at(&a, &opts);
	for (int i = 0; i < 20; i++) {
		struct ct_err err = { 0 };

		flood(&a, 1);
		cr_assert_eq(ct_archive_tick(&a, ct_mono_ns(), true, &err), 0, "%s", err.msg);
	}
	cr_expect(strstr(said, "removed the oldest recording 'coldtrace-"), "%s", said);
	cr_expect_eq(a.missing, 0);
	cr_expect_gt(a.files, 5);
	finish(&a);
	expect_all_whole(&counts);
	cr_expect_eq(counts.lost[CT_LOSS_DISK], 0);
}

/* What the archive survives is no failure of the thread that writes for it. */
Test(recording_archive, a_desk_survives_a_full_disk)
{
	struct ct_archive_options opts = rotating;
	struct ct_err err = { 0 };
	struct ct_archive a;
	struct ct_desk *desk;

	on_small_disk(1 << 20);
	opts.file_ns = 0;
	begin_at(&a, &opts);
	fill("others", 1 << 20, 0);
	cr_assert_eq(ct_desk_begin(&desk, &a, &err), 0, "%s", err.msg);
	for (int i = 0; i < 8; i++) {
		flood_to(to_desk, desk, 1);
		cr_expect_eq(ct_desk_tick(desk, ct_mono_ns(), false, &err), 0, "%s", err.msg);
		nanosleep(&(struct timespec){ .tv_nsec = 2000000 }, NULL);
	}
	cr_expect_eq(ct_desk_end(desk, &err), 0, "%s", err.msg);
	cr_expect(a.full);
	cr_expect_gt(a.missing, 0);
	cr_assert_eq(unlink("others"), 0);
	finish(&a);
}

/* Others fill it: the file ends whole, what follows is counted, and told when there is room. */
Test(recording_archive, a_full_disk_is_survived_and_counted)
{
	struct ct_archive_options opts = rotating;
	struct ct_core_counts counts = { 0 };
	struct ct_err err = { 0 };
	struct ct_archive a;
	uint64_t missing;

	on_small_disk(1 << 20);
	opts.file_ns = 0;
	said[0] = '\0';
	begin_at(&a, &opts);
	flood(&a, 1);
	fill("others", 1 << 20, 0);
	flood(&a, 3);
	cr_expect(a.full);
	cr_expect_null(strstr(said, "write recording"), "%s", said);
	cr_expect(strstr(said, "is full: nothing is recorded until there is room"), "%s", said);
	expect_all_whole(&counts);
	cr_assert_eq(unlink("others"), 0);
	cr_assert_eq(ct_archive_tick(&a, ct_mono_ns() + 2000000000ull, true, &err), 0, "%s",
		     err.msg);
	cr_expect_not(a.full);
	cr_expect(strstr(said, "recording goes on"), "%s", said);
	flood(&a, 1);
	missing = a.missing;
	cr_expect_gt(missing, 0);
	finish(&a);
	cr_expect_eq(a.missing, missing);
	memset(&counts, 0, sizeof(counts));
	expect_all_whole(&counts);
	cr_expect_eq(counts.lost[CT_LOSS_DISK], missing, "%llu of %llu",
		     (unsigned long long)counts.lost[CT_LOSS_DISK], (unsigned long long)missing);
}

/* A single file ends where it was asked to. */
Test(recording_archive, a_file_has_a_greatest_size)
{
	const struct ct_archive_options opts = { .path = "run.ct", .max_bytes = 1 << 20 };
	struct ct_err err = { 0 };
	struct ct_archive a;
	struct stat st;

	begin_at(&a, &opts);
	for (int i = 0; i < 8 && !a.ended; i++) {
		flood(&a, 1);
		cr_assert_eq(ct_archive_tick(&a, ct_mono_ns(), true, &err), 0, "%s", err.msg);
	}
	cr_expect(a.ended);
	finish(&a);
	cr_assert_eq(stat("run.ct", &st), 0);
	cr_expect_leq(st.st_size, 1 << 20);
	cr_expect_gt(st.st_size, 256 << 10);
}

/* Columns: text, whether it is right, times, sizes. */
static const struct {
	const char *text;
	bool right;
	uint64_t ns, bytes;
} amounts[] = {
	{ "1h", true, 3600000000000ull, 0 },
	{ "90s", true, 90000000000ull, 0 },
	{ "15m", true, 900000000000ull, 0 },
	{ "7d", true, 604800000000000ull, 0 },
	{ "100M", true, 0, 100 << 20 },
	{ "64K", true, 0, 64 << 10 },
	{ "1h,2G", true, 3600000000000ull, 2ull << 30 },
	{ "2G,1h", true, 3600000000000ull, 2ull << 30 },
	{ "", false, 0, 0 },
	{ "0s", false, 0, 0 },
	{ "5", false, 0, 0 },
	{ "-1h", false, 0, 0 },
	{ " 1h", false, 0, 0 },
	{ "1h,", false, 0, 0 },
	{ "1h,2h", false, 0, 0 },
	{ "1hour", false, 0, 0 },
	{ "1.5h", false, 0, 0 },
	{ "99999999999999999999d", false, 0, 0 },
	{ "9999999999d", false, 0, 0 },
};

Test(amount, as_people_write_them)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(amounts); i++) {
		uint64_t ns = 0, bytes = 0;
		int ret = ct_amounts_parse(amounts[i].text, &ns, &bytes);

		cr_expect_eq(!ret, amounts[i].right, "'%s'", amounts[i].text);
		if (amounts[i].right)
			cr_expect(ns == amounts[i].ns && bytes == amounts[i].bytes, "'%s'",
				  amounts[i].text);
	}
}
