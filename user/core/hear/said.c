// SPDX-License-Identifier: GPL-2.0-only
#include "core/hear/said.h"

#include <endian.h>

#include "util/mem.h"

static uint64_t bit(char after)
{
	return 1ull << (after & 63);
}

#define EACH(byte) ((byte)*0x0101010101010101ull)

/* The top bit of each byte that is 0, and no other. */
static uint64_t zeros(uint64_t word)
{
	return ~(((word & EACH(0x7f)) + EACH(0x7f)) | word | EACH(0x7f));
}
_Static_assert('\0' + (0x80 >> 2) == ' ', "what says that a byte is 0 makes a blank of it");

/* Eight bytes at a time: a path is longer than that, and what lies between two slashes is shorter. */
static void find_slashes(struct ct_said *said, size_t n)
{
	said->count = 0;
	for (size_t i = 0; i < n; i += sizeof(uint64_t)) {
		uint64_t word, nuls;

		memcpy(&word, said->bytes + i, sizeof(word));
		word = le64toh(word);
		nuls = zeros(word);
		if (nuls) {
			word = htole64(word | nuls >> 2);
			memcpy(said->bytes + i, &word, sizeof(word));
			word = le64toh(word);
		}
		for (uint64_t at = zeros(word ^ EACH('/')); at; at &= at - 1) {
			if (said->count == CT_ARRAY_SIZE(said->slashes))
				break;
			said->slashes[said->count++] =
				(uint16_t)(i + (size_t)__builtin_ctzll(at) / 8);
		}
	}
}

void ct_said_hear(struct ct_said *said, const struct ct_event *e)
{
	size_t n = e->tail_len < CT_TAIL_MEDIUM ? e->tail_len : CT_TAIL_MEDIUM;

	memcpy(said->bytes, e->tail, n);
	memset(said->bytes + n, 0, sizeof(uint64_t));
	find_slashes(said, n);
	while (n && said->bytes[n - 1] == ' ')
		n--;
	said->text = ct_text(said->bytes, n);
	said->afters = 0;
	for (size_t i = 0; i < said->count; i++) {
		size_t next = said->slashes[i] + 1u;

		said->after[i] = next < n ? said->bytes[next] : '\0';
		said->afters |= bit(said->after[i]);
	}
	if (said->count == CT_ARRAY_SIZE(said->slashes))
		said->afters = UINT64_MAX;
}

/* memmem(), for short strings: its tables take longer than a path. */
static const char *find(struct ct_text in, const char *what, size_t n)
{
	while (in.len >= n) {
		const char *at = memchr(in.p, what[0], in.len - n + 1);

		if (!at)
			return NULL;
		if (n == 1 || (at[1] == what[1] && !memcmp(at, what, n)))
			return at;
		in.len -= (size_t)(at + 1 - in.p);
		in.p = at + 1;
	}
	return NULL;
}

/* The first of `what`, of n bytes, within that part of it; NULL when there is none. */
static const char *find_in(const struct ct_said *said, struct ct_text part, const char *what,
			   size_t n)
{
	const char *end = part.p + part.len;

	if (*what != '/' || n < 2 || said->count == CT_ARRAY_SIZE(said->slashes))
		return find(part, what, n);
	if (!(said->afters & bit(what[1])))
		return NULL;
	for (size_t i = 0; i < said->count; i++) {
		const char *at;

		if (said->after[i] != what[1])
			continue;
		at = said->text.p + said->slashes[i];
		if (at >= part.p && at < end && (size_t)(end - at) >= n && !memcmp(at, what, n))
			return at;
	}
	return NULL;
}

struct ct_pattern ct_pattern(const char *text)
{
	struct ct_pattern p = { .stars = 0 };
	struct ct_text rest = ct_text(text, strlen(text));

	for (const char *at = text; (at = strchr(at, '/')); at++)
		p.afters |= at[1] && at[1] != '*' ? bit(at[1]) : 0;
	while (p.stars < CT_PATTERN_STARS && strchr(rest.p, '*'))
		p.parts[p.stars++] = ct_text_cut(&rest, '*');
	p.parts[p.stars] = rest;
	return p;
}

static bool is_at(const char *at, const struct ct_text *part)
{
	return !part->len || (*at == *part->p && !memcmp(at, part->p, part->len));
}

bool ct_said_is(const struct ct_said *said, const struct ct_pattern *pattern)
{
	const struct ct_text *first = &pattern->parts[0], *last = &pattern->parts[pattern->stars];
	struct ct_text text = said->text;

	if (!pattern->stars)
		return text.len == first->len && is_at(text.p, first);
	if (text.len < first->len + last->len || !is_at(text.p, first) ||
	    !is_at(text.p + text.len - last->len, last))
		return false;
	text = ct_text(text.p + first->len, text.len - first->len - last->len);
	for (const struct ct_text *part = first + 1; part < last; part++) {
		const char *at = part->len ? find_in(said, text, part->p, part->len) : text.p;

		if (!at)
			return false;
		text.len -= (size_t)(at - text.p) + part->len;
		text.p = at + part->len;
	}
	return true;
}

struct ct_text ct_said_behind(const struct ct_said *said, const struct ct_event *e,
			      struct ct_text dir)
{
	size_t n = dir.len;
	const char *at = find_in(said, said->text, dir.p, n);

	while (at) {
		size_t begin = (size_t)(at - said->text.p) + n;
		struct ct_text rest = ct_text(e->tail + begin, said->text.len - begin);
		struct ct_text name = ct_text_cut(&rest, '/');

		name = ct_text_cut(&name, '\0');
		if (name.len)
			return name;
		at = find_in(said, ct_text(said->text.p + begin, said->text.len - begin), dir.p, n);
	}
	return ct_text("", 0);
}
