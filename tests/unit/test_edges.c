// SPDX-License-Identifier: GPL-2.0-only
/* What stands at the edge of what is read: the last of the arguments, of a string, of two that are the same. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/hear/args.h"
#include "core/hear/kubelet.h"
#include "core/hear/said.h"
#include "core/hear/wire.h"
#include "core/hear/wire_pull.h"
#include "core/life/life.h"
#include "core/tell/chain_path.h"
#include "core/who/who.h"
#include "core/why/waits.h"
#include "runs.h"
#include "util/mem.h"

#define ARGS_MAX 8

static struct ct_text text(const char *s)
{
	return ct_text(s, strlen(s));
}

/* Those up to NULL; what was there before lies behind them. */
static size_t args_of(const char *const words[ARGS_MAX], struct ct_text args[ARGS_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i <= ARGS_MAX; i++)
		args[i] = text("stale");
	while (n < ARGS_MAX && words[n]) {
		args[n] = text(words[n]);
		n++;
	}
	return n;
}

static void expect_text(struct ct_text is, const char *wanted, size_t row)
{
	cr_expect(ct_text_is(is, wanted), "row %zu: '%.*s', not '%s'", row, (int)is.len, is.p,
		  wanted);
}

Test(edges, what_follows_an_option)
{
	static const struct {
		const char *words[ARGS_MAX], *value;
	} rows[] = {
		{ { "shim", "-id", "c1" }, "c1" },
		{ { "shim", "start", "-id", "c1" }, "c1" },
		{ { "shim", "-id", "c1", "-id", "c2" }, "c1" },
		{ { "shim", "-id", "-id" }, "-id" },
		{ { "shim", "-id" }, "" }, /* nothing does */
		{ { "-id", "c1" }, "" }, /* it is the program */
		{ { "shim", "-ids", "c1", "-i", "c2" }, "" },
		{ { "shim" }, "" },
		{ { NULL }, "" },
	};
	struct ct_text args[ARGS_MAX + 1];

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		size_t n = args_of(rows[i].words, args);

		expect_text(ct_argv_value(args, n, "-id"), rows[i].value, i);
	}
}

Test(edges, what_is_no_option)
{
	static const struct {
		const char *words[ARGS_MAX];
		size_t nth;
		const char *plain;
	} rows[] = {
		{ { "podman", "pull", "a" }, 0, "a" },
		{ { "podman", "pull", "a" }, 1, "" },
		{ { "podman", "pull", "a", "b" }, 1, "b" },
		{ { "podman", "pull", "-q", "*", "a" }, 0, "a" },
		{ { "podman", "pull", "-*", "", "a" }, 0, "a" },
		{ { "podman", "a", "pull", "b" }, 0, "b" },
		{ { "podman", "pull" }, 0, "" },
		{ { "pull", "pull", "a" }, 0, "a" },
		{ { "podman", "a" }, 0, "" },
	};
	struct ct_text args[ARGS_MAX + 1];

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		size_t n = args_of(rows[i].words, args);

		expect_text(ct_argv_plain(args, n, rows[i].nth), rows[i].plain, i);
		cr_expect_not(ct_argv_has(args, n, "stale"), "row %zu", i);
		for (size_t j = 1; j < n; j++)
			cr_expect(ct_argv_has(args, n, rows[i].words[j]), "row %zu: %zu", i, j);
	}
}

/* The first and the last of each range of what "\u" may say, and what lies between them. */
Test(edges, characters_by_number)
{
	static const struct {
		const char *written, *read; /* NULL: it is none */
	} rows[] = {
		{ "\\u0001", "\x01" },
		{ "\\u007f", "\x7f" },
		{ "\\u0080", "\xc2\x80" },
		{ "\\u07ff", "\xdf\xbf" },
		{ "\\u0800", "\xe0\xa0\x80" },
		{ "\\ud7ff", "\xed\x9f\xbf" },
		{ "\\ue000", "\xee\x80\x80" },
		{ "\\uffff", "\xef\xbf\xbf" },
		{ "\\ud800\\udc00", "\xf0\x90\x80\x80" },
		{ "\\ud800\\udfff", "\xf0\x90\x8f\xbf" },
		{ "\\udbff\\udc00", "\xf4\x8f\xb0\x80" },
		{ "\\udbff\\udfff", "\xf4\x8f\xbf\xbf" },
		{ "\\uDBFF\\uDFFF", "\xf4\x8f\xbf\xbf" },
		{ "\\u00e9\\u00E9", "\xc3\xa9\xc3\xa9" },
		{ "\\u0000", NULL },
		{ "\\udc00", NULL },
		{ "\\udfff", NULL },
		{ "\\ud800", NULL },
		{ "\\ud800\\udbff", NULL },
		{ "\\ud800\\ue000", NULL },
		{ "\\ud800xudc00", NULL },
		{ "\\ud800\\ndc00", NULL },
		{ "\\u00g0", NULL },
		{ "\\u00/0", NULL },
		{ "\\u00:0", NULL },
		{ "\\u00@0", NULL },
		{ "\\u00`0", NULL },
		{ "\\u12", NULL },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		char json[64], to[16] = "";
		struct ct_json_field f = { .key = "a", .to = to, .room = sizeof(to) };
		int n = snprintf(json, sizeof(json), "{\"a\":\"%s\"}", rows[i].written);

		ct_json_fields(ct_text(json, (size_t)n), &f, 1);
		if (rows[i].read)
			cr_expect_str_eq(to, rows[i].read, "%s: '%s'", rows[i].written, to);
		else
			cr_expect_str_empty(to, "%s: '%s'", rows[i].written, to);
	}
}

/* What a sentence has of who asks, of what was set: each found, and nothing else is. Up to '|': what is told. */
Test(edges, secrets_of_sentences)
{
	static const struct {
		const char *sentence, *secrets; /* with a '|' behind each */
	} rows[] = {
		{ "Get \"https://me:pw@host/v2/\": EOF", "me:pw|" },
		{ "mount \"//me:one two@host/x\": no", "//me:one two|" },
		{ "mount //me:one two@host/x: no", "//me:one two|" },
		{ "dial host:443 as me@host", "me|" },
		{ "Get http://me:one two@host/x: EOF", "me:one two|" },
		{ "Get \"http://me:one two@host/x\": EOF", "me:one two|" },
		{ "Get http://host:80 me@x", "me|" },
		{ "Get http://me: two@host", "two|" },
		{ "data: a=b c: d", "b c|" },
		{ "open \"data: a=b: c: d\": e", "b: c|" },
		{ "-e PW=one two", "one|" },
		{ "stat /a?key=1 b: gone", "key=1 b|" },
		{ "stat /a b: gone", "" },
		{ "http://host:80 and a@b", "a|" },
		{ "nothing of the kind", "" },
		{ "", "" },
		{ " ", "" },
		{ ":", "" },
		{ "@", "" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].sentence);
		own_mem char *exact = malloc(len + 1);
		struct ct_text rest, secret;
		char found[256] = "";

		memcpy(exact, rows[i].sentence, len + 1);
		exact = realloc(exact, len ? len : 1); /* nothing lies behind it */
		rest = ct_text(exact, len);
		while (ct_sentence_secret(&rest, &secret)) {
			strncat(found, secret.p, secret.len);
			strcat(found, "|");
		}
		cr_expect_str_eq(found, rows[i].secrets, "%s: %s", rows[i].sentence, found);
	}
}

/* Who forked whom goes up by one, and nothing beside it is touched. */
Test(edges, ancestors_move_up)
{
	enum {
		UP = CT_ARRAY_SIZE(((struct ct_actor_state *)0)->above)
	};
	struct ct_actor_state up, a, was;

	memset(&up, 0x11, sizeof(up));
	memset(&a, 0x22, sizeof(a));
	up.parent = 7;
	for (uint32_t i = 0; i < UP; i++)
		up.above[i] = 100 + i;
	was = a;
	ct_actor_descends(&a, &up);
	cr_expect_eq(a.above[0], 7);
	for (uint32_t i = 1; i < UP; i++)
		cr_expect_eq(a.above[i], 100 + i - 1);
	memcpy(was.above, a.above, sizeof(a.above));
	cr_expect_arr_eq(&a, &was, sizeof(a));
	ct_actor_descends(&a, NULL);
	memset(was.above, 0, sizeof(was.above));
	cr_expect_arr_eq(&a, &was, sizeof(a));
}

/* Of two that end at once the one that was asked for last is waited for. */
Test(edges, two_that_end_at_once)
{
	static const struct ct_chain_time pair = {
		.starts = { { 0, 100, 300, 7 }, { 120, 200, 300, 7 } },
		.count = 2,
	};
	struct ct_chain_path path;

	ct_chain_walk(&pair, &path);
	cr_expect_eq(path.total_ns, 300);
	cr_expect_eq(path.member_cold_ns[1], 80, "%llu",
		     (unsigned long long)path.member_cold_ns[1]);
}

/* As many slashes as there is room for, one less and many more: all of the text is there, and where they are. */
Test(edges, slashes_beyond_what_is_kept)
{
	const size_t room = CT_ARRAY_SIZE(((struct ct_said *)0)->slashes);
	const size_t counts[] = { 0, 1, room - 1, room, room + 1, 3 * room };

	for (size_t i = 0; i < CT_ARRAY_SIZE(counts); i++) {
		struct ct_said *said = calloc(1, sizeof(*said));
		struct tape t = { 0 };
		char path[512];
		size_t len = 0;

		for (size_t j = 0; j < counts[i]; j++) {
			path[len++] = '/';
			path[len++] = 'a';
		}
		tape_add(&t, CT_KIND_CALL, 1, path, len);
		cr_assert(said);
		ct_said_hear(said, tape_event(&t, 0));
		cr_expect_eq(said->count, counts[i] < room ? counts[i] : room);
		cr_expect_eq(said->text.len, len);
		for (size_t j = 0; j < said->count; j++)
			cr_expect(said->slashes[j] == 2 * j && said->after[j] == 'a');
		tape_free(&t);
		free(said);
	}
}

/* A wait by itself, or many of a busy thread, show that waits are there; a thread's programs do not. */
Test(edges, whether_there_are_waits)
{
	static const struct {
		enum ct_kind kind;
		bool any;
	} rows[] = {
		{ CT_KIND_WAIT, true },  { CT_KIND_WAITS, true }, { CT_KIND_STACK, false },
		{ CT_KIND_EXEC, false }, { CT_KIND_EXIT, false }, { CT_KIND_FORK, false },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_waits *w = ct_waits_new();
		struct tape t = { 0 };
		struct ct_event *e;

		tape_at(&t, 100);
		e = tape_add(&t, rows[i].kind, 10, NULL, 0);
		e->tid = 11;
		e->dur_ns = 1000;
		cr_assert(w);
		cr_expect_not(ct_waits_any(w));
		ct_waits_feed(w, tape_event(&t, 0));
		cr_expect_eq(ct_waits_any(w), rows[i].any, "%d", rows[i].kind);
		ct_waits_free(w);
		tape_free(&t);
	}
}

/* A chunk says how long it is in up to four digits; what is no chunk, or is cut, is no line. */
Test(edges, lines_in_chunks)
{
#define LINE "{\"status\":\"Pulling from x\",\"id\":\"1\"}"
	static const struct {
		const char *bytes;
		bool line;
	} rows[] = {
		{ LINE, false },           /* no chunk */ { "27\r\n" LINE, true },
		{ "0027\r\n" LINE, true }, { "9a\r\n" LINE, true },
		{ "f\r\n" LINE, true },    { "00027\r\n" LINE, false },
		{ "\r\n" LINE, false },    { "g\r\n" LINE, false },
		{ "27\n\n" LINE, false },  { "27\r\r" LINE, false },
		{ "27\r\n", false },       { "27\r", false },
		{ "27", false },           { "", false },
		{ "2727", false },         { "/\r\n" LINE, false },
		{ ":\r\n" LINE, false },   { "`\r\n" LINE, false },
		{ "27\r\n[", false },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		size_t len = strlen(rows[i].bytes);
		own_mem char *exact = malloc(len ? len : 1);
		struct ct_progress got;

		memcpy(exact, rows[i].bytes, len);
		cr_expect_eq(ct_progress_parse(ct_text(exact, len), &got), rows[i].line, "row %zu",
			     i);
	}
}

/* Who is not known gives nobody a name, and who has one keeps it. */
Test(edges, whose_engine_it_is)
{
	static const struct {
		uint32_t pid;
		const char *was, *is;
	} rows[] = {
		{ LIFE_DOCKERD, "", "docker" },
		{ LIFE_DOCKERD, "other", "other" },
		{ LIFE_CONTAINERD, "", "containerd" },
		{ 0, "", "" },
		{ 4000000, "", "" },
		{ 4000000, "other", "other" },
		{ LIFE_CLIENT, "", "" },
	};
	struct run *run = run_new();
	struct ct_core *core;

	tape_process(&run->t, LIFE_CLIENT, 1, CT_ROLE_NONE, "/usr/bin/docker", TAPE_END);
	tape_process(&run->t, LIFE_CONTAINERD, 1, CT_ROLE_ENGINE, "containerd", TAPE_END);
	tape_at(&run->t, 1000);
	tape_clock(&run->t);
	core = core_of(run);
	tape_feed(&run->t, core);
	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct ct_identity who = { 0 };

		memcpy(who.engine, rows[i].was, strlen(rows[i].was));
		ct_life_engine_name(core, &who, rows[i].pid);
		cr_expect_str_eq(who.engine, rows[i].is, "row %zu: '%s'", i, who.engine);
	}
	ct_core_free(core);
	run_free(run);
}

/* The first and the last of what a pod's uid may be made of, and what lies beside them; how long it may be. */
Test(edges, uids_of_pods)
{
	static const struct {
		const char *uid, *told; /* NULL: it is none */
	} rows[] = {
		{ "azAZ09-", "azAZ09-" }, { "a_b", "a-b" }, { "a`", NULL }, { "a{", NULL },
		{ "a@", NULL },           { "a[", NULL },   { "a/", NULL }, { "a:", NULL },
		{ "a,", NULL },           { "a.", NULL },   { "", NULL },
	};
	static const char *const paths[][2] = {
		{ "/kubepods/burstable/pod", "" },
		{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod", ".slice" },
		{ "/kubepods.slice/kubepods-pod", ".slice" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows) * CT_ARRAY_SIZE(paths); i++) {
		const char *const *path = paths[i / CT_ARRAY_SIZE(rows)];
		const char *uid = rows[i % CT_ARRAY_SIZE(rows)].uid;
		const char *told = rows[i % CT_ARRAY_SIZE(rows)].told;
		struct ct_preparing got;
		struct tape t = { 0 };
		char tail[256];
		int n = snprintf(tail, sizeof(tail), "%s%s%s", path[0], uid, path[1]);

		if (strchr(uid, '/'))
			continue; /* it would end there */
		tape_add(&t, CT_KIND_POD, 1, tail, (size_t)n)->sub = CT_POD_CGROUP;
		cr_expect_eq(ct_preparing_parse(tape_event(&t, 0), &got), told != NULL, "%s", tail);
		cr_expect_str_eq(got.uid, told ? told : got.uid, "%s", tail);
		tape_free(&t);
	}
	for (size_t len = CT_POD_UID_LEN - 2; len <= CT_POD_UID_LEN; len++) {
		struct ct_preparing got;
		struct tape t = { 0 };
		char tail[256] = "/kubepods/pod";

		memset(tail + strlen(tail), 'a', len);
		tape_add(&t, CT_KIND_POD, 1, tail, strlen(tail))->sub = CT_POD_CGROUP;
		cr_expect_eq(ct_preparing_parse(tape_event(&t, 0), &got), len < CT_POD_UID_LEN);
		tape_free(&t);
	}
}
