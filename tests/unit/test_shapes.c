// SPDX-License-Identifier: GPL-2.0-only
/* By which a request is known whose path was not heard: the key of its headers, the shape of its message. */
#include <criterion/criterion.h>

#include "core/hear/cri.h"
#include "core/hear/wire_hpack.h"
#include "grpc.h"
#include "late.h"
#include "util/mem.h"

/* Whatever it is called: two blocks have one key only if they have the same path. */
Test(shapes, a_key_is_of_one_path)
{
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers a, b;
	char block[16];
	size_t n = late_block(block, START);

	cr_assert(ct_hpack_read(h, ct_text(block, n), &a));
	cr_expect_eq(a.key.fields, CT_PATH_FIELDS);
	/* What is remembered afterwards moves the numbers, and not the key. */
	cr_assert(ct_hpack_read(h, ct_text("\x40\x01x\x01y", 5), &b));
	cr_expect_eq(b.key.fields, 1);
	for (size_t i = 2; i < n; i++)
		block[i]++;
	cr_assert(ct_hpack_read(h, ct_text(block, n), &b));
	cr_expect_arr_eq(a.key.field, b.key.field, sizeof(a.key.field));
	block[2]++;
	cr_assert(ct_hpack_read(h, ct_text(block, n), &b));
	cr_expect_arr_neq(a.key.field, b.key.field, sizeof(a.key.field));
	block[2]--;
	ct_hpack_forget(h);
	cr_assert(ct_hpack_read(h, ct_text(block, n), &b));
	cr_expect_arr_neq(a.key.field, b.key.field, sizeof(a.key.field));
	/* A value that is not to be remembered has no number: it may be the path. */
	cr_assert(ct_hpack_read(h, ct_text("\x83\x86\x04\x01/\xbe\xbf\xc0", 8), &b));
	cr_expect_lt(b.key.fields, CT_PATH_FIELDS);
	/* Older than any table. */
	cr_assert(ct_hpack_read(h, ct_text("\x83\x86\xff\xff\x7f\xbe\xbf", 7), &b));
	cr_expect_lt(b.key.fields, CT_PATH_FIELDS);
	ct_hpack_free(h);
}

static size_t pod(char *to)
{
	return late_put_pod(to, "web", "u1", "shop");
}

static size_t pod_and_handler(char *to)
{
	size_t n = pod(to);

	return n + grpc_put_text(to + n, 2, "runc");
}

static size_t pod_of_two(char *to)
{
	char pod[64], config[80];
	size_t n = grpc_put_text(pod, 1, "web");

	n += grpc_put_text(pod + n, 2, "u1");
	n = tape_put_bytes(config, 1, pod, n);
	return tape_put_bytes(to, 1, config, n);
}

/* The fourth field of the metadata counts attempts. */
static size_t pod_again(char *to)
{
	char pod[64], config[80];
	size_t n = grpc_put_text(pod, 1, "web");

	n += grpc_put_text(pod + n, 2, "u1");
	n += grpc_put_text(pod + n, 3, "shop");
	n += tape_put_number(pod + n, 4, 1);
	n = tape_put_bytes(config, 1, pod, n);
	return tape_put_bytes(to, 1, config, n);
}

static size_t pod_of_numbers(char *to)
{
	size_t n = pod(to);

	return n + tape_put_number(to + n, 2, 1);
}

static size_t pod_of_secrets(char *to)
{
	return late_put_pod(to, "web", "user:pass word", "shop");
}

static size_t pull(char *to)
{
	char in[80];
	size_t n = grpc_put_text(in, 1, "docker.io/shop/web:1");

	n = tape_put_bytes(to, 1, in, n);
	return n + tape_put_bytes(to + n, 2, in, grpc_put_text(in, 1, "user"));
}

static size_t container(char *to)
{
	return late_put_container(to, POD, "nginx", "nginx:1");
}

static size_t container_of_name(char *to)
{
	return late_put_container(to, "web", "nginx", "nginx:1");
}

static size_t execs(char *to)
{
	size_t n = grpc_put_text(to, 1, POD);

	n += grpc_put_text(to + n, 2, "/bin/true");
	return n + tape_put_number(to + n, 3, 1);
}

/* ExecRequest { 1: id, 2: words, 3: tty, 4: stdin, 5: stdout }: what comes of it is asked for elsewhere. */
static size_t execs_in_a_terminal(char *to)
{
	size_t n = execs(to);

	n += tape_put_number(to + n, 4, 1);
	return n + tape_put_number(to + n, 5, 1);
}

/* { 1: id, 2: LinuxContainerResources, 4: annotations } */
static size_t updates(char *to)
{
	size_t n = grpc_put_text(to, 1, POD);

	n += grpc_put_text(to + n, 2, "\x08\x01");
	return n + grpc_put_text(to + n, 4, "key");
}

static size_t id(char *to)
{
	return grpc_put_text(to, 1, POD);
}

static size_t id_and_number(char *to)
{
	size_t n = id(to);

	return n + tape_put_number(to + n, 2, 30);
}

static size_t version(char *to)
{
	return grpc_put_text(to, 1, "0.1.0");
}

static size_t nothing(char *to)
{
	(void)to;
	return 0;
}

static const struct {
	const char *name;
	size_t (*put)(char *to);
	enum ct_cri_shape shape;
} shapes[] = {
	{ "RunPodSandbox", pod, CT_CRI_POD },
	{ "RunPodSandbox again", pod_again, CT_CRI_POD },
	{ "RunPodSandbox with a handler", pod_and_handler, CT_CRI_POD },
	{ "a pod with a number for its handler", pod_of_numbers, CT_CRI_OTHER },
	{ "a pod of two names", pod_of_two, CT_CRI_OTHER },
	{ "a pod with a password", pod_of_secrets, CT_CRI_OTHER },
	{ "PullImage", pull, CT_CRI_OTHER },
	{ "CreateContainer", container, CT_CRI_CONTAINER },
	{ "a container of no id", container_of_name, CT_CRI_OTHER },
	{ "ExecSync", execs, CT_CRI_EXEC },
	{ "Exec", execs_in_a_terminal, CT_CRI_OTHER },
	{ "UpdateContainerResources", updates, CT_CRI_OTHER },
	{ "StartContainer", id, CT_CRI_ID },
	{ "StopContainer", id_and_number, CT_CRI_ID_AND_NUMBER },
	{ "Version", version, CT_CRI_OTHER },
	{ "List", nothing, CT_CRI_OTHER },
};

Test(shapes, messages_have_shapes)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(shapes); i++) {
		char msg[512];
		size_t n = shapes[i].put(msg);

		cr_expect_eq(ct_cri_shape(ct_text(msg, n)), shapes[i].shape, "%s", shapes[i].name);
		/* Nothing is read behind what was captured (the sanitizer sees it). */
		for (size_t cut = 0; cut < n; cut++) {
			char *exact = malloc(cut ? cut : 1);

			memcpy(exact, msg, cut);
			ct_cri_shape(ct_text(exact, cut));
			free(exact);
		}
	}
}

/* Behind the id a command has words, then a limit of time at most once, and nothing else. */
Test(shapes, what_a_command_consists_of)
{
	/* Each is a field: a number with 'n', else text. */
	static const struct {
		const char *fields;
		enum ct_cri_shape shape;
	} rows[] = {
		{ "2", CT_CRI_EXEC },      { "22", CT_CRI_EXEC },    { "2223n", CT_CRI_EXEC },
		{ "23n", CT_CRI_EXEC },    { "", CT_CRI_ID },        { "3n", CT_CRI_OTHER },
		{ "3", CT_CRI_OTHER },     { "23", CT_CRI_OTHER },   { "23n2", CT_CRI_OTHER },
		{ "23n3n", CT_CRI_OTHER }, { "24n", CT_CRI_OTHER },  { "24", CT_CRI_OTHER },
		{ "21", CT_CRI_OTHER },    { "22n", CT_CRI_OTHER },  { "2n", CT_CRI_ID_AND_NUMBER },
		{ "2n2", CT_CRI_OTHER },   { "2n3n", CT_CRI_OTHER }, { "232", CT_CRI_OTHER },
		{ "1", CT_CRI_OTHER },     { "4", CT_CRI_OTHER },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		char msg[256];
		size_t n = grpc_put_text(msg, 1, POD);

		for (const char *f = rows[i].fields; *f; f++) {
			uint32_t number = (uint32_t)(*f - '0');

			if (f[1] != 'n') {
				n += grpc_put_text(msg + n, number, "word");
				continue;
			}
			f++;
			msg[n++] = (char)(number << 3);
			msg[n++] = 5;
		}
		cr_expect_eq(ct_cri_shape(ct_text(msg, n)), rows[i].shape, "%s: %d", rows[i].fields,
			     ct_cri_shape(ct_text(msg, n)));
	}
}
