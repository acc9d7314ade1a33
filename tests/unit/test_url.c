// SPDX-License-Identifier: GPL-2.0-only
/* Addresses as they are told: no password, no key. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "util/mem.h"
#include "util/url.h"

static const char *const urls[][2] = {
	{ "http://me:pass@c:4318", "http://*@c:4318" },
	{ "http://me:p@ss/w?x@c:4318/v1", "http://*@c:4318/*" },
	{ "http://me@c", "http://*@c" },
	{ "http://@c", "http://@c" },
	{ "https://c/v1/traces?key=1", "https://c/*" },
	{ "https://c?k", "https://c/*" },
	{ "https://c/", "https://c/" },
	{ "http://[::1]:4318", "http://[::1]:4318" },
	{ "me:pass@c:4318/x", "*@c:4318/*" },
	{ "c:4318", "c:4318" },
	{ "://", "://" },
	{ "", "" },
};

Test(url, who_asks_is_not_told)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(urls); i++) {
		char url[64];

		snprintf(url, sizeof(url), "%s", urls[i][0]);
		ct_url_hide(url);
		cr_expect_str_eq(url, urls[i][1], "'%s' is '%s'", urls[i][0], url);
	}
}

static const struct {
	const char *line, *kept;
	bool cut;
} lines[] = {
	{ "serve --otlp http://me:a@c:1/x --record d/", "serve --otlp http://*@c:1/* --record d/",
	  false },
	{ "serve --otlp=http://me:a@c:1/x -v", "serve --otlp=http://*@c:1/* -v", false },
	{ "serve --otlp http://me:a", "serve --otlp http://*", true },
	{ "serve --otlp http://me:a --otlp http://b", "serve --otlp http://me:a --otlp http://*",
	  true },
	{ "record -o html:a@b /c?d", "record -o html:a@b /c?d", true },
	{ "  a://b@c  ", "  a://*@c  ", false },
	{ "", "", true },
};

Test(url, of_a_line_each)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(lines); i++) {
		char line[64];

		snprintf(line, sizeof(line), "%s", lines[i].line);
		ct_url_hide_words(line, lines[i].cut);
		cr_expect_str_eq(line, lines[i].kept, "'%s' is '%s'", lines[i].line, line);
	}
}
