// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/places.h"

#include <stdlib.h>

#define PARTS 8 /* a share is one of so many */

bool ct_places_due(size_t max, size_t left, uint64_t taken)
{
	return taken && left + taken > max / 2 && taken >= max / PARTS;
}

static int by_use(const void *a, const void *b)
{
	const struct ct_place_seen *x = a, *y = b;

	if (x->place.used_ns != y->place.used_ns)
		return x->place.used_ns < y->place.used_ns ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int by_share(const void *a, const void *b)
{
	const struct ct_place_seen *x = a, *y = b;

	if (x->place.share != y->place.share)
		return x->place.share < y->place.share ? -1 : 1;
	return by_use(a, b);
}

/* Unused for so long that it matters no more. */
static bool is_over(const struct ct_places_rule *rule, const struct ct_place *place,
		    uint64_t now_ns)
{
	uint64_t unused = now_ns > place->used_ns ? now_ns - place->used_ns : 0;

	if (place->flags & CT_PLACE_DONE)
		return unused > CT_PLACES_DONE_NS;
	if (place->flags & CT_PLACE_LASTS)
		return unused > CT_PLACES_LASTS_NS;
	return rule->idle_ns && unused > rule->idle_ns;
}

static size_t give_up(struct ct_place_seen *seen, bool counted)
{
	seen->goes = true;
	seen->counted = counted;
	return 1;
}

/* Of each share what is beyond its part, the oldest first. */
static size_t bound_shares(size_t part, struct ct_place_seen *seen, size_t count)
{
	size_t gone = 0, end;

	qsort(seen, count, sizeof(*seen), by_share);
	for (size_t i = 0; i < count; i = end) {
		size_t n = 0;

		for (end = i; end < count && seen[end].place.share == seen[i].place.share; end++)
			n += !seen[end].goes;
		for (size_t k = i; k < end && n > part && seen[i].place.share; k++) {
			if (seen[k].goes)
				continue;
			n--;
			gone += give_up(&seen[k], true);
		}
	}
	return gone;
}

size_t ct_places_judge(const struct ct_places_rule *rule, uint64_t now_ns, size_t max,
		       struct ct_place_seen *seen, size_t count)
{
	size_t left = count;

	if (!count)
		return 0;
	for (size_t i = 0; i < count; i++) {
		seen[i].goes = seen[i].counted = false;
		if (rule->owned && (seen[i].dead || !seen[i].place.owner))
			left -= give_up(&seen[i], false);
	}
	qsort(seen, count, sizeof(*seen), by_use);
	for (size_t i = 0; i < count && left > max / 4; i++) {
		if (!seen[i].goes && is_over(rule, &seen[i].place, now_ns))
			left -= give_up(&seen[i], false);
	}
	if (left > max / 2)
		left -= bound_shares(max / PARTS, seen, count);
	qsort(seen, count, sizeof(*seen), by_use);
	for (size_t i = 0; i < count && left > max / 4 * 3; i++) {
		if (!seen[i].goes)
			left -= give_up(&seen[i], true);
	}
	qsort(seen, count, sizeof(*seen), by_share);
	return left;
}
