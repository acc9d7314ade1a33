// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens by stretches of time: when they are counted it is not known yet when the run will have been
 * ready, and what was before that is to be told apart.
 */
#include "core/opens/opens_slices.h"
#include "util/sorted.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLICE_NS 1000000ull /* opens that are told one by one are put together this long */

/* The place of a pair, or where it belongs. */
static uint32_t place_of(const struct ct_opens_slice *s, uint32_t what)
{
	return (uint32_t)CT_SORTED_FIRST(s->pairs, 0, s->pair_count, what, what);
}

static int add_pair(struct ct_opens_slice *s, const struct ct_opens_pair *pair)
{
	uint32_t at = place_of(s, pair->what);
	struct ct_opens_pair *pairs = s->pairs;

	if (at < s->pair_count && pairs[at].what == pair->what) {
		pairs[at].count += pair->count;
		return 0;
	}
	/* Room is a power of two, and there is none for more. */
	if (!(s->pair_count & (s->pair_count - 1)))
		pairs = realloc(pairs, (s->pair_count ? 2 * s->pair_count : 1) * sizeof(*pairs));
	if (!pairs)
		return -ENOMEM;
	s->pairs = pairs;
	memmove(&pairs[at + 1], &pairs[at], (s->pair_count - at) * sizeof(*pairs));
	pairs[at] = *pair;
	s->pair_count++;
	return 0;
}

static int add_pairs(struct ct_opens_slice *to, const struct ct_opens_pair *pairs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (add_pair(to, &pairs[i]))
			return -ENOMEM;
	}
	return 0;
}

/* The second of two neighbours becomes a part of the first. */
static int join(struct ct_opens_slice *to, struct ct_opens_slice *from)
{
	int ret = add_pairs(to, from->pairs, from->pair_count);

	ct_opens_sum(&to->n, &from->n);
	if (from->first_ns < to->first_ns)
		to->first_ns = from->first_ns;
	if (from->last_ns > to->last_ns)
		to->last_ns = from->last_ns;
	free(from->pairs);
	return ret;
}

static int halve(struct ct_opens_slices *s)
{
	int ret = 0;

	for (size_t i = 0; i + 1 < s->count; i += 2) {
		int joined = join(&s->items[i], &s->items[i + 1]);

		s->items[i / 2] = s->items[i];
		ret = ret ? ret : joined;
	}
	s->count /= 2;
	return ret;
}

void ct_slices_clear(struct ct_opens_slices *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].pairs);
	s->count = 0;
}

int ct_slices_add(struct ct_opens_slices *s, const struct ct_opens_slice *slice, uint64_t ready_ns)
{
	struct ct_opens_slice *last = s->count ? &s->items[s->count - 1] : NULL;
	int ret = 0;

	s->skips = ready_ns && slice->first_ns > ready_ns;
	if (s->skips)
		return 0;
	if (last && slice->first_ns == slice->last_ns && last->last_ns <= slice->first_ns &&
	    slice->first_ns - last->first_ns < SLICE_NS && !ready_ns) {
		ct_opens_sum(&last->n, &slice->n);
		last->last_ns = slice->last_ns;
		return add_pairs(last, slice->pairs, slice->pair_count);
	}
	if (s->count == CT_OPENS_SLICES_MAX)
		ret = halve(s);
	last = &s->items[s->count++];
	*last = *slice;
	last->pairs = NULL;
	last->pair_count = 0;
	return ret ? ret : add_pairs(last, slice->pairs, slice->pair_count);
}

int ct_slices_more(struct ct_opens_slices *s, const struct ct_opens_pair *pairs, size_t count)
{
	if (s->skips || !s->count)
		return 0;
	return add_pairs(&s->items[s->count - 1], pairs, count);
}

void ct_slices_until(const struct ct_opens_slices *s, uint64_t ns, struct ct_opens_numbers *ret,
		     bool *ret_blurred)
{
	*ret = (struct ct_opens_numbers){ 0 };
	*ret_blurred = false;
	for (size_t i = 0; i < s->count; i++) {
		if (s->items[i].first_ns > ns)
			continue;
		ct_opens_sum(ret, &s->items[i].n);
		*ret_blurred |= s->items[i].last_ns > ns;
	}
}

void ct_slices_each_until(const struct ct_opens_slices *s, uint64_t ns, struct ct_hist *hist,
			  uint64_t errors[CT_OPENS_ERRNOS])
{
	for (size_t i = 0; i < s->count; i++) {
		const struct ct_opens_slice *slice = &s->items[i];

		if (slice->first_ns > ns)
			continue;
		for (uint32_t k = 0; k < slice->pair_count; k++) {
			const struct ct_opens_pair *pair = &slice->pairs[k];
			uint32_t error = pair->what & ~CT_OPENS_ERRNO;

			if (!(pair->what & CT_OPENS_ERRNO))
				ct_hist_add_bucket(hist, pair->what, pair->count);
			else if (error < CT_OPENS_ERRNOS)
				errors[error] += pair->count;
		}
		ct_hist_correct(hist, slice->n.ns, slice->n.max_ns);
	}
}
