// SPDX-License-Identifier: GPL-2.0-only
#include "core/opens/opens.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/base/text.h"

const char *const ct_view_names[CT_VIEW_MAX] = {
#define X(number, symbol, name, doc) [CT_VIEW_##symbol] = name,
	CT_VIEWS(X)
#undef X
};

const char *const ct_view_docs[CT_VIEW_MAX] = {
#define X(number, symbol, name, doc) [CT_VIEW_##symbol] = doc,
	CT_VIEWS(X)
#undef X
};

const char *const ct_open_call_names[CT_OPEN_CALL_MAX] = {
#define X(number, symbol, name) [CT_OPEN_##symbol] = name,
	CT_OPEN_CALLS(X)
#undef X
};

_Static_assert(CT_OPENS_EXACT == CT_HIST_PRECISION, "buckets of the kernel side are those of hist");

struct ct_opens *ct_opens_new(void)
{
	struct ct_opens *o = calloc(1, sizeof(*o));

	if (o)
		o->node = "";
	return o;
}

static void view_free(struct ct_opens_view *v)
{
	struct ct_open_path *p, *next;

	if (!v)
		return;
	HASH_ITER(hh, v->paths, p, next)
	{
		HASH_DEL(v->paths, p);
		free(p);
	}
	for (int i = 0; i < CT_OPEN_CALL_MAX; i++)
		ct_hist_free(v->hist[i]);
	ct_slices_clear(&v->slices);
	free(v);
}

void ct_opens_free(struct ct_opens *o)
{
	if (!o)
		return;
	for (int i = 0; i < CT_VIEW_MAX; i++) {
		view_free(o->views[i]);
		free(o->unseen[i]);
	}
	free(o);
}

bool ct_opens_miss(struct ct_opens *o, enum ct_view view, const char *why)
{
	char *copy = strdup(why);

	if (!copy)
		return false;
	free(o->unseen[view]);
	o->unseen[view] = copy;
	return true;
}

static struct ct_opens_view *view_of(struct ct_opens *o, enum ct_view view)
{
	if (!o->views[view])
		o->views[view] = calloc(1, sizeof(struct ct_opens_view));
	return o->views[view];
}

static struct ct_hist *hist_of(struct ct_opens_view *v, enum ct_open_call call)
{
	if (!v->hist[call])
		v->hist[call] = ct_hist_new();
	return v->hist[call];
}

static int add_slice(struct ct_opens *o, struct ct_opens_view *v,
		     const struct ct_opens_slice *slice)
{
	if (!o->first_ns || slice->first_ns < o->first_ns)
		o->first_ns = slice->first_ns;
	if (slice->last_ns > o->last_ns)
		o->last_ns = slice->last_ns;
	return ct_slices_add(&v->slices, slice, o->ready_ns);
}

static struct ct_opens_mount *mount_get(struct ct_opens_view *v, uint64_t where, struct ct_text dir)
{
	struct ct_opens_mount *m;

	for (size_t i = 0; i < v->mount_count; i++) {
		m = &v->mounts[i];
		if (m->where == where && ct_text_is(dir, m->dir))
			return m;
	}
	if (v->mount_count == CT_OPENS_MOUNTS_MAX)
		return NULL;
	m = &v->mounts[v->mount_count++];
	m->where = where;
	ct_text_copy(m->dir, sizeof(m->dir), dir);
	return m;
}

static int by_count(const void *a, const void *b)
{
	const struct ct_open_path *x = *(struct ct_open_path *const *)a;
	const struct ct_open_path *y = *(struct ct_open_path *const *)b;

	return x->n.count < y->n.count ? -1 : x->n.count > y->n.count;
}

/*
 * The half that was opened least gives way. A path that comes back begins at zero, so its count is
 * too low by at most what the fullest of the dropped had, and that again with every time.
 */
static int make_room(struct ct_opens_view *v)
{
	size_t count = HASH_COUNT(v->paths), n = 0;
	struct ct_open_path **all, *p, *next;

	all = malloc(count * sizeof(struct ct_open_path *));
	if (!all)
		return -ENOMEM;
	HASH_ITER(hh, v->paths, p, next)
	all[n++] = p;
	qsort(all, n, sizeof(struct ct_open_path *), by_count);
	v->path_error += all[n / 2 - 1]->n.count;
	for (size_t i = 0; i < n / 2; i++) {
		ct_opens_sum(&v->rest[all[i]->call], &all[i]->n);
		HASH_DEL(v->paths, all[i]);
		free(all[i]);
	}
	free(all);
	return 0;
}

static struct ct_open_path *path_get(struct ct_opens_view *v, enum ct_open_call call,
				     struct ct_text path)
{
	char key[2 * CT_TAIL_MAX];
	struct ct_open_path *p;
	unsigned len;

	if (path.len > sizeof(key) - 2)
		path.len = sizeof(key) - 2;
	key[0] = (char)('0' + call);
	memcpy(key + 1, path.p, path.len);
	len = (unsigned)path.len + 1;
	HASH_FIND(hh, v->paths, key, len, p);
	if (p)
		return p;
	if (HASH_COUNT(v->paths) >= CT_OPENS_PATHS_MAX && make_room(v))
		return NULL;
	p = calloc(1, sizeof(*p) + len + 1);
	if (!p)
		return NULL;
	memcpy(p->key, key, len);
	p->call = (uint8_t)call;
	HASH_ADD_KEYPTR(hh, v->paths, p->key, len, p);
	return p;
}

static int add_path(struct ct_opens_view *v, enum ct_open_call call, struct ct_text path,
		    struct ct_text dir, const struct ct_opens_path_tail *t)
{
	const struct ct_opens_numbers n = { t->counts.count, t->counts.failed, t->counts.ns,
					    t->counts.max_ns };
	/* A path ends where C strings do. */
	struct ct_text text = ct_text_cut(&path, '\0');
	struct ct_open_path *p = path_get(v, call, text);

	if (!p)
		return -ENOMEM;
	ct_opens_sum(&p->n, &n);
	if (t->error)
		p->error = t->error;
	p->flags |= t->flags;
	if (t->where && !p->mount)
		p->mount = mount_get(v, t->where, dir);
	return 0;
}

static int add_opened(struct ct_opens *o, struct ct_opens_view *v, const struct ct_event *e)
{
	enum ct_open_call call = (enum ct_open_call)CT_OPENS_CALL(e->sub);
	struct ct_opens_path_tail t = {
		.counts = { .count = 1,
			    .failed = e->ret < 0,
			    .ns = e->dur_ns,
			    .max_ns = e->dur_ns },
		.where = e->arg,
		.error = e->ret < 0 ? 0 - (uint32_t)e->ret : 0,
	};
	struct ct_text path = ct_text(e->tail, e->tail_len), none = ct_text("", 0);
	const struct ct_opens_numbers n = { 1, e->ret < 0, e->dur_ns, e->dur_ns };
	struct ct_opens_pair pairs[2] = { { ct_hist_bucket(e->dur_ns), 1 } };
	struct ct_opens_slice slice = { n, e->ts_ns, e->ts_ns, pairs, 1 };
	struct ct_hist *hist = hist_of(v, call);

	if (!hist)
		return -ENOMEM;
	if (e->flags & CT_F_TRUNCATED)
		t.flags |= CT_OPENS_F_CUT;
	if (e->flags & CT_F_NO_DATA)
		t.flags |= CT_OPENS_F_UNREADABLE;
	else if (!e->tail_len || *e->tail != '/')
		t.flags |= CT_OPENS_F_RELATIVE;
	ct_hist_add(hist, e->dur_ns);
	ct_opens_sum(&v->calls[call], &n);
	if (t.error) {
		uint32_t error = t.error < CT_OPENS_ERRNOS ? t.error : CT_OPENS_ERRNOS - 1;

		v->errors[error]++;
		pairs[slice.pair_count++] = (struct ct_opens_pair){ CT_OPENS_ERRNO | error, 1 };
	}
	if (call == CT_OPEN_OPEN && add_slice(o, v, &slice))
		return -ENOMEM;
	return add_path(v, call, path, none, &t);
}

static int add_counts(struct ct_opens *o, struct ct_opens_view *v, const struct ct_event *e)
{
	enum ct_open_call call = (enum ct_open_call)CT_OPENS_CALL(e->sub);
	struct ct_opens_counts c;
	struct ct_opens_pair pairs[CT_TAIL_MAX / sizeof(struct ct_opens_pair)];
	struct ct_opens_numbers n;
	struct ct_opens_slice slice;
	struct ct_hist *hist;
	size_t count;

	if (e->tail_len < sizeof(c) || (e->tail_len - sizeof(c)) % sizeof(*pairs) ||
	    e->tail_len > sizeof(c) + sizeof(pairs))
		return -EBADMSG;
	hist = hist_of(v, call);
	if (!hist)
		return -ENOMEM;
	memcpy(&c, e->tail, sizeof(c));
	n = (struct ct_opens_numbers){ c.count, c.failed, c.ns, c.max_ns };
	count = (e->tail_len - sizeof(c)) / sizeof(*pairs);
	memcpy(pairs, e->tail + sizeof(c), count * sizeof(*pairs));
	for (size_t i = 0; i < count; i++) {
		uint32_t error = pairs[i].what & ~CT_OPENS_ERRNO;

		if (!(pairs[i].what & CT_OPENS_ERRNO))
			ct_hist_add_bucket(hist, pairs[i].what, pairs[i].count);
		else if (error < CT_OPENS_ERRNOS)
			v->errors[error] += pairs[i].count;
	}
	ct_hist_correct(hist, c.ns, c.max_ns);
	ct_opens_sum(&v->calls[call], &n);
	v->rest[call].count += e->obj;
	v->path_error += e->obj;
	if (call != CT_OPEN_OPEN)
		return 0;
	if (!c.count) /* the rest of the one before */
		return ct_slices_more(&v->slices, pairs, count);
	slice = (struct ct_opens_slice){ n, c.first_ns, c.last_ns, pairs, (uint32_t)count };
	return add_slice(o, v, &slice);
}

static int add_path_counts(struct ct_opens_view *v, const struct ct_event *e)
{
	struct ct_opens_path_tail t;
	struct ct_text rest, path;

	if (e->tail_len < sizeof(t))
		return -EBADMSG;
	memcpy(&t, e->tail, sizeof(t));
	rest = ct_text(e->tail + sizeof(t), e->tail_len - sizeof(t));
	path = ct_text_cut(&rest, '\0');
	return add_path(v, (enum ct_open_call)CT_OPENS_CALL(e->sub), path, ct_text_cut(&rest, '\0'),
			&t);
}

int ct_opens_add(struct ct_opens *o, enum ct_view view, const struct ct_event *e)
{
	struct ct_opens_view *v;

	if (view >= CT_VIEW_MAX || CT_OPENS_CALL(e->sub) >= CT_OPEN_CALL_MAX)
		return -EBADMSG;
	v = view_of(o, view);
	if (!v)
		return -ENOMEM;
	switch (e->kind) {
	case CT_KIND_OPENED:
		return add_opened(o, v, e);
	case CT_KIND_OPENS:
		return add_counts(o, v, e);
	case CT_KIND_OPENS_PATH:
		return add_path_counts(v, e);
	default:
		return -EBADMSG;
	}
}

static int merge_view(struct ct_opens *to, struct ct_opens_view *v,
		      const struct ct_opens_view *from)
{
	const struct ct_open_path *p;

	for (int i = 0; i < CT_OPEN_CALL_MAX; i++) {
		ct_opens_sum(&v->rest[i], &from->rest[i]);
		if (!from->hist[i])
			continue;
		if (!hist_of(v, (enum ct_open_call)i))
			return -ENOMEM;
		ct_hist_merge(v->hist[i], from->hist[i]);
		ct_opens_sum(&v->calls[i], &from->calls[i]);
	}
	for (size_t i = 0; i < CT_OPENS_ERRNOS; i++)
		v->errors[i] += from->errors[i];
	for (p = from->paths; p; p = p->hh.next) {
		struct ct_text dir = ct_text("", 0);
		struct ct_opens_path_tail t = {
			.counts = { p->n.count, p->n.failed, p->n.ns, p->n.max_ns, 0, 0 },
			.where = p->mount ? p->mount->where : 0,
			.error = p->error,
			.flags = p->flags,
		};

		if (p->mount)
			dir = ct_text(p->mount->dir, strlen(p->mount->dir));
		if (add_path(v, (enum ct_open_call)p->call,
			     ct_text(CT_OPEN_PATH_TEXT(p), strlen(CT_OPEN_PATH_TEXT(p))), dir, &t))
			return -ENOMEM;
	}
	v->path_error += from->path_error;
	for (size_t i = 0; i < from->slices.count; i++) {
		if (add_slice(to, v, &from->slices.items[i]))
			return -ENOMEM;
	}
	return 0;
}

int ct_opens_merge(struct ct_opens *to, const struct ct_opens *from)
{
	for (int i = 0; i < CT_VIEW_MAX; i++) {
		struct ct_opens_view *v = from->views[i] ? view_of(to, (enum ct_view)i) : NULL;

		if (from->views[i] && (!v || merge_view(to, v, from->views[i])))
			return -ENOMEM;
		if (from->unseen[i] && !ct_opens_miss(to, (enum ct_view)i, from->unseen[i]))
			return -ENOMEM;
	}
	return 0;
}

bool ct_opens_until_ready(const struct ct_opens *o, const struct ct_opens_view *v,
			  struct ct_opens_numbers *ret, bool *ret_blurred)
{
	if (!o->ready_ns)
		return false;
	ct_slices_until(&v->slices, o->ready_ns, ret, ret_blurred);
	return true;
}

struct ct_opens_ready *ct_opens_ready_new(const struct ct_opens *o, const struct ct_opens_view *v)
{
	struct ct_opens_ready *ready = o->ready_ns ? calloc(1, sizeof(*ready)) : NULL;

	if (!ready)
		return NULL;
	ready->hist = ct_hist_new();
	if (!ready->hist) {
		free(ready);
		return NULL;
	}
	ct_slices_each_until(&v->slices, o->ready_ns, ready->hist, ready->errors);
	return ready;
}

void ct_opens_ready_free(struct ct_opens_ready *ready)
{
	if (!ready)
		return;
	ct_hist_free(ready->hist);
	free(ready);
}

static bool is_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !n || !strcmp(dir, "/") || (!strncmp(path, dir, n) && (path[n] == '/' || !path[n]));
}

const struct ct_opens_mount *ct_opens_mount_of(const struct ct_opens_view *v,
					       const struct ct_open_path *p)
{
	const struct ct_opens_mount *best = NULL;

	if (p->mount || *CT_OPEN_PATH_TEXT(p) != '/')
		return p->mount;
	for (size_t i = 0; i < v->mount_count; i++) {
		const struct ct_opens_mount *m = &v->mounts[i];

		if (*m->dir && is_below(CT_OPEN_PATH_TEXT(p), m->dir) &&
		    (!best || strlen(m->dir) > strlen(best->dir)))
			best = m;
	}
	return best;
}
