/* SPDX-License-Identifier: GPL-2.0-only */
/* Bytes that are not NUL-terminated: what events carry. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ct_text {
	const char *p; /* borrowed */
	size_t len;
};

/* Of a literal; in tables. */
#define CT_TEXT(literal) \
	{ \
		literal, sizeof(literal) - 1 \
	}

static inline struct ct_text ct_text(const char *p, size_t len)
{
	return (struct ct_text){ p, len };
}

/* The first byte tells most texts apart: most of what is compared is compared with many. */
static inline bool ct_text_is(struct ct_text t, const char *s)
{
	if (!t.len || *t.p != *s)
		return !t.len && !*s;
	return t.len == strlen(s) && !memcmp(t.p, s, t.len);
}

static inline bool ct_text_starts(struct ct_text t, const char *s)
{
	size_t n;

	if (!t.len || *t.p != *s)
		return !*s;
	n = strlen(s);
	return t.len >= n && !memcmp(t.p, s, n);
}

/* Cuts off what comes before `sep`, which is skipped; all of the rest when there is none. */
static inline struct ct_text ct_text_cut(struct ct_text *rest, char sep)
{
	const char *at = rest->len ? memchr(rest->p, sep, rest->len) : NULL;
	struct ct_text head = *rest;

	if (at) {
		head.len = (size_t)(at - rest->p);
		rest->p = at + 1;
		rest->len -= head.len + 1;
	} else {
		rest->p += rest->len;
		rest->len = 0;
	}
	return head;
}

/* What follows the last '/'. */
static inline struct ct_text ct_text_base(struct ct_text t)
{
	const char *at = t.len ? memrchr(t.p, '/', t.len) : NULL;
	size_t i = at ? (size_t)(at - t.p) + 1 : 0;

	return (struct ct_text){ t.p + i, t.len - i };
}

/* Copies into a field of size room, cuts what does not fit, terminates. */
static inline void ct_text_copy(char *to, size_t room, struct ct_text from)
{
	size_t n = from.len < room ? from.len : room - 1;

	if (n) /* nothing may lie nowhere */
		memcpy(to, from.p, n);
	to[n] = '\0';
}

/* The same behind what is there already. */
static inline void ct_text_add(char *to, size_t room, struct ct_text from)
{
	size_t at = strlen(to);

	ct_text_copy(to + at, room - at, from);
}

/* "pid 4711"; there is room for CT_TEXT_PID bytes. */
#define CT_TEXT_PID 16

static inline void ct_text_pid(char *to, uint32_t pid)
{
	char digits[10];
	size_t n = 0;

	do
		digits[n++] = (char)('0' + pid % 10);
	while ((pid /= 10) != 0);
	memcpy(to, "pid ", 4);
	for (to += 4; n;)
		*to++ = digits[--n];
	*to = '\0';
}
