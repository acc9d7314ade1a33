// SPDX-License-Identifier: GPL-2.0-only
/* Where a file that root writes really is: what others put into a shared directory leads nowhere. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sinks/sink.h"
#include "source/recording/recording.h"
#include "source/recording/recording_archive.h"
#include "util/mem.h"
#include "util/spot.h"

#define HE 65534

static char dir[] = "/tmp/coldtrace-spot-XXXXXX";

static void put(const char *path, uid_t uid, mode_t mode)
{
	own_fd int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	cr_assert(fd >= 0 && !fchown(fd, uid, uid) && !fchmod(fd, mode), "%s", path);
}

static void put_link(const char *to, const char *path, uid_t uid)
{
	cr_assert(!symlink(to, path) && !lchown(path, uid, uid), "%s", path);
}

static void put_directory(const char *path, uid_t uid, mode_t mode)
{
	cr_assert(!mkdir(path, 0700) && !chown(path, uid, uid) && !chmod(path, mode), "%s", path);
}

/* shared is as /tmp is; his is what he may put there; mine is what root writes elsewhere. */
static void in_a_directory(void)
{
	if (geteuid())
		cr_skip("needs root: it makes files of somebody else's");
	cr_assert(mkdtemp(dir) && !chdir(dir));
	put_directory("shared", 0, 01777);
	put_directory("open", 0, 0777);
	put_directory("shared/his", HE, 0700);
	put_directory("home", HE, 0755);
	put("mine", 0, 0644);
	put("shared/his-file", HE, 0644);
	put("home/file", HE, 0644);
	put_link("../mine", "shared/link", HE);
	put_link("nowhere", "shared/dangling", HE);
	put_link("../mine", "open/link", HE);
	put_link("../../mine", "shared/his/link", HE);
	put_link("../home", "shared/to-home", HE);
	put_link("../mine", "shared/my-link", 0);
	put_link("../new", "shared/my-dangling", 0);
	put_link("../mine", "home/link", HE);
	put_link("round", "round", 0);
	cr_assert(!mkfifo("shared/fifo", 0666) && !lchown("shared/fifo", HE, HE));
	cr_assert(!link("mine", "home/hard"));
	cr_assert(!link("home/hard", "shared/hard"));
}

static void out_of_it(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	cr_expect(!chdir("/") && !system(command));
}

TestSuite(spot, .init = in_a_directory, .fini = out_of_it, .timeout = 20);

/* NULL: it is opened. */
static const struct {
	const char *path, *said;
} spots[] = {
	{ "mine", NULL },
	{ "./home/../mine", NULL },
	{ "fresh", NULL },
	{ "shared/fresh", NULL },
	{ "shared/his/fresh", NULL }, /* what is new is ours, wherever it is */
	{ "home/link", NULL }, /* in his own directory he may */
	{ "home/file", NULL },
	{ "home/hard", NULL },
	{ "shared/my-dangling", NULL },
	{ "/dev/null", NULL },
	{ "shared/link",
	  "'link' is a link that uid 65534 has put where everybody may; name another file" },
	{ "shared/dangling",
	  "'dangling' is a link that uid 65534 has put where everybody may; name another file" },
	{ "open/link",
	  "'link' is a link that uid 65534 has put where everybody may; name another file" },
	{ "shared/his/link",
	  "'link' is a link that uid 65534 has put where everybody may; name another file" },
	{ "shared/to-home/file",
	  "'to-home' is a link that uid 65534 has put where everybody may; name another file" },
	{ "shared/his-file",
	  "'his-file' is there already, put by uid 65534 where everybody may; name another file" },
	{ "shared/fifo",
	  "'fifo' is there already, put by uid 65534 where everybody may; name another file" },
	{ "shared/hard",
	  "'hard' is a file with 3 names, one of them where everybody may put it; name another file" },
	{ "shared/my-link",
	  "'mine' is a file with 3 names, one of them where everybody may put it; name another file" },
	{ "round", "Too many levels of symbolic links" },
	{ "nowhere/fresh", "No such file or directory" },
	{ "", "No such file or directory" },
	{ "mine/", "Not a directory" },
	{ "mine/fresh", "Not a directory" },
	{ "home", "Is a directory" },
	{ "home/", "Is a directory" },
	{ "/", "Is a directory" },
};

Test(spot, what_others_put_where_everybody_may_leads_nowhere)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(spots); i++) {
		struct ct_err err = { 0 };
		own_fd int fd = ct_spot_open_path(spots[i].path, 0600, &err);

		if (!spots[i].said) {
			cr_expect(fd >= 0, "'%s': %s", spots[i].path, err.msg);
			continue;
		}
		cr_expect(fd < 0 && fd == err.code, "'%s' is opened", spots[i].path);
		cr_expect_str_eq(err.msg, spots[i].said, "'%s': %s", spots[i].path, err.msg);
	}
	cr_expect(access("shared/nowhere", F_OK), "what his link points to is made");
	cr_expect(!access("new", F_OK), "what ours points to is not");
}

Test(spot, a_descriptor_by_its_name_is_that_one)
{
	struct ct_err err = { 0 };
	own_fd int file = open("home/file", O_RDWR | O_CLOEXEC), fd = -1;
	struct stat a, b;
	char path[64];
	int ends[2];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	fd = ct_spot_open_path(path, 0600, &err);
	cr_assert(fd >= 0, "%s", err.msg);
	cr_expect(!fstat(file, &a) && !fstat(fd, &b) && a.st_ino == b.st_ino);
	close(take_fd(fd));
	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	snprintf(path, sizeof(path), "/dev/fd/%d", ends[1]);
	fd = ct_spot_open_path(path, 0600, &err);
	cr_expect(fd >= 0 && !fstat(fd, &b) && S_ISFIFO(b.st_mode), "%s", err.msg);
	close(ends[0]);
	close(ends[1]);
}

/* A link of root's to somewhere else begins anew: what is there is nobody's but root's. */
Test(spot, a_link_of_roots_leaves_what_is_shared)
{
	struct ct_err err = { 0 };
	own_fd int fd = -1;
	char to[128];

	snprintf(to, sizeof(to), "%s/home", dir);
	cr_assert(!symlink("/dev", "shared/out"));
	fd = ct_spot_open_path("shared/out/null", 0600, &err);
	cr_expect(fd >= 0, "%s", err.msg);
	put_link(to, "shared/root-home", 0);
	close(take_fd(fd));
	/* dir itself is below /tmp, which is everybody's: so this is too, by its whole path. */
	fd = ct_spot_open_path("shared/root-home/link", 0600, &err);
	cr_expect(fd < 0);
}

/* Everything that writes a file goes that way. */
Test(spot, recordings_and_outputs_do_not_follow)
{
	static const char end[] =
		"'link' is a link that uid 65534 has put where everybody may; name another file";
	struct ct_recording_header header;
	struct ct_archive archive;
	struct ct_recorder r = { 0 };
	struct ct_err err = { 0 };
	struct ct_sink s = { 0 };
	struct stat st;

	ct_recording_header_fill(&header, 0);
	cr_expect_eq(ct_recorder_open(&r, "shared/link", &header, &err), -EACCES);
	cr_expect(strstr(err.msg, "open recording 'shared/link': ") && strstr(err.msg, end), "%s",
		  err.msg);
	cr_expect_eq(ct_sink_open(&s, "json:shared/link", &err), -EACCES);
	cr_expect(strstr(err.msg, "open 'shared/link' for output 'json': ") && strstr(err.msg, end),
		  "%s", err.msg);
	cr_expect(!stat("mine", &st) && (st.st_mode & 07777) == 0644);
	cr_expect_eq(ct_archive_open(&archive,
				     &(struct ct_archive_options){ .path = "shared/to-home",
								   .directory = true },
				     &header, &err),
		     -EACCES);
	cr_expect(strstr(err.msg, "open directory 'shared/to-home': 'to-home' is a link"), "%s",
		  err.msg);
}
