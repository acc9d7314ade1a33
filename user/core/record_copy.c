// SPDX-License-Identifier: GPL-2.0-only
#include "core/record_copy.h"

#include <stdlib.h>
#include <string.h>

/* Parts are laid one behind the other; with no room yet they are only counted. */
struct laid {
	char *room;
	size_t len;
};

static void *put(struct laid *laid, const void *part, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	char *at;

	if (!part)
		return NULL;
	laid->len = (laid->len + align - 1) / align * align;
	at = laid->room ? laid->room + laid->len : NULL;
	if (at)
		memcpy(at, part, size);
	laid->len += size;
	return at;
}

static const char *put_string(struct laid *laid, const char *s)
{
	return s ? put(laid, s, strlen(s) + 1) : NULL;
}

static const struct ct_probed *put_probes(struct laid *laid, const struct ct_record *rec)
{
	struct ct_probed *probes =
		rec->probe_count ? put(laid, rec->probes, rec->probe_count * sizeof(*probes))
				 : NULL;

	for (size_t i = 0; i < rec->probe_count; i++) {
		const char *name = put_string(laid, rec->probes[i].container);

		if (probes)
			probes[i].container = name;
	}
	return probes;
}

static void put_all(struct laid *laid, const struct ct_record *rec)
{
	struct ct_record copy = *rec, *own = put(laid, rec, sizeof(*rec));
	const struct ct_fetched *f = rec->fetched;

	copy.who = put(laid, rec->who, sizeof(*rec->who));
	copy.predecessor = put(laid, rec->predecessor, sizeof(*rec->predecessor));
	copy.node = put_string(laid, rec->node);
	copy.labels = put(laid, rec->labels, sizeof(*rec->labels));
	copy.message = put_string(laid, rec->message);
	copy.probes = put_probes(laid, rec);
	copy.steps = put(laid, rec->steps, rec->step_count * sizeof(*rec->steps));
	copy.why = put(laid, rec->why, rec->step_count * sizeof(*rec->why));
	copy.path = put(laid, rec->path, rec->piece_count * sizeof(*rec->path));
	copy.members = put(laid, rec->members, rec->member_count * sizeof(*rec->members));
	copy.found = put(laid, rec->found, sizeof(*rec->found));
	copy.fetched = put(laid, f, f ? sizeof(*f) + f->layer_count * sizeof(f->layers[0]) : 0);
	if (own)
		*own = copy;
}

size_t ct_record_size(const struct ct_record *rec)
{
	struct laid laid = { 0 };

	put_all(&laid, rec);
	return laid.len;
}

struct ct_record *ct_record_put(const struct ct_record *rec, void *room)
{
	struct laid laid = { .room = room };

	put_all(&laid, rec);
	return room;
}

struct ct_record *ct_record_copy(const struct ct_record *rec, size_t *ret_size)
{
	void *room;

	*ret_size = ct_record_size(rec);
	room = malloc(*ret_size);
	return room ? ct_record_put(rec, room) : NULL;
}
