// SPDX-License-Identifier: GPL-2.0-only
/*
 * How many instructions the verifier of this kernel went through, per probe and per set of
 * features: "program set count", or "-" for what this kernel does not load. Needs root.
 */
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "coldtrace.skel.h"
#include "source/live/kernel.h"
#include "source/live/plan.h"
#include "source/live/reads.h"
#include "util/mem.h"

static const struct set {
	const char *name;
	uint32_t features;
} sets[] = {
	{ "all", (1u << CT_FEATURE_MAX) - 1 },
	{ "typed", ((1u << CT_FEATURE_MAX) - 1) & ~CT_FEATURE_BIT(READ) },
	{ "oldest", CT_FEATURE_BIT(READ) },
};

static int quiet(enum libbpf_print_level level, const char *fmt, va_list args)
{
	(void)level, (void)fmt, (void)args;
	return 0;
}

/* 0: it is not loaded. */
static __u32 verified(struct ct_kernel *kernel, enum ct_probe probe, const struct set *set)
{
	char path[64];
	LIBBPF_OPTS(bpf_object_open_opts, opts, .btf_custom_path = path);
	struct coldtrace_bpf *skel;
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	struct bpf_program *prog;

	ct_kernel_types_path(kernel, path, sizeof(path));
	skel = coldtrace_bpf__open_opts(&opts);
	if (!skel)
		return 0;
	ct_kernel_cast_types(kernel, (uint32_t *)skel->rodata->ct_cast_types);
	skel->rodata->ct_features = set->features;
	skel->rodata->ct_thread_size = 16384;
	skel->rodata->ct_xfs_inode_at = ct_kernel_layout(kernel, CT_LAYOUT_XFS_INODE);
	skel->rodata->ct_xfs_name_at = ct_kernel_layout(kernel, CT_LAYOUT_XFS_NAME);
	prog = bpf_object__find_program_by_name(skel->obj, ct_probes[probe].program);
	if (prog)
		bpf_program__set_autoload(prog, true);
	if (prog && !ct_reads_target(kernel, probe) && !coldtrace_bpf__load(skel))
		bpf_obj_get_info_by_fd(bpf_program__fd(prog), &info, &len);
	coldtrace_bpf__destroy(skel);
	return info.verified_insns;
}

int main(void)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	struct ct_kernel *kernel = NULL;
	struct ct_err err;

	setrlimit(RLIMIT_MEMLOCK, &all); /* only kernels before 5.11 need it */
	libbpf_set_print(quiet);
	if (ct_kernel_open(&kernel, &err)) {
		fprintf(stderr, "insns: %s\n", err.msg);
		return 1;
	}
	if (ct_reads_keep(ct_kernel_cast(kernel)))
		return 1;
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		for (size_t j = 0; j < CT_ARRAY_SIZE(sets); j++) {
			const struct ct_probe_row *row = &ct_probes[i];
			__u32 n;

			/* As the plan: a set without what the probe needs is no set for it. */
			if (row->features && !(row->features & sets[j].features))
				continue;
			/* These read nothing that depends on it. */
			if (!row->features && ct_hook_of(i) == CT_HOOK_TRACEPOINT && j)
				continue;
			n = verified(kernel, i, &sets[j]);
			if (n)
				printf("%s %s %u\n", row->program, sets[j].name, n);
			else
				printf("%s %s -\n", row->program, sets[j].name);
		}
	}
	ct_kernel_close(kernel);
	return fflush(stdout) ? 1 : 0;
}
