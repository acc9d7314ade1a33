// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of what an engine has stored was fetched for a pull: the manifest that has the config with which it
 * was answered says which layers there are, in their order. containerd unpacks them one after the other; each
 * is a snapshot that is begun and then made whole, which are two changes of the snapshotter's list
 * (containerd: unpacker.go, snapshots/storage).
 */
#include "core/book/parts.h"
#include "core/book/pulls.h"
#include "core/book/store.h"
#include "core/tell/tell.h"
#include "util/mem.h"

#define SHORT_DIGITS 12 /* of a digest, as Docker shows them */

/* In the events' time, if it was since then while the pull was under way; else 0. */
static uint64_t unpacked_at(const struct ct_core *core, const struct ct_pull *p,
			    const struct ct_manifest_layer *layer, uint64_t since_ns)
{
	uint64_t ns = layer->unpacked_wall_ns - (uint64_t)core->opts.wall_minus_mono_ns;

	return layer->unpacked_wall_ns && core->opts.wall_minus_mono_ns && ns > since_ns &&
			       ns < p->end_ns
		       ? ns
		       : 0;
}

static const struct ct_blob *blob_of(const struct ct_store *s, const struct ct_pull *p,
				     const char *digest)
{
	const struct ct_blob *b = ct_store_found(s, digest, p->end_ns);

	return b && b->stored_ns > p->begin_ns ? b : NULL;
}

/*
 * What its client, or its engine, has asked another engine to unpack for it. An engine asks twice for a layer that two
 * of its clients want at once, and what is answered first is what there is: then the next one is unpacked. NULL:
 * nothing since then, or unheard.
 */
static const struct ct_part *unpack_of(const struct ct_core *core, const struct ct_pull *p,
				       const char *digest, uint64_t since_ns)
{
	struct ct_part of = { .kind = CT_PART_UNPACK };
	const struct ct_part *found = NULL, *part = NULL;

	of.client = p->driven ? p->fetched->client : p->who.engine_pid;
	ct_text_copy(of.id, sizeof(of.id), ct_text(digest, strlen(digest)));
	while ((part = ct_part_next(core, &p->held.share->scope, &of, part)))
		if (!part->refused && part->end_ns > since_ns && part->end_ns <= p->end_ns &&
		    (!found || part->end_ns < found->end_ns))
			found = part;
	return found;
}

static void put_digest(struct ct_layer *to, const struct ct_manifest_layer *from)
{
	memcpy(to->digest, from->digest, sizeof(to->digest));
	memcpy(to->type, from->type, sizeof(to->type));
	to->size = from->size;
	to->files = from->files;
}

static void put_fetched(struct ct_layer *to, const struct ct_blob *b)
{
	to->first_ns = b->opened_ns;
	to->first_by = CT_PROVED_FILE;
	to->fetched_ns = b->synced_ns;
	to->fetched_by = CT_PROVED_FILE;
	to->bounded = false;
}

static void put_unpacked(struct ct_layer *to, const struct ct_part *part)
{
	to->unpacking_ns = part->begin_ns;
	to->unpacking_by = CT_PROVED_REQUEST;
	to->unpacked_ns = part->end_ns;
	to->unpacked_by = CT_PROVED_REQUEST;
}

/* At its place in the manifest, whatever was said of it before; NULL: it has one. */
static struct ct_layer *nth_layer(struct ct_pull *p, size_t n, const char *digest)
{
	const char *colon = strchr(digest, ':');
	const char *digits = colon ? colon + 1 : digest;
	struct ct_layer *at, *to, other;
	char id[SHORT_DIGITS + 1];

	ct_text_copy(id, sizeof(id), ct_text(digits, strlen(digits)));
	at = ct_pull_layer(p, id);
	if (!at || at < &p->fetched->layers[n])
		return NULL;
	to = &p->fetched->layers[n];
	other = *to;
	*to = *at;
	if (at != to)
		*at = other;
	return to;
}

static bool put_layer(const struct ct_core *core, const struct ct_store *s, struct ct_pull *p,
		      size_t n, const struct ct_manifest_layer *from, uint64_t known_ns)
{
	const struct ct_blob *b = blob_of(s, p, from->digest);
	/* What was unpacked before the pull knew of it is there, unless it was fetched meanwhile. */
	uint64_t since_ns = b ? p->begin_ns : known_ns;
	const struct ct_part *part = unpack_of(core, p, from->digest, since_ns);
	uint64_t unpacked_ns = unpacked_at(core, p, from, since_ns);
	struct ct_layer *to = nth_layer(p, n, from->digest);

	if (!to)
		return false;
	put_digest(to, from);
	to->known_ns = known_ns;
	to->stored = !b && (part || unpacked_ns);
	to->there = !b && !to->stored;
	to->fetched_ns = to->stored ? known_ns : 0;
	if (b)
		put_fetched(to, b);
	if (part)
		put_unpacked(to, part);
	else if (to->unpacked_ns) /* who polls says it later */
		to->unpacked_by = CT_PROVED_BOUND;
	if (unpacked_ns && !part) {
		to->unpacked_ns = unpacked_ns;
		to->unpacked_by = CT_PROVED_DATABASE;
	}
	return true;
}

/*
 * It was not begun before another was there: it had to wait for that. Not so of a client that fetches itself: ctr has
 * no limit unless it is told one (MaxConcurrentDownloads in pull.go of containerd 1.6): what it begins late it came to late.
 */
static void set_waited(const struct ct_pull *p, struct ct_fetched *f)
{
	if (p->driven)
		return;
	for (size_t i = 0; i < f->layer_count; i++)
		for (size_t k = 0; k < f->layer_count && !f->layers[i].waited; k++)
			f->layers[i].waited = !f->layers[i].there && !f->layers[k].there &&
					      f->layers[k].fetched_ns <= f->layers[i].first_ns;
}

/* Whether the engine fetched something else meanwhile: then what it unpacked may be that. */
static bool is_alone(const struct ct_core *core, const struct ct_pull *p)
{
	for (const struct ct_pull *o = ct_pull_next(core, NULL); o; o = ct_pull_next(core, o))
		if (o != p && o->stored && o->begin_ns < p->end_ns &&
		    (!o->end_ns || o->end_ns > p->begin_ns) &&
		    o->who.engine_pid == p->who.engine_pid && !o->fetched->up_to_date)
			return false;
	return true;
}

/* The first change that the pull may have made, and how many there were until its end. */
static size_t changes_of(const struct ct_store *s, const struct ct_pull *p, size_t *ret_first)
{
	size_t n = s->changes.count, count = 0;

	*ret_first = 0;
	while (n > 0 && s->changes.count - n < CT_CHANGES_MAX) {
		const struct ct_change *c = CT_KEPT(&s->changes, --n);

		if (c->begin_ns < p->begin_ns)
			break;
		if (c->begin_ns > p->end_ns)
			continue;
		*ret_first = n;
		count++;
	}
	return count;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* The nth program that inflates between these times, 0: none does. */
static const struct ct_inflate *inflate_of(const struct ct_store *s, uint64_t from_ns,
					   uint64_t until_ns)
{
	const struct ct_inflate *found = NULL;

	for (size_t n = s->inflates.count; n > 0 && s->inflates.count - n < CT_INFLATES_MAX; n--) {
		const struct ct_inflate *i = CT_KEPT(&s->inflates, n - 1);

		if (i->begin_ns < from_ns || !i->end_ns || i->end_ns > until_ns)
			continue;
		if (found)
			return NULL;
		found = i;
	}
	return found;
}

static void put_unpack(const struct ct_store *s, struct ct_layer *layer, size_t nth)
{
	const struct ct_change *begins = CT_KEPT(&s->changes, nth);
	const struct ct_change *whole = CT_KEPT(&s->changes, nth + 1);
	const struct ct_inflate *i = inflate_of(s, begins->begin_ns, whole->end_ns);

	layer->unpacked_ns = whole->begin_ns;
	layer->unpacked_by = CT_PROVED_FILE;
	layer->unpacking_ns = later(begins->end_ns, layer->fetched_ns);
	layer->unpacking_by = CT_PROVED_BOUND;
	if (!i)
		return;
	layer->unpacking_ns = i->begin_ns;
	layer->unpacking_by = CT_PROVED_PROCESS;
	layer->inflater = i->by;
}

/* The bytes of some were there, as another namespace's, and all were unpacked. */
static void set_stored(struct ct_fetched *f)
{
	for (size_t i = 0; i < f->layer_count; i++) {
		struct ct_layer *layer = &f->layers[i];

		if (!layer->there)
			continue;
		layer->there = false;
		layer->stored = true;
		layer->fetched_ns = layer->known_ns;
	}
}

static void put_unpacks(const struct ct_store *s, struct ct_pull *p)
{
	struct ct_fetched *f = p->fetched;
	size_t first, count = changes_of(s, p, &first), left = 0;

	for (size_t i = 0; i < f->layer_count; i++)
		left += !f->layers[i].there;
	if (count == 2 * f->layer_count)
		set_stored(f);
	else if (count != 2 * left)
		return; /* others made some of them */
	for (size_t i = 0; i < f->layer_count; i++) {
		if (f->layers[i].there)
			continue;
		put_unpack(s, &f->layers[i], first);
		first += 2;
	}
}

static bool is_during(const struct ct_pull *p, uint64_t ns)
{
	return ns > p->begin_ns && ns <= p->end_ns;
}

/* Whether anything was fetched meanwhile, for whomever; also where no digest is heard (XFS). */
static bool stores(const struct ct_store *s, const struct ct_pull *p)
{
	for (size_t n = s ? s->blobs.count : 0; n > 0 && s->blobs.count - n < CT_BLOBS_MAX; n--) {
		const struct ct_blob *b = CT_KEPT(&s->blobs, n - 1);

		if (is_during(p, b->stored_ns) || is_during(p, b->synced_ns) ||
		    is_during(p, b->opened_ns))
			return true;
	}
	return false;
}

/* Whether anything that the manifest names was fetched or unpacked for the pull. */
static bool is_used(const struct ct_core *core, const struct ct_store *s, const struct ct_pull *p,
		    const struct ct_manifest *m)
{
	size_t first;

	if (p->stored && !p->driven && is_alone(core, p) &&
	    changes_of(s, p, &first) == 2 * m->count)
		return true;
	for (size_t i = 0; i < m->count; i++)
		if (blob_of(s, p, m->layers[i].digest) ||
		    unpack_of(core, p, m->layers[i].digest, p->begin_ns) ||
		    unpacked_at(core, p, &m->layers[i], p->begin_ns))
			return true;
	return false;
}

static void put_layers(struct ct_core *core, const struct ct_store *s, struct ct_pull *p,
		       const struct ct_manifest *m)
{
	const struct ct_blob *manifest = blob_of(s, p, m->digest);
	size_t n = 0;

	p->by_layer = true;
	for (size_t i = 0; i < m->count; i++)
		n += put_layer(core, s, p, n, &m->layers[i],
			       manifest ? manifest->stored_ns : p->begin_ns);
	p->fetched->layer_count = n; /* the rest is the manifest itself, the config */
	set_waited(p, p->fetched);
}

/* Of an engine that keeps its manifests there, and unpacks its layers itself. */
static void put_digests(struct ct_pull *p, const struct ct_manifest *m)
{
	for (size_t i = 0; i < p->fetched->layer_count; i++) {
		struct ct_layer *layer = &p->fetched->layers[i];
		size_t n = strlen(layer->id);

		for (size_t k = 0; k < m->count && n; k++) {
			const char *colon = strchr(m->layers[k].digest, ':');

			if (colon && !strncmp(colon + 1, layer->id, n))
				put_digest(layer, &m->layers[k]);
		}
	}
}

/*
 * Whose store it is has unpacked what is in it: a thread of its own (containerd: diff/apply of 1.6 and 2.1), which has a
 * program inflate it, or does that, too. Which program is known where it alone ran between begin and end.
 */
static void put_workers(const struct ct_store *s, struct ct_pull *p)
{
	for (size_t i = 0; i < p->fetched->layer_count; i++) {
		struct ct_layer *layer = &p->fetched->layers[i];
		const struct ct_inflate *by;

		if (layer->there || !layer->unpacked_ns || layer->unpacked_by == CT_PROVED_BOUND)
			continue;
		layer->unpacker.pid = s->engine;
		ct_text_copy(layer->unpacker.name, sizeof(layer->unpacker.name),
			     ct_text("containerd", 10));
		if (layer->unpacking_by != CT_PROVED_REQUEST)
			continue;
		by = inflate_of(s, layer->unpacking_ns, layer->unpacked_ns);
		if (by)
			layer->inflater = by->by;
	}
}

/* An engine that keeps its images in another's store, and has said which it was. */
static void tell_kept(struct ct_core *core, struct ct_pull *p)
{
	for (const struct ct_store *s = core->stores; s && p->fetched->digest[0]; s = s->next) {
		const struct ct_manifest *m = ct_store_manifest_of(s, p->fetched->digest);

		if (!m)
			continue;
		if (is_used(core, s, p, m)) {
			put_layers(core, s, p, m);
			put_workers(s, p);
		} else {
			put_digests(p, m);
		}
		return;
	}
}

static const struct ct_manifest *manifest_of(const struct ct_store *s, const struct ct_pull *p)
{
	const struct ct_manifest *m =
		p->image_id[0] || !p->fetched->digest[0]
			? ct_store_manifest(s, p->image_id, p->begin_ns, p->end_ns)
			: NULL;

	return m || !p->fetched->digest[0] ? m : ct_store_manifest_of(s, p->fetched->digest);
}

void ct_tell_stored(struct ct_core *core, struct ct_pull *p)
{
	const struct ct_store *s = p->stored ? ct_store_of(core, p->who.engine_pid) : NULL;
	const struct ct_manifest *m = s ? manifest_of(s, p) : NULL;
	bool known = p->image_id[0] || p->fetched->digest[0];

	if (!p->stored) {
		tell_kept(core, p);
		return;
	}
	if (m && !p->fetched->digest[0])
		memcpy(p->fetched->digest, m->digest, sizeof(p->fetched->digest));
	if (!m || !(blob_of(s, p, m->digest) || is_used(core, s, p, m))) {
		/* Each pull changes containerd's database: who has heard of no sync hears of no blob. */
		p->fetched->up_to_date =
			!p->failed && known && core->hears_syncs && (m || !stores(s, p));
		return;
	}
	put_layers(core, s, p, m);
	if (!p->driven && is_alone(core, p))
		put_unpacks(s, p);
	put_workers(s, p);
}

/* The store that has what was fetched for it, and what that may be there: their count. */
static const struct ct_store *store_of(const struct ct_core *core, const struct ct_pull *p,
				       const struct ct_manifest *ret[CT_PLATFORMS_MAX],
				       size_t *ret_count)
{
	for (const struct ct_store *s = core->stores; s; s = s->next) {
		if (p->stored && s->engine != p->who.engine_pid)
			continue;
		ret[0] = p->stored ? manifest_of(s, p) : NULL;
		*ret_count = ret[0] ? 1
			     : p->fetched->digest[0]
				     ? ct_store_manifests_of(s, p->fetched->digest, ret)
				     : 0;
		if (*ret_count)
			return s;
	}
	return NULL;
}

static void await(const struct ct_core *core, struct ct_pull *p)
{
	p->awaits = 0;
	for (const struct ct_store *s = core->stores; s; s = s->next)
		p->awaits += s->asked;
}

static void ask(struct ct_core *core, struct ct_pull *p, uint32_t engine, enum ct_lookup what,
		const char *id, const char *words)
{
	struct ct_store *s = ct_store_of(core, engine);

	if (!s)
		return;
	s->asked++;
	await(core, p);
	if (core->ops.lookup)
		core->ops.lookup(core->ctx, what, id, engine, words);
}

/* By its name: the transfer service answers nothing, a kubelet is answered with one of a list. */
static bool ask_what(struct ct_core *core, struct ct_pull *p)
{
	char words[sizeof(p->who.ns) + sizeof(p->who.image) + 1];

	if (p->driven || p->fetched->digest[0])
		return false;
	ct_text_copy(words, sizeof(words), ct_text(p->who.ns, strlen(p->who.ns)));
	ct_text_add(words, sizeof(words), ct_text(" ", 1));
	ct_text_add(words, sizeof(words), ct_text(p->who.image, strlen(p->who.image)));
	ask(core, p, p->who.engine_pid, CT_LOOKUP_IMAGE, "image", words);
	return true;
}

static bool ask_digest(struct ct_core *core, struct ct_pull *p, const char *digest)
{
	const char *colon = strchr(digest, ':');

	if (colon)
		ask(core, p, p->who.engine_pid, CT_LOOKUP_MANIFEST, colon + 1, "");
	return colon;
}

static bool ask_manifest(struct ct_core *core, struct ct_pull *p)
{
	const struct ct_store *s = ct_store_of(core, p->who.engine_pid);

	return s && !ct_store_known(s, p->fetched->digest) &&
	       ask_digest(core, p, p->fetched->digest);
}

/* Those of a list that were not fetched now. */
static bool ask_listed(struct ct_core *core, struct ct_pull *p)
{
	const struct ct_store *s = ct_store_of(core, p->who.engine_pid);
	const struct ct_manifest *m = s ? ct_store_known(s, p->fetched->digest) : NULL;
	bool asked = false;

	if (!m || m->config[0])
		return false;
	for (size_t i = 0; i < m->count && i < CT_PLATFORMS_MAX; i++)
		if (!ct_store_known(s, m->layers[i].digest))
			asked |= ask_digest(core, p, m->layers[i].digest);
	return asked;
}

/* Docker keeps its images in a namespace of its own (moby: daemon/config). */
#define DOCKERS_NAMESPACE "moby"

static bool ask_when(struct ct_core *core, struct ct_pull *p)
{
	const struct ct_manifest *all[CT_PLATFORMS_MAX];
	size_t count = 0;
	const struct ct_store *s = store_of(core, p, all, &count);

	for (size_t i = 0; s && i < count; i++) {
		ct_store_ask_unpacked(ct_store_of(core, s->engine), all[i]->config);
		ask(core, p, s->engine, CT_LOOKUP_UNPACKED, all[i]->config + strlen("sha256:"),
		    p->stored ? p->who.ns : DOCKERS_NAMESPACE);
	}
	return s;
}

/* One after the other: each asks for what those before it have brought. Columns: of which pulls; what. */
static const struct {
	bool stored;
	bool (*ask)(struct ct_core *core, struct ct_pull *p);
} asks[] = {
	{ true, ask_what },
	{ true, ask_manifest },
	{ true, ask_listed },
	{ false, ask_when },
};

bool ct_stored_ask(struct ct_core *core, struct ct_pull *p)
{
	while (!p->failed && p->asks < CT_ARRAY_SIZE(asks)) {
		size_t i = p->asks++;

		if ((p->stored || !asks[i].stored) && asks[i].ask(core, p))
			return true;
	}
	return false;
}

static bool is_due(const struct ct_core *core, const struct ct_pull *p)
{
	const struct ct_manifest *all[CT_PLATFORMS_MAX];
	size_t count = 0;

	store_of(core, p, all, &count);
	for (size_t i = 0; i < count; i++)
		if (all[i]->due)
			return true;
	return false;
}

/*
 * As many answers as there were questions; they may come in another order, for who reads a database that
 * changes meanwhile reads it again.
 */
bool ct_stored_is_known(const struct ct_core *core, struct ct_pull *p)
{
	size_t answered = 0;

	if (!p->awaits)
		await(core, p);
	for (const struct ct_store *s = core->stores; s; s = s->next)
		answered += s->answered;
	return answered >= p->awaits && !is_due(core, p);
}
