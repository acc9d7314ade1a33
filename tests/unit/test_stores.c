// SPDX-License-Identifier: GPL-2.0-only
/* What is remembered of an engine's store and of pulls: how much of it, for whom, and until when. */
#include <criterion/criterion.h>

#include "core/base/house.h"
#include "core/base/scope.h"
#include "core/book/pulls.h"
#include "core/book/store.h"
#include "core/tell/tell.h"
#include "tape.h"
#include "util/mem.h"

static struct ct_text text(const char *s)
{
	return ct_text(s, strlen(s));
}

static struct ct_store *new_store(void)
{
	struct ct_store *s = calloc(1, sizeof(*s));

	cr_assert(s);
	return s;
}

static void free_store(struct ct_store *s)
{
	for (size_t i = 0; i < CT_MANIFESTS_MAX; i++)
		free(s->manifests.at[i].layers);
	free(s);
}

static void stored(struct ct_store *s, const char *hash, const char *digest, uint64_t ns)
{
	struct ct_blob *b = ct_store_blob(s, text(hash));

	ct_text_copy(b->digest, sizeof(b->digest), text(digest));
	b->stored_ns = ns;
}

/* As many as there is room for, the newest of them; of one name the newest. */
Test(stores, the_newest_blobs_are_remembered)
{
	struct ct_store *s = new_store();
	char name[16];

	for (unsigned i = 0; i <= CT_BLOBS_MAX; i++) {
		snprintf(name, sizeof(name), "%u", i);
		stored(s, name, name, 100 + i);
	}
	cr_expect_null(ct_store_found(s, "0", UINT64_MAX));
	cr_assert(ct_store_found(s, "1", UINT64_MAX));
	cr_expect_eq(ct_store_found(s, "1", UINT64_MAX)->stored_ns, 101);
	cr_expect(ct_store_found(s, name, 100 + CT_BLOBS_MAX));
	cr_expect_null(ct_store_found(s, name, 99 + CT_BLOBS_MAX), "it was not whole by then");
	stored(s, "again", name, 5000);
	cr_expect_eq(ct_store_found(s, name, 5000)->stored_ns, 5000);
	cr_expect_eq(ct_store_found(s, name, 4999)->stored_ns, 100 + CT_BLOBS_MAX);
	free_store(s);
}

/* What is being fetched is one until it is whole; then the next of its name is another. */
Test(stores, a_blob_is_one_until_it_is_whole)
{
	struct ct_store *s = new_store();
	struct ct_blob *b = ct_store_blob(s, text("a"));

	cr_expect_eq(ct_store_blob(s, text("a")), b);
	cr_expect_neq(ct_store_blob(s, text("b")), b);
	b->stored_ns = 1;
	b = ct_store_blob(s, text("a"));
	cr_expect_eq(b->stored_ns, 0);
	cr_expect_str_eq(b->digest, "");
	for (unsigned i = 0; i < CT_BLOBS_MAX; i++)
		stored(s, "other", "other", 1);
	cr_expect_neq(ct_store_blob(s, text("a"))->opened_ns, 7);
	cr_expect_eq(s->blobs.count, 4 + CT_BLOBS_MAX, "it was forgotten meanwhile");
	free_store(s);
}

Test(stores, an_inflater_ends_once)
{
	struct ct_store *s = new_store();
	struct ct_inflate *first = ct_store_inflates(s, 7), *next;

	ct_store_inflated(s, 8, 50);
	cr_expect_eq(first->end_ns, 0);
	ct_store_inflated(s, 7, 100);
	cr_expect_eq(first->end_ns, 100);
	next = ct_store_inflates(s, 7); /* the pid came again */
	ct_store_inflated(s, 7, 200);
	cr_expect_eq(first->end_ns, 100);
	cr_expect_eq(next->end_ns, 200);
	ct_store_inflated(s, 7, 300);
	cr_expect_eq(next->end_ns, 200);
	first = ct_store_inflates(s, 9);
	for (unsigned i = 0; i + 1 < CT_INFLATES_MAX; i++)
		ct_store_inflates(s, 1000 + i);
	ct_store_inflated(s, 9, 400);
	cr_expect_eq(first->end_ns, 400, "the oldest that is remembered");
	first = ct_store_inflates(s, 2000); /* takes its place */
	ct_store_inflated(s, 9, 500);
	cr_expect_eq(first->end_ns, 0);
	free_store(s);
}

/* Two syncs of data are a change; what comes before them, while the file grows, is of it too. */
Test(stores, a_change_is_two_syncs_of_data)
{
	struct ct_store *s = new_store();
	const struct ct_change *c = s->changes.at;

	ct_store_changed(s, true, 10);
	ct_store_changed(s, true, 11);
	ct_store_changed(s, false, 20);
	ct_store_changed(s, true, 21);
	ct_store_changed(s, true, 22);
	ct_store_changed(s, true, 30);
	cr_assert_eq(s->changes.count, 3);
	cr_expect_eq(c[0].begin_ns, 10);
	cr_expect_eq(c[0].end_ns, 11);
	cr_expect_eq(c[1].begin_ns, 20);
	cr_expect_eq(c[1].end_ns, 22);
	cr_expect_eq(c[2].begin_ns, 30);
	free_store(s);
}

static bool layer(struct ct_store *s, const char *digest, const char *config, unsigned nth,
		  unsigned count)
{
	struct tape t = { 0 };
	char tail[256];
	int n = snprintf(tail, sizeof(tail), "%s%c%s%clayer%u%ctar%c", digest, 0, config, 0, nth, 0,
			 0);
	struct ct_event *e = tape_add(&t, CT_KIND_LAYER, 1, tail, (size_t)n);
	bool is;

	e->sub = (uint16_t)nth;
	e->arg = count;
	e->obj = 1000 + nth;
	is = ct_store_layer(s, e);
	tape_free(&t);
	return is;
}

/* Layers come one after the other; what is not whole, or out of its order, is no manifest. */
Test(stores, a_manifest_is_all_its_layers)
{
	struct ct_store *s = new_store();
	const struct ct_manifest *m;

	cr_expect(layer(s, "m", "c", 0, 2));
	cr_expect_null(ct_store_manifest(s, "c", 0, 0), "one is still to come");
	cr_expect_eq(s->answered, 0);
	cr_expect_not(layer(s, "m", "c", 0, 2), "it has come already");
	cr_expect_not(layer(s, "m", "c", 1, 3), "of another number of them");
	cr_expect(layer(s, "m", "c", 1, 2));
	cr_expect_eq(s->answered, 1);
	m = ct_store_manifest(s, "c", 0, 0);
	cr_assert(m);
	cr_expect_str_eq(m->digest, "m");
	cr_expect_eq(m->count, 2);
	cr_expect_str_eq(m->layers[1].digest, "layer1");
	cr_expect_str_eq(m->layers[1].type, "tar");
	cr_expect_eq(m->layers[1].size, 1001);
	cr_expect_null(ct_store_manifest(s, "d", 0, 0));
	cr_expect_not(layer(s, "n", "c", 1, 1), "beyond their number");
	cr_expect_not(layer(s, "", "c", 0, 1));
	cr_expect_not(layer(s, "n", "c", 0, CT_LAYERS_MAX + 1));
	cr_expect(layer(s, "n", "c", 0, CT_LAYERS_MAX));
	cr_expect(layer(s, "x", "c", 0, 0), "it is no manifest: that is an answer");
	cr_expect_eq(s->answered, 2);
	free_store(s);
}

/* Who was not told a config has what came meanwhile, if that is one. */
Test(stores, a_manifest_by_when_it_came)
{
	struct ct_store *s = new_store();

	cr_expect(layer(s, "m", "c", 0, 1));
	cr_expect_null(ct_store_manifest(s, "", 0, 100), "it was not fetched");
	stored(s, "h", "m", 50);
	cr_expect(ct_store_manifest(s, "", 50, 50));
	cr_expect_null(ct_store_manifest(s, "", 51, 100));
	cr_expect_null(ct_store_manifest(s, "", 0, 49));
	cr_expect(layer(s, "n", "d", 0, 1));
	stored(s, "i", "n", 60);
	cr_expect_null(ct_store_manifest(s, "", 50, 60), "it may be either");
	cr_expect_str_eq(ct_store_manifest(s, "", 51, 60)->digest, "n");
	for (unsigned i = 1; i < CT_MANIFESTS_MAX; i++) {
		char name[8];

		snprintf(name, sizeof(name), "%u", i);
		cr_expect(layer(s, name, name, 0, 1));
	}
	cr_expect_null(ct_store_manifest(s, "c", 0, 0), "the oldest is forgotten");
	cr_expect(ct_store_manifest(s, "d", 0, 0));
	free_store(s);
}

static struct ct_core *new_core(void)
{
	const struct ct_core_options opts = { 0 };
	const struct ct_core_ops ops = { 0 };
	struct ct_core *core = ct_core_new(&opts, &ops, NULL);

	cr_assert(core);
	return core;
}

static const struct ct_scope host = { .uid = 0 }, other = { .uid = 1000 };

/* An engine's store is its own, and there are as many as there is room for. */
Test(stores, of_each_engine)
{
	struct ct_core *core = new_core();
	struct ct_store *s = ct_store_make(core, &host, 1);

	cr_assert(s);
	cr_expect_eq(ct_store_make(core, &host, 1), s);
	cr_expect_neq(ct_store_make(core, &host, 2), s);
	stored(ct_store_of(core, 2), "1", "a", 100);
	cr_expect_eq(ct_store_of(core, 1), s);
	cr_expect_null(ct_store_of(core, 3));
	for (uint32_t i = 3; i < 200; i++) {
		core->turn++; /* the next event */
		cr_expect(ct_store_make(core, &host, i));
		cr_expect_eq(ct_store_make(core, &host, 2)->engine, 2, "it is used");
	}
	cr_expect_null(ct_store_of(core, 1), "who is not heard of gives way");
	cr_expect(ct_store_of(core, 2));
	cr_expect(ct_store_found(ct_store_of(core, 2), "a", UINT64_MAX),
		  "it is the one that it was");
	cr_expect_not(ct_store_is_kept("docker"));
	ct_core_free(core);
}

static struct ct_pull *pull(struct ct_core *core, const char *image, uint64_t end_ns)
{
	struct ct_pull *p = ct_pull_make(core, &host, image, 5);

	cr_assert(p);
	p->end_ns = end_ns;
	return p;
}

/* Who waited for what: the same client of the same engine, the same image, before it asked for more. */
static const struct {
	const char *pulled, *wanted;
	const struct ct_scope *scope;
	uint32_t client;
	uint64_t end_ns;
	bool failed, is;
} waited[] = {
	{ "a:latest", "a", &host, 5, 100, false, true },
	{ "a:latest", "a:latest", &host, 5, 100, false, true },
	{ "a:1", "a", &host, 5, 100, false, false },
	{ "aa:latest", "a", &host, 5, 100, false, false },
	{ "a", "a:latest", &host, 5, 100, false, false },
	{ "a:latest", "a", &other, 5, 100, false, false },
	{ "a:latest", "a", &host, 6, 100, false, false },
	{ "a:latest", "a", &host, 5, 101, false, false },
	{ "a:latest", "a", &host, 5, 0, false, false },
	{ "a:latest", "a", &host, 5, 100, true, false },
};

Test(stores, a_pull_is_waited_for_by_who_asked)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(waited); i++) {
		struct ct_core *core = new_core();
		struct ct_pull *p = pull(core, waited[i].pulled, waited[i].end_ns);
		struct ct_request asked = { .ts_ns = 100, .tgid = waited[i].client };

		p->failed = waited[i].failed;
		snprintf(asked.image, sizeof(asked.image), "%s", waited[i].wanted);
		cr_expect_eq(ct_pull_before(core, waited[i].scope, waited[i].client,
					    waited[i].wanted, 100) == p,
			     waited[i].is, "%zu", i);
		cr_expect_eq(ct_pull_for(core, waited[i].scope, &asked, "") == p, waited[i].is,
			     "%zu", i);
		p->used = true;
		cr_expect_null(ct_pull_for(core, waited[i].scope, &asked, ""));
		ct_core_free(core);
	}
}

/* The kubelet asks for many pods: what it fetched for one is not what another waited for. */
Test(stores, a_pull_is_of_its_pod)
{
	struct ct_core *core = new_core();
	struct ct_pull *p = pull(core, "a:1", 50), *later;
	struct ct_request asked = { .ts_ns = 100, .tgid = 5, .image = "sha256:f" };

	cr_expect_null(ct_pull_for(core, &host, &asked, "u1"));
	snprintf(p->image_id, sizeof(p->image_id), "sha256:f");
	cr_expect_eq(ct_pull_for(core, &host, &asked, "u1"), p);
	snprintf(p->who.pod_uid, sizeof(p->who.pod_uid), "u2");
	cr_expect_null(ct_pull_for(core, &host, &asked, "u1"));
	cr_expect_eq(ct_pull_for(core, &host, &asked, "u2"), p);
	later = pull(core, "sha256:f", 90);
	cr_expect_eq(ct_pull_for(core, &host, &asked, "u2"), later, "the last of them");
	ct_core_free(core);
}

/* What a client was refused for want of an image, until it asks for that. */
Test(stores, what_is_wanted_is_of_who_wants_it)
{
	struct ct_core *core = new_core();
	struct ct_pull *p = pull(core, "a", 0);

	cr_expect_null(ct_pull_awaited(core, &host, 5, "a"));
	p->awaited = true;
	cr_expect_eq(ct_pull_awaited(core, &host, 5, "a"), p);
	cr_expect_eq(ct_pull_awaited(core, &host, 5, "a:latest"), p);
	cr_expect_null(ct_pull_awaited(core, &host, 5, "b"));
	cr_expect_null(ct_pull_awaited(core, &host, 6, "a"));
	cr_expect_null(ct_pull_awaited(core, &other, 5, "a"));
	ct_core_free(core);
}

/* However long one lasts: those that have been told of make room for it, and not it for them. */
Test(stores, pulls_that_have_been_told_of_make_room)
{
	struct ct_core *core = new_core();
	struct ct_pull *p = pull(core, "a", 0);
	uint64_t running = p->handle, first = 0, last = 0;
	struct ct_core_counts counts;

	for (unsigned i = 0; i < 300; i++) {
		struct ct_pull *over;

		core->turn++; /* the next event */
		over = pull(core, "c", 1);
		ct_pull_told(core, over);
		last = over->handle;
		first = first ? first : last;
		cr_expect_eq(ct_pull_of(core, last), over);
	}
	cr_expect_eq(ct_pull_of(core, running), p);
	cr_expect_null(ct_pull_of(core, first));
	cr_expect_neq(last, running);
	counts = ct_core_counts(core);
	cr_expect_eq(counts.lost[CT_LOSS_TABLE], 0);
	/* With nobody who gives way the oldest of these goes, and that is said. */
	for (unsigned i = 0; i < 300; i++) {
		core->turn++;
		pull(core, "d", 0);
	}
	cr_expect_null(ct_pull_of(core, running));
	counts = ct_core_counts(core);
	cr_expect_gt(counts.lost[CT_LOSS_TABLE], 0);
	ct_core_free(core);
}

/* Layers are found by their names; those beyond the last place are counted. */
Test(stores, layers_have_places)
{
	struct ct_core *core = new_core();
	struct ct_pull *p = pull(core, "a", 0);
	char name[8];

	for (unsigned i = 0; i < CT_LAYERS_MAX; i++) {
		const struct ct_layer *made;

		snprintf(name, sizeof(name), "%u", i);
		made = ct_pull_layer(p, name);
		cr_expect_eq(made, &p->fetched->layers[i]);
		cr_expect_eq(ct_pull_layer(p, name), made);
	}
	cr_expect_eq(p->beyond, 0);
	cr_expect_null(ct_pull_layer(p, "more"));
	cr_expect_eq(p->beyond, 1);
	cr_expect_eq(ct_pull_layer(p, "0"), &p->fetched->layers[0]);
	ct_core_free(core);
}

/* Two layers of 10 bytes, stored at 40 and 60, and whole since 35 and 55; the manifest at 20. */
static struct ct_pull *fetched(struct ct_core *core, struct ct_store **ret_store)
{
	struct ct_pull *p = pull(core, "a", 200);
	struct ct_store *s = ct_store_make(core, &host, 9);

	p->begin_ns = 10;
	p->stored = true;
	p->who.engine_pid = 9;
	snprintf(p->image_id, sizeof(p->image_id), "c");
	layer(s, "m", "c", 0, 2);
	layer(s, "m", "c", 1, 2);
	stored(s, "0", "m", 20);
	for (unsigned i = 0; i < 2; i++) {
		struct ct_blob *b = ct_store_blob(s, text(i ? "2" : "1"));

		b->opened_ns = 30 + 10 * i;
		b->synced_ns = 35 + 20 * i;
		snprintf(b->digest, sizeof(b->digest), "layer%u", i);
		b->stored_ns = 40 + 20 * i;
	}
	*ret_store = s;
	return p;
}

static void unpacks(struct ct_store *s, uint64_t begin_ns)
{
	ct_store_changed(s, true, begin_ns);
	ct_store_changed(s, true, begin_ns + 1);
}

/* Each layer is two changes of the list, the program that inflates lies between them. */
Test(stores, layers_are_unpacked_between_two_changes)
{
	struct ct_core *core = new_core();
	struct ct_store *s;
	struct ct_pull *p = fetched(core, &s);
	const struct ct_layer *l;
	struct ct_inflate *i;

	unpacks(s, 9); /* another's, before it */
	for (unsigned k = 0; k < 4; k++)
		unpacks(s, 70 + 20 * k);
	unpacks(s, 201); /* and behind it */
	ct_store_inflates(s, 3)->begin_ns = 60; /* not between these */
	ct_store_inflated(s, 3, 80);
	i = ct_store_inflates(s, 4);
	i->begin_ns = 110;
	i->end_ns = 131;
	ct_tell_stored(core, p);
	l = p->fetched->layers;
	cr_assert_eq(p->fetched->layer_count, 2);
	cr_expect_eq(l[0].first_ns, 30);
	cr_expect_eq(l[0].fetched_ns, 35);
	cr_expect_eq(l[0].known_ns, 20);
	cr_expect_eq(l[0].unpacking_ns, 71);
	cr_expect_eq(l[0].unpacking_by, CT_PROVED_BOUND);
	cr_expect_eq(l[0].unpacked_ns, 90);
	cr_expect_eq(l[1].unpacking_ns, 110);
	cr_expect_eq(l[1].unpacking_by, CT_PROVED_PROCESS);
	cr_expect_eq(l[1].unpacked_ns, 130);
	cr_expect_not(l[0].waited);
	cr_expect(l[1].waited, "it was not begun before the first was there");
	cr_expect_not(p->fetched->up_to_date);
	ct_core_free(core);
}

/* The moment that one is there the next may be begun: that had to wait for it. */
Test(stores, who_is_begun_at_once_has_waited)
{
	for (unsigned early = 0; early < 2; early++) {
		struct ct_core *core = new_core();
		struct ct_store *s;
		struct ct_pull *p = fetched(core, &s);

		CT_KEPT(&s->blobs, s->blobs.count - 1)->opened_ns = 35 - early;
		ct_tell_stored(core, p);
		cr_assert_eq(p->fetched->layer_count, 2);
		cr_expect_eq(p->fetched->layers[1].first_ns, 35 - early);
		cr_expect_eq(p->fetched->layers[1].waited, !early);
		ct_core_free(core);
	}
}

/* Of two programs that inflate at once, or one that is not at its end, nothing is said. */
Test(stores, who_inflates_is_one)
{
	for (unsigned k = 0; k < 3; k++) {
		struct ct_core *core = new_core();
		struct ct_store *s;
		struct ct_pull *p = fetched(core, &s);

		for (unsigned n = 0; n < 4; n++)
			unpacks(s, 70 + 20 * n);
		for (unsigned n = 0; n < (k ? k : 1u); n++) {
			ct_store_inflates(s, n + 1)->begin_ns = 72;
			if (k)
				ct_store_inflated(s, n + 1, 80);
		}
		ct_tell_stored(core, p);
		cr_expect_eq(p->fetched->layers[0].unpacking_by,
			     k == 1 ? CT_PROVED_PROCESS : CT_PROVED_BOUND, "%u", k);
		ct_core_free(core);
	}
}

/* Whose changes they are is known if nobody else of that engine fetches meanwhile, and all were seen. */
static const struct {
	uint64_t begin_ns, end_ns;
	uint32_t engine;
	bool stored, up_to_date, one_more, known;
} others[] = {
	{ 200, 300, 9, true, false, false, true }, { 199, 300, 9, true, false, false, false },
	{ 1, 10, 9, true, false, false, true },    { 1, 11, 9, true, false, false, false },
	{ 1, 0, 9, true, false, false, false },    { 1, 300, 8, true, false, false, true },
	{ 1, 300, 9, false, false, false, true },  { 1, 300, 9, true, true, false, true },
	{ 200, 300, 9, true, false, true, false },
};

Test(stores, what_others_fetch_meanwhile)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(others); i++) {
		struct ct_core *core = new_core();
		struct ct_store *s;
		struct ct_pull *p = fetched(core, &s), *o = pull(core, "o", others[i].end_ns);

		o->begin_ns = others[i].begin_ns;
		o->who.engine_pid = others[i].engine;
		o->stored = others[i].stored;
		o->fetched->up_to_date = others[i].up_to_date;
		for (unsigned n = 0; n < 4u + others[i].one_more; n++)
			unpacks(s, 70 + 20 * n);
		ct_tell_stored(core, p);
		cr_expect_eq(p->fetched->layers[0].unpacked_ns, others[i].known ? 90 : 0, "%zu", i);
		cr_expect_eq(p->fetched->layers[0].fetched_ns, 35, "%zu", i);
		ct_core_free(core);
	}
}

/* A layer that was there is not fetched and not unpacked again. */
Test(stores, what_was_there_is_not_unpacked)
{
	struct ct_core *core = new_core();
	struct ct_store *s;
	struct ct_pull *p = fetched(core, &s);

	p->begin_ns = 40; /* the first was whole at that moment */
	unpacks(s, 70);
	unpacks(s, 90);
	ct_tell_stored(core, p);
	cr_expect(p->fetched->layers[0].there);
	cr_expect_eq(p->fetched->layers[0].fetched_ns, 0);
	cr_expect_eq(p->fetched->layers[0].unpacked_ns, 0);
	cr_expect_not(p->fetched->layers[1].there);
	cr_expect_not(p->fetched->layers[1].waited);
	cr_expect_eq(p->fetched->layers[1].known_ns, 40, "the manifest was there, too");
	cr_expect_eq(p->fetched->layers[1].unpacked_ns, 90);
	ct_core_free(core);
}

/* Nothing was fetched: it is up to date if it succeeded, and nobody can have fetched it. */
static const struct {
	bool failed, no_id, no_manifest, meanwhile, unnamed, no_syncs, up_to_date;
} fresh[] = {
	{ .up_to_date = true },
	{ .failed = true },
	{ .no_id = true },
	{ .no_syncs = true },
	{ .no_manifest = true, .up_to_date = true },
	{ .no_manifest = true, .no_syncs = true },
	{ .no_manifest = true, .meanwhile = true },
	{ .no_manifest = true, .unnamed = true },
	{ .meanwhile = true, .up_to_date = true },
};

Test(stores, what_is_up_to_date)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(fresh); i++) {
		struct ct_core *core = new_core();
		struct ct_store *s;
		struct ct_pull *p = fetched(core, &s);

		p->begin_ns = 100;
		p->failed = fresh[i].failed;
		if (fresh[i].no_id)
			p->image_id[0] = '\0';
		if (fresh[i].no_manifest)
			p->image_id[0] = 'x';
		if (fresh[i].meanwhile)
			stored(s, "9", "9", 200);
		if (fresh[i].unnamed) /* XFS does not tell the digest */
			ct_store_blob(s, text("9"))->opened_ns = 200;
		core->hears_syncs = !fresh[i].no_syncs;
		ct_tell_stored(core, p);
		cr_expect_eq(p->fetched->up_to_date, fresh[i].up_to_date, "%zu", i);
		cr_expect_eq(p->fetched->layer_count, 0);
		cr_expect_str_eq(p->fetched->digest,
				 fresh[i].no_manifest || fresh[i].no_id ? "" : "m", "%zu", i);
		ct_core_free(core);
	}
}

/* It can be told when all blobs that may be manifests have been looked at. */
Test(stores, what_is_known_of_it)
{
	struct ct_core *core = new_core();
	struct ct_store *s;
	struct ct_pull *p = fetched(core, &s);

	cr_expect(ct_stored_is_known(core, p));
	s->asked = 2;
	cr_expect_not(ct_stored_is_known(core, p));
	s->answered = 2;
	cr_expect(ct_stored_is_known(core, p));
	s->asked = 3;
	p->stored = false;
	cr_expect(ct_stored_is_known(core, p));
	ct_core_free(core);
}
