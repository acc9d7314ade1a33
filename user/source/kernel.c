// SPDX-License-Identifier: GPL-2.0-only
#include "source/kernel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "source/procfs.h"
#include "util/mem.h"

#define BTF_PATH     "/sys/kernel/btf"
#define TRACEFS_PATH "/sys/kernel/tracing"

struct ct_kernel {
	struct btf *btf;
	struct btf *module; /* of the module named last */
	const char *module_name;
	int tracefs; /* -1 if there is none */
	bool tracefs_tried;
};

int ct_kernel_open(struct ct_kernel **ret, struct ct_err *err)
{
	struct ct_kernel *kernel;

	if (access(BTF_PATH "/vmlinux", R_OK))
		return ct_fail(err, -ENOTSUP,
			       "read the types of this kernel: '%s/vmlinux': %s; use a kernel "
			       "built with CONFIG_DEBUG_INFO_BTF=y, as distributions' are",
			       BTF_PATH, strerror(errno));
	kernel = calloc(1, sizeof(*kernel));
	if (!kernel)
		return ct_fail(err, -ENOMEM, "read the types of this kernel: out of memory");
	kernel->tracefs = -1;
	kernel->btf = btf__load_vmlinux_btf();
	if (!kernel->btf) {
		int r = -errno;

		ct_kernel_close(kernel);
		return ct_fail(err, r, "read the types of this kernel: '%s/vmlinux': %s", BTF_PATH,
			       strerror(-r));
	}
	*ret = kernel;
	return 0;
}

void ct_kernel_close(struct ct_kernel *kernel)
{
	if (!kernel)
		return;
	btf__free(kernel->module);
	btf__free(kernel->btf);
	if (kernel->tracefs >= 0)
		close(kernel->tracefs);
	free(kernel);
}

static struct btf *module_btf(struct ct_kernel *kernel, const char *name)
{
	if (!*name)
		return NULL;
	if (!kernel->module_name || strcmp(kernel->module_name, name)) {
		char path[128];

		btf__free(kernel->module);
		kernel->module = NULL;
		kernel->module_name = name;
		snprintf(path, sizeof(path), "%s/%s", BTF_PATH, name);
		if (!access(path, R_OK))
			kernel->module = btf__load_module_btf(name, kernel->btf);
	}
	return kernel->module;
}

static int tracefs_of(struct ct_kernel *kernel)
{
	if (!kernel->tracefs_tried)
		kernel->tracefs = ct_kernel_fs("tracefs", TRACEFS_PATH);
	kernel->tracefs_tried = true;
	return kernel->tracefs;
}

static bool can_btf(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
		    const char **why_not)
{
	const char *module = ct_probes[probe].module;
	struct btf *btf;
	char type[128];

	snprintf(type, sizeof(type), "btf_trace_%s", name);
	if (btf__find_by_name_kind(kernel->btf, type, BTF_KIND_TYPEDEF) > 0)
		return true;
	btf = module_btf(kernel, module);
	if (btf && btf__find_by_name_kind(btf, type, BTF_KIND_TYPEDEF) > 0)
		return true;
	*why_not = *module && !btf ? "not in its BTF, nor is the module loaded that has it"
				   : "not in its BTF";
	return false;
}

static bool can_tracefs(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
			const char **why_not)
{
	char path[128];

	(void)probe;
	snprintf(path, sizeof(path), "events/%s/id", name);
	if (tracefs_of(kernel) < 0) {
		*why_not = "tracefs is not mounted and cannot be";
		return false;
	}
	if (!faccessat(kernel->tracefs, path, R_OK, 0))
		return true;
	*why_not = errno == ENOENT ? "no such tracepoint in tracefs"
				   : "its tracepoint in tracefs may not be read";
	return false;
}

static struct bpf_link *attach_btf(struct ct_kernel *kernel, struct bpf_program *prog,
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

static const struct hook_kind {
	const char *prefix;
	bool (*can)(struct ct_kernel *kernel, enum ct_probe probe, const char *name,
		    const char **why_not);
	struct bpf_link *(*attach)(struct ct_kernel *kernel, struct bpf_program *prog,
				   const char *name);
} hook_kinds[] = {
	{ "tp_btf/", can_btf, attach_btf },
	{ "tracepoint/", can_tracefs, attach_tracefs },
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

bool ct_kernel_can(void *kernel, enum ct_probe probe, const char **why_not)
{
	const char *name;
	const struct hook_kind *kind = hook_kind_of(ct_probes[probe].hook, &name);

	if (!kind) {
		*why_not = "unknown kind of hook";
		return false;
	}
	return kind->can(kernel, probe, name, why_not);
}

struct bpf_link *ct_kernel_attach(struct ct_kernel *kernel, enum ct_probe probe,
				  struct bpf_program *prog)
{
	const char *name;
	const struct hook_kind *kind = hook_kind_of(ct_probes[probe].hook, &name);

	return kind ? kind->attach(kernel, prog, name) : NULL;
}

bool ct_kernel_has_ring(const struct ct_kernel *kernel)
{
	int id = btf__find_by_name_kind(kernel->btf, "bpf_map_type", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(kernel->btf, (__u32)id) : NULL;

	for (int i = 0; type && i < btf_vlen(type); i++) {
		const char *name = btf__name_by_offset(kernel->btf, btf_enum(type)[i].name_off);

		if (name && !strcmp(name, "BPF_MAP_TYPE_RINGBUF"))
			return true;
	}
	return false;
}
