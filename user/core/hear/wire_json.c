// SPDX-License-Identifier: GPL-2.0-only
/*
 * The strings that stand at known places of a JSON object. Of a request's body one or two are of
 * interest, and there are several requests for every start: to build a tree of all that is in
 * them took a third of the time in which a recording is read.
 */
#include "core/hear/wire.h"

#include <endian.h>
#include <stdint.h>

#define DEPTH_MAX 64

struct scan {
	const char *p, *end;
	unsigned depth;
	uint64_t arrays; /* bit per depth - 1: it is an array, else an object */
	struct ct_text outer; /* the last key at depth 1 */
	uint64_t firsts; /* bits: what keys that are looked for begin with */
};

static bool is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static inline char next(struct scan *s)
{
	/* Nearly always it is none: one comparison says so. */
	while (s->p < s->end) {
		if ((unsigned char)*s->p > ' ' || !is_space(*s->p))
			return *s->p;
		s->p++;
	}
	return '\0';
}

static bool in_array(const struct scan *s)
{
	return s->arrays >> (s->depth - 1) & 1;
}

typedef unsigned char bytes16 __attribute__((vector_size(16)));
typedef uint64_t words2 __attribute__((vector_size(16)));

/* The first byte, 16 at a time, that is a quote, a backslash or below a space; or one of the last 15. */
static inline const char *plain(const char *p, const char *end)
{
	for (; end - p >= 16; p += 16) {
		bytes16 all;
		words2 found;

		memcpy(&all, p, sizeof(all));
		found = (words2)((all == '"') | (all == '\\') | ((all & 0xe0) == 0));
		if (found[0])
			return p + (__builtin_ctzll(le64toh(found[0])) >> 3);
		if (found[1])
			return p + 8 + (__builtin_ctzll(le64toh(found[1])) >> 3);
	}
	return p;
}

/* What is between the quotes, escapes and all. */
static inline bool string(struct scan *s, struct ct_text *ret)
{
	const char *begin = ++s->p;

	for (s->p = plain(s->p, s->end); s->p < s->end; s->p++) {
		if (*s->p == '"') {
			*ret = ct_text(begin, (size_t)(s->p++ - begin));
			return true;
		}
		if ((unsigned char)*s->p < ' ')
			return false;
		if (*s->p == '\\')
			s->p++;
	}
	return false;
}

static inline bool literal(struct scan *s, const char *what, size_t len, struct ct_text *ret)
{
	if ((size_t)(s->end - s->p) < len || memcmp(s->p, what, len) != 0)
		return false;
	*ret = ct_text(s->p, len);
	s->p += len;
	return true;
}

/* true, false, null or a number. What is glued to it is found by whoever looks for its end. */
static inline bool word(struct scan *s, struct ct_text *ret)
{
	const char *begin = s->p;
	bool digits = false;

	switch (*begin) {
	case 'n':
		return literal(s, "null", 4, ret);
	case 't':
		return literal(s, "true", 4, ret);
	case 'f':
		return literal(s, "false", 5, ret);
	}
	if (*begin != '-' && (*begin < '0' || *begin > '9'))
		return false;
	for (; s->p < s->end; s->p++) {
		char c = *s->p;

		if (c >= '0' && c <= '9')
			digits = true;
		else if (c != 'e' && c != 'E' && c != '-' && c != '+' && c != '.')
			break;
	}
	*ret = ct_text(begin, (size_t)(s->p - begin));
	return digits;
}

static int hex4(struct ct_text *rest)
{
	int n = 0;

	if (rest->len < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		char c = rest->p[i], low = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			n = n << 4 | (c - '0');
		else if (low >= 'a' && low <= 'f')
			n = n << 4 | (low - 'a' + 10);
		else
			return -1;
	}
	*rest = ct_text(rest->p + 4, rest->len - 4);
	return n;
}

/* Behind "\u". The character as UTF-8, 0 when it is none, or NUL. */
static size_t unicode(struct ct_text *rest, char to[4])
{
	int c = hex4(rest), low;

	if (c >= 0xd800 && c < 0xdc00) {
		if (rest->len < 6 || rest->p[0] != '\\' || rest->p[1] != 'u')
			return 0;
		*rest = ct_text(rest->p + 2, rest->len - 2);
		low = hex4(rest);
		if (low < 0xdc00 || low > 0xdfff)
			return 0;
		c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
		to[0] = (char)(0xf0 | c >> 18);
		to[1] = (char)(0x80 | (c >> 12 & 0x3f));
		to[2] = (char)(0x80 | (c >> 6 & 0x3f));
		to[3] = (char)(0x80 | (c & 0x3f));
		return 4;
	}
	if (c <= 0 || (c >= 0xdc00 && c < 0xe000))
		return 0;
	if (c < 0x80) {
		to[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 0x3f));
		return 2;
	}
	to[0] = (char)(0xe0 | c >> 12);
	to[1] = (char)(0x80 | (c >> 6 & 0x3f));
	to[2] = (char)(0x80 | (c & 0x3f));
	return 3;
}

/* Copies into the field, cuts what does not fit. */
static bool unescape(struct ct_text from, char *to, size_t room)
{
	static const char escapes[] = "\"\"\\\\//b\bf\fn\nr\rt\t";
	size_t at = 0;

	if (from.len && !memchr(from.p, '\\', from.len)) {
		ct_text_copy(to, room, from);
		return true;
	}
	while (from.len) {
		char bytes[4] = { *from.p };
		size_t n = 1;

		from = ct_text(from.p + 1, from.len - 1);
		if (bytes[0] == '\\') {
			const char *e = escapes;
			char c = from.len ? *from.p : '\0';

			from = ct_text(from.p + 1, from.len ? from.len - 1 : 0);
			if (c == 'u') {
				n = unicode(&from, bytes);
			} else {
				while (*e && *e != c)
					e += 2;
				bytes[0] = *e ? e[1] : '\0';
				n = *e ? 1 : 0;
			}
			if (!n)
				return false;
		}
		for (size_t i = 0; i < n && at < room - 1; i++)
			to[at++] = bytes[i];
	}
	to[at] = '\0';
	return true;
}

/* The field of that key, NULL when it is of none. */
static inline struct ct_json_field *field_of(const struct scan *s, struct ct_text key,
					     struct ct_json_field *fields, size_t count)
{
	if (!key.len || !(s->firsts >> (*key.p & 63) & 1) || s->arrays & 1) /* nearly all */
		return NULL;
	for (size_t i = 0; i < count; i++) {
		struct ct_json_field *f = &fields[i];

		if (s->depth == (f->outer ? 2 : 1) && ct_text_is(key, f->key) &&
		    (!f->outer || ct_text_is(s->outer, f->outer)))
			return f;
	}
	return NULL;
}

static inline bool key(struct scan *s, struct ct_json_field *fields, size_t count,
		       struct ct_json_field **ret)
{
	struct ct_text text;

	if (next(s) != '"' || !string(s, &text) || next(s) != ':')
		return false;
	s->p++;
	if (s->depth == 1)
		s->outer = text;
	if (s->depth <= 2)
		*ret = field_of(s, text, fields, count);
	return true;
}

static void clear(struct ct_json_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (fields[i].room)
			fields[i].to[0] = '\0';
		fields[i].truth = false;
	}
}

static inline bool open_value(struct scan *s, bool array)
{
	if (s->depth == DEPTH_MAX)
		return false;
	s->p++;
	s->arrays &= ~(1ull << s->depth);
	s->arrays |= (uint64_t)array << s->depth;
	s->depth++;
	return true;
}

/* A string or a word; outside of everything there is none. */
static inline bool plain_value(struct scan *s, char c, struct ct_json_field *f)
{
	struct ct_text text;
	bool quoted = c == '"';

	if (!c || !s->depth || !(quoted ? string(s, &text) : word(s, &text)))
		return false;
	if (!f)
		return true;
	f->truth = !quoted && ct_text_is(text, "true");
	if (f->number && !quoted)
		ct_text_copy(f->to, f->room, text);
	return !quoted || f->number || !f->room || unescape(text, f->to, f->room);
}

/* Behind a value: closes what ends. Whether another value follows, with its key in an object. */
static inline bool follow(struct scan *s, bool *ret_ok)
{
	*ret_ok = true;
	while (s->depth) {
		char c = next(s);

		if (c == ',') {
			s->p++;
			return true;
		}
		if (c != (in_array(s) ? ']' : '}')) {
			*ret_ok = false;
			return false;
		}
		s->p++;
		s->depth--;
	}
	return false;
}

static bool scan(struct scan *s, struct ct_json_field *fields, size_t count)
{
	bool ok = true;

	do {
		struct ct_json_field *f = NULL;
		char c;

		if (s->depth && !in_array(s) && !key(s, fields, count, &f))
			return false;
		c = next(s);
		if (f) /* of several values, the last counts */
			clear(f, 1);
		if (c == '{' || c == '[') {
			if (!open_value(s, c == '['))
				return false;
			if (next(s) != (c == '[' ? ']' : '}'))
				continue;
		} else if (!plain_value(s, c, f)) {
			return false;
		}
		if (!follow(s, &ok))
			break;
	} while (true);
	return ok;
}

bool ct_json_fields(struct ct_text json, struct ct_json_field *fields, size_t count)
{
	struct scan s = { .p = json.p };

	clear(fields, count);
	if (!json.len)
		return false;
	for (size_t i = 0; i < count; i++)
		s.firsts |= 1ull << (*fields[i].key & 63);
	s.end = json.p + json.len;
	if (scan(&s, fields, count))
		return true;
	clear(fields, count);
	return false;
}
