// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_recent.h"

#include <string.h>

#define NEAR 8 /* so few are moved sooner than a function is called */

/* Makes room for `value`, which was at that place, at the front. */
static inline void to_front(uint64_t *v, uint32_t place, uint64_t value)
{
	if (place > NEAR) {
		memmove(v + 1, v, place * sizeof(*v));
		v[0] = value;
		return;
	}
	for (uint32_t i = 0; i <= place; i++) {
		uint64_t was = v[i];

		v[i] = value;
		value = was;
	}
}

int ct_recent_place(struct ct_recent *r, uint64_t value)
{
	uint64_t *v = r->values + r->first;

	for (uint32_t i = 0; i < r->count; i++) {
		if (v[i] != value)
			continue;
		to_front(v, i, value);
		return (int)i;
	}
	ct_recent_add(r, value);
	return -1;
}

bool ct_recent_behind(struct ct_recent *r, uint8_t place, uint64_t *ret)
{
	uint64_t *v = r->values + r->first;

	if (place >= r->count)
		return false;
	*ret = v[place];
	to_front(v, place, *ret);
	return true;
}

/* The oldest of a full list lies behind the others from then on, and is never looked at. */
void ct_recent_add(struct ct_recent *r, uint64_t value)
{
	uint32_t kept = r->count < CT_RECENT_MAX ? r->count : CT_RECENT_MAX - 1;

	if (!r->first) {
		r->first = CT_RECENT_ROOM - kept;
		memmove(r->values + r->first, r->values, kept * sizeof(*r->values));
	}
	r->values[--r->first] = value;
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
