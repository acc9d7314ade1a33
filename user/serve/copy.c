// SPDX-License-Identifier: GPL-2.0-only
#include "serve/copy.h"

#include <stdlib.h>
#include <string.h>

/* Parts are laid one behind the other; with no memory yet it only counts. */
struct piece {
	char *bytes;
	size_t len;
};

static const void *put(struct piece *piece, const void *part, size_t size)
{
	const size_t align = _Alignof(max_align_t);
	char *at;

	if (!part)
		return NULL;
	piece->len = (piece->len + align - 1) / align * align;
	at = piece->bytes ? piece->bytes + piece->len : NULL;
	if (at)
		memcpy(at, part, size);
	piece->len += size;
	return at;
}

static const void *put_string(struct piece *piece, const char *s)
{
	return s ? put(piece, s, strlen(s) + 1) : NULL;
}

static void put_all(struct piece *piece, const struct ct_record *rec)
{
	struct ct_record copy = *rec;
	const struct ct_fetched *fetched = rec->fetched;
	char *begin = piece->bytes;

	put(piece, rec, sizeof(*rec));
	copy.who = put(piece, rec->who, sizeof(*rec->who));
	copy.predecessor = put(piece, rec->predecessor, sizeof(*rec->who));
	copy.node = put_string(piece, rec->node);
	copy.message = put_string(piece, rec->message);
	copy.steps = put(piece, rec->steps, rec->step_count * sizeof(*rec->steps));
	copy.why = put(piece, rec->why, rec->step_count * sizeof(*rec->why));
	copy.path = put(piece, rec->path, rec->piece_count * sizeof(*rec->path));
	copy.fetched = put(
		piece, fetched,
		fetched ? sizeof(*fetched) + fetched->layer_count * sizeof(fetched->layers[0]) : 0);
	if (begin)
		memcpy(begin, &copy, sizeof(copy));
}

struct ct_record *ct_record_copy(const struct ct_record *rec, size_t *ret_size)
{
	struct piece piece = { 0 };

	put_all(&piece, rec);
	*ret_size = piece.len;
	piece.bytes = malloc(piece.len);
	piece.len = 0;
	if (piece.bytes)
		put_all(&piece, rec);
	return (struct ct_record *)(void *)piece.bytes;
}
