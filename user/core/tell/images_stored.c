// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of what an engine has stored was fetched for a pull: the manifest that has the config with which it
 * was answered says which layers there are, in their order. containerd unpacks them one after the other; each
 * is a snapshot that is begun and then made whole, which are two changes of the snapshotter's list
 * (containerd: unpacker.go, snapshots/storage).
 */
#include "core/book/pulls.h"
#include "core/book/store.h"
#include "core/tell/tell.h"

#define SHORT_DIGITS 12 /* of a digest, as Docker shows them */

static const struct ct_blob *blob_of(const struct ct_store *s, const struct ct_pull *p,
				     const char *digest)
{
	const struct ct_blob *b = ct_store_found(s, digest, p->end_ns);

	return b && b->stored_ns > p->begin_ns ? b : NULL;
}

static void put_layer(const struct ct_store *s, struct ct_pull *p,
		      const struct ct_manifest_layer *from, uint64_t known_ns)
{
	const struct ct_blob *b = blob_of(s, p, from->digest);
	const char *colon = strchr(from->digest, ':');
	const char *digits = colon ? colon + 1 : from->digest;
	char id[SHORT_DIGITS + 1];
	struct ct_layer *to;

	ct_text_copy(id, sizeof(id), ct_text(digits, strlen(digits)));
	to = ct_pull_layer(p, id);
	if (!to)
		return;
	memcpy(to->digest, from->digest, sizeof(to->digest));
	memcpy(to->type, from->type, sizeof(to->type));
	to->size = from->size;
	to->known_ns = known_ns;
	to->there = !b;
	if (!b)
		return;
	to->first_ns = b->opened_ns;
	to->first_by = CT_PROVED_FILE;
	to->fetched_ns = b->synced_ns;
	to->fetched_by = CT_PROVED_FILE;
}

/* It was not begun before another was there: it had to wait for that. */
static void set_waited(struct ct_fetched *f)
{
	for (size_t i = 0; i < f->layer_count; i++)
		for (size_t k = 0; k < f->layer_count && !f->layers[i].waited; k++)
			f->layers[i].waited = !f->layers[i].there && !f->layers[k].there &&
					      f->layers[k].fetched_ns <= f->layers[i].first_ns;
}

/* Whether the engine fetched something else meanwhile: then what it unpacked may be that. */
static bool is_alone(const struct ct_core *core, const struct ct_pull *p)
{
	for (const struct ct_pull *o = ct_pull_next(core, NULL); o; o = ct_pull_next(core, o))
		if (o != p && o->stored && o->who.engine_pid == p->who.engine_pid &&
		    o->begin_ns < p->end_ns && (!o->end_ns || o->end_ns > p->begin_ns) &&
		    !o->fetched->up_to_date)
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
}

static void put_unpacks(const struct ct_store *s, struct ct_pull *p)
{
	struct ct_fetched *f = p->fetched;
	size_t first, count = changes_of(s, p, &first), left = 0;

	for (size_t i = 0; i < f->layer_count; i++)
		left += !f->layers[i].there;
	if (count != 2 * left)
		return; /* others made some of them, or what was there had to be unpacked */
	for (size_t i = 0; i < f->layer_count; i++) {
		if (f->layers[i].there)
			continue;
		put_unpack(s, &f->layers[i], first);
		first += 2;
	}
}

/* Whether anything was fetched meanwhile, for whomever. */
static bool stores(const struct ct_store *s, const struct ct_pull *p)
{
	for (size_t n = s ? s->blobs.count : 0; n > 0 && s->blobs.count - n < CT_BLOBS_MAX; n--) {
		const struct ct_blob *b = CT_KEPT(&s->blobs, n - 1);

		if (b->stored_ns > p->begin_ns && b->stored_ns <= p->end_ns)
			return true;
	}
	return false;
}

void ct_tell_stored(struct ct_core *core, struct ct_pull *p)
{
	const struct ct_store *s = ct_store_of(core, p->who.engine_pid);
	const struct ct_manifest *m =
		s ? ct_store_manifest(s, p->image_id, p->begin_ns, p->end_ns) : NULL;
	const struct ct_blob *manifest = m ? blob_of(s, p, m->digest) : NULL;
	bool fetched = manifest;

	if (m)
		memcpy(p->fetched->digest, m->digest, sizeof(p->fetched->digest));
	for (size_t i = 0; m && i < m->count; i++)
		fetched |= blob_of(s, p, m->layers[i].digest) != NULL;
	if (!fetched) {
		p->fetched->up_to_date = !p->failed && p->image_id[0] && (m || !stores(s, p));
		return;
	}
	for (size_t i = 0; i < m->count; i++)
		put_layer(s, p, &m->layers[i], manifest ? manifest->stored_ns : p->begin_ns);
	set_waited(p->fetched);
	if (is_alone(core, p))
		put_unpacks(s, p);
}

bool ct_stored_is_known(const struct ct_core *core, const struct ct_pull *p)
{
	const struct ct_store *s = p->stored ? ct_store_of(core, p->who.engine_pid) : NULL;

	return !s || s->answered >= s->asked;
}
