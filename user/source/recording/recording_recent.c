// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_recent.h"

#include <string.h>

int ct_recent_place(struct ct_recent *r, uint64_t value)
{
	uint64_t *v = r->values;

	for (uint32_t i = 0; i < r->count; i++) {
		if (v[i] != value)
			continue;
		memmove(v + 1, v, i * sizeof(*v));
		v[0] = value;
		return (int)i;
	}
	ct_recent_add(r, value);
	return -1;
}

bool ct_recent_behind(struct ct_recent *r, uint8_t place, uint64_t *ret)
{
	uint64_t *v = r->values;

	if (place >= r->count)
		return false;
	*ret = v[place];
	memmove(v + 1, v, place * sizeof(*v));
	v[0] = *ret;
	return true;
}

void ct_recent_add(struct ct_recent *r, uint64_t value)
{
	uint64_t *v = r->values;

	if (r->count < CT_RECENT_MAX)
		r->count++;
	memmove(v + 1, v, (r->count - 1) * sizeof(*v));
	v[0] = value;
}

static void to_front(struct ct_words *w, uint32_t place)
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
		to_front(w, i);
		return (int)i;
	}
	memcpy(ct_words_add(w, len), word, len);
	return -1;
}

const char *ct_words_at(struct ct_words *w, uint8_t place, size_t *ret_len)
{
	if (place >= w->count)
		return NULL;
	to_front(w, place);
	*ret_len = w->len[w->order[0]];
	return w->text[w->order[0]];
}

char *ct_words_add(struct ct_words *w, size_t len)
{
	if (w->count < CT_WORDS_MAX) {
		w->order[w->count] = (uint8_t)w->count;
		w->count++;
	}
	to_front(w, w->count - 1);
	w->len[w->order[0]] = (uint8_t)len;
	return w->text[w->order[0]];
}
