// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/pen.h"

#include <string.h>

#include "sinks/escape.h"
#include "sinks/units.h"
#include "util/mem.h"

static const char *const styles[CT_STYLE_MAX] = {
	[CT_STYLE_DIM] = "2",      [CT_STYLE_BOLD] = "1",   [CT_STYLE_BAD] = "1;31",
	[CT_STYLE_ODD] = "33",     [CT_STYLE_START] = "32", [CT_STYLE_STOP] = "35",
	[CT_STYLE_RESTART] = "36",
};

void ct_pen_on(struct ct_pen *pen, enum ct_style style)
{
	if (pen->colour)
		fprintf(pen->f, "\033[%sm", styles[style]);
}

void ct_pen_off(struct ct_pen *pen)
{
	if (pen->colour)
		fputs("\033[0m", pen->f);
}

void ct_pen_fill(struct ct_pen *pen, const char *what, size_t times)
{
	while (times--)
		fputs(what, pen->f);
}

static size_t padding(const char *text, size_t width)
{
	size_t columns = ct_text_columns(text);

	return columns < width ? width - columns : 0;
}

void ct_pen_left(struct ct_pen *pen, const char *text, size_t width)
{
	fputs(text, pen->f);
	ct_pen_fill(pen, " ", padding(text, width));
}

void ct_pen_right(struct ct_pen *pen, const char *text, size_t width)
{
	ct_pen_fill(pen, " ", padding(text, width));
	fputs(text, pen->f);
}

void ct_pen_duration(struct ct_pen *pen, uint64_t ns, size_t width, bool compact)
{
	unsigned flags = CT_DURATION_COLUMN | (pen->utf8 ? CT_DURATION_UTF8 : 0) |
			 (compact ? CT_DURATION_COMPACT : 0);
	char buf[CT_DURATION_LEN];

	ct_pen_right(pen, ct_duration(buf, ns, flags), width);
}

void ct_pen_foreign(struct ct_pen *pen, const char *s, size_t width, bool padded)
{
	char buf[1024];
	size_t used = ct_escape_text(buf, sizeof(buf), s, pen->utf8, width);

	fputs(buf, pen->f);
	if (padded && used < width)
		ct_pen_fill(pen, " ", width - used);
}

size_t ct_pen_bar(struct ct_pen *pen, double part, size_t columns)
{
	static const char *const eighths[] = { "",       "\u258f", "\u258e", "\u258d",
					       "\u258c", "\u258b", "\u258a", "\u2589" };
	double cells = part * (double)columns;
	size_t whole, rest = 0;

	if (!(cells > 0))
		return 0;
	if (cells > (double)columns)
		cells = (double)columns;
	if (!pen->blocks) {
		whole = (size_t)(cells + 0.5);
		ct_pen_fill(pen, "#", whole);
		return whole;
	}
	whole = (size_t)cells;
	rest = (size_t)((cells - (double)whole) * 8);
	if (!whole && !rest)
		rest = 1;
	ct_pen_fill(pen, "\u2588", whole);
	fputs(eighths[rest], pen->f);
	return whole + (rest ? 1 : 0);
}

void ct_pen_wrap(struct ct_pen *pen, const char *text, size_t at, size_t indent, size_t limit)
{
	bool first = true;

	while (*text) {
		char word[2048];
		size_t len = strcspn(text, " "), columns, take = len;

		if (take >= sizeof(word))
			take = sizeof(word) - 1;
		memcpy(word, text, take);
		word[take] = '\0';
		columns = ct_text_columns(word);
		if (!first && limit && at + 1 + columns > limit) {
			fputc('\n', pen->f);
			ct_pen_fill(pen, " ", indent);
			at = indent;
		} else if (!first) {
			fputc(' ', pen->f);
			at++;
		}
		/* A word longer than a line is cut where the line ends, between characters. */
		for (const char *c = word; *c;) {
			size_t n = 1, wide;
			char one[8] = "";

			while ((c[n] & 0xc0) == 0x80 && n < 4)
				n++;
			memcpy(one, c, n);
			wide = ct_text_columns(one);
			if (limit && at + wide > limit && at > indent) {
				fputc('\n', pen->f);
				ct_pen_fill(pen, " ", indent);
				at = indent;
			}
			fputs(one, pen->f);
			at += wide;
			c += n;
		}
		first = false;
		text += take;
		if (take == len && *text == ' ')
			text++;
	}
}

void ct_pen_trim(char *bytes, size_t *len)
{
	size_t to = 0;

	for (size_t i = 0; i < *len; i++) {
		while (bytes[i] == '\n' && to && bytes[to - 1] == ' ')
			to--;
		bytes[to++] = bytes[i];
	}
	*len = to;
}
