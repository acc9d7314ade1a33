// SPDX-License-Identifier: GPL-2.0-only
/* What stands by itself: programs by their time, words of calls, parties, what files and messages say. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "core/base/parties.h"
#include "core/why/programs.h"
#include "core/hear/said.h"
#include "core/hear/wire_hpack.h"
#include "runs.h"
#include "source/engines/identity.h"

static void feed(struct ct_programs *all, const struct tape *t)
{
	for (size_t i = 0; i < t->count; i++)
		cr_assert(ct_programs_feed(all, tape_event(t, i)));
}

/* A pid is used again: what it was then is asked for, not what it is. */
Test(words, a_program_is_what_it_was_at_that_time)
{
	struct ct_programs *all = ct_programs_new();
	struct tape t = { 0 };
	uint64_t born_ns = 0;
	uint32_t by = 0;

	tape_process(&t, 10, 1, CT_ROLE_NONE, "/bin/sh", TAPE_END);
	tape_at(&t, 100);
	tape_fork(&t, 10, 20, CT_ROLE_NONE);
	tape_at(&t, 200);
	tape_exec(&t, 20, CT_ROLE_NONE, 0, "/usr/bin/ls", TAPE_END);
	tape_at(&t, 300);
	tape_exec(&t, 20, CT_ROLE_NONE, 0, "/usr/bin/cat", TAPE_END);
	feed(all, &t);
	cr_expect_str_eq(ct_programs_name(all, 20, tape_ns(150)), "sh");
	cr_expect_str_eq(ct_programs_name(all, 20, tape_ns(200)), "ls");
	cr_expect_str_eq(ct_programs_name(all, 20, tape_ns(299)), "ls");
	cr_expect_str_eq(ct_programs_name(all, 20, tape_ns(300)), "cat");
	cr_expect_str_empty(ct_programs_name(all, 30, tape_ns(300)));
	cr_expect_eq(ct_programs_parent(all, 20, tape_ns(400)), 10);
	cr_expect_eq(ct_programs_parent(all, 30, tape_ns(400)), 0);
	cr_expect(ct_programs_descends(all, 20, 10, tape_ns(400)));
	cr_expect(ct_programs_descends(all, 20, 1, tape_ns(400)));
	cr_expect_not(ct_programs_descends(all, 10, 20, tape_ns(400)));
	cr_assert(ct_programs_born(all, 20, tape_ns(400), &born_ns, &by));
	cr_expect_eq(born_ns, tape_ns(100));
	cr_expect_eq(by, 10);
	cr_expect_not(ct_programs_born(all, 10, tape_ns(400), &born_ns, &by));
	ct_programs_forget(all, tape_ns(250));
	cr_expect_str_eq(ct_programs_name(all, 20, tape_ns(260)), "ls");
	ct_programs_forget(all, tape_ns(350));
	cr_expect_str_eq(ct_programs_name(all, 20, tape_ns(350)), "cat");
	cr_expect_str_eq(ct_programs_name(all, 20, tape_ns(260)), "cat", "what was is forgotten");
	tape_free(&t);
	ct_programs_free(all);
}

/* Forks may have been lost: a chain of parents may be a ring, and may be endless. */
Test(words, a_ring_of_parents_ends)
{
	struct ct_programs *all = ct_programs_new();
	struct tape t = { 0 };

	tape_process(&t, 10, 11, CT_ROLE_NONE, "a", TAPE_END);
	tape_process(&t, 11, 10, CT_ROLE_NONE, "b", TAPE_END);
	tape_process(&t, 12, 12, CT_ROLE_NONE, "c", TAPE_END);
	for (uint32_t pid = 100; pid < 140; pid++)
		tape_process(&t, pid + 1, pid, CT_ROLE_NONE, "d", TAPE_END);
	feed(all, &t);
	cr_expect_not(ct_programs_descends(all, 10, 99, tape_ns(1)));
	cr_expect_not(ct_programs_descends(all, 12, 12, tape_ns(1)), "its own parent is unknown");
	cr_expect(ct_programs_descends(all, 132, 100, tape_ns(1)));
	cr_expect_not(ct_programs_descends(all, 133, 100, tape_ns(1)), "that is too far");
	tape_free(&t);
	ct_programs_free(all);
}

/* A node that forks all day does not fill the memory. */
Test(words, programs_are_bounded)
{
	struct ct_programs *all = ct_programs_new();
	struct tape t = { 0 };

	tape_fork(&t, 1, 2, CT_ROLE_NONE);
	for (uint32_t i = 0; i < 65536; i++)
		cr_assert(ct_programs_feed(all, tape_event(&t, 0)));
	cr_expect_not(ct_programs_feed(all, tape_event(&t, 0)));
	ct_programs_forget(all, tape_ns(1));
	cr_expect(ct_programs_feed(all, tape_event(&t, 0)), "what was forgotten has left room");
	tape_free(&t);
	ct_programs_free(all);
}

/* Columns: what a call said, a pattern, whether it is one. */
static const struct {
	const char *said, *pattern;
	bool matches;
} patterns[] = {
	{ "/proc/1/ns", "/proc/1/ns", true },
	{ "/proc/1/ns", "/proc/1", false },
	{ "/proc/1/ns", "/proc/*/ns", true },
	{ "/proc/ns", "/proc/*/ns", false },
	{ "/proc/1/ns/x", "/proc/*/ns", false },
	{ "/proc/1/nsx/ns", "/proc/*/ns", true },
	{ "overlay /a/b/merged", "*/merged", true },
	{ "overlay /a/b/merged2", "*/merged", false },
	{ "overlay /a/b/merged2", "*/merged*", true },
	{ "/a/b/c", "/a/*b/*b/c", false },
	{ "/a/b/x/b/c", "/a/*b/*b/c", true },
	{ "/a", "/a/b", false },
	{ "", "", true },
	{ "", "*", true },
	{ "x", "", false },
	{ "xaab", "*ab", true },
	{ "xaab*", "x*ab*", true },
	{ "/a/merged", "/a/merg*erged", false }, /* nothing is two parts of it */
	{ "/a/b/c", "*/b/*/b/*", false },
	{ "/a/b/b/c", "*/b/*/b/*", false },
	{ "/a/b/x/b/c", "*/b/*/b/*", true },
	{ "/a/netns/x", "*/netns/x", true },
	{ "/a/x/netns", "*/netns*netns", false },
	{ "/a/12345678/rootfs/ab", "*/rootfs*/ab", true },
	{ "123456//890123/", "*/89*", true },
	{ "abc", "*a*b*c*", true },
	{ "acb", "*a*b*c*", false },
};

Test(words, patterns_match_the_whole_of_what_was_said)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(patterns); i++) {
		const struct ct_pattern pattern = ct_pattern(patterns[i].pattern);
		struct tape t = { 0 };
		struct ct_said said;

		tape_call(&t, 1, CT_CALL_MOUNT, 0, patterns[i].said, TAPE_END);
		ct_said_hear(&said, tape_event(&t, 0));
		cr_expect_eq(ct_said_matches(&said, &pattern), patterns[i].matches, "'%s' and '%s'",
			     patterns[i].said, patterns[i].pattern);
		tape_free(&t);
	}
}

/* Arguments are as one, with blanks between them. */
Test(words, arguments_are_one_text)
{
	const struct ct_pattern pattern = ct_pattern("overlay /run//x/rootfs");
	struct tape t = { 0 };
	struct ct_said said;
	struct ct_text name;

	tape_call(&t, 1, CT_CALL_MOUNT, 0, "overlay", "/run//x/rootfs", "", TAPE_END);
	ct_said_hear(&said, tape_event(&t, 0));
	cr_expect(ct_said_matches(&said, &pattern));
	name = ct_said_behind(&said, tape_event(&t, 0), (struct ct_text)CT_TEXT("/run/"));
	cr_expect_eq(name.len, 0);
	name = ct_said_behind(&said, tape_event(&t, 0), (struct ct_text)CT_TEXT("//"));
	cr_expect(ct_text_is(name, "x"));
	name = ct_said_behind(&said, tape_event(&t, 0), (struct ct_text)CT_TEXT("/none/"));
	cr_expect_eq(name.len, 0);
	tape_free(&t);
}

/* Who was counted is told by all that tells them apart; beyond the room they are others. */
Test(words, parties_are_told_apart)
{
	struct ct_parties all = { 0 }, twice = { 0 };
	struct ct_party p = { .uid = 1 };

	ct_parties_add(&all, &p, 2);
	ct_parties_add(&all, &p, 3);
	p.uid = 2;
	ct_parties_add(&all, &p, 1);
	strcpy(p.comm, "sh");
	ct_parties_add(&all, &p, 1);
	strcpy(p.within, "web");
	ct_parties_add(&all, &p, 1);
	cr_expect_eq(all.each[0].count, 5);
	cr_expect_eq(all.each[1].count, 1);
	cr_expect_eq(all.each[2].count, 1);
	cr_expect_eq(all.each[3].count, 1);
	for (uint32_t i = 0; i < CT_PARTIES_MAX; i++) {
		p.uid = 100 + i;
		ct_parties_add(&all, &p, 1);
	}
	cr_expect_eq(all.others, 4);
	cr_expect_eq(ct_parties_sum(&all), 8 + CT_PARTIES_MAX);
	ct_parties_merge(&twice, &all);
	ct_parties_merge(&twice, &all);
	cr_expect_eq(twice.each[0].count, 10);
	cr_expect_eq(twice.others, 8);
	cr_expect_eq(ct_parties_sum(&twice), 2 * ct_parties_sum(&all));
}

#define ID    "7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ada"
#define OTHER "664a1f7e9aaf49cd8cd0143400cc82c47b509ae4fec3afbae4528d4174d08c3f"

static const char *value(const struct ct_tail *tail, const char *key)
{
	const char *v = ct_tail_value(tail->bytes, tail->len, key);

	return v ? v : "(none)";
}

static int parse(struct ct_tail *tail, const char *text, struct ct_err *err)
{
	return ct_identity_parse_podman(tail, ID, text, strlen(text), err);
}

/* One file has all of them: names are those of the id that was asked for. */
Test(words, a_container_of_podman_has_its_own_name)
{
	struct ct_err err = { 0 };
	struct ct_tail tail;

	cr_assert_eq(parse(&tail,
			   "[{\"layer\":\"l0\"},"
			   "{\"id\":\"" OTHER
			   "\",\"layer\":\"l1\",\"metadata\":\"{\\\"name\\\":\\\"db\\\"}\"},"
			   "{\"id\":\"" ID "\",\"layer\":\"l2\",\"metadata\":"
			   "\"{\\\"image-name\\\":\\\"nginx:1\\\",\\\"name\\\":\\\"web\\\"}\"}]",
			   &err),
		     0);
	cr_expect_str_eq(value(&tail, "id"), ID);
	cr_expect_str_eq(value(&tail, "engine"), "podman");
	cr_expect_str_eq(value(&tail, "layer"), "l2");
	cr_expect_str_eq(value(&tail, "name"), "web");
	cr_expect_str_eq(value(&tail, "image"), "nginx:1");
}

/* What is missing, or no text, is left out; the rest is told. */
Test(words, what_podman_does_not_say_is_left_out)
{
	static const char *const texts[] = {
		"[{\"id\":\"" ID "\"}]",
		"[{\"id\":\"" ID "\",\"layer\":7,\"metadata\":7}]",
		"[{\"id\":\"" ID "\",\"metadata\":\"no json\"}]",
		"[{\"id\":\"" ID "\",\"metadata\":\"{}\"}]",
		"[7,null,{\"id\":7},{\"id\":\"" ID "\"}]",
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(texts); i++) {
		struct ct_err err = { 0 };
		struct ct_tail tail;

		cr_assert_eq(parse(&tail, texts[i], &err), 0, "%s", texts[i]);
		cr_expect_str_eq(value(&tail, "engine"), "podman");
		cr_expect_str_eq(value(&tail, "layer"), "(none)");
		cr_expect_str_eq(value(&tail, "name"), "(none)");
		cr_expect_str_eq(value(&tail, "image"), "(none)");
	}
}

Test(words, a_file_of_podman_that_cannot_be_used_is_a_sentence)
{
	struct ct_err err = { 0 };
	struct ct_tail tail;

	cr_expect_eq(parse(&tail, "[", &err), -EBADMSG);
	cr_expect(strstr(err.msg, "containers.json"));
	cr_expect_eq(parse(&tail, "[{\"id\":\"" OTHER "\"}]", &err), -ENOENT);
	cr_expect(strstr(err.msg, ID));
	cr_expect_eq(parse(&tail, "{}", &err), -ENOENT);
}

/* A phase that lies in several parts is their sum, whatever lies between. */
Test(words, a_phase_is_the_sum_of_its_parts)
{
	struct ct_record rec = { .segment_count = 4 };

	rec.segments[0] =
		(struct ct_segment){ .phase = CT_PHASE_CREATE, .begin_ns = 5, .end_ns = 15 };
	rec.segments[1] =
		(struct ct_segment){ .phase = CT_PHASE_START, .begin_ns = 15, .end_ns = 20 };
	rec.segments[2] =
		(struct ct_segment){ .phase = CT_PHASE_CREATE, .begin_ns = 20, .end_ns = 27 };
	rec.segments[3] =
		(struct ct_segment){ .phase = CT_PHASE_CREATE, .begin_ns = 27, .end_ns = 25 };
	cr_expect_eq(ct_record_phase_ns(&rec, CT_PHASE_CREATE), 17);
	cr_expect_eq(ct_record_phase_ns(&rec, CT_PHASE_START), 5);
	cr_expect_eq(ct_record_phase_ns(&rec, CT_PHASE_DIE), 0);
	rec.segment_count = CT_SEGMENTS_MAX + 1;
	cr_expect_eq(ct_record_phase_ns(&rec, CT_PHASE_CREATE), 17,
		     "no further than there is room");
}

/* Columns: bytes of a send, verb, name; whether what follows is its own, whether it makes others. */
static const struct {
	const char *line, *verb, *ref;
	bool streams, makes, reads;
} requests[] = {
	{ "POST /v1.41/containers/web/stop", "stop", "web", false, false, false },
	{ "POST /containers/web/stop", "stop", "web", false, false, false },
	{ "POST /x1/containers/web/stop", "", "", false, false, false },
	{ "POST /v/containers/web/stop", "", "", false, false, false },
	{ "POST /vx/containers/web/stop", "", "", false, false, false },
	{ "DELETE /v1.41/networks/create", "", "", false, false, false },
	{ "POST /v1.41/networks/create", "", "", false, true, false },
	{ "POST /v1.41/networks/n/connect", "", "", false, false, false },
	{ "DELETE /v1.41/images/x", "", "", false, false, false },
	{ "POST /v1.41/images/create", "", "", true, false, false },
	{ "PUT /v1.41/containers/web/archive", "", "", true, false, true },
	{ "GET /v1.41/containers/web/json", "", "", false, false, true },
	{ "POST /v1.41/containers/create", "create", "create", false, false, false },
	{ "POST /v1.41/containers/web", "", "web", false, false, false },
	{ "DELETE /v1.41/containers/web", "delete", "web", false, false, false },
};

Test(words, what_is_asked_of_docker)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(requests); i++) {
		struct ct_http http;
		char text[128];
		int n = snprintf(text, sizeof(text), "%s HTTP/1.1\r\n\r\n", requests[i].line);

		cr_assert(ct_http_parse(ct_text(text, (size_t)n), &http), "%s", text);
		cr_expect(ct_text_is(http.verb, requests[i].verb), "%s", text);
		if (*requests[i].ref)
			cr_expect(ct_text_is(http.ref, requests[i].ref), "%s", text);
		cr_expect_eq(http.streams, requests[i].streams, "%s", text);
		cr_expect_eq(http.makes, requests[i].makes, "%s", text);
		cr_expect_eq(http.reads, requests[i].reads, "%s", text);
	}
}

/* A field of its size is full with one byte less: the last is its end. */
Test(words, a_text_that_just_does_not_fit_is_cut_and_ended)
{
	char to[5] = "zzzz";

	ct_text_copy(to, 4, (struct ct_text)CT_TEXT("abcd"));
	cr_expect_str_eq(to, "abc");
	ct_text_copy(to, 5, (struct ct_text)CT_TEXT("abcd"));
	cr_expect_str_eq(to, "abcd");
	ct_text_copy(to, 4, (struct ct_text)CT_TEXT("ab"));
	cr_expect_str_eq(to, "ab");
}

static bool reads(struct ct_hpack *h, const char *block, size_t len, const char *path)
{
	struct ct_headers got;

	return ct_hpack_read(h, ct_text(block, len), &got) && !strcmp(got.path, path);
}

/* What is greater than the table empties it: a number from before is none any more. */
Test(words, a_header_that_is_too_great_empties_the_table)
{
	static const char path[] = "\x44\2/a", number[] = { (char)(0x80 | 63) };
	static char great[4300];

	for (unsigned room = 0; room < 2; room++) {
		struct ct_hpack *h = ct_hpack_new();
		/* The path's entry: of two bytes, eight for its name, 32 for each. */
		unsigned len = 4096 - (2 + 8 + 32) - (1 + 32) + !room;

		memcpy(great, "\x40\1x\x7f", 4);
		great[4] = (char)((len - 127) % 128 | 0x80);
		great[5] = (char)((len - 127) / 128);
		memset(great + 6, 'y', len);
		cr_assert(reads(h, path, sizeof(path) - 1, "/a"));
		cr_assert(reads(h, great, len + 6, ""));
		cr_expect_eq(reads(h, number, 1, "/a"), room, "%u", room);
		ct_hpack_free(h);
	}
}

/* RFC 7541, 5.2: padding is of at most seven bits. */
Test(words, a_text_with_too_much_padding_is_refused)
{
	struct ct_hpack *h = ct_hpack_new();

	cr_expect(reads(h, "\x04\x81\x63", 3, "/"));
	cr_expect_not(reads(h, "\x04\x82\x63\xff", 4, "/"));
	ct_hpack_free(h);
}

/* The longest codes are of 30 bits. */
Test(words, the_longest_code_is_read)
{
	struct ct_hpack *h = ct_hpack_new();

	cr_expect(reads(h, "\x04\x84\xff\xff\xff\xf3", 6, "\n"));
	cr_expect_not(reads(h, "\x04\x84\xff\xff\xff\xff", 6, ""), "the end of a text is not said");
	ct_hpack_free(h);
}

Test(words, a_status_is_its_three_digits)
{
	static const char answer[] = "HTTP/1.1 437 Whatever\r\n\r\n";
	struct ct_http http;

	cr_assert(ct_http_parse(ct_text(answer, sizeof(answer) - 1), &http));
	cr_expect(http.answer);
	cr_expect_eq(http.status, 437, "%d", http.status);
	cr_expect_not(ct_http_parse(ct_text("HTTP/1.1 4x7 ", 13), &http));
	cr_expect_not(ct_http_parse(ct_text("HTTP/1.1 43", 11), &http));
}
