// SPDX-License-Identifier: GPL-2.0-only
/* What dockerd says while it fetches an image, a line at a time. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/hear/wire_pull.h"
#include "util/mem.h"

static const struct {
	const char *bytes;
	bool is;
	enum ct_pull_line line;
	const char *id, *text;
} lines[] = {
	{ "2b\r\n{\"status\":\"Waiting\",\"id\":\"a\"}\r\n", true, CT_PULL_WAITING, "a", "" },
	{ "1\r\n{\"status\":\"Pulling from x/y\",\"id\":\"1\"}", true, CT_PULL_FROM, "1", "x/y" },
	{ "af\r\n{\"status\":\"Waiting\",\"id\":\"a\"}\r\n", true, CT_PULL_WAITING, "a", "" },
	{ "0909\r\n{\"status\":\"Waiting\",\"id\":\"a\"}\r\n", true, CT_PULL_WAITING, "a", "" },
	{ "1\r\n{\"status\":\"Digest: sha256:1\"}", true, CT_PULL_DIGEST, "", "sha256:1" },
	{ "1\r\n{\"status\":\"Status: Downloaded\"}", true, CT_PULL_DONE, "", "Downloaded" },
	{ "1\r\n{\"status\":\"Retrying in 5 seconds\",\"id\":\"b\"}", true, CT_PULL_RETRYING, "b",
	  "5 seconds" },
	{ "1\r\n{\"status\":\"odd\"}", true, CT_PULL_OTHER, "", "odd" },
	{ "1\r\n{\"errorDetail\":{\"message\":\"no\"}}", true, CT_PULL_FAILED, "", "no" },
	{ "1\r\n{\"id\":\"b\"}", false, CT_PULL_OTHER, NULL, NULL },
	{ "1\r\n{\"status\":\"cut", false, CT_PULL_OTHER, NULL, NULL },
	{ "\r\n{\"status\":\"Waiting\"}", false, CT_PULL_OTHER, NULL, NULL },
	{ "12345\r\n{\"status\":\"Waiting\"}", false, CT_PULL_OTHER, NULL, NULL },
	{ "1g\r\n{\"status\":\"Waiting\"}", false, CT_PULL_OTHER, NULL, NULL },
	{ "1\r\n", false, CT_PULL_OTHER, NULL, NULL },
	{ "", false, CT_PULL_OTHER, NULL, NULL },
};

Test(pull_lines, each_is_a_chunk)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(lines); i++) {
		size_t len = strlen(lines[i].bytes);
		own_mem char *bytes = malloc(len ? len : 1); /* no byte behind it */
		struct ct_progress said;
		bool is;

		cr_assert(bytes);
		memcpy(bytes, lines[i].bytes, len);
		is = ct_progress_parse(ct_text(bytes, len), &said);
		cr_assert_eq(is, lines[i].is, "%s", lines[i].bytes);
		if (!is)
			continue;
		cr_expect_eq(said.line, lines[i].line, "%s", lines[i].bytes);
		cr_expect_str_eq(said.id, lines[i].id);
		cr_expect_str_eq(said.text, lines[i].text);
	}
}
