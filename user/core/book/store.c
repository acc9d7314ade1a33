// SPDX-License-Identifier: GPL-2.0-only
#include "core/book/store.h"

#include <stdlib.h>
#include <utlist.h>

#include "core/book/pulls.h"
#include "util/mem.h"

#define STORES_MAX 64

static void give_up(struct ct_core *core, struct ct_held *held)
{
	ct_store_drop(core, CT_HELD_OF(struct ct_store, held));
}

const struct ct_share_row ct_stores_row = {
	.max = STORES_MAX,
	.full = CT_LOSS_TABLE,
	.give_up = give_up,
};

bool ct_store_is_kept(const char *engine)
{
	return !strcmp(engine, "containerd");
}

struct ct_store *ct_store_of(const struct ct_core *core, uint32_t engine)
{
	struct ct_store *s = core->stores;

	while (s && s->engine != engine)
		s = s->next;
	return s;
}

struct ct_store *ct_store_make(struct ct_core *core, const struct ct_scope *scope, uint32_t engine)
{
	struct ct_store *s = ct_store_of(core, engine);

	if (s) {
		ct_share_touch(core, &s->held);
		return s;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		core->counts.lost[CT_LOSS_TABLE]++;
		return NULL;
	}
	if (!ct_share_enter(core, scope, CT_SHARE_STORES, &s->held)) {
		free(s);
		return NULL;
	}
	s->engine = engine;
	DL_APPEND(core->stores, s);
	return s;
}

void ct_store_drop(struct ct_core *core, struct ct_store *s)
{
	DL_DELETE(core->stores, s);
	ct_share_leave(core, &s->held);
	for (size_t i = 0; i < CT_MANIFESTS_MAX; i++)
		free(s->manifests.at[i].layers);
	free(s);
}

void ct_stores_free(struct ct_core *core)
{
	while (core->stores)
		ct_store_drop(core, core->stores);
}

/* Those that are remembered, the newest first: from count to this. */
static size_t oldest(size_t count, size_t max)
{
	return count > max ? count - max : 0;
}

struct ct_blob *ct_store_blob(struct ct_store *s, struct ct_text hash)
{
	struct ct_blob *b;

	for (size_t n = s->blobs.count; n > oldest(s->blobs.count, CT_BLOBS_MAX); n--) {
		b = CT_KEPT(&s->blobs, n - 1);
		if (!b->stored_ns && ct_text_is(hash, b->hash))
			return b;
	}
	b = CT_KEPT(&s->blobs, s->blobs.count++);
	memset(b, 0, sizeof(*b));
	ct_text_copy(b->hash, sizeof(b->hash), hash);
	return b;
}

const struct ct_blob *ct_store_found(const struct ct_store *s, const char *digest,
				     uint64_t until_ns)
{
	for (size_t n = s->blobs.count; n > oldest(s->blobs.count, CT_BLOBS_MAX); n--) {
		const struct ct_blob *b = CT_KEPT(&s->blobs, n - 1);

		if (b->stored_ns && b->stored_ns <= until_ns && !strcmp(b->digest, digest))
			return b;
	}
	return NULL;
}

/* bbolt writes what it has and syncs that, then it says so and syncs again (tx.go); before these it may grow. */
#define SYNCS_OF_CHANGE 2

void ct_store_changed(struct ct_store *s, bool data_alone, uint64_t ts_ns)
{
	struct ct_change *c = s->changes.count ? CT_KEPT(&s->changes, s->changes.count - 1) : NULL;

	if (!c || c->syncs == SYNCS_OF_CHANGE) {
		c = CT_KEPT(&s->changes, s->changes.count++);
		*c = (struct ct_change){ .begin_ns = ts_ns };
	}
	c->syncs += data_alone;
	c->end_ns = ts_ns;
}

struct ct_inflate *ct_store_inflates(struct ct_store *s, uint32_t pid)
{
	struct ct_inflate *i = CT_KEPT(&s->inflates, s->inflates.count++);

	*i = (struct ct_inflate){ .by = { .pid = pid } };
	return i;
}

void ct_store_inflated(struct ct_store *s, uint32_t pid, uint64_t ts_ns)
{
	for (size_t n = s->inflates.count; n > oldest(s->inflates.count, CT_INFLATES_MAX); n--) {
		struct ct_inflate *i = CT_KEPT(&s->inflates, n - 1);

		if (i->by.pid == pid && !i->end_ns) {
			i->end_ns = ts_ns;
			return;
		}
	}
}

static struct ct_manifest *manifest_of(struct ct_store *s, struct ct_text digest, size_t count)
{
	struct ct_manifest *m;

	for (size_t n = s->manifests.count; n > oldest(s->manifests.count, CT_MANIFESTS_MAX); n--) {
		m = CT_KEPT(&s->manifests, n - 1);
		if (ct_text_is(digest, m->digest))
			return m->count == count ? m : NULL;
	}
	m = CT_KEPT(&s->manifests, s->manifests.count);
	free(m->layers);
	memset(m, 0, sizeof(*m));
	m->layers = calloc(count, sizeof(m->layers[0]));
	if (!m->layers)
		return NULL;
	s->manifests.count++;
	m->count = count;
	ct_text_copy(m->digest, sizeof(m->digest), digest);
	return m;
}

bool ct_store_layer(struct ct_store *s, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	struct ct_text digest = ct_text_cut(&rest, '\0'), config = ct_text_cut(&rest, '\0');
	struct ct_text layer = ct_text_cut(&rest, '\0'), type = ct_text_cut(&rest, '\0');
	struct ct_manifest_layer *to;
	struct ct_manifest *m;

	if (!e->arg) { /* it is none */
		s->answered++;
		return true;
	}
	if (e->arg > CT_LAYERS_MAX || e->sub >= e->arg || !digest.len)
		return false;
	if (e->sub + 1u == e->arg)
		s->answered++;
	m = manifest_of(s, digest, e->arg);
	if (!m || m->known != e->sub)
		return false;
	ct_text_copy(m->config, sizeof(m->config), config);
	to = &m->layers[m->known++];
	ct_text_copy(to->digest, sizeof(to->digest), layer);
	ct_text_copy(to->type, sizeof(to->type), type);
	to->size = e->obj;
	return true;
}

void ct_store_ask_unpacked(struct ct_store *s, const char *config)
{
	for (size_t n = s->manifests.count; n > oldest(s->manifests.count, CT_MANIFESTS_MAX); n--) {
		struct ct_manifest *m = CT_KEPT(&s->manifests, n - 1);

		m->due |= !strcmp(m->config, config);
	}
}

/* Of every manifest that has the config: it is of the same layers. */
void ct_store_unpacked(struct ct_store *s, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), digits = ct_text_cut(&rest, '\0');
	char config[CT_DIGEST_LEN] = "sha256:";
	bool last = e->sub + 1u == (uint64_t)e->arg || !e->arg;

	s->answered += last;
	ct_text_add(config, sizeof(config), digits);
	for (size_t n = s->manifests.count; n > oldest(s->manifests.count, CT_MANIFESTS_MAX); n--) {
		struct ct_manifest *m = CT_KEPT(&s->manifests, n - 1);

		if (strcmp(m->config, config) != 0)
			continue;
		m->due &= !last;
		if (m->count != (uint64_t)e->arg || e->sub >= m->count)
			continue;
		m->layers[e->sub].files = e->obj;
		m->layers[e->sub].unpacked_wall_ns = e->dur_ns;
	}
}

static bool came(const struct ct_store *s, const struct ct_manifest *m, uint64_t from_ns,
		 uint64_t until_ns)
{
	const struct ct_blob *b = ct_store_found(s, m->digest, until_ns);

	return b && b->stored_ns >= from_ns;
}

const struct ct_manifest *ct_store_known(const struct ct_store *s, const char *digest)
{
	for (size_t n = s->manifests.count; n > oldest(s->manifests.count, CT_MANIFESTS_MAX); n--) {
		const struct ct_manifest *m = CT_KEPT(&s->manifests, n - 1);

		if (m->known == m->count && !strcmp(m->digest, digest))
			return m;
	}
	return NULL;
}

size_t ct_store_manifests_of(const struct ct_store *s, const char *digest,
			     const struct ct_manifest *ret[CT_PLATFORMS_MAX])
{
	const struct ct_manifest *m = ct_store_known(s, digest);
	size_t count = 0;

	if (!m)
		return 0;
	if (m->config[0]) {
		ret[0] = m;
		return 1;
	}
	for (size_t i = 0; i < m->count && count < CT_PLATFORMS_MAX; i++) {
		const struct ct_manifest *of = ct_store_known(s, m->layers[i].digest);

		if (of && of->config[0])
			ret[count++] = of;
	}
	return count;
}

/* Of a list some fetch all manifests and configs, and unpack one. */
static bool is_unpacked(const struct ct_manifest *m)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->layers[i].unpacked_wall_ns)
			return true;
	return false;
}

const struct ct_manifest *ct_store_manifest_of(const struct ct_store *s, const char *digest)
{
	const struct ct_manifest *all[CT_PLATFORMS_MAX], *found[2] = { NULL, NULL };
	size_t count = ct_store_manifests_of(s, digest, all), seen[2] = { 0, 0 };

	for (size_t i = 0; i < count; i++) {
		const bool is[] = { is_unpacked(all[i]),
				    ct_store_found(s, all[i]->config, UINT64_MAX) != NULL };

		for (size_t k = 0; k < 2; k++) {
			seen[k] += is[k];
			found[k] = is[k] ? all[i] : found[k];
		}
	}
	for (size_t k = 0; k < 2; k++)
		if (seen[k] == 1)
			return found[k];
	return count == 1 ? all[0] : NULL;
}

const struct ct_manifest *ct_store_manifest(const struct ct_store *s, const char *config,
					    uint64_t from_ns, uint64_t until_ns)
{
	const struct ct_manifest *found = NULL;

	for (size_t n = s->manifests.count; n > oldest(s->manifests.count, CT_MANIFESTS_MAX); n--) {
		const struct ct_manifest *m = CT_KEPT(&s->manifests, n - 1);

		if (m->known != m->count || !m->config[0])
			continue;
		if (*config && !strcmp(m->config, config))
			return m;
		if (*config || !came(s, m, from_ns, until_ns))
			continue;
		if (found)
			return NULL;
		found = m;
	}
	return found;
}
