// SPDX-License-Identifier: GPL-2.0-only
/* Which event is which step, and whose: what a user sees of a start that took long. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "runs.h"

#define RUNC_OF(l)    ((l)->init + 10) /* of life_start(), from 31 to 120 ms after the request */
#define CREATE        10.0
#define START         30.0
#define SANDBOX_NETNS 0xf0000999
#define LAYER         "e344e0429a36d2b4"

/* How many calls of that name the record has, of those that end then; -1: of any time. */
static unsigned calls(const struct seen *s, const char *name, double end_ms)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->rec.step_count && i < CT_ARRAY_SIZE(s->steps); i++) {
		const struct ct_step *step = &s->steps[i];

		if (!strcmp(step->name, name) && (end_ms < 0 || step->end_ns == tape_ns(end_ms)))
			n += step->count;
	}
	return n;
}

/* Both engines' network namespace is known, since the begin of time. */
static struct run *with_steps(void)
{
	struct run *run = run_new();

	run->opts.steps = true;
	for (size_t i = 0; i < run->t.count; i++) {
		struct ct_event *e = (struct ct_event *)(uintptr_t)tape_event(&run->t, i);

		e->obj = LIFE_HOST_NETNS;
		e->ts_ns = TAPE_MS;
	}
	return run;
}

static void play_sorted(struct run *run)
{
	tape_at(&run->t, 90000);
	tape_clock(&run->t);
	tape_sort(&run->t);
	play(run);
}

static const struct seen *start_of(const struct run *run, const struct life *l)
{
	return find(run, CT_RECORD_START, l->name, 0);
}

static void serves(struct tape *t, struct life *l, double ms)
{
	life_create(t, l, ms);
	life_start(t, l, ms + 20);
	tape_at(t, ms + 190);
	tape_output(t, l->init, l->shim);
}

static void nobody(struct tape *t, struct life *l)
{
	(void)t, (void)l;
}

static void starts_too(struct tape *t, struct life *l)
{
	serves(t, l, 11);
}

/* All of it most of a second earlier. */
static void served_before(struct tape *t, struct life *l)
{
	size_t from = t->count;

	serves(t, l, 11);
	for (size_t i = from; i < t->count; i++)
		((struct ct_event *)(uintptr_t)tape_event(t, i))->ts_ns -= 900 * TAPE_MS;
}

static void disconnects(struct tape *t, struct life *l)
{
	served_before(t, l);
	life_exit(t, l, 25, 0); /* the engine knows at 45, and disconnects at 85 */
}

static void exits(struct tape *t, struct life *l)
{
	served_before(t, l);
	life_exit(t, l, 41, 0);
}

static void failed(struct tape *t, struct life *l)
{
	life_create(t, l, 11);
	life_request(t, l, 21, "start");
	life_answer(t, l, 22, 500, "{}");
}

static void only_created(struct tape *t, struct life *l)
{
	life_create(t, l, 11);
}

/* Columns: what another container does meanwhile, whether it is known for whom the engine works. */
static const struct {
	const char *name;
	void (*other)(struct tape *t, struct life *l);
	unsigned steps;
} hosts[] = {
	{ "nobody", nobody, 1 },
	{ "starts", starts_too, 0 },
	{ "serves", served_before, 1 },
	{ "is disconnected", disconnects, 0 },
	{ "exits, and the engine does not know", exits, 1 },
	{ "has failed", failed, 1 },
	{ "is created", only_created, 1 },
};

/* The host's end of a network says nobody's name: with two in motion it is told of none, not of both. */
Test(step_evidence, the_hosts_end_of_a_network)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(hosts); i++) {
		struct run *run = with_steps();
		struct life l = life_of(0), other = life_of(1);

		serves(&run->t, &l, CREATE);
		hosts[i].other(&run->t, &other);
		tape_at(&run->t, 60);
		tape_netlink(&run->t, LIFE_DOCKERD, LIFE_HOST_NETNS, 0.5);
		play_sorted(run);
		cr_expect_eq(calls(start_of(run, &l), "network host end", 60), hosts[i].steps,
			     "another %s", hosts[i].name);
		run_free(run);
	}
}

/* Another engine's container in motion is nothing to this one. */
Test(step_evidence, the_hosts_end_of_another_engines_network)
{
	struct run *run = with_steps();
	struct life l = life_of(0), other = life_of(1);

	tape_process(&run->t, 5248, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
	other.engine = 5248;
	serves(&run->t, &l, CREATE);
	serves(&run->t, &other, 11);
	tape_at(&run->t, 60);
	tape_netlink(&run->t, 5248, 7, 0.5); /* whose own namespace is not known */
	play_sorted(run);
	cr_expect_eq(calls(start_of(run, &l), "network host end", -1), 0);
	cr_expect_eq(calls(start_of(run, &other), "network host end", 60), 1);
	run_free(run);
}

/* Columns: when the engine speaks of the sandbox's network, before or after that is known. */
static const double netlinks[] = { 34, 100 };

/* What the engine does in a container's namespace is the container's, also before that is known. */
Test(step_evidence, the_sandbox_end_of_a_network)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(netlinks); i++) {
		struct run *run = with_steps();
		struct life l = life_of(0), other = life_of(1);

		serves(&run->t, &other, 11);
		serves(&run->t, &l, CREATE);
		tape_at(&run->t, netlinks[i]);
		tape_netlink(&run->t, LIFE_DOCKERD, 0xf0000300 + l.init, 0.5);
		tape_netlink(&run->t, 4711, 0xf0000300 + l.init, 0.5); /* nobody who is known */
		tape_netlink(&run->t, LIFE_CLIENT, SANDBOX_NETNS, 0.5);
		play_sorted(run);
		cr_expect_eq(calls(start_of(run, &l), "network sandbox", -1), 2, "%.0f: %u",
			     netlinks[i], calls(start_of(run, &l), "network sandbox", -1));
		cr_expect_eq(calls(start_of(run, &other), "network sandbox", -1), 1, "its own");
		run_free(run);
	}
}

/* Columns: when the file system says that the file is synced, and when the call was, of which thread. */
static const struct {
	const char *name;
	double sync, begin, end;
	bool other_thread;
	unsigned steps;
} syncs[] = {
	{ "within the call", 60, 59, 62, false, 1 }, { "at its begin", 60, 60, 62, false, 1 },
	{ "at its end", 60, 59, 60, false, 1 },      { "before it", 60, 60.001, 62, false, 0 },
	{ "after it", 60, 58, 59.999, false, 0 },    { "in another thread", 60, 59, 62, true, 0 },
};

/* A sync is a step as long as its call took: the file system's event has no duration. */
Test(step_evidence, a_sync_and_its_call)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(syncs); i++) {
		struct run *run = with_steps();
		struct life l = life_of(0);

		serves(&run->t, &l, CREATE);
		tape_at(&run->t, syncs[i].sync);
		tape_sync(&run->t, LIFE_DOCKERD, l.id, "checkpoint");
		tape_at(&run->t, syncs[i].end);
		tape_call(&run->t, LIFE_DOCKERD, CT_CALL_FSYNC, syncs[i].end - syncs[i].begin,
			  TAPE_END);
		((struct ct_event *)(uintptr_t)tape_event(&run->t, run->t.count - 1))->tid +=
			syncs[i].other_thread;
		play_sorted(run);
		cr_expect_eq(calls(start_of(run, &l), "metadata sync", syncs[i].end),
			     syncs[i].steps, "%s", syncs[i].name);
		run_free(run);
	}
}

/* Columns: what is mounted where, whether the name is the container's from then on. */
static const struct {
	const char *from, *to;
	bool learned;
} pins[] = {
	{ "/proc/30000/ns/net", "/run/docker/netns/abcdef", true },
	{ "/proc/30000/ns/net", "/run/docker/elsewhere/abcdef", false },
	{ "/proc/4711/ns/net", "/run/docker/netns/abcdef", false },
	{ "/proc/3248/ns/net", "/run/docker/netns/abcdef", false }, /* who works on none */
	{ "/proc/self/ns/net", "/run/docker/netns/abcdef", false },
	{ "/proc/30000000000/ns/net", "/run/docker/netns/abcdef", false },
	{ "/dev/30000/ns/net", "/run/docker/netns/abcdef", false },
};

/* Else nobody knows whose network namespace it was that took so long to go. */
Test(step_evidence, the_name_of_a_network_namespace)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(pins); i++) {
		struct run *run = with_steps();
		struct life l = life_of(0);

		serves(&run->t, &l, CREATE);
		tape_at(&run->t, 100);
		tape_call(&run->t, LIFE_DOCKERD, CT_CALL_MOUNT, 1, pins[i].from, pins[i].to, "bind",
			  TAPE_END);
		life_stop(&run->t, &l, 1000);
		tape_at(&run->t, 1050);
		tape_call(&run->t, LIFE_DOCKERD, CT_CALL_UMOUNT, 1, "/run/docker/netns/abcdef",
			  TAPE_END);
		play_sorted(run);
		cr_expect_eq(calls(find(run, CT_RECORD_STOP, l.name, 0), "network namespace unpin",
				   1050),
			     pins[i].learned, "%s on %s", pins[i].from, pins[i].to);
		run_free(run);
	}
}

/* Columns: call of the engine, its path, what the engine says of the container later, the step. */
static const struct {
	enum ct_call call;
	const char *path;
	const char *key, *value;
	const char *step;
	bool its;
} before_known[] = {
	{ CT_CALL_MKDIR, "/var/lib/docker/overlay2/" LAYER, "layer", LAYER, "layer", true },
	{ CT_CALL_MKDIR, "/var/lib/docker/overlay2/" LAYER "-init", "layer", LAYER, "layer", true },
	{ CT_CALL_MKDIR, "/var/lib/docker/overlay2/" LAYER "5", "layer", LAYER, "layer", false },
	{ CT_CALL_MKDIR, "/var/lib/docker/overlay2/other", "layer", LAYER, "layer", false },
	{ CT_CALL_MKDIR, "/var/lib/docker/overlay2/" LAYER, "network", "x", "layer", false },
	{ CT_CALL_UMOUNT, "/run/docker/netns/abcdef", "sandbox", "abcdef",
	  "network namespace unpin", true },
	{ CT_CALL_UMOUNT, "/run/docker/netns/abcdef", "sandbox", "abcdee",
	  "network namespace unpin", false },
	{ CT_CALL_UMOUNT, "/run/docker/netns/abcdef", "layer", "abcdef", "network namespace unpin",
	  false },
};

/* The engine works on a container before anybody has heard its name: those are steps of it, too. */
Test(step_evidence, before_the_container_is_known)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(before_known); i++) {
		struct run *run = with_steps();
		struct life l = life_of(0);

		serves(&run->t, &l, CREATE);
		tape_at(&run->t, 15);
		tape_call(&run->t, LIFE_DOCKERD, before_known[i].call, 1, before_known[i].path,
			  TAPE_END);
		tape_at(&run->t, 21);
		tape_identity(&run->t, LIFE_DOCKERD, "id", l.id, before_known[i].key,
			      before_known[i].value, TAPE_END);
		play_sorted(run);
		cr_expect_eq(calls(start_of(run, &l), before_known[i].step, 15),
			     before_known[i].its, "row %zu", i);
		run_free(run);
	}
}

/* The same of one that is known, among others that are between two states. */
Test(step_evidence, among_those_that_are_known)
{
	struct run *run = with_steps();
	struct life lives[2] = { life_of(0), life_of(1) };

	for (unsigned i = 0; i < 2; i++) {
		life_create(&run->t, &lives[i], CREATE + i);
		tape_identity(&run->t, LIFE_DOCKERD, "id", lives[i].id, "layer",
			      i ? LAYER : "another", "sandbox", i ? "abcdef" : "zyxwvu", TAPE_END);
		life_start(&run->t, &lives[i], START + i);
		tape_at(&run->t, 250);
		tape_output(&run->t, lives[i].init, lives[i].shim);
	}
	tape_at(&run->t, 60);
	tape_call(&run->t, LIFE_DOCKERD, CT_CALL_MKDIR, 1,
		  "/var/lib/docker/overlay2/" LAYER "-init", TAPE_END);
	tape_call(&run->t, LIFE_DOCKERD, CT_CALL_UMOUNT, 1, "/run/docker/netns/abcdef", TAPE_END);
	tape_call(&run->t, LIFE_DOCKERD, CT_CALL_UMOUNT, 1, "/run/docker/netns/abcde", TAPE_END);
	play_sorted(run);
	cr_expect_eq(calls(start_of(run, &lives[0]), "layer", -1), 0);
	cr_expect_eq(calls(start_of(run, &lives[1]), "layer", 60), 1);
	cr_expect_eq(calls(start_of(run, &lives[0]), "network namespace unpin", -1), 0);
	cr_expect_eq(calls(start_of(run, &lives[1]), "network namespace unpin", 60), 1);
	run_free(run);
}

/* Columns: begin and end of a second mount, when it is heard; in how many steps they are. */
static const struct {
	const char *name;
	double begin, end;
	unsigned steps;
	double whole_begin, whole_end; /* of both together */
} merges[] = {
	{ "right after it", 81, 82, 1, 79, 82 },
	{ "three milliseconds after it", 83, 84, 1, 79, 84 },
	{ "later", 83.001, 84, 2, 79, 80 },
	{ "within it", 79.5, 79.7, 1, 79, 80 },
	{ "around it", 78, 81, 1, 78, 81 },
};

/* A hundred mounts in a row are one line for whoever reads, with how many and how long. */
Test(step_evidence, calls_that_are_close_to_each_other)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(merges); i++) {
		struct run *run = with_steps();
		struct life l = life_of(0);
		const struct seen *s;
		unsigned steps = 0;

		serves(&run->t, &l, CREATE);
		tape_at(&run->t, 80);
		tape_call(&run->t, RUNC_OF(&l), CT_CALL_MOUNT, 1, "proc", "/proc", "proc",
			  TAPE_END);
		/* Later in the events, whenever it was. */
		tape_at(&run->t, merges[i].end > 80 ? merges[i].end : 80);
		tape_call(&run->t, RUNC_OF(&l), CT_CALL_MOUNT, 1, "sys", "/sys", "sysfs", TAPE_END);
		((struct ct_event *)(uintptr_t)tape_event(&run->t, run->t.count - 1))->ts_ns =
			tape_ns(merges[i].end > 80 ? merges[i].end : 80);
		((struct ct_event *)(uintptr_t)tape_event(&run->t, run->t.count - 1))->dur_ns =
			(uint64_t)(((merges[i].end > 80 ? merges[i].end : 80) - merges[i].begin) *
				   TAPE_MS);
		play_sorted(run);
		s = start_of(run, &l);
		for (size_t k = 0; k < s->rec.step_count; k++) {
			const struct ct_step *step = &s->steps[k];

			if (strcmp(step->name, "mounts") != 0)
				continue;
			if (!steps++) {
				cr_expect_eq(step->begin_ns, tape_ns(merges[i].whole_begin), "%s",
					     merges[i].name);
				cr_expect_eq(step->end_ns, tape_ns(merges[i].whole_end), "%s",
					     merges[i].name);
			}
		}
		cr_expect_eq(steps, merges[i].steps, "%s", merges[i].name);
		cr_expect_eq(calls(s, "mounts", -1), 2, "%s", merges[i].name);
		run_free(run);
	}
}

/* Columns: who, which call, its number and result, how many steps of that name. */
static const struct {
	uint32_t tgid; /* 0: the runtime that creates the container */
	unsigned call;
	uint64_t number;
	int ret;
	const char *step;
	unsigned steps;
} numbers[] = {
	{ 0, CT_CALL_SECCOMP, 1, 0, "seccomp", 1 },
	{ 0, CT_CALL_SECCOMP, 1, -1, "seccomp", 0 }, /* libseccomp asks what there is */
	{ 0, CT_CALL_SECCOMP, 2, 0, "seccomp", 0 },
	{ 0, CT_CALL_PIVOT_ROOT, 0, 0, "pivot_root", 1 },
	{ 0, CT_CALL_MAX, 0, 0, "pivot_root", 0 }, /* a newer coldtrace's */
	{ 0, 60000, 0, 0, "pivot_root", 0 },
	{ 4711, CT_CALL_PIVOT_ROOT, 0, 0, "pivot_root", 0 },
	{ 4711, CT_CALL_MKDIR, 0, 0, "mounts", 0 },
	{ LIFE_CONTAINERD, CT_CALL_PIVOT_ROOT, 0, 0, "pivot_root", 0 },
};

Test(step_evidence, which_call_is_a_step)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(numbers); i++) {
		struct run *run = with_steps();
		struct life l = life_of(0);
		struct ct_event *e;

		serves(&run->t, &l, CREATE);
		tape_at(&run->t, 80);
		tape_call(&run->t, numbers[i].tgid ? numbers[i].tgid : RUNC_OF(&l),
			  (enum ct_call)numbers[i].call, 1, TAPE_END);
		e = (struct ct_event *)(uintptr_t)tape_event(&run->t, run->t.count - 1);
		e->obj = numbers[i].number;
		e->ret = numbers[i].ret;
		tape_cgroup(&run->t, 4711, "/docker/x"); /* nobody's */
		tape_cgroup(&run->t, LIFE_CONTAINERD, "/docker/x"); /* who works on none */
		play_sorted(run);
		cr_expect_eq(calls(start_of(run, &l), numbers[i].step, -1), numbers[i].steps,
			     "row %zu", i);
		cr_expect_eq(calls(start_of(run, &l), "cgroup", -1), 0);
		run_free(run);
	}
}

/* Columns: what the runtime is called for and how it ends; the step in which the start failed. */
static const struct {
	const char *op;
	int status;
	const char *step;
} failures[] = {
	{ "create", 1 << 8, "runtime create" },
	{ "start", 1 << 8, "runtime start" },
	{ "kill", 1 << 8, "" },
	{ "state", 1 << 8, "" },
	{ "create", 0, "" },
};

/* A start fails: in which program is what its user looks for first. */
Test(step_evidence, the_step_in_which_a_start_failed)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(failures); i++) {
		struct run *run = run_new(); /* without steps, too */
		struct life l = life_of(0);
		const struct seen *s;

		life_create(&run->t, &l, CREATE);
		life_request(&run->t, &l, START, "start");
		tape_at(&run->t, 50);
		tape_fork(&run->t, LIFE_CONTAINERD, l.shim, CT_ROLE_ENGINE);
		tape_exec(&run->t, l.shim, CT_ROLE_SHIM, LIFE_HOST_NETNS,
			  "/usr/bin/containerd-shim-runc-v2", "-namespace", "moby", "-id", l.id,
			  TAPE_END);
		tape_fork(&run->t, l.shim, RUNC_OF(&l), CT_ROLE_SHIM);
		tape_exec(&run->t, RUNC_OF(&l), CT_ROLE_RUNTIME, LIFE_HOST_NETNS, "runc",
			  failures[i].op, l.id, TAPE_END);
		tape_fork(&run->t, RUNC_OF(&l), RUNC_OF(&l) + 1, CT_ROLE_RUNTIME);
		tape_at(&run->t, 60);
		tape_exit(&run->t, RUNC_OF(&l) + 1, CT_ROLE_RUNTIME,
			  1 << 8); /* it executed nothing */
		tape_exit(&run->t, RUNC_OF(&l), CT_ROLE_RUNTIME, failures[i].status);
		life_answer(&run->t, &l, 70, 500, "{\"message\":\"no\"}");
		play_sorted(run);
		s = start_of(run, &l);
		expect_outcome(s, CT_OUTCOME_FAILED);
		cr_expect_str_eq(s->rec.failed_step ? s->rec.failed_step : "", failures[i].step,
				 "%s", failures[i].op);
		run_free(run);
	}
}
