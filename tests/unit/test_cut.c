// SPDX-License-Identifier: GPL-2.0-only
/* Tracing that begins while a container is being made: who it is, and what becomes of it. */
#include <criterion/criterion.h>

#include "grpc.h"
#include "runs.h"
#include "source/recording/recording_carry.h"

#define RUNC   (INIT - 1)
#define TOLD   16
#define CREATE (uint64_t)1000

/* Who asked for a start was not heard: that its shim cannot create it is all that says that it has failed. */
Test(cut, a_start_fails_that_was_asked_for_before)
{
	struct run *run = run_new();
	struct tape *t = &run->t;
	const struct seen *s;

	tape_process(t, SHIM, 1, CT_ROLE_SHIM, "containerd-shim-runc-v2", "-namespace", "k8s.io",
		     "-id", POD, TAPE_END);
	tape_identity(t, 0, "id", BOX, "namespace", "k8s.io", "image", "shop/web:1", "pod", "one",
		      "pod_namespace", "shop", "pod_uid", "u1", "pod_container", "web", TAPE_END);
	tape_at(t, 10);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 1, "Create", BOX, NULL);
	tape_at(t, 60);
	tape_ttrpc_error(t, SHIM, SHIMS, 1, "no such file");
	play_until(run, 90000);
	s = find(run, CT_RECORD_START, "one/web", 0);
	expect_span(s, 10, 60);
	expect_outcome(s, CT_OUTCOME_FAILED);
	cr_expect_str_eq(s->message, "no such file");
	run_free(run);
}

struct told {
	size_t count;
	struct ct_event e[TOLD];
	char tail[TOLD][512];
};

static void take(void *ctx, const struct ct_event *e)
{
	struct told *told = ctx;

	cr_assert_lt(told->count, TOLD);
	told->e[told->count] = *e;
	memcpy(told->tail[told->count++], e->tail, e->tail_len);
}

static void feed(struct ct_carry *carry, const struct tape *t)
{
	for (size_t at = 0; at < t->len;) {
		const struct ct_event *e = (const struct ct_event *)(t->bytes + at);

		ct_carry_feed(carry, e);
		at += e->len;
	}
}

/* As a process is left behind. */
static uint32_t parent(void *ctx, uint32_t pid)
{
	(void)ctx;
	return pid == RUNC ? 0 : pid == SHIM ? 1 : SHIM;
}

/* What a runtime has made executes nothing until it is started: it is the first process all the same. */
Test(cut, what_waits_to_be_started_is_told_as_a_first_process)
{
	struct ct_carry *carry = ct_carry_new();
	struct told told = { 0 };
	struct tape t = { 0 };
	size_t i = 0;

	cr_assert(carry);
	tape_process(&t, SHIM, 1, CT_ROLE_SHIM, "conmon", "-c", BOX, TAPE_END);
	tape_fork(&t, SHIM, RUNC, CT_ROLE_RUNTIME);
	tape_exec(&t, RUNC, CT_ROLE_RUNTIME, 9, "runc", "init", TAPE_END);
	tape_fork(&t, RUNC, INIT, CT_ROLE_RUNTIME);
	((struct ct_event *)(t.bytes + t.len - sizeof(struct ct_event)))->arg = 1; /* its level */
	tape_exit(&t, RUNC, CT_ROLE_RUNTIME, 0);
	feed(carry, &t);
	ct_carry_tell(carry, 1, parent, NULL, take, &told);
	while (i < told.count && told.e[i].tgid != INIT)
		i++;
	cr_assert_lt(i, told.count, "it is told");
	cr_expect_eq(told.e[i].kind, CT_KIND_PROCESS);
	cr_expect_eq(told.e[i].sub, CT_ROLE_INIT);
	cr_expect_eq(told.e[i].ret, 1);
	cr_expect_eq((uint32_t)told.e[i].arg, SHIM);
	cr_expect_str_eq(told.tail[i], "runc");
	tape_free(&t);
	ct_carry_free(carry);
}

/* A client is heard to ask for the first time once: files that begin later have to be told what it is called. */
Test(cut, who_asks_is_told_until_it_exits)
{
	struct ct_carry *carry = ct_carry_new();
	struct told told = { 0 };
	struct tape t = { 0 };
	size_t i = 0;

	cr_assert(carry);
	tape_add(&t, CT_KIND_ASKER, SHIM, "gone\0\0\0\0\0\0\0\0\0\0\0\0", CT_COMM_LEN);
	tape_add(&t, CT_KIND_ASKER, INIT, "kubelet\0\0\0\0\0\0\0\0\0", CT_COMM_LEN);
	tape_exit(&t, SHIM, CT_ROLE_NONE, 0);
	feed(carry, &t);
	ct_carry_tell(carry, 1, parent, NULL, take, &told);
	while (i < told.count && told.e[i].kind != CT_KIND_ASKER)
		i++;
	cr_assert_lt(i, told.count, "it is told");
	cr_expect_eq(told.e[i].tgid, INIT);
	cr_expect_str_eq(told.tail[i], "kubelet");
	for (i++; i < told.count; i++)
		cr_expect_neq(told.e[i].kind, CT_KIND_ASKER);
	tape_free(&t);
	ct_carry_free(carry);
}

/* Of one that was asked for before a file began that file has not heard who it is: that is told, once. */
Test(cut, who_was_asked_for_before_is_told_at_once)
{
	struct ct_carry *carry = ct_carry_new();
	struct ct_identity who = { .engine_pid = LIFE_CONTAINERD };
	struct ct_record rec = { .type = CT_RECORD_START, .begin_ns = CREATE, .who = &who };
	struct told told = { 0 };
	struct tape t = { 0 };

	cr_assert(carry);
	life_engines(&t);
	feed(carry, &t);
	strcpy(who.id, BOX);
	strcpy(who.pod, "one");
	strcpy(who.pod_uid, "u1");
	ct_carry_learn(carry, &rec, CREATE, take, &told);
	cr_expect_eq(told.count, 0, "the file has heard what it was asked for with");
	strcpy(who.pod_container, "web");
	ct_carry_learn(carry, &rec, CREATE + 1, take, &told);
	cr_assert_eq(told.count, 1);
	cr_expect_eq(told.e[0].kind, CT_KIND_IDENTITY);
	cr_expect_eq(told.e[0].tgid, 0);
	cr_expect(memmem(told.tail[0], told.e[0].tail_len, "pod_container\0web", 18));
	ct_carry_learn(carry, &rec, CREATE + 1, take, &told);
	cr_expect_eq(told.count, 1, "nothing new");
	strcpy(who.image, "shop/web:1");
	ct_carry_learn(carry, &rec, CREATE + 1, NULL, NULL);
	cr_expect_eq(told.count, 1, "nobody listens");
	rec.type = CT_RECORD_STOP;
	ct_carry_learn(carry, &rec, CREATE + 1, take, &told);
	ct_carry_tell(carry, 1, NULL, NULL, take, &told);
	for (size_t i = 1; i < told.count; i++)
		cr_expect_neq(told.e[i].kind, CT_KIND_IDENTITY,
			      "it had no process: it has stopped");
	tape_free(&t);
	ct_carry_free(carry);
}
