// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of what dockerd was seen to do was for which layer of a pull. Its lines say when a layer is registered; what that
 * consists of is synced before, when it has been unpacked, and a program that unpacks is executed before that (20.10; 28 does
 * it itself). One pull's layers are unpacked one after the other, so what lies between the layer before and this one's
 * line is this layer's, if it is one and no more: others may be fetched at the same time.
 */
#include "core/book/pulls.h"
#include "core/tell/tell.h"

/* Those that came between these times; the only one, or 0. Where there was no room for all it may be another's. */
static uint64_t only_between(const struct ct_handled *h, uint64_t from_ns, uint64_t until_ns)
{
	uint64_t found = 0;

	if (h->count == CT_WORKS_MAX)
		return 0;
	for (size_t i = 0; i < h->count; i++) {
		if (h->at[i] <= from_ns || h->at[i] > until_ns)
			continue;
		if (found)
			return 0;
		found = h->at[i];
	}
	return found;
}

/* The only one that ran between these times; NULL: none, or several, or nobody knows. */
static const struct ct_work *only_within(const struct ct_works_list *list, uint64_t from_ns,
					 uint64_t until_ns)
{
	const struct ct_work *found = NULL;

	if (list->count == CT_WORKS_MAX)
		return NULL;
	for (size_t i = 0; i < list->count; i++) {
		const struct ct_work *w = &list->at[i];

		if (w->begin_ns <= from_ns || !w->end_ns || w->end_ns > until_ns)
			continue;
		if (found)
			return NULL;
		found = w;
	}
	return found;
}

/* What comes behind its unpacking is told apart from that. */
static void put_end(struct ct_layer *layer, uint64_t synced_ns)
{
	layer->registered_ns = layer->unpacked_ns;
	layer->unpacked_ns = synced_ns;
	layer->unpacked_by = CT_PROVED_FILE;
}

/* All of it was there by then, whenever that was said. */
static void put_begin(struct ct_layer *layer, const struct ct_work *w)
{
	layer->unpacking_ns = w->begin_ns;
	layer->unpacking_by = CT_PROVED_PROCESS;
	if (layer->bounded && layer->fetched_ns > w->begin_ns)
		layer->fetched_ns = w->begin_ns;
}

static void put_worker(const struct ct_pull *p, struct ct_layer *layer,
		       const struct ct_work *unpacks)
{
	if (unpacks) {
		layer->unpacker = unpacks->by;
	} else if (!p->handled->unpacks.count && layer->unpacked_by == CT_PROVED_FILE) {
		/* It was the engine that has closed that file, and it has executed nobody. */
		layer->unpacker.pid = p->who.engine_pid;
		ct_text_copy(layer->unpacker.name, sizeof(layer->unpacker.name),
			     ct_text("dockerd", 7));
	}
}

/* Dockerd says so when it has registered the layer, too: 4 ms behind, and 15 where twenty pulls wait for its disk. */
static void put_bounds(struct ct_fetched *f)
{
	for (size_t i = 0; i < f->layer_count; i++)
		if (f->layers[i].unpacked_by == CT_PROVED_LINE)
			f->layers[i].unpacked_by = CT_PROVED_BOUND;
}

void ct_tell_handled(struct ct_pull *p)
{
	const struct ct_handled *h = p->handled;
	uint64_t before_ns = p->begin_ns;

	for (size_t i = 0; h && h->count && i < p->fetched->layer_count; i++) {
		struct ct_layer *layer = &p->fetched->layers[i];
		const struct ct_work *unpacks, *inflates;
		uint64_t synced_ns;

		if (layer->there || layer->unpacked_by != CT_PROVED_LINE)
			continue;
		synced_ns = only_between(h, before_ns, layer->unpacked_ns);
		if (synced_ns)
			put_end(layer, synced_ns);
		unpacks = only_within(&h->unpacks, before_ns, layer->unpacked_ns);
		inflates = only_within(&h->inflates, before_ns, layer->unpacked_ns);
		if (unpacks || inflates)
			put_begin(layer, unpacks ? unpacks : inflates);
		if (inflates)
			layer->inflater = inflates->by;
		put_worker(p, layer, unpacks);
		before_ns = layer->unpacked_ns;
	}
	put_bounds(p->fetched);
}
