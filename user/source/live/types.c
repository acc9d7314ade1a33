// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/types.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bpf/btf.h>

#include "core_types.h"
#include "ct_features.h"
#include "source/live/types_pick.h"
#include "source/live/plan.h"
#include "util/mem.h"

#define NAME_LEN 128

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

/* What else is asked for than hooks and what programs read. */
static const char *const others[] = {
	".data..percpu", "__preempt_count", "bpf_fentry_test1", "bpf_func_id",
	"bpf_map_type",  "bpf_rdonly_cast", "runqueues",
};

/* What the hook of a probe is in the kernel's types, by what its name begins with. */
static const struct {
	const char *prefix, *type;
} hooks[] = {
	{ "tp_btf/", "btf_trace_" }, { "raw_tp/", "btf_trace_" },
	{ "fentry/", "" },           { "fexit/", "" },
	{ "iter/", "bpf_iter_" },    { "iter/", "bpf_iter__" },
};

struct names {
	char (*made)[NAME_LEN]; /* owned */
	const char **all; /* owned */
	size_t count, made_count;
};

static int by_name(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void add_hooks(struct names *n)
{
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		for (size_t j = 0; j < CT_ARRAY_SIZE(hooks); j++) {
			size_t len = strlen(hooks[j].prefix);
			char *name = n->made[n->made_count];

			if (strncmp(ct_probes[i].hook, hooks[j].prefix, len) != 0)
				continue;
			snprintf(name, NAME_LEN, "%s%s", hooks[j].type, ct_probes[i].hook + len);
			n->all[n->count++] = name;
			n->made_count++;
		}
	}
}

static int names_make(struct names *n)
{
	n->made = calloc(CT_PROBE_MAX * 2ul, sizeof(*n->made));
	n->all = calloc(CT_PROBE_MAX * 2ul + CT_ARRAY_SIZE(ct_core_types) + CT_ARRAY_SIZE(others) +
				CT_LAYOUT_MAX,
			sizeof(*n->all));
	if (!n->made || !n->all)
		return -ENOMEM;
	add_hooks(n);
	for (size_t i = 0; i < CT_ARRAY_SIZE(ct_core_types); i++)
		n->all[n->count++] = ct_core_types[i];
	for (size_t i = 0; i < CT_ARRAY_SIZE(others); i++)
		n->all[n->count++] = others[i];
	for (unsigned int i = 0; i < CT_LAYOUT_MAX; i++)
		n->all[n->count++] = layouts[i].type;
	qsort(n->all, n->count, sizeof(*n->all), by_name);
	return 0;
}

static void names_free(struct names *n)
{
	free(n->made);
	free(n->all);
}

static int write_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n <= 0)
			return n ? -errno : -EIO;
		bytes += n;
		size -= (size_t)n;
	}
	return 0;
}

/* file: where it is written too, or -1 */
static int take(struct ct_types_of *of, const struct ct_btf *all, const struct names *n, int file)
{
	struct ct_btf_picked picked;
	int r = ct_btf_pick(&picked, all, n->all, n->count);

	if (r)
		return r;
	of->btf = btf__new(picked.bytes, (__u32)picked.size);
	if (!of->btf)
		r = -errno;
	else if (file >= 0)
		r = write_all(file, picked.bytes, picked.size);
	of->count = picked.count;
	of->ids = take_ptr(picked.ids);
	ct_btf_picked_free(&picked);
	return r;
}

static bool is_known(const struct ct_types *types, const char *module)
{
	for (size_t i = 0; i < types->module_count; i++)
		if (!strcmp(types->modules[i].name, module))
			return true;
	return false;
}

/* A module without types is as one that is not there. */
static void take_modules(struct ct_types *types, const struct ct_btf *base, const struct names *n)
{
	for (unsigned int i = 0; i < CT_PROBE_MAX; i++) {
		const char *name = ct_probes[i].module;
		struct ct_types_of *of = &types->modules[types->module_count];
		struct ct_btf all;
		char path[NAME_LEN];

		if (!*name || is_known(types, name) || types->module_count == CT_TYPES_MODULES_MAX)
			continue;
		types->module_count++;
		of->name = name;
		snprintf(path, sizeof(path), "%s/%s", CT_TYPES_PATH, name);
		if (!ct_btf_open(&all, path, base))
			take(of, &all, n, -1);
		ct_btf_close(&all);
	}
}

int ct_types_open(struct ct_types *types)
{
	struct names n = { 0 };
	struct ct_btf all = { 0 };
	int r = names_make(&n);

	*types = (struct ct_types){ .file = memfd_create("coldtrace-types", MFD_CLOEXEC) };
	if (!r && types->file < 0)
		r = -errno;
	if (!r)
		r = ct_btf_open(&all, CT_TYPES_PATH "/vmlinux", NULL);
	if (!r)
		r = take(&types->vmlinux, &all, &n, types->file);
	if (!r)
		take_modules(types, &all, &n);
	ct_btf_close(&all);
	names_free(&n);
	return r;
}

void ct_types_close(struct ct_types *types)
{
	btf__free(types->vmlinux.btf);
	free(types->vmlinux.ids);
	for (size_t i = 0; i < types->module_count; i++) {
		btf__free(types->modules[i].btf);
		free(types->modules[i].ids);
	}
	if (types->file >= 0)
		close(types->file);
	*types = (struct ct_types){ .file = -1 };
}

const struct btf *ct_types(const struct ct_types *types)
{
	return types->vmlinux.btf;
}

const struct ct_types_of *ct_types_module(const struct ct_types *types, const char *name)
{
	for (size_t i = 0; i < types->module_count; i++)
		if (!strcmp(types->modules[i].name, name))
			return types->modules[i].btf ? &types->modules[i] : NULL;
	return NULL;
}

uint32_t ct_types_id(const struct ct_types_of *of, const char *name, uint32_t kind)
{
	int id = of->btf ? btf__find_by_name_kind(of->btf, name, kind) : -1;

	return id > 0 && (uint32_t)id < of->count ? of->ids[id] : 0;
}

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

int64_t ct_types_layout(const struct ct_types *types, enum ct_layout layout)
{
	const struct ct_types_of *module = ct_types_module(types, layouts[layout].module);
	const struct btf *all[] = { ct_types(types), module ? module->btf : NULL };

	for (size_t i = 0; i < CT_ARRAY_SIZE(all); i++) {
		int id = all[i] ? btf__find_by_name_kind(all[i], layouts[layout].type,
							 BTF_KIND_STRUCT)
				: -1;

		if (id > 0)
			return member_offset(all[i], (__u32)id, layouts[layout].member, 0);
	}
	return -1;
}

int64_t ct_types_preempt_from_rq(const struct ct_types *types)
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
