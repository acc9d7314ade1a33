// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/types.h"

#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "util/mem.h"

const struct btf *ct_types(struct ct_types *types)
{
	if (!types->vmlinux)
		types->vmlinux = btf__load_vmlinux_btf();
	if (!types->vmlinux)
		types->vmlinux = btf__new_empty();
	return types->vmlinux;
}

const struct btf *ct_types_module(struct ct_types *types, const char *name)
{
	if (!*name)
		return NULL;
	if (!types->module_name || strcmp(types->module_name, name)) {
		char path[128];

		ct_types(types);
		btf__free(types->module);
		types->module = NULL;
		types->module_name = name;
		snprintf(path, sizeof(path), "%s/%s", CT_TYPES_PATH, name);
		if (!access(path, R_OK))
			types->module = btf__load_module_btf(name, types->vmlinux);
	}
	return types->module;
}

void ct_types_put_away(struct ct_types *types)
{
	btf__free(types->module);
	btf__free(types->vmlinux);
	*types = (struct ct_types){ 0 };
	malloc_trim(0);
}

/*
 * Members of a module's types that programs look for by themselves: where libbpf would find them
 * takes CAP_SYS_ADMIN, reading the file does not.
 */
static const struct {
	const char *module, *type, *member;
} layouts[CT_LAYOUT_MAX] = {
	[CT_LAYOUT_XFS_INODE] = { "xfs", "xfs_inode", "i_vnode" },
	[CT_LAYOUT_XFS_NAME] = { "xfs", "xfs_name", "name" },
};

const char *ct_layout_module(enum ct_layout layout)
{
	return layouts[layout].module;
}

/* Offset of a variable among those that each CPU has its own of, -1 if there is none such. */
static int64_t per_cpu_offset(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, ".data..percpu", BTF_KIND_DATASEC);
	const struct btf_type *section = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;

	for (int i = 0; section && i < btf_vlen(section); i++) {
		const struct btf_var_secinfo *var = &btf_var_secinfos(section)[i];
		const struct btf_type *type = btf__type_by_id(btf, var->type);

		if (!strcmp(btf__name_by_offset(btf, type->name_off), name))
			return var->offset;
	}
	return -1;
}

/* Offset of a member, -1 if there is none; it may lie in a union or structure without a name. */
static int64_t member_offset(const struct btf *btf, __u32 id, const char *name, unsigned depth)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	for (int i = 0; depth < 4 && type && btf_is_composite(type) && i < btf_vlen(type); i++) {
		const struct btf_member *m = &btf_members(type)[i];
		const char *is = btf__name_by_offset(btf, m->name_off);
		int64_t at = btf_member_bit_offset(type, (__u32)i) / 8, below;

		if (!strcmp(is, name))
			return at;
		below = *is ? -1 : member_offset(btf, m->type, name, depth + 1);
		if (below >= 0)
			return at + below;
	}
	return -1;
}

int64_t ct_types_layout(struct ct_types *types, enum ct_layout layout)
{
	const struct btf *all[] = { ct_types(types),
				    ct_types_module(types, layouts[layout].module) };

	for (size_t i = 0; i < CT_ARRAY_SIZE(all); i++) {
		int id = all[i] ? btf__find_by_name_kind(all[i], layouts[layout].type,
							 BTF_KIND_STRUCT)
				: -1;

		if (id > 0)
			return member_offset(all[i], (__u32)id, layouts[layout].member, 0);
	}
	return -1;
}

int64_t ct_types_preempt_from_rq(struct ct_types *types)
{
	const struct btf *btf = ct_types(types);
	int64_t rq = per_cpu_offset(btf, "runqueues");
	int64_t count = per_cpu_offset(btf, "__preempt_count");

	if (count < 0) { /* Linux 6.2 to 6.14 */
		int id = btf__find_by_name_kind(btf, "pcpu_hot", BTF_KIND_STRUCT);

		count = per_cpu_offset(btf, "pcpu_hot");
		if (count >= 0 && id > 0) {
			int64_t at = member_offset(btf, (__u32)id, "preempt_count", 0);

			count = at < 0 ? -1 : count + at;
		}
	}
	return rq < 0 || count < 0 ? 0 : count - rq;
}
