// SPDX-License-Identifier: GPL-2.0-only
/* What CRI-O writes into a bundle: annotations of config.json. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/engines/identity.h"
#include "util/mem.h"

#define ID        "a31a3497ad1d75b39d576ad57c2c18bc73ec7e5e78f22982295cf530a1fe5e6e"
#define SAID(all) "{\"ociVersion\":\"1.0.2\",\"annotations\":{" all "}}"
#define TYPE      "\"io.kubernetes.cri-o.ContainerType\":\"container\""
#define IMAGE     "\"io.kubernetes.cri-o.ImageName\":"

/* Columns: file, result, image (NULL: none). */
static const struct {
	const char *text;
	int result;
	const char *image;
} files[] = {
	{ SAID(TYPE "," IMAGE "\"docker.io/shop/job:1\""), 0, "docker.io/shop/job:1" },
	{ SAID(TYPE "," IMAGE "\"\""), 0, NULL },
	{ SAID(TYPE "," IMAGE "7"), 0, NULL },
	{ SAID(TYPE "," IMAGE "\"a\\u0000b\""), 0, "a" },
	{ SAID(TYPE), 0, NULL },
	{ SAID(IMAGE "\"docker.io/shop/job:1\""), -ENOENT, NULL },
	{ SAID("\"io.kubernetes.cri-o.ContainerType\":{}"), -ENOENT, NULL },
	{ "{\"ociVersion\":\"1.0.2\"}", -ENOENT, NULL },
	{ "{\"annotations\":[]}", -ENOENT, NULL },
	{ "[]", -ENOENT, NULL },
	{ "{\"annotations\":{", -EBADMSG, NULL },
	{ "", -EBADMSG, NULL },
};

Test(identity_crio, files)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(files); i++) {
		size_t len = strlen(files[i].text);
		char *copy = malloc(len ? len : 1); /* so that a sanitizer sees one byte too far */
		struct ct_tail tail = { 0 };
		struct ct_err err = { 0 };
		const char *image;

		cr_assert(copy);
		memcpy(copy, files[i].text, len);
		cr_expect_eq(ct_identity_parse_crio(&tail, ID, copy, len, &err), files[i].result,
			     "%zu: %s", i, err.msg);
		free(copy);
		if (files[i].result)
			continue;
		image = ct_tail_value(tail.bytes, tail.len, "image");
		cr_expect_str_eq(ct_tail_value(tail.bytes, tail.len, "id"), ID);
		cr_expect_str_eq(ct_tail_value(tail.bytes, tail.len, "engine"), "crio");
		if (files[i].image)
			cr_expect_str_eq(image ? image : "", files[i].image, "%zu", i);
		else
			cr_expect_null(image, "%zu", i);
	}
}
