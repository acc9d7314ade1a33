// SPDX-License-Identifier: GPL-2.0-only
#include "source/proc/symbols.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "source/proc/privileges.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define PATH "/proc/kallsyms"

struct symbol {
	uint64_t address;
	uint32_t name; /* offset into names */
};

struct ct_symbols {
	struct symbol *items; /* owned, by address */
	size_t count, room;
	char *names; /* owned */
	size_t used, names_room;
	pthread_t thread; /* all of this is its, while it reads */
	bool reading;
	int failed; /* negative errno */
};

/* What the compiler appends (.isra.0, .constprop.0, .part.0) is no part of the name. */
static int add(struct ct_symbols *s, uint64_t address, const char *name)
{
	size_t len = strcspn(name, ". \t\n");

	if (s->count == s->room) {
		size_t room = s->room ? 2 * s->room : 65536;
		struct symbol *items = realloc(s->items, room * sizeof(*items));

		if (!items)
			return -ENOMEM;
		s->items = items;
		s->room = room;
	}
	if (!s->names || s->used + len + 1 > s->names_room) {
		size_t room = s->names_room ? 2 * s->names_room : 1 << 20;
		char *names = realloc(s->names, room);

		if (!names)
			return -ENOMEM;
		s->names = names;
		s->names_room = room;
	}
	s->items[s->count++] = (struct symbol){ address, (uint32_t)s->used };
	memcpy(s->names + s->used, name, len);
	s->names[s->used + len] = '\0';
	s->used += len + 1;
	return 0;
}

static int by_address(const void *a, const void *b)
{
	const struct symbol *x = a, *y = b;

	return (x->address > y->address) - (x->address < y->address);
}

static int read_all(struct ct_symbols *s, FILE *file)
{
	own_mem char *line = NULL;
	size_t room = 0;
	int ret = 0;

	while (!ret && getline(&line, &room, file) > 0) {
		char *rest;
		uint64_t address = strtoull(line, &rest, 16);

		/* "ffffffff81000000 T name"; t, T, w, W are functions */
		if (rest == line || rest[0] != ' ' || !strchr("tTwW", rest[1]) || !address)
			continue;
		ret = add(s, address, rest + 3);
	}
	return ret;
}

static int restriction(void)
{
	char text[16];

	return ct_text_read("/proc/sys/kernel/kptr_restrict", text, sizeof(text))
		       ? (int)strtol(text, NULL, 10)
		       : 0;
}

/* Read while the programs are loaded: the kernel makes the names one by one, some 50 ms. */
static void *work(void *ctx)
{
	struct ct_symbols *s = ctx;
	FILE *file = fopen(PATH, "re");

	prctl(PR_SET_NAME, "ct-symbols");
	s->failed = file ? read_all(s, file) : -errno;
	if (file)
		fclose(file);
	if (s->items)
		qsort(s->items, s->count, sizeof(*s->items), by_address);
	return NULL;
}

int ct_symbols_open(struct ct_symbols **ret, struct ct_err *err)
{
	struct ct_symbols *s = calloc(1, sizeof(*s));
	int r = s ? pthread_create(&s->thread, NULL, work, s) : ENOMEM;

	if (r) {
		free(s);
		return ct_fail(err, r, "name kernel functions: %s", strerror(r));
	}
	s->reading = true;
	*ret = s;
	return 0;
}

int ct_symbols_ready(struct ct_symbols *s, struct ct_err *err)
{
	if (s->reading)
		pthread_join(s->thread, NULL);
	s->reading = false;
	if (s->failed)
		return ct_fail(err, s->failed, "name kernel functions: '" PATH "': %s",
			       strerror(-s->failed));
	if (!s->count)
		return ct_fail(err, -EPERM,
			       "name kernel functions, for --why: '" PATH
			       "' hides their addresses: %s",
			       ct_privileges_symbols(ct_own_caps(), restriction()));
	return 0;
}

void ct_symbols_close(struct ct_symbols *s)
{
	if (!s)
		return;
	if (s->reading)
		pthread_join(s->thread, NULL);
	free(s->items);
	free(s->names);
	free(s);
}

const char *ct_symbols_name(const struct ct_symbols *s, uint64_t address)
{
	size_t low = 0, high = s->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (s->items[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? s->names + s->items[low - 1].name : "";
}

/* __schedule() is in every stack: what lies before it is the tracepoint and its programs. */
static size_t first_of(const struct ct_symbols *s, const uint64_t *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(ct_symbols_name(s, addresses[i]), "__schedule"))
			return i + 1;
	return 0;
}

size_t ct_symbols_stack(const struct ct_symbols *s, const uint64_t *addresses, size_t count,
			char *text, size_t room)
{
	size_t len = 0;

	for (size_t i = first_of(s, addresses, count); i < count; i++) {
		const char *name = ct_symbols_name(s, addresses[i]);
		size_t n = strlen(name);

		if (!n)
			continue;
		if (len + n + 1 > room)
			break;
		memcpy(text + len, name, n + 1);
		len += n + 1;
	}
	return len ? len - 1 : 0;
}
