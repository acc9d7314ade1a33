/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sinks that draw pictures have in common: a scale of time. */
#pragma once

#include "sinks/pen.h"
#include "sinks/sink.h"

/* From low to high in so many columns; `log` if one is many times the other. */
struct ct_scale {
	double low, high;
	size_t columns;
	bool log;
};

size_t ct_scale_column(const struct ct_scale *scale, double ns);

#define CT_TICKS_MAX 32
/* Round times on the scale, far enough apart for their labels. Returns how many. */
size_t ct_scale_ticks(const struct ct_scale *scale, double ticks[CT_TICKS_MAX]);

/* "50 ms", "1.5 s": no more digits than it takes. */
#define CT_LABEL_LEN 24
const char *ct_scale_label(char buf[CT_LABEL_LEN], double ns, bool utf8);

/* A line with the labels of the ticks, each beginning above its column. */
void ct_scale_draw(struct ct_pen *pen, const struct ct_scale *scale, size_t indent);
