/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sinks that draw pictures have in common: a canvas in memory, and a scale of time. */
#pragma once

#include "sinks/pen.h"
#include "sinks/sink.h"

struct ct_canvas {
	struct ct_pen pen;
	char *bytes;
	size_t len;
};

/* Where to draw; put it after. */
int ct_canvas_begin(struct ct_canvas *canvas, const struct ct_sink *s, struct ct_err *err);
/* Writes it, without spaces at the end of lines, and frees it. */
int ct_canvas_put(struct ct_canvas *canvas, struct ct_sink *s, struct ct_err *err);

/* For the ops of a sink that draws the summary alone. */
int ct_plot_begin(struct ct_sink *s, const struct ct_session *session, struct ct_err *err);
int ct_plot_record(struct ct_sink *s, const struct ct_record *rec, struct ct_err *err);

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
