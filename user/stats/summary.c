// SPDX-License-Identifier: GPL-2.0-only
#include "stats/summary.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stats/measure.h"
#include "util/mem.h"

#define GROUPS_MAX (CT_RECORD_MAX * (CT_SUMMARY_RUNTIMES + 1))

struct group {
	struct ct_group pub; /* first: the public pointer is the private one */
	char key[CT_BY_KEY_LEN];
	struct ct_step_group *steps[CT_SUMMARY_STEPS + 1];
	size_t step_count;
};

struct ct_summary {
	enum ct_by by;
	struct group *groups[GROUPS_MAX];
	size_t count;
	struct ct_opens_list opens;
	struct ct_summary *opens_of; /* borrowed; NULL: its own */
	struct ct_causes *causes; /* owned */
	uint64_t unknown[CT_PHASE_MAX];
};

const char *const ct_by_names[CT_BY_MAX] = {
#define X(symbol, name) [CT_BY_##symbol] = name,
	CT_BYS(X)
#undef X
};

const char *ct_by_key(enum ct_by by, const struct ct_record *rec)
{
	bool image =
		ct_record_subjects[rec->type] == CT_SUBJECT_IMAGE; /* no runtime has a part in it */
	const char *const keys[CT_BY_MAX] = {
		[CT_BY_RUNTIME] = image ? rec->who->engine : rec->who->runtime,
		[CT_BY_ENGINE] = rec->who->engine,
		[CT_BY_IMAGE] = rec->who->image,
		[CT_BY_CONTAINER] = *rec->who->name ? rec->who->name : rec->who->id,
		[CT_BY_NODE] = rec->node,
		[CT_BY_POD] = rec->who->pod,
		[CT_BY_NAMESPACE] = rec->who->pod_ns,
		[CT_BY_PROJECT] = rec->who->project,
		[CT_BY_REGISTRY] = rec->fetched ? rec->fetched->registry : "",
	};

	return keys[by];
}

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

struct ct_summary *ct_summary_new_by(enum ct_by by)
{
	struct ct_summary *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->by = by;
	s->causes = ct_causes_new();
	if (s->causes)
		return s;
	free(s);
	return NULL;
}

enum ct_by ct_summary_by(const struct ct_summary *s)
{
	return s->by;
}

struct ct_summary *ct_summary_new(void)
{
	return ct_summary_new_by(CT_BY_RUNTIME);
}

void ct_summary_free(struct ct_summary *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->count; i++)
		group_free(s->groups[i]);
	ct_opens_list_clear(&s->opens);
	ct_causes_free(s->causes);
	free(s);
}

struct ct_causes *ct_summary_causes(const struct ct_summary *s)
{
	return s->causes;
}

static struct group *group_new(enum ct_record_type type, enum ct_by by, const char *key)
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
	g->pub.by = by;
	memcpy(g->key, key, strnlen(key, sizeof(g->key) - 1));
	g->pub.key = g->key;
	return g;
}

static int group_order(const struct group *g, enum ct_record_type type, const char *key)
{
	if (g->pub.type != type)
		return g->pub.type < type ? -1 : 1;
	return strncmp(g->key, key, sizeof(g->key) - 1);
}

/* Where the group is, or where it belongs. */
static size_t group_place(const struct ct_summary *s, enum ct_record_type type, const char *key)
{
	size_t i = 0;

	while (i < s->count && group_order(s->groups[i], type, key) < 0)
		i++;
	return i;
}

static size_t keys_of(const struct ct_summary *s, enum ct_record_type type)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++)
		n += s->groups[i]->pub.type == type;
	return n;
}

static struct group *group_get(struct ct_summary *s, enum ct_record_type type, const char *key)
{
	size_t at = group_place(s, type, key);
	struct group *g;

	if (at < s->count && !group_order(s->groups[at], type, key))
		return s->groups[at];
	if (keys_of(s, type) >= CT_SUMMARY_RUNTIMES) {
		key = CT_SUMMARY_REST;
		at = group_place(s, type, key);
		if (at < s->count && !group_order(s->groups[at], type, key))
			return s->groups[at];
	}
	g = group_new(type, s->by, key);
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

static int add_measure(void *ctx, const struct ct_measure *m)
{
	struct group *g = ctx;
	struct ct_step_group *step;
	struct ct_hist **hist;

	if (m->step) {
		step = step_get(g, m->step, (enum ct_phase)m->phase);
		if (!step)
			return -ENOMEM;
		step->calls += m->calls;
		if (m->timed)
			ct_hist_add(step->hist, m->ns);
		return 0;
	}
	hist = m->phase == CT_MEASURE_TOTAL ? &g->pub.total : &g->pub.phases[m->phase];
	if (!*hist)
		*hist = ct_hist_new();
	if (!*hist)
		return -ENOMEM;
	ct_hist_add(*hist, m->ns);
	return 0;
}

static bool unmeasured(const struct ct_record *rec, unsigned phase)
{
	return ct_phase_value(rec, (enum ct_phase)phase, CT_GAPS_ALL).is == CT_PHASE_UNMEASURED;
}

int ct_summary_add(struct ct_summary *s, const struct ct_record *rec)
{
	struct group *g = group_get(s, rec->type, ct_by_key(s->by, rec));

	if (!g)
		return -ENOMEM;
	g->pub.count[rec->outcome]++;
	for (unsigned p = 0; p < CT_PHASE_MAX; p++)
		s->unknown[p] += unmeasured(rec, p);
	if (rec->outcome != CT_OUTCOME_OK)
		return 0;
	for (unsigned p = 0; p < CT_PHASE_MAX; p++)
		g->pub.unknown[p] += unmeasured(rec, p);
	if (ct_causes_add(s->causes, rec, g->key))
		return -ENOMEM;
	return ct_measure(rec, add_measure, g);
}

uint64_t ct_summary_unknown(const struct ct_summary *s, enum ct_phase phase)
{
	return s->unknown[phase];
}

struct ct_opens_list *ct_summary_opens(struct ct_summary *s)
{
	return s->opens_of ? &s->opens_of->opens : &s->opens;
}

const struct ct_opens_list *ct_summary_opened(const struct ct_summary *s)
{
	return s->opens_of ? &s->opens_of->opens : &s->opens;
}

void ct_summary_opens_of(struct ct_summary *s, struct ct_summary *other)
{
	s->opens_of = other;
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
