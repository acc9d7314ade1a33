// SPDX-License-Identifier: GPL-2.0-only
#include "stats/pulls.h"

#include <string.h>

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t since(uint64_t from, uint64_t to)
{
	return to > from ? to - from : 0;
}

static bool is_whole(const struct ct_layer *layer)
{
	return layer->there || (layer->fetched_ns && layer->unpacked_ns);
}

/* When its unpacking began: its bytes were there, and so was the layer before it. */
static uint64_t turn(const struct ct_layer *layer, uint64_t before)
{
	return layer->turn_ns ? layer->turn_ns : later(layer->fetched_ns, before);
}

/* How long any layer is being fetched (first), unpacked (second), or both at once. */
static void sweep(const struct ct_fetched *f, uint64_t ret[3])
{
	uint64_t at = 0, next;

	memset(ret, 0, 3 * sizeof(*ret));
	for (;; at = next) {
		bool fetches = false, unpacks = false;
		uint64_t before = 0;

		next = UINT64_MAX;
		for (size_t i = 0; i < f->layer_count; i++) {
			const struct ct_layer *layer = &f->layers[i];
			const uint64_t edges[] = { ct_pull_begun(layer), layer->fetched_ns,
						   turn(layer, before), layer->unpacked_ns };

			if (layer->there)
				continue;
			for (size_t k = 0; k < sizeof(edges) / sizeof(edges[0]); k++)
				if (edges[k] > at && edges[k] < next)
					next = edges[k];
			fetches |= !layer->stored && edges[0] <= at && at < edges[1];
			unpacks |= edges[2] <= at && at < edges[3];
			before = later(before, ct_layer_done(layer));
		}
		if (next == UINT64_MAX)
			return;
		ret[0] += fetches ? next - at : 0;
		ret[1] += unpacks ? next - at : 0;
		ret[2] += fetches && unpacks ? next - at : 0;
	}
}

/* An engine's line comes 0.5 ms behind the fact, 4 at most: the next layer may be begun by then, in its place. */
#define LINE_NS 4000000

static bool fetches_at(const struct ct_layer *layer, uint64_t ns)
{
	bool said = layer->fetched_by == CT_PROVED_LINE || layer->fetched_by == CT_PROVED_BOUND;
	uint64_t begin = ct_pull_begun(layer);
	uint64_t end = later(begin + 1, layer->fetched_ns - (said ? LINE_NS : 0));

	return !layer->there && !layer->stored && layer->fetched_ns && begin <= ns && ns < end;
}

size_t ct_pull_at_once(const struct ct_fetched *f, uint64_t from_ns, uint64_t until_ns)
{
	size_t most = 0;

	for (size_t i = 0; i < f->layer_count; i++) {
		uint64_t at = later(from_ns, ct_pull_begun(&f->layers[i]));
		size_t n = 0;

		if (at >= until_ns || !fetches_at(&f->layers[i], at))
			continue;
		for (size_t k = 0; k < f->layer_count; k++)
			n += fetches_at(&f->layers[k], at);
		most = n > most ? n : most;
	}
	return most;
}

bool ct_pull_is_bound(const struct ct_record *rec, uint64_t ns)
{
	for (size_t i = 0; rec->fetched && i < rec->step_count; i++)
		if (rec->steps[i].end_late && rec->steps[i].end_ns == ns)
			return true;
	return false;
}

/* What is supposed. */
struct if_so {
	bool unlimited; /* no layer waits for a slot */
	bool parallel; /* none waits for the layer before it */
	const struct ct_pull_line
		*line; /* that carries no more than it did; NULL: whatever comes */
};

/* Sooner than that its bytes, and those of the layers before it, cannot come by the line. */
static uint64_t carried(const struct ct_fetched *f, const struct ct_layer *until,
			const struct ct_pull_line *line)
{
	uint64_t bytes = 0, from = 0;

	for (const struct ct_layer *layer = f->layers; layer <= until; layer++) {
		if (!ct_pull_fetched(layer))
			continue;
		bytes += layer->size;
		from = from && from < layer->known_ns ? from : layer->known_ns;
	}
	return from + line->distance_ns + (uint64_t)((double)bytes * 1e9 / line->rate);
}

static uint64_t fetched_if(const struct ct_fetched *f, const struct ct_layer *layer,
			   const struct if_so *so)
{
	uint64_t fetched = layer->fetched_ns;

	if (!so->unlimited)
		return fetched;
	fetched -= since(layer->known_ns, ct_pull_begun(layer));
	if (so->line && ct_pull_fetched(layer))
		fetched = later(fetched, carried(f, layer, so->line));
	return fetched < layer->fetched_ns ? fetched : layer->fetched_ns;
}

/* When all were there, if its client has none unpacked before: then the first has waited, too. Else 0. */
static uint64_t all_if(const struct ct_fetched *f, const struct if_so *so)
{
	const struct ct_layer *first = NULL;
	uint64_t all = 0;

	for (size_t i = 0; i < f->layer_count; i++) {
		const struct ct_layer *layer = &f->layers[i];

		if (layer->there)
			continue;
		first = first ? first : layer;
		all = later(all, fetched_if(f, layer, so));
	}
	return first && first->turn_ns > first->fetched_ns ? all : 0;
}

/* Less by so much, when the last layer would have been unpacked. */
static uint64_t gain_if(const struct ct_fetched *f, struct if_so so)
{
	uint64_t end = 0, before = 0, all = all_if(f, &so);

	for (size_t i = 0; i < f->layer_count; i++) {
		const struct ct_layer *layer = &f->layers[i];
		uint64_t fetched = later(all, fetched_if(f, layer, &so)), took = 0;

		if (layer->there)
			continue;
		took = since(turn(layer, before), ct_layer_done(layer));
		before = later(before, ct_layer_done(layer));
		end = so.parallel ? later(end, fetched + took) : later(end, fetched) + took;
	}
	return since(end, before);
}

/* The layer whose bytes the others waited for last: from then on it was unpacking alone. */
static const struct ct_layer *last_awaited(const struct ct_fetched *f)
{
	const struct ct_layer *found = NULL;
	uint64_t before = 0;

	for (size_t i = 0; i < f->layer_count; i++) {
		const struct ct_layer *layer = &f->layers[i];

		if (layer->there)
			continue;
		if (!found || layer->fetched_ns >= before)
			found = layer;
		before = later(before, ct_layer_done(layer));
	}
	return found;
}

/* Of the engine's limit alone nobody knows whether it held anything up. Columns: by what it was, what that means. */
static const struct {
	const char *by, *what;
} slots_by[CT_LINE_MAX] = {
	[CT_LINE_UNKNOWN] = { "slots_or_network",
			      "the engine's limit of downloads at once, or the network: nobody "
			      "knows which" },
	[CT_LINE_ROOM] = { "slots", "the engine's limit of downloads at once" },
	[CT_LINE_FULL] = { "network", "the network, or the registry" }, /* slots are 0 then */
};

static void name_it(struct ct_pull_bound *b)
{
	const struct {
		const char *by, *what;
		uint64_t ns;
	} rows[] = {
		{ "registry", "the registry: what the image consists of", b->resolve },
		{ "network", "the network, or the registry", b->network },
		{ slots_by[b->line.is].by, slots_by[b->line.is].what, b->slots },
		{ "unpack", "unpacking: one core that inflates, or the disk", b->unpack },
		{ "register", "the engine, which registers the image", b->finish },
	};
	uint64_t most = 0;

	b->by = b->what = "nothing";
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (rows[i].ns <= most)
			continue;
		most = rows[i].ns;
		b->by = rows[i].by;
		b->what = rows[i].what;
	}
}

/*
 * By a line that is full nothing comes sooner: who waits for a slot waits for that. Of one that nothing is known of nobody
 * knows that it would carry more.
 */
static void set_gains(struct ct_pull_bound *b, const struct ct_fetched *f)
{
	bool full, known;

	b->line = ct_pull_line(f);
	full = b->line.is == CT_LINE_FULL;
	known = b->line.rate > 0;
	b->parallel = gain_if(f, (struct if_so){ false, true, NULL });
	b->unlimited_least = known ? gain_if(f, (struct if_so){ true, false, &b->line }) : 0;
	b->unlimited = full ? b->unlimited_least : gain_if(f, (struct if_so){ true, false, NULL });
	b->both_least = known ? gain_if(f, (struct if_so){ true, true, &b->line }) : b->parallel;
	b->both = full ? b->both_least : gain_if(f, (struct if_so){ true, true, NULL });
	b->network += full ? b->slots : 0;
	b->slots = full ? 0 : b->slots;
}

struct ct_pull_bound ct_pull_bound(const struct ct_record *rec)
{
	const struct ct_fetched *f = rec->fetched;
	const struct ct_layer *awaited = last_awaited(f);
	struct ct_pull_bound b = {
		.whole = rec->outcome == CT_OUTCOME_OK && !rec->missing,
		.resolve = ct_record_phase_ns(rec, CT_PHASE_RESOLVE),
		.network = ct_record_phase_ns(rec, CT_PHASE_DOWNLOAD),
		.unpack = ct_record_phase_ns(rec, CT_PHASE_UNPACK),
		.finish = ct_record_phase_ns(rec, CT_PHASE_REGISTER),
		.layers = f->layer_count,
	};
	uint64_t sums[3];

	for (size_t i = 0; i < f->layer_count; i++) {
		b.there += f->layers[i].there;
		b.retries += f->layers[i].retries;
		b.bytes += ct_pull_fetched(&f->layers[i]) ? f->layers[i].size : 0;
		b.whole &= is_whole(&f->layers[i]);
	}
	if (awaited && b.whole) {
		b.slots = since(awaited->known_ns, ct_pull_begun(awaited));
		b.slots = b.slots < b.network ? b.slots : b.network;
		b.network -= b.slots;
		sweep(f, sums);
		b.fetching = sums[0];
		b.inflating = sums[1];
		b.overlap = sums[2];
		set_gains(&b, f);
	}
	name_it(&b);
	return b;
}

struct ct_pull_links ct_pull_links(const struct ct_fetched *f)
{
	const struct ct_peer *first = f->peer_count && !f->peers_beyond ? &f->peers[0].peer : NULL;
	struct ct_pull_links links = { .peer = first,
				       .host = first && first->named ? first->host : NULL };

	for (size_t i = 0; i < f->peer_count; i++) {
		const struct ct_linked_peer *of = &f->peers[i];

		if (links.peer && !ct_same_place(links.peer, &of->peer))
			links.peer = NULL;
		if (links.host && strcmp(links.host, of->peer.host) != 0)
			links.host = NULL;
		links.asked += of->asked;
		links.failed += of->failed;
		links.open += of->open;
		links.received += of->received;
		links.resent += of->resent;
	}
	return links;
}
