// SPDX-License-Identifier: GPL-2.0-only
#include "source/tail.h"

#include <stdio.h>
#include <string.h>

/* Not more than max bytes of UTF-8, not ending inside a character. */
static size_t cut(const char *value, size_t len, size_t max)
{
	if (len <= max)
		return len;
	while (max && ((unsigned char)value[max] & 0xc0) == 0x80)
		max--;
	return max;
}

void ct_tail_add(struct ct_tail *tail, const char *key, const char *value, size_t len, size_t max)
{
	size_t key_len = strlen(key) + 1, value_len;

	len = strnlen(value, len);
	value_len = cut(value, len, max);
	if (value_len < len)
		tail->truncated = true;
	if (!value_len)
		return;
	if (key_len + value_len + 1 > sizeof(tail->bytes) - tail->len) {
		tail->truncated = true;
		return;
	}
	memcpy(tail->bytes + tail->len, key, key_len);
	tail->len += key_len;
	memcpy(tail->bytes + tail->len, value, value_len);
	tail->len += value_len;
	tail->bytes[tail->len++] = '\0';
}

void ct_tail_add_str(struct ct_tail *tail, const char *key, const char *value, size_t max)
{
	ct_tail_add(tail, key, value, strlen(value), max);
}

void ct_tail_add_number(struct ct_tail *tail, const char *key, long long value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", value);
	ct_tail_add_str(tail, key, text, sizeof(text));
}

const char *ct_tail_value(const char *bytes, size_t len, const char *key)
{
	const char *end = bytes + len;

	while (bytes < end) {
		const char *value = memchr(bytes, '\0', (size_t)(end - bytes));
		const char *next =
			value ? memchr(value + 1, '\0', (size_t)(end - value - 1)) : NULL;

		if (!next)
			return NULL;
		if (!strcmp(bytes, key))
			return value + 1;
		bytes = next + 1;
	}
	return NULL;
}
