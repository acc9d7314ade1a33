// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/paths.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "util/mem.h"

static int add(struct ct_directories *paths, const char *dir, const char *name, struct ct_err *err)
{
	size_t room = paths->count + 1;
	char **items = realloc(paths->items, room * sizeof(*items)), *path;

	if (!items)
		return ct_fail(err, ENOMEM, "read '%s': out of memory", name);
	paths->items = items;
	if (!dir)
		path = strdup(name);
	else if (asprintf(&path, "%s%s%s", dir, dir[strlen(dir) - 1] == '/' ? "" : "/", name) < 0)
		path = NULL;
	if (!path)
		return ct_fail(err, ENOMEM, "read '%s': out of memory", name);
	items[paths->count++] = path;
	return 0;
}

static int is_recording(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 3 && *entry->d_name != '.' && !strcmp(entry->d_name + len - 3, ".ct");
}

/* Bytes, not letters of a language. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int add_directory(struct ct_directories *paths, const char *dir, struct ct_err *err)
{
	struct dirent **entries = NULL;
	int count = scandir(dir, &entries, is_recording, by_name), ret = 0;

	if (count < 0)
		return ct_fail(err, errno, "read '%s': %s", dir, strerror(errno));
	if (!count)
		ret = ct_fail(err, ENOENT, "read '%s': no file in that directory ends in .ct", dir);
	for (int i = 0; i < count; i++) {
		if (!ret)
			ret = add(paths, dir, entries[i]->d_name, err);
		free(entries[i]);
	}
	free(entries);
	return ret;
}

int ct_directories_expand(struct ct_directories *paths, struct ct_operands *operands,
			  struct ct_err *err)
{
	int ret = 0;

	for (size_t i = 0; i < operands->count && !ret; i++) {
		const char *item = operands->items[i];
		struct stat st;

		if (!stat(item, &st) && S_ISDIR(st.st_mode))
			ret = add_directory(paths, item, err);
		else
			ret = add(paths, NULL, item, err);
	}
	operands->items = (const char *const *)paths->items;
	operands->count = paths->count;
	return ret;
}

void ct_directories_free(struct ct_directories *paths)
{
	for (size_t i = 0; i < paths->count; i++)
		free(paths->items[i]);
	free(paths->items);
	*paths = (struct ct_directories){ 0 };
}
