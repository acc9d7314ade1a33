/* SPDX-License-Identifier: GPL-2.0-only */
/* Opened paths put together: by what they are part of, by where they lie, by what a user names. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "core/opens/opens.h"

/* Columns: symbol, name, what one group is. */
#define CT_OPEN_BYS(X) \
	X(MODULE, "module", "a Node.js or Python package, a jar, a shared object") \
	X(DIR, "dir", "the directory of the path") \
	X(DEPTH, "depth", "how many directories deep the path is") \
	X(MOUNT, "mount", "the file system that the path lies on") \
	X(PATH, "path", "the path itself")

enum ct_open_by {
#define X(symbol, name, doc) CT_OPEN_BY_##symbol,
	CT_OPEN_BYS(X)
#undef X
	CT_OPEN_BY_MAX
};

extern const char *const ct_open_by_names[CT_OPEN_BY_MAX];

#define CT_OPEN_GLOBS_MAX  16
#define CT_OPEN_LABEL_LEN  CT_OPENS_PATH_LEN
#define CT_OPEN_GROUPS_MAX 4096

/* What a user asked to be told about opened files. Strings are borrowed. */
struct ct_open_how {
	enum ct_open_by by;
	size_t top;
	struct {
		const char *name; /* not terminated */
		size_t name_len;
		const char *glob;
	} globs[CT_OPEN_GLOBS_MAX];
	size_t glob_count;
};

struct ct_open_group {
	struct ct_opens_numbers n;
	uint64_t missing; /* failed, of paths that failed last as there is no such file */
	size_t paths;
	char label[CT_OPEN_LABEL_LEN]; /* chosen by a container: escape it; "" for what is left */
	const char *kind; /* static: "node", "python", ... or "" */
	char key[CT_OPEN_LABEL_LEN + 32]; /* kind and label */
	size_t key_len;
	UT_hash_handle hh;
};

struct ct_open_groups {
	struct ct_open_group **items; /* owned; most time first */
	size_t count;
	struct ct_open_group *all; /* owned, a uthash */
};

/* All opens of a view are in exactly one group. Returns 0 or -ENOMEM. */
int ct_open_groups_by(struct ct_open_groups *g, const struct ct_opens_view *v, enum ct_open_by by);
/* A path is in each group whose glob it matches. In the order in which they were named. */
int ct_open_groups_named(struct ct_open_groups *g, const struct ct_opens_view *v,
			 const struct ct_open_how *how);
void ct_open_groups_clear(struct ct_open_groups *g);

/* The first `room` paths of a call: most time, or most opens, first. Returns how many. */
size_t ct_open_top(const struct ct_opens_view *v, enum ct_open_call call, bool by_count,
		   const struct ct_open_path **ret, size_t room);

/* What a mount is called: "rootfs", "proc", "volume"... by the magic of its file system. */
const char *ct_open_mount_kind(const struct ct_opens_mount *m);
