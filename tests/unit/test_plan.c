// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "source/plan.h"

#define LISTEN CT_READY_BIT(LISTEN)
#define OUTPUT CT_READY_BIT(OUTPUT)
#define EXEC   CT_READY_BIT(EXEC)
#define PATH   CT_READY_BIT(PATH)

/* A kernel that lacks one probe, or CT_PROBE_MAX: none. */
struct fake_kernel {
	enum ct_probe lacks;
	const char *why;
	int asked[CT_PROBE_MAX];
};

static bool fake_can(void *ctx, enum ct_probe probe, const char **why_not)
{
	struct fake_kernel *kernel = ctx;

	kernel->asked[probe]++;
	if (probe != kernel->lacks)
		return true;
	*why_not = kernel->why;
	return false;
}

static int make(struct ct_plan *plan, enum ct_depth depth, uint32_t ready,
		struct fake_kernel *kernel, struct ct_err *err)
{
	struct ct_plan_request req = { .depth = depth, .ready_mask = ready };

	return ct_plan_make(plan, &req, fake_can, kernel, err);
}

struct row_case {
	char name[40];
	enum ct_depth depth;
	uint32_t ready;
	enum ct_probe lacks;
	enum ct_probe probe;
	bool on;
	char why[48];
};

ParameterizedTestParameters(plan, picks)
{
	static struct row_case cases[] = {
		{ "all there", CT_DEPTH_PHASES, LISTEN, CT_PROBE_MAX, CT_PROBE_SEND, true, "" },
		{ "cgroup lacks", CT_DEPTH_PHASES, LISTEN, CT_PROBE_CGROUP, CT_PROBE_CGROUP, false,
		  "not there" },
		{ "one lacks, others stay", CT_DEPTH_PHASES, LISTEN, CT_PROBE_CGROUP, CT_PROBE_TCP,
		  true, "" },
		{ "listen wants tcp", CT_DEPTH_PHASES, LISTEN, CT_PROBE_MAX, CT_PROBE_TCP, true,
		  "" },
		{ "accept wants tcp", CT_DEPTH_PHASES, CT_READY_BIT(ACCEPT), CT_PROBE_MAX,
		  CT_PROBE_TCP, true, "" },
		{ "output wants no tcp", CT_DEPTH_PHASES, OUTPUT, CT_PROBE_MAX, CT_PROBE_TCP, false,
		  "no --ready asks for it" },
		{ "output", CT_DEPTH_PHASES, OUTPUT, CT_PROBE_MAX, CT_PROBE_OUTPUT, true, "" },
		{ "exec wants no output", CT_DEPTH_PHASES, EXEC, CT_PROBE_MAX, CT_PROBE_OUTPUT,
		  false, "no --ready asks for it" },
		{ "phases have no calls", CT_DEPTH_PHASES, LISTEN, CT_PROBE_MAX,
		  CT_PROBE_ENTER_MOUNT, false, "only with --steps" },
		{ "steps have calls", CT_DEPTH_STEPS, LISTEN, CT_PROBE_MAX, CT_PROBE_LEAVE_MOUNT,
		  true, "" },
		{ "path wants opens", CT_DEPTH_PHASES, PATH, CT_PROBE_MAX, CT_PROBE_ENTER_OPENAT,
		  true, "" },
		{ "steps want no opens", CT_DEPTH_STEPS, LISTEN, CT_PROBE_MAX,
		  CT_PROBE_ENTER_OPENAT, false, "no --ready asks for it" },
	};

	return cr_make_param_array(struct row_case, cases, sizeof(cases) / sizeof(*cases));
}

ParameterizedTest(struct row_case *c, plan, picks)
{
	struct fake_kernel kernel = { .lacks = c->lacks, .why = "not there" };
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_assert_eq(make(&plan, c->depth, c->ready, &kernel, &err), 0, "%s: %s", c->name, err.msg);
	cr_expect_eq(plan.rows[c->probe].on, c->on, "%s", c->name);
	if (c->on)
		cr_expect_null(plan.rows[c->probe].why_not, "%s", c->name);
	else
		cr_expect_str_eq(plan.rows[c->probe].why_not, c->why, "%s", c->name);
}

Test(plan, a_row_is_on_or_says_why)
{
	for (unsigned int lacks = 0; lacks <= CT_PROBE_MAX; lacks++) {
		struct fake_kernel kernel = { .lacks = lacks, .why = NULL };
		struct ct_err err = { 0 };
		struct ct_plan plan;
		bool required = lacks < CT_PROBE_MAX && ct_probes[lacks].need == CT_NEED_REQUIRED;

		cr_expect_eq(make(&plan, CT_DEPTH_STEPS, ~0u, &kernel, &err),
			     required ? -ENOTSUP : 0);
		for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
			cr_expect_eq(plan.rows[i].on, i != lacks, "%s", ct_probes[i].program);
			cr_expect_eq(!plan.rows[i].why_not, plan.rows[i].on, "%s",
				     ct_probes[i].program);
		}
	}
}

Test(plan, the_kernel_is_not_asked_for_what_nobody_wants)
{
	struct fake_kernel kernel = { .lacks = CT_PROBE_MAX };
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_assert_eq(make(&plan, CT_DEPTH_PHASES, EXEC, &kernel, &err), 0);
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++)
		cr_expect_eq(kernel.asked[i], plan.rows[i].asked, "%s", ct_probes[i].program);
	cr_expect_eq(kernel.asked[CT_PROBE_ENTER_MOUNT], 0);
}

Test(plan, says_what_to_do_without_the_api)
{
	struct fake_kernel kernel = { .lacks = CT_PROBE_SEND, .why = "not in its BTF" };
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_assert_eq(make(&plan, CT_DEPTH_PHASES, LISTEN, &kernel, &err), -ENOTSUP);
	cr_expect_str_eq(
		err.msg,
		"this kernel cannot host probe 'ct_send' (tp_btf/sock_send_length): not "
		"in its BTF; without it coldtrace does not see the engine's API and what "
		"it says to its shims, and with them every phase; use kernel 6.3 or newer");
}

Test(plan, a_wanted_probe_may_be_refused_late)
{
	struct fake_kernel kernel = { .lacks = CT_PROBE_MAX };
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_assert_eq(make(&plan, CT_DEPTH_PHASES, LISTEN, &kernel, &err), 0);
	cr_expect_eq(ct_plan_refuse(&plan, CT_PROBE_CGROUP, "its verifier refuses it", &err), 0);
	cr_expect_not(plan.rows[CT_PROBE_CGROUP].on);
	cr_expect_str_eq(plan.rows[CT_PROBE_CGROUP].why_not, "its verifier refuses it");
	cr_expect_eq(ct_plan_refuse(&plan, CT_PROBE_EXIT, "its verifier refuses it", &err),
		     -ENOTSUP);
	cr_expect(strstr(err.msg, "'ct_exit' (tp_btf/sched_process_exit): its verifier refuses"));
}

Test(plan, table_is_whole)
{
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		const struct ct_probe_row *row = &ct_probes[i];

		cr_expect(!strncmp(row->hook, "tp_btf/", 7) ||
				  !strncmp(row->hook, "tracepoint/syscalls/", 20),
			  "%s", row->program);
		cr_expect(*row->unseen, "%s", row->program);
		cr_expect_eq(ct_probe_by_program(row->program, strlen(row->program)), i);
		/* What is required is so in every run, whatever was asked for. */
		if (row->need == CT_NEED_REQUIRED)
			cr_expect(row->depth == CT_DEPTH_PHASES && !row->ready, "%s", row->program);
		/* Phases alone put no tracepoint on system calls, save for --ready path. */
		if (row->depth == CT_DEPTH_PHASES && !strncmp(row->hook, "tracepoint/", 11))
			cr_expect_eq(row->ready, PATH, "%s", row->program);
	}
	cr_expect_eq(ct_probe_by_program("ct_none", 7), CT_PROBE_MAX);
	cr_expect_eq(ct_probe_by_program("ct_exec", 6), CT_PROBE_MAX);
}
