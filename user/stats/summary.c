// SPDX-License-Identifier: GPL-2.0-only
#include "stats/summary.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define GROUPS_MAX (CT_RECORD_MAX * (CT_SUMMARY_RUNTIMES + 1))

struct group {
	struct ct_group pub; /* first: the public pointer is the private one */
	char runtime[64];
	struct ct_step_group *steps[CT_SUMMARY_STEPS + 1];
	size_t step_count;
};

struct ct_summary {
	struct group *groups[GROUPS_MAX];
	size_t count;
};

static void step_free(struct ct_step_group *step)
{
	if (!step)
		return;
	ct_hist_free(step->hist);
	free(step);
}

static void group_free(struct group *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->step_count; i++)
		step_free(g->steps[i]);
	for (size_t i = 0; i < CT_PHASE_MAX; i++)
		ct_hist_free(g->pub.phases[i]);
	ct_hist_free(g->pub.total);
	free(g);
}

struct ct_summary *ct_summary_new(void)
{
	return calloc(1, sizeof(struct ct_summary));
}

void ct_summary_free(struct ct_summary *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		group_free(s->groups[i]);
	free(s);
}

static struct group *group_new(enum ct_record_type type, const char *runtime)
{
	struct group *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->pub.total = ct_hist_new();
	if (!g->pub.total) {
		free(g);
		return NULL;
	}
	g->pub.type = type;
	memcpy(g->runtime, runtime, strnlen(runtime, sizeof(g->runtime) - 1));
	g->pub.runtime = g->runtime;
	return g;
}

static int group_order(const struct group *g, enum ct_record_type type, const char *runtime)
{
	if (g->pub.type != type)
		return g->pub.type < type ? -1 : 1;
	return strcmp(g->runtime, runtime);
}

/* Where the group is, or where it belongs. */
static size_t group_place(const struct ct_summary *s, enum ct_record_type type, const char *runtime)
{
	size_t i = 0;

	while (i < s->count && group_order(s->groups[i], type, runtime) < 0)
		i++;
	return i;
}

static size_t runtimes_of(const struct ct_summary *s, enum ct_record_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->groups[i]->pub.type == type;
	return n;
}

static struct group *group_get(struct ct_summary *s, enum ct_record_type type, const char *runtime)
{
	size_t at = group_place(s, type, runtime);
	struct group *g;

	if (at < s->count && !group_order(s->groups[at], type, runtime))
		return s->groups[at];
	if (runtimes_of(s, type) >= CT_SUMMARY_RUNTIMES) {
		runtime = CT_SUMMARY_REST;
		at = group_place(s, type, runtime);
		if (at < s->count && !group_order(s->groups[at], type, runtime))
			return s->groups[at];
	}
	g = group_new(type, runtime);
	if (!g)
		return NULL;
	memmove(&s->groups[at + 1], &s->groups[at], (s->count - at) * sizeof(s->groups[0]));
	s->groups[at] = g;
	s->count++;
	return g;
}

static struct ct_step_group *step_find(struct group *g, const char *name, enum ct_phase phase)
{
	for (size_t i = 0; i < g->step_count; i++)
		if (g->steps[i]->phase == phase && !strcmp(g->steps[i]->name, name))
			return g->steps[i];
	return NULL;
}

static struct ct_step_group *step_get(struct group *g, const char *name, enum ct_phase phase)
{
	struct ct_step_group *step = step_find(g, name, phase);

	if (step)
		return step;
	if (g->step_count >= CT_SUMMARY_STEPS) {
		name = CT_SUMMARY_REST;
		phase = CT_PHASE_UNKNOWN;
		step = step_find(g, name, phase);
		if (step)
			return step;
	}
	step = calloc(1, sizeof(*step));
	if (!step)
		return NULL;
	step->hist = ct_hist_new();
	if (!step->hist) {
		free(step);
		return NULL;
	}
	step->name = name;
	step->phase = phase;
	g->steps[g->step_count++] = step;
	return step;
}

static bool same_step(const struct ct_step *a, const struct ct_step *b)
{
	return a->phase == b->phase && !strcmp(a->name, b->name);
}

/* The steps of one name add up to one value a record; those without an end have no duration. */
static int add_steps(struct group *g, const struct ct_record *rec)
{
	for (size_t i = 0; i < rec->step_count; i++) {
		const struct ct_step *first = &rec->steps[i];
		struct ct_step_group *step;
		uint64_t ns = 0;
		bool timed = false, repeated = false;

		for (size_t j = 0; j < i && !repeated; j++)
			repeated = same_step(first, &rec->steps[j]);
		if (repeated)
			continue;
		step = step_get(g, first->name, first->phase);
		if (!step)
			return -ENOMEM;
		for (size_t j = i; j < rec->step_count; j++) {
			const struct ct_step *each = &rec->steps[j];

			if (!same_step(first, each))
				continue;
			step->calls += each->count;
			if (each->open || each->end_ns < each->begin_ns)
				continue;
			ns += each->end_ns - each->begin_ns;
			timed = true;
		}
		if (timed)
			ct_hist_add(step->hist, ns);
	}
	return 0;
}

static int add_phases(struct group *g, const struct ct_record *rec)
{
	for (unsigned p = 0; p < CT_PHASE_MAX; p++) {
		struct ct_hist **hist = &g->pub.phases[p];
		uint64_t ns = ct_record_phase_ns(rec, (enum ct_phase)p);

		if (rec->missing >> p & 1) {
			g->pub.unknown[p]++;
			continue;
		}
		if (!(rec->seen >> p & 1) && !ns)
			continue;
		if (!*hist)
			*hist = ct_hist_new();
		if (!*hist)
			return -ENOMEM;
		ct_hist_add(*hist, ns);
	}
	return 0;
}

int ct_summary_add(struct ct_summary *s, const struct ct_record *rec)
{
	struct group *g = group_get(s, rec->type, rec->who->runtime);
	int ret;

	if (!g)
		return -ENOMEM;
	g->pub.count[rec->outcome]++;
	if (rec->outcome != CT_OUTCOME_OK)
		return 0;
	ct_hist_add(g->pub.total, rec->end_ns > rec->begin_ns ? rec->end_ns - rec->begin_ns : 0);
	ret = add_phases(g, rec);
	return ret ? ret : add_steps(g, rec);
}

size_t ct_summary_groups(const struct ct_summary *s)
{
	return s->count;
}

const struct ct_group *ct_summary_group(const struct ct_summary *s, size_t i)
{
	return i < s->count ? &s->groups[i]->pub : NULL;
}

static int longest_first(const void *a, const void *b)
{
	const struct ct_step_group *x = *(struct ct_step_group *const *)a;
	const struct ct_step_group *y = *(struct ct_step_group *const *)b;
	uint64_t mx = ct_hist_quantile(x->hist, 0.5), my = ct_hist_quantile(y->hist, 0.5);

	if (mx != my)
		return mx < my ? 1 : -1;
	if (x->phase != y->phase)
		return x->phase < y->phase ? -1 : 1;
	return strcmp(x->name, y->name);
}

static struct group *own_group(const struct ct_summary *s, const struct ct_group *g)
{
	for (size_t i = 0; i < s->count; i++)
		if (&s->groups[i]->pub == g)
			return s->groups[i];
	return NULL;
}

size_t ct_summary_steps(const struct ct_summary *s, const struct ct_group *g)
{
	struct group *own = own_group(s, g);

	if (!own)
		return 0;
	qsort(own->steps, own->step_count, sizeof(own->steps[0]), longest_first);
	return own->step_count;
}

const struct ct_step_group *ct_summary_step(const struct ct_summary *s, const struct ct_group *g,
					    size_t i)
{
	struct group *own = own_group(s, g);

	return own && i < own->step_count ? own->steps[i] : NULL;
}
