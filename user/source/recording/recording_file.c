// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

#define PRIVATE 0600
/* A file that is replaced between open() and its lock is opened again. */
#define TRIES 8

/*
 * The lock is of the open file description: closing another descriptor of the file does not lose
 * it, as it would one of the process. But only that one tells who has it: it is put beside, at the
 * second byte, and means nothing else.
 */
static const struct flock the_lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1 };
static const struct flock who_has_it = {
	.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 1, .l_len = 1
};

static bool is_file(int fd)
{
	struct stat st;

	return !fstat(fd, &st) && S_ISREG(st.st_mode);
}

bool ct_recording_is_written(int fd)
{
	struct flock lock = the_lock;

	lock.l_type = F_RDLCK; /* what a descriptor for reading may ask for */
	return is_file(fd) && !fcntl(fd, F_OFD_GETLK, &lock) && lock.l_type != F_UNLCK;
}

int ct_recording_lock(int fd)
{
	struct flock lock = the_lock, who = who_has_it;

	if (!is_file(fd))
		return 0;
	if (fcntl(fd, F_OFD_SETLK, &lock))
		return errno == EAGAIN || errno == EACCES ? -EBUSY : 0;
	fcntl(fd, F_SETLK, &who);
	return 0;
}

static int is_busy(int fd, const char *path, struct ct_err *err)
{
	struct flock who = who_has_it;
	char pid[32] = "";

	if (!fcntl(fd, F_GETLK, &who) && who.l_type != F_UNLCK && who.l_pid > 0)
		snprintf(pid, sizeof(pid), " (pid %d)", (int)who.l_pid);
	return ct_fail(
		err, EBUSY,
		"open recording '%s': another coldtrace%s is writing it; name another file, or end that one",
		path, pid);
}

/* It holds the command lines and requests of others: nobody else's to read, whoever made the file. */
static int make_private(const struct ct_recording_file *file, const char *path, struct ct_err *err)
{
	struct stat st;

	if (fstat(file->fd, &st) || !S_ISREG(st.st_mode))
		return 0;
	/* Whoever has put it there owns it, and may have it open. Root may change the mode of any. */
	if (!file->made && st.st_uid != geteuid())
		return ct_fail(
			err, EPERM,
			"open recording '%s': it is there already, and uid %u's, who could read it; name another file",
			path, st.st_uid);
	if ((st.st_mode & ALLPERMS) == PRIVATE || !fchmod(file->fd, PRIVATE))
		return 0;
	return ct_fail(
		err, errno,
		"open recording '%s': only its owner should read it, and its mode cannot be changed: %s; name another file",
		path, strerror(errno));
}

/* Who had the lock before may have taken the file away. */
static bool is_still(int fd, const struct ct_spot *spot)
{
	struct stat own, named;

	return !is_file(fd) ||
	       (!fstat(fd, &own) &&
		!fstatat(spot->dir, spot->name, &named, spot->given ? 0 : AT_SYMLINK_NOFOLLOW) &&
		own.st_dev == named.st_dev && own.st_ino == named.st_ino);
}

static int open_locked(struct ct_recording_file *file, const char *path, struct ct_err *err)
{
	if (ct_spot_find(&file->spot, path, err))
		return ct_wrap(err, "open recording '%s'", path);
	for (int i = 0; i < TRIES; i++) {
		own_fd int fd = ct_spot_open(&file->spot, PRIVATE, &file->made, err);

		if (fd == -ENOENT && i < TRIES - 1) /* it was there, and is gone */
			continue;
		if (fd < 0)
			return ct_wrap(err, "open recording '%s'", path);
		if (ct_recording_lock(fd))
			return is_busy(fd, path, err);
		if (is_still(fd, &file->spot))
			return take_fd(fd);
	}
	return ct_fail(err, EBUSY, "open recording '%s': it is replaced all the time", path);
}

static int open_given(const char *path, struct ct_err *err)
{
	own_fd int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);

	if (fd < 0)
		return ct_fail(err, errno, "open recording '%s': %s", path, strerror(errno));
	return ct_recording_lock(fd) ? is_busy(fd, path, err) : take_fd(fd);
}

int ct_recording_file_open(struct ct_recording_file *file, const char *path, struct ct_err *err)
{
	int ret;

	*file = (struct ct_recording_file){ .fd = -1, .spot.dir = -1, .given = !strcmp(path, "-") };
	ret = file->given ? open_given(path, err) : open_locked(file, path, err);
	if (ret < 0) {
		ct_spot_leave(&file->spot);
		return ret;
	}
	file->fd = ret;
	ret = 0;
	if (isatty(file->fd))
		ret = ct_fail(err, EINVAL,
			      "write recording to the terminal: it is not text; name a file");
	else if (!file->given)
		ret = make_private(file, path, err);
	if (ret)
		ct_recording_file_discard(file);
	return ret;
}

int ct_recording_file_empty(const struct ct_recording_file *file, const char *path,
			    struct ct_err *err)
{
	if (file->given || !is_file(file->fd) || !ftruncate(file->fd, 0))
		return 0;
	return ct_fail(err, errno, "open recording '%s': %s", path, strerror(errno));
}

int ct_recording_file_close(struct ct_recording_file *file)
{
	struct flock none = the_lock;
	int fd = take_fd(file->fd);

	ct_spot_leave(&file->spot);
	if (fd < 0)
		return 0;
	none.l_type = F_UNLCK; /* stdout stays open elsewhere */
	if (file->given)
		fcntl(fd, F_OFD_SETLK, &none);
	return close(fd) ? -errno : 0;
}

/* Under its lock: nobody else writes it meanwhile. */
void ct_recording_file_discard(struct ct_recording_file *file)
{
	if (file->fd >= 0 && file->made && is_file(file->fd) && is_still(file->fd, &file->spot))
		unlinkat(file->spot.dir, file->spot.name, 0);
	ct_recording_file_close(file);
}
