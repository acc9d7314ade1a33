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

#define STEPS_OF_LAYER 4

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
	uint64_t first = 0;

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

/* From where on its unpacking held up the pull: its bytes were there, and it was its turn. */
static uint64_t turn_of(const struct ct_fetched *f, const struct ct_layer *layer)
{
	const struct ct_layer *other = before(f, layer);

	return later(layer->fetched_ns, other ? other->unpacked_ns : 0);
}

/* The first layer of those that were unpacked with no wait for bytes until the end. */
static const struct ct_layer *path_begins(const struct ct_fetched *f)
{
	const struct ct_layer *layer = last_of(f), *other;

	while (layer && (other = before(f, layer)) && other->unpacked_ns > layer->fetched_ns)
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
	uint64_t fetched = 0;

	for (size_t i = 0; i < f->layer_count; i++)
		fetched = later(fetched, f->layers[i].fetched_ns);
	if (fetched > cursor)
		cursor = fill(rec, CT_PHASE_DOWNLOAD, cursor, fetched);
	ct_segments_fill(rec, CT_PHASE_UNKNOWN, cursor, rec->end_ns);
	if (rec->outcome == CT_OUTCOME_OK)
		rec->missing |= 1u << CT_PHASE_UNPACK;
}

static void fill_phases(struct ct_record *rec, const struct ct_fetched *f)
{
	uint64_t resolved = resolved_at(f), cursor;
	const struct ct_layer *layer = path_begins(f), *last = last_of(f);

	if (!resolved || resolved < rec->begin_ns || resolved > rec->end_ns)
		resolved = rec->end_ns;
	fill(rec, CT_PHASE_RESOLVE, rec->begin_ns, resolved);
	if (resolved == rec->end_ns)
		return;
	if (!is_whole(f)) {
		fill_partly(rec, f, resolved);
		return;
	}
	cursor = resolved;
	if (layer) {
		cursor = fill(rec, CT_PHASE_DOWNLOAD, cursor, turn_of(f, layer));
		cursor = fill(rec, CT_PHASE_UNPACK, cursor, last->unpacked_ns);
	}
	fill(rec, CT_PHASE_REGISTER, cursor, rec->end_ns);
}

struct telling {
	struct ct_record rec;
	const struct ct_layer *layer; /* whose steps they are */
	struct ct_step steps[];
};

static void add(struct telling *t, const char *name, enum ct_phase phase, uint64_t begin_ns,
		uint64_t end_ns, size_t parent)
{
	struct ct_step *to = &t->steps[t->rec.step_count++];

	*to = (struct ct_step){
		.name = name,
		.actor = "layer",
		.phase = phase,
		.begin_ns = begin_ns,
		.end_ns = end_ns ? end_ns : begin_ns,
		.pid = t->rec.fetched->client,
		.count = 1,
		.parent = (uint16_t)parent,
		.depth = parent != 0,
		.open = !end_ns,
	};
	ct_text_copy(to->detail, sizeof(to->detail), ct_text(t->layer->id, strlen(t->layer->id)));
}

/* Each layer is a step, and below it what became of it. */
static void add_layer(struct telling *t, const struct ct_layer *layer)
{
	uint64_t fetches = layer->waited ? layer->first_ns : layer->known_ns;
	uint64_t unpacks = layer->fetched_ns ? turn_of(t->rec.fetched, layer) : 0;
	size_t parent = t->rec.step_count + 1;

	t->layer = layer;
	if (layer->there) {
		add(t, "layer there", CT_PHASE_RESOLVE, layer->known_ns, layer->known_ns, 0);
		return;
	}
	add(t, "layer", CT_PHASE_DOWNLOAD, layer->known_ns, layer->unpacked_ns, 0);
	if (layer->waited && fetches)
		add(t, "wait for a slot", CT_PHASE_DOWNLOAD, layer->known_ns, fetches, parent);
	if (fetches)
		add(t, "download", CT_PHASE_DOWNLOAD, fetches, layer->fetched_ns, parent);
	if (unpacks > layer->fetched_ns)
		add(t, "wait for the layer before", CT_PHASE_DOWNLOAD, layer->fetched_ns, unpacks,
		    parent);
	if (unpacks)
		add(t, "unpack", CT_PHASE_UNPACK, unpacks, layer->unpacked_ns, parent);
}

static void tell(struct ct_core *core, struct ct_pull *p, enum ct_outcome outcome)
{
	const struct ct_fetched *f = p->fetched;
	struct telling *t =
		calloc(1, sizeof(*t) + f->layer_count * (1 + STEPS_OF_LAYER) * sizeof(t->steps[0]));

	if (!t)
		return;
	ct_scope_owner(core, &p->held.share->scope, &p->who.owner);
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
	fill_phases(&t->rec, f);
	if (outcome == CT_OUTCOME_FAILED)
		t->rec.failed_phase = t->rec.segments[t->rec.segment_count - 1].phase;
	for (size_t i = 0; i < f->layer_count; i++)
		add_layer(t, &f->layers[i]);
	ct_made_tell(core, &t->rec);
	free(t);
}

void ct_tell_image(struct ct_core *core, const struct ct_fact *fact)
{
	struct ct_pull *p = ct_pull_of(core, fact->about);

	if (!p)
		return;
	if (fact->kind == CT_FACT_ANSWERED || fact->kind == CT_FACT_REFUSED) {
		tell(core, p, p->failed ? CT_OUTCOME_FAILED : CT_OUTCOME_OK);
	} else if (fact->kind == CT_FACT_OVER && !p->end_ns) { /* its end was not heard */
		p->end_ns = p->heard_ns;
		p->failed = true;
		tell(core, p, CT_OUTCOME_CUT);
	}
}

void ct_tell_images_left(struct ct_core *core)
{
	struct ct_pull *p = NULL;

	while ((p = ct_pull_next(core, p))) {
		if (p->end_ns)
			continue;
		p->end_ns = later(p->heard_ns, p->begin_ns);
		p->failed = true;
		tell(core, p, CT_OUTCOME_CUT);
	}
}
