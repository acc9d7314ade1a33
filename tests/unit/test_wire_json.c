// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/hear/wire.h"
#include "util/mem.h"

/* Columns: text, whether it is whole, Image, HostConfig.Runtime, HostConfig.AutoRemove. */
static const struct {
	const char *text;
	bool whole;
	const char *image, *runtime;
	bool remove;
} cases[] = {
	{ "{\"Image\":\"a\",\"HostConfig\":{\"Runtime\":\"runc\",\"AutoRemove\":true}}", true, "a",
	  "runc", true },
	{ " {\n\t\"Image\" : \"a\" ,\r\"HostConfig\" : { \"AutoRemove\" : false } } x", true, "a",
	  "", false },
	{ "{}", true, "", "", false },
	{ "{\"HostConfig\":{},\"Image\":\"b\"}", true, "b", "", false },
	{ "[{\"Image\":\"a\"}]", true, "", "", false },
	{ "{\"x\":[1,-2.5e+3,[],{},[[\"Image\",\"a\"]],null,true,false],\"Image\":\"c\"}", true,
	  "c", "", false },
	/* at another place it is another thing */
	{ "{\"x\":{\"Image\":\"a\",\"Runtime\":\"r\"},\"Runtime\":\"r\"}", true, "", "", false },
	{ "{\"HostConfig\":{\"x\":{\"Runtime\":\"r\"},\"y\":[{\"Runtime\":\"r\"}]}}", true, "", "",
	  false },
	{ "{\"HostConfig\":[\"Runtime\",\"r\"]}", true, "", "", false },
	/* no string; of two the last */
	{ "{\"Image\":7,\"HostConfig\":{\"Runtime\":{},\"AutoRemove\":\"true\"}}", true, "", "",
	  false },
	{ "{\"Image\":\"a\",\"Image\":\"b\"}", true, "b", "", false },
	{ "{\"Image\":\"a\",\"Image\":null}", true, "", "", false },
	{ "{\"Image\":\"a\",\"Image\":{}}", true, "", "", false },
	/* escapes */
	{ "{\"Image\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u0041\\u00e9\\u20ac\\ud83d\\ude00\"}", true,
	  "\"\\/\b\f\n\r\tA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "", false },
	{ "{\"Image\":\"a\\u0000\"}", false, "", "", false },
	{ "{\"Image\":\"\\ud83dx\"}", false, "", "", false },
	{ "{\"Image\":\"\\ud83d\\u0041\"}", false, "", "", false },
	{ "{\"Image\":\"\\ude00\"}", false, "", "", false },
	{ "{\"Image\":\"\\u00g0\"}", false, "", "", false },
	{ "{\"Image\":\"\\u00\"}", false, "", "", false },
	{ "{\"Image\":\"\\x\"}", false, "", "", false },
	/* not whole, or no JSON: nothing is believed */
	{ "", false, "", "", false },
	{ "\"Image\"", false, "", "", false },
	{ "7", false, "", "", false },
	{ "{\"Image\":\"a\"", false, "", "", false },
	{ "{\"Image\":\"a\",", false, "", "", false },
	{ "{\"Image\":\"a\",}", false, "", "", false },
	{ "{\"Image\":\"a\"]", false, "", "", false },
	{ "{\"Image\":\"a", false, "", "", false },
	{ "{\"Image\":\"a\\", false, "", "", false },
	{ "{\"Image\" \"a\"}", false, "", "", false },
	{ "{\"Image\":}", false, "", "", false },
	{ "{\"Image\":\"a\nb\"}", false, "", "", false },
	{ "{\"Image\":\"a\",\"x\":nope}", false, "", "", false },
	{ "{\"Image\":\"a\",\"x\":-}", false, "", "", false },
	{ "{\"Image\":\"a\",\"x\":1a}", false, "", "", false },
	{ "{\"Image\":\"a\",\"x\":nullx}", false, "", "", false },
	{ "{\"Image\":\"a\",\"x\":truefalse}", false, "", "", false },
	{ "{\"Image\":\"a\",\"x\":tru", false, "", "", false },
	{ "{\"Image\":\"a\",\"x\":nul}", false, "", "", false },
	{ "{\"Image\":\"a\",\"x\":", false, "", "", false },
	{ "{\"Image\":\"a\",\"x\":1", false, "", "", false },
	{ "{\"Image\":\"a\"}}", true, "a", "", false }, /* what follows is another's */
	{ "{\"Image\":\"a\",\"x\":[1 2]}", false, "", "", false },
	{ "{Image:\"a\"}", false, "", "", false },
};

static bool find(const char *text, size_t len, char *image, size_t room, char runtime[16],
		 bool *remove)
{
	struct ct_json_field fields[] = {
		{ NULL, "Image", image, room, true, false },
		{ "HostConfig", "Runtime", runtime, 16, true, false },
		{ "HostConfig", "AutoRemove", NULL, 0, true, false },
	};
	char *exact = malloc(len ? len : 1);
	bool whole;

	cr_assert(exact);
	memcpy(exact, text, len);
	whole = ct_json_fields(ct_text(exact, len), fields, CT_ARRAY_SIZE(fields));
	*remove = fields[2].truth;
	free(exact);
	return whole;
}

Test(wire_json, fields)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		const char *text = cases[i].text;
		char image[64] = "old", runtime[16] = "old";
		bool remove;

		cr_expect_eq(find(text, strlen(text), image, sizeof(image), runtime, &remove),
			     cases[i].whole, "%s", text);
		cr_expect_str_eq(image, cases[i].image, "%s: %s", text, image);
		cr_expect_str_eq(runtime, cases[i].runtime, "%s: %s", text, runtime);
		cr_expect_eq(remove, cases[i].remove, "%s", text);
	}
}

/* A body is cut where the tail of its event ends: at every byte it is refused, none is overrun. */
Test(wire_json, cut_anywhere)
{
	const char *text = cases[0].text;

	for (size_t len = 0; len < strlen(text); len++) {
		char image[64], runtime[16];
		bool remove;

		cr_expect_not(find(text, len, image, sizeof(image), runtime, &remove), "%zu", len);
		cr_expect_str_eq(image, "");
	}
}

Test(wire_json, bounds)
{
	struct ct_json_field none = { NULL, "Image", NULL, 0, true, false };
	char image[4], runtime[16], deep[300];
	bool remove;

	cr_expect_not(ct_json_fields(ct_text(NULL, 0), &none, 1));
	cr_expect_not(none.truth);
	cr_expect(find("{\"Image\":\"abcdef\"}", 18, image, sizeof(image), runtime, &remove));
	cr_expect_str_eq(image, "abc", "it is cut");
	for (size_t depth = 60; depth < 70; depth++) {
		memset(deep, '[', depth);
		memset(deep + depth, ']', depth);
		cr_expect_eq(find(deep, 2 * depth, image, sizeof(image), runtime, &remove),
			     depth <= 64, "%zu", depth);
	}
}
