// SPDX-License-Identifier: GPL-2.0-only
/*
 * The distiller, on events as they come: what it leaves is an event, no longer than it was (an IDENTITY
 * aside), and can be distilled again. A password in a field that nobody reads is never in what is left.
 */
#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "source/recording/distill.h"

/* Of characters that no id, no name and no path has together. */
#define CANARY "\x01s3cr3t\x02"

static struct ct_distill *first, *second;

static union {
	struct ct_event e;
	char bytes[CT_EVENT_LEN_MAX];
} in, once;

static void fill(const uint8_t *data, size_t size)
{
	static const uint8_t kinds[] = { CT_KIND_SEND,   CT_KIND_SEND,    CT_KIND_SEND,
					 CT_KIND_EXEC,   CT_KIND_PROCESS, CT_KIND_IDENTITY,
					 CT_KIND_PLUGIN, CT_KIND_APP,     CT_KIND_NETLINK,
					 CT_KIND_LOST,   CT_KIND_HOLE };
	struct ct_event *e = &in.e;

	memset(e, 0, sizeof(*e));
	e->kind = kinds[data[0] % sizeof(kinds)];
	e->flags = data[1] & 7;
	e->sub = data[2] % 16;
	e->obj = data[3] % 4;
	e->arg = data[3] / 4 % 4;
	e->ret = (int)size - 4;
	e->tail_len = (uint16_t)(size - 4);
	e->len = (uint16_t)((sizeof(*e) + size - 4 + 7) & ~(size_t)7);
	memset(e->tail, 0, e->len - sizeof(*e));
	memcpy(e->tail, data + 4, size - 4);
}

static void check(const struct ct_event *out, size_t most)
{
	struct ct_err err;

	if (ct_event_check(out, out->len, &err) || out->len > most)
		abort();
}

static void distill(const uint8_t *data, size_t size)
{
	const struct ct_event *out;

	fill(data, size);
	out = ct_distill(first, &in.e);
	check(out, in.e.kind == CT_KIND_IDENTITY ? sizeof(in) : in.e.len);
	memcpy(once.bytes, out, out->len);
	out = ct_distill(second, &once.e);
	check(out, once.e.kind == CT_KIND_IDENTITY ? sizeof(in) : once.e.len);
}

#define FRAME  9
#define PREFIX 5

/* A message that begins with a field that no table has, and goes on with anything. */
static void hide(const uint8_t *bytes, size_t size)
{
	static const uint8_t field[] = { 0xfa, 0x07, sizeof(CANARY) - 1 }; /* 127, bytes */
	uint8_t event[4 + FRAME + PREFIX + 2048] = { 0 }, *at = event + 4 + FRAME + PREFIX;
	const struct ct_event *out;
	size_t len;

	if (size > 1024)
		size = 1024;
	len = sizeof(field) + sizeof(CANARY) - 1 + size;
	event[3] = size ? bytes[0] : 0; /* who speaks to whom */
	event[4 + 1] = (uint8_t)((len + PREFIX) >> 8);
	event[4 + 2] = (uint8_t)(len + PREFIX);
	event[4 + 8] = size ? bytes[0] & 7 : 1; /* on which stream */
	event[4 + FRAME + 3] = (uint8_t)(len >> 8);
	event[4 + FRAME + 4] = (uint8_t)len;
	memcpy(at, field, sizeof(field));
	memcpy(at + sizeof(field), CANARY, sizeof(CANARY) - 1);
	if (size)
		memcpy(at + len - size, bytes, size);
	fill(event, 4 + FRAME + PREFIX + len);
	in.e.kind = CT_KIND_SEND;
	in.e.flags = 0;
	out = ct_distill(first, &in.e);
	check(out, in.e.len);
	if (memmem(out->tail, out->tail_len, CANARY, sizeof(CANARY) - 1))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	first = ct_distill_new();
	second = ct_distill_new();
	if (!first || !second)
		abort();
	hide(NULL, 0);
	/* Several events: two bytes of length before each. */
	while (size > 6) {
		size_t n = (size_t)data[0] << 8 | data[1];

		data += 2;
		size -= 2;
		if (n < 4 || n > size)
			n = size;
		if (n > CT_TAIL_MAX)
			n = CT_TAIL_MAX;
		distill(data, n);
		hide(data, n);
		data += n;
		size -= n;
	}
	ct_distill_free(first);
	ct_distill_free(second);
	return 0;
}
