// SPDX-License-Identifier: GPL-2.0-only
/* What bundles of Kubernetes' containers say: annotations of config.json. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/engines/identity.h"
#include "util/mem.h"

#define ID  "a31a3497ad1d75b39d576ad57c2c18bc73ec7e5e78f22982295cf530a1fe5e6e"
#define CRI "\"io.kubernetes.cri."

/* On a copy of exactly its size, so that a sanitizer sees one byte too far. */
static int parse(struct ct_tail *tail, const char *text, struct ct_err *err)
{
	size_t len = strlen(text);
	char *copy = malloc(len ? len : 1);
	int r;

	cr_assert(copy);
	memcpy(copy, text, len);
	r = ct_identity_parse_bundle(tail, ID, copy, len, err);
	free(copy);
	return r;
}

#define SAYS(more) "id\0" ID "\0engine\0containerd\0namespace\0k8s.io\0" more

static const struct {
	const char *config, *tail;
	size_t len;
} bundles[] = {
#define ROW(config, says) \
	{ \
		config, SAYS(says), sizeof(SAYS(says)) - 1 \
	}
	ROW("{\"process\":{\"env\":[\"PASSWORD=x\"]},\"annotations\":{" CRI
	    "container-name\":\"web\"," CRI "image-name\":\"docker.io/shop/web:1\"," CRI
	    "sandbox-name\":\"one\"," CRI "sandbox-namespace\":\"shop\"," CRI
	    "sandbox-uid\":\"u1\"}}",
	    "pod\0one\0pod_namespace\0shop\0pod_uid\0u1\0pod_container\0web\0image\0docker.io/shop/web:1\0"),
	ROW("{\"annotations\":{" CRI "sandbox-name\":\"one\"," CRI "sandbox-uid\":7}}",
	    "pod\0one\0"),
	ROW("{\"annotations\":[]}", ""),
	ROW("{}", ""),
#undef ROW
};

Test(identity_bundle, says_what_is_annotated)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(bundles); i++) {
		struct ct_tail tail;
		struct ct_err err = { 0 };

		cr_assert_eq(parse(&tail, bundles[i].config, &err), 0, "%zu: %s", i, err.msg);
		cr_assert_eq(tail.len, bundles[i].len, "%zu: %zu", i, tail.len);
		cr_expect_arr_eq(tail.bytes, bundles[i].tail, tail.len, "%zu", i);
	}
}

Test(identity_bundle, what_is_wrong_is_said)
{
	static const char *const wrong[] = { "", "{", "no" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(wrong); i++) {
		struct ct_tail tail;
		struct ct_err err = { 0 };

		cr_expect_eq(parse(&tail, wrong[i], &err), -EBADMSG, "%s", wrong[i]);
		cr_expect(strstr(err.msg, "config.json"), "%s", err.msg);
	}
}
