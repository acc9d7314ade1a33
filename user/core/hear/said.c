// SPDX-License-Identifier: GPL-2.0-only
#include "core/hear/said.h"

#include "util/mem.h"

static uint64_t bit(char after)
{
	return 1ull << (after & 63);
}

void ct_said_hear(struct ct_said *said, const struct ct_event *e)
{
	size_t n = e->tail_len < sizeof(said->bytes) ? e->tail_len : sizeof(said->bytes);
	char *p = said->bytes, *end = p + n;

	memcpy(said->bytes, e->tail, n);
	while (p < end && (p = memchr(p, '\0', (size_t)(end - p))))
		*p = ' ';
	while (n && said->bytes[n - 1] == ' ')
		n--;
	said->text = ct_text(said->bytes, n);
	said->count = 0;
	said->afters = 0;
	end = said->bytes + n;
	for (p = said->bytes; p < end && said->count < CT_ARRAY_SIZE(said->slashes); p++) {
		p = memchr(p, '/', (size_t)(end - p));
		if (!p)
			break;
		said->after[said->count] = p + 1 < end ? p[1] : '\0';
		said->afters |= bit(said->after[said->count]);
		said->slashes[said->count++] = (uint16_t)(p - said->bytes);
	}
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

/* The first of `what`, of n bytes, not before `from`; NULL when there is none. */
static const char *find_in(const struct ct_said *said, const char *from, const char *what, size_t n)
{
	const char *end = said->text.p + said->text.len;

	if (*what != '/' || n < 2 || said->count == CT_ARRAY_SIZE(said->slashes))
		return find(ct_text(from, (size_t)(end - from)), what, n);
	if (!(said->afters & bit(what[1])))
		return NULL;
	for (size_t i = 0; i < said->count; i++) {
		const char *at;

		if (said->after[i] != what[1])
			continue;
		at = said->text.p + said->slashes[i];
		if (at >= from && (size_t)(end - at) >= n && !memcmp(at, what, n))
			return at;
	}
	return NULL;
}

bool ct_said_matches(const struct ct_said *said, const char *pattern)
{
	const char *star = strchr(pattern, '*');
	size_t n = star ? (size_t)(star - pattern) : strlen(pattern);
	struct ct_text text = said->text;

	if (n > text.len || memcmp(pattern, text.p, n) != 0)
		return false;
	for (text = ct_text(text.p + n, text.len - n); star; text.len -= n) {
		const char *at;

		pattern = star + 1;
		star = strchr(pattern, '*');
		n = star ? (size_t)(star - pattern) : strlen(pattern);
		if (n > text.len)
			return false;
		if (!star)
			return !memcmp(pattern, text.p + text.len - n, n);
		at = n ? find_in(said, text.p, pattern, n) : text.p;
		if (!at)
			return false;
		text.len -= (size_t)(at - text.p);
		text.p = at + n;
	}
	return !text.len;
}

struct ct_text ct_said_behind(const struct ct_said *said, const struct ct_event *e,
			      struct ct_text dir)
{
	size_t n = dir.len;
	const char *at = find_in(said, said->text.p, dir.p, n);

	while (at) {
		size_t begin = (size_t)(at - said->text.p) + n;
		struct ct_text rest = ct_text(e->tail + begin, said->text.len - begin);
		struct ct_text name = ct_text_cut(&rest, '/');

		name = ct_text_cut(&name, '\0');
		if (name.len)
			return name;
		at = find_in(said, said->text.p + begin, dir.p, n);
	}
	return ct_text("", 0);
}
