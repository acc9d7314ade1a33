// SPDX-License-Identifier: GPL-2.0-only
/* Signals that are sent for something else than to end. */
#include <criterion/criterion.h>

#include "core/hear/args.h"
#include "runs.h"

/* Columns: as it is said, whether it spares. */
static const struct {
	const char *signal;
	bool spares;
} signals[] = {
	{ "HUP", true },         { "SIGHUP", true },  { "sighup", true },
	{ "1", true },           { "SIGUSR1", true }, { "WINCH", true },
	{ "28", true },          { "", false },       { "KILL", false },
	{ "TERM", false },       { "SIGINT", false }, { "9", false },
	{ "15", false },         { "0", false },      { "SIG", false },
	{ "HUPX", false },       { "1HUP", false },   { "99999999999999999999", false },
	{ "SIGRTMIN+3", false },
};

Test(kills, signals)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(signals); i++)
		cr_expect_eq(ct_signal_named_spares(
				     ct_text(signals[i].signal, strlen(signals[i].signal))),
			     signals[i].spares, "'%s'", signals[i].signal);
}

/* Columns: command line, whether it spares. */
static const struct {
	const char *words[8];
	bool spares;
} commands[] = {
	{ { "runc", "--root", "/run/x", "kill", "id", "HUP" }, true },
	{ { "runc", "--root", "/run/x", "kill", "--all", "id", "9" }, false },
	{ { "crun", "kill", "1" }, false }, /* the id */
	{ { "runc", "kill", "1", "1" }, true },
	{ { "runc", "kill", "id" }, false },
	{ { "podman", "kill", "-s", "HUP", "web" }, true },
	{ { "podman", "kill", "--signal=USR1", "web", "other" }, true },
	{ { "podman", "kill", "--signal", "KILL", "HUP", "HUP" }, false },
	{ { "podman", "kill", "--signal" }, false },
	{ { "podman" }, false },
};

Test(kills, commands)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(commands); i++) {
		struct ct_text args[8];
		size_t n = 0;

		for (; n < 8 && commands[i].words[n]; n++)
			args[n] = ct_text(commands[i].words[n], strlen(commands[i].words[n]));
		cr_expect_eq(ct_kill_spares(args, n), commands[i].spares, "%zu", i);
	}
}

/* Columns: request, when the stop begins that ends with an exit at 5000 ms. */
static const struct {
	const char *request;
	double begin;
} requests[] = {
	{ "kill?signal=HUP", 5000 },  { "kill?signal=SIGUSR1", 5000 }, { "kill", 1000 },
	{ "kill?signal=TERM", 1000 }, { "kill?signal=9", 1000 },
};

/* `docker kill -s HUP` has it read its configuration; an hour later it exits by itself. */
Test(kills, docker)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(requests); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		const struct seen *s;

		life_serves(&run->t, &l);
		life_request(&run->t, &l, 1000, requests[i].request);
		life_answer(&run->t, &l, 1001, 204, NULL);
		life_exit(&run->t, &l, 5000, 0);
		play_until(run, 60000);
		expect_counts(run, 1, 1, 0);
		s = find(run, CT_RECORD_STOP, l.name, 0);
		expect_span(s, requests[i].begin, 5000 + LIFE_STOPPED);
		run_free(run);
	}
}

/* runc without an engine, and what a shim is asked. */
Test(kills, runtime)
{
	for (int spares = 0; spares < 2; spares++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		const struct seen *s;

		tape_at(t, 10);
		tape_fork(t, 1, 700, CT_ROLE_RUNTIME);
		tape_exec(t, 700, CT_ROLE_RUNTIME, 1, "runc", "run", "web", TAPE_END);
		tape_at(t, 40);
		tape_fork(t, 700, 701, CT_ROLE_INIT);
		tape_exec(t, 701, CT_ROLE_INIT, 2, "service", TAPE_END);
		tape_at(t, 50);
		tape_output(t, 701, 700);
		tape_at(t, 1000);
		tape_fork(t, 1, 710, CT_ROLE_RUNTIME);
		tape_exec(t, 710, CT_ROLE_RUNTIME, 1, "runc", "kill", "web",
			  spares ? "HUP" : "TERM", TAPE_END);
		tape_at(t, 1010);
		tape_exit(t, 710, CT_ROLE_RUNTIME, 0);
		tape_at(t, 5000);
		tape_exit(t, 701, CT_ROLE_INIT, 0);
		tape_at(t, 5010);
		tape_exit(t, 700, CT_ROLE_RUNTIME, 0);
		play_until(run, 60000);
		s = find(run, CT_RECORD_STOP, "web", 0);
		cr_expect_eq(s->rec.begin_ns, tape_ns(spares ? 5000 : 1000), "%d: %llu", spares,
			     (unsigned long long)s->rec.begin_ns);
		run_free(run);
	}
}

/* A message to a shim, or to containerd by gRPC: KillRequest { 1: id, 3: signal }. */
static size_t kill_request(char *to, const char *id, unsigned number)
{
	size_t n = tape_put_bytes(to, 1, id, strlen(id));

	return n + tape_put_number(to + n, 3, number);
}

static void ask_shim(struct tape *t, const struct life *l, unsigned number)
{
	static const char service[] = "containerd.task.v2.Task";
	char payload[256], body[512], message[600];
	size_t len = tape_put_bytes(body, 1, service, sizeof(service) - 1);

	len += tape_put_bytes(body + len, 2, "Kill", 4);
	len += tape_put_bytes(body + len, 3, payload, kill_request(payload, l->id, number));
	len = tape_put_ttrpc(message, 901, 1, body, len);
	tape_send(t, LIFE_CONTAINERD, l->shim_socket, message, len);
}

/* Columns: namespace of containerd, signal, whether a stop begins with it. */
static const struct {
	const char *ns;
	unsigned number;
	bool begins;
} asked[] = {
	{ "default", 15, true },
	{ "default", 9, true },
	{ "default", 1, false }, /* ctr task kill -s HUP */
	{ "k8s.io", 28, true }, /* the image's: kubelets send no other */
};

Test(kills, shim)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(asked); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);
		const struct seen *s;

		tape_process(t, LIFE_CONTAINERD, 1, CT_ROLE_ENGINE, "containerd", TAPE_END);
		tape_at(t, 10);
		tape_fork(t, LIFE_CONTAINERD, l.shim, CT_ROLE_ENGINE);
		tape_exec(t, l.shim, CT_ROLE_SHIM, 1, "containerd-shim-runc-v2", "-namespace",
			  asked[i].ns, "-id", l.id, TAPE_END);
		tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 1, "Create", l.id, NULL);
		tape_at(t, 40);
		tape_fork(t, l.shim, l.init, CT_ROLE_INIT);
		tape_ttrpc_answer(t, l.shim, l.shim_socket, 1, l.init, 0);
		tape_ttrpc_request(t, LIFE_CONTAINERD, l.shim_socket, 3, "Start", l.id, NULL);
		tape_at(t, 50);
		tape_exec(t, l.init, CT_ROLE_INIT, 2, "service", TAPE_END);
		tape_ttrpc_answer(t, l.shim, l.shim_socket, 3, l.init, 0);
		tape_at(t, 60);
		tape_output(t, l.init, l.shim);
		tape_at(t, 1000);
		ask_shim(t, &l, asked[i].number);
		tape_at(t, 5000);
		tape_exit(t, l.init, CT_ROLE_INIT, 0);
		play_until(run, 90000);
		s = NULL;
		for (size_t k = 0; k < run->count; k++)
			if (run->seen[k].rec.type == CT_RECORD_STOP)
				s = &run->seen[k];
		cr_assert(s, "%zu", i);
		cr_expect_eq(s->rec.begin_ns, tape_ns(asked[i].begins ? 1000 : 5000), "%zu: %llu",
			     i, (unsigned long long)s->rec.begin_ns);
		run_free(run);
	}
}
