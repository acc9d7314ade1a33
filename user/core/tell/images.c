// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is told of a pull. Layers are fetched side by side and unpacked one after the other, in the
 * order of the manifest: so it waits for the unpacking of the last one, which waits for the one before it
 * or for its own bytes, and so on to the first (moby: layer/layer_store.go, distribution/xfer).
 */
#include "core/book/pulls.h"
#include "core/tell/made.h"
#include "core/tell/segments.h"
#include "core/tell/tell.h"

#include <stdlib.h>

#define STEPS_OF_LAYER 6

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* From where the last segment ends; returns where this one does. */
static uint64_t fill(struct ct_record *rec, enum ct_phase phase, uint64_t begin_ns, uint64_t end_ns)
{
	if (end_ns > rec->end_ns)
		end_ns = rec->end_ns;
	end_ns = later(begin_ns, end_ns);
	ct_segments_fill(rec, phase, begin_ns, end_ns);
	rec->seen |= 1u << phase;
	return end_ns;
}

/* When what it consists of was known: 0, if that was never said. */
static uint64_t resolved_at(const struct ct_fetched *f)
{
	uint64_t first = f->resolved_ns;

	for (size_t i = 0; i < f->layer_count; i++)
		if (!first || f->layers[i].known_ns < first)
			first = f->layers[i].known_ns;
	return first;
}

/* The layer before it that was not there; NULL: it is the first. */
static const struct ct_layer *before(const struct ct_fetched *f, const struct ct_layer *layer)
{
	while (layer > f->layers)
		if (!(--layer)->there)
			return layer;
	return NULL;
}

static const struct ct_layer *last_of(const struct ct_fetched *f)
{
	return before(f, f->layers + f->layer_count);
}

/* When all of its bytes were there. */
static uint64_t all_fetched(const struct ct_fetched *f)
{
	uint64_t fetched = 0;

	for (size_t i = 0; i < f->layer_count; i++)
		fetched = later(fetched, f->layers[i].there ? 0 : f->layers[i].fetched_ns);
	return fetched;
}

/*
 * From where on the unpacking of each held up the pull: its bytes were there, and it was its turn. Some
 * clients have nothing unpacked before all is there.
 */
static void set_turns(struct ct_fetched *f)
{
	uint64_t all = all_fetched(f);

	for (size_t i = 0; i < f->layer_count; i++) {
		struct ct_layer *layer = &f->layers[i];
		const struct ct_layer *other = before(f, layer);

		if (!layer->fetched_ns)
			continue;
		layer->turn_ns = later(layer->fetched_ns, other ? ct_layer_done(other) : 0);
		if (layer->unpacking_by == CT_PROVED_REQUEST && layer->unpacking_ns >= all)
			layer->turn_ns = later(layer->turn_ns, all);
	}
}

static bool is_said(enum ct_layer_proof by)
{
	return by == CT_PROVED_LINE || by == CT_PROVED_BOUND;
}

/* What was said of a layer to another client, and to this one later or not at all. */
static void take_sooner(struct ct_layer *layer, const struct ct_layer *other)
{
	if (other->there || layer->there)
		return;
	if (other->fetched_ns >= layer->known_ns && other->fetched_ns < layer->fetched_ns &&
	    is_said(layer->fetched_by) && is_said(other->fetched_by)) {
		layer->fetched_ns = other->fetched_ns;
		layer->fetched_by = other->fetched_by;
		layer->bounded = other->bounded;
	}
	if (other->unpacked_ns > layer->fetched_ns && other->unpacked_ns < layer->unpacked_ns &&
	    is_said(layer->unpacked_by) && is_said(other->unpacked_by)) {
		layer->unpacked_ns = other->unpacked_ns;
		layer->unpacked_by = other->unpacked_by;
	}
}

/*
 * Of several clients that want the same layers at once each is told of the one transfer, but only the newest of what
 * became of each layer: who reads sooner hears more.
 */
static void set_sooner(const struct ct_core *core, struct ct_pull *p)
{
	for (const struct ct_pull *o = ct_pull_next(core, NULL); o; o = ct_pull_next(core, o)) {
		if (o == p || o->awaited || (o->end_ns && o->end_ns <= p->begin_ns) ||
		    o->begin_ns >= p->end_ns || o->who.engine_pid != p->who.engine_pid)
			continue;
		for (size_t i = 0; i < p->fetched->layer_count; i++) {
			const struct ct_layer *same = ct_pull_same(p, i, o);

			if (same)
				take_sooner(&p->fetched->layers[i], same);
		}
	}
}

static bool is_fetched(const struct ct_layer *layer)
{
	return layer && !layer->there && !layer->stored && !layer->shared;
}

/* Others have fetched it at the same time: it came once. */
static void set_shared(const struct ct_core *core, struct ct_pull *p)
{
	for (const struct ct_pull *o = ct_pull_next(core, NULL); o; o = ct_pull_next(core, o)) {
		if (o == p || !o->told || o->end_ns <= p->begin_ns || o->begin_ns >= p->end_ns ||
		    o->who.engine_pid != p->who.engine_pid)
			continue;
		for (size_t i = 0; i < p->fetched->layer_count; i++) {
			struct ct_layer *layer = &p->fetched->layers[i];

			layer->shared |= !layer->there && is_fetched(ct_pull_same(p, i, o));
		}
	}
}

/* The first layer of those that were unpacked with no wait for bytes until the end. */
static const struct ct_layer *path_begins(const struct ct_fetched *f)
{
	const struct ct_layer *layer = last_of(f), *other;

	while (layer && (other = before(f, layer)) && ct_layer_done(other) > layer->fetched_ns)
		layer = other;
	return layer;
}

static bool is_whole(const struct ct_fetched *f)
{
	for (size_t i = 0; i < f->layer_count; i++)
		if (!f->layers[i].there && (!f->layers[i].fetched_ns || !f->layers[i].unpacked_ns))
			return false;
	return true;
}

/* Where something was not said of a layer, nobody knows what held it up. */
static void fill_partly(struct ct_record *rec, const struct ct_fetched *f, uint64_t cursor)
{
	uint64_t fetched = all_fetched(f);

	if (fetched > cursor)
		cursor = fill(rec, CT_PHASE_DOWNLOAD, cursor, fetched);
	ct_segments_fill(rec, CT_PHASE_UNKNOWN, cursor, rec->end_ns);
	if (rec->outcome == CT_OUTCOME_OK)
		rec->missing |= 1u << CT_PHASE_UNPACK;
}

static void fill_phases(struct ct_record *rec, const struct ct_fetched *f, bool silent)
{
	uint64_t resolved = resolved_at(f), cursor;
	const struct ct_layer *layer = path_begins(f), *last = last_of(f);

	/* Nobody says of which layers it consists, and it was not all there. */
	if (!resolved && silent &&
	    (rec->outcome == CT_OUTCOME_OK ? !f->up_to_date : f->interrupted)) {
		fill_partly(rec, f, rec->begin_ns);
		return;
	}
	if (!resolved || resolved < rec->begin_ns || resolved > rec->end_ns)
		resolved = rec->end_ns;
	fill(rec, CT_PHASE_RESOLVE, rec->begin_ns, resolved);
	if (resolved == rec->end_ns)
		return;
	if (!is_whole(f) || (silent && !f->layer_count)) {
		fill_partly(rec, f, resolved);
		return;
	}
	cursor = resolved;
	if (layer) {
		cursor = fill(rec, CT_PHASE_DOWNLOAD, cursor, layer->turn_ns);
		cursor = fill(rec, CT_PHASE_UNPACK, cursor, last->unpacked_ns);
	}
	fill(rec, CT_PHASE_REGISTER, cursor, rec->end_ns);
}

struct telling {
	struct ct_record rec;
	const struct ct_layer *layer; /* whose steps they are */
	uint64_t cursor_ns; /* where its last step ends: the next is behind it */
	bool late; /* that was no later than then */
	uint64_t known_ns; /* when the layer before it was known */
	struct ct_step steps[];
};

static uint64_t within(const struct ct_record *rec, uint64_t ns)
{
	ns = later(ns, rec->begin_ns);
	return ns < rec->end_ns ? ns : rec->end_ns;
}

static struct ct_step *put_step(struct telling *t, const char *name, enum ct_phase phase)
{
	struct ct_step *to = &t->steps[t->rec.step_count++];

	*to = (struct ct_step){
		.name = name,
		.actor = "layer",
		.phase = phase,
		.begin_ns = t->cursor_ns,
		.end_ns = t->cursor_ns,
		.pid = t->rec.fetched->client,
		.count = 1,
	};
	ct_text_copy(to->detail, sizeof(to->detail), ct_text(t->layer->id, strlen(t->layer->id)));
	return to;
}

/* A part of the layer's, from where the one before ends. Until 0: nobody has said. */
static void add(struct telling *t, struct ct_step *layer, const char *name, enum ct_phase phase,
		uint64_t until_ns, bool late)
{
	struct ct_step *to = put_step(t, name, phase);

	to->parent = (uint16_t)(layer - t->steps + 1);
	to->depth = 1;
	to->open = !until_ns;
	to->end_ns = later(to->begin_ns, within(&t->rec, until_ns));
	to->begin_late = t->late;
	t->late = to->end_late = layer->end_late = late;
	t->cursor_ns = layer->end_ns = to->end_ns;
}

/*
 * Each layer is a step, and below it is what became of it, one after the other whatever was said in which
 * order.
 */
static void add_layer(struct telling *t, const struct ct_layer *layer)
{
	const struct ct_layer *other = before(t->rec.fetched, layer);
	uint64_t unpacks = layer->turn_ns;
	struct ct_step *whole;

	t->layer = layer;
	t->late = false;
	/* Layers are known in their order. */
	t->cursor_ns = later(t->known_ns, within(&t->rec, layer->known_ns));
	t->known_ns = t->cursor_ns;
	if (layer->there) {
		put_step(t, "layer there", CT_PHASE_RESOLVE);
		return;
	}
	whole = put_step(t, "layer", CT_PHASE_DOWNLOAD);
	whole->open = !layer->unpacked_ns;
	if (layer->waited)
		add(t, whole, "wait for a slot", CT_PHASE_DOWNLOAD, layer->first_ns,
		    layer->first_by == CT_PROVED_BOUND);
	if (layer->link.made_ns > t->cursor_ns)
		add(t, whole, "connect", CT_PHASE_DOWNLOAD, layer->link.made_ns, false);
	if (!layer->waited || layer->first_ns)
		add(t, whole, "download", CT_PHASE_DOWNLOAD, layer->fetched_ns, layer->bounded);
	if (unpacks > layer->fetched_ns)
		add(t, whole,
		    unpacks == all_fetched(t->rec.fetched) ? "wait for all layers"
							   : "wait for the layer before",
		    CT_PHASE_DOWNLOAD, unpacks, other && other->unpacked_by == CT_PROVED_BOUND);
	if (unpacks)
		add(t, whole, "unpack", CT_PHASE_UNPACK, layer->unpacked_ns,
		    layer->unpacked_by == CT_PROVED_BOUND);
	if (layer->registered_ns > layer->unpacked_ns)
		add(t, whole, "register", CT_PHASE_REGISTER, layer->registered_ns, false);
}

static void put_record(struct ct_core *core, struct ct_pull *p, enum ct_outcome outcome)
{
	const struct ct_fetched *f = p->fetched;
	struct telling *t;

	t = calloc(1, sizeof(*t) + f->layer_count * (1 + STEPS_OF_LAYER) * sizeof(t->steps[0]));
	if (!t)
		return;
	ct_scope_owner(core, &p->held.share->scope, &p->who.owner);
	ct_image_registry(p->who.image, p->fetched->registry, sizeof(p->fetched->registry));
	t->rec = (struct ct_record){
		.type = CT_RECORD_PULL,
		.outcome = p->beyond && outcome == CT_OUTCOME_OK ? CT_OUTCOME_CUT : outcome,
		.who = &p->who,
		.begin_ns = p->begin_ns,
		.end_ns = p->end_ns,
		.exit_code = CT_NO_EXIT_CODE,
		.ready = -1,
		.message = p->message,
		.fetched = f,
		.steps = t->steps,
	};
	fill_phases(&t->rec, f, p->silent);
	if (outcome == CT_OUTCOME_FAILED)
		t->rec.failed_phase = t->rec.segments[t->rec.segment_count - 1].phase;
	for (size_t i = 0; i < f->layer_count; i++)
		add_layer(t, &f->layers[i]);
	ct_made_tell(core, &t->rec);
	free(t);
}

static void tell(struct ct_core *core, struct ct_pull *p, enum ct_outcome outcome)
{
	ct_pull_told(core, p);
	if (p->command) {
		ct_tell_command(core, p);
		outcome = p->failed && outcome == CT_OUTCOME_OK ? CT_OUTCOME_FAILED : outcome;
	} else {
		ct_tell_stored(core, p);
	}
	set_sooner(core, p);
	ct_tell_handled(p);
	ct_tell_links(core, p);
	set_turns(p->fetched);
	p->fetched->up_to_date &=
		!last_of(p->fetched); /* who has waited for another's says so too */
	set_shared(core, p);
	put_record(core, p, outcome);
	ct_pull_settle(p);
}

/* What was stored is looked up: that takes as long as events wait in the ring, and some reads. */
#define KNOWN_NS (1000 * CT_NS_PER_MS)

/* Who wanted a container of it gets none. */
static void tell_unmade(struct ct_core *core, struct ct_pull *p)
{
	const struct ct_unmade of = {
		.scope = &p->held.share->scope,
		.engine = p->who.engine_pid,
		.engine_name = p->who.engine,
		.name = p->wanted_name,
		.image = p->who.image,
		.runtime = p->wanted_runtime,
		.message = ct_text(p->message, strlen(p->message)),
		.begin_ns = p->wanted_ns,
		.end_ns = p->refused_ns,
		.pull_begin_ns = p->begin_ns,
		.pull_end_ns = p->awaited ? 0 : p->end_ns,
	};

	p->wanted_ns = 0;
	ct_report_unmade(core, &of);
}

/* Nobody has asked for the image: it stays refused. */
static void tell_awaited(struct ct_core *core, struct ct_pull *p, bool at_once)
{
	if (p->due_ns > core->now && !at_once) {
		ct_made_wait(core, p->due_ns);
		return;
	}
	tell_unmade(core, p);
	ct_pull_drop(core, p);
}

/* Where something was lost, its client may have said what was not heard. */
static enum ct_outcome outcome_of(const struct ct_core *core, const struct ct_pull *p)
{
	if (!p->failed)
		return CT_OUTCOME_OK;
	return p->driven && !p->saved && !p->fetched->interrupted && core->lost_ns >= p->begin_ns
		       ? CT_OUTCOME_CUT
		       : CT_OUTCOME_FAILED;
}

static bool must_wait(struct ct_core *core, struct ct_pull *p)
{
	if (p->command)
		return !ct_command_is_known(p);
	return !ct_stored_is_known(core, p) || ct_stored_ask(core, p);
}

static void tell_or_wait(struct ct_core *core, struct ct_pull *p)
{
	if (p->due_ns > core->now && must_wait(core, p))
		ct_made_wait(core, p->due_ns);
	else
		tell(core, p, outcome_of(core, p));
	if (p->told && p->failed && p->wanted_ns)
		tell_unmade(core, p);
}

void ct_tell_image(struct ct_core *core, const struct ct_fact *fact)
{
	struct ct_pull *p = ct_pull_of(core, fact->about);

	if (!p || p->told)
		return;
	if (fact->kind == CT_FACT_ANSWERED || fact->kind == CT_FACT_REFUSED ||
	    (p->driven && p->end_ns)) {
		ct_pull_due(core, p, p->end_ns + KNOWN_NS);
		tell_or_wait(core, p);
	} else if (fact->kind == CT_FACT_OVER && !p->end_ns) { /* its end was not heard */
		p->end_ns = p->heard_ns;
		p->failed = true;
		tell(core, p, CT_OUTCOME_CUT);
	}
}

void ct_tell_images_known(struct ct_core *core)
{
	struct ct_pull *p, *next;

	if (!ct_pulls_due(core))
		return;
	for (p = ct_pull_untold(core, NULL); p; p = next) {
		next = ct_pull_untold(core, p);
		if (p->awaited)
			tell_awaited(core, p, false);
		else if (p->due_ns && !p->idle)
			tell_or_wait(core, p);
	}
}

void ct_tell_images_due(struct ct_core *core)
{
	ct_tell_images_known(core);
}

void ct_tell_images_left(struct ct_core *core)
{
	struct ct_pull *p, *next;

	for (p = ct_pull_untold(core, NULL); p; p = next) {
		next = ct_pull_untold(core, p);
		if (p->awaited) {
			tell_awaited(core, p, true);
			continue;
		}
		if (p->idle)
			continue;
		if (p->end_ns) {
			tell(core, p, outcome_of(core, p));
			continue;
		}
		p->end_ns = later(p->heard_ns, p->begin_ns);
		p->failed = true;
		tell(core, p, CT_OUTCOME_CUT);
	}
}
