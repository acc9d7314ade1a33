// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/notices.h"
#include "source/proc/privileges.h"
#include "util/mem.h"

#define BIT(symbol) CT_CAP_BIT(CAP_##symbol)
#define FOUR        (BIT(BPF) | BIT(PERFMON) | BIT(SYS_PTRACE) | BIT(DAC_READ_SEARCH))

static const struct {
	uint64_t own;
	bool user_namespace;
	const char *missing; /* NULL: it may trace */
} checks[] = {
	{ FOUR, false, NULL },
	{ BIT(BPF) | BIT(PERFMON), false, NULL },
	{ BIT(SYS_ADMIN), false, NULL },
	{ 0, false, "CAP_BPF and CAP_PERFMON missing" },
	{ BIT(BPF) | BIT(SYS_PTRACE), false, ": CAP_PERFMON missing" },
	{ BIT(PERFMON) | BIT(DAC_READ_SEARCH), false, ": CAP_BPF missing" },
	{ FOUR | BIT(SYS_ADMIN), true, "in a user namespace" },
};

Test(privileges, what_is_required)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(checks); i++) {
		struct ct_err err = { 0 };
		int r = ct_privileges_check(checks[i].own, checks[i].user_namespace, &err);

		cr_expect_eq(r, checks[i].missing ? -EPERM : 0, "row %zu: %s", i, err.msg);
		if (checks[i].missing)
			cr_expect(strstr(err.msg, checks[i].missing), "row %zu: %s", i, err.msg);
	}
}

#define HOST "pid:[4026531836]"

/* What the kernel tells are pids of the first pid namespace: only there does /proc mean the same. */
static const struct {
	const char *space, *self;
	uint32_t pid;
	const char *wrong; /* NULL: it may trace */
} spaces[] = {
	{ HOST, "812", 812, NULL },
	{ "", "812", 812, NULL }, /* a kernel without pid namespaces */
	{ "pid:[4026532201]", "1", 1, "a container's pid namespace (pid:[4026532201])" },
	{ "pid:[4026532201]", "812", 1, "a container's pid namespace" }, /* with the host's /proc */
	{ "", "", 812, "/proc does not show this process (pid 812)" },
	{ HOST, "3", 812, "/proc does not show this process" },
};

Test(privileges, pids_are_those_of_the_host)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(spaces); i++) {
		struct ct_err err = { 0 };
		int r = ct_pids_check(spaces[i].space, spaces[i].self, spaces[i].pid, &err);

		cr_expect_eq(r, spaces[i].wrong ? -EPERM : 0, "row %zu: %s", i, err.msg);
		if (spaces[i].wrong)
			cr_expect(strstr(err.msg, spaces[i].wrong), "row %zu: %s", i, err.msg);
	}
}

Test(privileges, names_of_kernel_functions)
{
	cr_expect(strstr(ct_privileges_symbols(FOUR, 0), "CAP_SYSLOG missing; run it with sudo"));
	cr_expect(strstr(ct_privileges_symbols(FOUR, 1), "CAP_SYSLOG missing"));
	cr_expect(strstr(ct_privileges_symbols(UINT64_MAX, 2), "kptr_restrict is 2; 'sysctl"));
	cr_expect(strstr(ct_privileges_symbols(UINT64_MAX, 1), "a security module, or lockdown"));
}

Test(privileges, what_is_kept)
{
	cr_expect_eq(ct_privileges_kept(false, false), BIT(SYS_PTRACE) | BIT(DAC_READ_SEARCH));
	cr_expect_eq(ct_privileges_kept(false, true),
		     BIT(SYS_PTRACE) | BIT(DAC_READ_SEARCH) | BIT(DAC_OVERRIDE) | BIT(NET_ADMIN));
	cr_expect_eq(ct_privileges_kept(true, false),
		     BIT(SYS_PTRACE) | BIT(DAC_READ_SEARCH) | BIT(KILL));
}

/* A kernel without tracefs, or without one probe. */
struct lacks {
	const char *in; /* the hooks' names; NULL: none */
	const char *why;
};

static bool can(void *ctx, enum ct_probe probe, const char **why_not)
{
	const struct lacks *lacks = ctx;

	*why_not = lacks->why;
	return !lacks->in || !strstr(ct_probes[probe].hook, lacks->in);
}

static bool has(void *ctx, enum ct_feature feature, const char **why_not)
{
	(void)ctx, (void)feature, (void)why_not;
	return true;
}

static char *notices(struct lacks lacks, enum ct_depth depth, uint64_t own)
{
	const struct ct_plan_request req = {
		.steps = depth == CT_DEPTH_STEPS,
		.why = depth == CT_DEPTH_WHY,
		.ready_mask = CT_READY_BIT(OUTPUT),
		.plan = CT_PLAN_BEST,
	};
	const struct ct_plan_kernel kernel = { .can = can, .has = has, .ctx = &lacks };
	struct ct_plan plan;
	struct ct_err err = { 0 };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	ct_plan_make(&plan, &req, &kernel, &err);
	ct_notices_print(out, &plan, own);
	fclose(out);
	return text;
}

static int lines(const char *text)
{
	int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

Test(notices, nothing_missing_nothing_said)
{
	own_mem char *text = notices((struct lacks){ 0 }, CT_DEPTH_STEPS, FOUR);

	cr_expect_str_eq(text, "");
}

/* Of the outputs of one live run. */
static char *output_notices(const char *const *outputs, bool steps)
{
	struct ct_options opts = { .steps = steps };
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	while (*outputs)
		opts.outputs.items[opts.outputs.count++] = *outputs++;
	ct_notices_outputs(out, &opts);
	fclose(out);
	return text;
}

Test(notices, an_output_of_steps_in_a_run_without)
{
	static const char *const all[] = { "table", "timeline:a", "csv-steps:b", "html:c", NULL };
	own_mem char *without = output_notices(all, false), *with = output_notices(all, true);

	cr_expect_str_eq(without, "coldtrace: output 'csv-steps' is of steps, and few or none are "
				  "seen without --steps\n");
	cr_expect_str_eq(with, "");
}

Test(notices, a_sentence_per_capability)
{
	own_mem char *text = notices((struct lacks){ 0 }, CT_DEPTH_STEPS, BIT(BPF) | BIT(PERFMON));

	cr_expect_eq(lines(text), 2, "%s", text);
	cr_expect(strstr(text, "coldtrace: without CAP_SYS_PTRACE it does not see engine"));
	cr_expect(strstr(text, "coldtrace: without CAP_DAC_READ_SEARCH it does not see engine"));
}

Test(notices, one_sentence_for_all_system_calls)
{
	const struct lacks lacks = { "tracepoint/", "tracefs is not mounted and cannot be" };
	own_mem char *text = notices(lacks, CT_DEPTH_STEPS, FOUR);
	own_mem char *phases = notices(lacks, CT_DEPTH_PHASES, FOUR);

	cr_expect_eq(lines(text), 1, "%s", text);
	cr_expect(strstr(text, "tracefs is not mounted and cannot be; as root, 'mount -t tracefs"));
	cr_expect_str_eq(phases, "", "phases attach no system call: %s", phases);
}

Test(notices, no_advice_against_lockdown)
{
	own_mem char *text =
		notices((struct lacks){ "tracepoint/", "lockdown=confidentiality closes tracefs" },
			CT_DEPTH_STEPS, FOUR);

	cr_expect(strstr(text, "steps that they are: lockdown=confidentiality closes tracefs\n"),
		  "%s", text);
}

Test(notices, another_way_is_no_news)
{
	own_mem char *text = notices((struct lacks){ "tp_btf/cgroup_mkdir", "not in its BTF" },
				     CT_DEPTH_PHASES, FOUR);

	cr_expect_str_eq(text, "");
}

/* Which of them exist differs between architectures. */
Test(notices, some_system_calls_missing_are_no_news)
{
	own_mem char *text = notices((struct lacks){ "tracepoint/syscalls/sys_enter_mkdir", "no" },
				     CT_DEPTH_STEPS, FOUR);

	cr_expect_str_eq(text, "");
}

Test(notices, a_probe_that_is_off)
{
	own_mem char *text =
		notices((struct lacks){ "/cgroup_mkdir", "not in its BTF" }, CT_DEPTH_PHASES, FOUR);
	own_mem char *not_asked =
		notices((struct lacks){ "/inet_sock_set_state", "no" }, CT_DEPTH_PHASES, FOUR);

	cr_expect_str_eq(text, "coldtrace: probe 'ct_cgroup' is off: not in its BTF; not seen: "
			       "when the cgroup of a container is made\n");
	cr_expect_str_eq(not_asked, "", "it is for --ready listen, which nobody asked for: %s",
			 not_asked);
}

/* Of a file system that is not there nothing can be missed; doctor tells of those that have no tracepoint. */
Test(notices, file_systems)
{
	own_mem char *none =
		notices((struct lacks){ "/xfs_", CT_NO_FILE_SYSTEM }, CT_DEPTH_PHASES, FOUR);
	own_mem char *no_unlink =
		notices((struct lacks){ "/btrfs_unlink", "neither" }, CT_DEPTH_PHASES, FOUR);
	own_mem char *unknown =
		notices((struct lacks){ "/xfs_remove", "no" }, CT_DEPTH_PHASES, FOUR);

	cr_expect_str_eq(none, "");
	cr_expect_str_eq(no_unlink, "");
	cr_expect_str_eq(unknown, "coldtrace: probe 'ct_xfs_unlink' is off: no; not seen: when the "
				  "engine removes the state of a container, on XFS\n");
}
