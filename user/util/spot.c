// SPDX-License-Identifier: GPL-2.0-only
#include "util/spot.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "util/mem.h"

#define LINKS_MAX 40 /* as the kernel's */

struct walk {
	int dir; /* owned */
	bool shared;
	unsigned int links;
	char rest[PATH_MAX]; /* what is still to be walked */
};

static int failed(struct ct_err *err)
{
	return ct_fail(err, errno, "%s", strerror(errno));
}

static bool is_trusted(const struct stat *st)
{
	return !st->st_uid || st->st_uid == geteuid();
}

static bool is_everybodys(int dir)
{
	struct stat st;

	return !fstat(dir, &st) && (st.st_mode & S_IWOTH);
}

static void enter(struct walk *w, int dir)
{
	close(w->dir);
	w->dir = dir;
}

static int begin_at(struct walk *w, const char *path, struct ct_err *err)
{
	int dir = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (dir < 0)
		return failed(err);
	if (w->dir >= 0)
		close(w->dir);
	w->dir = dir;
	return 0;
}

/* The next name goes out of the rest; *ret_last: none is behind it. "a/" is "a/.", "" is nothing. */
static int next_name(struct walk *w, char *name, bool *ret_last, struct ct_err *err)
{
	const char *at = w->rest + strspn(w->rest, "/");
	size_t len = strcspn(at, "/");
	const char *behind = at + len;

	if (len > NAME_MAX)
		return ct_fail(err, ENAMETOOLONG, "%s", strerror(ENAMETOOLONG));
	memcpy(name, at, len);
	name[len] = '\0';
	if (!len)
		memcpy(name, ".", 2);
	*ret_last = !*behind;
	memmove(w->rest, behind, strlen(behind) + 1);
	return 0;
}

/* What it points to is walked before the rest. */
static int follow(struct walk *w, int link, struct ct_err *err)
{
	char to[PATH_MAX], rest[PATH_MAX];
	ssize_t len = readlinkat(link, "", to, sizeof(to) - 1);

	if (len < 0)
		return failed(err);
	to[len] = '\0';
	memcpy(rest, w->rest, strlen(w->rest) + 1);
	if (snprintf(w->rest, sizeof(w->rest), "%s%s", to, rest) >= (int)sizeof(w->rest))
		return ct_fail(err, ENAMETOOLONG, "%s", strerror(ENAMETOOLONG));
	if (*to != '/')
		return 0;
	w->shared = false;
	return begin_at(w, "/", err);
}

/* 1: what is behind it is a descriptor, and the kernel's to follow. */
static int take_link(struct walk *w, int link, const struct stat *st, const char *name,
		     struct ct_err *err)
{
	struct statfs fs;

	if (w->shared && !is_trusted(st))
		return ct_fail(
			err, EACCES,
			"'%s' is a link that uid %u has put where everybody may; name another file",
			name, st->st_uid);
	if (++w->links > LINKS_MAX)
		return ct_fail(err, ELOOP, "%s", strerror(ELOOP));
	if (!fstatfs(link, &fs) && fs.f_type == PROC_SUPER_MAGIC)
		return 1;
	return follow(w, link, err);
}

/* 1: the walk is over, and name is in its directory; 2: likewise, and is a descriptor's. */
static int step(struct walk *w, char *name, struct ct_err *err)
{
	bool last = false;
	own_fd int fd = -1;
	struct stat st;
	int ret = next_name(w, name, &last, err);

	if (ret)
		return ret;
	w->shared = w->shared || is_everybodys(w->dir);
	fd = openat(w->dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return last && errno == ENOENT ? 1 : failed(err);
	if (fstat(fd, &st))
		return failed(err);
	if (S_ISLNK(st.st_mode)) {
		ret = take_link(w, fd, &st, name, err);
		if (ret <= 0)
			return ret;
		if (last)
			return 2;
		close(take_fd(fd));
		fd = openat(w->dir, name, O_PATH | O_CLOEXEC);
		if (fd < 0)
			return failed(err);
	} else if (last) {
		return 1;
	}
	enter(w, take_fd(fd));
	return 0;
}

int ct_spot_find(struct ct_spot *spot, const char *path, struct ct_err *err)
{
	struct walk w = { .dir = -1 };
	int ret = 0;

	*spot = (struct ct_spot){ .dir = -1 };
	if (!*path || strlen(path) >= sizeof(w.rest))
		return ct_fail(err, *path ? ENAMETOOLONG : ENOENT, "%s",
			       strerror(*path ? ENAMETOOLONG : ENOENT));
	memcpy(w.rest, path, strlen(path) + 1);
	ret = begin_at(&w, *path == '/' ? "/" : ".", err);
	while (!ret)
		ret = step(&w, spot->name, err);
	if (ret < 0) {
		if (w.dir >= 0)
			close(w.dir);
		return ret;
	}
	spot->dir = w.dir;
	spot->given = ret == 2;
	spot->shared = w.shared;
	return 0;
}

void ct_spot_leave(struct ct_spot *spot)
{
	if (spot->dir >= 0)
		close(spot->dir);
	spot->dir = -1;
}

/* What nobody but root and the caller has put there. Of a device everybody may be sure. */
static int check_there(const struct ct_spot *spot, const struct stat *st, struct ct_err *err)
{
	if (S_ISREG(st->st_mode) && spot->shared && st->st_nlink > 1)
		return ct_fail(
			err, EACCES,
			"'%s' is a file with %ju names, one of them where everybody may put it; name another file",
			spot->name, (uintmax_t)st->st_nlink);
	if (is_trusted(st) || !(S_ISREG(st->st_mode) || S_ISFIFO(st->st_mode)) ||
	    !is_everybodys(spot->dir))
		return 0;
	return ct_fail(
		err, EACCES,
		"'%s' is there already, put by uid %u where everybody may; name another file",
		spot->name, st->st_uid);
}

int ct_spot_open(const struct ct_spot *spot, mode_t mode, bool *ret_made, struct ct_err *err)
{
	const int how = O_WRONLY | O_CLOEXEC | (spot->given ? 0 : O_NOFOLLOW);
	own_fd int fd = -1;
	struct stat st;
	int ret;

	*ret_made = false;
	if (!spot->given) {
		fd = openat(spot->dir, spot->name, how | O_CREAT | O_EXCL, mode);
		*ret_made = fd >= 0;
		if (fd >= 0 || errno != EEXIST)
			return fd >= 0 ? take_fd(fd) : failed(err);
		/* Before it is opened: a FIFO would wait for who reads it. */
		if (fstatat(spot->dir, spot->name, &st, AT_SYMLINK_NOFOLLOW))
			return failed(err);
		ret = check_there(spot, &st, err);
		if (ret)
			return ret;
	}
	fd = openat(spot->dir, spot->name, how);
	if (fd < 0 || fstat(fd, &st))
		return failed(err);
	ret = spot->given ? 0 : check_there(spot, &st, err);
	return ret ? ret : take_fd(fd);
}

int ct_spot_open_path(const char *path, mode_t mode, struct ct_err *err)
{
	struct ct_spot spot;
	bool made;
	int ret = ct_spot_find(&spot, path, err);

	if (!ret)
		ret = ct_spot_open(&spot, mode, &made, err);
	ct_spot_leave(&spot);
	return ret;
}

int ct_spot_open_directory(const char *path, struct ct_err *err)
{
	struct ct_spot spot;
	int ret = ct_spot_find(&spot, path, err);

	if (ret)
		return ret;
	ret = openat(spot.dir, spot.name,
		     O_RDONLY | O_DIRECTORY | O_CLOEXEC | (spot.given ? 0 : O_NOFOLLOW));
	if (ret < 0)
		failed(err);
	ct_spot_leave(&spot);
	return ret < 0 ? err->code : ret;
}
