// SPDX-License-Identifier: GPL-2.0-only
#include "stats/path_brief.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A piece is short at first below that part of the record, and at last. */
#define SHORT_FIRST 4096
#define SHORT_LAST  32

struct rule {
	uint64_t short_ns;
	bool any; /* also of other steps and processes */
};

static uint64_t length(const struct ct_piece *p)
{
	return p->end_ns - p->begin_ns;
}

static bool is_more(const struct rule *rule, const struct ct_piece *last,
		    const struct ct_piece *piece)
{
	if (length(last) >= rule->short_ns || length(piece) >= rule->short_ns ||
	    last->phase != piece->phase)
		return false;
	return rule->any || (last->pid == piece->pid && !strcmp(last->step, piece->step));
}

static size_t count_by(const struct rule *rule, const struct ct_piece *path, size_t n)
{
	size_t count = n ? 1 : 0;

	for (size_t i = 1; i < n; i++)
		count += !is_more(rule, &path[i - 1], &path[i]);
	return count;
}

/* The least that has to be called short. */
static struct rule choose(const struct ct_record *rec, const struct ct_piece *path, size_t n,
			  size_t most)
{
	uint64_t total = rec->end_ns - rec->begin_ns;
	struct rule rule = { 0 };

	if (n <= most)
		return rule;
	for (rule.short_ns = total / SHORT_FIRST + 1; count_by(&rule, path, n) > most;
	     rule.short_ns += rule.short_ns / 4 + 1) {
		if (!rule.any && rule.short_ns > total / SHORT_LAST)
			rule = (struct rule){ total / SHORT_FIRST + 1, true };
		if (rule.short_ns > total)
			break;
	}
	return rule;
}

/* What takes most of it, and of that the longest. */
static void describe(struct ct_brief_piece *brief, const struct ct_piece *from, size_t n)
{
	const struct ct_piece *longest = NULL;
	enum ct_reason most = 0;
	uint64_t end_ns = from[n - 1].end_ns;

	for (size_t i = 0; i < n; i++)
		brief->why.ns[from[i].reason] += length(&from[i]);
	for (unsigned r = 1; r < CT_REASON_MAX; r++)
		if (brief->why.ns[r] > brief->why.ns[most])
			most = (enum ct_reason)r;
	for (size_t i = 0; i < n; i++)
		if (from[i].reason == most && (!longest || length(&from[i]) > length(longest)))
			longest = &from[i];
	brief->piece = *(longest ? longest : from);
	brief->piece.begin_ns = from->begin_ns;
	brief->piece.end_ns = end_ns;
	brief->pieces = n;
}

int ct_brief_path(const struct ct_record *rec, size_t most, struct ct_brief_piece **ret,
		  size_t *ret_count)
{
	size_t n, first = 0, count = 0;
	const struct ct_piece *path = ct_record_own_path(rec, &n);
	struct rule rule = choose(rec, path, n, most);

	*ret_count = 0;
	*ret = calloc(count_by(&rule, path, n) + 1, sizeof(**ret));
	if (!*ret)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		if (i + 1 < n && is_more(&rule, &path[i], &path[i + 1]))
			continue;
		describe(&(*ret)[count++], &path[first], i + 1 - first);
		first = i + 1;
	}
	*ret_count = count;
	return 0;
}

static bool is_of(const struct ct_brief_cause *cause, const struct ct_piece *b, bool rest)
{
	const struct ct_piece *a = cause->like;

	if (cause->rest != rest || a->phase != b->phase || a->reason != b->reason)
		return false;
	return rest || (!strcmp(a->step, b->step) && !strcmp(a->actor, b->actor) &&
			!strcmp(a->what, b->what));
}

/* Where it is, or belongs. Forged evidence may have any number of them. */
static size_t find(const struct ct_brief_cause *causes, size_t count, const struct ct_piece *piece,
		   bool *ret_rest)
{
	size_t at = 0;

	*ret_rest = false;
	while (at < count && !is_of(&causes[at], piece, false))
		at++;
	if (at < count || count < CT_BRIEF_CAUSES)
		return at;
	*ret_rest = true;
	for (at = 0; at < count && !is_of(&causes[at], piece, true);)
		at++;
	return at;
}

static int longest_first(const void *a, const void *b)
{
	const struct ct_brief_cause *x = a, *y = b;

	if (x->ns != y->ns)
		return x->ns < y->ns ? 1 : -1;
	return x->like < y->like ? -1 : x->like > y->like; /* who came first */
}

int ct_brief_causes(const struct ct_record *rec, struct ct_brief_cause **ret, size_t *ret_count)
{
	size_t count = 0, room = 0;

	*ret = NULL;
	*ret_count = 0;
	for (size_t i = 0; i < rec->piece_count; i++) {
		bool rest;
		size_t at = find(*ret, count, &rec->path[i], &rest);

		if (at == room) {
			size_t more = room ? 2 * room : 32;
			struct ct_brief_cause *bigger = reallocarray(*ret, more, sizeof(**ret));

			if (!bigger) {
				free(*ret);
				*ret = NULL;
				return -ENOMEM;
			}
			*ret = bigger;
			room = more;
		}
		if (at == count)
			(*ret)[count++] = (struct ct_brief_cause){ &rec->path[i], rest, 0 };
		(*ret)[at].ns += length(&rec->path[i]);
	}
	if (count)
		qsort(*ret, count, sizeof(**ret), longest_first);
	*ret_count = count;
	return 0;
}
