// SPDX-License-Identifier: GPL-2.0-only
/* Where a recording may go. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "source/recording/recording.h"
#include "util/mem.h"

static char dir[] = "/tmp/coldtrace-recorder-XXXXXX";

static void in_a_directory(void)
{
	cr_assert(mkdtemp(dir) && !chdir(dir) && !chmod(dir, 0777));
}

static void out_of_it(void)
{
	unlink("run.ct");
	cr_expect_eq(rmdir(dir), 0, "something is left in %s", dir);
}

TestSuite(recorder, .init = in_a_directory, .fini = out_of_it);

static int record_to(const char *path, struct ct_err *err)
{
	struct ct_recording_header header;
	struct ct_recorder r;
	int ret;

	ct_recording_header_fill(&header, 0);
	ret = ct_recorder_open(&r, path, &header, err);
	if (!ret)
		ret = ct_recorder_close(&r, err);
	return ret;
}

/* Also a file that others could read until now. */
Test(recorder, its_owner_alone_reads_it)
{
	static const mode_t modes[] = { 0644, 0666, 0640, 0600, 0755 };

	for (size_t i = 0; i < CT_ARRAY_SIZE(modes); i++) {
		struct ct_err err = { 0 };
		struct stat st;
		own_fd int fd = open("run.ct", O_RDWR | O_CREAT, 0600);

		cr_assert(fd >= 0 && !ftruncate(fd, 1 << 20) && !fchmod(fd, modes[i]));
		cr_expect_eq(record_to("run.ct", &err), 0, "%s", err.msg);
		cr_assert_eq(fstat(fd, &st), 0);
		cr_expect_eq(st.st_mode & ALLPERMS, 0600, "%o", st.st_mode);
		cr_expect_lt(st.st_size, 1 << 20);
	}
}

/* One that cannot be made so keeps what it holds. */
Test(recorder, a_file_of_somebody_else_is_refused)
{
	struct ct_err err = { 0 };
	struct stat st;
	own_fd int fd = open("run.ct", O_RDWR | O_CREAT, 0600);

	if (geteuid())
		cr_skip("needs root: it makes a file of somebody else's");
	cr_assert(fd >= 0 && !ftruncate(fd, 9) && !fchmod(fd, 0666));
	cr_assert(!setegid(65534) && !seteuid(65534));
	cr_expect_eq(record_to("run.ct", &err), -EPERM);
	cr_assert(!seteuid(0) && !setegid(0));
	cr_expect_str_eq(
		err.msg,
		"open recording 'run.ct': it is there already, and uid 0's, who could read it; name another file",
		"%s", err.msg);
	cr_assert_eq(fstat(fd, &st), 0);
	cr_expect_eq(st.st_size, 9);
}

/* What is no file stays as it is. */
Test(recorder, devices_keep_their_mode)
{
	struct ct_err err = { 0 };
	struct stat before, after;

	cr_assert_eq(stat("/dev/null", &before), 0);
	cr_expect_eq(record_to("/dev/null", &err), 0, "%s", err.msg);
	cr_assert_eq(stat("/dev/null", &after), 0);
	cr_expect_eq(before.st_mode, after.st_mode);
}

static void expect_refused(const char *path)
{
	struct ct_err err = { 0 };

	cr_expect_eq(record_to(path, &err), -EINVAL, "%s", path);
	cr_expect_str_eq(err.msg, "write recording to the terminal: it is not text; name a file",
			 "%s", err.msg);
}

Test(recorder, a_terminal_is_refused)
{
	own_fd int pty = posix_openpt(O_RDWR | O_NOCTTY);
	own_fd int tty = -1;
	own_fd int before = dup(STDOUT_FILENO);

	if (pty < 0 || grantpt(pty) || unlockpt(pty))
		cr_skip("needs a pseudoterminal");
	tty = open(ptsname(pty), O_RDWR | O_NOCTTY);
	cr_assert(tty >= 0 && before >= 0);
	expect_refused(ptsname(pty));
	cr_assert(dup2(tty, STDOUT_FILENO) >= 0);
	expect_refused("-");
	dup2(before, STDOUT_FILENO);
}
