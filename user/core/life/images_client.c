// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images that a client of containerd fetches itself (containerd's client/pull.go, as ctr, nerdctl and BuildKit
 * have it): it takes a lease, writes a manifest, then what that names, has each layer unpacked, names the image,
 * and gives the lease back. So a pull is what is written for one lease, and begins with that. Engines that ask
 * an engine so are asked by somebody themselves: theirs is told by that.
 */
#include "core/book/parts.h"
#include "core/life/images_askers.h"
#include "core/life/life.h"
#include "util/mem.h"

static const char *id_of(const struct ct_fact *f)
{
	return f->request->name;
}

/* Of what that client is about: what is asked for a lease is for that. */
static struct ct_pull *pull_of(struct ct_core *core, const struct ct_fact *f, const char *lease)
{
	struct ct_pull *found = NULL, *p = NULL;

	while ((p = ct_pull_of_client(core, f->request->tgid, p)))
		if (p->driven && !p->end_ns && ct_scope_is(&p->held.share->scope, f->speaker) &&
		    !strcmp(p->lease, lease))
			found = p;
	return found;
}

static struct ct_pull *pull_for(struct ct_core *core, const struct ct_fact *f)
{
	return pull_of(core, f, f->request->lease);
}

/* What its request is about. */
static struct ct_part part_of(const struct ct_fact *f, enum ct_part_kind kind, const char *id)
{
	struct ct_part of = {
		.kind = kind,
		.client = f->request->tgid,
		.begin_ns = f->request->ts_ns,
	};

	ct_text_copy(of.id, sizeof(of.id), ct_text(id, strlen(id)));
	return of;
}

/* The image that its client is to fetch, and of which nobody has been told anything; NULL: there is none. */
static struct ct_asker_wants *wants_of(struct ct_core *core, uint32_t tgid)
{
	const struct ct_asker *asker = ct_asker_of(core, tgid);

	return asker && asker->wants && !asker->wants->told ? asker->wants : NULL;
}

static void wants_lease(struct ct_core *core, const struct ct_fact *f)
{
	struct ct_asker_wants *w = wants_of(core, f->request->tgid);

	if (!w || w->leased_ns)
		return;
	w->leased_ns = f->request->ts_ns;
	w->engine = f->engine;
	w->mine = f->request->mine;
	memcpy(w->ns, f->request->ns, sizeof(w->ns));
}

static void leased(struct ct_core *core, struct ct_fact *f)
{
	const struct ct_part lease = part_of(f, CT_PART_LEASE, id_of(f));

	if (!f->engine)
		return;
	ct_part_make(core, f->speaker, &lease);
	wants_lease(core, f);
}

/* What its client was to fetch, and has given up before it asked its engine to keep anything. NULL: no room. */
static struct ct_pull *given_up(struct ct_core *core, const struct ct_scope *speaker, uint32_t tgid,
				struct ct_asker_wants *w)
{
	static const char alone[] =
		"its client has given up: why is said on its standard error alone";
	const struct ct_request asked = { .tgid = tgid };
	struct ct_pull *p = ct_pull_make(core, speaker, w->image, tgid);

	w->told = true;
	if (!p)
		return NULL;
	ct_image_asked_by(core, p, &asked);
	p->driven = p->failed = true;
	p->begin_ns = w->leased_ns;
	p->who.mine = w->mine;
	p->who.engine_pid = w->engine;
	ct_life_engine_name(core, &p->who, w->engine);
	memcpy(p->who.ns, w->ns, sizeof(p->who.ns));
	ct_text_copy(p->message, sizeof(p->message), ct_text(alone, sizeof(alone) - 1));
	return p;
}

static void released_unused(struct ct_core *core, struct ct_fact *f)
{
	struct ct_asker_wants *w = wants_of(core, f->request->tgid);
	struct ct_pull *p =
		w && w->leased_ns ? given_up(core, f->speaker, f->request->tgid, w) : NULL;

	if (!p)
		return;
	p->end_ns = f->request->ts_ns;
	f->about = p->handle;
}

void ct_image_left(struct ct_core *core, const struct ct_event *e)
{
	struct ct_asker_wants *w = wants_of(core, e->tgid);

	if (w && w->leased_ns) /* that it has left is said of it as of all that are under way */
		given_up(core, &ct_asker_of(core, e->tgid)->held.share->scope, e->tgid, w);
}

/* What was done for it is done: its client waits for no answer. */
static void released(struct ct_core *core, struct ct_fact *f)
{
	static const char given_up[] =
		"its client has given up: the engine was not told of an image";
	struct ct_pull *p = pull_of(core, f, id_of(f));

	if (!p) {
		released_unused(core, f);
		return;
	}
	p->end_ns = f->request->ts_ns;
	p->failed = !p->saved || p->message[0];
	if (p->failed && !p->message[0])
		ct_text_copy(p->message, sizeof(p->message),
			     ct_text(given_up, sizeof(given_up) - 1));
	f->about = p->handle;
}

static void name_it(struct ct_pull *p, const char *image)
{
	ct_text_copy(p->who.image, sizeof(p->who.image), ct_text(image, strlen(image)));
	ct_text_copy(p->who.name, sizeof(p->who.name), ct_text(image, strlen(image)));
}

/* The newest of that name; unheard: when it is asked for something. */
static uint64_t leased_at(const struct ct_core *core, const struct ct_fact *f)
{
	const struct ct_part of = part_of(f, CT_PART_LEASE, f->request->lease);
	uint64_t ns = 0;

	for (const struct ct_part *l = NULL; (l = ct_part_next(core, f->speaker, &of, l));)
		ns = l->begin_ns > ns ? l->begin_ns : ns;
	return ns ? ns : f->request->ts_ns;
}

static void begin(struct ct_core *core, const struct ct_fact *f, struct ct_text digest)
{
	struct ct_pull *p = ct_pull_make(core, f->speaker, "", f->request->tgid);

	if (!p)
		return;
	p->driven = p->stored = p->silent = true;
	p->begin_ns = leased_at(core, f);
	memcpy(p->lease, f->request->lease, sizeof(p->lease));
	ct_image_asked_by(core, p, f->request);
	p->who.mine = f->request->mine;
	p->who.client = f->request->client;
	p->who.engine_pid = f->engine;
	ct_life_engine_name(core, &p->who, f->engine);
	memcpy(p->who.ns, f->request->ns, sizeof(p->who.ns));
	ct_text_copy(p->fetched->digest, sizeof(p->fetched->digest), digest);
	name_it(p, p->fetched->digest);
}

/* "manifest-sha256:...": the first is what the image is, a list of manifests, too. */
static void written(struct ct_core *core, struct ct_fact *f)
{
	struct ct_pull *p = pull_for(core, f);
	struct ct_text digest = ct_text(id_of(f), strlen(id_of(f)));
	struct ct_text what = ct_text_cut(&digest, '-');

	if (p)
		p->heard_ns = f->ts_ns;
	else if (f->engine && (ct_text_is(what, "manifest") || ct_text_is(what, "index")))
		begin(core, f, digest);
}

/* Its name comes last. Until then it is known by where it comes from. */
static void labelled(struct ct_core *core, struct ct_fact *f)
{
	struct ct_pull *p = pull_for(core, f);
	char image[sizeof(p->who.image) + sizeof(f->request->name)];

	if (!p || strcmp(p->who.image, p->fetched->digest) != 0 ||
	    strcmp(p->fetched->digest, id_of(f)) != 0)
		return;
	ct_text_copy(image, sizeof(image), ct_text(f->request->image, strlen(f->request->image)));
	ct_text_add(image, sizeof(image), ct_text("@", 1));
	ct_text_add(image, sizeof(image), ct_text(id_of(f), strlen(id_of(f))));
	name_it(p, image);
}

static void named(struct ct_core *core, struct ct_fact *f)
{
	struct ct_pull *p = pull_for(core, f);

	if (p)
		name_it(p, f->request->image);
}

static void saved(struct ct_core *core, struct ct_fact *f)
{
	struct ct_pull *p = pull_for(core, f);

	if (p && f->kind == CT_FACT_ANSWERED)
		p->saved = true;
}

static void unpacks(struct ct_core *core, struct ct_fact *f)
{
	const struct ct_part layer = part_of(f, CT_PART_UNPACK, id_of(f));

	ct_part_make(core, f->speaker, &layer);
}

/* That very request: another for the same layer may be under way. */
static void unpacked(struct ct_core *core, struct ct_fact *f)
{
	const struct ct_part of = part_of(f, CT_PART_UNPACK, id_of(f));
	struct ct_pull *p = pull_for(core, f);

	for (struct ct_part *part = NULL; (part = ct_part_next(core, f->speaker, &of, part));) {
		if (part->begin_ns != of.begin_ns)
			continue;
		part->end_ns = f->ts_ns;
		part->refused = f->kind == CT_FACT_REFUSED;
	}
	if (p && f->kind == CT_FACT_REFUSED)
		ct_text_copy(p->message, sizeof(p->message), f->message);
}

/* Columns: what was asked, what follows from that, and from its answer. */
static const struct {
	const char *verb;
	void (*asked)(struct ct_core *core, struct ct_fact *f);
	void (*answered)(struct ct_core *core, struct ct_fact *f);
} rows[] = {
	{ "Leases/Create", leased, NULL },  { "Leases/Delete", released, NULL },
	{ "Content/Write", written, NULL }, { "Content/Update", labelled, NULL },
	{ "Images/Create", named, saved },  { "Images/Update", named, saved },
	{ CT_APPLY, unpacks, unpacked },
};

void ct_image_part(struct ct_core *core, struct ct_fact *f)
{
	size_t i = 0;

	while (i < CT_ARRAY_SIZE(rows) && !ct_text_is(f->verb, rows[i].verb))
		i++;
	if (i == CT_ARRAY_SIZE(rows) || !f->speaker)
		return;
	if (f->kind == CT_FACT_ASKED)
		rows[i].asked(core, f);
	else if (rows[i].answered)
		rows[i].answered(core, f);
}
