// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/perfetto/perfetto_names.h"

#include <stdlib.h>
#include <string.h>
#include <uthash.h>

#include "sinks/escape.h"

/* A trace that goes on for months takes no more memory than that. */
#define NAMES_MAX 32768

struct name {
	uint64_t number;
	char *text; /* owned, as it is written */
	UT_hash_handle hh;
	char key[]; /* the kind, and what the text was made of */
};

struct ct_names {
	struct name *all;
	uint64_t last[CT_NAME_KINDS];
};

struct ct_names *ct_names_new(void)
{
	return calloc(1, sizeof(struct ct_names));
}

void ct_names_forget(struct ct_names *names)
{
	struct name *name, *next;

	HASH_ITER(hh, names->all, name, next)
	{
		HASH_DEL(names->all, name);
		free(name->text);
		free(name);
	}
}

void ct_names_free(struct ct_names *names)
{
	if (!names)
		return;
	ct_names_forget(names);
	free(names);
}

int ct_names_is_full(const struct ct_names *names)
{
	return HASH_COUNT(names->all) >= NAMES_MAX;
}

static struct name *make(struct ct_names *names, enum ct_name_kind kind, const char *text)
{
	size_t len = strlen(text);
	struct name *name = malloc(sizeof(*name) + len + 1);

	if (!name)
		return NULL;
	name->text = ct_escape_text_dup(text, true);
	if (!name->text) {
		free(name);
		return NULL;
	}
	name->key[0] = (char)kind;
	memcpy(name->key + 1, text, len);
	name->number = ++names->last[kind];
	HASH_ADD_KEYPTR(hh, names->all, name->key, len + 1, name);
	return name;
}

static struct name *find(const struct ct_names *names, enum ct_name_kind kind, const char *text)
{
	struct name *name = NULL;
	size_t len = strlen(text);
	char key[1024];

	if (len >= sizeof(key))
		return NULL;
	key[0] = (char)kind;
	memcpy(key + 1, text, len);
	HASH_FIND(hh, names->all, key, len + 1, name);
	return name;
}

uint64_t ct_names_number(struct ct_names *names, enum ct_name_kind kind, const char *text,
			 const char **ret_text)
{
	struct name *name = find(names, kind, text);

	*ret_text = NULL;
	if (name)
		return name->number;
	name = make(names, kind, text);
	if (!name)
		return 0;
	*ret_text = name->text;
	return name->number;
}
