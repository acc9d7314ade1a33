// SPDX-License-Identifier: GPL-2.0-only
/* Who may say what about which container: names are taken here, and nothing comes of it. */
#include <stdio.h>

#include "core/hear/talk.h"
#include "runs.h"

#define FORGER 6001

/* What follows is said by a program of a container, in a pid namespace of its own. */
static void forge(struct tape *t, size_t from, uint32_t root, uint32_t uid)
{
	for (size_t i = from; i < t->count; i++) {
		struct ct_event *e = (struct ct_event *)(uintptr_t)tape_event(t, i);

		if (e->kind == CT_KIND_FORK)
			e->arg = 1;
		if (e->kind != CT_KIND_EXEC)
			continue;
		e->arg = (uint64_t)uid << CT_UID_SHIFT | (root ? 1 : 0);
		e->root = root;
	}
}

/* HTTP on a socket pair of its own. */
static void asks_by_http(struct tape *t)
{
	t->engine = 0;
	tape_exec(t, FORGER, CT_ROLE_ENGINE, 9, "dockerd", TAPE_END);
	tape_http_request(t, FORGER, 7000, "POST /v1.41/containers/web/stop", NULL);
	tape_http_request(t, FORGER, 7002, "DELETE /v1.41/containers/web", NULL);
	tape_http_answer(t, FORGER, 7002, 204, NULL);
}

/* The requests of containerd's own clients. */
static void asks_by_grpc(struct tape *t)
{
	static const char *const methods[] = {
		"/containerd.services.tasks.v1.Tasks/Kill",
		"/containerd.services.containers.v1.Containers/Delete"
	};
	char header[256], message[600], data[128];
	struct life l = life_of(0);

	t->engine = 0;
	tape_exec(t, FORGER, CT_ROLE_ENGINE, 9, "containerd", TAPE_END);
	for (unsigned i = 0; i < CT_ARRAY_SIZE(methods); i++) {
		size_t len = strlen(methods[i]), n;

		header[0] = 0x04;
		header[1] = (char)len;
		memcpy(header + 2, methods[i], len);
		len = tape_put_frame(message, CT_H2_HEADERS, 1 + 2 * i, header, len + 2);
		n = tape_put_bytes(data + 5, 1, l.id, strlen(l.id));
		memset(data, 0, 5);
		data[4] = (char)n;
		len += tape_put_frame(message + len, CT_H2_DATA, 1 + 2 * i, data, n + 5);
		tape_send(t, FORGER, 7000, message, len);
		tape_grpc_answer(t, FORGER, 7000, 1 + 2 * i);
	}
}

/* A shim and a runtime by their command lines, and what they say to each other. */
static void asks_by_name(struct tape *t)
{
	struct life l = life_of(0);

	tape_exec(t, FORGER, CT_ROLE_SHIM, 9, "containerd-shim-runc-v2", "-namespace", "moby",
		  "-id", l.id, TAPE_END);
	tape_ttrpc_request(t, FORGER, 9000, 1, "Kill", l.id, NULL);
	tape_ttrpc_answer(t, FORGER, 9000, 1, 0, 0);
	tape_ttrpc_request(t, FORGER, 9000, 3, "Delete", l.id, NULL);
	tape_ttrpc_answer(t, FORGER, 9000, 3, 0, 3);
	tape_exec(t, FORGER + 1, CT_ROLE_RUNTIME, 9, "runc", "delete", l.id, TAPE_END);
	tape_exit(t, FORGER + 1, CT_ROLE_RUNTIME, 0);
	tape_exec(t, FORGER + 2, CT_ROLE_ENGINE, 9, "podman", "rm", l.id, TAPE_END);
	tape_exit(t, FORGER + 2, CT_ROLE_ENGINE, 0);
}

/* Files that are called like those of an engine. */
static void writes(struct tape *t)
{
	struct life l = life_of(0);

	tape_exec(t, FORGER, CT_ROLE_ENGINE, 9, "dockerd", TAPE_END);
	tape_sync(t, FORGER, l.id, ".tmp-config.v2.json");
	tape_unlink(t, FORGER, l.id, "config.v2.json");
}

static const struct {
	const char *name;
	void (*forge)(struct tape *t);
} ways[] = {
	{ "http", asks_by_http },
	{ "grpc", asks_by_grpc },
	{ "names", asks_by_name },
	{ "files", writes },
};

/* Columns: where the forger is, first process of its container, its user. */
static const struct {
	const char *name;
	uint32_t root, uid;
} places[] = {
	{ "a container", 777, 0 },
	{ "a container's user", 777, 1000 },
	{ "a user of the host", 0, 1000 },
};

/* A life in which something is forged is told as if it were not. */
static void plays_as_before(size_t way, size_t where)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	uint32_t engine;
	size_t from;

	life_serves(t, &l);
	engine = t->engine;
	from = t->count;
	tape_at(t, 1000);
	ways[way].forge(t);
	forge(t, from, places[where].root, places[where].uid);
	t->engine = engine;
	life_stop(t, &l, 20000);
	play_until(run, 90000);
	cr_expect_eq(count(run, CT_RECORD_REMOVE), 0, "%s from %s: removed", ways[way].name,
		     places[where].name);
	cr_expect_eq(count(run, CT_RECORD_STOP), 1, "%s from %s: %u stops", ways[way].name,
		     places[where].name, count(run, CT_RECORD_STOP));
	cr_expect_eq(count(run, CT_RECORD_START), 1, "%s from %s", ways[way].name,
		     places[where].name);
	expect_span(find(run, CT_RECORD_STOP, l.name, 0), 20000, 20000 + LIFE_STOP_ANSWER);
	cr_expect_not(find(run, CT_RECORD_STOP, l.name, 0)->rec.removed, "%s from %s: removed",
		      ways[way].name, places[where].name);
	run_free(run);
}

Test(door, nobody_speaks_about_a_neighbour)
{
	for (size_t way = 0; way < CT_ARRAY_SIZE(ways); way++)
		for (size_t where = 0; where < CT_ARRAY_SIZE(places); where++)
			plays_as_before(way, where);
}

/* With the host's pid namespace no level tells: whoever descends from the program is in it. */
Test(door, host_pid_namespace_is_still_a_container)
{
	for (size_t way = 0; way < CT_ARRAY_SIZE(ways); way++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0), other = life_of(1);
		uint32_t engine;

		life_serves(t, &l);
		engine = t->engine;
		/* one more, whose program has no namespace of its own */
		other.name = "other";
		life_create(t, &other, 500);
		life_start(t, &other, 520);
		tape_at(t, 1000);
		tape_fork(t, other.init, FORGER, CT_ROLE_HELPER);
		tape_fork(t, FORGER, FORGER + 1, CT_ROLE_HELPER);
		tape_fork(t, FORGER, FORGER + 2, CT_ROLE_HELPER);
		ways[way].forge(t);
		t->engine = engine;
		life_stop(t, &l, 20000);
		play_until(run, 90000);
		cr_expect_eq(count(run, CT_RECORD_REMOVE), 0, "%s", ways[way].name);
		expect_span(find(run, CT_RECORD_STOP, l.name, 0), 20000, 20000 + LIFE_STOP_ANSWER);
		cr_expect_not(find(run, CT_RECORD_STOP, l.name, 0)->rec.removed, "%s",
			      ways[way].name);
		run_free(run);
	}
}

/* A fifo of that name, in a file system of its own. */
Test(door, a_shim_relays_for_its_own)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	size_t from;

	life_engines(t);
	life_create(t, &l, 10);
	life_start(t, &l, 30);
	from = t->count;
	tape_at(t, 185);
	tape_exec(t, FORGER, CT_ROLE_SHIM, 9, "containerd-shim", TAPE_END);
	tape_relay(t, FORGER, l.id, "init-stdout");
	forge(t, from, 777, 0);
	tape_at(t, 5000);
	tape_listen(t, l.init, 80);
	play_until(run, 60000);
	expect_span(find(run, CT_RECORD_START, l.name, 0), 10, 5000);
	run_free(run);
}

/* A process that nobody knows may be anybody. */
Test(door, unknown_speakers_are_nobody)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);

	life_serves(t, &l);
	tape_at(t, 1000);
	tape_ttrpc_request(t, FORGER, 9000, 1, "Kill", l.id, NULL);
	tape_unlink(t, FORGER, l.id, "config.v2.json");
	tape_http_answer(t, FORGER, 7000, 201, "{\"Id\":\"feed\"}");
	life_stop(t, &l, 20000);
	play_until(run, 90000);
	expect_span(find(run, CT_RECORD_STOP, l.name, 0), 20000, 20000 + LIFE_STOP_ANSWER);
	cr_expect_not(find(run, CT_RECORD_STOP, l.name, 0)->rec.removed);
	run_free(run);
}

/* A rootless engine says which process is the first of its container: one of its own only. */
Test(door, nobody_takes_a_process_of_a_neighbour)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	char pid[16];
	size_t from;

	life_serves(t, &l);
	snprintf(pid, sizeof(pid), "%u", l.init);
	from = t->count;
	tape_at(t, 1000);
	tape_exec(t, FORGER, CT_ROLE_ENGINE, 9, "dockerd", TAPE_END);
	tape_identity(t, FORGER, "id", "feedfeed", "name", "mine", "engine", "docker", "pid", pid,
		      TAPE_END);
	forge(t, from, 0, 1000);
	tape_at(t, 2000);
	tape_exit(t, l.init, CT_ROLE_INIT, 9);
	play_until(run, 90000);
	expect_counts(run, 1, 1, 0);
	cr_expect_eq(find(run, CT_RECORD_STOP, l.name, 0)->rec.exit_code, 137);
	run_free(run);
}

/* Exec sessions of one container are one speaker: what one made another may remove. */
Test(door, sessions_of_a_container_are_one_scope)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	struct life l = life_of(0);
	uint32_t first = 6100, second = 6200;
	size_t from;

	life_serves(t, &l);
	tape_at(t, 1000);
	for (uint32_t session = first; session <= second; session += 100) {
		tape_fork(t, l.shim, session - 1, CT_ROLE_SHIM);
		tape_exec(t, session - 1, CT_ROLE_RUNTIME, 1, "runc", "exec", l.id, TAPE_END);
		tape_fork(t, session - 1, session, CT_ROLE_RUNTIME);
		tape_exec(t, session, CT_ROLE_INIT, 9, "sh", TAPE_END);
	}
	from = t->count;
	tape_exec(t, first + 1, CT_ROLE_RUNTIME, 9, "runc", "run", "inner", TAPE_END);
	forge(t, from, first, 0);
	from = t->count;
	tape_at(t, 1500);
	tape_fork(t, first + 1, first + 2, CT_ROLE_RUNTIME);
	tape_event(t, t->count - 1);
	forge(t, from, first, 0);
	tape_exec(t, first + 2, CT_ROLE_INIT, 9, "inner-program", TAPE_END);
	from = t->count;
	tape_at(t, 2000);
	tape_exec(t, second + 1, CT_ROLE_RUNTIME, 9, "runc", "kill", "inner", "KILL", TAPE_END);
	forge(t, from, second, 0);
	tape_at(t, 2010);
	tape_exit(t, first + 2, CT_ROLE_INIT, 9);
	tape_exit(t, first + 1, CT_ROLE_RUNTIME, 137 << 8);
	play_until(run, 60000);
	expect_span(find(run, CT_RECORD_STOP, "inner", 0), 2000, 2010);
	run_free(run);
}

/*
 * A wrapper gives the runtime mounts of its own, so to the kernel side it looks like a container with
 * the host's pids. Only what goes on with the wrapper's command is believed.
 */
Test(door, a_wrapper_of_a_runtime_is_no_container)
{
	struct run *run = run_new();
	struct tape *t = &run->t;

	tape_at(t, 10);
	tape_fork(t, LIFE_CONTAINERD, 8000, CT_ROLE_ENGINE);
	tape_exec(t, 8000, CT_ROLE_SHIM, 9, "containerd-shim-runc-v2", "-namespace", "default",
		  "-id", "web", TAPE_END);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 9000, 1, "Create", "web", NULL);
	tape_fork(t, 8000, 500, CT_ROLE_SHIM);
	tape_exec(t, 500, CT_ROLE_RUNTIME, 1, "sh", "/usr/bin/crun", "create", "web", TAPE_END);
	tape_exec(t, 500, CT_ROLE_HELPER, 1, "unshare", "-m", "crun", "create", "web", TAPE_END);
	tape_exec(t, 500, CT_ROLE_HELPER, 1, "sh", "-c", "mount", "create", "web", TAPE_END);
	((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->root = 500;
	tape_exec(t, 500, CT_ROLE_RUNTIME, 1, "crun", "create", "web", TAPE_END);
	((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->root = 500;
	tape_fork(t, 500, 501, CT_ROLE_RUNTIME);
	((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->arg = 1;
	tape_exit(t, 500, CT_ROLE_RUNTIME, 0);
	tape_ttrpc_answer(t, 8000, 9000, 1, 501, 0);
	tape_at(t, 50);
	tape_ttrpc_request(t, LIFE_CONTAINERD, 9000, 3, "Start", "web", NULL);
	tape_exec(t, 501, CT_ROLE_INIT, 9, "app", TAPE_END);
	tape_ttrpc_answer(t, 8000, 9000, 3, 501, 0);
	tape_at(t, 1000);
	tape_exit(t, 501, CT_ROLE_INIT, 9);
	play_until(run, 60000);
	cr_expect_eq(count(run, CT_RECORD_STOP), 1, "%u stops", count(run, CT_RECORD_STOP));
	run_free(run);
}

/* Whose a container is goes with its records; what is the host's root's has nothing to say. */
Test(door, records_say_whose_they_are)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(places); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);
		const struct ct_owner *owner;
		size_t from;

		life_serves(t, &l);
		tape_at(t, 1000);
		from = t->count;
		tape_exec(t, FORGER, CT_ROLE_RUNTIME, 9, "runc", "run", "inner", TAPE_END);
		forge(t, from, places[i].root ? l.init : 0, places[i].uid);
		tape_at(t, 2000);
		tape_exit(t, FORGER, CT_ROLE_RUNTIME, 1 << 8);
		play_until(run, 60000);
		owner = &find(run, CT_RECORD_START, "inner", 0)->rec.who->owner;
		cr_expect(owner->other, "%s", places[i].name);
		cr_expect_eq(owner->inside, places[i].root != 0, "%s", places[i].name);
		cr_expect_eq(owner->uid, places[i].uid, "%s", places[i].name);
		cr_expect_eq(owner->pid, places[i].root ? l.init : 0, "%s", places[i].name);
		cr_expect_str_eq(owner->name, places[i].root ? l.name : "", "%s", places[i].name);
		cr_expect_str_eq(owner->id, places[i].root ? l.id : "", "%s", places[i].name);
		cr_expect_not(find(run, CT_RECORD_START, l.name, 0)->rec.who->owner.other);
		run_free(run);
	}
}

/* Columns: whose the second is. */
static const struct {
	uint32_t root, uid;
	unsigned restarts;
} successors[] = { { 0, 0, 1 }, { 0, 1000, 0 }, { 777, 0, 0 } };

/* A start never continues what another scope has stopped, whatever both are called. */
Test(door, a_successor_is_of_the_same_scope)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(successors); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		for (unsigned n = 0; n < 2; n++) {
			size_t from = t->count;

			tape_at(t, 10 + 1000 * n);
			tape_exec(t, FORGER + 10 * n, CT_ROLE_RUNTIME, 9, "runc", "run", "web",
				  TAPE_END);
			tape_fork(t, FORGER + 10 * n, FORGER + 10 * n + 1, CT_ROLE_RUNTIME);
			tape_exec(t, FORGER + 10 * n + 1, CT_ROLE_INIT, 9, "app", TAPE_END);
			tape_listen(t, FORGER + 10 * n + 1, 80);
			if (n)
				forge(t, from, successors[i].root, successors[i].uid);
			tape_at(t, 500 + 1000 * n);
			tape_exit(t, FORGER + 10 * n + 1, CT_ROLE_INIT, 0);
			tape_exit(t, FORGER + 10 * n, CT_ROLE_RUNTIME, 0);
			tape_exec(t, FORGER + 10 * n + 2, CT_ROLE_RUNTIME, 9, "runc", "delete",
				  "web", TAPE_END);
			if (n)
				forge(t, t->count - 1, successors[i].root, successors[i].uid);
			tape_exit(t, FORGER + 10 * n + 2, CT_ROLE_RUNTIME, 0);
		}
		play_until(run, 60000);
		cr_expect_eq(count(run, CT_RECORD_RESTART), successors[i].restarts,
			     "uid %u in %u: %u restarts", successors[i].uid, successors[i].root,
			     count(run, CT_RECORD_RESTART));
		run_free(run);
	}
}
