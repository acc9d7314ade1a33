// SPDX-License-Identifier: GPL-2.0-only
#include "source/proc/unix_sockets.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define ACCEPTING 0x10000u /* __SO_ACCEPTCON in the flags */

struct claim {
	unsigned int lines;
	char *path; /* owned; NULL: it does not listen, or has no name */
};

/*
 * A line: address of the socket, references, protocol, flags, type, state, inode, and for some a
 * path, which may hold spaces.
 */
static bool parse(char *line, uint64_t *ret_ino, const char **ret_path)
{
	unsigned int flags;
	unsigned long long ino;
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%*s %*x %*x %x %*x %*x %llu %n", &flags, &ino, &at) != 2 || !at)
		return false;
	*ret_ino = ino;
	*ret_path = (flags & ACCEPTING) && line[at] == '/' ? line + at : NULL;
	return true;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

static int claim(struct claim *c, const char *path)
{
	if (c->lines++ || !path)
		return 0;
	c->path = strdup(path);
	return c->path ? 0 : -ENOMEM;
}

int ct_unix_sockets(FILE *f, const uint64_t *inodes, size_t count,
		    void (*fn)(void *ctx, const char *path), void *ctx)
{
	own_mem struct claim *claims = calloc(count + 1, sizeof(*claims));
	own_mem char *line = NULL;
	size_t room = 0;
	int ret = claims ? 0 : -ENOMEM;

	while (!ret && getline(&line, &room, f) > 0) {
		const uint64_t *found = NULL;
		const char *path;
		uint64_t ino;

		if (parse(line, &ino, &path))
			found = bsearch(&ino, inodes, count, sizeof(ino), by_number);
		if (found)
			ret = claim(&claims[found - inodes], path);
	}
	for (size_t i = 0; claims && i < count; i++) {
		if (!ret && claims[i].lines == 1 && claims[i].path)
			fn(ctx, claims[i].path);
		free(claims[i].path);
	}
	return ret;
}
