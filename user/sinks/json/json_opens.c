// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/json/json_objects.h"

#include <errno.h>
#include <stdio.h>

#include "sinks/opens_words.h"
#include "util/mem.h"

#define TOP_DEFAULT 50
#define TOP_MAX     1000

static void put_numbers(struct ct_json *w, const struct ct_opens_numbers *n)
{
	ct_json_u64(w, "count", n->count);
	ct_json_u64(w, "failed", n->failed);
	ct_json_u64(w, "total_ns", n->ns);
	ct_json_u64(w, "max_ns", n->max_ns);
}

static void put_quantiles(struct ct_json *w, const struct ct_hist *h)
{
	static const struct {
		const char *name;
		double quantile;
	} quantiles[] = { { "p50_ns", 0.5 }, { "p90_ns", 0.9 }, { "p99_ns", 0.99 } };

	for (size_t i = 0; i < CT_ARRAY_SIZE(quantiles); i++)
		ct_json_u64_or_null(w, quantiles[i].name,
				    h ? ct_hist_quantile(h, quantiles[i].quantile) : 0,
				    h && ct_hist_count(h));
}

static void put_errors(struct ct_json *w, const uint64_t errors[CT_OPENS_ERRNOS])
{
	char name[CT_ERRNO_LEN];

	ct_json_enter(w, "errors", '{');
	for (uint32_t e = 1; e < CT_OPENS_ERRNOS; e++)
		if (errors[e])
			ct_json_u64(w, ct_errno_name(name, e), errors[e]);
	ct_json_leave(w, '}');
}

static void put_call(struct ct_json *w, const struct ct_opens_view *v, enum ct_open_call call)
{
	ct_json_enter(w, ct_open_call_names[call], '{');
	put_numbers(w, &v->calls[call]);
	put_quantiles(w, v->hist[call]);
	ct_json_leave(w, '}');
}

static int put_ready(struct ct_json *w, const struct ct_opens *o, const struct ct_opens_view *v)
{
	struct ct_opens_ready *ready;
	struct ct_opens_numbers n;
	char text[32];
	double share;
	bool blurred;

	if (!ct_opens_until_ready(o, v, &n, &blurred)) {
		ct_json_null(w, "until_ready");
		return 0;
	}
	ready = ct_opens_ready_new(o, v);
	if (!ready)
		return -ENOMEM;
	ct_json_enter(w, "until_ready", '{');
	put_numbers(w, &n);
	put_quantiles(w, ready->hist);
	put_errors(w, ready->errors);
	ct_opens_ready_free(ready);
	ct_json_bool(w, "at_most", blurred);
	share = ct_opens_ready_share(o, v);
	snprintf(text, sizeof(text), "%.6f", share);
	if (share >= 0)
		ct_json_number(w, "share", text);
	else
		ct_json_null(w, "share");
	ct_json_leave(w, '}');
	return 0;
}

static void put_groups(struct ct_json *w, const char *key, const struct ct_open_groups *g)
{
	ct_json_enter(w, key, '[');
	for (size_t i = 0; i < g->count; i++) {
		const struct ct_open_group *group = g->items[i];

		ct_json_enter(w, NULL, '{');
		ct_json_string(w, "name", *group->label ? group->label : "(other)");
		ct_json_string(w, "kind", group->kind);
		put_numbers(w, &group->n);
		ct_json_u64(w, "paths", group->paths);
		ct_json_leave(w, '}');
	}
	ct_json_leave(w, ']');
}

static int put_all_groups(struct ct_json *w, const struct ct_opens_view *v,
			  const struct ct_open_how *how)
{
	static const struct {
		const char *name;
		enum ct_open_by by;
	} bys[] = {
		{ "modules", CT_OPEN_BY_MODULE },
		{ "mounts", CT_OPEN_BY_MOUNT },
		{ "depths", CT_OPEN_BY_DEPTH },
	};
	struct ct_open_groups g;

	for (size_t i = 0; i < CT_ARRAY_SIZE(bys); i++) {
		if (ct_open_groups_by(&g, v, bys[i].by))
			return -ENOMEM;
		put_groups(w, bys[i].name, &g);
		ct_open_groups_clear(&g);
	}
	if (ct_open_groups_named(&g, v, how))
		return -ENOMEM;
	put_groups(w, "groups", &g);
	ct_open_groups_clear(&g);
	return 0;
}

static void put_path(struct ct_json *w, const struct ct_opens_view *v, const struct ct_open_path *p)
{
	const struct ct_opens_mount *m = ct_opens_mount_of(v, p);
	char name[CT_ERRNO_LEN];

	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "path", CT_OPEN_PATH_TEXT(p));
	put_numbers(w, &p->n);
	if (p->n.failed)
		ct_json_string(w, "error", ct_errno_name(name, p->error));
	else
		ct_json_null(w, "error");
	if (m)
		ct_json_string(w, "mount", ct_open_mount_kind(m));
	else
		ct_json_null(w, "mount");
	ct_json_bool(w, "cut", p->flags & CT_OPENS_F_CUT);
	ct_json_bool(w, "begin_cut", p->flags & CT_OPENS_F_BEGIN_CUT);
	ct_json_leave(w, '}');
}

static int put_paths(struct ct_json *w, const struct ct_opens_view *v, size_t top)
{
	static const struct {
		const char *name;
		enum ct_open_call call;
		bool by_count;
	} lists[] = {
		{ "slowest", CT_OPEN_OPEN, false },
		{ "most_opened", CT_OPEN_OPEN, true },
		{ "executed", CT_OPEN_EXEC, false },
	};
	own_mem const struct ct_open_path **paths = calloc(top, sizeof(*paths));

	if (!paths)
		return -ENOMEM;
	for (size_t i = 0; i < CT_ARRAY_SIZE(lists); i++) {
		size_t n = ct_open_top(v, lists[i].call, lists[i].by_count, paths, top);

		ct_json_enter(w, lists[i].name, '[');
		for (size_t k = 0; k < n; k++)
			put_path(w, v, paths[k]);
		ct_json_leave(w, ']');
	}
	ct_json_u64(w, "paths", HASH_COUNT(v->paths));
	ct_json_u64(w, "path_error", v->path_error);
	return 0;
}

/* Views that are missed, and why. */
static void put_unseen(struct ct_json *w, const struct ct_opens *o)
{
	ct_json_enter(w, "unseen", '{');
	for (int i = 0; i < CT_VIEW_MAX; i++) {
		const char *why = ct_opens_missed(o, (enum ct_view)i);

		if (why)
			ct_json_string(w, ct_view_names[i], why);
	}
	ct_json_leave(w, '}');
}

/* view CT_VIEW_MAX: there is none. */
static void put_who(struct ct_json *w, const struct ct_opens *o, enum ct_view view)
{
	ct_json_string(w, "kind", "opens");
	ct_json_string(w, "id", o->who.id);
	ct_json_string(w, "name", o->who.name);
	ct_json_string(w, "image", o->who.image);
	ct_json_string(w, "runtime", o->who.runtime);
	ct_json_string(w, "engine", o->who.engine);
	ct_json_scope(w, &o->who);
	ct_json_string(w, "node", o->node);
	if (view < CT_VIEW_MAX)
		ct_json_string(w, "view", ct_view_names[view]);
	else
		ct_json_null(w, "view");
	put_unseen(w, o);
}

static int put_view(struct ct_json *w, const struct ct_opens *o, enum ct_view view,
		    const struct ct_open_how *how)
{
	const struct ct_opens_view *v = view < CT_VIEW_MAX ? o->views[view] : NULL;
	size_t top = how->top && how->top <= TOP_MAX ? how->top : TOP_DEFAULT;

	ct_json_enter(w, NULL, '{');
	put_who(w, o, view);
	if (!v) {
		ct_json_leave(w, '}');
		return 0;
	}
	ct_json_u64_or_null(w, "exec_ns", o->exec_ns, o->exec_ns);
	ct_json_u64_or_null(w, "ready_ns", o->ready_ns, o->ready_ns);
	ct_json_enter(w, "calls", '{');
	for (int i = 0; i < CT_OPEN_CALL_MAX; i++)
		put_call(w, v, (enum ct_open_call)i);
	ct_json_leave(w, '}');
	if (put_ready(w, o, v))
		return -ENOMEM;
	put_errors(w, v->errors);
	if (put_all_groups(w, v, how) || put_paths(w, v, top))
		return -ENOMEM;
	ct_json_leave(w, '}');
	return 0;
}

int ct_json_opens(struct ct_json *w, const struct ct_opens_list *l, bool lines)
{
	bool more = false;

	for (size_t i = 0; i < l->count; i++) {
		const struct ct_opens *o = l->items[i];

		for (int view = 0; view <= CT_VIEW_MAX; view++) {
			struct ct_json one = { .f = w->f };

			if (view < CT_VIEW_MAX ? !o->views[view] : ct_opens_seen(o))
				continue;
			if (!lines)
				fputs(more ? ",\n" : "\n", w->f);
			more = true;
			if (put_view(&one, o, (enum ct_view)view, &l->how))
				return -ENOMEM;
			if (lines)
				putc('\n', w->f);
		}
	}
	return 0;
}
