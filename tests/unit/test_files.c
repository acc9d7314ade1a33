// SPDX-License-Identifier: GPL-2.0-only
/* Files that somebody else has chosen: what is read, and what is not even opened. */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <unistd.h>

#include "source/proc/files.h"
#include "util/mem.h"

#define ROOM 32

/* A directory of its own, with one of each that may lie in the way of a reader. */
struct place {
	char path[64];
	int dir;
};

static void put(int dir, const char *name, const char *text)
{
	own_fd int fd = openat(dir, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	cr_assert(fd >= 0, "%s: %s", name, strerror(errno));
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static void put_socket(const struct place *p)
{
	own_fd int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	snprintf(at.sun_path, sizeof(at.sun_path), "%s/socket", p->path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
}

static void make_place(struct place *p)
{
	own_fd int huge = -1;

	snprintf(p->path, sizeof(p->path), "/tmp/coldtrace-files-XXXXXX");
	cr_assert(mkdtemp(p->path));
	p->dir = open(p->path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	put(p->dir, "plain", "4711\nmore\n");
	put(p->dir, "empty", "");
	put(p->dir, "long", "0123456789012345678901234567890123456789");
	cr_assert_eq(mkfifoat(p->dir, "fifo", 0600), 0);
	cr_assert_eq(mkdirat(p->dir, "below", 0700), 0);
	put(p->dir, "below/deep", "deep\n");
	put_socket(p);
	/* Of the mount that it is in: /etc/hostname or so would be there everywhere. */
	cr_assert_eq(symlinkat("plain", p->dir, "link"), 0);
	cr_assert_eq(symlinkat("/plain", p->dir, "absolute"), 0);
	cr_assert_eq(symlinkat("../../etc/passwd", p->dir, "out"), 0);
	cr_assert_eq(symlinkat("/proc/self/status", p->dir, "status"), 0);
	cr_assert_eq(symlinkat("circle", p->dir, "circle"), 0);
	cr_assert_eq(symlinkat("fifo", p->dir, "to-fifo"), 0);
	huge = openat(p->dir, "huge", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	cr_assert_eq(ftruncate(huge, 1ll << 40), 0);
}

static void remove_place(struct place *p)
{
	static const char *const names[] = { "plain",  "empty",    "long", "fifo",   "below/deep",
					     "socket", "link",     "out",  "status", "circle",
					     "huge",   "absolute", "node", "to-fifo" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(names); i++)
		unlinkat(p->dir, names[i], 0);
	unlinkat(p->dir, "below", AT_REMOVEDIR);
	close(p->dir);
	rmdir(p->path);
}

/* Columns: path, reach, what is read; NULL: nothing. */
static const struct {
	const char *path;
	enum ct_reach reach;
	const char *want;
} cases[] = {
	{ "plain", CT_REACH_ROOT, "4711" },
	{ "/plain", CT_REACH_ROOT, "4711" },
	{ "plain", CT_REACH_BELOW, "4711" },
	{ "below/deep", CT_REACH_BELOW, "deep" },
	{ "link", CT_REACH_ROOT, "4711" },
	{ "link", CT_REACH_BELOW, NULL },
	{ "absolute", CT_REACH_ROOT, "4711" },
	{ "absolute", CT_REACH_BELOW, NULL },
	{ "/plain", CT_REACH_BELOW, NULL },
	{ "../../../plain", CT_REACH_ROOT, "4711" },
	{ "below/../plain", CT_REACH_BELOW, "4711" },
	{ "../plain", CT_REACH_BELOW, NULL },
	{ "out", CT_REACH_ROOT, NULL },
	{ "out", CT_REACH_BELOW, NULL },
	{ "status", CT_REACH_ROOT, NULL },
	{ "circle", CT_REACH_ROOT, NULL },
	{ "fifo", CT_REACH_ROOT, NULL },
	{ "fifo", CT_REACH_BELOW, NULL },
	{ "to-fifo", CT_REACH_ROOT, NULL },
	{ "socket", CT_REACH_ROOT, NULL },
	{ "below", CT_REACH_ROOT, NULL },
	{ "empty", CT_REACH_ROOT, NULL },
	{ "long", CT_REACH_ROOT, NULL },
	{ "huge", CT_REACH_ROOT, NULL },
	{ "none", CT_REACH_ROOT, NULL },
	{ "plain/", CT_REACH_ROOT, NULL },
};

/* Nothing of it waits: of a FIFO that nobody writes to it would for ever. */
Test(files, only_regular_files_below_are_read, .timeout = 10)
{
	struct place p;
	char text[ROOM];

	make_place(&p);
	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		bool got = ct_file_line(p.dir, cases[i].path, cases[i].reach, text, sizeof(text));

		cr_expect_eq(got, cases[i].want != NULL, "%s by %d: '%s'", cases[i].path,
			     cases[i].reach, text);
		if (got && cases[i].want)
			cr_expect_str_eq(text, cases[i].want, "%s", cases[i].path);
	}
	remove_place(&p);
}

/* The kernel's own files are regular, too; reading some of them does something. */
Test(files, no_file_of_the_kernel_is_read)
{
	own_fd int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char text[ROOM];

	cr_expect_not(
		ct_file_line(root, "/proc/sys/kernel/ostype", CT_REACH_ROOT, text, sizeof(text)));
	cr_expect_not(
		ct_file_line(root, "/sys/kernel/mm/ksm/run", CT_REACH_ROOT, text, sizeof(text)));
	cr_expect_null(ct_file_list(root, "/proc", CT_REACH_ROOT));
}

/* A node that nothing answers for: who opened it would get ENXIO, who looks first gets nothing. */
Test(files, no_device_is_opened)
{
	struct place p;
	char text[ROOM];

	make_place(&p);
	if (mknodat(p.dir, "node", S_IFCHR | 0600, makedev(1, 3))) {
		remove_place(&p);
		cr_skip("a device node takes CAP_MKNOD");
	}
	errno = 0;
	cr_expect_not(ct_file_line(p.dir, "node", CT_REACH_ROOT, text, sizeof(text)));
	cr_expect_eq(errno, 0, "it was tried: %s", strerror(errno));
	unlinkat(p.dir, "node", 0);
	cr_assert_eq(mknodat(p.dir, "node", S_IFCHR | 0600, makedev(4095, 4095)), 0);
	errno = 0;
	cr_expect_not(ct_file_line(p.dir, "node", CT_REACH_ROOT, text, sizeof(text)));
	cr_expect_eq(errno, 0, "it was tried: %s", strerror(errno));
	remove_place(&p);
}

Test(files, what_is_there_is_told_without_opening_it)
{
	struct place p;
	struct stat st;

	make_place(&p);
	cr_assert(ct_file_stat(p.dir, "socket", CT_REACH_ROOT, &st));
	cr_expect(S_ISSOCK(st.st_mode));
	cr_assert(ct_file_stat(p.dir, "to-fifo", CT_REACH_ROOT, &st));
	cr_expect(S_ISFIFO(st.st_mode));
	cr_expect_not(ct_file_stat(p.dir, "out", CT_REACH_ROOT, &st));
	cr_expect_not(ct_file_stat(-1, "/etc/passwd", CT_REACH_ROOT, &st));
	remove_place(&p);
}

/* What a process has as its root or its directory, even if it is a FIFO's. */
Test(files, a_process_has_a_root_and_a_directory)
{
	own_fd int root = ct_dir_of((uint32_t)getpid(), "root");
	own_fd int cwd = ct_dir_of((uint32_t)getpid(), "cwd");
	own_fd int none = ct_dir_of(UINT32_MAX, "cwd");

	cr_expect(root >= 0 && cwd >= 0);
	cr_expect_eq(none, -1);
}
