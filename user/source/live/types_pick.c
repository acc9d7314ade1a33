// SPDX-License-Identifier: GPL-2.0-only
#include "source/live/types_pick.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btf.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/mem.h"

#define DEPTH_MAX 64 /* of types within types */

/* Kinds as the oldest headers do not have them yet. */
enum {
	KIND_FLOAT = 16,
	KIND_DECL_TAG = 17,
	KIND_TYPE_TAG = 18,
	KIND_ENUM64 = 19,
	KIND_COUNT = 20,
};

/* What follows a type of a kind: as many bytes, and as many for each of its parts. */
static const struct {
	uint8_t fixed, each;
	bool known;
} tails[KIND_COUNT] = {
	[BTF_KIND_INT] = { 4, 0, true },
	[BTF_KIND_PTR] = { 0, 0, true },
	[BTF_KIND_ARRAY] = { sizeof(struct btf_array), 0, true },
	[BTF_KIND_STRUCT] = { 0, sizeof(struct btf_member), true },
	[BTF_KIND_UNION] = { 0, sizeof(struct btf_member), true },
	[BTF_KIND_ENUM] = { 0, sizeof(struct btf_enum), true },
	[BTF_KIND_FWD] = { 0, 0, true },
	[BTF_KIND_TYPEDEF] = { 0, 0, true },
	[BTF_KIND_VOLATILE] = { 0, 0, true },
	[BTF_KIND_CONST] = { 0, 0, true },
	[BTF_KIND_RESTRICT] = { 0, 0, true },
	[BTF_KIND_FUNC] = { 0, 0, true },
	[BTF_KIND_FUNC_PROTO] = { 0, sizeof(struct btf_param), true },
	[BTF_KIND_VAR] = { sizeof(struct btf_var), 0, true },
	[BTF_KIND_DATASEC] = { 0, sizeof(struct btf_var_secinfo), true },
	[KIND_FLOAT] = { 0, 0, true },
	[KIND_DECL_TAG] = { 4, 0, true },
	[KIND_TYPE_TAG] = { 0, 0, true },
	[KIND_ENUM64] = { 0, 12, true },
};

static uint32_t tail_len(const struct btf_type *t)
{
	uint32_t kind = BTF_INFO_KIND(t->info);

	return tails[kind].fixed + tails[kind].each * BTF_INFO_VLEN(t->info);
}

/* Where each type is, as far as all of them are whole. */
static int index_types(struct ct_btf *btf)
{
	uint32_t at = 0, room = 0;

	while (at < btf->types_len) {
		const struct btf_type *t = (const struct btf_type *)(btf->types + at);
		uint32_t len = sizeof(*t);

		if (btf->types_len - at < len || BTF_INFO_KIND(t->info) >= KIND_COUNT ||
		    !tails[BTF_INFO_KIND(t->info)].known)
			return -EBADMSG;
		len += tail_len(t);
		if (btf->types_len - at < len)
			return -EBADMSG;
		if (btf->count == room) {
			uint32_t *more;

			room = room ? 2 * room : 4096;
			more = realloc(btf->at, room * sizeof(*more));
			if (!more)
				return -ENOMEM;
			btf->at = more;
		}
		btf->at[btf->count++] = at;
		at += len;
	}
	return 0;
}

int ct_btf_of(struct ct_btf *btf, const char *bytes, size_t size, const struct ct_btf *base)
{
	const struct btf_header *h = (const struct btf_header *)bytes;
	uint64_t types, strings;

	*btf = (struct ct_btf){ .base = base };
	if (size < sizeof(*h) || h->magic != BTF_MAGIC || h->hdr_len < sizeof(*h) ||
	    h->hdr_len % 4 || h->type_off % 4)
		return -EBADMSG;
	types = (uint64_t)h->hdr_len + h->type_off;
	strings = (uint64_t)h->hdr_len + h->str_off;
	if (types + h->type_len > size || !h->str_len || strings + h->str_len > size ||
	    bytes[strings + h->str_len - 1])
		return -EBADMSG;
	btf->types = bytes + types;
	btf->types_len = h->type_len;
	btf->strings = bytes + strings;
	btf->strings_len = h->str_len;
	btf->first_id = base ? base->first_id + base->count : 1;
	btf->first_string = base ? base->first_string + base->strings_len : 0;
	return index_types(btf);
}

/* Mapped, as Linux allows since 6.16: then none of it is memory of ours. Or read. */
static int map_file(int fd, size_t size, char **ret)
{
	size_t done = 0;
	ssize_t n = 1;

	*ret = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (*ret != MAP_FAILED)
		return 0;
	*ret = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*ret == MAP_FAILED)
		return -errno;
	while (done < size && n > 0) {
		n = read(fd, *ret + done, size - done);
		if (n > 0)
			done += (size_t)n;
	}
	if (done == size)
		return 0;
	n = n < 0 ? -errno : -EBADMSG;
	munmap(*ret, size);
	return (int)n;
}

int ct_btf_open(struct ct_btf *btf, const char *path, const struct ct_btf *base)
{
	own_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	char *bytes;
	int r;

	*btf = (struct ct_btf){ 0 };
	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if (st.st_size < (off_t)sizeof(struct btf_header) || st.st_size >> 30)
		return -EBADMSG;
	r = map_file(fd, (size_t)st.st_size, &bytes);
	if (r)
		return r;
	r = ct_btf_of(btf, bytes, (size_t)st.st_size, base);
	btf->bytes = bytes;
	btf->size = (size_t)st.st_size;
	return r;
}

void ct_btf_close(struct ct_btf *btf)
{
	if (btf->bytes)
		munmap((void *)btf->bytes, btf->size);
	free(btf->at);
	*btf = (struct ct_btf){ 0 };
}

static const struct ct_btf *file_of_id(const struct ct_btf *btf, uint32_t id)
{
	while (btf && id < btf->first_id)
		btf = btf->base;
	return btf && id - btf->first_id < btf->count ? btf : NULL;
}

/* NULL: void, or no type. */
static const struct btf_type *type_of(const struct ct_btf *btf, uint32_t id)
{
	btf = file_of_id(btf, id);
	return btf ? (const struct btf_type *)(btf->types + btf->at[id - btf->first_id]) : NULL;
}

static const char *string_of(const struct ct_btf *btf, uint32_t at)
{
	while (btf && at < btf->first_string)
		btf = btf->base;
	return btf && at - btf->first_string < btf->strings_len
		       ? btf->strings + (at - btf->first_string)
		       : "";
}

/* What is being written. */
struct picking {
	const struct ct_btf *from;
	uint32_t *to; /* by id: what it is called now, 0: not yet */
	uint32_t ids_max, proto, pointer;
	struct buffer {
		char *bytes;
		size_t len, room;
	} types, strings, ids;
	uint32_t count;
	int failed;
};

static void *append(struct picking *p, struct buffer *b, const void *bytes, size_t len)
{
	if (b->len + len > b->room) {
		size_t room = b->room ? 2 * b->room : 4096;
		char *more;

		while (room < b->len + len)
			room *= 2;
		more = realloc(b->bytes, room);
		if (!more) {
			p->failed = -ENOMEM;
			return NULL;
		}
		b->bytes = more;
		b->room = room;
	}
	memcpy(b->bytes + b->len, bytes, len);
	b->len += len;
	return b->bytes + b->len - len;
}

static uint32_t string_add(struct picking *p, uint32_t at)
{
	const char *text = string_of(p->from, at);
	uint32_t ret = (uint32_t)p->strings.len;

	if (!*text)
		return 0;
	append(p, &p->strings, text, strlen(text) + 1);
	return ret;
}

/* Takes a place for it: what is within it may be added before it is whole. Returns its new id. */
static uint32_t type_add(struct picking *p, uint32_t was, const struct btf_type *t, uint32_t len,
			 size_t *ret_at)
{
	*ret_at = p->types.len;
	append(p, &p->types, t, len);
	append(p, &p->ids, &was, sizeof(was));
	return p->failed ? 0 : p->count++;
}

static struct btf_type *added(const struct picking *p, size_t at)
{
	return (struct btf_type *)(p->types.bytes + at);
}

/* To a function without parameters: what is to be there behind a typedef, a function. */
static uint32_t proto(struct picking *p)
{
	const struct btf_type t = { .info = BTF_KIND_FUNC_PROTO << 24 };
	size_t at;

	if (!p->proto)
		p->proto = type_add(p, 0, &t, sizeof(t), &at);
	return p->proto;
}

/* Where pointers lead does not matter: of what they lead to the offsets are asked by its own name. */
static uint32_t pointer(struct picking *p)
{
	const struct btf_type t = { .info = BTF_KIND_PTR << 24 };
	size_t at;

	if (!p->pointer)
		p->pointer = type_add(p, 0, &t, sizeof(t), &at);
	return p->pointer;
}

static uint32_t pick(struct picking *p, uint32_t id, unsigned depth);

static void pick_members(struct picking *p, const struct btf_type *t, size_t at, unsigned depth)
{
	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info) && !p->failed; i++) {
		struct btf_member m = ((const struct btf_member *)(t + 1))[i];

		m.name_off = string_add(p, m.name_off);
		m.type = pick(p, m.type, depth);
		if (!p->failed)
			((struct btf_member *)(added(p, at) + 1))[i] = m;
	}
}

/* Names of values: first words of btf_enum and of what has 64 bits. */
static void pick_values(struct picking *p, const struct btf_type *t, size_t at)
{
	size_t each = tails[BTF_INFO_KIND(t->info)].each;

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info) && !p->failed; i++) {
		uint32_t name;

		memcpy(&name, (const char *)(t + 1) + i * each, sizeof(name));
		name = string_add(p, name);
		if (!p->failed)
			memcpy((char *)(added(p, at) + 1) + i * each, &name, sizeof(name));
	}
}

static void pick_array(struct picking *p, const struct btf_type *t, size_t at, unsigned depth)
{
	struct btf_array a = *(const struct btf_array *)(t + 1);

	a.type = pick(p, a.type, depth);
	a.index_type = pick(p, a.index_type, depth);
	if (!p->failed)
		*(struct btf_array *)(added(p, at) + 1) = a;
}

/* Of a section those variables that are picked by their own names. */
static void pick_section(struct picking *p, const struct btf_type *t, size_t at)
{
	const struct btf_var_secinfo *from = (const struct btf_var_secinfo *)(t + 1);
	uint32_t kept = 0;

	for (uint32_t i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		struct btf_var_secinfo v = from[i];

		v.type = v.type < p->ids_max ? p->to[v.type] : 0;
		if (v.type)
			((struct btf_var_secinfo *)(added(p, at) + 1))[kept++] = v;
	}
	added(p, at)->info = (t->info & ~0xffffu) | kept;
	p->types.len = at + sizeof(*t) + kept * sizeof(*from);
}

static uint32_t pick(struct picking *p, uint32_t id, unsigned depth)
{
	const struct btf_type *t = type_of(p->from, id);
	uint32_t kind = t ? BTF_INFO_KIND(t->info) : 0, mine, refers = 0;
	size_t at;

	if (!t || p->failed || depth > DEPTH_MAX)
		return 0;
	if (kind == BTF_KIND_PTR)
		return pointer(p);
	if (kind == BTF_KIND_FUNC_PROTO)
		return proto(p);
	if (kind == KIND_DECL_TAG)
		return 0;
	if (p->to[id])
		return p->to[id];
	if (kind == BTF_KIND_FUNC)
		refers = proto(p);
	mine = type_add(p, id, t, sizeof(*t) + tail_len(t), &at);
	if (!mine)
		return 0;
	p->to[id] = mine;
	switch (kind) {
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		pick_members(p, t, at, depth + 1);
		break;
	case BTF_KIND_ENUM:
	case KIND_ENUM64:
		pick_values(p, t, at);
		break;
	case BTF_KIND_ARRAY:
		pick_array(p, t, at, depth + 1);
		break;
	case BTF_KIND_DATASEC:
		pick_section(p, t, at);
		break;
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case KIND_TYPE_TAG:
		refers = pick(p, t->type, depth + 1);
		/* fallthrough */
	case BTF_KIND_FUNC:
	case BTF_KIND_VAR:
		if (!p->failed)
			added(p, at)->type = refers;
		break;
	default: /* a number, or what is not known but by its name */
		break;
	}
	if (!p->failed) {
		uint32_t name = string_add(p, t->name_off);

		if (!p->failed)
			added(p, at)->name_off = name;
	}
	return p->failed ? 0 : mine;
}

static int by_text(const void *key, const void *item)
{
	return strcmp(key, *(const char *const *)item);
}

static uint32_t hash_of(const char *text)
{
	uint32_t hash = 2166136261u;

	while (*text)
		hash = (hash ^ (uint8_t)*text++) * 16777619u;
	return hash;
}

/* Bits by which most of what is not wanted is known at once. */
#define SIEVE_BITS 16384u

static bool is_wanted(const char *text, const uint8_t *sieve, const char *const *names,
		      size_t count)
{
	uint32_t hash = hash_of(text) % SIEVE_BITS;

	return sieve[hash / 8] >> hash % 8 & 1 &&
	       bsearch(text, names, count, sizeof(*names), by_text);
}

/* Sections last: of theirs the variables are kept that have been picked. */
static void pick_named(struct picking *p, const char *const *names, size_t count)
{
	uint8_t sieve[SIEVE_BITS / 8] = { 0 };

	for (size_t i = 0; i < count; i++) {
		uint32_t hash = hash_of(names[i]) % SIEVE_BITS;

		sieve[hash / 8] |= (uint8_t)(1u << hash % 8);
	}
	for (int sections = 0; sections < 2; sections++) {
		for (uint32_t i = 0; i < p->from->count && !p->failed; i++) {
			uint32_t id = p->from->first_id + i;
			const struct btf_type *t = type_of(p->from, id);

			if (t->name_off &&
			    (BTF_INFO_KIND(t->info) == BTF_KIND_DATASEC) == sections &&
			    is_wanted(string_of(p->from, t->name_off), sieve, names, count))
				pick(p, id, 0);
		}
	}
}

static int write_whole(struct picking *p, struct ct_btf_picked *ret)
{
	const struct btf_header h = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(h),
		.type_len = (uint32_t)p->types.len,
		.str_off = (uint32_t)p->types.len,
		.str_len = (uint32_t)p->strings.len,
	};
	struct buffer all = { 0 };

	append(p, &all, &h, sizeof(h));
	if (p->types.len)
		append(p, &all, p->types.bytes, p->types.len);
	append(p, &all, p->strings.bytes, p->strings.len);
	if (p->failed) {
		free(all.bytes);
		return p->failed;
	}
	*ret = (struct ct_btf_picked){
		.bytes = all.bytes,
		.size = all.len,
		.ids = (uint32_t *)take_ptr(p->ids.bytes),
		.count = p->count,
	};
	return 0;
}

int ct_btf_pick(struct ct_btf_picked *ret, const struct ct_btf *from, const char *const *names,
		size_t count)
{
	struct picking p = { .from = from, .ids_max = from->first_id + from->count, .count = 1 };
	const uint32_t none = 0;
	int r;

	*ret = (struct ct_btf_picked){ 0 };
	p.to = calloc(p.ids_max, sizeof(*p.to));
	if (!p.to)
		return -ENOMEM;
	append(&p, &p.strings, "", 1);
	append(&p, &p.ids, &none, sizeof(none));
	if (!p.failed)
		pick_named(&p, names, count);
	r = p.failed ? p.failed : write_whole(&p, ret);
	free(p.to);
	free(p.types.bytes);
	free(p.strings.bytes);
	free(p.ids.bytes);
	return r;
}

void ct_btf_picked_free(struct ct_btf_picked *picked)
{
	free(picked->bytes);
	free(picked->ids);
	*picked = (struct ct_btf_picked){ 0 };
}
