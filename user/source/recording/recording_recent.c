// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_recent.h"

#include <string.h>

#define FAR 32 /* so few are moved sooner than a function is called */

/* So many that end before `at`, one up. */
static inline void move_up(uint64_t *at, size_t count)
{
	uint64_t moved[4];

	memcpy(moved, at - count, count * sizeof(*at));
	memcpy(at - count + 1, moved, count * sizeof(*at));
}

void ct_recent_to_front(uint64_t *values, size_t place)
{
	uint64_t value = values[place], *at = values + place;

	if (place > FAR) {
		memmove(values + 1, values, place * sizeof(*values));
		place = 0;
	}
	for (; place >= 4; place -= 4, at -= 4)
		move_up(at, 4);
	if (place & 2) {
		move_up(at, 2);
		at -= 2;
	}
	if (place & 1)
		move_up(at, 1);
	values[0] = value;
}

int ct_recent_place(struct ct_recent *r, uint64_t value)
{
	uint64_t *v = r->newest;

	for (uint32_t i = 0; i < r->count; i++) {
		if (v[i] != value)
			continue;
		ct_recent_to_front(v, i);
		return (int)i;
	}
	ct_recent_add(r, value);
	return -1;
}

/* The oldest of a full list lies behind the others from then on, and is never looked at. */
void ct_recent_add(struct ct_recent *r, uint64_t value)
{
	uint32_t kept = r->count < CT_RECENT_MAX ? r->count : CT_RECENT_MAX - 1;

	if (!r->newest || r->newest == r->values) {
		r->newest = r->values + CT_RECENT_ROOM - kept;
		memmove(r->newest, r->values, kept * sizeof(*r->values));
	}
	*--r->newest = value;
	r->count = kept + 1;
}

static void word_to_front(struct ct_words *w, uint32_t place)
{
	uint8_t slot = w->order[place];

	memmove(w->order + 1, w->order, place);
	w->order[0] = slot;
}

int ct_words_place(struct ct_words *w, const char *word, size_t len)
{
	for (uint32_t i = 0; i < w->count; i++) {
		uint8_t slot = w->order[i];

		if (w->len[slot] != len || memcmp(w->text[slot], word, len) != 0)
			continue;
		word_to_front(w, i);
		return (int)i;
	}
	memcpy(ct_words_add(w, len), word, len);
	return -1;
}

const char *ct_words_at(struct ct_words *w, uint8_t place, size_t *ret_len)
{
	if (place >= w->count)
		return NULL;
	word_to_front(w, place);
	*ret_len = w->len[w->order[0]];
	return w->text[w->order[0]];
}

char *ct_words_add(struct ct_words *w, size_t len)
{
	if (w->count < CT_WORDS_MAX) {
		w->order[w->count] = (uint8_t)w->count;
		w->count++;
	}
	word_to_front(w, w->count - 1);
	w->len[w->order[0]] = (uint8_t)len;
	return w->text[w->order[0]];
}
