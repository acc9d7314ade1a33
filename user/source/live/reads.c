// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/reads.h"

#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "ct_features.h"
#include "source/live/kernel.h"
#include "util/mem.h"

/* What libbpf makes of a helper that reads user memory. Nothing in bpf/ calls these itself. */
static const struct {
	int made, wanted;
} calls[] = {
	{ BPF_FUNC_probe_read, BPF_FUNC_probe_read_user },
	{ BPF_FUNC_probe_read_str, BPF_FUNC_probe_read_user_str },
};

/* Handlers of libbpf have no context. */
static int cast_id;
static struct ct_kernel_target targets[CT_PROBE_MAX];

static bool is_call(const struct bpf_insn *insn)
{
	return insn->code == (BPF_JMP | BPF_CALL) && !insn->src_reg;
}

static bool put_right(struct bpf_insn *insn)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(calls); i++) {
		if (insn->imm == calls[i].made) {
			/* Reads of the kernel's memory were changed too: they are not reached. */
			insn->imm = calls[i].wanted;
			return true;
		}
	}
	if (insn->imm != CT_CALL_CAST || !cast_id)
		return false;
	insn->src_reg = BPF_PSEUDO_KFUNC_CALL;
	insn->imm = cast_id;
	return true;
}

static void aim(struct bpf_program *prog, struct bpf_prog_load_opts *opts)
{
	const char *name = bpf_program__name(prog);
	enum ct_probe probe = ct_probe_by_program(name, strlen(name));

	if (probe == CT_PROBE_MAX || !targets[probe].id)
		return;
	bpf_program__set_type(prog, BPF_PROG_TYPE_TRACING);
	opts->attach_btf_id = targets[probe].id;
	opts->attach_btf_obj_fd = (__u32)targets[probe].module;
}

static int before_load(struct bpf_program *prog, struct bpf_prog_load_opts *opts, long cookie)
{
	size_t count = bpf_program__insn_cnt(prog);
	own_mem struct bpf_insn *insns = malloc(count * sizeof(*insns));
	bool changed = false;

	(void)cookie;
	if (!insns)
		return -ENOMEM;
	aim(prog, opts);
	memcpy(insns, bpf_program__insns(prog), count * sizeof(*insns));
	for (size_t i = 0; i < count; i++)
		if (is_call(&insns[i]))
			changed |= put_right(&insns[i]);
	return changed ? bpf_program__set_insns(prog, insns, count) : 0;
}

int ct_reads_keep(int cast)
{
	static const struct {
		const char *section;
		enum bpf_attach_type type;
	} typed[] = {
		{ "tp_btf+", BPF_TRACE_RAW_TP },
		{ "fentry+", BPF_TRACE_FENTRY },
		{ "fexit+", BPF_TRACE_FEXIT },
		{ "iter+", BPF_TRACE_ITER },
	};
	static bool done;
	LIBBPF_OPTS(libbpf_prog_handler_opts, opts, .prog_prepare_load_fn = before_load);

	cast_id = cast;
	for (size_t i = 0; i < CT_ARRAY_SIZE(typed) && !done; i++) {
		/* Until it is loaded of a type for which libbpf does not read all types of the kernel. */
		int r = libbpf_register_prog_handler(typed[i].section, BPF_PROG_TYPE_RAW_TRACEPOINT,
						     typed[i].type, &opts);

		if (r < 0)
			return r;
	}
	done = true;
	return 0;
}

int ct_reads_target(struct ct_kernel *kernel, enum ct_probe probe)
{
	return ct_kernel_target(kernel, probe, &targets[probe]);
}
