// SPDX-License-Identifier: GPL-2.0-only
/* Opened files: how paths are put together, and what groups they are in. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/opens/opens.h"
#include "source/live/open_names.h"
#include "stats/open_groups.h"
#include "tape.h"
#include "util/mem.h"

#define OVERLAY TAPE_OVERLAY
#define EXT4    CT_OPENS_WHERE(41, 0xef53)

/* Names of directories as the kernel side keeps them, and what that is as a path. */
static const struct join_case {
	const char *names;
	size_t len, room;
	bool cut;
	const char *want;
	bool want_cut;
} joins[] = {
#define NAMES(text) text, sizeof(text) - 1
	{ NAMES(""), 64, false, "/", false },
	{ NAMES("c\0b\0a\0"), 64, false, "/a/b/c", false },
	{ NAMES("c\0b\0"), 64, true, ".../b/c", true },
	{ NAMES(""), 64, true, "...", true },
	{ NAMES("cc\0bb\0aa\0"), 12, false, "/aa/bb/cc", false },
	{ NAMES("cc\0bb\0aa\0"), 11, false, ".../bb/cc", true },
	{ NAMES("a-very-long-name\0aa\0"), 12, false, "...", true },
	{ NAMES("express\0node_modules\0app\0"), 26, false, ".../node_modules/express", true },
	{ NAMES("bb\0aa"), 64, false, "/aa/bb", false }, /* damaged: no NUL at the end */
#undef NAMES
};

Test(open_groups, a_directory_that_is_too_deep_keeps_its_end_and_says_so)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(joins); i++) {
		const struct join_case *c = &joins[i];
		char *names = malloc(c->len ? c->len : 1), *to = malloc(c->room);
		bool cut = c->cut;
		size_t n;

		cr_assert(names && to);
		memcpy(names, c->names, c->len);
		n = ct_open_join(to, c->room, names, c->len, &cut);
		cr_expect(n == strlen(c->want) && !memcmp(to, c->want, n), "%zu: %.*s", i, (int)n,
			  to);
		cr_expect_eq(cut, c->want_cut, "%zu", i);
		free(names);
		free(to);
	}
}

/* Whose beginning is not known, but not how deep it is, and it belongs where its end says. */
Test(open_groups, a_path_whose_beginning_is_cut_is_grouped_by_its_end)
{
	static const struct {
		enum ct_open_by by;
		const char *path, *label;
	} cases[] = {
		{ CT_OPEN_BY_MODULE, ".../node_modules/express/lib/router.js", "express" },
		{ CT_OPEN_BY_DIR, ".../node_modules/express/index.js", ".../node_modules/express" },
		{ CT_OPEN_BY_DEPTH, ".../a/b", "" },
		{ CT_OPEN_BY_DEPTH, ".../1/2/3/4/5/6/7/8/9/10/11/12/13/f", "deeper" },
		{ CT_OPEN_BY_MOUNT, ".../a/b", "" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		struct ct_opens *o = ct_opens_new();
		struct ct_open_groups g;
		struct tape t = { 0 };
		struct ct_event *e;

		e = tape_opens_path(&t, 1, cases[i].path, "", 0, 7, 7);
		((struct ct_opens_path_tail *)e->tail)->flags = CT_OPENS_F_BEGIN_CUT;
		tape_opens_path(&t, 1, "/", "/", OVERLAY, 0, 0);
		for (size_t k = 0; k < t.count; k++)
			cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, k)), 0);
		cr_assert_eq(ct_open_groups_by(&g, o->views[0], cases[i].by), 0);
		cr_expect_str_eq(g.items[0]->label, cases[i].label, "%s: %s", cases[i].path,
				 g.items[0]->label);
		cr_expect_eq(g.items[0]->n.count, 7);
		ct_open_groups_clear(&g);
		ct_opens_free(o);
		tape_free(&t);
	}
}

static const struct module_case {
	const char *path, *kind, *label;
} modules[] = {
	{ "/app/node_modules/express/lib/router.js", "node", "express" },
	{ "/app/node_modules/a/node_modules/b/index.js", "node", "b" },
	{ "/app/node_modules/@babel/core/lib/x.js", "node", "@babel/core" },
	{ "/app/node_modules/@babel", "node", "@babel" },
	{ "/app/node_modules", "", "" },
	{ "/usr/lib/python3/dist-packages/requests/api.py", "python", "requests" },
	{ "/usr/lib/python3/dist-packages/six.py", "python", "six" },
	{ "/v/lib/python3.11/site-packages/numpy-1.2.dist-info/METADATA", "python", "numpy" },
	{ "/usr/lib/python3.11/json/decoder.py", "python", "(standard library)" },
	{ "/opt/app/lib/guava-31.jar", "java", "guava-31.jar" },
	{ "/lib/x86_64-linux-gnu/libc.so.6", "shared object", "libc.so.6" },
	{ "/a/x.so", "shared object", "x.so" },
	{ "/a/x.sort", "", "" },
	{ "/etc/passwd", "", "" },
	{ "", "", "" },
};

static void expect_module(const struct module_case *c)
{
	struct ct_opens *o = ct_opens_new();
	struct tape t = { 0 };
	struct ct_open_groups g;

	tape_opens_path(&t, 1, c->path, "/", OVERLAY, 7, 2);
	cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, 0)), 0);
	cr_assert_eq(ct_open_groups_by(&g, o->views[0], CT_OPEN_BY_MODULE), 0);
	cr_assert_eq(g.count, 1);
	cr_expect_str_eq(g.items[0]->kind, c->kind, "%s: %s", c->path, g.items[0]->kind);
	cr_expect_str_eq(g.items[0]->label, c->label, "%s: %s", c->path, g.items[0]->label);
	cr_expect_eq(g.items[0]->n.count, 7);
	ct_open_groups_clear(&g);
	ct_opens_free(o);
	tape_free(&t);
}

Test(open_groups, a_path_is_part_of_a_module)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(modules); i++)
		expect_module(&modules[i]);
}

Test(open_groups, groups_by_mount_take_what_was_not_found_to_the_deepest_that_is_known)
{
	struct ct_opens *o = ct_opens_new();
	struct ct_open_how how = { .glob_count = 2 };
	struct tape t = { 0 };
	struct ct_open_groups g;

	how.globs[0].name = "js";
	how.globs[0].name_len = 2;
	how.globs[0].glob = "*.js";
	how.globs[1] = how.globs[0];
	how.globs[1].name = "none";
	how.globs[1].name_len = 4;
	how.globs[1].glob = "/no/*";
	tape_opens_path(&t, 1, "/etc/passwd", "/", OVERLAY, 1, 0);
	tape_opens_path(&t, 1, "/data/a.js", "/data", EXT4, 5, 0);
	tape_opens_path(&t, 1, "/data/nothing.js", "", 0, 30, 30);
	tape_opens_path(&t, 1, "/database", "", 0, 2, 2);
	tape_opens_path(&t, 1, "/proc/1/maps", "/proc", CT_OPENS_WHERE(3, 0x9fa0), 3, 0);
	for (size_t i = 0; i < t.count; i++)
		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, i)), 0);
	cr_assert_eq(ct_open_groups_by(&g, o->views[0], CT_OPEN_BY_MOUNT), 0);
	cr_assert_eq(g.count, 3);
	cr_expect_str_eq(g.items[0]->label, "/data");
	cr_expect_str_eq(g.items[0]->kind, "volume");
	cr_expect_eq(g.items[0]->n.count, 35);
	cr_expect_str_eq(g.items[1]->kind, "rootfs");
	cr_expect_eq(g.items[1]->n.count, 3);
	cr_expect_str_eq(g.items[2]->kind, "proc");
	ct_open_groups_clear(&g);
	cr_assert_eq(ct_open_groups_named(&g, o->views[0], &how), 0);
	cr_assert_eq(g.count, 2);
	cr_expect_eq(g.items[0]->n.count, 35);
	cr_expect_eq(g.items[1]->n.count, 0, "a group that matches nothing is told as well");
	ct_open_groups_clear(&g);
	ct_opens_free(o);
	tape_free(&t);
}

/* What there is no room for is together; what has a group already is in it all the same. */
Test(open_groups, groups_are_bounded_and_go_on_to_count)
{
	struct ct_opens *o = ct_opens_new();
	struct ct_open_groups g;
	char path[32];

	for (size_t i = 0; i <= CT_OPEN_GROUPS_MAX + 1; i++) {
		struct tape t = { 0 };

		snprintf(path, sizeof(path), "/%zu/a", i);
		if (i > CT_OPEN_GROUPS_MAX)
			strcpy(path, "/0/b");
		tape_opens_path(&t, 1, path, "/", OVERLAY, 1, 0);
		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, 0)), 0);
		tape_free(&t);
	}
	cr_assert_eq(ct_open_groups_by(&g, o->views[0], CT_OPEN_BY_DIR), 0);
	cr_assert_eq(g.count, CT_OPEN_GROUPS_MAX + 1);
	for (size_t i = 0; i < g.count; i++)
		cr_expect_eq(g.items[i]->n.count, strcmp(g.items[i]->label, "/0") ? 1 : 2);
	ct_open_groups_clear(&g);
	ct_opens_free(o);
}

/* Groups are of opens: an executed program whose path found no room belongs to none of them. */
Test(open_groups, groups_are_of_opens_alone)
{
	struct ct_opens *o = ct_opens_new();
	struct ct_open_groups g;
	struct tape t = { 0 };
	struct ct_event *e;
	char path[32];

	tape_opens(&t, 1, CT_VIEW_NATIVE, 10, 0, 1, 2)->obj = 3;
	e = tape_opens(&t, 1, CT_VIEW_NATIVE, 20, 0, 1, 2);
	e->obj = 5;
	e->sub = CT_OPENS_SUB(CT_VIEW_NATIVE, CT_OPEN_EXEC);
	tape_opens_path(&t, 1, "/a", "/", OVERLAY, 7, 0);
	for (size_t i = 0; i < t.count; i++)
		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, i)), 0);
	tape_free(&t);
	for (int i = 0; i < CT_OPENS_PATHS_MAX; i++) { /* one too many: half of them give way */
		struct tape one = { 0 };

		snprintf(path, sizeof(path), "/bin/%d", i);
		e = tape_opens_path(&one, 1, path, "/", OVERLAY, 1, 0);
		e->sub = CT_OPENS_SUB(CT_VIEW_NATIVE, CT_OPEN_EXEC);
		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, e), 0);
		tape_free(&one);
	}
	cr_assert_eq(ct_open_groups_by(&g, o->views[0], CT_OPEN_BY_DEPTH), 0);
	cr_expect_eq(g.count, 2);
	for (size_t i = 0; i < g.count; i++)
		cr_expect_eq(g.items[i]->n.count, *g.items[i]->label ? 7 : 3, "%s: %lu",
			     g.items[i]->label, (unsigned long)g.items[i]->n.count);
	ct_open_groups_clear(&g);
	ct_opens_free(o);
}

/* A group of two globs: a path that both match was opened once all the same. */
Test(open_groups, globs_of_one_name_are_one_group)
{
	struct ct_opens *o = ct_opens_new();
	struct ct_open_how how = { .glob_count = 2 };
	struct tape t = { 0 };
	struct ct_open_groups g;

	how.globs[0].name = "configuration";
	how.globs[0].name_len = strlen("configuration");
	how.globs[1] = how.globs[0];
	how.globs[0].glob = "/etc/*";
	how.globs[1].glob = "*.conf";
	tape_opens_path(&t, 1, "/etc/ld.so.conf", "/", OVERLAY, 5, 0);
	tape_opens_path(&t, 1, "/srv/a.conf", "/", OVERLAY, 2, 0);
	for (size_t i = 0; i < t.count; i++)
		cr_assert_eq(ct_opens_add(o, CT_VIEW_NATIVE, tape_event(&t, i)), 0);
	cr_assert_eq(ct_open_groups_named(&g, o->views[0], &how), 0);
	cr_assert_eq(g.count, 1);
	cr_expect_eq(g.items[0]->n.count, 7);
	cr_expect_eq(g.items[0]->paths, 2);
	ct_open_groups_clear(&g);
	ct_opens_free(o);
	tape_free(&t);
}
