// SPDX-License-Identifier: GPL-2.0-only
/* What is picked of the types of a kernel, and of a module that goes on where they end. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/btf.h>
#include <stdlib.h>
#include <string.h>

#include "source/live/types_pick.h"
#include "util/mem.h"

/* A file of types that is being made. */
struct made {
	struct btf_header h;
	char types[1024], strings[512];
	uint32_t types_len, strings_len, first_string, count;
	char bytes[2048];
	size_t size;
};

static uint32_t text(struct made *m, const char *name)
{
	uint32_t at = m->first_string + m->strings_len;

	memcpy(m->strings + m->strings_len, name, strlen(name) + 1);
	m->strings_len += (uint32_t)strlen(name) + 1;
	return *name ? at : 0;
}

static void put(struct made *m, const void *bytes, size_t len)
{
	memcpy(m->types + m->types_len, bytes, len);
	m->types_len += (uint32_t)len;
}

static void type(struct made *m, const char *name, uint32_t kind, uint32_t vlen, uint32_t of)
{
	struct btf_type t = { .name_off = *name ? text(m, name) : 0, .info = kind << 24 | vlen };

	t.type = of; /* or size */
	put(m, &t, sizeof(t));
	m->count++;
}

static void member(struct made *m, const char *name, uint32_t of, uint32_t bits)
{
	struct btf_member member = { .name_off = text(m, name), .type = of, .offset = bits };

	put(m, &member, sizeof(member));
}

static void words(struct made *m, uint32_t a, uint32_t b, uint32_t c)
{
	const uint32_t all[] = { a, b, c };

	put(m, all, sizeof(all));
}

static void finish(struct made *m)
{
	m->h = (struct btf_header){ .magic = BTF_MAGIC,
				    .version = BTF_VERSION,
				    .hdr_len = sizeof(m->h),
				    .type_len = m->types_len,
				    .str_off = m->types_len,
				    .str_len = m->strings_len };
	memcpy(m->bytes, &m->h, sizeof(m->h));
	memcpy(m->bytes + sizeof(m->h), m->types, m->types_len);
	memcpy(m->bytes + sizeof(m->h) + m->types_len, m->strings, m->strings_len);
	m->size = sizeof(m->h) + m->types_len + m->strings_len;
}

static struct made kernel(void)
{
	struct made m = { 0 };
	const uint32_t bits = 32;

	text(&m, "");
	type(&m, "int", BTF_KIND_INT, 0, 4); /* 1 */
	put(&m, &bits, sizeof(bits));
	type(&m, "unwanted", BTF_KIND_STRUCT, 1, 4); /* 2 */
	member(&m, "nothing", 1, 0);
	type(&m, "", BTF_KIND_PTR, 0, 2); /* 3 */
	type(&m, "inner", BTF_KIND_STRUCT, 1, 4); /* 4 */
	member(&m, "number", 1, 0);
	type(&m, "alias", BTF_KIND_TYPEDEF, 0, 4); /* 5 */
	type(&m, "outer", BTF_KIND_STRUCT, 3, 24); /* 6 */
	member(&m, "pointer", 3, 0);
	member(&m, "within", 5, 64);
	member(&m, "array", 7, 96);
	type(&m, "", BTF_KIND_ARRAY, 0, 0); /* 7 */
	words(&m, 1, 1, 3);
	type(&m, "", BTF_KIND_FUNC_PROTO, 0, 1); /* 8 */
	type(&m, "function", BTF_KIND_FUNC, 1, 8); /* 9: its vlen is its linkage */
	type(&m, "values", BTF_KIND_ENUM, 2, 4); /* 10 */
	for (uint32_t i = 0; i < 2; i++) {
		const uint32_t value[] = { text(&m, i ? "SECOND" : "FIRST"), i };

		put(&m, value, sizeof(value));
	}
	type(&m, "mine", BTF_KIND_VAR, 0, 1); /* 11 */
	put(&m, &bits, sizeof(bits));
	type(&m, "others", BTF_KIND_VAR, 0, 1); /* 12 */
	put(&m, &bits, sizeof(bits));
	type(&m, ".section", BTF_KIND_DATASEC, 2, 64); /* 13 */
	words(&m, 12, 0, 4);
	words(&m, 11, 48, 4);
	type(&m, "itself", BTF_KIND_STRUCT, 1, 8); /* 14 */
	member(&m, "next", 15, 0);
	type(&m, "", BTF_KIND_PTR, 0, 14); /* 15 */
	finish(&m);
	return m;
}

static const char *const wanted[] = { ".section", "function", "itself", "mine",
				      "missing",  "outer",    "values" };

static const char *name_of(const struct ct_btf *btf, uint32_t at)
{
	return btf->strings + at;
}

static const struct btf_type *type_at(const struct ct_btf *btf, uint32_t id)
{
	return (const struct btf_type *)(btf->types + btf->at[id - 1]);
}

/* 0: there is none. */
static uint32_t find(const struct ct_btf *btf, const char *name)
{
	for (uint32_t id = 1; id <= btf->count; id++)
		if (!strcmp(name_of(btf, type_at(btf, id)->name_off), name))
			return id;
	return 0;
}

static void pick_from(const struct made *m, struct ct_btf_picked *ret, struct ct_btf *ret_btf)
{
	struct ct_btf all;

	cr_assert_eq(ct_btf_of(&all, m->bytes, m->size, NULL), 0);
	cr_assert_eq(ct_btf_pick(ret, &all, wanted, CT_ARRAY_SIZE(wanted)), 0);
	ct_btf_close(&all);
	cr_assert_eq(ct_btf_of(ret_btf, ret->bytes, ret->size, NULL), 0);
	cr_assert_eq(ret_btf->count + 1, ret->count);
}

Test(types_pick, what_is_asked_for_and_what_lies_within_it_is_there)
{
	struct made m = kernel();
	struct ct_btf_picked picked;
	struct ct_btf btf;
	const struct btf_member *members;
	uint32_t outer;

	pick_from(&m, &picked, &btf);
	outer = find(&btf, "outer");
	cr_assert_gt(outer, 0u);
	cr_assert_eq(picked.ids[outer], 6, "it is known by the number that the kernel has for it");
	cr_assert_eq(type_at(&btf, outer)->size, 24);
	members = (const struct btf_member *)(type_at(&btf, outer) + 1);
	cr_assert_str_eq(name_of(&btf, members[1].name_off), "within");
	cr_assert_eq(members[1].offset, 64);
	cr_assert_eq(members[1].type, find(&btf, "alias"));
	cr_assert_eq(type_at(&btf, members[1].type)->type, find(&btf, "inner"));
	cr_assert_eq(BTF_INFO_KIND(type_at(&btf, members[0].type)->info), BTF_KIND_PTR);
	cr_assert_eq(find(&btf, "unwanted"), 0, "where a pointer leads is not followed");
	cr_assert_eq(BTF_INFO_KIND(type_at(&btf, members[2].type)->info), BTF_KIND_ARRAY);
	cr_assert_eq(((const struct btf_array *)(type_at(&btf, members[2].type) + 1))->type,
		     find(&btf, "int"));
	cr_assert_eq(find(&btf, "missing"), 0);
	ct_btf_close(&btf);
	ct_btf_picked_free(&picked);
}

Test(types_pick, functions_values_and_variables_keep_what_they_say)
{
	struct made m = kernel();
	struct ct_btf_picked picked;
	struct ct_btf btf;
	const struct btf_type *t;
	const struct btf_enum *values;
	const struct btf_var_secinfo *section;

	pick_from(&m, &picked, &btf);
	t = type_at(&btf, find(&btf, "function"));
	cr_assert_eq(picked.ids[find(&btf, "function")], 9);
	cr_assert_eq(BTF_INFO_KIND(type_at(&btf, t->type)->info), BTF_KIND_FUNC_PROTO);
	values = (const struct btf_enum *)(type_at(&btf, find(&btf, "values")) + 1);
	cr_assert_str_eq(name_of(&btf, values[1].name_off), "SECOND");
	cr_assert_eq(values[1].val, 1);
	t = type_at(&btf, find(&btf, ".section"));
	cr_assert_eq(BTF_INFO_VLEN(t->info), 1, "of a section what is asked for");
	section = (const struct btf_var_secinfo *)(t + 1);
	cr_assert_eq(section->type, find(&btf, "mine"));
	cr_assert_eq(section->offset, 48);
	ct_btf_close(&btf);
	ct_btf_picked_free(&picked);
}

Test(types_pick, a_module_goes_on_where_the_kernel_ends)
{
	static const char *const names[] = { "modules" };
	struct made m = kernel(), mod = { .first_string = m.strings_len };
	struct ct_btf all, own, btf;
	struct ct_btf_picked picked;
	const struct btf_member *members;

	text(&mod, "");
	type(&mod, "modules", BTF_KIND_STRUCT, 1, 8); /* 16 */
	member(&mod, "of_the_kernel", 4, 32);
	finish(&mod);
	cr_assert_eq(ct_btf_of(&all, m.bytes, m.size, NULL), 0);
	cr_assert_eq(ct_btf_of(&own, mod.bytes, mod.size, &all), 0);
	cr_assert_eq(ct_btf_pick(&picked, &own, names, 1), 0);
	cr_assert_eq(ct_btf_of(&btf, picked.bytes, picked.size, NULL), 0);
	cr_assert_eq(picked.ids[find(&btf, "modules")], 16);
	members = (const struct btf_member *)(type_at(&btf, find(&btf, "modules")) + 1);
	cr_assert_eq(members->offset, 32);
	cr_assert_str_eq(name_of(&btf, members->name_off), "of_the_kernel");
	cr_assert_eq(members->type, find(&btf, "inner"));
	cr_assert_eq(picked.ids[members->type], 4);
	ct_btf_close(&btf);
	ct_btf_picked_free(&picked);
	ct_btf_close(&own);
	ct_btf_close(&all);
}

/* A byte less, or another: what is not whole is refused, and what is taken is not read beyond its end. */
Test(types_pick, what_is_damaged_is_not_read_beyond_its_end)
{
	struct made m = kernel();

	for (size_t size = 0; size <= m.size; size++) {
		for (unsigned flip = 0; flip < 256; flip += 51) {
			char *bytes = malloc(size ? size : 1);
			struct ct_btf_picked picked;
			struct ct_btf btf;

			memcpy(bytes, m.bytes, size);
			if (size)
				bytes[size - 1] ^= (char)flip;
			if (size && size == m.size)
				memcpy(bytes, m.bytes, size);
			if (!ct_btf_of(&btf, bytes, size, NULL) &&
			    !ct_btf_pick(&picked, &btf, wanted, CT_ARRAY_SIZE(wanted)))
				ct_btf_picked_free(&picked);
			ct_btf_close(&btf);
			free(bytes);
		}
	}
	for (size_t at = 0; at < m.size; at++) {
		for (unsigned flip = 1; flip < 256; flip *= 2) {
			struct made bad = m;
			struct ct_btf_picked picked;
			struct ct_btf btf;

			bad.bytes[at] ^= (char)flip;
			if (!ct_btf_of(&btf, bad.bytes, bad.size, NULL) &&
			    !ct_btf_pick(&picked, &btf, wanted, CT_ARRAY_SIZE(wanted)))
				ct_btf_picked_free(&picked);
			ct_btf_close(&btf);
		}
	}
}

Test(types_pick, what_is_no_file_of_types_is_refused)
{
	struct ct_btf btf;

	cr_assert_eq(ct_btf_open(&btf, "/dev/null", NULL), -EBADMSG);
	ct_btf_close(&btf);
	cr_assert_eq(ct_btf_open(&btf, "/nowhere/vmlinux", NULL), -ENOENT);
	ct_btf_close(&btf);
}
