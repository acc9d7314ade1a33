// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tables of the kernel side in which something waits, and nobody says that it will not come any more: room
 * is made here before they are full. What a table has no room for all the same, the kernel side counts.
 */
#include <errno.h>
#include <stdlib.h>

#include "source/live/live_state.h"
#include "source/live/places.h"
#include "util/mem.h"

#define NS_PER_S 1000000000ull

/* A request whose body, or a connection on which a stream, has not come by then: nobody waits for it. */
#define ASKED_NS (10 * NS_PER_S)
#define FETCH_NS (600 * NS_PER_S) /* likewise what is fetched */

static const struct ct_places_rule rules[CT_PLACES_MAX] = {
	[CT_PLACES_SOCKETS] = { .owned = true },
	[CT_PLACES_SOCKETS_SHARED] = { .owned = true },
	[CT_PLACES_BODIES] = { .idle_ns = ASKED_NS },
	[CT_PLACES_BODIES_SHARED] = { .idle_ns = ASKED_NS },
	[CT_PLACES_STREAMS] = { .idle_ns = ASKED_NS },
	[CT_PLACES_STREAMS_SHARED] = { .idle_ns = ASKED_NS },
	[CT_PLACES_LISTENERS] = { .owned = true },
	[CT_PLACES_WRITTEN] = { .idle_ns = FETCH_NS },
	[CT_PLACES_STORED] = { .idle_ns = FETCH_NS },
};

static const struct bpf_map *map_of(const struct ct_live *live, enum ct_places which)
{
	const struct bpf_map *const maps[CT_PLACES_MAX] = {
		[CT_PLACES_SOCKETS] = live->skel->maps.api_sockets,
		[CT_PLACES_SOCKETS_SHARED] = live->skel->maps.api_sockets_shared,
		[CT_PLACES_BODIES] = live->skel->maps.bodies,
		[CT_PLACES_BODIES_SHARED] = live->skel->maps.bodies_shared,
		[CT_PLACES_STREAMS] = live->skel->maps.streams,
		[CT_PLACES_STREAMS_SHARED] = live->skel->maps.streams_shared,
		[CT_PLACES_LISTENERS] = live->skel->maps.listeners,
		[CT_PLACES_WRITTEN] = live->skel->maps.written,
		[CT_PLACES_STORED] = live->skel->maps.stored,
	};

	return maps[which];
}

bool ct_live_places_fit(const struct ct_live *live)
{
	for (int i = 0; i < CT_PLACES_MAX; i++) {
		if (bpf_map__value_size(map_of(live, i)) < sizeof(struct ct_place) ||
		    bpf_map__value_size(map_of(live, i)) % _Alignof(struct ct_place))
			return false;
	}
	return sizeof(live->skel->bss->ct_places_taken) == CT_PLACES_ROOM * sizeof(uint64_t);
}

/* A table as it was read. */
struct reading {
	int fd;
	size_t key_size, value_size, max;
	char *keys, *values; /* owned */
	struct ct_place_seen *seen; /* owned */
	size_t count;
};

static void reading_free(struct reading *r)
{
	free(r->keys);
	free(r->values);
	free(r->seen);
}

static bool is_dead(struct ct_live *live, uint32_t owner)
{
	struct ct_seed_actor actor;

	return bpf_map_lookup_elem(bpf_map__fd(live->skel->maps.actors), &owner, &actor);
}

/* All of it in one call. What changes meanwhile is seen or not: both are true. */
static bool read_table(struct ct_live *live, enum ct_places which, struct reading *ret)
{
	const struct bpf_map *map = map_of(live, which);
	__u32 count = bpf_map__max_entries(map);
	uint64_t after = 0;

	ret->fd = bpf_map__fd(map);
	ret->max = count;
	ret->key_size = bpf_map__key_size(map);
	ret->value_size = bpf_map__value_size(map);
	ret->keys = malloc(count * ret->key_size);
	ret->values = malloc(count * ret->value_size);
	ret->seen = calloc(count, sizeof(*ret->seen));
	if (!ret->keys || !ret->values || !ret->seen)
		return false;
	if (bpf_map_lookup_batch(ret->fd, NULL, &after, ret->keys, ret->values, &count, NULL) &&
	    errno != ENOENT)
		return false;
	for (ret->count = 0; ret->count < count; ret->count++) {
		struct ct_place_seen *seen = &ret->seen[ret->count];

		seen->at = ret->count;
		seen->place = *(const struct ct_place *)(ret->values + seen->at * ret->value_size);
		if (rules[which].owned && seen->place.owner)
			seen->dead = is_dead(live, seen->place.owner);
	}
	return true;
}

/*
 * Whether it was there, and what was in it then: it may have been used since it was read. The kernel has one
 * call for both since 5.14; before, what is used between the two is not counted.
 */
static bool take(const struct reading *r, const struct ct_place_seen *seen, void *value)
{
	const char *key = r->keys + seen->at * r->key_size;

	if (!bpf_map_lookup_and_delete_elem(r->fd, key, value))
		return true;
	return !bpf_map_lookup_elem(r->fd, key, value) && !bpf_map_delete_elem(r->fd, key);
}

static void tell(struct ct_live *live, uint64_t share, uint64_t lost)
{
	if (share)
		ct_live_emit_share(live, share, lost);
	else
		ct_live_emit_lost(live, CT_LOSS_TALK, lost);
}

/* They are sorted by share: each is told once. */
static void give_up(struct ct_live *live, struct reading *r)
{
	own_mem struct ct_place *value = malloc(r->value_size);
	uint64_t share = 0, lost = 0;

	for (size_t i = 0; value && i < r->count; i++) {
		const struct ct_place_seen *seen = &r->seen[i];

		if (seen->place.share != share) {
			tell(live, share, lost);
			share = seen->place.share;
			lost = 0;
		}
		if (!seen->goes || !take(r, seen, value))
			continue;
		lost += seen->counted || value->used_ns != seen->place.used_ns;
	}
	tell(live, share, lost);
}

static void make_room(struct ct_live *live, enum ct_places which, uint64_t taken, uint64_t now_ns)
{
	struct reading r = { 0 };

	if (read_table(live, which, &r)) {
		live->places[which].left =
			ct_places_judge(&rules[which], now_ns, r.max, r.seen, r.count);
		live->places[which].taken = taken;
		give_up(live, &r);
	}
	reading_free(&r);
}

void ct_live_places_turn(struct ct_live *live, uint64_t now_ns)
{
	for (int i = 0; i < CT_PLACES_MAX; i++) {
		uint64_t taken =
			__atomic_load_n(&live->skel->bss->ct_places_taken[i], __ATOMIC_RELAXED);

		if (ct_places_due(bpf_map__max_entries(map_of(live, i)), live->places[i].left,
				  taken - live->places[i].taken))
			make_room(live, i, taken, now_ns);
	}
}
