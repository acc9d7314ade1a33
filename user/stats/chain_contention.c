// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a start loses beside others, of the starts and stops that there are: it takes so much longer for each other one that
 * starts beside it, and of each ns beside a stop (from the exit until the engine has removed what was left) a part is lost.
 */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/chains_inside.h"
#include "util/mem.h"

#define LOST_MOST 0.9 /* who is beside a stop gets on, however slowly */
#define SPREAD_NS 1000 /* a clock's: what never varies is not worth more than all else */

/* A start, and how many others were going on meanwhile, at the mean. */
struct beside {
	const struct ct_chain_seen *start;
	uint64_t ns;
	double others;
};

/* By those that were not beside others: what one has lost for each, and how much that tells. */
struct loss {
	const struct ct_chain_seen *start;
	double lost, weight;
};

/* What is alike in what it takes: image and runtime. */
static int by_kind(const struct ct_chain_seen *x, const struct ct_chain_seen *y)
{
	int ret = strcmp(x->image, y->image);

	return ret ? ret : strcmp(x->runtime, y->runtime);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Those that were alone come first, shortest first. */
static int by_kind_and_time(const void *a, const void *b)
{
	const struct beside *x = a, *y = b;
	int ret = by_kind(x->start, y->start);

	if (!ret)
		ret = (x->others > 0) - (y->others > 0);
	return ret ? ret : (x->ns > y->ns) - (x->ns < y->ns);
}

/* They are by source and begin. */
static void set_beside(struct ct_chains *c, struct beside *all)
{
	for (size_t i = 0; i < c->count; i++) {
		const struct ct_chain_seen *s = &c->starts[i];

		all[i].start = s;
		all[i].ns = s->at.ready_ns - s->at.begin_ns;
		for (size_t k = i + 1; k < c->count && c->starts[k].source == s->source &&
				       c->starts[k].at.begin_ns < s->at.ready_ns;
		     k++) {
			const struct ct_chain_start *o = &c->starts[k].at;
			uint64_t until =
				o->ready_ns < s->at.ready_ns ? o->ready_ns : s->at.ready_ns;
			double both = (double)(until - o->begin_ns);

			all[i].others += both / ((double)all[i].ns + 1);
			all[k].others += both / ((double)(o->ready_ns - o->begin_ns) + 1);
		}
	}
	for (size_t i = 0; i < c->count; i++) {
		c->contention.overlapping += all[i].others > 0;
		c->contention.alone += !(all[i].others > 0);
	}
}

static int by_loss(const void *a, const void *b)
{
	const struct loss *x = a, *y = b;

	return (x->lost > y->lost) - (x->lost < y->lost);
}

/* The slope of least absolute deviations: the median of what each has lost, weighted by how much that tells. n above 0. */
static double weighted_median(struct loss *losses, size_t n)
{
	double half = 0, ret = 0;

	for (size_t i = 0; i < n; i++)
		half += losses[i].weight / 2;
	qsort(losses, n, sizeof(*losses), by_loss);
	for (size_t i = 0; i < n && half >= 0; i++) {
		ret = losses[i].lost;
		half -= losses[i].weight;
	}
	return ret;
}

/*
 * Each start that overlaps others by the median of those of the same kind that do not: starts of another image, or under
 * another runtime, take another time anyway.
 */
static int beside_starts(struct ct_chains *c, struct beside *all)
{
	own_mem struct loss *losses = calloc(c->count + 1, sizeof(*losses));
	struct ct_contention *by = &c->contention;
	size_t n = 0, compared = 0;

	if (!losses)
		return -ENOMEM;
	qsort(all, c->count, sizeof(*all), by_kind_and_time);
	for (size_t i = 0, end, alone, median; i < c->count; i = end) {
		for (end = i + 1; end < c->count && !by_kind(all[i].start, all[end].start); end++)
			;
		for (alone = i; alone < end && !(all[alone].others > 0); alone++)
			;
		if (alone - i < CT_CONTENTION_LEAST || end - alone < CT_CONTENTION_LEAST)
			continue;
		median = i + (alone - i - 1) / 2;
		compared += alone - i;
		for (size_t k = alone; k < end; k++) {
			double longer = (double)all[k].ns / ((double)all[median].ns + 1) - 1;

			losses[n++] = (struct loss){ all[k].start, longer / all[k].others,
						     all[k].others };
		}
	}
	if (!n)
		return 0;
	by->told = true;
	by->overlapping = n;
	by->alone = compared;
	by->more = fmax(0, weighted_median(losses, n)); /* nothing gets faster by that */
	return 0;
}

/* Something stops. */
struct stop {
	uint32_t source;
	uint64_t begin_ns, end_ns;
};

static int by_stop(const void *a, const void *b)
{
	const struct stop *x = a, *y = b;

	if (x->source != y->source)
		return x->source < y->source ? -1 : 1;
	return (x->begin_ns > y->begin_ns) - (x->begin_ns < y->begin_ns);
}

/* In order, and none overlaps another: how many that are. */
static size_t set_stops(const struct ct_chains *c, struct stop *stops)
{
	size_t n = 0;

	for (size_t i = 0; i < c->exit_count; i++)
		stops[i] =
			(struct stop){ c->exits[i].source, c->exits[i].at_ns, c->exits[i].gone_ns };
	qsort(stops, c->exit_count, sizeof(*stops), by_stop);
	for (size_t i = 0; i < c->exit_count; i++) {
		struct stop *last = n ? &stops[n - 1] : NULL;

		if (!last || last->source != stops[i].source || last->end_ns < stops[i].begin_ns)
			stops[n++] = stops[i];
		else if (last->end_ns < stops[i].end_ns)
			last->end_ns = stops[i].end_ns;
	}
	return n;
}

/* How much of that time something stops, ns. */
static uint64_t within_stops(const struct stop *stops, size_t n, uint32_t source, uint64_t begin_ns,
			     uint64_t end_ns)
{
	size_t low = 0, high = n;
	uint64_t sum = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (stops[mid].source < source ||
		    (stops[mid].source == source && stops[mid].end_ns <= begin_ns))
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < n && stops[low].source == source && stops[low].begin_ns < end_ns; low++) {
		uint64_t from = stops[low].begin_ns > begin_ns ? stops[low].begin_ns : begin_ns;

		sum += (stops[low].end_ns < end_ns ? stops[low].end_ns : end_ns) - from;
	}
	return sum;
}

/* One phase of one start. */
struct part {
	const struct ct_chain_seen *start;
	enum ct_phase phase;
	uint64_t ns, beside_ns; /* of it: how much of that is beside stops */
};

/* Of a kind and a phase those come first that no stop was beside, shortest first. */
static int by_part(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int ret = by_kind(x->start, y->start);

	if (ret || x->phase != y->phase)
		return ret ? ret : (x->phase > y->phase) - (x->phase < y->phase);
	ret = (x->beside_ns > 0) - (y->beside_ns > 0);
	return ret ? ret : (x->ns > y->ns) - (x->ns < y->ns);
}

static size_t add_parts(const struct ct_chain_seen *s, const struct stop *stops, size_t stop_count,
			struct part *parts)
{
	size_t n = 0;

	for (size_t i = 0; i < s->segment_count; i++) {
		const struct ct_segment *g = &s->segments[i];
		uint64_t end_ns = g->end_ns < s->at.ready_ns ? g->end_ns : s->at.ready_ns;
		size_t at;

		if (end_ns <= g->begin_ns) /* it had exited */
			continue;
		for (at = 0; at < n && parts[at].phase != g->phase; at++)
			;
		if (at == n)
			parts[n++] = (struct part){ s, g->phase, 0, 0 };
		parts[at].ns += end_ns - g->begin_ns;
		parts[at].beside_ns +=
			within_stops(stops, stop_count, s->source, g->begin_ns, end_ns);
	}
	return n;
}

/* How far half of them are from their median, which is that of sorted parts. */
static double spread_of(const struct part *parts, size_t n, uint64_t median, uint64_t *room)
{
	for (size_t i = 0; i < n; i++)
		room[i] = parts[i].ns > median ? parts[i].ns - median : median - parts[i].ns;
	qsort(room, n, sizeof(*room), ascending);
	return (double)ct_sorted_quantile(room, n, 0.5) + SPREAD_NS;
}

static size_t add_losses(const struct part *parts, size_t n, uint64_t *room, struct loss *losses)
{
	size_t count = 0;

	for (size_t i = 0, end, unmoved; i < n; i = end) {
		uint64_t median;
		double spread;

		for (end = i + 1; end < n && parts[end].phase == parts[i].phase &&
				  !by_kind(parts[i].start, parts[end].start);
		     end++)
			;
		for (unmoved = i; unmoved < end && !parts[unmoved].beside_ns; unmoved++)
			;
		if (unmoved - i < CT_CONTENTION_LEAST)
			continue;
		median = parts[i + (unmoved - i - 1) / 2].ns;
		spread = spread_of(&parts[i], unmoved - i, median, room);
		for (size_t k = unmoved; k < end; k++)
			losses[count++] = (struct loss){
				parts[k].start,
				((double)parts[k].ns - (double)median) / (double)parts[k].beside_ns,
				(double)parts[k].beside_ns / spread,
			};
	}
	return count;
}

static int by_start(const void *a, const void *b)
{
	const struct loss *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

/* In units of what such a phase varies by anyway, how long it was beside stops is how much it tells. */
static void weigh(struct ct_contention *by, struct loss *losses, size_t n)
{
	qsort(losses, n, sizeof(*losses), by_start);
	for (size_t i = 0; i < n; i++)
		by->beside_stops += !i || losses[i].start != losses[i - 1].start;
	if (by->beside_stops >= CT_CONTENTION_LEAST)
		by->lost = fmax(0, fmin(LOST_MOST, weighted_median(losses, n)));
}

/* Phase by phase: what a start loses when its create is beside a stop, its own pauses may make good elsewhere. */
static int beside_stops(struct ct_chains *c, const struct beside *all)
{
	own_mem struct stop *stops = calloc(c->exit_count + 1, sizeof(*stops));
	own_mem struct part *parts = NULL;
	own_mem struct loss *losses = NULL;
	own_mem uint64_t *room = NULL;
	size_t stop_count, n = 0;

	for (size_t i = 0; i < c->count; i++)
		n += c->starts[i].segment_count;
	parts = calloc(n + 1, sizeof(*parts));
	losses = calloc(n + 1, sizeof(*losses));
	room = calloc(n + 1, sizeof(*room));
	if (!stops || !parts || !losses || !room)
		return -ENOMEM;
	stop_count = set_stops(c, stops);
	n = 0;
	for (size_t i = 0; i < c->count; i++)
		if (!(all[i].others > 0))
			n += add_parts(all[i].start, stops, stop_count, &parts[n]);
	qsort(parts, n, sizeof(*parts), by_part);
	weigh(&c->contention, losses, add_losses(parts, n, room, losses));
	return 0;
}

int ct_chains_contend(struct ct_chains *c)
{
	own_mem struct beside *all = calloc(c->count + 1, sizeof(*all));
	int ret;

	if (!all)
		return -ENOMEM;
	set_beside(c, all);
	ret = beside_stops(c, all);
	return ret ? ret : beside_starts(c, all);
}
