/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What was said last, so that it can be said again in one byte: lists of numbers, the newest first, and a
 * list of long words (ids). Whoever writes and whoever reads keep the same ones.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CT_RECENT_MAX  250 /* places; the bytes above are for codes */
#define CT_RECENT_ROOM (CT_RECENT_MAX + 64) /* all move when 64 were added, not for each */

struct ct_recent {
	uint32_t count;
	uint64_t *newest; /* of values, NULL: there was none yet; the older ones lie behind it */
	uint64_t values[CT_RECENT_ROOM];
};

/* Its place, and it moves to the front; -1: it was not there, now it is. */
int ct_recent_place(struct ct_recent *r, uint64_t value);
/* Which was not there. */
void ct_recent_add(struct ct_recent *r, uint64_t value);

static inline uint64_t ct_recent_newest(const struct ct_recent *r)
{
	return r->count ? *r->newest : 0;
}

/* Those before that place move behind what was there, which is the newest now. */
void ct_recent_to_front(uint64_t *values, size_t place);

/* What is at that place, and it moves to the front. False: there is none. */
static inline bool ct_recent_at(struct ct_recent *r, uint8_t place, uint64_t *ret)
{
	if (place >= r->count)
		return false;
	*ret = r->newest[place];
	if (place)
		ct_recent_to_front(r->newest, place);
	return true;
}

#define CT_WORD_MAX  64
#define CT_WORDS_MAX 200

struct ct_words {
	uint32_t count;
	uint8_t order[CT_WORDS_MAX]; /* the newest first */
	uint8_t len[CT_WORDS_MAX];
	char text[CT_WORDS_MAX][CT_WORD_MAX];
};

/* As with numbers. A word is not empty, and no longer than CT_WORD_MAX. */
int ct_words_place(struct ct_words *w, const char *word, size_t len);
const char *ct_words_at(struct ct_words *w, uint8_t place, size_t *ret_len);
/* Room for a new word of that length, at the front. */
char *ct_words_add(struct ct_words *w, size_t len);
