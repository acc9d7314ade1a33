// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which step hangs below which: who started whom. A step is below the step of its own process that
 * it lies in, else below one of the process that forked it, else of who forked that, and so on;
 * a process that goes on when a step is over is no part of it and stands beside it. A process of
 * which no fork was seen was started by somebody who is not watched, and is below nothing; only
 * where events were lost does what lies around it in time count.
 */
#include "core/steps/steps.h"
#include "util/sorted.h"

#include <stdlib.h>

#define DEPTH_MAX 31
#define NONE      0 /* nodes are counted from 1: 0 is what all hang below */

struct node {
	const struct ct_step *step;
	uint64_t begin_ns, end_ns;
	uint64_t reach_ns; /* end of all that its process executes, one program after the other */
	uint16_t parent, starter; /* nodes */
	uint16_t first, next; /* below it, beside it; nodes */
	uint16_t follows; /* the program that its process executed before; node */
	uint16_t at; /* where it comes in the tree, counted from 1 */
	uint8_t depth;
};

struct key {
	uint64_t begin_ns, end_ns;
	size_t i;
};

struct tree {
	struct node *nodes; /* owned; in order of begin, the outer first */
	uint16_t *going; /* owned; nodes that are not over */
	size_t count, going_count;
	uint64_t begin_ns, end_ns; /* of the record */
	bool lost; /* forks may have been lost */
};

_Static_assert(CT_STEPS_MAX < UINT16_MAX, "a node has a number of 16 bits");

static int by_begin(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	if (x->begin_ns != y->begin_ns)
		return x->begin_ns < y->begin_ns ? -1 : 1;
	if (x->end_ns != y->end_ns)
		return x->end_ns > y->end_ns ? -1 : 1;
	return x->i < y->i ? -1 : 1;
}

static uint64_t end_of(const struct tree *t, const struct ct_step *step)
{
	if (step->open)
		return t->end_ns;
	/* An end that came out of order, too late to be put right. */
	return step->end_ns > step->begin_ns ? step->end_ns : step->begin_ns;
}

/* What is told ends with the record: of those that go on then none goes on longer. */
static uint64_t over_ns(const struct tree *t, const struct node *n)
{
	return n->end_ns < t->end_ns ? n->end_ns : t->end_ns;
}

/* The first node that begins then, or later. */
static size_t first_from(const struct tree *t, size_t low, uint64_t ns)
{
	return CT_SORTED_FIRST(t->nodes, low, t->count + 1, begin_ns, ns);
}

/* What a process executes next begins when what it executed before ends. */
static void follow(struct tree *t, size_t i)
{
	struct node *n = &t->nodes[i];

	n->reach_ns = over_ns(t, n);
	if (n->step->kind != CT_STEP_PROGRAM || n->step->open)
		return;
	for (size_t k = first_from(t, i + 1, n->end_ns);
	     k <= t->count && t->nodes[k].begin_ns == n->end_ns; k++) {
		struct node *next = &t->nodes[k];

		if (next->step->kind != CT_STEP_PROGRAM || next->step->pid != n->step->pid)
			continue;
		n->reach_ns = next->reach_ns;
		next->follows = (uint16_t)i;
		return;
	}
}

static void forget_past(struct tree *t, uint64_t now_ns)
{
	size_t kept = 0;

	for (size_t i = 0; i < t->going_count; i++)
		if (t->nodes[t->going[i]].end_ns >= now_ns)
			t->going[kept++] = t->going[i];
	t->going_count = kept;
}

/* How far up it is, CT_STEP_UP if it is no ancestor. */
static size_t ancestor(const struct ct_step *step, uint32_t pid)
{
	size_t rank = 0;

	while (rank < CT_STEP_UP && step->up[rank] && step->up[rank] != pid)
		rank++;
	return rank < CT_STEP_UP && step->up[rank] ? rank : CT_STEP_UP;
}

/* Of the nearest who has one; of several steps of one the innermost, which began last. */
static void find_parent(struct tree *t, struct node *n)
{
	const struct ct_step *step = n->step;
	size_t start_rank = CT_STEP_UP, parent_rank = CT_STEP_UP;
	bool guess = t->lost && !step->up[0] && step->actor != ct_role_name(CT_ROLE_ENGINE);
	uint16_t around = NONE;

	for (size_t k = t->going_count; k-- > 0;) {
		const struct node *other_node = &t->nodes[t->going[k]];
		const struct ct_step *other = other_node->step;
		bool within = n->reach_ns <= over_ns(t, other_node);
		size_t rank;

		if (other->pid == step->pid && within) {
			n->parent = t->going[k];
			n->starter = NONE;
			return;
		}
		if (within && !around)
			around = t->going[k];
		if (other->kind == CT_STEP_CALLS || guess)
			continue;
		rank = ancestor(step, other->pid);
		if (rank < start_rank) {
			start_rank = rank;
			n->starter = t->going[k];
		}
		if (within && rank < parent_rank) {
			parent_rank = rank;
			n->parent = t->going[k];
		}
	}
	if (guess)
		n->parent = n->starter = around;
}

static void place(struct tree *t, size_t i)
{
	struct node *n = &t->nodes[i];

	forget_past(t, n->begin_ns);
	if (n->follows) {
		n->parent = t->nodes[n->follows].parent;
		n->starter = t->nodes[n->follows].starter;
	} else {
		find_parent(t, n);
	}
	if (n->parent && t->nodes[n->parent].depth == DEPTH_MAX)
		n->parent = t->nodes[n->parent].parent;
	n->depth = n->parent ? (uint8_t)(t->nodes[n->parent].depth + 1) : 0;
	t->going[t->going_count++] = (uint16_t)i;
}

/* Puts them where they come in the tree. */
static void number(struct tree *t)
{
	uint16_t at = 0, i;

	/* Backwards, so that those side by side are in order. */
	for (size_t k = t->count; k > 0; k--) {
		struct node *parent = &t->nodes[t->nodes[k].parent];

		t->nodes[k].next = parent->first;
		parent->first = (uint16_t)k;
	}
	for (i = t->nodes[NONE].first; i != NONE;) {
		t->nodes[i].at = ++at;
		if (t->nodes[i].first) {
			i = t->nodes[i].first;
			continue;
		}
		while (i && !t->nodes[i].next)
			i = t->nodes[i].parent;
		i = i ? t->nodes[i].next : NONE;
	}
}

/* What began within the record, in order of begin. False: there is none, or no memory. */
static bool plant(struct tree *t, const struct ct_step *steps, size_t count)
{
	struct key *keys = malloc(count * sizeof(*keys));
	size_t n = 0;

	for (size_t i = 0; keys && i < count; i++)
		if (steps[i].begin_ns >= t->begin_ns && steps[i].begin_ns <= t->end_ns)
			keys[n++] = (struct key){ steps[i].begin_ns, end_of(t, &steps[i]), i };
	if (n) {
		t->nodes = malloc((n + 1) * sizeof(*t->nodes));
		t->going = malloc(n * sizeof(*t->going));
	}
	if (t->nodes && t->going) {
		qsort(keys, n, sizeof(*keys), by_begin);
		t->nodes[NONE] = (struct node){ 0 };
		for (size_t i = 0; i < n; i++)
			t->nodes[i + 1] = (struct node){ .step = &steps[keys[i].i],
							 .begin_ns = keys[i].begin_ns,
							 .end_ns = keys[i].end_ns };
	}
	t->count = n;
	free(keys);
	return t->nodes && t->going;
}

static void tell(const struct tree *t, struct ct_step *ret)
{
	for (size_t i = 1; i <= t->count; i++) {
		const struct node *n = &t->nodes[i];
		struct ct_step *to = &ret[n->at - 1];

		*to = *n->step;
		to->end_ns = n->end_ns;
		to->depth = n->depth;
		to->parent = t->nodes[n->parent].at;
		to->starter = t->nodes[n->starter].at;
	}
}

struct ct_step *ct_steps_tree(const struct ct_step *steps, size_t count,
			      const struct ct_steps_told *told, size_t *ret_count)
{
	struct tree t = { .begin_ns = told->begin_ns, .end_ns = told->end_ns, .lost = told->lost };
	struct ct_step *ret = NULL;

	*ret_count = 0;
	if (count && plant(&t, steps, count))
		ret = malloc(t.count * sizeof(*ret));
	if (ret) {
		for (size_t i = t.count; i > 0; i--)
			follow(&t, i);
		for (size_t i = 1; i <= t.count; i++)
			place(&t, i);
		number(&t);
		tell(&t, ret);
		*ret_count = t.count;
	}
	free(t.nodes);
	free(t.going);
	return ret;
}
