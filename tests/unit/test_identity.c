// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "source/engines/identity.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char driver[32];

/* On copies of exactly their size, so that a sanitizer sees one byte too far. */
static int parse(struct ct_tail *tail, const char *config, const char *host, struct ct_err *err)
{
	size_t config_len = strlen(config), host_len = host ? strlen(host) : 0;
	char *c = malloc(config_len + 1), *h = host ? malloc(host_len + 1) : NULL;
	int r;

	cr_assert(c && (!host || h));
	c = realloc(c, config_len ? config_len : 1);
	memcpy(c, config, config_len);
	if (h) {
		h = realloc(h, host_len ? host_len : 1);
		memcpy(h, host, host_len);
	}
	r = ct_identity_parse(tail, ID, c, config_len, h, host_len, driver, sizeof(driver), err);
	free(c);
	free(h);
	return r;
}

static const char *value(const struct ct_tail *tail, const char *key)
{
	const char *v = ct_tail_value(tail->bytes, tail->len, key);

	return v ? v : "(none)";
}

Test(identity, says_all_that_docker_keeps)
{
	static const char *const want[][2] = {
		{ "id", ID },
		{ "engine", "docker" },
		{ "name", "web" },
		{ "image", "ct/busybox:1" },
		{ "pid", "7892" },
		{ "running", "1" },
		{ "exitcode", "137" },
		{ "runtime", "runsc" },
		{ "autoremove", "0" },
		{ "restart", "on-failure" },
		{ "network", "default" },
		{ "project", "shop" },
		{ "service", "web" },
		{ "args", "sleep 10 00" },
	};
	struct ct_err err = { 0 };
	struct ct_tail tail;

	cr_assert_eq(
		parse(&tail,
		      "{\"State\":{\"Running\":true,\"Pid\":7892,\"ExitCode\":137},"
		      "\"Name\":\"/web\",\"Path\":\"sleep\",\"Args\":[\"10\",\"00\"],"
		      "\"Config\":{\"Image\":\"ct/busybox:1\",\"Labels\":{\"a\":\"b\",\"com.docker.compose.project\":\"shop\","
		      "\"com.docker.compose.service\":\"web\"}},\"Driver\":\"overlay2\"}",
		      "{\"Runtime\":\"runsc\",\"AutoRemove\":false,\"NetworkMode\":\"default\","
		      "\"RestartPolicy\":{\"Name\":\"on-failure\"}}",
		      &err),
		0, "%s", err.msg);
	for (size_t i = 0; i < sizeof(want) / sizeof(*want); i++)
		cr_expect_str_eq(value(&tail, want[i][0]), want[i][1], "%s", want[i][0]);
	cr_expect_str_eq(driver, "overlay2");
	cr_expect_not(tail.truncated);
}

struct odd {
	char name[40];
	char config[160];
	char key[16];
	char want[40];
};

ParameterizedTestParameters(identity, odd)
{
	static struct odd cases[] = {
		{ "name without slash", "{\"Name\":\"web\"}", "name", "web" },
		{ "only a slash", "{\"Name\":\"/\"}", "name", "(none)" },
		{ "name a number", "{\"Name\":7}", "name", "(none)" },
		{ "name null", "{\"Name\":null}", "name", "(none)" },
		{ "state a list", "{\"State\":[1]}", "pid", "(none)" },
		{ "pid a string", "{\"State\":{\"Pid\":\"7\"}}", "pid", "(none)" },
		{ "pid real", "{\"State\":{\"Pid\":7.5}}", "pid", "(none)" },
		{ "running a number", "{\"State\":{\"Running\":1}}", "running", "(none)" },
		{ "config a string", "{\"Config\":\"Image\"}", "image", "(none)" },
		{ "args no list", "{\"Path\":\"a\",\"Args\":\"b\"}", "args", "a" },
		{ "args mixed", "{\"Path\":\"a\",\"Args\":[1,\"b\",null,{},\"\"]}", "args", "a b" },
		{ "no path", "{\"Args\":[\"b\",\"c\"]}", "args", "b c" },
		{ "control bytes kept", "{\"Name\":\"/a\\u001b[2J\\n\"}", "name", "a\x1b[2J\n" },
		{ "cut at a NUL", "{\"Name\":\"/a\\u0000pid\\u00001\"}", "name", "a" },
		{ "NUL adds no key", "{\"Name\":\"/a\\u0000pid\\u00001\"}", "pid", "(none)" },
		{ "root a list", "[]", "engine", "docker" },
	};

	return cr_make_param_array(struct odd, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct odd *c, identity, odd)
{
	struct ct_err err = { 0 };
	struct ct_tail tail;

	cr_assert_eq(parse(&tail, c->config, NULL, &err), 0, "%s: %s", c->name, err.msg);
	cr_expect_str_eq(value(&tail, c->key), c->want, "%s", c->name);
}

Test(identity, a_broken_file_is_a_sentence)
{
	static const char *const broken[] = { "", "{", "{\"Name\":\"/a", "nul", "{}}", "\xff" };
	struct ct_tail tail;

	for (size_t i = 0; i < sizeof(broken) / sizeof(*broken); i++) {
		struct ct_err err = { 0 };

		cr_expect_eq(parse(&tail, broken[i], NULL, &err), -EBADMSG, "'%s'", broken[i]);
		cr_expect(strstr(err.msg, "read 'config.v2.json': line "), "%s", err.msg);
	}
}

Test(identity, a_broken_hostconfig_leaves_the_rest)
{
	struct ct_err err = { 0 };
	struct ct_tail tail;

	cr_assert_eq(parse(&tail, "{\"Name\":\"/a\"}", "{", &err), 0);
	cr_expect_str_eq(value(&tail, "name"), "a");
	cr_expect_str_eq(value(&tail, "runtime"), "(none)");
}

Test(identity, a_driver_that_is_no_plain_name_is_not_used)
{
	static const char *const drivers[] = { "../..", "a/b", "", "OVERLAY",
					       "a-name-that-is-much-too-long-for-a-driver" };
	struct ct_tail tail;
	char config[128];

	for (size_t i = 0; i < sizeof(drivers) / sizeof(*drivers); i++) {
		struct ct_err err = { 0 };

		snprintf(config, sizeof(config), "{\"Driver\":\"%s\"}", drivers[i]);
		cr_assert_eq(parse(&tail, config, NULL, &err), 0);
		cr_expect_str_empty(driver, "%s", drivers[i]);
	}
}

/* {"Name":"/xxx...","Path":"xxx...","Args":["xxx..."]} */
static char *huge(size_t n, const char *unit)
{
	size_t len = n * strlen(unit), at = 0;
	char *text = malloc(3 * len + 64), *fill = malloc(len + 1);

	cr_assert(text && fill);
	for (; at < len; at += strlen(unit))
		memcpy(fill + at, unit, strlen(unit));
	fill[len] = '\0';
	snprintf(text, 3 * len + 64, "{\"Name\":\"/%s\",\"Path\":\"%s\",\"Args\":[\"%s\"]}", fill,
		 fill, fill);
	free(fill);
	return text;
}

Test(identity, huge_strings_are_cut_and_said_to_be)
{
	char *text = huge(1 << 20, "x");
	struct ct_err err = { 0 };
	struct ct_tail tail;

	cr_assert_eq(parse(&tail, text, NULL, &err), 0, "%s", err.msg);
	cr_expect_eq(strlen(value(&tail, "name")), 127);
	cr_expect_eq(strlen(value(&tail, "args")), 1024);
	cr_expect(tail.truncated);
	cr_expect_leq(tail.len, CT_TAIL_MAX);
	free(text);
}

Test(identity, no_character_is_cut_in_two)
{
	char *text = huge(1000, "\xe2\x82\xac"); /* the euro sign, three bytes */
	struct ct_err err = { 0 };
	struct ct_tail tail;

	cr_assert_eq(parse(&tail, text, NULL, &err), 0, "%s", err.msg);
	cr_expect_eq(strlen(value(&tail, "name")), 126);
	cr_expect_eq(strlen(value(&tail, "args")), 1023);
	free(text);
}

Test(identity, a_full_tail_stays_whole)
{
	struct ct_tail tail = { 0 };
	char text[1000];

	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 10; i++)
		ct_tail_add(&tail, "key", text, sizeof(text), sizeof(text));
	ct_tail_add_number(&tail, "last", 7);
	cr_expect(tail.truncated);
	cr_expect_leq(tail.len, sizeof(tail.bytes));
	cr_expect_eq(tail.bytes[tail.len - 1], '\0');
	cr_expect_str_eq(value(&tail, "last"), "7");
}

Test(identity, a_damaged_tail_is_not_read_past_its_end)
{
	cr_expect_null(ct_tail_value("pid", 3, "pid"));
	cr_expect_null(ct_tail_value("pid\0"
				     "12",
				     6, "pid"));
	cr_expect_null(ct_tail_value("", 0, "pid"));
	cr_expect_null(ct_tail_value("a\0pid\0", 6, "pid"));
	cr_expect_str_eq(ct_tail_value("a\0pid\0pid\0"
				       "7",
				       12, "pid"),
			 "7");
}

Test(identity, an_id_is_64_digits_of_hex)
{
	cr_expect(ct_id_valid(ID, 64));
	cr_expect_not(ct_id_valid(ID, 63));
	cr_expect_not(ct_id_valid(ID "0", 65));
	cr_expect_not(ct_id_valid("", 0));
	cr_expect_not(
		ct_id_valid("../../../../../../../../../../../../../../../../../../../../etc", 64));
	cr_expect_not(ct_id_valid(
		"0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", 64));
}
