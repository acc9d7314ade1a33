// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/targets.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/btf.h>

#include "util/mem.h"

static const struct {
	uint32_t hook; /* enum ct_hook */
	const char *type;
	uint32_t kind;
} targets[] = {
	{ CT_HOOK_TP_BTF, "btf_trace_", BTF_KIND_TYPEDEF },
	{ CT_HOOK_FENTRY, "", BTF_KIND_FUNC },
	{ CT_HOOK_ITER, "bpf_iter_", BTF_KIND_FUNC },
};

static bool is_called(int fd, const char *name)
{
	char is[64] = "";
	struct bpf_btf_info info = { .name = (uintptr_t)is, .name_len = sizeof(is) };
	__u32 len = sizeof(info);

	return !bpf_obj_get_info_by_fd(fd, &info, &len) && info.kernel_btf && !strcmp(is, name);
}

/* Among all types that the kernel holds. Takes CAP_SYS_ADMIN. */
static int open_types(const char *module)
{
	__u32 id = 0;

	while (!bpf_btf_get_next_id(id, &id)) {
		own_fd int fd = bpf_btf_get_fd_by_id(id);

		if (fd >= 0 && is_called(fd, module))
			return take_fd(fd);
	}
	return -ENOENT;
}

static int module_fd(struct ct_target_modules *modules, const char *name)
{
	size_t i = 0;
	int fd;

	while (i < modules->count && strcmp(modules->items[i].name, name) != 0)
		i++;
	if (i < modules->count)
		return modules->items[i].fd;
	fd = open_types(name);
	if (fd >= 0) {
		modules->items[i].name = name;
		modules->items[i].fd = fd;
		modules->count++;
	}
	return fd;
}

int ct_target_find(const struct ct_types *types, struct ct_target_modules *modules,
		   enum ct_probe probe, struct ct_kernel_target *ret)
{
	const struct ct_types_of *module = ct_types_module(types, ct_probes[probe].module);
	const char *hook = strchr(ct_probes[probe].hook, '/') + 1;
	char name[128];
	size_t i = 0;

	*ret = (struct ct_kernel_target){ 0 };
	while (i < CT_ARRAY_SIZE(targets) && targets[i].hook != (uint32_t)ct_hook_of(probe))
		i++;
	if (i == CT_ARRAY_SIZE(targets))
		return 0;
	snprintf(name, sizeof(name), "%s%s", targets[i].type, hook);
	ret->id = ct_types_id(&types->vmlinux, name, targets[i].kind);
	if (ret->id)
		return 0;
	ret->id = module ? ct_types_id(module, name, targets[i].kind) : 0;
	if (!ret->id)
		return -ENOENT;
	ret->module = module_fd(modules, module->name);
	return ret->module < 0 ? ret->module : 0;
}

void ct_target_modules_close(struct ct_target_modules *modules)
{
	for (size_t i = 0; i < modules->count; i++)
		close(modules->items[i].fd);
	modules->count = 0;
}
