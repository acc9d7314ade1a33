// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/escape.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

struct range {
	uint32_t first, last;
};

/* Characters that do not show or that move others: shown by their bytes. */
static const struct range hidden[] = {
	{ 0x80, 0x9f },     { 0xad, 0xad },     { 0x61c, 0x61c },      { 0x115f, 0x1160 },
	{ 0x180e, 0x180e }, { 0x200b, 0x200f }, { 0x2028, 0x202e },    { 0x2060, 0x206f },
	{ 0x3164, 0x3164 }, { 0xfe00, 0xfe0f }, { 0xfeff, 0xfeff },    { 0xfff0, 0xfffb },
	{ 0xe000, 0xf8ff }, { 0xfdd0, 0xfdef }, { 0xe0000, 0x10ffff },
};

static const struct range combining[] = {
	{ 0x300, 0x36f },   { 0x483, 0x489 },   { 0x591, 0x5bd },   { 0x610, 0x61a },
	{ 0x64b, 0x65f },   { 0x1ab0, 0x1aff }, { 0x1dc0, 0x1dff }, { 0x20d0, 0x20ff },
	{ 0x302a, 0x302f }, { 0xfe20, 0xfe2f },
};

static const struct range wide[] = {
	{ 0x1100, 0x115f },   { 0x2e80, 0x303e },   { 0x3041, 0x33ff },   { 0x3400, 0x4dbf },
	{ 0x4e00, 0x9fff },   { 0xa000, 0xa4cf },   { 0xac00, 0xd7a3 },   { 0xf900, 0xfaff },
	{ 0xfe30, 0xfe6f },   { 0xff00, 0xff60 },   { 0xffe0, 0xffe6 },   { 0x1f300, 0x1f64f },
	{ 0x1f680, 0x1f6ff }, { 0x1f900, 0x1f9ff }, { 0x20000, 0x3fffd },
};

static bool in_ranges(uint32_t c, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (c >= r[i].first && c <= r[i].last)
			return true;
	return false;
}

/* Bytes of the well-formed UTF-8 character at s (Unicode table 3-7), 0 if there is none. */
static unsigned utf8_decode(const unsigned char *s, uint32_t *ret_c)
{
	static const struct {
		unsigned char mask, lead, len;
		uint32_t min;
	} forms[] = { { 0x80, 0, 1, 0 },
		      { 0xe0, 0xc0, 2, 0x80 },
		      { 0xf0, 0xe0, 3, 0x800 },
		      { 0xf8, 0xf0, 4, 0x10000 } };

	for (size_t f = 0; f < CT_ARRAY_SIZE(forms); f++) {
		uint32_t c;

		if ((s[0] & forms[f].mask) != forms[f].lead)
			continue;
		c = s[0] & (unsigned char)~forms[f].mask;
		for (unsigned i = 1; i < forms[f].len; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			c = c << 6 | (s[i] & 0x3f);
		}
		if (c < forms[f].min || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
			return 0;
		*ret_c = c;
		return forms[f].len;
	}
	return 0;
}

static unsigned columns_of(uint32_t c)
{
	if (in_ranges(c, combining, CT_ARRAY_SIZE(combining)))
		return 0;
	return in_ranges(c, wide, CT_ARRAY_SIZE(wide)) ? 2 : 1;
}

/* One character of the input and what stands for it. */
struct unit {
	char text[20];
	size_t len;
	unsigned columns;
};

static unsigned next_unit(const char *s, bool utf8, struct unit *u)
{
	const unsigned char *b = (const unsigned char *)s;
	uint32_t c = 0;
	unsigned n = utf8_decode(b, &c);
	bool shown = n && c >= 0x20 && c != 0x7f && c != '\\' && (c < 0x80 || utf8) &&
		     !in_ranges(c, hidden, CT_ARRAY_SIZE(hidden));

	if (shown) {
		memcpy(u->text, s, n);
		u->len = n;
		u->columns = columns_of(c);
		return n;
	}
	if (n == 1 && c == '\\') {
		memcpy(u->text, "\\\\", 2);
		u->len = u->columns = 2;
		return n;
	}
	if (!n)
		n = 1;
	u->len = 0;
	for (unsigned i = 0; i < n; i++)
		u->len += (size_t)snprintf(u->text + u->len, sizeof(u->text) - u->len, "\\x%02x",
					   b[i]);
	u->columns = (unsigned)u->len;
	return n;
}

size_t ct_escape_text(char *out, size_t size, const char *s, bool utf8, size_t columns)
{
	const char *dots = utf8 ? "\u2026" : "..";
	size_t dots_len = strlen(dots), dots_columns = utf8 ? 1 : 2;
	size_t len = 0, used = 0, cut_len = 0, cut_used = 0;
	struct unit u;

	while (*s) {
		s += next_unit(s, utf8, &u);
		if (len + u.len >= size || used + u.columns > columns)
			goto cut;
		memcpy(out + len, u.text, u.len);
		len += u.len;
		used += u.columns;
		if (len + dots_len < size && used + dots_columns <= columns) {
			cut_len = len;
			cut_used = used;
		}
	}
	out[len] = '\0';
	return used;
cut:
	if (cut_len + dots_len < size && cut_used + dots_columns <= columns) {
		memcpy(out + cut_len, dots, dots_len);
		cut_len += dots_len;
		cut_used += dots_columns;
	}
	out[cut_len] = '\0';
	return cut_used;
}

char *ct_escape_text_dup(const char *s, bool utf8)
{
	size_t size = strlen(s) * 4 + 1;
	char *out = malloc(size);

	if (out)
		ct_escape_text(out, size, s, utf8, CT_COLUMNS_ALL);
	return out;
}

void ct_escape_json(FILE *out, const char *s)
{
	static const char shorthand[][2] = { { '"', '"' },  { '\\', '\\' }, { '\b', 'b' },
					     { '\f', 'f' }, { '\n', 'n' },  { '\r', 'r' },
					     { '\t', 't' } };

	putc('"', out);
	while (*s) {
		const unsigned char *b = (const unsigned char *)s;
		uint32_t c = b[0];
		unsigned n = utf8_decode(b, &c);
		const char *letter = NULL;

		for (size_t i = 0; i < CT_ARRAY_SIZE(shorthand) && n == 1; i++)
			if ((uint32_t)shorthand[i][0] == c)
				letter = &shorthand[i][1];
		if (letter)
			fprintf(out, "\\%c", *letter);
		else if (!n || c < 0x20 || c == 0x7f ||
			 (c <= 0xffff && in_ranges(c, hidden, CT_ARRAY_SIZE(hidden))))
			fprintf(out, "\\u%04x", (unsigned)c);
		else
			fwrite(s, 1, n, out);
		s += n ? n : 1;
	}
	putc('"', out);
}

size_t ct_text_columns(const char *s)
{
	size_t columns = 0;

	while (*s) {
		uint32_t c = 0;
		unsigned n = utf8_decode((const unsigned char *)s, &c);

		columns += n ? columns_of(c) : 1;
		s += n ? n : 1;
	}
	return columns;
}
