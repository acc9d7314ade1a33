// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sinks/escape.h"
#include "sinks/units.h"
#include "util/mem.h"

struct text {
	const char *in, *ascii, *utf8, *json;
};

static const struct text texts[] = {
	{ "web", "web", "web", "\"web\"" },
	{ "", "", "", "\"\"" },
	{ "a b~", "a b~", "a b~", "\"a b~\"" },
	{ "\033[31m", "\\x1b[31m", "\\x1b[31m", "\"\\u001b[31m\"" },
	{ "a\nb\r\t", "a\\x0ab\\x0d\\x09", "a\\x0ab\\x0d\\x09", "\"a\\nb\\r\\t\"" },
	{ "\b\f\a", "\\x08\\x0c\\x07", "\\x08\\x0c\\x07", "\"\\b\\f\\u0007\"" },
	{ "\x7f", "\\x7f", "\\x7f", "\"\\u007f\"" },
	{ "\"quoted\"", "\"quoted\"", "\"quoted\"", "\"\\\"quoted\\\"\"" },
	{ "a\\x1b", "a\\\\x1b", "a\\\\x1b", "\"a\\\\x1b\"" },
	{ "caf\u00e9", "caf\\xc3\\xa9", "caf\u00e9", "\"caf\u00e9\"" },
	{ "\U0001f40b", "\\xf0\\x9f\\x90\\x8b", "\U0001f40b", "\"\U0001f40b\"" },
	{ "C1 \xc2\x9b", "C1 \\xc2\\x9b", "C1 \\xc2\\x9b", "\"C1 \\u009b\"" },
	{ "raw C1 \x9b", "raw C1 \\x9b", "raw C1 \\x9b", "\"raw C1 \\u009b\"" },
	{ "\xff\xfe", "\\xff\\xfe", "\\xff\\xfe", "\"\\u00ff\\u00fe\"" },
	{ "cut \xe2\x82", "cut \\xe2\\x82", "cut \\xe2\\x82", "\"cut \\u00e2\\u0082\"" },
	{ "long \xc0\xaf", "long \\xc0\\xaf", "long \\xc0\\xaf", "\"long \\u00c0\\u00af\"" },
	{ "long \xe0\x80\xaf", "long \\xe0\\x80\\xaf", "long \\xe0\\x80\\xaf",
	  "\"long \\u00e0\\u0080\\u00af\"" },
	{ "half \xed\xa0\x80", "half \\xed\\xa0\\x80", "half \\xed\\xa0\\x80",
	  "\"half \\u00ed\\u00a0\\u0080\"" },
	{ "far \xf4\x90\x80\x80", "far \\xf4\\x90\\x80\\x80", "far \\xf4\\x90\\x80\\x80",
	  "\"far \\u00f4\\u0090\\u0080\\u0080\"" },
	{ "\u202egpj", "\\xe2\\x80\\xaegpj", "\\xe2\\x80\\xaegpj", "\"\\u202egpj\"" },
	{ "\u2028", "\\xe2\\x80\\xa8", "\\xe2\\x80\\xa8", "\"\\u2028\"" },
};

static char *json_of(const char *s)
{
	char *out = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&out, &len);

	cr_assert(f);
	ct_escape_json(f, s);
	cr_assert_eq(fclose(f), 0);
	return out;
}

Test(escape, text_and_json)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(texts); i++) {
		const struct text *t = &texts[i];
		own_mem char *json = json_of(t->in);
		own_mem char *dup = ct_escape_text_dup(t->in, true);
		char out[128];

		ct_escape_text(out, sizeof(out), t->in, false, CT_COLUMNS_ALL);
		cr_expect_str_eq(out, t->ascii);
		ct_escape_text(out, sizeof(out), t->in, true, CT_COLUMNS_ALL);
		cr_expect_str_eq(out, t->utf8);
		cr_assert(dup);
		cr_expect_str_eq(dup, t->utf8);
		cr_expect_str_eq(json, t->json);
	}
}

/* Every sequence of two bytes: what comes out is printable, whatever went in. */
Test(escape, nothing_reaches_the_terminal)
{
	for (unsigned a = 1; a < 256; a++) {
		for (unsigned b = 1; b < 256; b++) {
			const char in[] = { (char)a, (char)b, '\0' };
			own_mem char *json = json_of(in);
			char out[32];

			ct_escape_text(out, sizeof(out), in, false, CT_COLUMNS_ALL);
			for (const char *c = out; *c; c++)
				cr_assert(*c >= 0x20 && *c < 0x7f, "%02x %02x", a, b);
			for (const char *c = json; *c; c++)
				cr_assert((unsigned char)*c >= 0x20 && *c != 0x7f, "%02x %02x", a,
					  b);
			ct_escape_text(out, sizeof(out), in, true, CT_COLUMNS_ALL);
			for (const char *c = out; *c; c++)
				cr_assert((unsigned char)*c >= 0x20 && *c != 0x7f, "%02x %02x", a,
					  b);
		}
	}
}

struct cut {
	const char *in;
	bool utf8;
	size_t size, columns;
	const char *out;
	size_t used;
};

static const struct cut cuts[] = {
	{ "container", false, 64, 9, "container", 9 },
	{ "container", false, 64, 8, "contai..", 8 },
	{ "container", true, 64, 8, "contain\u2026", 8 },
	{ "container", false, 64, 2, "..", 2 },
	{ "container", false, 64, 1, "", 0 },
	{ "container", true, 64, 1, "\u2026", 1 },
	{ "container", true, 64, 0, "", 0 },
	{ "", true, 64, 0, "", 0 },
	{ "container", false, 10, CT_COLUMNS_ALL, "container", 9 },
	{ "container", false, 9, CT_COLUMNS_ALL, "contai..", 8 },
	{ "container", false, 1, CT_COLUMNS_ALL, "", 0 },
	/* never half an escape, never half a character */
	{ "ab\033c", false, 64, 6, "ab..", 4 },
	{ "ab\033c", false, 64, 7, "ab\\x1bc", 7 },
	{ "\u65e5\u672c\u8a9e", true, 64, 6, "\u65e5\u672c\u8a9e", 6 },
	{ "\u65e5\u672c\u8a9e", true, 64, 5, "\u65e5\u672c\u2026", 5 },
	{ "\u65e5\u672c\u8a9e", true, 64, 4, "\u65e5\u2026", 3 },
	{ "\u65e5\u672c\u8a9e", true, 9, CT_COLUMNS_ALL, "\u65e5\u2026", 3 },
	{ "e\u0301x", true, 64, 2, "e\u0301x", 2 },
};

Test(escape, cut_by_columns_and_bytes)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(cuts); i++) {
		const struct cut *c = &cuts[i];
		own_mem char *out = malloc(c->size);
		size_t used;

		cr_assert(out);
		used = ct_escape_text(out, c->size, c->in, c->utf8, c->columns);
		cr_expect_str_eq(out, c->out, "%zu: '%s', not '%s'", i, out, c->out);
		cr_expect_eq(used, c->used, "%zu: %zu columns, not %zu", i, used, c->used);
		cr_expect_eq(ct_text_columns(out), c->used, "%zu", i);
	}
}

struct duration {
	uint64_t ns;
	const char *plain, *compact, *column;
};

static const struct duration durations[] = {
	{ 0, "0 ns", "0ns", "0 ns" },
	{ 999, "999 ns", "999ns", "999 ns" },
	{ 1000, "1.00 us", "1.00us", "1.00 us" },
	{ 412000, "412 us", "412us", "412 us" },
	{ 999499, "999 us", "999us", "999 us" },
	{ 999500, "1.00 ms", "1.00ms", "1.00 ms" },
	{ 8412345, "8.41 ms", "8.41ms", "8.41 ms" },
	{ 9994999, "9.99 ms", "9.99ms", "9.99 ms" },
	{ 9996000, "10.0 ms", "10.0ms", "10.0 ms" },
	{ 99960000, "100 ms", "100ms", "100 ms" },
	{ 185000000, "185 ms", "185ms", "185 ms" },
	{ 999600000, "1.00 s", "1.00s", "1.00 s " },
	{ 1234567890, "1.23 s", "1.23s", "1.23 s " },
	{ 60000000000, "60.0 s", "60.0s", "60.0 s " },
	{ 999600000000, "16.7 min", "16.7min", "16.7 min" },
	{ 7200000000000, "2.00 h", "2.00h", "2.00 h " },
	{ 864000000000000, "10.0 d", "10.0d", "10.0 d " },
};

Test(units, duration)
{
	char buf[CT_DURATION_LEN];

	for (size_t i = 0; i < CT_ARRAY_SIZE(durations); i++) {
		const struct duration *d = &durations[i];

		cr_expect_str_eq(ct_duration(buf, d->ns, 0), d->plain, "%" PRIu64 ": '%s'", d->ns,
				 buf);
		cr_expect_str_eq(ct_duration(buf, d->ns, CT_DURATION_COMPACT), d->compact,
				 "%" PRIu64 ": '%s'", d->ns, buf);
		cr_expect_str_eq(ct_duration(buf, d->ns, CT_DURATION_COLUMN), d->column,
				 "%" PRIu64 ": '%s'", d->ns, buf);
	}
	cr_expect_str_eq(ct_duration(buf, 412000, CT_DURATION_UTF8), "412 \u00b5s");
	cr_expect_str_eq(ct_duration(buf, UINT64_MAX, 0), "213504 d");
}

Test(units, times)
{
	char rfc[CT_RFC3339_LEN], clock[CT_CLOCK_LEN];

	setenv("TZ", "UTC", 1);
	cr_expect_str_eq(ct_rfc3339(rfc, 1732180500123456789), "2024-11-21T09:15:00.123456789Z");
	cr_expect_str_eq(ct_rfc3339(rfc, 0), "1970-01-01T00:00:00.000000000Z");
	cr_expect_str_eq(ct_rfc3339(rfc, -1), "1969-12-31T23:59:59.999999999Z");
	cr_expect_str_eq(ct_clock(clock, 1732180500123456789, true), "09:15:00.123");
	cr_expect_str_eq(ct_clock(clock, 1732180500123456789, false), "09:15:00");
}
