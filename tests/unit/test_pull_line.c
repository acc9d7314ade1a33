// SPDX-License-Identifier: GPL-2.0-only
/* Whether more would have come by the line: pulls are made up by what a line carries, and what is said is held against that. */
#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "stats/pulls.h"
#include "util/mem.h"

#define MS      1000000.0
#define LAYERS  10
#define NEVER   1e9
#define RESOLVE 50.0 /* ms */

/* Times are ms, rates bytes per ms. */
struct world {
	size_t slots;
	double line; /* carries so much */
	double each; /* and each connection so much of it at most */
	double rtt;
	bool unfair; /* every other connection gets half as much of what is shared */
	bool alike; /* all layers are of one size */
	bool shifts; /* who gets less of it changes */
	bool said; /* the engine says each 100 ms how much of each has come */
};

static double size_of(const struct world *w, size_t i)
{
	static const double mb[LAYERS] = { 3.5, 3, 2.5, 2, 1.5, 2, 1, 1.5, 3, 4 };

	return w->alike ? 1e6 : mb[i] * 1e6;
}

#define SAID 200

struct transfer {
	double begin, end, left;
	struct ct_came said[SAID];
	size_t said_count;
};

static bool is_under_way(const struct transfer *t, double now)
{
	return t->begin <= now && t->left > 0;
}

static double weight_of(const struct world *w, size_t i, double now)
{
	if (w->shifts)
		return ((size_t)(now / 1474) + i) % 2 ? 0.01 : 1;
	return w->unfair && i % 2 ? 0.5 : 1;
}

/* What the ith gets; the first round trips bring nothing. */
static double rate_of(const struct world *w, const struct transfer *t, size_t i, double now)
{
	double weights = 0, mine = weight_of(w, i, now);

	for (size_t k = 0; k < LAYERS; k++)
		if (is_under_way(&t[k], now) && now >= t[k].begin + 2 * w->rtt)
			weights += weight_of(w, k, now);
	if (!is_under_way(&t[i], now) || now < t[i].begin + 2 * w->rtt)
		return 0;
	return fmin(w->each, w->line * mine / weights);
}

static void say(const struct world *w, struct transfer *t, double size, double now)
{
	if (w->said && fmod(now - t->begin, 100) < 1 && t->said_count < SAID)
		t->said[t->said_count++] =
			(struct ct_came){ (uint64_t)(now * MS), (uint64_t)(size - t->left) };
}

/* Millisecond by millisecond; the next one has a slot as soon as there is one. */
static void fetch(const struct world *w, struct transfer *t)
{
	size_t next = 0, busy = 0, done = 0;

	for (size_t i = 0; i < LAYERS; i++)
		t[i] = (struct transfer){ .begin = NEVER, .left = size_of(w, i) };
	for (double now = RESOLVE; done < LAYERS; now++) {
		double rates[LAYERS];

		while (busy < w->slots && next < LAYERS) {
			t[next++].begin = now;
			busy++;
		}
		for (size_t i = 0; i < LAYERS; i++)
			rates[i] = rate_of(w, t, i, now);
		for (size_t i = 0; i < LAYERS; i++) {
			if (!is_under_way(&t[i], now))
				continue;
			t[i].left -= rates[i];
			if (t[i].left > 0) {
				say(w, &t[i], size_of(w, i), now + 1);
				continue;
			}
			t[i].end = now + 1;
			busy--;
			done++;
		}
	}
}

static double end_of(const struct transfer *t)
{
	double end = 0;

	for (size_t i = 0; i < LAYERS; i++)
		end = fmax(end, t[i].end);
	return end;
}

static struct ct_fetched *fetched_of(const struct world *w, const struct transfer *t)
{
	struct ct_fetched *f = calloc(1, sizeof(*f) + LAYERS * sizeof(f->layers[0]));
	double done = 0;

	cr_assert(f);
	f->layer_count = LAYERS;
	f->peer_count = 1;
	f->peers[0].asked = LAYERS + 3;
	f->peers[0].received = 1;
	f->peers[0].nearest_ns = (uint64_t)(w->rtt * MS);
	for (size_t i = 0; i < LAYERS; i++) {
		struct ct_layer *layer = &f->layers[i];

		done = fmax(done, t[i].end) + 1;
		layer->size = (uint64_t)size_of(w, i);
		layer->known_ns = (uint64_t)(RESOLVE * MS);
		layer->waited = t[i].begin > RESOLVE;
		layer->first_ns = (uint64_t)(t[i].begin * MS);
		layer->first_by = CT_PROVED_SOCKET;
		layer->fetched_ns = (uint64_t)(t[i].end * MS);
		layer->fetched_by = CT_PROVED_FILE;
		layer->unpacked_ns = (uint64_t)(done * MS);
		for (size_t k = 0; k < t[i].said_count && layer->came_count < CT_CAME_MAX;
		     k += t[i].said_count / CT_CAME_MAX + 1)
			layer->came[layer->came_count++] = t[i].said[k];
	}
	return f;
}

static struct ct_pull_bound bound_of(const struct ct_fetched *f)
{
	const struct ct_layer *last = &f->layers[LAYERS - 1];
	struct ct_record rec = { .type = CT_RECORD_PULL, .fetched = (struct ct_fetched *)f };
	uint64_t resolved = (uint64_t)(RESOLVE * MS);

	rec.end_ns = last->unpacked_ns;
	rec.segments[rec.segment_count++] = (struct ct_segment){ CT_PHASE_RESOLVE, 0, resolved };
	rec.segments[rec.segment_count++] =
		(struct ct_segment){ CT_PHASE_DOWNLOAD, resolved, last->fetched_ns };
	rec.segments[rec.segment_count++] =
		(struct ct_segment){ CT_PHASE_UNPACK, last->fetched_ns, rec.end_ns };
	return ct_pull_bound(&rec);
}

static struct ct_pull_bound said_of(const struct world *w)
{
	struct transfer t[LAYERS];
	struct ct_fetched *f;
	struct ct_pull_bound b;

	fetch(w, t);
	f = fetched_of(w, t);
	b = bound_of(f);
	free(f);
	return b;
}

/* What ten at once gain in truth, and of how much, ms. */
static double gained(struct world w, double *ret_of)
{
	struct transfer t[LAYERS];
	double few;

	fetch(&w, t);
	*ret_of = few = end_of(t);
	w.slots = LAYERS;
	fetch(&w, t);
	return few - end_of(t);
}

Test(pull_line, what_it_was)
{
	static const struct {
		struct world world;
		enum ct_line_why why;
		const char *by;
	} rows[] = {
		/* One connection fills it, two do, and they share it as it comes. */
		{ { .slots = 3, .line = 4e3, .each = NEVER }, CT_LINE_WHY_TOGETHER, "network" },
		{ { .slots = 3, .line = 4e3, .each = 2e3 }, CT_LINE_WHY_TOGETHER, "network" },
		{ { .slots = 3, .line = 4e3, .each = NEVER, .unfair = true },
		  CT_LINE_WHY_TOGETHER,
		  "network" },
		{ { .slots = 3, .line = 4e3, .each = NEVER, .alike = true },
		  CT_LINE_WHY_TOGETHER,
		  "network" },
		{ { .slots = 5, .line = 4e3, .each = NEVER }, CT_LINE_WHY_TOGETHER, "network" },
		{ { .slots = 3, .line = 12e3, .each = NEVER, .rtt = 10 },
		  CT_LINE_WHY_TOGETHER,
		  "network" },
		/* Each connection has a limit, and the line has room for more. */
		{ { .slots = 3, .line = NEVER, .each = 1e3 }, CT_LINE_WHY_EACH, "slots" },
		{ { .slots = 5, .line = 20e3, .each = 1e3, .rtt = 1 },
		  CT_LINE_WHY_EACH,
		  "network" },
		/* The registry is so far away that the line hardly matters. */
		{ { .slots = 1, .line = NEVER, .each = 1e6, .rtt = 140 },
		  CT_LINE_WHY_DISTANCE,
		  "slots" },
		{ { .slots = 3, .line = NEVER, .each = 1e6, .rtt = 140 },
		  CT_LINE_WHY_DISTANCE,
		  "slots" },
		/* One at a time: it may be the one, or the other. */
		{ { .slots = 1, .line = 4e3, .each = NEVER },
		  CT_LINE_WHY_SAME,
		  "slots_or_network" },
		{ { .slots = 1, .line = NEVER, .each = 1e3 },
		  CT_LINE_WHY_SAME,
		  "slots_or_network" },
		{ { .slots = 2, .line = 4e3, .each = NEVER, .alike = true },
		  CT_LINE_WHY_SAME,
		  "slots_or_network" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_pull_bound b = said_of(&rows[i].world);
		double of, truth = gained(rows[i].world, &of), near = 0.04 * of;
		double least = (double)b.unlimited_least / MS, most = (double)b.unlimited / MS;
		struct world said = rows[i].world;

		said.said = true;
		cr_expect_eq(said_of(&said).line.why, rows[i].why, "%zu: %s, said", i,
			     ct_line_why_names[said_of(&said).line.why]);
		cr_expect_eq(b.line.why, rows[i].why, "%zu: %s", i, ct_line_why_names[b.line.why]);
		cr_expect_str_eq(b.by, rows[i].by, "%zu: %s", i, b.by);
		cr_expect(least <= most, "%zu", i);
		/* No gain is claimed that is not there, and none is denied that is. */
		cr_expect(least <= truth + near, "%zu: %.0f is gained, at least %.0f is said", i,
			  truth, least);
		cr_expect(truth <= most + near, "%zu: %.0f is gained, at most %.0f is said", i,
			  truth, most);
		if (b.line.is == CT_LINE_FULL)
			cr_expect(b.slots == 0 && most < 300 && most == least, "%zu: %.0f", i,
				  most);
	}
}

/* How fast each layer came agrees with nothing; how fast all of them did, with one of the two: the engine has said it. */
Test(pull_line, what_is_said_meanwhile_decides)
{
	struct world full = { .slots = 3, .line = 4e3, .each = NEVER, .shifts = true };
	struct world room = { .slots = 3, .line = NEVER, .each = 1e3 };

	cr_expect_eq(said_of(&full).line.why, CT_LINE_WHY_NEITHER);
	full.said = room.said = true;
	cr_expect_eq(said_of(&full).line.why, CT_LINE_WHY_TOGETHER);
	cr_expect_float_eq(said_of(&full).line.rate, 4e6, 1e5);
	cr_expect_eq(said_of(&room).line.why, CT_LINE_WHY_EACH);
	cr_expect_float_eq(said_of(&room).line.rate, 3e6, 1e5);
	room.slots = 1;
	cr_expect_eq(said_of(&room).line.why, CT_LINE_WHY_SAME);
}

/* What was begun anew counts what is left, and where little was said that is nothing to go by. */
Test(pull_line, what_is_said_of_little_decides_nothing)
{
	const struct world full = {
		.slots = 3, .line = 4e3, .each = NEVER, .shifts = true, .said = true
	};
	struct transfer t[LAYERS];
	struct ct_fetched *f;

	fetch(&full, t);
	f = fetched_of(&full, t);
	for (size_t i = 0; i < LAYERS / 2; i++)
		f->layers[i].retries = 1;
	cr_expect_eq(ct_pull_line(f).why, CT_LINE_WHY_NEITHER);
	for (size_t i = 0; i < LAYERS; i++) {
		f->layers[i].retries = 0;
		f->layers[i].came_count = 1;
	}
	cr_expect_eq(ct_pull_line(f).why, CT_LINE_WHY_NEITHER);
	free(f);
}

/* As many as fill it, and no more, are what it carries. */
Test(pull_line, how_wide_it_was)
{
	struct ct_pull_line one =
		said_of(&(struct world){ .slots = 3, .line = 4e3, .each = NEVER }).line;
	struct ct_pull_line two =
		said_of(&(struct world){ .slots = 3, .line = 4e3, .each = 2e3 }).line;
	struct ct_pull_line room =
		said_of(&(struct world){ .slots = 3, .line = NEVER, .each = 1e3 }).line;
	struct ct_pull_line far =
		said_of(&(struct world){ .slots = 1, .line = NEVER, .each = 2e3, .rtt = 30 }).line;

	cr_expect_float_eq(one.rate, 4e6, 1e5, "%.0f", one.rate);
	cr_expect_float_eq(two.rate, 4e6, 3e5, "%.0f", two.rate);
	cr_expect_float_eq(room.rate, 3e6, 1e5, "three of 1 MB/s: %.0f", room.rate);
	cr_expect_eq(room.least, 1);
	cr_expect_eq(room.most, 3);
	cr_expect_geq(far.distance_ns, 60e6, "connecting and asking are no matter of the line");
	cr_expect_float_eq(far.rate, 2e6, 4e5, "%.0f", far.rate);
}

/* A layer whose begin nobody has said has the slot of one that was done; what others fetched is not known. */
Test(pull_line, what_is_not_said)
{
	const struct world full = { .slots = 3, .line = 4e3, .each = NEVER };
	struct transfer t[LAYERS];
	struct ct_fetched *f;
	struct ct_pull_line line;

	fetch(&full, t);
	f = fetched_of(&full, t);
	for (size_t i = 3; i < LAYERS; i++) {
		f->layers[i].first_by = i % 2 ? CT_PROVED_BOUND : CT_PROVED_NONE;
		f->layers[i].first_ns = i % 2 ? f->layers[i].first_ns + 50 * (uint64_t)MS : 0;
	}
	line = ct_pull_line(f);
	cr_expect_eq(line.why, CT_LINE_WHY_TOGETHER);
	cr_expect_float_eq(line.rate, 4e6, 2e5, "%.0f", line.rate);
	f->links_shared = true;
	cr_expect_eq(ct_pull_line(f).why, CT_LINE_WHY_OTHERS);
	cr_expect_eq(ct_pull_line(f).is, CT_LINE_UNKNOWN);
	f->links_shared = false;
	for (size_t i = 0; i < LAYERS; i++)
		f->layers[i].size = 0;
	cr_expect_eq(ct_pull_line(f).why, CT_LINE_WHY_LITTLE);
	cr_expect_eq(bound_of(f).unlimited_least, 0, "of what is not known nothing is promised");
	cr_expect_gt(bound_of(f).unlimited, 0);
	for (size_t i = 0; i < LAYERS; i++)
		f->layers[i].there = true;
	cr_expect_eq(ct_pull_line(f).most, 0);
	free(f);
}

/* Some layers are as fast as the model says, and others are not: nobody knows. */
Test(pull_line, neither)
{
	const struct world full = { .slots = 3, .line = 4e3, .each = NEVER };
	struct transfer t[LAYERS];
	struct ct_fetched *f;

	fetch(&full, t);
	f = fetched_of(&full, t);
	for (size_t i = 0; i < LAYERS; i++)
		f->layers[i].size = i % 3 ? 9000000 : 90000;
	cr_expect_eq(ct_pull_line(f).why, CT_LINE_WHY_NEITHER);
	cr_expect_str_eq(bound_of(f).by, "slots_or_network");
	free(f);
}
