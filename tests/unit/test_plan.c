// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <errno.h>
#include <string.h>

#include "source/live/plan.h"

#define LISTEN CT_READY_BIT(LISTEN)
#define OUTPUT CT_READY_BIT(OUTPUT)
#define EXEC   CT_READY_BIT(EXEC)
#define PATH   CT_READY_BIT(PATH)

/* A kernel that lacks one probe (CT_PROBE_MAX: none), hooks that begin so, and some features. */
struct fake_kernel {
	enum ct_probe lacks;
	const char *hooks[7];
	uint32_t features;
	const char *why;
	int asked[CT_PROBE_MAX];
};

static bool fake_can(void *ctx, enum ct_probe probe, const char **why_not)
{
	struct fake_kernel *kernel = ctx;
	bool can = probe != kernel->lacks;

	kernel->asked[probe]++;
	for (size_t i = 0; kernel->hooks[i]; i++)
		can &= strncmp(ct_probes[probe].hook, kernel->hooks[i], strlen(kernel->hooks[i])) !=
		       0;
	if (!can)
		*why_not = kernel->why;
	return can;
}

static bool fake_has(void *ctx, enum ct_feature feature, const char **why_not)
{
	struct fake_kernel *kernel = ctx;

	if (!(kernel->features >> feature & 1))
		return true;
	*why_not = kernel->why;
	return false;
}

static int make_as(struct ct_plan *plan, enum ct_plan_name name, enum ct_depth depth,
		   uint32_t ready, struct fake_kernel *kernel, struct ct_err *err)
{
	struct ct_plan_request req = {
		.steps = depth == CT_DEPTH_STEPS,
		.why = depth == CT_DEPTH_WHY,
		.ready_mask = ready,
		.plan = name,
	};
	struct ct_plan_kernel ask = { .can = fake_can, .has = fake_has, .ctx = kernel };

	return ct_plan_make(plan, &req, &ask, err);
}

static int make(struct ct_plan *plan, enum ct_depth depth, uint32_t ready,
		struct fake_kernel *kernel, struct ct_err *err)
{
	return make_as(plan, CT_PLAN_BEST, depth, ready, kernel, err);
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

/* Of each group one kind of hook at most, and nothing is off without a reason. */
static void expect_sound(const struct ct_plan *plan, const char *what)
{
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		cr_expect_eq(!plan->rows[i].why_not, plan->rows[i].on, "%s: %s", what,
			     ct_probes[i].program);
		for (unsigned int j = 0; j < i && plan->rows[i].on; j++)
			cr_expect(!plan->rows[j].on || !ct_probes[i].group ||
					  ct_probes[i].group != ct_probes[j].group ||
					  ct_hook_of(i) == ct_hook_of(j),
				  "%s: %s and %s", what, ct_probes[i].program,
				  ct_probes[j].program);
	}
}

Test(plan, each_probe_may_lack)
{
	for (unsigned int lacks = 0; lacks <= CT_PROBE_MAX; lacks++) {
		struct fake_kernel kernel = { .lacks = lacks, .why = NULL };
		struct ct_err err = { 0 };
		struct ct_plan plan;

		cr_expect_eq(make(&plan, CT_DEPTH_STEPS, ~0u, &kernel, &err), 0, "%s", err.msg);
		expect_sound(&plan, lacks < CT_PROBE_MAX ? ct_probes[lacks].program : "none");
		if (lacks < CT_PROBE_MAX)
			cr_expect_not(plan.rows[lacks].on);
		cr_expect_eq(plan.name, lacks == CT_PROBE_SEND ? CT_PLAN_FENTRY : CT_PLAN_FULL);
	}
}

#define NO(symbol) CT_FEATURE_BIT(symbol)
#define SEND_POINT "tp_btf/sock_send_length"

/* Kernels as they were seen, and what is to come of them. */
struct kernel_case {
	const char *name;
	const char *lacks[6];
	uint32_t features;
	enum ct_plan_name plan; /* CT_PLAN_MAX: none */
	enum ct_probe on[4], off[4]; /* until the first 0, which is CT_PROBE_FORK */
};

static struct kernel_case kernel_cases[] = {
	{ "6.18, integrity",
	  { "fe", "kprobe/", "kretprobe/" },
	  0,
	  CT_PLAN_FULL,
	  { CT_PROBE_SEND, CT_PROBE_EXEC, CT_PROBE_EXT4_SYNC },
	  { CT_PROBE_SEND_UNIX_FEXIT, CT_PROBE_SEND_WRITE, CT_PROBE_EXEC_RAW } },
	{ "6.1",
	  { SEND_POINT },
	  NO(CAST),
	  CT_PLAN_FENTRY,
	  { CT_PROBE_SEND_UNIX_FEXIT, CT_PROBE_SEND_NETLINK_FEXIT, CT_PROBE_EXEC },
	  { CT_PROBE_SEND_UNIX_ENTER, CT_PROBE_SEND_WRITE, CT_PROBE_EXEC_RAW } },
	{ "5.10, ext4 a module without BTF",
	  { SEND_POINT, "tp_btf/ext4" },
	  NO(CAST) | NO(SOCKETS) | NO(TASK_REGS),
	  CT_PLAN_FENTRY,
	  { CT_PROBE_SEND_UNIX_FEXIT, CT_PROBE_EXT4_SYNC_RAW, CT_PROBE_EXIT },
	  { CT_PROBE_EXT4_SYNC, CT_PROBE_EXIT_RAW } },
	{ "5.10, XFS a module without BTF, no Btrfs",
	  { SEND_POINT, "tp_btf/xfs", "raw_tp/xfs", "tp_btf/btrfs", "raw_tp/btrfs", "fexit/btrfs" },
	  NO(CAST) | NO(SOCKETS) | NO(TASK_REGS),
	  CT_PLAN_FENTRY,
	  { CT_PROBE_EXT4_SYNC, CT_PROBE_EXT4_UNLINK },
	  { CT_PROBE_XFS_SYNC, CT_PROBE_XFS_UNLINK_RAW, CT_PROBE_BTRFS_SYNC,
	    CT_PROBE_BTRFS_UNLINK } },
	{ "5.14, root without CAP_SYS_ADMIN, XFS and Btrfs modules",
	  { SEND_POINT, "tp_btf/xfs", "tp_btf/btrfs", "fexit/btrfs" },
	  NO(CAST) | NO(SOCKETS) | NO(TASK_REGS),
	  CT_PLAN_FENTRY,
	  { CT_PROBE_XFS_SYNC_RAW, CT_PROBE_XFS_UNLINK_RAW, CT_PROBE_BTRFS_SYNC_RAW,
	    CT_PROBE_BTRFS_UNLINK_ENTER },
	  { CT_PROBE_XFS_SYNC, CT_PROBE_BTRFS_SYNC, CT_PROBE_BTRFS_UNLINK } },
	{ "6.12, all file systems: each is heard, none is another's alternative",
	  { NULL },
	  0,
	  CT_PLAN_FULL,
	  { CT_PROBE_EXT4_SYNC, CT_PROBE_XFS_SYNC, CT_PROBE_BTRFS_SYNC, CT_PROBE_BTRFS_UNLINK },
	  { CT_PROBE_EXT4_SYNC_RAW, CT_PROBE_XFS_SYNC_RAW, CT_PROBE_BTRFS_SYNC_RAW,
	    CT_PROBE_BTRFS_UNLINK_ENTER } },
	{ "6.1 on arm64",
	  { SEND_POINT, "fe" },
	  NO(CAST),
	  CT_PLAN_KPROBE,
	  { CT_PROBE_SEND_UNIX_ENTER, CT_PROBE_SEND_UNIX_LEAVE, CT_PROBE_EXEC },
	  { CT_PROBE_SEND_UNIX_FEXIT, CT_PROBE_SEND_WRITE } },
	{ "6.1, neither",
	  { SEND_POINT, "fe", "kprobe/" },
	  NO(CAST),
	  CT_PLAN_TRACEPOINT,
	  { CT_PROBE_SEND_WRITE, CT_PROBE_SEND_SENDMSG, CT_PROBE_EXEC_RAW },
	  { CT_PROBE_SEND_UNIX_ENTER, CT_PROBE_SEND_UNIX_LEAVE, CT_PROBE_EXEC } },
	{ "6.12, confidentiality",
	  { "tracepoint/", "kprobe/", "kretprobe/" },
	  NO(READ),
	  CT_PLAN_BTF,
	  { CT_PROBE_SEND, CT_PROBE_EXEC, CT_PROBE_CGROUP, CT_PROBE_RELAY },
	  { CT_PROBE_EXEC_RAW, CT_PROBE_SEND_WRITE } },
	{ "6.1, confidentiality",
	  { SEND_POINT, "tracepoint/", "kprobe/", "kretprobe/" },
	  NO(READ) | NO(CAST),
	  CT_PLAN_BTF,
	  { CT_PROBE_SEND_UNIX_FEXIT, CT_PROBE_OUTPUT },
	  { CT_PROBE_CGROUP, CT_PROBE_RELAY, CT_PROBE_EXT4_SYNC } },
	{ "5.10, confidentiality",
	  { SEND_POINT, "tracepoint/", "kprobe/", "kretprobe/" },
	  NO(READ) | NO(CAST) | NO(SOCKETS) | NO(TASK_REGS),
	  CT_PLAN_MAX,
	  { 0 },
	  { 0 } },
};

Test(plan, kernels)
{
	for (size_t n = 0; n < sizeof(kernel_cases) / sizeof(*kernel_cases); n++) {
		const struct kernel_case *c = &kernel_cases[n];
		struct fake_kernel kernel = {
			.lacks = CT_PROBE_MAX,
			.features = c->features,
			.why = "not there",
		};
		struct ct_err err = { 0 };
		struct ct_plan plan;
		int r;

		memcpy(kernel.hooks, c->lacks, sizeof(c->lacks));
		r = make(&plan, CT_DEPTH_PHASES, LISTEN | OUTPUT, &kernel, &err);
		cr_expect_eq(r, c->plan == CT_PLAN_MAX ? -ENOTSUP : 0, "%s: %s", c->name, err.msg);
		expect_sound(&plan, c->name);
		if (r)
			continue;
		cr_expect_eq(plan.name, c->plan, "%s: %s", c->name, ct_plans[plan.name].name);
		cr_expect_eq(plan.features,
			     (((1u << CT_FEATURE_MAX) - 1) & ~c->features & ct_plans[c->plan].may),
			     "%s", c->name);
		for (unsigned int i = 0; i < 4 && c->on[i]; i++)
			cr_expect(plan.rows[c->on[i]].on, "%s: %s on", c->name,
				  ct_probes[c->on[i]].program);
		for (unsigned int i = 0; i < 4 && c->off[i]; i++)
			cr_expect_not(plan.rows[c->off[i]].on, "%s: %s off", c->name,
				      ct_probes[c->off[i]].program);
	}
}

/* The functions of the calls that open, or else their tracepoints: for each call by itself. */
Test(plan, opened_files_by_function_or_tracepoint)
{
	static const struct {
		const char *name;
		const char *lacks;
		enum ct_plan_name plan;
		enum ct_probe one; /* lacks too */
		bool fentry, tracepoint;
	} cases[] = {
		{ "all there", NULL, CT_PLAN_BEST, CT_PROBE_MAX, true, false },
		{ "no fentry", "fe", CT_PLAN_BEST, CT_PROBE_MAX, false, true },
		{ "no tracefs", "tracepoint/", CT_PLAN_BEST, CT_PROBE_MAX, true, false },
		{ "the end alone lacks", NULL, CT_PLAN_BEST, CT_PROBE_OPENS_FEXIT_OPENAT, false,
		  true },
		{ "another call lacks", NULL, CT_PLAN_BEST, CT_PROBE_OPENS_FENTRY_OPEN, true,
		  false },
		{ "a plan without fentry", NULL, CT_PLAN_KPROBE, CT_PROBE_MAX, false, true },
	};

	for (size_t n = 0; n < sizeof(cases) / sizeof(*cases); n++) {
		struct fake_kernel kernel = {
			.lacks = cases[n].one,
			.hooks = { cases[n].lacks },
			.why = "not there",
		};
		struct ct_err err = { 0 };
		struct ct_plan plan;

		cr_assert_eq(make_as(&plan, cases[n].plan, CT_DEPTH_PHASES, LISTEN | CT_ASKED_OPENS,
				     &kernel, &err),
			     0, "%s: %s", cases[n].name, err.msg);
		expect_sound(&plan, cases[n].name);
		cr_expect_eq(plan.rows[CT_PROBE_OPENS_FENTRY_OPENAT].on, cases[n].fentry, "%s",
			     cases[n].name);
		cr_expect_eq(plan.rows[CT_PROBE_OPENS_FEXIT_OPENAT].on, cases[n].fentry, "%s",
			     cases[n].name);
		cr_expect_eq(plan.rows[CT_PROBE_OPENS_ENTER_OPENAT].on, cases[n].tracepoint, "%s",
			     cases[n].name);
		cr_expect_eq(plan.rows[CT_PROBE_OPENS_LEAVE_OPENAT].on, cases[n].tracepoint, "%s",
			     cases[n].name);
	}
}

Test(plan, a_way_goes_together_without_its_extras)
{
	struct fake_kernel kernel = {
		.lacks = CT_PROBE_SEND_NETLINK_ENTER,
		.hooks = { SEND_POINT, "fe" },
		.why = "not there",
	};
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_assert_eq(make(&plan, CT_DEPTH_PHASES, LISTEN, &kernel, &err), 0);
	cr_expect_eq(plan.name, CT_PLAN_KPROBE);
	cr_expect(plan.rows[CT_PROBE_SEND_UNIX_ENTER].on);
	cr_expect_str_eq(plan.rows[CT_PROBE_SEND_NETLINK_ENTER].why_not, "not there");

	kernel.lacks = CT_PROBE_SEND_UNIX_LEAVE;
	cr_assert_eq(make(&plan, CT_DEPTH_PHASES, LISTEN, &kernel, &err), 0);
	cr_expect_eq(plan.name, CT_PLAN_TRACEPOINT);
	cr_expect_not(plan.rows[CT_PROBE_SEND_UNIX_ENTER].on);
	cr_expect_str_eq(plan.plans[CT_PLAN_KPROBE].hook, "kretprobe/unix_stream_sendmsg");
	cr_expect_str_eq(plan.plans[CT_PLAN_KPROBE].why_not, "not there");
	cr_expect_null(plan.plans[CT_PLAN_TRACEPOINT].why_not);
	cr_expect_eq(plan.rows[CT_PROBE_SEND].instead, CT_PROBE_SEND_WRITE);
	cr_expect_eq(plan.rows[CT_PROBE_SEND_WRITE].instead, CT_PROBE_MAX);
}

Test(plan, a_weaker_one_may_be_asked_for)
{
	for (unsigned int i = 0; i < CT_PLAN_MAX; i++) {
		struct fake_kernel kernel = { .lacks = CT_PROBE_MAX };
		struct ct_err err = { 0 };
		struct ct_plan plan;

		cr_expect_eq(make_as(&plan, i, CT_DEPTH_STEPS, LISTEN, &kernel, &err), 0, "%s",
			     err.msg);
		cr_expect_eq(plan.name, i);
		expect_sound(&plan, ct_plans[i].name);
		for (unsigned int j = 0; j < CT_PROBE_MAX; j++)
			cr_expect(!plan.rows[j].on ||
					  (ct_hook_of(j) & (ct_probes[j].group == CT_GROUP_SEND
								    ? ct_plans[i].sends
								    : ct_plans[i].hooks)),
				  "%s: %s", ct_plans[i].name, ct_probes[j].program);
		cr_expect_eq(ct_plan_by_name(ct_plans[i].name), i);
	}
	cr_expect_eq(ct_plan_by_name("fullest"), CT_PLAN_MAX);
	cr_expect_eq(ct_plan_by_name(""), CT_PLAN_MAX);
}

Test(plan, no_other_instead_of_the_one_asked_for)
{
	struct fake_kernel kernel = { .lacks = CT_PROBE_SEND, .why = "not in its BTF" };
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_expect_eq(make_as(&plan, CT_PLAN_FULL, CT_DEPTH_PHASES, LISTEN, &kernel, &err),
		     -ENOTSUP);
	cr_expect_str_eq(
		err.msg,
		"this kernel cannot host probe 'ct_send' (tp_btf/sock_send_length) of plan "
		"'full': not in its BTF; without it coldtrace does not see the engine's "
		"API and what it says to its shims, and with them every phase; use kernel "
		"6.3 or newer");
	kernel.features = NO(READ);
	kernel.why = "forbidden";
	cr_expect_eq(make_as(&plan, CT_PLAN_KPROBE, CT_DEPTH_PHASES, LISTEN, &kernel, &err),
		     -ENOTSUP);
	cr_expect_str_eq(err.msg,
			 "plan 'kprobe' is not for this kernel: bpf_probe_read_kernel: forbidden");
}

Test(plan, the_kernel_is_not_asked_for_what_nobody_wants)
{
	struct fake_kernel kernel = { .lacks = CT_PROBE_MAX };
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_assert_eq(make(&plan, CT_DEPTH_PHASES, EXEC, &kernel, &err), 0);
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++)
		cr_expect_eq(kernel.asked[i],
			     plan.rows[i].asked && plan.rows[i].instead == CT_PROBE_MAX, "%s",
			     ct_probes[i].program);
	cr_expect_eq(kernel.asked[CT_PROBE_ENTER_MOUNT], 0);
}

Test(plan, waits_do_not_take_system_calls_with_them)
{
	struct fake_kernel kernel = { .lacks = CT_PROBE_MAX };
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_assert_eq(make(&plan, CT_DEPTH_WHY, OUTPUT, &kernel, &err), 0);
	cr_expect(plan.rows[CT_PROBE_WHY_SWITCH].on);
	cr_expect(plan.rows[CT_PROBE_WHY_SEED].on);
	cr_expect_not(plan.rows[CT_PROBE_ENTER_MOUNT].on);
	/* One program hears wake-ups, whatever they are heard for. */
	cr_expect(plan.rows[CT_PROBE_WHY_WAKING].on);
	cr_expect_not(plan.rows[CT_PROBE_OUTPUT].on);
	cr_expect_str_eq(plan.rows[CT_PROBE_OUTPUT].why_not, "with --why ct_why_waking hears it");
	kernel.lacks = CT_PROBE_WHY_WAKING;
	cr_expect_eq(make(&plan, CT_DEPTH_WHY, OUTPUT, &kernel, &err), -ENOTSUP);
	kernel.lacks = CT_PROBE_WHY_SWITCH;
	cr_expect_eq(make(&plan, CT_DEPTH_WHY, OUTPUT, &kernel, &err), -ENOTSUP);
}

/* What a probe must have is no matter of how it reads; no other plan has it. The newest need is told. */
Test(plan, waits_need_a_place_per_thread)
{
	struct fake_kernel kernel = {
		.lacks = CT_PROBE_MAX,
		.features = NO(STORAGE),
		.why = "this kernel does not have it",
	};
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_assert_eq(make(&plan, CT_DEPTH_WHY, LISTEN, &kernel, &err), -ENOTSUP);
	cr_expect_str_eq(err.msg,
			 "this kernel cannot host probe 'ct_why_switch' (tp_btf/sched_switch) of "
			 "plan 'full': this kernel does not have it; without it coldtrace does not "
			 "see when threads wait, and what for; use kernel 5.18 or newer; no weaker "
			 "plan is possible either, see doctor");
	/* Nor is it, if another plan than the first would else be taken. */
	kernel.lacks = CT_PROBE_SEND;
	cr_assert_eq(make(&plan, CT_DEPTH_WHY, LISTEN, &kernel, &err), -ENOTSUP);
	cr_expect(strstr(err.msg, "tp_btf/sched_"), "%s", err.msg);
	cr_expect_eq(make(&plan, CT_DEPTH_STEPS, LISTEN, &kernel, &err), 0);
	cr_assert_eq(make(&plan, CT_DEPTH_PHASES, CT_ASKED_OPENS, &kernel, &err), 0);
	cr_expect_not(plan.rows[CT_PROBE_OPENS_LEAVE_OPENAT].on);
}

Test(plan, says_what_to_do_without_the_api)
{
	struct fake_kernel kernel = {
		.lacks = CT_PROBE_MAX,
		.hooks = { SEND_POINT, "fe", "kprobe/", "tracepoint/" },
		.why = "not in its BTF",
	};
	struct ct_err err = { 0 };
	struct ct_plan plan;

	cr_assert_eq(make(&plan, CT_DEPTH_PHASES, LISTEN, &kernel, &err), -ENOTSUP);
	cr_expect_str_eq(
		err.msg,
		"this kernel cannot host probe 'ct_send' (tp_btf/sock_send_length) of plan "
		"'full': not in its BTF; without it coldtrace does not see the engine's "
		"API and what it says to its shims, and with them every phase; use kernel "
		"6.3 or newer; no weaker plan is possible either, see doctor");
}

Test(plan, table_is_whole)
{
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		const struct ct_probe_row *row = &ct_probes[i];

		cr_expect(ct_hook_of(i), "%s", row->program);
		cr_expect(*row->unseen, "%s", row->program);
		cr_expect_eq(ct_probe_by_program(row->program, strlen(row->program)), i);
		/* What is required is so in every run, whatever was asked for; but for waits. */
		if (row->need == CT_NEED_REQUIRED)
			cr_expect(row->depth != CT_DEPTH_STEPS && !row->ready, "%s", row->program);
		/* Numbers instead of typed arguments have to be read. */
		if (ct_hook_of(i) & (CT_HOOK_RAW_TP | CT_HOOK_KPROBE))
			cr_expect_eq(row->features, CT_FEATURE_BIT(READ), "%s", row->program);
		/* Phases alone put no tracepoint on system calls, save for three reasons. */
		if (row->depth == CT_DEPTH_PHASES && !strncmp(row->hook, "tracepoint/", 11))
			cr_expect(row->ready == PATH || row->ready == CT_ASKED_OPENS ||
					  row->group == CT_GROUP_SEND,
				  "%s", row->program);
	}
	cr_expect_eq(ct_probe_by_program("ct_none", 7), CT_PROBE_MAX);
	cr_expect_eq(ct_probe_by_program("ct_exec", 6), CT_PROBE_MAX);
}
