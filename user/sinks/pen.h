/* SPDX-License-Identifier: GPL-2.0-only */
/* Draws text in columns into a stream in memory. What it draws is safe already: see escape.h. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct ct_pen {
	FILE *f; /* in memory, never the output itself */
	unsigned width; /* columns to fill at most */
	bool utf8;
	bool blocks; /* block and box characters will show */
	bool colour;
};

enum ct_style {
	CT_STYLE_DIM,
	CT_STYLE_BOLD,
	CT_STYLE_BAD,
	CT_STYLE_ODD,
	CT_STYLE_START,
	CT_STYLE_STOP,
	CT_STYLE_RESTART,
	CT_STYLE_MAX
};

void ct_pen_on(struct ct_pen *pen, enum ct_style style);
void ct_pen_off(struct ct_pen *pen);
void ct_pen_fill(struct ct_pen *pen, const char *what, size_t times);

/* In a column of this width; longer text is not cut. */
void ct_pen_left(struct ct_pen *pen, const char *text, size_t width);
void ct_pen_right(struct ct_pen *pen, const char *text, size_t width);
void ct_pen_duration(struct ct_pen *pen, uint64_t ns, size_t width, bool compact);

/* Somebody else's string, escaped, cut to the width and padded if padded. */
void ct_pen_foreign(struct ct_pen *pen, const char *s, size_t width, bool padded);

/* A bar of `part` (0..1) of `columns`. Returns the columns drawn. */
size_t ct_pen_bar(struct ct_pen *pen, double part, size_t columns);

/* Words from column `at` on, further lines indented; 0 for no limit. Ends without a newline. */
void ct_pen_wrap(struct ct_pen *pen, const char *text, size_t at, size_t indent, size_t limit);

/* Of what was drawn: spaces before a newline go. */
void ct_pen_trim(char *bytes, size_t *len);
