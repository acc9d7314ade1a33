/* SPDX-License-Identifier: GPL-2.0-only */
/* Whether more could come by the line that a pull's layers came by, as far as their times and sizes say so. Pure. */
#pragma once

#include "core/record.h"

/* Columns: symbol, name, what it says. "Line" is all of it: the network, and the registry behind it. */
#define CT_LINES(X) \
	X(UNKNOWN, "unknown", "nobody knows whether more would have come") \
	X(ROOM, "room", "it was not full") \
	X(FULL, "full", "no more could come")

enum ct_line {
#define X(symbol, name, doc) CT_LINE_##symbol,
	CT_LINES(X)
#undef X
	CT_LINE_MAX
};

extern const char *const ct_line_names[CT_LINE_MAX];

/* Columns: symbol, name, what follows from it, what it is. */
#define CT_LINE_WHYS(X) \
	X(LITTLE, "little", UNKNOWN, "too little was fetched, or when is not known") \
	X(OTHERS, "others", UNKNOWN, "its engine fetched something else meanwhile") \
	X(SAME, "same", UNKNOWN, "as many were fetched at once all the time") \
	X(NEITHER, "neither", UNKNOWN, "layers came neither as fast each nor as fast together") \
	X(EACH, "each", ROOM, "each layer came as fast, whether few or many were fetched at once") \
	X(DISTANCE, "distance", ROOM, \
	  "most of the time was round trips: connecting, asking, slow start") \
	X(TOGETHER, "together", FULL, "no more came when more were fetched at once")

enum ct_line_why {
#define X(symbol, name, is, doc) CT_LINE_WHY_##symbol,
	CT_LINE_WHYS(X)
#undef X
	CT_LINE_WHY_MAX
};

extern const char *const ct_line_why_names[CT_LINE_WHY_MAX];
extern const char *const ct_line_why_docs[CT_LINE_WHY_MAX];

struct ct_pull_line {
	enum ct_line is;
	enum ct_line_why why;
	size_t least, most; /* layers that were fetched at once */
	double rate; /* bytes per second that it carried with the most of them; 0: not known */
	uint64_t distance_ns; /* of what a layer took: round trips; mean */
};

struct ct_pull_line ct_pull_line(const struct ct_fetched *f);

/* When a layer began to be fetched, as far as that is known; before that it waited for a slot. */
uint64_t ct_pull_begun(const struct ct_layer *layer);

/* By this pull: no other has, and it was not there. */
bool ct_pull_fetched(const struct ct_layer *layer);
