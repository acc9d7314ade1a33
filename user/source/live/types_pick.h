/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The types of a kernel are 5 MB, of which libbpf makes 11 for as long as it reads them, and each look for a name
 * goes through all of them. What coldtrace needs of them is 100 KB: types of some names, and those that lie
 * within them. Here these are picked, in one walk, and written as a BTF of their own.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A file of types. A module's has the ids and strings that come after those of the kernel. */
struct ct_btf {
	const char *bytes; /* owned, mapped; NULL: none */
	size_t size;
	const struct ct_btf *base; /* borrowed; NULL: the kernel itself */
	const char *types, *strings;
	uint32_t types_len, strings_len;
	uint32_t first_id, first_string; /* of those in it */
	uint32_t *at; /* owned: where each type is */
	uint32_t count;
};

/* Negative errno. What is opened can be closed, whatever came of it. */
int ct_btf_open(struct ct_btf *btf, const char *path, const struct ct_btf *base);
void ct_btf_close(struct ct_btf *btf);

/* Of bytes that are there already: they are borrowed. */
int ct_btf_of(struct ct_btf *btf, const char *bytes, size_t size, const struct ct_btf *base);

struct ct_btf_picked {
	char *bytes; /* owned: a BTF without a base */
	size_t size;
	uint32_t *ids; /* owned: what each type's id was; the first is void */
	uint32_t count; /* of ids */
};

/* All types of these names (sorted), of whatever kind, with what lies within them. */
int ct_btf_pick(struct ct_btf_picked *ret, const struct ct_btf *from, const char *const *names,
		size_t count);
void ct_btf_picked_free(struct ct_btf_picked *picked);
