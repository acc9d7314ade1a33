// SPDX-License-Identifier: GPL-2.0-only
/*
 * What containerd stores while it fetches an image, for whoever asked (plugins/content/local, bbolt's
 * metadata.db of a snapshotter: containerd 1.6 and 2.1). A blob is written to ingest/HASH/data; `startedat`
 * is synced when it is begun, `data` when all of it is there or it was given up, and `total` is removed when
 * the file has got its digest for a name.
 */
#include "core/book/pulls.h"
#include "core/book/store.h"
#include "core/life/life.h"
#include "util/mem.h"

#include <stddef.h>

#define HASH_LEN     64
#define MANIFEST_MAX (256 << 10) /* of 127 layers: 30 KiB */

static bool is_hash(struct ct_text t)
{
	for (size_t i = 0; i < t.len; i++)
		if (!(t.p[i] >= '0' && t.p[i] <= '9') && !(t.p[i] >= 'a' && t.p[i] <= 'f'))
			return false;
	return t.len == HASH_LEN;
}

static struct ct_store *store_of(struct ct_core *core, const struct ct_file *file)
{
	return file->speaker ? ct_store_make(core, file->speaker, file->e->tgid) : NULL;
}

static void blob_named(struct ct_core *core, struct ct_store *s, struct ct_blob *b,
		       const struct ct_event *e)
{
	struct ct_text digest = ct_hear_renamed(e);
	char digits[HASH_LEN + 1];

	if (!is_hash(digest) || b->stored_ns)
		return;
	b->stored_ns = e->ts_ns;
	ct_text_copy(digits, sizeof(digits), digest);
	memcpy(b->digest, "sha256:", 7);
	memcpy(b->digest + 7, digits, sizeof(digits));
	if (b->size > MANIFEST_MAX)
		return;
	s->asked++;
	if (core->ops.lookup)
		core->ops.lookup(core->ctx, CT_LOOKUP_MANIFEST, digits, s->engine, "");
}

/*
 * Of dockerd with a graph driver. When a layer is unpacked it closes the list of what that consists of, which is
 * synced then (layer/layer_store.go, applyTar, and layer/filestore.go of moby 20.10 and 28), then writes down the rest.
 */
static bool layer_file(struct ct_core *core, const struct ct_file *file)
{
	if (file->e->kind != CT_KIND_SYNC || !ct_text_is(file->name, "tar-split.json.gz") ||
	    !ct_text_starts(file->dir, "write-set-"))
		return false;
	for (struct ct_pull *p = NULL; (p = ct_pull_untold(core, p));) {
		struct ct_handled *h =
			!p->end_ns && !p->command && p->who.engine_pid == file->e->tgid
				? ct_pull_handled(core, p)
				: NULL;

		if (h && h->count < CT_WORKS_MAX)
			h->at[h->count++] = file->e->ts_ns;
	}
	return true;
}

static bool blob_file(struct ct_core *core, const struct ct_file *file)
{
	const struct ct_event *e = file->e;
	bool synced = e->kind == CT_KIND_SYNC;
	bool begins = synced && ct_text_is(file->name, "startedat.tmp");
	bool there = synced && ct_text_is(file->name, "data");
	struct ct_store *s;
	struct ct_blob *b;

	if (!begins && !there && !(e->kind == CT_KIND_UNLINK && ct_text_is(file->name, "total")))
		return false;
	s = is_hash(file->dir) ? store_of(core, file) : NULL;
	if (!s)
		return false;
	b = ct_store_blob(s, file->dir);
	if (begins && !b->opened_ns) {
		b->opened_ns = e->ts_ns;
	} else if (there && !(b->synced_ns && b->size == e->arg)) { /* 2.1 syncs it twice */
		b->synced_ns = e->ts_ns;
		b->size = e->arg;
	} else if (!synced) {
		blob_named(core, s, b, e);
	}
	return true;
}

bool ct_image_file(struct ct_core *core, const struct ct_file *file)
{
	struct ct_store *s;

	if (ct_image_command_file(core, file))
		return true;
	if (file->e->kind == CT_KIND_SYNC && ct_text_is(file->name, "metadata.db") &&
	    ct_text_starts(file->dir, "io.containerd.snapshotter.")) {
		s = store_of(core, file);
		if (s)
			ct_store_changed(s, file->e->sub, file->e->ts_ns);
		return s;
	}
	return blob_file(core, file) || layer_file(core, file);
}

void ct_image_layer(struct ct_core *core, const struct ct_event *e)
{
	struct ct_store *s = ct_store_of(core, e->tgid);

	if (!ct_image_command_layer(core, e) && s)
		ct_store_layer(s, e);
}

void ct_image_unpacked(struct ct_core *core, const struct ct_event *e)
{
	struct ct_store *s = ct_store_of(core, e->tgid);

	if (s)
		ct_store_unpacked(s, e);
}

void ct_image_named(struct ct_core *core, const struct ct_event *e)
{
	struct ct_store *s = ct_store_of(core, e->tgid);
	struct ct_text rest = ct_text(e->tail, e->tail_len), ns = ct_text_cut(&rest, '\0');
	struct ct_text name = ct_text_cut(&rest, '\0'), digest = ct_text_cut(&rest, '\0');

	if (!s)
		return;
	s->answered++;
	for (struct ct_pull *p = NULL; (p = ct_pull_untold(core, p));)
		if (p->end_ns && p->who.engine_pid == e->tgid && e->arg && !p->fetched->digest[0] &&
		    ct_text_is(name, p->who.image) && ct_text_is(ns, p->who.ns))
			ct_text_copy(p->fetched->digest, sizeof(p->fetched->digest), digest);
}

/* Columns: what such a program is called here, where what it does is kept. */
static const struct work {
	const char *program;
	size_t list;
} works[] = {
	{ CT_UNPACK, offsetof(struct ct_handled, unpacks) },
	{ CT_INFLATE, offsetof(struct ct_handled, inflates) },
};

/* NULL: it does neither. */
static const struct work *work_of(const struct ct_actor_state *a)
{
	for (size_t i = 0; a->program && i < CT_ARRAY_SIZE(works); i++)
		if (!strcmp(a->program, works[i].program))
			return &works[i];
	return NULL;
}

/* Of the next pull that it may be for, whose that is; NULL: there is none. */
static struct ct_works_list *next_list(struct ct_core *core, const struct ct_actor_state *a,
				       const struct work *is, struct ct_pull **p)
{
	struct ct_handled *h;

	while (is && (*p = ct_pull_untold(core, *p))) {
		if ((*p)->end_ns || (*p)->command || (*p)->stored ||
		    (*p)->who.engine_pid != a->engine)
			continue;
		h = ct_pull_handled(core, *p);
		if (h)
			return (struct ct_works_list *)((char *)h + is->list);
	}
	return NULL;
}

static bool inflates(const struct ct_actor_state *a)
{
	return a->program && !strcmp(a->program, CT_INFLATE);
}

void ct_image_exec(struct ct_core *core, const struct ct_actor_state *a, const struct ct_event *e)
{
	struct ct_store *s = inflates(a) ? ct_store_of(core, a->engine) : NULL;
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	struct ct_worker by = { .pid = a->tgid };
	const struct work *is = work_of(a);
	struct ct_works_list *list;
	struct ct_pull *p = NULL;

	ct_text_copy(by.name, sizeof(by.name), ct_text_base(ct_text_cut(&rest, '\0')));
	if (s) {
		struct ct_inflate *i = ct_store_inflates(s, a->tgid);

		i->begin_ns = e->ts_ns;
		i->by = by;
	}
	while ((list = next_list(core, a, is, &p)))
		ct_work_begins(list, &by, e->ts_ns);
	ct_image_command_exec(core, a, &by, e->ts_ns);
}

void ct_image_exit(struct ct_core *core, const struct ct_actor_state *a, uint64_t ts_ns)
{
	struct ct_store *s = inflates(a) ? ct_store_of(core, a->engine) : NULL;
	const struct work *is = work_of(a);
	struct ct_works_list *list;
	struct ct_pull *p = NULL;

	if (s)
		ct_store_inflated(s, a->tgid, ts_ns);
	while ((list = next_list(core, a, is, &p)))
		ct_work_ends(list, a->tgid, ts_ns);
}
