// SPDX-License-Identifier: GPL-2.0-only
#include "stats/compare.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "stats/bootstrap.h"
#include "stats/mannwhitney.h"
#include "util/mem.h"

#define CELLS (CT_PHASE_MAX + 1) /* the phases and the total */

struct samples {
	uint64_t *values;
	size_t count, room;
};

struct cell {
	unsigned phase;
	const char *step;
	struct samples side[CT_SIDES];
};

/* Records of one type and key. */
struct pile {
	enum ct_record_type type;
	char key[CT_BY_KEY_LEN];
	uint64_t count[CT_SIDES][CT_OUTCOME_MAX];
	struct cell cells[CELLS];
	struct cell *steps;
	size_t step_count, step_room;
};

struct ct_compare {
	enum ct_by by;
	bool split;
	struct pile **piles;
	size_t count, room;
	struct ct_change_group *groups;
	struct ct_change *changes;
	size_t change_count;
	size_t tests[2]; /* of totals and phases, of steps */
};

const char *const ct_verdict_names[CT_VERDICT_MAX] = {
#define X(symbol, name) [CT_VERDICT_##symbol] = name,
	CT_VERDICTS(X)
#undef X
};

static void cell_clear(struct cell *cell)
{
	for (size_t s = 0; s < CT_SIDES; s++)
		free(cell->side[s].values);
}

static void pile_free(struct pile *pile)
{
	if (!pile)
		return;
	for (size_t i = 0; i < CELLS; i++)
		cell_clear(&pile->cells[i]);
	for (size_t i = 0; i < pile->step_count; i++)
		cell_clear(&pile->steps[i]);
	free(pile->steps);
	free(pile);
}

struct ct_compare *ct_compare_new(enum ct_by by)
{
	struct ct_compare *c = calloc(1, sizeof(*c));

	if (c)
		c->by = by;
	return c;
}

void ct_compare_free(struct ct_compare *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->count; i++)
		pile_free(c->piles[i]);
	free(c->piles);
	free(c->groups);
	free(c->changes);
	free(c);
}

/* Room for one more; false when out of memory. */
static bool grow(void *array, size_t count, size_t *room, size_t size)
{
	size_t more = *room ? *room * 2 : 16;
	void *new;

	if (count < *room)
		return true;
	new = reallocarray(*(void **)array, more, size);
	if (!new)
		return false;
	*(void **)array = new;
	*room = more;
	return true;
}

static int push(struct samples *to, uint64_t value)
{
	if (!grow(&to->values, to->count, &to->room, sizeof(*to->values)) || !to->values)
		return -ENOMEM;
	to->values[to->count++] = value;
	return 0;
}

static struct pile *pile_new(struct ct_compare *c, enum ct_record_type type, const char *key)
{
	struct pile *pile = calloc(1, sizeof(*pile));

	if (!pile || !grow(&c->piles, c->count, &c->room, sizeof(struct pile *))) {
		free(pile);
		return NULL;
	}
	pile->type = type;
	memcpy(pile->key, key, strnlen(key, sizeof(pile->key) - 1));
	for (unsigned i = 0; i < CELLS; i++)
		pile->cells[i].phase = i;
	c->piles[c->count++] = pile;
	return pile;
}

static struct pile *pile_get(struct ct_compare *c, enum ct_record_type type, const char *key)
{
	size_t keys = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct pile *pile = c->piles[i];

		keys += pile->type == type;
		if (pile->type == type && !strncmp(pile->key, key, sizeof(pile->key) - 1))
			return pile;
	}
	if (keys >= CT_COMPARE_KEYS && strcmp(key, CT_SUMMARY_REST) != 0)
		return pile_get(c, type, CT_SUMMARY_REST);
	return pile_new(c, type, key);
}

static struct cell *step_get(struct pile *pile, unsigned phase, const char *step)
{
	struct cell *cell;

	for (size_t i = 0; i < pile->step_count; i++)
		if (pile->steps[i].phase == phase && !strcmp(pile->steps[i].step, step))
			return &pile->steps[i];
	if (!grow(&pile->steps, pile->step_count, &pile->step_room, sizeof(*pile->steps)))
		return NULL;
	cell = &pile->steps[pile->step_count++];
	*cell = (struct cell){ .phase = phase, .step = step };
	return cell;
}

struct adding {
	struct pile *pile;
	enum ct_side side;
};

static int add_measure(void *ctx, const struct ct_measure *m)
{
	struct adding *to = ctx;
	struct cell *cell;

	if (!m->timed)
		return 0;
	cell = m->step ? step_get(to->pile, m->phase, m->step) : &to->pile->cells[m->phase];
	return cell ? push(&cell->side[to->side], m->ns) : -ENOMEM;
}

int ct_compare_add(struct ct_compare *c, enum ct_side side, const struct ct_record *rec)
{
	struct adding to = { pile_get(c, rec->type, ct_by_key(c->by, rec)), side };

	if (!to.pile)
		return -ENOMEM;
	to.pile->count[side][rec->outcome]++;
	return rec->outcome == CT_OUTCOME_OK ? ct_measure(rec, add_measure, &to) : 0;
}

static bool has_side(const struct pile *pile, enum ct_side side)
{
	for (size_t o = 0; o < CT_OUTCOME_MAX; o++)
		if (pile->count[side][o])
			return true;
	return false;
}

static bool have_key_in_common(const struct ct_compare *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (has_side(c->piles[i], CT_SIDE_A) && has_side(c->piles[i], CT_SIDE_B))
			return true;
	return false;
}

static int pour_cell(struct cell *to, const struct cell *from)
{
	int ret = 0;

	for (size_t s = 0; s < CT_SIDES; s++)
		for (size_t i = 0; i < from->side[s].count && !ret; i++)
			ret = push(&to->side[s], from->side[s].values[i]);
	return ret;
}

static int pour(struct pile *to, const struct pile *from)
{
	int ret = 0;

	for (size_t s = 0; s < CT_SIDES; s++)
		for (size_t o = 0; o < CT_OUTCOME_MAX; o++)
			to->count[s][o] += from->count[s][o];
	for (size_t i = 0; i < CELLS && !ret; i++)
		ret = pour_cell(&to->cells[i], &from->cells[i]);
	for (size_t i = 0; i < from->step_count && !ret; i++) {
		struct cell *cell = step_get(to, from->steps[i].phase, from->steps[i].step);

		ret = cell ? pour_cell(cell, &from->steps[i]) : -ENOMEM;
	}
	return ret;
}

/* One pile per type: the first of each takes the rest. */
static int join_keys(struct ct_compare *c)
{
	size_t kept = 0;

	for (size_t i = 0; i < c->count; i++) {
		struct pile *pile = c->piles[i];
		size_t at = 0;
		int ret;

		while (at < kept && c->piles[at]->type != pile->type)
			at++;
		if (at == kept) {
			pile->key[0] = '\0';
			c->piles[i] = c->piles[kept];
			c->piles[kept++] = pile;
			continue;
		}
		ret = pour(c->piles[at], pile);
		if (ret)
			return ret;
		pile_free(pile);
		c->piles[i] = NULL;
	}
	c->count = kept;
	return 0;
}

static int ascending(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static struct ct_values values_of(struct samples *s)
{
	struct ct_values v = { .n = s->count };

	if (!s->count)
		return v;
	qsort(s->values, s->count, sizeof(*s->values), ascending);
	v.min = s->values[0];
	v.median = ct_sorted_quantile(s->values, s->count, 0.5);
	v.p99 = ct_sorted_quantile(s->values, s->count, 0.99);
	v.max = s->values[s->count - 1];
	return v;
}

static int tell(struct ct_change *change, struct cell *cell)
{
	struct samples *a = &cell->side[CT_SIDE_A], *b = &cell->side[CT_SIDE_B];
	struct ct_mann_whitney test;
	struct ct_interval interval;
	int ret;

	change->side[CT_SIDE_A] = values_of(a);
	change->side[CT_SIDE_B] = values_of(b);
	change->verdict = !a->count ? CT_VERDICT_ONLY_B : CT_VERDICT_ONLY_A;
	if (!a->count || !b->count)
		return 0;
	change->change_ns =
		(double)change->side[CT_SIDE_B].median - (double)change->side[CT_SIDE_A].median;
	change->verdict = CT_VERDICT_TOO_FEW;
	if (a->count < CT_COMPARE_FEW || b->count < CT_COMPARE_FEW)
		return 0;
	ret = ct_mann_whitney(a->values, a->count, b->values, b->count, &test);
	if (!ret)
		ret = ct_bootstrap_medians(a->values, a->count, b->values, b->count,
					   CT_COMPARE_RESAMPLES, CT_COMPARE_SEED, CT_COMPARE_LEVEL,
					   &interval);
	if (ret)
		return ret;
	change->tested = true;
	change->low_ns = interval.low;
	change->high_ns = interval.high;
	change->superiority = test.superiority;
	change->p = test.p;
	change->exact = test.exact;
	change->verdict = CT_VERDICT_SAME;
	return 0;
}

/* Steps are many: corrected for together with the phases they would drown them. */
static int correct(struct ct_compare *c, bool steps)
{
	own_mem double *p = calloc(c->change_count + 1, sizeof(*p));
	size_t n = 0;
	int ret;

	if (!p)
		return -ENOMEM;
	for (size_t i = 0; i < c->change_count; i++)
		if (c->changes[i].tested && !c->changes[i].step == !steps)
			p[n++] = c->changes[i].p;
	ret = ct_holm(p, n);
	c->tests[steps] = n;
	n = 0;
	for (size_t i = 0; i < c->change_count && !ret; i++) {
		struct ct_change *change = &c->changes[i];

		if (!change->tested || !change->step != !steps)
			continue;
		change->p_holm = p[n++];
		if (change->p_holm >= CT_COMPARE_ALPHA)
			continue;
		if (change->low_ns > 0)
			change->verdict = CT_VERDICT_SLOWER;
		else if (change->high_ns < 0)
			change->verdict = CT_VERDICT_FASTER;
	}
	return ret;
}

static int rank_of(const struct ct_change *change)
{
	if (change->step)
		return 2;
	return change->phase != CT_MEASURE_TOTAL;
}

static int what_matters(const void *a, const void *b)
{
	const struct ct_change *x = a, *y = b;
	bool told_x = x->verdict <= CT_VERDICT_FASTER, told_y = y->verdict <= CT_VERDICT_FASTER;
	double dx = fabs(x->change_ns), dy = fabs(y->change_ns);

	if (rank_of(x) != rank_of(y))
		return rank_of(x) - rank_of(y);
	if (told_x != told_y)
		return told_x ? -1 : 1;
	if (dx != dy)
		return dx > dy ? -1 : 1;
	if (x->phase != y->phase)
		return x->phase < y->phase ? -1 : 1;
	return x->step ? strcmp(x->step, y->step) : 0;
}

/* By their totals; those of one type and key are already in order. */
static int groups_that_matter(const void *a, const void *b, void *ctx)
{
	const struct ct_change_group *x = a, *y = b;
	const struct ct_change *changes = ctx;
	int order = 0;

	if (x->first < x->end && y->first < y->end)
		order = what_matters(&changes[x->first], &changes[y->first]);
	if (order)
		return order;
	if (x->type != y->type)
		return x->type < y->type ? -1 : 1;
	return strcmp(x->key, y->key);
}

static bool cell_used(const struct cell *cell)
{
	return cell->side[CT_SIDE_A].count || cell->side[CT_SIDE_B].count;
}

static int tell_pile(struct ct_compare *c, struct pile *pile, struct ct_change_group *group)
{
	*group = (struct ct_change_group){ .type = pile->type, .key = pile->key };
	memcpy(group->count, pile->count, sizeof(group->count));
	group->first = c->change_count;
	for (size_t i = 0; i < CELLS + pile->step_count; i++) {
		struct cell *cell = i < CELLS ? &pile->cells[i] : &pile->steps[i - CELLS];
		struct ct_change *change = &c->changes[c->change_count];
		int ret;

		if (!cell_used(cell))
			continue;
		*change = (struct ct_change){
			.type = pile->type,
			.key = pile->key,
			.phase = cell->phase,
			.step = cell->step,
		};
		ret = tell(change, cell);
		if (ret)
			return ret;
		c->change_count++;
	}
	group->end = c->change_count;
	return 0;
}

int ct_compare_run(struct ct_compare *c, enum ct_split split)
{
	size_t cells = 1;
	int ret = 0;

	c->split = split == CT_SPLIT_ALWAYS || have_key_in_common(c);
	if (!c->split)
		ret = join_keys(c);
	for (size_t i = 0; i < c->count && !ret; i++)
		cells += CELLS + c->piles[i]->step_count;
	c->groups = calloc(c->count + 1, sizeof(*c->groups));
	c->changes = calloc(cells, sizeof(*c->changes));
	if (ret || !c->groups || !c->changes)
		return -ENOMEM;
	for (size_t i = 0; i < c->count && !ret; i++)
		ret = tell_pile(c, c->piles[i], &c->groups[i]);
	if (!ret)
		ret = correct(c, false);
	if (!ret)
		ret = correct(c, true);
	if (ret)
		return ret;
	for (size_t i = 0; i < c->count; i++)
		qsort(c->changes + c->groups[i].first, c->groups[i].end - c->groups[i].first,
		      sizeof(*c->changes), what_matters);
	qsort_r(c->groups, c->count, sizeof(*c->groups), groups_that_matter, c->changes);
	return 0;
}

bool ct_compare_is_split(const struct ct_compare *c)
{
	return c->split;
}

size_t ct_compare_tests(const struct ct_compare *c, bool steps)
{
	return c->tests[steps];
}

size_t ct_compare_groups(const struct ct_compare *c)
{
	return c->count;
}

const struct ct_change_group *ct_compare_group(const struct ct_compare *c, size_t i)
{
	return i < c->count ? &c->groups[i] : NULL;
}

const struct ct_change *ct_compare_change(const struct ct_compare *c, size_t i)
{
	return i < c->change_count ? &c->changes[i] : NULL;
}

double ct_change_percent(const struct ct_change *change)
{
	double of = (double)change->side[CT_SIDE_A].median;

	return of > 0 ? change->change_ns / of * 100 : NAN;
}

bool ct_change_fails(const struct ct_change *change, const struct ct_change *total, double percent)
{
	double slower = ct_change_percent(change);

	if (change->verdict != CT_VERDICT_SLOWER || change->step)
		return false;
	if (!isnan(slower) && slower <= percent)
		return false;
	if (change->phase == CT_MEASURE_TOTAL)
		return true;
	return change->phase != CT_PHASE_RUN && change->phase != CT_PHASE_CLIENT &&
	       change->phase != CT_PHASE_KUBELET && change->phase != CT_PHASE_UNKNOWN &&
	       change->change_ns * 100 >=
		       CT_COMPARE_MATTERS_PCT * (double)total->side[CT_SIDE_A].median;
}
