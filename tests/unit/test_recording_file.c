// SPDX-License-Identifier: GPL-2.0-only
/* The file of a recording: one writer, who is known from without, and what was there before. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "source/recording/recording.h"
#include "source/recording/recordings.h"
#include "util/clock.h"
#include "util/mem.h"

static char dir[] = "/tmp/coldtrace-file-XXXXXX";

static void in_a_directory(void)
{
	cr_assert(mkdtemp(dir) && !chdir(dir));
}

static void out_of_it(void)
{
	static const char *const names[] = { "run.ct", "hard.ct", "soft.ct", "empty.ct",
					     "live.ct" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(names); i++)
		unlink(names[i]);
	cr_expect_eq(rmdir(dir), 0, "something is left in %s", dir);
}

TestSuite(recording_file, .init = in_a_directory, .fini = out_of_it);

static void begin(struct ct_recorder *r, const char *path)
{
	struct ct_recording_header header;
	struct ct_err err = { 0 };

	ct_recording_header_fill(&header, 0);
	cr_assert_eq(ct_recorder_open(r, path, &header, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_recorder_begin(r, &err), 0, "%s", err.msg);
}

static void add(struct ct_recorder *r, unsigned int events)
{
	struct ct_err err = { 0 };

	for (unsigned int i = 0; i < events; i++) {
		struct ct_event e = { .len = sizeof(e), .kind = CT_KIND_EXIT, .ts_ns = 1000 + i };

		cr_assert_eq(ct_recorder_write(r, &e, &err), 0, "%s", err.msg);
	}
	cr_assert_eq(ct_recorder_tick(r, UINT64_MAX, &err), 0, "%s", err.msg);
}

static void finish(struct ct_recorder *r)
{
	struct ct_err err = { 0 };

	cr_assert_eq(ct_recorder_close(r, &err), 0, "%s", err.msg);
}

static void count(void *ctx, const struct ct_event *e)
{
	(void)e;
	++*(unsigned int *)ctx;
}

/* Events that can be read; *ret_growing, and the sentence of one that does not end. */
static unsigned int read_all(const char *path, uint64_t *ret_cut, bool *ret_growing,
			     struct ct_err *err)
{
	struct ct_reader *reader = NULL;
	unsigned int events = 0;

	cr_assert_eq(ct_reader_open(&reader, path, err), 0, "%s", err->msg);
	cr_assert_eq(ct_reader_run(reader, count, &events, ret_cut, err), 0, "%s", err->msg);
	*ret_growing = ct_reader_is_growing(reader);
	ct_reader_close(reader);
	return events;
}

static void expect_whole(const char *path, unsigned int events)
{
	struct ct_err err = { 0 };
	bool growing = true;
	uint64_t cut = 1;

	cr_expect_eq(read_all(path, &cut, &growing, &err), events);
	cr_expect_eq(cut, 0, "%s", err.msg);
	cr_expect_not(growing);
}

static void expect_busy(const char *path, const char *who)
{
	struct ct_recording_header header;
	struct ct_err err = { 0 };
	struct ct_recorder r;
	char want[256];

	ct_recording_header_fill(&header, 0);
	cr_expect_eq(ct_recorder_open(&r, path, &header, &err), -EBUSY, "%s", path);
	snprintf(
		want, sizeof(want),
		"open recording '%s': another coldtrace%s is writing it; name another file, or end that one",
		path, who);
	cr_expect_str_eq(err.msg, want, "%s", err.msg);
}

/* By whatever name, and as often as it is tried. */
Test(recording_file, two_recorders_do_not_share_one)
{
	struct ct_recorder r;

	begin(&r, "run.ct");
	add(&r, 3);
	cr_assert(!link("run.ct", "hard.ct") && !symlink("run.ct", "soft.ct"));
	expect_busy("run.ct", "");
	expect_busy("hard.ct", "");
	expect_busy("soft.ct", "");
	add(&r, 4);
	finish(&r);
	expect_whole("run.ct", 7);
	begin(&r, "soft.ct");
	finish(&r);
	expect_whole("run.ct", 0);
}

/* Records until it is killed. Returns when it does. */
static pid_t record_elsewhere(const char *path)
{
	int ready[2];
	pid_t pid;
	char c;

	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	cr_assert(pid >= 0);
	if (!pid) {
		struct ct_recorder r;

		begin(&r, path);
		add(&r, 5);
		if (write(ready[1], "", 1) == 1)
			pause();
		_exit(0);
	}
	cr_assert_eq(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

Test(recording_file, the_other_is_named_and_its_death_frees_the_file)
{
	pid_t pid = record_elsewhere("run.ct");
	struct ct_err err = { 0 };
	bool growing = false;
	struct ct_recorder r;
	uint64_t cut = 0;
	char who[32];

	snprintf(who, sizeof(who), " (pid %d)", (int)pid);
	expect_busy("run.ct", who);
	cr_expect_eq(read_all("run.ct", &cut, &growing, &err), 5);
	cr_expect(cut && growing);
	cr_expect(strstr(err.msg, "'run.ct' is still being written: it is read up to its last"),
		  "%s", err.msg);
	cr_assert(!kill(pid, SIGKILL) && waitpid(pid, NULL, 0) == pid);
	cr_expect_eq(read_all("run.ct", &cut, &growing, &err), 5);
	cr_expect(cut && !growing);
	cr_expect(strstr(err.msg, "'run.ct' was cut off"), "%s", err.msg);
	begin(&r, "run.ct");
	finish(&r);
	expect_whole("run.ct", 0);
}

static void keep_something(void)
{
	struct ct_recorder r;

	begin(&r, "run.ct");
	add(&r, 9);
	finish(&r);
}

/* Until tracing has begun, nothing of what was recorded before is lost. */
Test(recording_file, what_was_there_stays_until_it_begins)
{
	struct ct_event e = { .len = sizeof(e), .kind = CT_KIND_EXIT, .ts_ns = 1 };
	struct ct_recording_header header;
	struct ct_err err = { 0 };
	struct ct_recorder r;

	keep_something();
	ct_recording_header_fill(&header, 0);
	cr_assert_eq(ct_recorder_open(&r, "run.ct", &header, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_recorder_write(&r, &e, &err), 0, "%s", err.msg);
	expect_whole("run.ct", 9);
	ct_recorder_give_up(&r);
	expect_whole("run.ct", 9);
	begin(&r, "run.ct");
	add(&r, 1);
	finish(&r);
	expect_whole("run.ct", 1);
}

Test(recording_file, one_that_never_began_leaves_no_file)
{
	struct ct_recording_header header;
	struct ct_err err = { 0 };
	struct ct_recorder r;

	ct_recording_header_fill(&header, 0);
	cr_assert_eq(ct_recorder_open(&r, "run.ct", &header, &err), 0, "%s", err.msg);
	ct_recorder_give_up(&r);
	cr_expect(access("run.ct", F_OK) && errno == ENOENT);
}

/* Root may change its mode, and so has to ask whose it is: who made it may have it open. */
Test(recording_file, somebody_elses_is_refused)
{
	static const char said[] =
		"open recording 'run.ct': it is there already, and uid 65534's, who could read it; name another file";
	struct ct_recording_header header;
	struct ct_recorder r = { 0 };
	struct ct_err err = { 0 };
	own_fd int fd = open("run.ct", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	struct stat st;

	if (geteuid())
		cr_skip("needs root: it makes a file of somebody else's");
	cr_assert(fd >= 0 && !fchown(fd, 65534, 65534) && !fchmod(fd, 0640));
	ct_recording_header_fill(&header, 0);
	cr_expect_eq(ct_recorder_open(&r, "run.ct", &header, &err), -EPERM);
	cr_expect_str_eq(err.msg, said);
	cr_expect(!stat("run.ct", &st) && (st.st_mode & 07777) == 0640 && st.st_uid == 65534,
		  "it is still his, and as he had it");
}

/* What holds nothing is left out and said; alone it is an error. */
Test(recording_file, an_empty_one_among_several_is_skipped)
{
	const char *const paths[] = { "empty.ct", "run.ct", "live.ct" };
	struct ct_recording_header header;
	struct ct_recordings all;
	struct ct_err err = { 0 };
	struct ct_recorder live;
	own_fd int fd = open("empty.ct", O_WRONLY | O_CREAT, 0600);

	cr_assert(fd >= 0);
	keep_something();
	ct_recording_header_fill(&header, 0);
	cr_assert_eq(ct_recorder_open(&live, "live.ct", &header, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_recordings_open(&all, paths, 3, &err), 0, "%s", err.msg);
	cr_expect_eq(all.count, 1);
	cr_expect_eq(all.skipped_count, 2);
	cr_expect_eq(all.empty, 1);
	cr_expect_str_eq(all.skipped[0].why.msg, "read 'empty.ct': it is empty");
	cr_expect_str_eq(all.skipped[1].why.msg,
			 "read 'live.ct': it is still being written, and nothing is in it yet");
	ct_recordings_close(&all);
	cr_expect_eq(ct_recordings_open(&all, paths, 1, &err), -ENODATA);
	cr_expect_str_eq(err.msg, "read 'empty.ct': it is empty");
	ct_recordings_close(&all);
	ct_recorder_give_up(&live);
}
