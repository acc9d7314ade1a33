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

/* A start, or a phase of one, and what was beside it: how many starts at the mean, or stops for how many ns. */
struct part {
	const struct ct_chain_seen *start;
	enum ct_phase phase;
	uint64_t ns;
	double beside;
};

/* By those that nothing was beside: what it has lost for each, and how much that tells. */
struct loss {
	const struct ct_chain_seen *start;
	double lost, weight;
};

struct losses {
	struct loss *each; /* owned */
	size_t count;
	size_t alone; /* parts that they were compared with */
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

/* Of a kind and a phase those come first that nothing was beside, shortest first. */
static int by_part(const void *a, const void *b)
{
	const struct part *x = a, *y = b;
	int ret = by_kind(x->start, y->start);

	if (ret || x->phase != y->phase)
		return ret ? ret : (x->phase > y->phase) - (x->phase < y->phase);
	ret = (x->beside > 0) - (y->beside > 0);
	return ret ? ret : (x->ns > y->ns) - (x->ns < y->ns);
}

/* They are by source and begin. */
static void set_starts(struct ct_chains *c, struct part *all)
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

			all[i].beside += both / ((double)all[i].ns + 1);
			all[k].beside += both / ((double)(o->ready_ns - o->begin_ns) + 1);
		}
	}
	for (size_t i = 0; i < c->count; i++) {
		c->contention.overlapping += all[i].beside > 0;
		c->contention.alone += !(all[i].beside > 0);
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

/* How far half of them are from their median, which is that of sorted parts. */
static double spread_of(const struct part *parts, size_t n, uint64_t median, uint64_t *room)
{
	for (size_t i = 0; i < n; i++)
		room[i] = parts[i].ns > median ? parts[i].ns - median : median - parts[i].ns;
	qsort(room, n, sizeof(*room), ascending);
	return (double)ct_sorted_quantile(room, n, 0.5) + SPREAD_NS;
}

/*
 * Each part that something was beside, by the median of those of the same kind and phase that nothing was: what is of another
 * image, or under another runtime, takes another time anyway. It tells the more the longer something was beside it, in
 * units of what such a part varies by. share: of the median is lost, not of the time that something was beside.
 */
static int set_losses(struct part *parts, size_t n, bool share, struct losses *ret)
{
	own_mem uint64_t *room = calloc(n + 1, sizeof(*room));

	ret->each = calloc(n + 1, sizeof(*ret->each));
	if (!room || !ret->each)
		return -ENOMEM;
	qsort(parts, n, sizeof(*parts), by_part);
	for (size_t i = 0, end, alone, middle; i < n; i = end) {
		double median, spread;

		for (end = i + 1; end < n && parts[end].phase == parts[i].phase &&
				  !by_kind(parts[i].start, parts[end].start);
		     end++)
			;
		for (alone = i; alone < end && !(parts[alone].beside > 0); alone++)
			;
		if (alone - i < CT_CONTENTION_LEAST || end - alone < CT_CONTENTION_LEAST)
			continue;
		ret->alone += alone - i;
		middle = i + (alone - i - 1) / 2;
		median = (double)parts[middle].ns;
		spread = spread_of(&parts[i], alone - i, (uint64_t)median, room);
		for (size_t k = alone; k < end; k++) {
			double beside = parts[k].beside * (share ? median + 1 : 1);

			ret->each[ret->count++] = (struct loss){
				parts[k].start,
				((double)parts[k].ns - median) / beside,
				beside / spread,
			};
		}
	}
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

/* Its phases, and how long stops were beside each. */
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
			parts[n++] = (struct part){ .start = s, .phase = g->phase };
		parts[at].ns += end_ns - g->begin_ns;
		parts[at].beside +=
			(double)within_stops(stops, stop_count, s->source, g->begin_ns, end_ns);
	}
	return n;
}

static int by_start(const void *a, const void *b)
{
	const struct loss *x = a, *y = b;

	return (x->start > y->start) - (x->start < y->start);
}

static void tell_stops(struct ct_contention *by, struct losses *losses)
{
	qsort(losses->each, losses->count, sizeof(*losses->each), by_start);
	for (size_t i = 0; i < losses->count; i++)
		by->beside_stops += !i || losses->each[i].start != losses->each[i - 1].start;
	if (losses->count)
		by->lost = fmax(0, fmin(LOST_MOST, weighted_median(losses->each, losses->count)));
}

/* Phase by phase: what a start loses when its create is beside a stop, its own pauses may make good elsewhere. */
static int beside_stops(struct ct_chains *c, const struct part *all)
{
	own_mem struct stop *stops = calloc(c->exit_count + 1, sizeof(*stops));
	own_mem struct part *parts = NULL;
	struct losses losses = { 0 };
	size_t stop_count, n = 0;
	int ret;

	for (size_t i = 0; i < c->count; i++)
		n += c->starts[i].segment_count;
	parts = calloc(n + 1, sizeof(*parts));
	if (!stops || !parts)
		return -ENOMEM;
	stop_count = set_stops(c, stops);
	n = 0;
	for (size_t i = 0; i < c->count; i++)
		if (!(all[i].beside > 0))
			n += add_parts(all[i].start, stops, stop_count, &parts[n]);
	ret = set_losses(parts, n, false, &losses);
	if (!ret)
		tell_stops(&c->contention, &losses);
	free(losses.each);
	return ret;
}

static int beside_starts(struct ct_chains *c, struct part *all)
{
	struct ct_contention *by = &c->contention;
	struct losses losses = { 0 };
	int ret = set_losses(all, c->count, true, &losses);

	if (!ret && losses.count) {
		by->told = true;
		by->overlapping = losses.count;
		by->alone = losses.alone;
		/* Nothing gets faster by that. */
		by->more = fmax(0, weighted_median(losses.each, losses.count));
	}
	free(losses.each);
	return ret;
}

int ct_chains_contend(struct ct_chains *c)
{
	own_mem struct part *all = calloc(c->count + 1, sizeof(*all));
	int ret;

	if (!all)
		return -ENOMEM;
	set_starts(c, all);
	ret = beside_stops(c, all);
	return ret ? ret : beside_starts(c, all);
}
