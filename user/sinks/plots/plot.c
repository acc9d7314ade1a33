// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/plots/plot.h"

#include <math.h>
#include <string.h>

#include "sinks/escape.h"
#include "sinks/units.h"
#include "util/mem.h"

#define TICK_COLUMNS 10

static double place(const struct ct_scale *scale, double ns)
{
	if (scale->high <= scale->low)
		return 0;
	if (scale->log)
		return log(ns / scale->low) / log(scale->high / scale->low);
	return (ns - scale->low) / (scale->high - scale->low);
}

size_t ct_scale_column(const struct ct_scale *scale, double ns)
{
	double at;

	if (!(ns > scale->low))
		return 0;
	at = place(scale, ns) * (double)(scale->columns - 1) + 0.5;
	return at < (double)scale->columns ? (size_t)at : scale->columns - 1;
}

/* The least 1, 2 or 5 times a power of ten that is not below. */
static double round_up(double ns)
{
	double power = pow(10, floor(log10(ns)));

	if (ns <= power)
		return power;
	if (ns <= 2 * power)
		return 2 * power;
	return ns <= 5 * power ? 5 * power : 10 * power;
}

static size_t log_ticks(const struct ct_scale *scale, double ticks[CT_TICKS_MAX])
{
	double at = round_up(scale->low);
	size_t n = 0, last = 0;

	while (at <= scale->high && n < CT_TICKS_MAX) {
		size_t column = ct_scale_column(scale, at);

		if (!n || column >= last + TICK_COLUMNS) {
			ticks[n++] = at;
			last = column;
		}
		at = round_up(at * 1.01);
	}
	return n;
}

size_t ct_scale_ticks(const struct ct_scale *scale, double ticks[CT_TICKS_MAX])
{
	size_t most = scale->columns / TICK_COLUMNS, n = 0;
	double step, first;

	if (!(scale->high > scale->low) || !most)
		return 0;
	if (scale->log)
		return log_ticks(scale, ticks);
	step = round_up((scale->high - scale->low) / (double)most);
	first = ceil(scale->low / step);
	while (n < CT_TICKS_MAX && (first + (double)n) * step <= scale->high) {
		ticks[n] = (first + (double)n) * step;
		n++;
	}
	return n;
}

const char *ct_scale_label(char buf[CT_LABEL_LEN], double ns, bool utf8)
{
	char text[CT_DURATION_LEN];
	size_t digits, whole;

	if (!(ns > 0)) {
		snprintf(buf, CT_LABEL_LEN, "0");
		return buf;
	}
	ct_duration(text, (uint64_t)(ns + 0.5), utf8 ? CT_DURATION_UTF8 : 0);
	digits = strcspn(text, " ");
	whole = strcspn(text, ".");
	snprintf(buf, CT_LABEL_LEN, "%s", text);
	if (whole >= digits)
		return buf;
	while (digits > whole && (text[digits - 1] == '0' || text[digits - 1] == '.'))
		digits--;
	snprintf(buf, CT_LABEL_LEN, "%.*s%s", (int)digits, text, text + strcspn(text, " "));
	return buf;
}

void ct_scale_draw(struct ct_pen *pen, const struct ct_scale *scale, size_t indent)
{
	double ticks[CT_TICKS_MAX];
	size_t n = ct_scale_ticks(scale, ticks), at = 0;

	ct_pen_fill(pen, " ", indent);
	for (size_t i = 0; i < n; i++) {
		char label[CT_LABEL_LEN];
		size_t column = ct_scale_column(scale, ticks[i]), wide;

		ct_scale_label(label, ticks[i], pen->utf8);
		wide = ct_text_columns(label);
		if (column + wide > scale->columns)
			column = scale->columns > wide ? scale->columns - wide : 0;
		if (i && column <= at)
			continue;
		ct_pen_fill(pen, " ", column - at);
		fputs(label, pen->f);
		at = column + wide;
	}
	fputc('\n', pen->f);
}
