// SPDX-License-Identifier: GPL-2.0-only
/* What passes by in several sends, is cut, or is an answer to something else: a part of a password is none of a name. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "distill_play.h"

TestSuite(distill_cut, .init = setup, .fini = teardown);

static void expect_tail(const char *tail, size_t len)
{
	const struct ct_event *e = kept();

	cr_expect(e->tail_len == len && !memcmp(e->tail, tail, e->tail_len),
		  "kept '%.*s', not '%s'", (int)e->tail_len, e->tail, tail);
	cr_expect_not(has(e, CANARY));
}

static void expect_sent(const char *sent, const char *wanted)
{
	tape_send(&tape, 7, CLIENT, sent, strlen(sent));
	expect_tail(wanted, strlen(wanted));
}

/* Behind it could be "@", and a host. */
Test(distill_cut, image_at_the_end_of_a_line_that_has_none)
{
	expect_sent("POST /images/create?fromImage=me:" CANARY, "POST /images/create\r\n\r\n");
	expect_sent("POST /images/create?fromImage=a&tag=" CANARY,
		    "POST /images/create?fromImage=a\r\n\r\n");
	expect_sent("POST /containers/create?name=web", "POST /containers/create?name=web");
}

/* A body by itself is that of what was asked last there. */
Test(distill_cut, body_of_another_request)
{
	static const char body[] = "{\"Image\":\"" CANARY "\"}";

	expect_sent("POST /auth HTTP/1.1\r\nA: b\r\n\r\n", "POST /auth HTTP/1.1\r\n\r\n");
	expect_sent(body, "");
	expect_sent("POST /containers/web/attach HTTP/1.1\r\n\r\n",
		    "POST /containers/web/attach HTTP/1.1\r\n\r\n");
	expect_sent(body, "");
	expect_sent("POST /containers/web/exec HTTP/1.1\r\n\r\n{\"Image\":\"" CANARY "\"}",
		    "POST /containers/web/exec HTTP/1.1\r\n\r\n");
	expect_sent("POST /containers/create HTTP/1.1\r\n\r\n",
		    "POST /containers/create HTTP/1.1\r\n\r\n");
	expect_sent("{\"Image\":\"web\"}", "{\"Image\":\"web\"}");
}

/* Where a reason has no room any more, its last word may be cut in front of an "@". */
Test(distill_cut, reason_that_is_too_long)
{
	static const char pull[] = "POST /images/create?fromImage=x HTTP/1.1\r\n\r\n";
	char text[1024], why[512];
	const struct ct_event *e;

	tape_send(&tape, 7, CLIENT, pull, sizeof(pull) - 1);
	kept();

	for (size_t n = 300; n < 400; n++) {
		struct ct_event *line;

		memset(why, 'w', n);
		why[200] = ' ';
		snprintf(why + n, sizeof(why) - n, " http://me:%s%s@a/x", CANARY, CANARY);
		snprintf(text, sizeof(text), "200\r\n{\"errorDetail\":{\"message\":\"%s\"}}", why);
		line = tape_add(&tape, CT_KIND_SEND, 8, text, strlen(text));
		line->obj = CLIENT + 1;
		line->arg = CLIENT;
		line->flags |= CT_F_SERVER;
		e = kept();
		cr_expect_not(has(e, "me:"), "%zu: kept '%.*s'", n, (int)e->tail_len, e->tail);
		cr_expect(has(e, "www"), "%zu: nothing is kept", n);
	}
}

static void expect_cut_args(const char *args, size_t len, const char *wanted, size_t wanted_len)
{
	struct ct_event *e = tape_add(&tape, CT_KIND_EXEC, 7, args, len);

	e->sub = CT_ROLE_ENGINE;
	e->flags |= CT_F_TRUNCATED;
	expect_tail(wanted, wanted_len);
}

#define CUT_ARGS(args, wanted) expect_cut_args(args, sizeof(args) - 1, wanted, sizeof(wanted) - 1)

Test(distill_cut, last_of_arguments_that_are_too_many)
{
	CUT_ARGS("podman\0pull\0web\0me:" CANARY, "podman\0pull\0web\0*");
	CUT_ARGS("skopeo\0copy\0docker://me:" CANARY "\0", "skopeo\0copy\0*\0");
}

/* What is mounted from elsewhere: who asks may be in its name. */
Test(distill_cut, mounts)
{
	static const struct {
		const char *source, *kept;
	} mounts[] = {
		{ "//me:" CANARY "@a/x", "*" },
		{ "me:" CANARY "@a:/x", "*" },
		{ "https://me:" CANARY "@a/x", "*" },
		{ "a:/x?key=" CANARY, "*" },
		{ "overlay", "overlay" },
		{ "/proc/7/ns/net", "/proc/7/ns/net" },
		{ "", "" },
		{ "/a@b/c:d", "/a@b/c:d" },
	};
	char wanted[128];

	for (size_t i = 0; i < sizeof(mounts) / sizeof(mounts[0]); i++) {
		int len = snprintf(wanted, sizeof(wanted), "%s%c/m%c%s", mounts[i].kept, 0, 0,
				   "cifs");

		tape_call(&tape, 7, CT_CALL_MOUNT, 1, mounts[i].source, "/m", "cifs", NULL);
		expect_tail(wanted, (size_t)len);
	}
	tape_call(&tape, 7, CT_CALL_RENAME, 1, "a@b", "//c", NULL);
	expect_tail("a@b\0//c", 7);
}
