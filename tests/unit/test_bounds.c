// SPDX-License-Identifier: GPL-2.0-only
/* What just fits and what just does not: lengths, places, and times that are the same. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/base/house.h"
#include "core/base/shares.h"
#include "core/book/book_table.h"
#include "core/hear/cri.h"
#include "core/hear/wire.h"
#include "core/hear/wire_hpack.h"
#include "core/life/family.h"
#include "core/life/life.h"
#include "core/steps/evidence.h"
#include "core/tell/crew.h"
#include "core/tell/segments.h"
#include "core/why/wait_names.h"
#include "grpc.h"
#include "runs.h"

/* An id in the name of a cgroup is shown by its first digits; what is too short for an id is a name. */
Test(bounds, how_long_an_id_is)
{
	static const char *const rows[][2] = {
		{ "docker-0123456789abcdef01234567.scope",
		  "docker-0123456789abcdef01234567.scope" },
		{ "docker-0123456789abcdef012345678.scope", "docker-0123456789ab" },
		{ "a-0123456789abcdef0123456789abcdef0123", "a-0123456789ab" },
		{ "0123456789ab-0123456789abcdef", "0123456789ab-0123456789abcdef" },
	};
	struct ct_wait_names *names = calloc(1, sizeof(*names));
	char *full;

	cr_assert(names);
	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		char name[CT_CGROUP_LEN] = { 0 };

		snprintf(name, sizeof(name), "%s", rows[i][0]);
		cr_expect_str_eq(names->names[ct_wait_cgroup(names, name)], rows[i][1]);
	}
	/* As the kernel side cuts it, and with nothing behind it. */
	full = malloc(CT_CGROUP_LEN);
	cr_assert(full);
	memset(full, 'z', CT_CGROUP_LEN);
	cr_expect_eq(strlen(names->names[ct_wait_cgroup(names, full)]), CT_CGROUP_LEN - 1);
	free(full);
	free(names);
}

/* Strings of JSON, with and without what is escaped, are cut where their room ends. */
Test(bounds, strings_are_cut_to_their_room)
{
	static const char *const rows[][3] = {
		{ "{\"a\":\"wxyz\"}", "wxyz", "wxy" },
		{ "{\"a\":\"w\\nyz\"}", "w\nyz", "w\ny" },
		{ "{\"a\":\"\\u0077xyz\"}", "wxyz", "wxy" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		for (size_t room = 4; room <= 5; room++) {
			char to[8] = "#######";
			struct ct_json_field f = { .key = "a", .to = to, .room = room };

			cr_expect(ct_json_fields(ct_text(rows[i][0], strlen(rows[i][0])), &f, 1));
			cr_expect_str_eq(to, rows[i][room == 5 ? 1 : 2]);
			cr_expect_eq(to[room], '#', "%zu: beyond its room", i);
		}
	}
}

/* Bytes are looked at eight at a time: where in them something stands makes no difference. */
Test(bounds, an_escape_may_stand_anywhere)
{
	static const struct {
		const char *written, *read; /* NULL: that is no string */
	} rows[] = {
		{ "\\\"", "\"" }, { "\\\\", "\\" },   { "\\n", "\n" },
		{ "\n", NULL },   { "\x1f", NULL },   { " ", " " },
		{ "!", "!" },     { "\x7f", "\x7f" }, { "\xc3\xbc", "\xc3\xbc" },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		for (int before = 0; before < 20; before++) {
			for (int behind = 0; behind < 20; behind += 3) {
				char json[128], wanted[64], to[64];
				struct ct_json_field f = { .key = "a",
							   .to = to,
							   .room = sizeof(to) };
				int n = snprintf(json, sizeof(json), "{\"a\":\"%.*s%s%.*s\"}",
						 before, "abcdefghijklmnopqrstuvwxyz",
						 rows[i].written, behind,
						 "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
				bool is = ct_json_fields(ct_text(json, (size_t)n), &f, 1);

				if (!rows[i].read) {
					cr_expect(!is || !to[0], "%zu: %d, %d", i, before, behind);
					continue;
				}
				snprintf(wanted, sizeof(wanted), "%.*s%s%.*s", before,
					 "abcdefghijklmnopqrstuvwxyz", rows[i].read, behind,
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
				cr_expect(is);
				cr_expect_str_eq(to, wanted, "%zu: %d, %d", i, before, behind);
			}
		}
	}
}

/* Whatever a client calls what it pulls: its name is cut, and nothing else changes. */
Test(bounds, names_of_images_are_cut_to_their_room)
{
	for (size_t n = 254; n <= 256; n++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		char line[512], name[300] = { 0 };
		const struct seen *s;

		memset(name, 'a', n);
		snprintf(line, sizeof(line), "POST /v1.41/images/create?fromImage=%s", name);
		life_engines(t);
		t->engine = LIFE_DOCKERD;
		tape_at(t, 100);
		tape_http_request(t, LIFE_CLIENT, 4000, line, NULL);
		tape_at(t, 120);
		tape_http_answer(t, LIFE_DOCKERD, 4000, 404, "{\"message\":\"no\"}");
		play(run);
		name[255] = '\0';
		cr_assert_eq(count(run, CT_RECORD_PULL), 1);
		s = run->seen;
		cr_expect_str_eq(s->who.image, name);
		cr_expect_str_eq(s->who.runtime, "");
		cr_expect_str_eq(s->who.engine, "docker");
		run_free(run);
	}
}

static bool keeps(struct ct_hpack *h, const char *value, size_t n)
{
	char block[512] = "\x04", kept[512];
	struct ct_headers got;

	/* :path, not to be remembered; a length from 127 on has another byte. */
	if (n < 127) {
		block[1] = (char)n;
		memcpy(block + 2, value, n);
		n += 2;
	} else {
		block[1] = 0x7f;
		block[2] = (char)(n - 127);
		memcpy(block + 3, value, n);
		n += 3;
	}
	memcpy(kept, block, n);
	cr_expect(ct_hpack_sieve(h, block, n, false, &got));
	return !memcmp(kept, block, n);
}

/* Which paths a recording keeps: those of methods, which have an end. */
Test(bounds, how_long_a_path_is_kept)
{
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers got;
	char path[200];

	memset(path, 'a', sizeof(path));
	path[0] = '/';
	cr_expect(keeps(h, path, 95));
	cr_expect_not(keeps(h, path, 96));
	cr_expect_not(keeps(h, path, 130));
	path[50] = '?';
	cr_expect_not(keeps(h, path, 95));
	path[0] = 'a';
	cr_expect_not(keeps(h, path, 20), "a path begins with a slash");
	/* Who reads it afterwards changes nothing of it. */
	memcpy(path, "\x04\x03xyz", 5);
	cr_expect(ct_hpack_read(h, ct_text(path, 5), &got));
	cr_expect_arr_eq(path, "\x04\x03xyz", 5);
	ct_hpack_free(h);
}

/* Probes are told from each other by the words of what they execute. */
Test(bounds, commands_are_told_by_their_words)
{
	static const char *const words[][2] = {
		{ "a", "b" }, { "a", "c" }, { "ab", "" }, { "", "ab" }, { "b", "a" },
	};
	uint32_t seen[CT_ARRAY_SIZE(words)];

	for (size_t i = 0; i < CT_ARRAY_SIZE(words); i++) {
		for (unsigned id = 0; id < 2; id++) {
			struct ct_request asked = { 0 };
			char msg[64], data[128];
			size_t n = grpc_put_text(msg, 1, id ? "x" : "y");

			n += grpc_put_text(msg + n, 2, words[i][0]);
			n += grpc_put_text(msg + n, 2, words[i][1]);
			n = grpc_put_data(data, 1, msg, n);
			ct_cri_exec(&asked, ct_text(data + 9, n - 9)); /* behind the frame's head */
			cr_expect(!id || seen[i] == asked.command, "whatever container it is in");
			cr_expect_eq(asked.limit, CT_LIMIT_NONE);
			seen[i] = asked.command;
		}
		for (size_t k = 0; k < i; k++)
			cr_expect_neq(seen[i], seen[k], "%zu and %zu", i, k);
	}
}

/* Of a pod that runs since before the trace the sandbox was not seen: none of its containers is one. */
Test(bounds, a_pod_without_its_sandbox)
{
	struct ct_crew pod = { .count = 1 };

	pod.members = calloc(1, sizeof(*pod.members));
	cr_assert(pod.members);
	snprintf(pod.members[0].name, sizeof(pod.members[0].name), "web");
	cr_expect_null(ct_crew_sandbox(&pod));
	pod.members[0].name[0] = '\0';
	cr_expect_eq(ct_crew_sandbox(&pod), pod.members);
	free(pod.members);
}

/* A phase ends with the last of its marks that is not beyond the begin of the next one's client. */
static const struct ct_span spans[] = {
	{ .phase = CT_PHASE_CREATE,
	  .from = CT_MARK_CREATE_BEGIN,
	  .to = { CT_MARK_CREATE_END, CT_MARK_ATTACH_END } },
	{ .phase = CT_PHASE_CONNECT,
	  .from = CT_MARK_START_BEGIN,
	  .to = { CT_MARK_CONNECT_END },
	  .gap = CT_PHASE_CLIENT },
};

static uint64_t create_ends(uint64_t end, uint64_t later, uint64_t next, size_t count)
{
	static const struct ct_identity nobody;
	struct ct_record rec = { .who = &nobody, .begin_ns = 10, .ready = -1 };
	uint64_t marks[CT_MARK_MAX] = { 0 };

	marks[CT_MARK_CREATE_BEGIN] = 10;
	marks[CT_MARK_CREATE_END] = end;
	marks[CT_MARK_ATTACH_END] = later;
	marks[CT_MARK_START_BEGIN] = next;
	marks[CT_MARK_CONNECT_END] = 90;
	ct_segments_build(&rec, spans, count, marks, 10);
	cr_assert(rec.segment_count);
	return rec.segments[0].end_ns;
}

Test(bounds, which_mark_ends_a_phase)
{
	cr_expect_eq(create_ends(20, 30, 50, 2), 30);
	cr_expect_eq(create_ends(20, 50, 50, 2), 50, "at the very moment at which the next begins");
	cr_expect_eq(create_ends(20, 51, 50, 2), 20, "that is of something else");
	cr_expect_eq(create_ends(30, 20, 50, 2), 30);
	cr_expect_eq(create_ends(20, 51, 0, 2), 51, "nobody knows when the next begins");
	cr_expect_eq(create_ends(20, 51, 50, 1), 51, "there is no next one");
}

static struct ct_text text(const char *s)
{
	return ct_text(s, strlen(s));
}

/* One id in three namespaces is three containers, and each is found in its own. */
Test(bounds, one_id_in_several_namespaces)
{
	static const char *const spaces[] = { "one", "two", "three" };
	const struct ct_scope host = { 0 };
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	struct ct_container *made[3];

	for (unsigned i = 0; i < 3; i++)
		made[i] = ct_container_make(core, &host, text(spaces[i]), text("web"));
	ct_container_make(core, &host, text("one"), text("db"));
	for (unsigned i = 0; i < 3; i++) {
		cr_expect_eq(ct_book_find(core, &host, text(spaces[i]), text("web")), made[i], "%u",
			     i);
		for (unsigned k = 0; k < i; k++)
			cr_expect_neq(made[i], made[k]);
	}
	cr_expect_null(ct_book_find(core, &host, text("four"), text("web")));
	ct_core_free(core);
	run_free(run);
}

/* A run is found by its number until the next has begun; so in a table of many. */
Test(bounds, runs_are_found_by_their_numbers)
{
	const struct ct_scope host = { 0 };
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	struct ct_container *made[64];

	for (unsigned i = 0; i < 64; i++) {
		char id[8];

		snprintf(id, sizeof(id), "c%u", i);
		made[i] = ct_container_make(core, &host, text("x"), text(id));
	}
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned i = 0; i < 64; i++) {
			uint32_t before = made[i]->run.seq;

			cr_expect_eq(ct_book_of_run(core, before), made[i]);
			ct_book_next_run(core, made[i], CT_CAUSE_REQUEST);
			cr_expect_neq(made[i]->run.seq, before);
			cr_expect_null(ct_book_of_run(core, before));
			cr_expect_eq(ct_book_of_run(core, made[i]->run.seq), made[i]);
		}
	}
	cr_expect_eq(HASH_CNT(by_run, core->book->runs), 64);
	ct_core_free(core);
	run_free(run);
}

/* What a monitor did before it was known whose it is adds to what is known of that one, and changes nothing of it. */
Test(bounds, what_is_known_goes_before_a_draft)
{
	const struct ct_scope host = { 0 };
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	struct ct_container *c = ct_container_make(core, &host, text("x"), text("web"));
	struct ct_container *draft = ct_draft_new(core, c->family);

	c->run.marks[CT_MARK_CREATE_BEGIN] = 5;
	draft->run.marks[CT_MARK_CREATE_BEGIN] = 9;
	draft->run.marks[CT_MARK_CONNECT_BEGIN] = 7;
	ct_draft_becomes(core, draft, c);
	cr_expect_eq(c->run.marks[CT_MARK_CREATE_BEGIN], 5);
	cr_expect_eq(c->run.marks[CT_MARK_CONNECT_BEGIN], 7);
	ct_core_free(core);
	run_free(run);
}

/* Two namespaces may have one id: the answer is about the one that somebody was asked about. */
Test(bounds, whom_an_answer_is_about)
{
	const struct ct_scope host = { 0 };
	struct run *run = run_new();
	struct ct_core *core = core_of(run);
	struct ct_container *first = ct_container_make(core, &host, text("x"), text("web"));
	struct ct_container *second = ct_container_make(core, &host, text("y"), text("web"));

	first->looked_up_ns = 1;
	tape_at(&run->t, 10);
	tape_identity(&run->t, 0, "id", "web", "name", "shop", TAPE_END);
	tape_feed(&run->t, core);
	ct_core_flush(core);
	cr_expect_str_eq(first->who.name, "shop");
	cr_expect_str_neq(second->who.name, "shop");
	ct_core_free(core);
	run_free(run);
}

/* A successor is looked for by the name; by what it does only if that is wanted. */
static const struct {
	bool exited, named, hashed, by_args, used, failed, awaited;
	double ms;
} awaits[] = {
	{ true, true, false, false, false, false, true, 600000 },
	{ true, true, false, false, false, false, false, 600000.001 },
	{ false, true, true, true, false, false, false, 0 },
	{ true, false, false, false, false, false, false, 0 },
	{ true, false, true, false, false, false, false, 0 },
	{ true, false, false, true, false, false, false, 0 },
	{ true, false, true, true, false, false, true, 0 },
	{ true, true, false, false, true, false, false, 0 },
	{ true, true, false, false, false, true, false, 0 },
};

Test(bounds, whose_successor_may_still_come)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(awaits); i++) {
		struct run *run = run_new();
		struct ct_core *core;
		struct ct_container c = { 0 };

		run->opts.restarts_by_image = awaits[i].by_args;
		core = core_of(run);
		core->now = tape_ns(awaits[i].ms);
		c.run.marks[CT_MARK_EXIT] = awaits[i].exited ? tape_ns(0) : 0;
		c.who.name[0] = awaits[i].named ? 'a' : '\0';
		c.who.args_hash = awaits[i].hashed;
		c.run.restart_used = awaits[i].used;
		c.run.failed_ns = awaits[i].failed;
		cr_expect_eq(ct_book_awaited(core, &c), awaits[i].awaited, "%zu", i);
		ct_core_free(core);
		run_free(run);
	}
}

/* So many scopes have a share each; those that come then have one together, and the host always its own. */
Test(bounds, how_many_have_a_share)
{
	struct run *run = run_new();
	struct ct_core *core;
	struct ct_scope scope = { 0 };

	run->opts.containers_max = 20000;
	core = core_of(run);
	for (unsigned i = 1; i <= 4200; i++) {
		scope.uid = i;
		cr_expect(ct_container_make(core, &scope, text("x"), text("web")));
	}
	scope.uid = 4000;
	cr_expect(ct_share_find(core, &scope));
	scope.uid = 4200;
	cr_expect_null(ct_share_find(core, &scope));
	scope.uid = 0;
	cr_expect(ct_container_make(core, &scope, text("x"), text("web")));
	cr_expect(ct_share_find(core, &scope));
	ct_core_free(core);
	run_free(run);
}

/* What is stopped for a probe: the last one failed, no longer ago than who asks takes to act. */
static const struct {
	double last_ms;
	bool known, failing, stopped_pod, asked, stops;
} failures[] = {
	{ 1000, true, true, false, true, true },       { 1000.001, true, true, false, true, false },
	{ 500, true, true, false, true, true },        { -1000, true, true, false, true, true },
	{ -1000.001, true, true, false, true, false }, { 500, false, true, false, true, false },
	{ 500, true, false, false, true, false },      { 500, true, true, true, true, false },
	{ 500, true, true, false, false, false },
};

Test(bounds, which_probe_stops_a_container)
{
	const struct ct_scope host = { 0 };

	for (size_t i = 0; i < CT_ARRAY_SIZE(failures); i++) {
		struct run *run = run_new();
		struct ct_core *core = core_of(run);
		struct ct_container *pod = ct_container_make(core, &host, text("x"), text("p"));
		struct ct_probes probes = { .count = 2 };
		struct ct_container c = { .probes = &probes, .pod = pod->handle };

		probes.each[1].known = failures[i].known;
		probes.each[1].told.failing = failures[i].failing;
		probes.each[1].told.last_ns = tape_ns(2000 + failures[i].last_ms);
		pod->run.marks[CT_MARK_STOP_BEGIN] = failures[i].stopped_pod ? 1 : 0;
		c.run.marks[CT_MARK_STOP_BEGIN] = tape_ns(3000);
		c.run.stop_cause = failures[i].asked ? CT_CAUSE_STOP_REQUEST : CT_CAUSE_PROBE;
		cr_expect_eq(ct_probe_stopped(core, &c), failures[i].stops, "%zu", i);
		ct_core_free(core);
		run_free(run);
	}
}

/* Columns: of which kind it is, in which namespace and scope, who serves it; whether it is in that pod. */
static const struct {
	const struct ct_family *family;
	const char *ns;
	uint32_t uid, shim;
	bool has_pod, is;
} served[] = {
	{ &ct_family_cri, "k8s.io", 0, 501, false, true },
	{ &ct_family_cri, "other", 0, 501, false, false },
	{ &ct_family_cri, "k8s.io", 1000, 501, false, false },
	{ &ct_family_containerd, "k8s.io", 0, 501, false, false },
	{ &ct_family_cri, "k8s.io", 0, 500, false, false },
	{ &ct_family_cri, "k8s.io", 0, 9, false, false },
	{ &ct_family_cri, "k8s.io", 0, 501, true, false },
};

Test(bounds, who_is_served_by_the_shim_of_a_pod)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(served); i++) {
		struct run *run = run_new();
		struct ct_core *core = core_of(run);
		const struct ct_scope scope = { .uid = served[i].uid };
		struct ct_container *pod, *c;

		tape_process(&run->t, 500, 1, CT_ROLE_ENGINE, "containerd", TAPE_END);
		tape_process(&run->t, 501, 500, CT_ROLE_SHIM, "containerd-shim-runc-v2",
			     "-namespace", "k8s.io", "-id", POD, TAPE_END);
		tape_feed(&run->t, core);
		ct_core_flush(core);
		pod = ct_actor_get(core, 501)->container;
		cr_assert(pod);
		snprintf(pod->who.pod, sizeof(pod->who.pod), "web");
		c = ct_container_make(core, &scope, text(served[i].ns), text("box"));
		c->family = served[i].family;
		c->pod = served[i].has_pod ? 77 : 0;
		ct_pod_served(core, c, served[i].shim);
		cr_expect_eq(c->pod == pod->handle, served[i].is, "%zu", i);
		cr_expect_str_eq(c->who.pod, served[i].is ? "web" : "", "%zu", i);
		cr_expect_eq(pod->family == &ct_family_pod, served[i].is, "%zu", i);
		ct_pod_served(core, pod, served[i].shim);
		cr_expect_eq(pod->pod, 0, "nobody is in itself");
		ct_core_free(core);
		run_free(run);
	}
}

/* The network namespace of a container is its own if it is not its engine's. */
Test(bounds, whose_network_namespace_it_is)
{
	static const struct {
		uint64_t init, engine, is;
	} rows[] = { { 7, 8, 7 }, { 8, 8, 0 }, { 0, 8, 0 }, { 7, 0, 7 }, { 0, 0, 0 } };
	const struct ct_scope host = { 0 };

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		struct run *run = run_new();
		struct ct_core *core = core_of(run);
		struct ct_container *c = ct_container_make(core, &host, text("x"), text("web"));
		struct ct_actor_state init = { .netns = rows[i].init };

		if (rows[i].engine) {
			ct_actor_make(core, 500, &host)->netns = rows[i].engine;
			c->who.engine_pid = 500;
		}
		ct_container_netns(core, c, &init);
		cr_expect_eq(c->netns, rows[i].is, "%zu", i);
		ct_core_free(core);
		run_free(run);
	}
}

/* Who forked whom is known so far up, and no further. */
Test(bounds, how_far_up_descent_is_known)
{
	struct ct_actor_state up = { .parent = 100 }, a = { .engine = 77, .step = 5 };
	const size_t count = CT_ARRAY_SIZE(up.above);

	for (size_t i = 0; i < count; i++)
		up.above[i] = (uint32_t)(200 + i);
	up.engine = 300;
	ct_actor_descends(&a, &up);
	cr_expect_eq(a.above[0], 100);
	for (size_t i = 1; i < count; i++)
		cr_expect_eq(a.above[i], 199 + i);
	cr_expect_eq(a.engine, 77);
	ct_actor_descends(&a, NULL);
	for (size_t i = 0; i < count; i++)
		cr_expect_eq(a.above[i], 0);
}

/* What is remembered is the same when it is said anew and when it is referred to. */
Test(bounds, a_field_has_one_number)
{
	static const char *const blocks[] = {
		"\x44\x02/a\x44\x02/b\x44\x02/c\x44\x02/d\x44\x02/e\x44\x02/f\x44\x02/g\x44\x02/h",
		"\xc5\xc4\xc3\xc2\xc1\xc0\xbf\xbe",
	};
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers said, again;

	cr_expect(ct_hpack_read(h, text(blocks[0]), &said));
	cr_expect(ct_hpack_read(h, text(blocks[1]), &again));
	cr_expect_gt(said.key.fields, 0);
	cr_expect_eq(said.key.fields, again.key.fields);
	for (unsigned i = 0; i < said.key.fields; i++)
		cr_expect_eq(said.key.field[i], again.key.field[i], "%u", i);
	ct_hpack_free(h);
}

/* Nobody is told of steps who does not want them; what nobody speaks of is nobody's. */
Test(bounds, evidence_that_is_not_kept)
{
	const struct ct_scope host = { 0 };
	const struct ct_step step = { .name = "x" };

	for (unsigned i = 0; i < 4; i++) {
		struct run *run = run_new();
		struct ct_core *core;

		run->opts.steps = i & 1;
		core = core_of(run);
		ct_orphan_add(core, i & 2 ? &host : NULL, CT_BY_ID, text("web"), 0, &step);
		cr_expect_eq(core->steps->orphan_used, i == 3, "%u", i);
		ct_core_free(core);
		run_free(run);
	}
}
