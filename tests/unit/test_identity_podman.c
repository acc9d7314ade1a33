// SPDX-License-Identifier: GPL-2.0-only
/* What Podman keeps about its containers: containers.json of containers/storage. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/engines/identity.h"
#include "util/mem.h"

#define ID    "a31a3497ad1d75b39d576ad57c2c18bc73ec7e5e78f22982295cf530a1fe5e6e"
#define OTHER "b4f6239ac50baeb6c144da06c4533ff5a5327f2a6e1c3a6f9918d8102ae56636"
#define LAYER "e344e0429a36d2b4a92ddf8031e491a1b3a48118a56c732e68b368bbe33e9636"

/* As podman 4.3 wrote it: the metadata is JSON in a string. */
#define METADATA \
	"\"metadata\":\"{\\\"image-name\\\":\\\"docker.io/library/busybox:1\\\"," \
	"\\\"image-id\\\":\\\"7805ffef97dd\\\",\\\"name\\\":\\\"web\\\"," \
	"\\\"created-at\\\":1699000000}\""
#define ENTRY(id, rest) "{\"id\":\"" id "\",\"names\":[\"web\"]," rest "}"

/* On a copy of exactly its size, so that a sanitizer sees one byte too far. */
static int parse_bytes(struct ct_tail *tail, const char *text, size_t len, struct ct_err *err)
{
	char *copy = malloc(len ? len : 1);
	int r;

	cr_assert(copy);
	memcpy(copy, text, len);
	r = ct_identity_parse_podman(tail, ID, copy, len, err);
	free(copy);
	return r;
}

static int parse(struct ct_tail *tail, const char *text, struct ct_err *err)
{
	return parse_bytes(tail, text, strlen(text), err);
}

static const char *value(const struct ct_tail *tail, const char *key)
{
	const char *v = ct_tail_value(tail->bytes, tail->len, key);

	return v ? v : "(none)";
}

/* Without it a container is told without its image, and under no name that its user gave it. */
Test(identity_podman, says_all_that_podman_keeps)
{
	struct ct_err err = { 0 };
	struct ct_tail tail;

	cr_assert_eq(parse(&tail,
			   "[" ENTRY(OTHER, "\"layer\":\"0\"") "," ENTRY(ID, "\"layer\":\"" LAYER
									     "\"," METADATA) "]",
			   &err),
		     0, "%s", err.msg);
	cr_expect_str_eq(value(&tail, "id"), ID);
	cr_expect_str_eq(value(&tail, "engine"), "podman");
	cr_expect_str_eq(value(&tail, "name"), "web");
	cr_expect_str_eq(value(&tail, "image"), "docker.io/library/busybox:1");
	cr_expect_str_eq(value(&tail, "layer"), LAYER, "its mounts are told by it");
	cr_expect_not(tail.truncated);
}

/* Columns: what is odd, the entry, key, what is said of it. The rest is said all the same. */
static const struct {
	const char *name, *entry, *key, *want;
} odd[] = {
	{ "no metadata", ENTRY(ID, "\"layer\":\"l\""), "name", "(none)" },
	{ "no metadata, and a layer", ENTRY(ID, "\"layer\":\"l\""), "layer", "l" },
	{ "metadata is no string", ENTRY(ID, "\"layer\":\"l\",\"metadata\":{\"name\":\"x\"}"),
	  "name", "(none)" },
	{ "metadata is no string, and a layer",
	  ENTRY(ID, "\"layer\":\"l\",\"metadata\":{\"name\":\"x\"}"), "layer", "l" },
	{ "metadata is no JSON", ENTRY(ID, "\"layer\":\"l\",\"metadata\":\"{\""), "layer", "l" },
	{ "the layer is no string", ENTRY(ID, "\"layer\":7," METADATA), "layer", "(none)" },
	{ "the layer is no string, and a name", ENTRY(ID, "\"layer\":7," METADATA), "name", "web" },
	{ "others that have no id", "7,{},{\"id\":7}," ENTRY(ID, "\"layer\":\"l\""), "layer", "l" },
	{ "a NUL in the layer", ENTRY(ID, "\"layer\":\"l\\u0000m\""), "layer", "l" },
	{ "a NUL in the name", ENTRY(ID, "\"metadata\":\"{\\\"name\\\":\\\"web\\\\u0000db\\\"}\""),
	  "name", "web" },
};

Test(identity_podman, what_is_odd_costs_only_itself)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(odd); i++) {
		struct ct_err err = { 0 };
		struct ct_tail tail;
		char list[1024] = "[";

		strcat(strcat(list, odd[i].entry), "]");
		cr_assert_eq(parse(&tail, list, &err), 0, "%s: %s", odd[i].name, err.msg);
		cr_expect_str_eq(value(&tail, "id"), ID, "%s", odd[i].name);
		cr_expect_str_eq(value(&tail, "engine"), "podman", "%s", odd[i].name);
		cr_expect_str_eq(value(&tail, odd[i].key), odd[i].want, "%s", odd[i].name);
	}
}

/* Columns: what is wrong, the file, code, how its sentence begins. */
static const struct {
	const char *name, *text;
	int code;
	const char *says;
} wrong[] = {
	{ "another's", "[" ENTRY(OTHER, METADATA) "]", -ENOENT,
	  "read 'containers.json': no container '" ID "'" },
	{ "the beginning of its id", "[{\"id\":\"a31a3497\"}]", -ENOENT,
	  "read 'containers.json': no container '" ID "'" },
	{ "nobody's", "[]", -ENOENT, "read 'containers.json': no container '" ID "'" },
	{ "no list", "{\"id\":\"" ID "\"}", -ENOENT,
	  "read 'containers.json': no container '" ID "'" },
	{ "cut off", "[\n{\"id\":\"" ID, -EBADMSG, "read 'containers.json': line 2: " },
	{ "empty", "", -EBADMSG, "read 'containers.json': line 1: " },
};

/* A file that podman is just writing is one that cannot be read now, and is said to be. */
Test(identity_podman, what_is_wrong_is_said)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(wrong); i++) {
		struct ct_err err = { 0 };
		struct ct_tail tail;

		cr_expect_eq(parse(&tail, wrong[i].text, &err), wrong[i].code, "%s", wrong[i].name);
		cr_expect_eq(strncmp(err.msg, wrong[i].says, strlen(wrong[i].says)), 0, "%s: %s",
			     wrong[i].name, err.msg);
	}
}

/* A name of any length is cut to what a record has room for, and said to be. */
Test(identity_podman, what_is_long_is_cut)
{
	char list[4096], image[512];
	struct ct_err err = { 0 };
	struct ct_tail tail;
	int n;

	memset(image, 'x', sizeof(image) - 1);
	image[sizeof(image) - 1] = '\0';
	n = snprintf(list, sizeof(list),
		     "[{\"id\":\"" ID "\",\"layer\":\"%s\",\"metadata\":\"{\\\"name\\\":"
		     "\\\"%s\\\",\\\"image-name\\\":\\\"%s\\\"}\"}]",
		     image, image, image);
	cr_assert_lt(n, (int)sizeof(list));
	cr_assert_eq(parse(&tail, list, &err), 0, "%s", err.msg);
	cr_expect_eq(strlen(value(&tail, "layer")), 79);
	cr_expect_eq(strlen(value(&tail, "name")), 127);
	cr_expect_eq(strlen(value(&tail, "image")), 255);
	cr_expect(tail.truncated);
}
