// SPDX-License-Identifier: GPL-2.0-only
/* What is left out of processes that are executed in containers, and what is not. */
#include <criterion/criterion.h>

#include "grpc.h"
#include "life.h"
#include "source/recording/execs.h"
#include "util/mem.h"

#define EXEC_ID "aa" POD /* of a process */
#define CALLED  8100
#define INSIDE  8102

static struct tape tape;
static struct ct_execs *execs;

static void setup(void)
{
	execs = ct_execs_new();
	cr_assert(execs);
}

static void teardown(void)
{
	ct_execs_free(execs);
	tape_free(&tape);
}

TestSuite(execs, .init = setup, .fini = teardown);

/* Whether the last event is carried. */
static bool needed(void)
{
	return ct_execs_needed(execs, tape_event(&tape, tape.count - 1));
}

static void calls(const char *op)
{
	tape_fork(&tape, SHIM, CALLED, CT_ROLE_SHIM);
	cr_expect(needed());
	tape_exec(&tape, CALLED, CT_ROLE_RUNTIME, 9, "runc", "--root", "/run", op, BOX, TAPE_END);
	cr_expect(needed());
}

Test(execs, a_runtime_is_seen_and_what_it_executes_is_not)
{
	calls("exec");
	tape_fork(&tape, CALLED, CALLED + 1, CT_ROLE_RUNTIME);
	cr_expect_not(needed());
	tape_exec(&tape, CALLED + 1, CT_ROLE_RUNTIME, 9, "runc", "init", TAPE_END);
	cr_expect_not(needed());
	tape_fork(&tape, CALLED + 1, INSIDE, CT_ROLE_RUNTIME);
	cr_expect_not(needed());
	tape_exit(&tape, CALLED + 1, CT_ROLE_RUNTIME, 0);
	cr_expect_not(needed());
	tape_exit(&tape, CALLED, CT_ROLE_RUNTIME, 0);
	cr_expect(needed());
	tape_exec(&tape, INSIDE, CT_ROLE_WORKLOAD, 9, "true", TAPE_END);
	cr_expect_not(needed());
	tape_output(&tape, INSIDE, SHIM);
	cr_expect_not(needed());
	tape_exit(&tape, INSIDE, CT_ROLE_WORKLOAD, 0);
	cr_expect_not(needed());
	/* Numbers come again. */
	tape_fork(&tape, SHIM, INSIDE, CT_ROLE_SHIM);
	cr_expect(needed());
	tape_exit(&tape, INSIDE, CT_ROLE_SHIM, 0);
	cr_expect(needed());
}

Test(execs, what_makes_a_container_is_seen)
{
	calls("create");
	tape_fork(&tape, CALLED, CALLED + 1, CT_ROLE_RUNTIME);
	cr_expect(needed());
	tape_exit(&tape, CALLED, CT_ROLE_RUNTIME, 0);
	cr_expect(needed());
}

/* A process whose end was lost is another's number by now. */
Test(execs, who_is_forked_by_somebody_else_is_another)
{
	calls("exec");
	tape_fork(&tape, CALLED, INSIDE, CT_ROLE_RUNTIME);
	cr_expect_not(needed());
	tape_fork(&tape, SHIM, INSIDE, CT_ROLE_SHIM);
	cr_expect(needed());
	tape_exec(&tape, INSIDE, CT_ROLE_RUNTIME, 9, "runc", "delete", BOX, TAPE_END);
	cr_expect(needed());
}

/* Requests about a process: the one that it comes from, and no other; of their answers none. */
Test(execs, a_shim_is_asked_for_one_once)
{
	static const char *const methods[] = { "Exec", "Start", "State", "Wait", "Kill", "Delete" };

	for (uint32_t i = 0; i < CT_ARRAY_SIZE(methods); i++) {
		tape_ttrpc_request(&tape, LIFE_CONTAINERD, SHIMS, 2 * i + 1, methods[i], BOX,
				   EXEC_ID);
		cr_expect_eq(needed(), !i, "%s", methods[i]);
		tape_ttrpc_answer(&tape, SHIM, SHIMS, 2 * i + 1, 0, 0);
		cr_expect_not(needed(), "answer to %s", methods[i]);
	}
	tape_ttrpc_request(&tape, LIFE_CONTAINERD, SHIMS, 31, "Delete", BOX, NULL);
	cr_expect(needed());
	tape_ttrpc_answer(&tape, SHIM, SHIMS, 31, 0, 0);
	cr_expect(needed());
	tape_unlink(&tape, LIFE_CONTAINERD, "123", EXEC_ID "-stdout");
	cr_expect_not(needed());
	tape_unlink(&tape, LIFE_CONTAINERD, "123", BOX "-stdout");
	cr_expect(needed());
}

Test(execs, what_is_mounted_for_no_pod)
{
	static const char pods[] = "mount\0tmpfs\0/k/pods/u-1/volumes/a~b/c";
	static const char other[] = "mount\0/dev/sdb1\0/mnt";

	tape_add(&tape, CT_KIND_POD, 900, pods, sizeof(pods))->sub = CT_POD_MOUNT;
	cr_expect(needed());
	tape_add(&tape, CT_KIND_POD, 900, other, sizeof(other))->sub = CT_POD_MOUNT;
	cr_expect_not(needed());
	tape_add(&tape, CT_KIND_POD, 900, "/kubepods", 9)->sub = CT_POD_CGROUP;
	cr_expect_not(needed());
}
