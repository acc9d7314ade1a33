// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_shelf.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "source/recording/recording_file.h"
#include "util/clock.h"
#include "util/mem.h"

#define FILES_MAX 65536 /* looked at, the rest another time */

struct shelved {
	char name[CT_SHELF_NAME_LEN];
	uint64_t bytes;
	int64_t changed_ns;
};

struct shelf {
	struct shelved *files; /* owned, the oldest first */
	size_t count, room;
};

static bool is_ours(const char *name)
{
	size_t len = strlen(name), end = strlen(CT_SHELF_END);

	return len < CT_SHELF_NAME_LEN && len > strlen(CT_SHELF_BEGIN) + end &&
	       !strncmp(name, CT_SHELF_BEGIN, strlen(CT_SHELF_BEGIN)) &&
	       !strcmp(name + len - end, CT_SHELF_END);
}

static struct shelved *add(struct shelf *shelf)
{
	if (shelf->count == shelf->room) {
		size_t room = shelf->room ? 2 * shelf->room : 64;
		struct shelved *more =
			room <= FILES_MAX ? realloc(shelf->files, room * sizeof(*more)) : NULL;

		if (!more)
			return NULL;
		shelf->files = more;
		shelf->room = room;
	}
	return &shelf->files[shelf->count++];
}

/* By time, then by name: several may be of one moment. */
static int by_age(const void *a, const void *b)
{
	const struct shelved *x = a, *y = b;

	if (x->changed_ns != y->changed_ns)
		return x->changed_ns < y->changed_ns ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void look(struct shelf *shelf, int dir)
{
	own_fd int again = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	own_dir DIR *entries = again < 0 ? NULL : fdopendir(again);
	struct dirent *entry;
	struct stat st;

	if (!entries)
		return;
	again = -1; /* the stream has it now */
	while ((entry = readdir(entries))) {
		struct shelved *file;

		if (!is_ours(entry->d_name) ||
		    fstatat(dir, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISREG(st.st_mode))
			continue;
		file = add(shelf);
		if (!file)
			break;
		memcpy(file->name, entry->d_name, strlen(entry->d_name) + 1);
		file->bytes = (uint64_t)st.st_blocks * 512;
		file->changed_ns = (int64_t)st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec;
	}
	if (shelf->count)
		qsort(shelf->files, shelf->count, sizeof(*shelf->files), by_age);
}

/* Not one that is being written, by whomever. */
static bool drop(int dir, const struct shelved *file)
{
	own_fd int fd = openat(dir, file->name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	return fd >= 0 && !ct_recording_lock(fd) && !unlinkat(dir, file->name, 0);
}

unsigned int ct_shelf_sweep(int dir, uint64_t keep_ns, uint64_t keep_bytes)
{
	int64_t now = (int64_t)ct_clock_ns(CLOCK_REALTIME);
	struct shelf shelf = { 0 };
	unsigned int dropped = 0;
	uint64_t bytes = 0;

	look(&shelf, dir);
	for (size_t i = 0; i < shelf.count; i++)
		bytes += shelf.files[i].bytes;
	for (size_t i = 0; i < shelf.count; i++) {
		const struct shelved *file = &shelf.files[i];
		bool old = keep_ns && now - file->changed_ns > (int64_t)keep_ns;

		if (!(old || bytes > keep_bytes) || !drop(dir, file))
			continue;
		bytes -= file->bytes;
		dropped++;
	}
	free(shelf.files);
	return dropped;
}

bool ct_shelf_drop_oldest(int dir, char *name)
{
	struct shelf shelf = { 0 };
	bool dropped = false;

	look(&shelf, dir);
	for (size_t i = 0; i < shelf.count && !dropped; i++) {
		dropped = drop(dir, &shelf.files[i]);
		if (dropped)
			memcpy(name, shelf.files[i].name, CT_SHELF_NAME_LEN);
	}
	free(shelf.files);
	return dropped;
}
