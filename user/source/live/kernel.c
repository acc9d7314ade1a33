// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "source/live/targets.h"
#include "source/live/types.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

#define TRACEFS_PATH "/sys/kernel/tracing"
#define KPROBE_PMU   "/sys/bus/event_source/devices/kprobe/type"

/* What was asked is not asked again: finding out may mean to load a program. */
struct answer {
	bool known, yes;
	const char *why_not;
};

struct ct_kernel {
	struct ct_types types;
	struct ct_target_modules target_modules;
	int tracefs; /* -1 if there is none */
	bool tracefs_tried;
	bool confidential; /* lockdown=confidentiality */
	struct answer probes[CT_PROBE_MAX], features[CT_FEATURE_MAX];
};

/* "none [integrity] confidentiality": the one in brackets. */
void ct_kernel_lockdown(char *mode, size_t room)
{
	own_fd int dir = ct_kernel_fs("securityfs", "/sys/kernel/security");
	own_fd int fd = dir < 0 ? -1 : openat(dir, "lockdown", O_RDONLY | O_CLOEXEC);
	char line[128] = "", *from;

	if (fd < 0) {
		snprintf(mode, room, "%s",
			 dir < 0 ? "unknown: securityfs cannot be read" : "not built in");
		return;
	}
	if (read(fd, line, sizeof(line) - 1) < 0)
		line[0] = '\0';
	from = strchr(line, '[');
	if (from)
		from[strcspn(from, "]")] = '\0';
	snprintf(mode, room, "%s", from ? from + 1 : "unknown");
}

void ct_kernel_types_path(const struct ct_kernel *kernel, char *path, size_t room)
{
	snprintf(path, room, "/proc/self/fd/%d", kernel->types.file);
}

int ct_kernel_target(struct ct_kernel *kernel, enum ct_probe probe, struct ct_kernel_target *ret)
{
	return ct_target_find(&kernel->types, &kernel->target_modules, probe, ret);
}

int64_t ct_kernel_layout(struct ct_kernel *kernel, enum ct_layout layout)
{
	return ct_types_layout(&kernel->types, layout);
}

int64_t ct_kernel_preempt_from_rq(struct ct_kernel *kernel)
{
	return ct_types_preempt_from_rq(&kernel->types);
}

int ct_kernel_open(struct ct_kernel **ret, struct ct_err *err)
{
	struct ct_kernel *kernel;
	char mode[48];
	int r;

	if (access(CT_TYPES_PATH "/vmlinux", R_OK))
		return ct_fail(err, -ENOTSUP,
			       "read the types of this kernel: '%s/vmlinux': %s; use a kernel "
			       "built with CONFIG_DEBUG_INFO_BTF=y, as distributions' are",
			       CT_TYPES_PATH, strerror(errno));
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return ct_fail(err, -ENOMEM, "read the types of this kernel: out of memory");
	kernel->tracefs = -1;
	r = ct_types_open(&kernel->types);
	if (r) {
		ct_kernel_close(kernel);
		return ct_fail(err, r, "read the types of this kernel: '%s/vmlinux': %s",
			       CT_TYPES_PATH, strerror(-r));
	}
	ct_kernel_lockdown(mode, sizeof(mode));
	kernel->confidential = !strcmp(mode, "confidentiality");
	*ret = kernel;
	return 0;
}

void ct_kernel_close(struct ct_kernel *kernel)
{
	if (!kernel)
		return;
	ct_types_close(&kernel->types);
	ct_target_modules_close(&kernel->target_modules);
	if (kernel->tracefs >= 0)
		close(kernel->tracefs);
	free(kernel);
}

/* "nodev\tproc", "\text4": what is after the tab, of which the modules of file systems have their names. */
static bool has_file_system(const char *name)
{
	own_fd int fd = open("/proc/filesystems", O_RDONLY | O_CLOEXEC);
	char list[4096] = "", *rest = list, *line;

	if (fd < 0 || read(fd, list, sizeof(list) - 1) <= 0)
		return true; /* who knows */
	while ((line = strsep(&rest, "\n"))) {
		const char *tab = strchr(line, '\t');

		if (tab && !strcmp(tab + 1, name))
			return true;
	}
	return false;
}

static bool knows_layouts(struct ct_kernel *kernel, const char *module)
{
	for (unsigned int i = 0; i < CT_LAYOUT_MAX; i++)
		if (!strcmp(ct_layout_module(i), module) && ct_kernel_layout(kernel, i) < 0)
			return false;
	return true;
}

static int tracefs_of(struct ct_kernel *kernel)
{
	if (!kernel->tracefs_tried)
		kernel->tracefs = ct_kernel_fs("tracefs", TRACEFS_PATH);
	kernel->tracefs_tried = true;
	return kernel->tracefs;
}

static const char needs_sys_admin[] = "only CAP_SYS_ADMIN may use the BTF of a module";

static bool can_btf(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
		    const char **why_not)
{
	const char *module = ct_probes[probe].module;
	const struct ct_types_of *of;
	char type[128];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	if (ct_types_id(&kernel->types.vmlinux, type, BTF_KIND_TYPEDEF))
		return true;
	of = ct_types_module(&kernel->types, module);
	if (of && ct_types_id(of, type, BTF_KIND_TYPEDEF)) {
		/* bpf_btf_get_fd_by_id() in kernel/bpf/syscall.c: CAP_BPF does not suffice. */
		if (ct_own_caps() >> CAP_SYS_ADMIN & 1)
			return true;
		*why_not = needs_sys_admin;
		return false;
	}
	*why_not = *module && !of ? "not in its BTF, nor is the module loaded that has it"
				  : "not in its BTF";
	return false;
}

/* A raw tracepoint of a module needs no BTF; it is there when the module is. */
static bool can_raw(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
		    const char **why_not)
{
	const char *module = ct_probes[probe].module;
	char path[128];

	if (can_btf(kernel, probe, name, why_not) || *why_not == needs_sys_admin)
		return true;
	if (ct_types_module(&kernel->types, module)) /* which does not have it */
		return false;
	/* What is built in has no such file, and all its tracepoints are in the kernel's BTF. */
	snprintf(path, sizeof(path), "/sys/module/%s/initstate", module);
	if (*module && !access(path, F_OK))
		return true;
	if (*module)
		*why_not = "not in its BTF, nor is the module loaded that has it";
	return false;
}

/* Loads and attaches a program that does nothing: some kernels refuse the one, some the other. */
static bool try_fentry(uint32_t id, enum bpf_attach_type type)
{
	const struct bpf_insn nothing[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = type, .attach_btf_id = id);
	own_fd int prog = bpf_prog_load(BPF_PROG_TYPE_TRACING, "ct_try", "GPL", nothing,
					CT_ARRAY_SIZE(nothing), &opts);
	own_fd int link = prog < 0 ? -1 : bpf_raw_tracepoint_open(NULL, prog);

	return link >= 0;
}

/*
 * A function of a module is reached by the descriptor of its BTF, which libbpf finds. Whether there
 * is fentry at all, a function that the kernel has for such trials shows.
 */
static bool can_module_fentry(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
			      uint32_t *ret_id, const char **why_not)
{
	const struct ct_types_of *of = ct_types_module(&kernel->types, ct_probes[probe].module);

	if (!of || !ct_types_id(of, name, BTF_KIND_FUNC))
		return true; /* none is found */
	*ret_id = ct_types_id(&kernel->types.vmlinux, "bpf_fentry_test1", BTF_KIND_FUNC);
	if (ct_own_caps() >> CAP_SYS_ADMIN & 1)
		return true;
	*why_not = needs_sys_admin;
	return false;
}

static bool can_fentry(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
		       const char **why_not)
{
	bool leave = !strncmp(ct_probes[probe].hook, "fexit/", strlen("fexit/"));
	uint32_t id = ct_types_id(&kernel->types.vmlinux, name, BTF_KIND_FUNC);

	if (!id && !can_module_fentry(kernel, probe, name, &id, why_not))
		return false;
	if (!id)
		*why_not = "no such function in its BTF";
	else if (try_fentry(id, leave ? BPF_TRACE_FEXIT : BPF_TRACE_FENTRY))
		return true;
	else
		*why_not =
			errno == EPERM
				? "it permits no fentry (lockdown, or lack of rights or of locked memory)"
				: "it has no fentry for this function";
	return false;
}

/* Makes the probe and does not enable it. */
static bool can_kprobe(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
		       const char **why_not)
{
	struct perf_event_attr attr = { .size = sizeof(attr), .kprobe_func = (uintptr_t)name };
	own_fd int fd = -1;
	char type[16];

	(void)kernel;
	(void)probe;
	if (!ct_text_read(KPROBE_PMU, type, sizeof(type))) {
		*why_not = "it is built without kprobes";
		return false;
	}
	attr.type = (__u32)strtoul(type, NULL, 10);
	fd = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd >= 0)
		return true;
	*why_not = errno == ENOENT ? "no such function"
				   : "it permits no kprobe (lockdown, or lack of rights)";
	return false;
}

static bool can_tracefs(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
			const char **why_not)
{
	char path[128];

	(void)probe;
	/* Nothing in it can be used, and 6.12 falls over a tracefs that is made there and let go. */
	if (kernel->confidential) {
		*why_not = "lockdown=confidentiality closes tracefs";
		return false;
	}
	snprintf(path, sizeof(path), "events/%s/id", name);
	if (tracefs_of(kernel) < 0) {
		*why_not = "tracefs is not mounted and cannot be";
		return false;
	}
	/* By what is effective: a real user other than root would else lose its capabilities. */
	if (!faccessat(kernel->tracefs, path, R_OK, AT_EACCESS))
		return true;
	*why_not = errno == ENOENT ? "no such tracepoint in tracefs"
				   : "its tracepoint in tracefs may not be read";
	return false;
}

static struct bpf_link *attach_typed(struct ct_kernel *kernel, struct bpf_program *prog,
				     const char *name)
{
	(void)kernel;
	(void)name;
	return bpf_program__attach_trace(prog);
}

static struct bpf_link *attach_plain(struct ct_kernel *kernel, struct bpf_program *prog,
				     const char *name)
{
	(void)kernel;
	(void)name;
	return bpf_program__attach(prog);
}

/* By the tracepoint's id: libbpf would need tracefs mounted. */
static struct bpf_link *attach_tracefs(struct ct_kernel *kernel, struct bpf_program *prog,
				       const char *name)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
	};
	struct bpf_link *link;
	char path[128], id[24] = "";
	own_fd int fd = -1, perf = -1;

	snprintf(path, sizeof(path), "events/%s/id", name);
	fd = openat(tracefs_of(kernel), path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, id, sizeof(id) - 1) <= 0)
		return NULL;
	attr.config = strtoull(id, NULL, 10);
	perf = (int)syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (perf < 0)
		return NULL;
	link = bpf_program__attach_perf_event(prog, perf);
	if (link)
		take_fd(perf); /* the link closes it */
	return link;
}

static struct bpf_link *attach_iter(struct ct_kernel *kernel, struct bpf_program *prog,
				    const char *name)
{
	(void)kernel;
	(void)name;
	return bpf_program__attach_iter(prog, NULL);
}

/* An iterator is no tracepoint: it is there if the kernel has the type of its context. */
static bool can_iter(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
		     const char **why_not)
{
	char type[128];

	(void)probe;
	snprintf(type, sizeof(type), "bpf_iter__%s", name);
	if (ct_types_id(&kernel->types.vmlinux, type, BTF_KIND_STRUCT))
		return true;
	*why_not = "not in its BTF";
	return false;
}

static const struct hook_kind {
	const char *prefix;
	bool (*can)(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
		    const char **why_not);
	struct bpf_link *(*attach)(struct ct_kernel *kernel, struct bpf_program *prog,
				   const char *name);
} hook_kinds[] = {
	{ "tp_btf/", can_btf, attach_typed },           { "raw_tp/", can_raw, attach_plain },
	{ "fentry/", can_fentry, attach_typed },        { "fexit/", can_fentry, attach_typed },
	{ "kprobe/", can_kprobe, attach_plain },        { "kretprobe/", can_kprobe, attach_plain },
	{ "tracepoint/", can_tracefs, attach_tracefs }, { "iter/", can_iter, attach_iter },
};

static const struct hook_kind *hook_kind_of(const char *hook, const char **ret_name)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(hook_kinds); i++) {
		size_t n = strlen(hook_kinds[i].prefix);

		if (!strncmp(hook, hook_kinds[i].prefix, n)) {
			*ret_name = hook + n;
			return &hook_kinds[i];
		}
	}
	return NULL;
}

bool ct_kernel_can(void *ctx, enum ct_probe probe, const char **why_not)
{
	struct ct_kernel *kernel = ctx;
	struct answer *answer = &kernel->probes[probe];
	const char *module = ct_probes[probe].module, *name;

	if (!answer->known) {
		const struct hook_kind *kind = hook_kind_of(ct_probes[probe].hook, &name);

		answer->known = true;
		if (*module && !has_file_system(module))
			answer->why_not = CT_NO_FILE_SYSTEM;
		else if (kind)
			answer->yes = kind->can(kernel, probe, name, &answer->why_not);
		else
			answer->why_not = "unknown kind of hook";
		if (answer->yes && !knows_layouts(kernel, module)) {
			answer->yes = false;
			answer->why_not = "it has no BTF of the module that the hook is in";
		}
	}
	*why_not = answer->why_not;
	return answer->yes;
}

/* What a feature is to the kernel: helpers by their names, or a function of its own. */
struct helper {
	int id;
	const char *name; /* in its enum bpf_func_id */
};

static const struct feature_kind {
	struct helper helpers[3]; /* all of them */
	const char *kfunc;
} feature_kinds[CT_FEATURE_MAX] = {
	[CT_FEATURE_READ] = { { { BPF_FUNC_probe_read_kernel, "BPF_FUNC_probe_read_kernel" } },
			      NULL },
	[CT_FEATURE_TASK_REGS] = { { { BPF_FUNC_task_pt_regs, "BPF_FUNC_task_pt_regs" },
				     { BPF_FUNC_get_current_task_btf,
				       "BPF_FUNC_get_current_task_btf" } },
				   NULL },
	[CT_FEATURE_SOCKETS] = { { { BPF_FUNC_skc_to_unix_sock, "BPF_FUNC_skc_to_unix_sock" },
				   { BPF_FUNC_get_socket_cookie, "BPF_FUNC_get_socket_cookie" } },
				 NULL },
	[CT_FEATURE_LOOP] = { { { BPF_FUNC_loop, "BPF_FUNC_loop" } }, NULL },
	[CT_FEATURE_STORAGE] = { { { BPF_FUNC_task_storage_get, "BPF_FUNC_task_storage_get" } },
				 NULL },
	[CT_FEATURE_CAST] = { { { 0, NULL } }, "bpf_rdonly_cast" },
};

static bool in_enum(struct ct_kernel *kernel, const char *name, const char *value)
{
	int id = btf__find_by_name_kind(ct_types(&kernel->types), name, BTF_KIND_ENUM);
	const struct btf_type *type =
		id > 0 ? btf__type_by_id(ct_types(&kernel->types), (__u32)id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++) {
		const char *at =
			btf__name_by_offset(ct_types(&kernel->types), btf_enum(type)[i].name_off);

		if (at && !strcmp(at, value))
			return true;
	}
	return false;
}

/*
 * Whether programs of tracepoints with types may call it. The verifier says so before it looks at
 * the arguments, of which there are none here; without the right to load it says nothing.
 */
static bool may_call(struct ct_kernel *kernel, int helper)
{
	const struct bpf_insn call[] = {
		{ .code = BPF_JMP | BPF_CALL, .imm = helper },
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	char log[4096] = "";
	LIBBPF_OPTS(bpf_prog_load_opts, opts, .expected_attach_type = BPF_TRACE_RAW_TP,
		    .attach_btf_id = ct_types_id(&kernel->types.vmlinux,
						 "btf_trace_sched_process_exit", BTF_KIND_TYPEDEF),
		    .log_buf = log, .log_size = sizeof(log), .log_level = 1);
	own_fd int fd = bpf_prog_load(BPF_PROG_TYPE_TRACING, "ct_try", "GPL", call,
				      CT_ARRAY_SIZE(call), &opts);

	return fd >= 0 || (!strstr(log, "unknown func") && !strstr(log, "invalid func") &&
			   !strstr(log, "cannot use helper"));
}

bool ct_kernel_has(void *ctx, enum ct_feature feature, const char **why_not)
{
	struct ct_kernel *kernel = ctx;
	struct answer *answer = &kernel->features[feature];
	const struct feature_kind *kind = &feature_kinds[feature];

	if (!answer->known) {
		answer->known = true;
		answer->yes = true;
		if (feature == CT_FEATURE_READ && kernel->confidential) {
			/* Before 5.13 it may be called, and reads nothing. */
			answer->yes = false;
			*why_not = answer->why_not = "lockdown=confidentiality forbids it";
			return false;
		}
		if (kind->kfunc && !ct_types_id(&kernel->types.vmlinux, kind->kfunc, BTF_KIND_FUNC))
			answer->yes = false;
		for (size_t i = 0; i < CT_ARRAY_SIZE(kind->helpers) && kind->helpers[i].name; i++)
			answer->yes &= in_enum(kernel, "bpf_func_id", kind->helpers[i].name);
		if (!answer->yes)
			answer->why_not = "this kernel does not have it";
		for (size_t i = 0; answer->yes && i < CT_ARRAY_SIZE(kind->helpers); i++) {
			if (!kind->helpers[i].name || may_call(kernel, kind->helpers[i].id))
				continue;
			answer->yes = false;
			answer->why_not = "this kernel does not let these programs call it";
		}
	}
	*why_not = answer->why_not;
	return answer->yes;
}

int ct_kernel_cast(struct ct_kernel *kernel)
{
	return (int)ct_types_id(&kernel->types.vmlinux, feature_kinds[CT_FEATURE_CAST].kfunc,
				BTF_KIND_FUNC);
}

void ct_kernel_cast_types(struct ct_kernel *kernel, uint32_t ret[CT_CAST_TYPE_MAX])
{
#define X(name) \
	ret[CT_CAST_TYPE_##name] = ct_types_id(&kernel->types.vmlinux, #name, BTF_KIND_STRUCT);
	CT_CAST_TYPES(X)
#undef X
}

struct bpf_link *ct_kernel_attach(struct ct_kernel *kernel, enum ct_probe probe,
				  struct bpf_program *prog)
{
	const char *name;
	const struct hook_kind *kind = hook_kind_of(ct_probes[probe].hook, &name);

	return kind ? kind->attach(kernel, prog, name) : NULL;
}

bool ct_kernel_has_ring(struct ct_kernel *kernel)
{
	return in_enum(kernel, "bpf_map_type", "BPF_MAP_TYPE_RINGBUF");
}
