// SPDX-License-Identifier: GPL-2.0-only
/*
 * Layers that share a full line come at its rate divided by how many they are; those that share one with room each come as
 * fast as if alone. So two models say how large a layer should be by how long it took beside how many others, and the
 * one whose answers agree for all of them is what the line was. Between the two: a line that so many connections fill.
 * What is a round trip at the begin of each layer is taken out first: that is no matter of the line.
 */
#include "stats/pulls_line.h"

#include <math.h>
#include <stdlib.h>

#define INITIAL_WINDOW 14480.0 /* bytes: ten segments (RFC 6928) */
#define NS_PER_S       1e9
#define EDGES          512 /* of more the rest is left out: 256 layers are not fetched */
#define FOLLOWED       0.8 /* of the bytes, and of the time: then moments say more than layers */
#define FEW            0.02 /* of the time: so many at once are not said */
#define APART          0.08 /* the models must differ so far, as standard deviation of a logarithm */
#define AGREES         0.2 /* likewise: what a model says agrees */
#define BETTER         0.33 /* of the other's variance */

const char *const ct_line_names[] = {
#define X(symbol, name, doc) name,
	CT_LINES(X)
#undef X
};

const char *const ct_line_why_names[] = {
#define X(symbol, name, is, doc) name,
	CT_LINE_WHYS(X)
#undef X
};

const char *const ct_line_why_docs[] = {
#define X(symbol, name, is, doc) doc,
	CT_LINE_WHYS(X)
#undef X
};

static const enum ct_line follows[] = {
#define X(symbol, name, is, doc) CT_LINE_##is,
	CT_LINE_WHYS(X)
#undef X
};

/* A layer that was fetched; times are s. */
struct sample {
	double begin, end;
	double bytes;
	double moving; /* of its time, without round trips */
	const struct ct_layer *layer; /* borrowed */
	double line; /* rate of the whole line, if the model that is tried is right */
};

struct samples {
	size_t count;
	struct sample *of;
	double edges[EDGES]; /* ascending: between two of them as many are fetched */
	size_t at_once[EDGES];
	double came
		[EDGES]; /* bytes of all of them, between this one and the next; said: by what was said of that */
	size_t edge_count;
};

bool ct_pull_fetched(const struct ct_layer *layer)
{
	return !layer->there && !layer->stored && !layer->shared;
}

uint64_t ct_pull_begun(const struct ct_layer *layer)
{
	return layer->waited && layer->first_ns ? layer->first_ns : layer->known_ns;
}

/*
 * Its engine says that it is fetched behind the fact, or, where that is short, never. What waited for a slot has one when
 * another is done.
 */
static uint64_t slot_at(const struct ct_fetched *f, const struct ct_layer *layer)
{
	uint64_t until = layer->first_ns ? layer->first_ns : layer->fetched_ns, at = 0;

	if (!layer->waited ||
	    (layer->first_by != CT_PROVED_BOUND && layer->first_by != CT_PROVED_NONE))
		return ct_pull_begun(layer);
	for (size_t i = 0; i < f->layer_count; i++) {
		const struct ct_layer *other = &f->layers[i];

		if (other != layer && ct_pull_fetched(other) && other->fetched_ns <= until &&
		    other->fetched_ns < layer->fetched_ns && other->fetched_ns > at)
			at = other->fetched_ns;
	}
	return at > layer->known_ns ? at : ct_pull_begun(layer);
}

/* The side that most has come from. */
static const struct ct_linked_peer *peer_of(const struct ct_fetched *f)
{
	const struct ct_linked_peer *found = NULL;

	for (size_t i = 0; i < f->peer_count; i++)
		if (!found || f->peers[i].received > found->received)
			found = &f->peers[i];
	return found;
}

/* Each layer has a connection of its own, which begins slowly. */
static bool is_anew(const struct ct_linked_peer *peer, size_t layers)
{
	return !peer->open && peer->asked - peer->failed >= layers;
}

/* How long so many bytes take at a rate, if that is reached from a small window that doubles with each round trip. */
static double takes(double bytes, double rate, double rtt)
{
	double window = rate * rtt;

	if (window <= INITIAL_WINDOW)
		return bytes / rate;
	return (log2(window / INITIAL_WINDOW) - 1) * rtt + (bytes + INITIAL_WINDOW) / rate;
}

/* The part of its time in which bytes came as fast as they could: what is left without round trips. */
static double moving(double bytes, double took, double rtt, bool anew)
{
	double low = bytes / took, high;

	took -= anew ? 2 * rtt : rtt; /* connecting and asking */
	if (!anew || rtt <= 0 || took <= 0)
		return took;
	/* As fast as it can be in so many bytes: beyond that it would still begin. */
	high = M_LN2 * (bytes + INITIAL_WINDOW) / rtt;
	for (int i = 0; i < 40 && low < high; i++) {
		double rate = (low + high) / 2;

		if (takes(bytes, rate, rtt) > took)
			low = rate;
		else
			high = rate;
	}
	return bytes / high < took ? bytes / high : took;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static bool is_at(const struct sample *s, double at)
{
	return s->begin <= at && at < s->end;
}

static void set_edges(struct samples *all)
{
	for (size_t i = 0; i < all->count && all->edge_count + 2 <= EDGES; i++) {
		all->edges[all->edge_count++] = all->of[i].begin;
		all->edges[all->edge_count++] = all->of[i].end;
	}
	qsort(all->edges, all->edge_count, sizeof(all->edges[0]), by_value);
	for (size_t e = 0; e + 1 < all->edge_count; e++)
		for (size_t i = 0; i < all->count; i++)
			all->at_once[e] += is_at(&all->of[i], all->edges[e]);
}

/* Between two edges; 0 beyond the last. */
static double width(const struct samples *all, size_t e)
{
	return e + 1 < all->edge_count ? all->edges[e + 1] - all->edges[e] : 0;
}

/* How many were fetched at once, but for what was so for a moment alone. */
static void set_at_once(const struct samples *all, struct ct_pull_line *line)
{
	double whole = 0;

	for (size_t e = 0; e < all->edge_count; e++)
		whole += all->at_once[e] ? width(all, e) : 0;
	for (size_t n = 1; n <= all->count; n++) {
		double took = 0;

		for (size_t e = 0; e < all->edge_count; e++)
			took += all->at_once[e] == n ? width(all, e) : 0;
		if (took <= FEW * whole)
			continue;
		line->least = line->least ? line->least : n;
		line->most = n;
	}
}

/* A layer's share of a line that so many connections fill, times how long it had that. */
static double share(const struct samples *all, const struct sample *s, size_t fill)
{
	double sum = 0;

	for (size_t e = 0; e < all->edge_count; e++)
		if (is_at(s, all->edges[e]))
			sum += width(all, e) /
			       (double)(all->at_once[e] > fill ? all->at_once[e] : fill);
	return sum * s->moving / (s->end - s->begin);
}

struct fit {
	double rate; /* of the whole line */
	double variance; /* of the logarithms of what each layer says of that */
};
typedef struct fit (*fit_fn)(struct samples *all, size_t fill);

/*
 * What each layer says of the whole line differs, as connections never share one evenly. Those that are fetched at the
 * same time make up for each other: so it is asked of each moment, not of each layer.
 */
static struct fit fit(struct samples *all, size_t fill)
{
	double bytes = 0, shares = 0, weight = 0, mean = 0, sum = 0;

	for (size_t i = 0; i < all->count; i++) {
		double of = share(all, &all->of[i], fill);

		all->of[i].line = all->of[i].bytes / of;
		bytes += all->of[i].bytes;
		shares += of;
	}
	for (size_t e = 0; e + 1 < all->edge_count; e++) {
		double n = (double)all->at_once[e], rate = 0, w, before = weight;

		if (!all->at_once[e] || width(all, e) <= 0)
			continue;
		for (size_t i = 0; i < all->count; i++)
			rate += is_at(&all->of[i], all->edges[e]) ? all->of[i].line / n : 0;
		w = width(all, e);
		rate = log(rate);
		weight += w; /* mean and variance, one after the other */
		sum += w * before / weight * (rate - mean) * (rate - mean);
		mean += w / weight * (rate - mean);
	}
	return (struct fit){ .rate = bytes / shares, .variance = sum / weight };
}

/*
 * What an engine says while it fetches a layer tells how much of all layers has come while so many were fetched: more than
 * what each took altogether. Round trips are in it: it is asked where there is little of them, and enough was said.
 */
static bool is_followed(const struct samples *all)
{
	double bytes = 0, said = 0, took = 0, moving_s = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct sample *s = &all->of[i];

		bytes += s->bytes;
		if (s->layer->came_count >= 2 && !s->layer->retries)
			said += s->bytes;
		took += s->end - s->begin;
		moving_s += s->moving;
	}
	return said >= FOLLOWED * bytes && moving_s >= FOLLOWED * took;
}

/* Bytes of a layer that had come by then: between two times of which that is known as fast as ever. */
static double came_by(const struct sample *s, double at)
{
	double from = s->begin, bytes = 0;

	if (at <= from)
		return 0;
	for (size_t i = 0; i <= s->layer->came_count; i++) {
		bool last = i == s->layer->came_count || s->layer->retries;
		double to = last ? s->end : (double)s->layer->came[i].ns / NS_PER_S;
		double then = last ? s->bytes : (double)s->layer->came[i].bytes;

		if (to > from && to <= s->end && then >= bytes) {
			if (at <= to)
				return bytes + (then - bytes) * (at - from) / (to - from);
			from = to;
			bytes = then;
		}
		if (last)
			break;
	}
	return s->bytes;
}

static void set_came(struct samples *all)
{
	for (size_t e = 0; e + 1 < all->edge_count; e++)
		for (size_t i = 0; i < all->count; i++)
			all->came[e] += came_by(&all->of[i], all->edges[e + 1]) -
					came_by(&all->of[i], all->edges[e]);
}

/* What each number of layers at once says of the whole line, but for what was so for a moment alone. */
static struct fit fit_moments(struct samples *all, size_t fill)
{
	double whole = 0, weight = 0, mean = 0, sum = 0;

	for (size_t e = 0; e < all->edge_count; e++)
		whole += all->at_once[e] ? width(all, e) : 0;
	for (size_t n = 1; n <= all->count; n++) {
		double bytes = 0, w = 0, before = weight, rate;

		for (size_t e = 0; e + 1 < all->edge_count; e++) {
			bytes += all->at_once[e] == n ? all->came[e] : 0;
			w += all->at_once[e] == n ? width(all, e) : 0;
		}
		if (w <= FEW * whole || bytes <= 0)
			continue;
		rate = log(bytes / w * (double)(n > fill ? n : fill) / (double)n);
		weight += w; /* mean and variance, one after the other */
		sum += w * before / weight * (rate - mean) * (rate - mean);
		mean += w / weight * (rate - mean);
	}
	return (struct fit){ .rate = exp(mean), .variance = weight > 0 ? sum / weight : 0 };
}

/* How far the two models are apart: not at all, if as many were fetched at once all the time. */
static double apart(const struct samples *all, size_t most)
{
	double bytes = 0, mean = 0, sum = 0;

	for (size_t i = 0; i < all->count; i++) {
		const struct sample *s = &all->of[i];
		double of = log(share(all, s, 1) / share(all, s, most)), before = bytes;

		bytes += s->bytes;
		sum += s->bytes * before / bytes * (of - mean) * (of - mean);
		mean += s->bytes / bytes * (of - mean);
	}
	return sqrt(sum / bytes);
}

static bool is_distance(const struct samples *all)
{
	double took = 0, moving_s = 0;

	for (size_t i = 0; i < all->count; i++) {
		took += all->of[i].end - all->of[i].begin;
		moving_s += all->of[i].moving;
	}
	return moving_s < took / 2;
}

/* As far as some of them fill it; beyond half of what was seen nobody can say. */
static struct fit best_fit(struct samples *all, size_t most, fit_fn fit_by)
{
	struct fit best = fit_by(all, 1);

	for (size_t fill = 2; fill <= (most + 1) / 2; fill++) {
		struct fit of = fit_by(all, fill);

		if (of.variance < best.variance)
			best = of;
	}
	return best;
}

static enum ct_line_why why_of(struct samples *all, struct ct_pull_line *line)
{
	fit_fn fit_by = is_followed(all) ? fit_moments : fit;
	struct fit each = fit_by(all, line->most), together;
	double differ = apart(all, line->most);

	line->rate = each.rate;
	if (is_distance(all))
		return CT_LINE_WHY_DISTANCE;
	if (differ < APART)
		return CT_LINE_WHY_SAME;
	together = best_fit(all, line->most, fit_by);
	if (together.variance < BETTER * each.variance && together.variance < AGREES * AGREES) {
		line->rate = together.rate;
		return CT_LINE_WHY_TOGETHER;
	}
	if (each.variance < BETTER * together.variance && each.variance < AGREES * AGREES)
		return CT_LINE_WHY_EACH;
	return CT_LINE_WHY_NEITHER;
}

static void add(struct samples *all, const struct ct_fetched *f, const struct ct_layer *layer,
		double rtt, bool anew)
{
	uint64_t begin = slot_at(f, layer);
	struct sample s = { .layer = layer,
			    .begin = (double)begin / NS_PER_S,
			    .end = (double)layer->fetched_ns / NS_PER_S,
			    .bytes = (double)layer->size };

	if (!layer->size || !begin || layer->fetched_ns <= begin)
		return;
	s.moving = moving(s.bytes, s.end - s.begin, rtt, anew);
	if (s.moving > 0)
		all->of[all->count++] = s;
}

static void read_samples(struct samples *all, const struct ct_fetched *f)
{
	const struct ct_linked_peer *peer = peer_of(f);
	size_t layers = 0;

	for (size_t i = 0; i < f->layer_count; i++)
		layers += ct_pull_fetched(&f->layers[i]);
	for (size_t i = 0; i < f->layer_count; i++)
		if (ct_pull_fetched(&f->layers[i]))
			add(all, f, &f->layers[i], peer ? (double)peer->nearest_ns / NS_PER_S : 0,
			    peer && is_anew(peer, layers));
	set_edges(all);
	set_came(all);
}

struct ct_pull_line ct_pull_line(const struct ct_fetched *f)
{
	struct ct_pull_line line = { .why = CT_LINE_WHY_LITTLE };
	struct samples *all = calloc(1, sizeof(*all));
	double lost = 0;

	if (all)
		all->of = calloc(f->layer_count + 1, sizeof(all->of[0]));
	if (all && all->of) {
		read_samples(all, f);
		set_at_once(all, &line);
		if (all->count > 1 && line.most)
			line.why = why_of(all, &line);
		for (size_t i = 0; i < all->count; i++)
			lost += all->of[i].end - all->of[i].begin - all->of[i].moving;
		if (all->count)
			line.distance_ns = (uint64_t)(lost * NS_PER_S / (double)all->count);
		free(all->of);
	}
	free(all);
	if (f->links_shared)
		line.why = CT_LINE_WHY_OTHERS;
	line.is = follows[line.why];
	return line;
}
