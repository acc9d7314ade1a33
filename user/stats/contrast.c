// SPDX-License-Identifier: GPL-2.0-only
#include "stats/contrast.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/compare.h"
#include "stats/mannwhitney.h"
#include "stats/summary.h"
#include "util/mem.h"

#define CELLS  (CT_PHASE_MAX + 1)
#define GROUPS (CT_CONTRAST_GROUPS + 1)

struct values {
	uint64_t *ns; /* owned */
	size_t count, room;
};

struct pile {
	enum ct_record_type type;
	size_t ok[GROUPS], bad[GROUPS];
	struct values cells[GROUPS][CELLS];
};

struct ct_contrast {
	char names[GROUPS][CT_CONTRAST_NAME];
	size_t groups;
	struct pile *piles[CT_RECORD_MAX]; /* owned */
	struct ct_contrast_type types[CT_RECORD_MAX]; /* what is in them is owned */
	size_t type_count, tests;
};

struct ct_contrast *ct_contrast_new(void)
{
	return calloc(1, sizeof(struct ct_contrast));
}

static void pile_free(struct pile *p)
{
	for (size_t g = 0; p && g < GROUPS; g++)
		for (size_t i = 0; i < CELLS; i++)
			free(p->cells[g][i].ns);
	free(p);
}

void ct_contrast_free(struct ct_contrast *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < CT_RECORD_MAX; i++) {
		pile_free(c->piles[i]);
		for (size_t r = 0; r < c->types[i].row_count; r++)
			free(c->types[i].rows[r].cells);
		free(c->types[i].rows);
		free(c->types[i].pairs);
	}
	free(c);
}

static size_t group_of(struct ct_contrast *c, const char *name)
{
	for (size_t g = 0; g < c->groups; g++)
		if (!strncmp(c->names[g], name, sizeof(c->names[g]) - 1))
			return g;
	if (c->groups >= CT_CONTRAST_GROUPS && strcmp(name, CT_SUMMARY_REST) != 0)
		return group_of(c, CT_SUMMARY_REST);
	memcpy(c->names[c->groups], name, strnlen(name, sizeof(c->names[0]) - 1));
	return c->groups++;
}

struct adding {
	struct pile *pile;
	size_t group;
};

static int add_measure(void *ctx, const struct ct_measure *m)
{
	const struct adding *to = ctx;
	struct values *v = &to->pile->cells[to->group][m->phase];

	if (m->step || !m->timed)
		return 0;
	if (v->count == v->room) {
		size_t room = v->room ? 2 * v->room : 16;
		uint64_t *ns = reallocarray(v->ns, room, sizeof(*ns));

		if (!ns)
			return -ENOMEM;
		v->ns = ns;
		v->room = room;
	}
	v->ns[v->count++] = m->ns;
	return 0;
}

int ct_contrast_add(struct ct_contrast *c, const char *group, const struct ct_record *rec)
{
	struct pile **pile = &c->piles[rec->type];
	struct adding to;

	if (!*pile)
		*pile = calloc(1, sizeof(**pile));
	if (!*pile)
		return -ENOMEM;
	(*pile)->type = rec->type;
	to = (struct adding){ *pile, group_of(c, group) };
	if (rec->outcome != CT_OUTCOME_OK) {
		(*pile)->bad[to.group]++;
		return 0;
	}
	(*pile)->ok[to.group]++;
	return ct_measure(rec, add_measure, &to);
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void tell_cell(struct ct_contrast_cell *cell, struct values *v)
{
	struct ct_ranks ranks;

	if (!v->count)
		return;
	qsort(v->ns, v->count, sizeof(*v->ns), ascending);
	cell->n = v->count;
	cell->min = v->ns[0];
	cell->median = ct_sorted_quantile(v->ns, v->count, 0.5);
	cell->max = v->ns[v->count - 1];
	cell->sure = ct_median_ranks(v->count, CT_COMPARE_LEVEL, &ranks);
	if (!cell->sure)
		return;
	cell->low = v->ns[ranks.low - 1];
	cell->high = v->ns[ranks.high - 1];
}

static int tell_row(struct ct_contrast *c, struct pile *pile, struct ct_contrast_row *row)
{
	struct ct_sample samples[GROUPS];
	size_t n = 0;

	row->cells = calloc(c->groups, sizeof(*row->cells));
	if (!row->cells)
		return -ENOMEM;
	for (size_t g = 0; g < c->groups; g++) {
		struct values *v = &pile->cells[g][row->phase];

		tell_cell(&row->cells[g], v);
		if (v->count >= CT_CONTRAST_FEW)
			samples[n++] = (struct ct_sample){ v->ns, v->count };
	}
	if (n < 2)
		return 0;
	row->tested = true;
	c->tests++;
	return ct_kruskal_wallis(samples, n, &row->test);
}

static bool is_used(const struct ct_contrast *c, const struct pile *pile, unsigned cell)
{
	for (size_t g = 0; g < c->groups; g++)
		if (pile->cells[g][cell].count)
			return true;
	return false;
}

static int tell_rows(struct ct_contrast *c, struct pile *pile, struct ct_contrast_type *type)
{
	int ret = 0;

	type->rows = calloc(CELLS, sizeof(*type->rows));
	if (!type->rows)
		return -ENOMEM;
	for (unsigned i = 0; i < CELLS && !ret; i++) {
		unsigned cell = i ? i - 1 : CT_MEASURE_TOTAL;

		if (cell != CT_MEASURE_TOTAL && !is_used(c, pile, cell))
			continue;
		type->rows[type->row_count].phase = cell;
		ret = tell_row(c, pile, &type->rows[type->row_count++]);
	}
	return ret;
}

static int tell_pair(const struct values *a, const struct values *b, struct ct_contrast_pair *pair)
{
	struct ct_mann_whitney test;
	struct ct_interval interval;
	int ret = ct_mann_whitney(a->ns, a->count, b->ns, b->count, &test);

	if (!ret)
		ret = ct_bootstrap_medians(a->ns, a->count, b->ns, b->count, CT_COMPARE_RESAMPLES,
					   CT_COMPARE_SEED, CT_COMPARE_LEVEL, &interval);
	if (ret)
		return ret;
	pair->change_ns = (double)ct_sorted_quantile(b->ns, b->count, 0.5) -
			  (double)ct_sorted_quantile(a->ns, a->count, 0.5);
	pair->low_ns = interval.low;
	pair->high_ns = interval.high;
	pair->delta = 2 * test.superiority - 1;
	pair->p = pair->p_holm = test.p;
	return 0;
}

static int correct_pairs(struct ct_contrast_type *type)
{
	own_mem double *p = calloc(type->pair_count + 1, sizeof(*p));
	int ret;

	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < type->pair_count; i++)
		p[i] = type->pairs[i].p;
	ret = ct_holm(p, type->pair_count);
	for (size_t i = 0; i < type->pair_count && !ret; i++)
		type->pairs[i].p_holm = p[i];
	return ret;
}

static int tell_pairs(struct ct_contrast *c, struct pile *pile, struct ct_contrast_type *type)
{
	size_t firsts = c->groups <= CT_CONTRAST_ALL ? c->groups : 1;
	int ret = 0;

	type->pairs = calloc(firsts * c->groups, sizeof(*type->pairs));
	if (!type->pairs)
		return -ENOMEM;
	for (size_t a = 0; a < firsts && !ret; a++)
		for (size_t b = a + 1; b < c->groups && !ret; b++) {
			const struct values *x = &pile->cells[a][CT_MEASURE_TOTAL];
			const struct values *y = &pile->cells[b][CT_MEASURE_TOTAL];
			struct ct_contrast_pair *pair = &type->pairs[type->pair_count];

			if (x->count < CT_CONTRAST_FEW || y->count < CT_CONTRAST_FEW)
				continue;
			pair->a = a;
			pair->b = b;
			ret = tell_pair(x, y, pair);
			type->pair_count++;
		}
	return ret ? ret : correct_pairs(type);
}

static int correct_rows(struct ct_contrast *c)
{
	own_mem double *p = calloc(c->tests + 1, sizeof(*p));
	size_t n = 0;
	int ret;

	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < c->type_count; i++)
		for (size_t r = 0; r < c->types[i].row_count; r++)
			if (c->types[i].rows[r].tested)
				p[n++] = c->types[i].rows[r].test.p;
	ret = ct_holm(p, n);
	n = 0;
	for (size_t i = 0; i < c->type_count && !ret; i++)
		for (size_t r = 0; r < c->types[i].row_count; r++)
			if (c->types[i].rows[r].tested)
				c->types[i].rows[r].p_holm = p[n++];
	return ret;
}

int ct_contrast_run(struct ct_contrast *c)
{
	int ret = 0;

	for (size_t i = 0; i < CT_RECORD_MAX && !ret; i++) {
		struct ct_contrast_type *type = &c->types[c->type_count];

		if (!c->piles[i])
			continue;
		type->type = (enum ct_record_type)i;
		type->ok = c->piles[i]->ok;
		type->bad = c->piles[i]->bad;
		c->type_count++;
		ret = tell_rows(c, c->piles[i], type);
		if (!ret)
			ret = tell_pairs(c, c->piles[i], type);
	}
	return ret ? ret : correct_rows(c);
}

size_t ct_contrast_groups(const struct ct_contrast *c)
{
	return c->groups;
}

const char *ct_contrast_name(const struct ct_contrast *c, size_t group)
{
	return group < c->groups ? c->names[group] : "";
}

size_t ct_contrast_types(const struct ct_contrast *c)
{
	return c->type_count;
}

const struct ct_contrast_type *ct_contrast_type(const struct ct_contrast *c, size_t i)
{
	return i < c->type_count ? &c->types[i] : NULL;
}

size_t ct_contrast_tests(const struct ct_contrast *c)
{
	return c->tests;
}

const char *ct_delta_word(double delta)
{
	double size = fabs(delta);

	return size >= 0.474   ? "large"
	       : size >= 0.33  ? "medium"
	       : size >= 0.147 ? "small"
			       : "negligible";
}
