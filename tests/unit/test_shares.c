// SPDX-License-Identifier: GPL-2.0-only
/*
 * Each table that somebody else than the host's root can fill, filled ten times over, while the
 * host's root has something in it that is needed afterwards.
 */
#include <stdio.h>

#include "core/opens/opens.h"
#include "core/hear/talk.h"
#include "core/life/life.h"
#include "core/opens/openers.h"
#include "runs.h"

#define HOUR    3600000.0
#define FORGER  6001
#define SOCKETS 100000 /* of the flood, from there on */
#define SOCKET  2000 /* of the host */
#define NETNS   0xf0000999
#define MINE    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct ct_event *event(struct tape *t, size_t i)
{
	return (struct ct_event *)(uintptr_t)tape_event(t, i);
}

static struct ct_event *last(struct tape *t)
{
	return event(t, t->count - 1);
}

/* A request with headers: a path that is not in the table of headers yet, or is the last of it. */
static void asks_grpc(struct tape *t, uint32_t tgid, uint64_t socket, uint32_t stream,
		      const char *path, const char *body, size_t body_len)
{
	static const char ns[] = "\0\x14"
				 "containerd-namespace"
				 "\x07"
				 "default";
	char header[256] = { 0x44 }, data[256] = { 0 }, message[600];
	size_t n = strlen(path), len;

	header[1] = (char)n;
	memcpy(header + 2, path, n);
	if (!n)
		header[0] = (char)0xbe;
	n += n ? 2 : 1;
	memcpy(header + n, ns, sizeof(ns) - 1);
	len = tape_put_frame(message, CT_H2_HEADERS, stream, header, n + sizeof(ns) - 1);
	data[4] = (char)body_len;
	memcpy(data + 5, body, body_len);
	if (body_len)
		len += tape_put_frame(message + len, CT_H2_DATA, stream, data, body_len + 5);
	tape_send(t, tgid, socket, message, len);
}

#define SERVICES "/containerd.services."

static size_t prepare_of(char *to, const char *key)
{
	return tape_put_bytes(to, 2, key, strlen(key));
}

/* What fills a table: one entry, by somebody whose share it is to be. */
static void fill_calls(struct tape *t, unsigned i)
{
	asks_grpc(t, FORGER, SOCKETS, 2 * i + 1, SERVICES "tasks.v1.Tasks/Kill", "", 0);
}

static void fill_lines(struct tape *t, unsigned i)
{
	tape_http_request(t, FORGER, SOCKETS + 2 * i, "POST /v1.41/containers/x/stop", NULL);
}

static void fill_conns(struct tape *t, unsigned i)
{
	asks_grpc(t, FORGER, SOCKETS + 2 * i, 1, SERVICES "tasks.v1.Tasks/Kill", "", 0);
}

static void fill_early(struct tape *t, unsigned i)
{
	tape_ttrpc_answer(t, FORGER, SOCKETS + 2 * i, 1, 0, 0);
}

static void fill_prepared(struct tape *t, unsigned i)
{
	char key[32], body[80];

	snprintf(key, sizeof(key), "x%u", i);
	asks_grpc(t, FORGER, SOCKETS, 2 * i + 1, SERVICES "snapshots.v1.Snapshots/Prepare", body,
		  prepare_of(body, key));
}

static void fill_orphans(struct tape *t, unsigned i)
{
	tape_netlink(t, FORGER, SOCKETS + i, 0.01);
}

static void fill_syncs(struct tape *t, unsigned i)
{
	tape_sync(t, FORGER, "x", "y");
	last(t)->tid = SOCKETS + i;
}

static void fill_actors(struct tape *t, unsigned i)
{
	tape_fork(t, FORGER, SOCKETS + i, CT_ROLE_ENGINE);
}

static void fill_openers(struct tape *t, unsigned i)
{
	tape_fork(t, FORGER, SOCKETS + i, CT_ROLE_ENGINE);
	tape_exec(t, SOCKETS + i, CT_ROLE_INIT, 9, "x", TAPE_END);
}

static void fill_runs(struct tape *t, unsigned i)
{
	fill_openers(t, i);
	tape_opened(t, SOCKETS + i, CT_VIEW_NATIVE, "/x", 1000, 3);
}

/* What the host's root has in it, before the flood and after. */
static void calls_before(struct tape *t)
{
	tape_ttrpc_request(t, LIFE_CONTAINERD, SOCKET, 1, "Start", MINE, NULL);
}

static void calls_after(struct tape *t)
{
	tape_ttrpc_answer(t, LIFE_CONTAINERD, SOCKET, 1, 0, 0);
}

static void lines_before(struct tape *t)
{
	tape_http_request(t, LIFE_CLIENT, SOCKET, "POST /v1.41/containers/create?name=mine",
			  "{\"Image\":\"i\"}");
}

static void lines_after(struct tape *t)
{
	tape_http_answer(t, LIFE_DOCKERD, SOCKET, 201, "{\"Id\":\"" MINE "\",\"Warnings\":[]}");
}

static void conns_before(struct tape *t)
{
	asks_grpc(t, LIFE_DOCKERD, SOCKET, 1, SERVICES "tasks.v1.Tasks/Kill", "", 0);
}

static void conns_after(struct tape *t)
{
	asks_grpc(t, LIFE_DOCKERD, SOCKET, 3, "", "", 0);
}

static void early_before(struct tape *t)
{
	tape_ttrpc_answer(t, LIFE_CONTAINERD, SOCKET, 1, 0, 0);
}

static void early_after(struct tape *t)
{
	tape_ttrpc_request(t, LIFE_CONTAINERD, SOCKET, 1, "Start", MINE, NULL);
}

static void prepared_before(struct tape *t)
{
	char body[80];

	asks_grpc(t, LIFE_DOCKERD, SOCKET, 1, SERVICES "snapshots.v1.Snapshots/Prepare", body,
		  prepare_of(body, MINE));
}

static void prepared_after(struct tape *t)
{
	char container[80], body[100];
	size_t n = tape_put_bytes(container, 1, MINE, strlen(MINE));

	asks_grpc(t, LIFE_DOCKERD, SOCKET, 3, SERVICES "containers.v1.Containers/Create", body,
		  tape_put_bytes(body, 1, container, n));
}

static void orphans_before(struct tape *t)
{
	tape_netlink(t, LIFE_DOCKERD, NETNS, 0.5);
}

static void orphans_after(struct tape *t)
{
	tape_exec(t, 5000, CT_ROLE_RUNTIME, 1, "runc", "create", MINE, TAPE_END);
	tape_fork(t, 5000, 5001, CT_ROLE_RUNTIME);
	tape_netlink(t, 5001, NETNS, 0.1);
}

static void syncs_before(struct tape *t)
{
	tape_exec(t, 5000, CT_ROLE_RUNTIME, 1, "runc", "create", MINE, TAPE_END);
	tape_sync(t, LIFE_DOCKERD, MINE, "config.v2.json");
}

static void syncs_after(struct tape *t)
{
	tape_call(t, LIFE_DOCKERD, CT_CALL_FSYNC, 400, TAPE_END);
}

static void actors_before(struct tape *t)
{
	tape_exec(t, 5000, CT_ROLE_RUNTIME, 1, "runc", "create", MINE, TAPE_END);
	tape_fork(t, 5000, 5001, CT_ROLE_RUNTIME);
}

static void actors_after(struct tape *t)
{
	tape_exit(t, 5001, CT_ROLE_RUNTIME, 0);
}

static void runs_before(struct tape *t)
{
	actors_before(t);
	tape_exec(t, 5001, CT_ROLE_INIT, 9, "app", TAPE_END);
	tape_opened(t, 5001, CT_VIEW_NATIVE, "/before", 1000, 3);
}

static void runs_after(struct tape *t)
{
	tape_opened(t, 5001, CT_VIEW_NATIVE, "/after", 1000, 3);
}

#define openers_before runs_before
#define openers_after  runs_after

static const struct ct_container *mine(struct ct_core *core)
{
	static const struct ct_scope host;

	return ct_book_find(core, &host, ct_text("", 0), ct_text(MINE, strlen(MINE)));
}

/* Whether it was of use. */
static bool is_answered(struct ct_core *core)
{
	const struct ct_call_key key = { SOCKET, 1, CT_PROTO_TTRPC };
	const struct ct_container *c = mine(core);

	return c && c->run.marks[CT_MARK_TASK_START_END] && !ct_call_find(core, key);
}

static bool is_created(struct ct_core *core)
{
	return mine(core) && mine(core)->run.marks[CT_MARK_CREATE_BEGIN];
}

static bool is_named(struct ct_core *core)
{
	const struct ct_call_key key = { SOCKET, 3, CT_PROTO_H2 };
	const struct ct_pending_call *call = ct_call_find(core, key);

	return call && !strcmp(call->asked.verb, "Tasks/Kill");
}

static bool was_prepared(struct ct_core *core)
{
	return mine(core) && mine(core)->run.marks[CT_MARK_CREATE_BEGIN] == tape_ns(100);
}

static bool has_step(struct ct_core *core, const char *name)
{
	const struct ct_container *c = mine(core);

	for (size_t i = 0; c && i < c->run.step_count; i++) {
		if (!strcmp(c->run.steps[i].name, name) && c->run.steps[i].begin_ns <= tape_ns(100))
			return true;
	}
	return false;
}

static bool is_adopted(struct ct_core *core)
{
	return has_step(core, "network sandbox");
}

static bool is_synced(struct ct_core *core)
{
	return has_step(core, "metadata sync");
}

static bool is_watched(struct ct_core *core)
{
	return ct_actor_get(core, 5000) && ct_core_counts(core).unmatched_exits == 0;
}

/* Both in one: it was not told early. */
static bool is_counted(struct ct_core *core)
{
	const struct ct_container *c = mine(core);
	const struct ct_opens *o = c ? ct_openers_run(core, c->run.seq) : NULL;

	return o && o->views[CT_VIEW_NATIVE] &&
	       o->views[CT_VIEW_NATIVE]->calls[CT_OPEN_OPEN].count == 2;
}

#define ROW(kind, what, max, works) \
	{ \
		CT_SHARE_##kind, #what, max, what##_before, fill_##what, what##_after, works \
	}

/* Columns: table, its size here (0: as it is). */
static const struct row {
	enum ct_share_kind kind;
	const char *name;
	size_t max;
	void (*before)(struct tape *t);
	void (*fill)(struct tape *t, unsigned i);
	void (*after)(struct tape *t);
	bool (*works)(struct ct_core *core);
} rows[] = {
	ROW(CALLS, calls, 2048, is_answered),     ROW(LINES, lines, 0, is_created),
	ROW(CONNS, conns, 0, is_named),           ROW(EARLY, early, 0, is_answered),
	ROW(PREPARED, prepared, 0, was_prepared), ROW(ORPHANS, orphans, 0, is_adopted),
	ROW(SYNCS, syncs, 0, is_synced),          ROW(ACTORS, actors, 4096, is_watched),
	ROW(OPENERS, openers, 1024, is_counted),  ROW(RUNS, runs, 256, is_counted),
};

/* Columns: first process of its container, 0: on the host; its user. */
static const struct place {
	uint32_t root, uid;
} places[] = { { 777, 0 }, { 0, 1000 } };

static void whole_life(struct tape *t, struct life *l)
{
	life_create(t, l, HOUR);
	life_start(t, l, HOUR + 30);
	tape_at(t, HOUR + 300);
	tape_output(t, l->init, l->shim);
	life_stop(t, l, HOUR + 1000);
	tape_at(t, HOUR + 60000);
	tape_clock(t);
}

static void expect_named(const struct run *run, const struct row *row, const struct place *place)
{
	const struct ct_party *party = &run->counts.beyond.each[0];

	cr_expect_eq(party->uid, place->uid, "%s: uid %u", row->name, party->uid);
	cr_expect_str_eq(party->within, place->root ? "pid 777" : "", "%s", row->name);
	cr_expect_eq(party->count, run->counts.lost[CT_LOSS_SHARE], "%s", row->name);
	cr_expect_gt(party->count, 0, "%s: nobody is told", row->name);
	for (int i = 0; i < CT_LOSS_MAX; i++)
		cr_expect(i == CT_LOSS_SHARE || !run->counts.lost[i], "%s: %llu lost by %d",
			  row->name, (unsigned long long)run->counts.lost[i], i);
}

static void floods(const struct row *row, const struct place *place)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	struct ct_core *core;

	run->opts.steps = true;
	event(t, 0)->obj = LIFE_HOST_NETNS; /* dockerd's */
	core = core_of(run);
	if (row->max)
		core->shares->max[row->kind] = row->max;
	tape_at(t, 50);
	tape_exec(t, FORGER, CT_ROLE_ENGINE, 9, "dockerd", TAPE_END);
	last(t)->root = place->root;
	last(t)->arg = (uint64_t)place->uid << CT_UID_SHIFT | (place->root != 0);
	tape_at(t, 100);
	row->before(t);
	tape_at(t, 101);
	t->engine = 0;
	for (unsigned i = 0; i < 10 * core->shares->max[row->kind]; i++)
		row->fill(t, i);
	t->engine = LIFE_DOCKERD;
	tape_at(t, 102);
	row->after(t);
	tape_at(t, 5000);
	tape_clock(t);
	tape_feed(t, core);
	cr_expect(row->works(core), "%s, uid %u: the host has lost it", row->name, place->uid);
	cr_expect_leq(core->shares->others[row->kind], core->shares->max[row->kind] / 8,
		      "%s: %zu of others", row->name, core->shares->others[row->kind]);
	tape_free(t);
	memset(t, 0, sizeof(*t));
	t->engine = LIFE_DOCKERD;
	whole_life(t, &l);
	tape_feed(t, core);
	ct_core_flush(core);
	run->counts = ct_core_counts(core);
	ct_core_free(core);
	expect_outcome(find(run, CT_RECORD_START, l.name, 0), CT_OUTCOME_OK);
	cr_expect_eq(find(run, CT_RECORD_START, l.name, 0)->rec.missing, 0, "%s", row->name);
	expect_span(find(run, CT_RECORD_STOP, l.name, 0), HOUR + 1000,
		    HOUR + 1000 + LIFE_STOP_ANSWER);
	expect_named(run, row, place);
	run_free(run);
}

Test(shares, nobody_pays_for_a_flood)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++)
		for (size_t k = 0; k < CT_ARRAY_SIZE(places); k++)
			floods(&rows[i], &places[k]);
}

/* With the host's pids nothing else tells whose a process is that has no name. */
Test(shares, what_a_container_forks_is_its_own)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	struct ct_core *core = core_of(run);

	core->shares->max[CT_SHARE_ACTORS] = 256;
	life_serves(&run->t, &l);
	tape_at(&run->t, 1000);
	for (unsigned i = 0; i < 2560; i++)
		tape_fork(&run->t, i % 2 ? SOCKETS + i - 1 : l.init, SOCKETS + i, CT_ROLE_HELPER);
	tape_at(&run->t, 2000);
	tape_clock(&run->t);
	tape_feed(&run->t, core);
	cr_expect_eq(core->shares->others[CT_SHARE_ACTORS], 256 / 8);
	cr_expect(ct_actor_get(core, l.shim));
	cr_expect_str_eq(ct_core_counts(core).beyond.each[0].within, l.name);
	cr_expect_eq(ct_core_counts(core).lost[CT_LOSS_ACTORS], 0);
	ct_core_free(core);
	run_free(run);
}

/* Who knows the id of a container that is to be made could else say when that began. */
Test(shares, what_another_prepared_is_not_mine)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct ct_core *core = core_of(run);
	char body[80];

	tape_at(t, 50);
	tape_exec(t, FORGER, CT_ROLE_ENGINE, 9, "dockerd", TAPE_END);
	last(t)->arg = 1000ull << CT_UID_SHIFT;
	t->engine = 0;
	asks_grpc(t, FORGER, SOCKETS, 1, SERVICES "snapshots.v1.Snapshots/Prepare", body,
		  prepare_of(body, MINE));
	t->engine = LIFE_DOCKERD;
	tape_at(t, 100);
	prepared_after(t);
	tape_at(t, 5000);
	tape_clock(t);
	tape_feed(t, core);
	cr_assert(mine(core));
	cr_expect_neq(mine(core)->run.marks[CT_MARK_CREATE_BEGIN], tape_ns(50));
	ct_core_free(core);
	run_free(run);
}

/* Executes as an engine in the container of that root, with no fork that was seen. */
static void executes_within(struct tape *t, uint32_t root, uint32_t tgid)
{
	tape_exec(t, tgid, CT_ROLE_ENGINE, 9, "dockerd", TAPE_END);
	last(t)->root = root;
	last(t)->arg = 1;
}

/*
 * Its share is full of what the same event is about, which does not give way: it goes back to whose
 * it was, and is given up there in its turn. Out of every share nobody would ever give it up.
 */
Test(shares, what_finds_no_room_goes_back)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct ct_core *core = core_of(run);
	unsigned known = 0;

	core->shares->max[CT_SHARE_ACTORS] = 8; /* one for whoever is not the host's root */
	tape_at(t, 10);
	executes_within(t, 777, 777);
	for (uint32_t i = 0; i < 100; i++)
		executes_within(t, 777, 1000 + i);
	tape_at(t, 1000);
	tape_clock(t);
	tape_feed(t, core);
	for (uint32_t i = 0; i < 100; i++)
		known += ct_actor_get(core, 1000 + i) != NULL;
	cr_expect(ct_actor_get(core, 777), "it is spoken of each time");
	cr_expect_eq(known, 1, "%u of 100 that have no share", known);
	cr_expect_eq(core->shares->others[CT_SHARE_ACTORS], 2, "%zu of others",
		     core->shares->others[CT_SHARE_ACTORS]);
	/* Refused a hundred times, and given up but for the last: each is counted. */
	cr_expect_eq(ct_core_counts(core).lost[CT_LOSS_SHARE], 100 + 99, "%llu",
		     (unsigned long long)ct_core_counts(core).lost[CT_LOSS_SHARE]);
	cr_expect_eq(ct_core_counts(core).lost[CT_LOSS_ACTORS], 0);
	tape_free(t);
	memset(t, 0, sizeof(*t));
	tape_at(t, 2000);
	tape_exit(t, 777, CT_ROLE_ENGINE, 0);
	tape_exit(t, 1099, CT_ROLE_ENGINE, 0);
	tape_at(t, 5000);
	tape_clock(t);
	tape_feed(t, core);
	cr_expect_eq(core->shares->others[CT_SHARE_ACTORS], 0, "nothing is left of them");
	ct_core_free(core);
	run_free(run);
}

/* Its exit was lost, and its pid is a process of the host's now: no container pays for that. */
Test(shares, a_pid_that_comes_again_is_paid_for_by_another)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct ct_core *core = core_of(run);

	tape_at(t, 10);
	executes_within(t, 777, 1000);
	tape_clock(t);
	tape_feed(t, core);
	ct_core_flush(core);
	cr_assert_eq(core->shares->others[CT_SHARE_ACTORS], 1);
	tape_free(t);
	memset(t, 0, sizeof(*t));
	tape_at(t, 20);
	tape_fork(t, LIFE_DOCKERD, 1000, CT_ROLE_ENGINE);
	tape_feed(t, core);
	ct_core_flush(core);
	cr_assert(ct_actor_get(core, 1000));
	cr_expect_eq(core->shares->others[CT_SHARE_ACTORS], 0);
	ct_core_free(core);
	run_free(run);
}

/* With the host's pids and no name that is known it is told by the cgroup alone whose it is. */
Test(shares, who_is_executed_inside_is_paid_for_by_its_container)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct ct_core *core = core_of(run);

	tape_at(t, 10);
	tape_exec(t, 1000, CT_ROLE_HELPER, 9, "iptables", TAPE_END);
	last(t)->root = 777;
	tape_feed(t, core);
	ct_core_flush(core);
	cr_assert(ct_actor_get(core, 1000) && ct_actor_get(core, 1000)->held.share);
	cr_expect_eq(ct_actor_get(core, 1000)->held.share->scope.root, 777);
	ct_core_free(core);
	run_free(run);
}
