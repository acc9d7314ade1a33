// SPDX-License-Identifier: GPL-2.0-only
#include "stats/open_groups.h"

#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"
#include "util/mem.h"

const char *const ct_open_by_names[CT_OPEN_BY_MAX] = {
#define X(symbol, name, doc) [CT_OPEN_BY_##symbol] = name,
	CT_OPEN_BYS(X)
#undef X
};

/* Magics of include/uapi/linux/magic.h; cgroup, devpts and the like of their file systems. */
static const struct {
	uint32_t magic;
	const char *kind;
} mounts[] = {
	{ 0x794c7630, "rootfs" }, /* overlayfs: the layers of an image */
	{ 0x9fa0, "proc" },       { 0x62656572, "sys" },    { 0x01021994, "tmpfs" },
	{ 0x1cd1, "devpts" },     { 0x63677270, "cgroup" }, { 0x27e0eb, "cgroup" },
	{ 0x19800202, "mqueue" }, { 0x64626720, "sys" },    { 0x74726163, "sys" },
	{ 0x6e736673, "nsfs" },   { 0x50495045, "pipe" },
};

const char *ct_open_mount_kind(const struct ct_opens_mount *m)
{
	uint32_t magic = CT_OPENS_MAGIC(m->where);

	for (size_t i = 0; i < CT_ARRAY_SIZE(mounts); i++) {
		if (mounts[i].magic != magic)
			continue;
		if (!strcmp(mounts[i].kind, "tmpfs") &&
		    (!strncmp(m->dir, "/dev", 4) && (m->dir[4] == '/' || !m->dir[4])))
			return "dev";
		return mounts[i].kind;
	}
	/* The root of a container without layers is a directory of the host; all else is bound. */
	return !strcmp(m->dir, "/") ? "rootfs" : "volume";
}

struct label {
	const char *kind;
	struct ct_text text;
};

static struct ct_text text_of(const char *s)
{
	return ct_text(s, strlen(s));
}

/* The last place where the path has this, and what follows it up to the next '/'. */
static bool part_after(const char *path, const char *what, struct ct_text *ret)
{
	const char *at = NULL, *next = path;

	while ((next = strstr(next, what))) {
		at = next + strlen(what);
		next = at;
	}
	if (!at || !*at)
		return false;
	*ret = ct_text(at, strcspn(at, "/"));
	return ret->len > 0;
}

static bool node_module(const char *path, struct label *l)
{
	if (!part_after(path, "/node_modules/", &l->text))
		return false;
	/* "@scope/name" is one name. */
	if (*l->text.p == '@' && l->text.p[l->text.len] == '/')
		l->text.len += 1 + strcspn(l->text.p + l->text.len + 1, "/");
	l->kind = "node";
	return true;
}

/* A module is a directory, a .py, or a binary: one name for all of them. */
static bool python_package(const char *path, struct label *l)
{
	const char *at = strstr(path, "/python");

	if (part_after(path, "/site-packages/", &l->text) ||
	    part_after(path, "/dist-packages/", &l->text)) {
		l->text.len = strcspn(l->text.p, "/.-");
		l->kind = "python";
		return l->text.len > 0;
	}
	if (!at || (at[7] != '2' && at[7] != '3') || !strchr(at + 7, '/'))
		return false;
	l->kind = "python";
	l->text = text_of("(standard library)");
	return true;
}

static bool jar(const char *path, struct label *l)
{
	size_t n = strlen(path);

	if (n < 5 || strcmp(path + n - 4, ".jar") != 0)
		return false;
	l->kind = "java";
	l->text = ct_text_base(text_of(path));
	return true;
}

/* "libm.so.6", "x.so", and not "x.sort". */
static bool shared_object(const char *path, struct label *l)
{
	struct ct_text base = ct_text_base(text_of(path));
	const char *at = base.p;

	while ((at = strstr(at, ".so"))) {
		at += 3;
		if (!*at || *at == '.') {
			l->kind = "shared object";
			l->text = base;
			return true;
		}
	}
	return false;
}

static void by_module(const struct ct_opens_view *v, const struct ct_open_path *p, struct label *l)
{
	static bool (*const kinds[])(const char *path, struct label *l) = {
		node_module,
		python_package,
		jar,
		shared_object,
	};

	(void)v;
	for (size_t i = 0; i < CT_ARRAY_SIZE(kinds); i++) {
		if (kinds[i](CT_OPEN_PATH_TEXT(p), l))
			return;
	}
	*l = (struct label){ "", ct_text("", 0) };
}

static void by_dir(const struct ct_opens_view *v, const struct ct_open_path *p, struct label *l)
{
	const char *path = CT_OPEN_PATH_TEXT(p);
	const char *slash = strrchr(path, '/');

	(void)v;
	l->text = slash ? ct_text(path, (size_t)(slash - path)) : text_of(".");
	if (slash == path)
		l->text = text_of("/");
}

static void by_depth(const struct ct_opens_view *v, const struct ct_open_path *p, struct label *l)
{
	static const char *const names[] = {
		"depth 0", "depth 1", "depth 2", "depth 3",  "depth 4",  "depth 5", "depth 6",
		"depth 7", "depth 8", "depth 9", "depth 10", "depth 11", "deeper",
	};
	const size_t deeper = CT_ARRAY_SIZE(names) - 1;
	size_t depth = 0;

	(void)v;
	for (const char *c = CT_OPEN_PATH_TEXT(p); *c; c++)
		depth += *c == '/' && c[1] && c[1] != '/' && c != CT_OPEN_PATH_TEXT(p);
	if (depth > deeper)
		depth = deeper;
	/* Of how many there are before it nothing is known. */
	if (depth == deeper || !(p->flags & CT_OPENS_F_BEGIN_CUT))
		l->text = text_of(names[depth]);
}

static void by_mount(const struct ct_opens_view *v, const struct ct_open_path *p, struct label *l)
{
	const struct ct_opens_mount *m = ct_opens_mount_of(v, p);

	l->kind = m ? ct_open_mount_kind(m) : "";
	l->text = m ? text_of(m->dir) : ct_text("", 0);
}

static void by_path(const struct ct_opens_view *v, const struct ct_open_path *p, struct label *l)
{
	(void)v;
	l->text = text_of(CT_OPEN_PATH_TEXT(p));
}

static void (*const labels[CT_OPEN_BY_MAX])(const struct ct_opens_view *v,
					    const struct ct_open_path *p, struct label *l) = {
	[CT_OPEN_BY_MODULE] = by_module, [CT_OPEN_BY_DIR] = by_dir,   [CT_OPEN_BY_DEPTH] = by_depth,
	[CT_OPEN_BY_MOUNT] = by_mount,   [CT_OPEN_BY_PATH] = by_path,
};

static const struct label no_label = { "", { "", 0 } };

/* That of the label; with max of them, and none of this label, that without a name. */
static struct ct_open_group *group_get(struct ct_open_groups *g, const struct label *l, size_t max)
{
	struct ct_open_group *group, *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->kind = l->kind;
	ct_text_copy(made->label, sizeof(made->label), l->text);
	made->key_len =
		(size_t)snprintf(made->key, sizeof(made->key), "%s %s", l->kind, made->label);
	HASH_FIND(hh, g->all, made->key, made->key_len, group);
	if (group || (HASH_COUNT(g->all) >= max && l != &no_label)) {
		free(made);
		return group ? group : group_get(g, &no_label, max);
	}
	HASH_ADD_KEYPTR(hh, g->all, made->key, made->key_len, made);
	return made;
}

static int by_time(const void *a, const void *b)
{
	const struct ct_open_group *x = *(struct ct_open_group *const *)a;
	const struct ct_open_group *y = *(struct ct_open_group *const *)b;

	if (x->n.ns != y->n.ns)
		return x->n.ns > y->n.ns ? -1 : 1;
	return strcmp(x->label, y->label);
}

static int list(struct ct_open_groups *g, bool sorted)
{
	struct ct_open_group *group;

	g->items = calloc(HASH_COUNT(g->all) + 1, sizeof(*g->items));
	if (!g->items)
		return -ENOMEM;
	for (group = g->all; group; group = group->hh.next)
		g->items[g->count++] = group;
	if (sorted)
		qsort(g->items, g->count, sizeof(*g->items), by_time);
	return 0;
}

static int fail(struct ct_open_groups *g)
{
	ct_open_groups_clear(g);
	return -ENOMEM;
}

/* What was opened without its path being kept, and all beyond the bound, is in the group without a
 * name. */
int ct_open_groups_by(struct ct_open_groups *g, const struct ct_opens_view *v, enum ct_open_by by)
{
	struct ct_open_group *group;

	*g = (struct ct_open_groups){ 0 };
	for (const struct ct_open_path *p = v->paths; p; p = p->hh.next) {
		struct label l = no_label;

		if (p->call == CT_OPEN_EXEC)
			continue;
		labels[by](v, p, &l);
		group = group_get(g, &l, CT_OPEN_GROUPS_MAX);
		if (!group)
			return fail(g);
		ct_opens_sum(&group->n, &p->n);
		group->missing += p->error == ENOENT ? p->n.failed : 0;
		group->paths++;
	}
	if (v->rest[CT_OPEN_OPEN].count) {
		group = group_get(g, &no_label, CT_OPEN_GROUPS_MAX);
		if (!group)
			return fail(g);
		ct_opens_sum(&group->n, &v->rest[CT_OPEN_OPEN]);
	}
	return list(g, true) ? fail(g) : 0;
}

/* By a glob of the same name that came before. */
static bool has_been(const struct ct_open_how *how, size_t glob, const char *path)
{
	for (size_t i = 0; i < glob; i++) {
		if (how->globs[i].name_len == how->globs[glob].name_len &&
		    !memcmp(how->globs[i].name, how->globs[glob].name, how->globs[i].name_len) &&
		    !fnmatch(how->globs[i].glob, path, 0))
			return true;
	}
	return false;
}

int ct_open_groups_named(struct ct_open_groups *g, const struct ct_opens_view *v,
			 const struct ct_open_how *how)
{
	*g = (struct ct_open_groups){ 0 };
	for (size_t i = 0; i < how->glob_count; i++) {
		const struct label l = { "group",
					 ct_text(how->globs[i].name, how->globs[i].name_len) };
		struct ct_open_group *group = group_get(g, &l, CT_OPEN_GLOBS_MAX);

		if (!group)
			return fail(g);
		for (const struct ct_open_path *p = v->paths; p; p = p->hh.next) {
			if (p->call == CT_OPEN_EXEC ||
			    fnmatch(how->globs[i].glob, CT_OPEN_PATH_TEXT(p), 0) ||
			    has_been(how, i, CT_OPEN_PATH_TEXT(p)))
				continue;
			ct_opens_sum(&group->n, &p->n);
			group->paths++;
		}
	}
	return list(g, false) ? fail(g) : 0;
}

void ct_open_groups_clear(struct ct_open_groups *g)
{
	struct ct_open_group *group, *next;

	HASH_ITER(hh, g->all, group, next)
	{
		HASH_DEL(g->all, group);
		free(group);
	}
	free(g->items);
	*g = (struct ct_open_groups){ 0 };
}

static bool before(const struct ct_open_path *a, const struct ct_open_path *b, bool by_count)
{
	uint64_t x = by_count ? a->n.count : a->n.ns, y = by_count ? b->n.count : b->n.ns;

	return x != y ? x > y : strcmp(a->key, b->key) < 0;
}

size_t ct_open_top(const struct ct_opens_view *v, enum ct_open_call call, bool by_count,
		   const struct ct_open_path **ret, size_t room)
{
	size_t n = 0;

	for (const struct ct_open_path *p = v->paths; p; p = p->hh.next) {
		size_t at = n;

		if (p->call != call || (n == room && (!room || !before(p, ret[n - 1], by_count))))
			continue;
		if (n < room)
			n++;
		else
			at = n - 1;
		for (; at && before(p, ret[at - 1], by_count); at--)
			ret[at] = ret[at - 1];
		ret[at] = p;
	}
	return n;
}
