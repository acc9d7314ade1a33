// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a sandbox sends, and what it answers: a sandbox runs whatever a container brings. Input: a
 * byte that says what it is, then messages with two bytes of length before each, or the rest.
 */
#include <stdlib.h>
#include <string.h>

#include "ct_opens.h"
#include "source/sandbox/seccheck_app.h"
#include "source/sandbox/seccheck_queue.h"
#include "source/sandbox/seccheck_rpc.h"
#include "source/sandbox/sentry_points.h"

#define NOW 1000000000ull

static struct ct_seccheck_queue queue;
static uint64_t last_ns;

static void checked(void *ctx, const struct ct_event *e)
{
	(void)ctx;
	if (e->len % CT_EVENT_ALIGN || e->len > CT_EVENT_LEN_MAX ||
	    e->tail_len > e->len - sizeof(*e) || e->ts_ns > NOW)
		abort();
	if (e->kind == CT_KIND_OPENED ? CT_OPENS_VIEW(e->sub) != CT_VIEW_APPLICATION
				      : e->kind != CT_KIND_APP || e->sub >= CT_APP_MAX)
		abort();
	if (!ct_seccheck_keep(&queue, e))
		abort();
}

static void in_order(void *ctx, const struct ct_event *e)
{
	(void)ctx;
	if (e->ts_ns < last_ns)
		abort();
	last_ns = e->ts_ns;
}

static void messages(const uint8_t *data, size_t size)
{
	static struct ct_seccheck_app app;

	memset(&app, 0, sizeof(app));
	app.pid = 1;
	app.fn = checked;
	strcpy(app.id, "abc");
	while (size >= 2) {
		size_t len = data[0] | (size_t)data[1] << 8;
		char *copy;

		data += 2;
		size -= 2;
		if (len > size)
			len = size;
		copy = malloc(len ? len : 1);
		if (!copy)
			abort();
		memcpy(copy, data, len);
		ct_seccheck_app_take(&app, ct_text(copy, len), 0, NOW);
		free(copy);
		data += len;
		size -= len;
	}
	last_ns = 0;
	ct_seccheck_release(&queue, UINT64_MAX, in_order, NULL);
	ct_seccheck_queue_free(&queue);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct ct_sentry_points points;
	struct ct_err err;
	uint64_t dropped;
	char why[32], *copy;

	if (!size)
		return 0;
	copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data, size);
	switch (data[0]) {
	case 'm':
		messages(data + 1, size - 1);
		break;
	case 'r':
		ct_seccheck_answer(ct_text(copy + 1, size - 1), why, sizeof(why));
		ct_seccheck_dropped(ct_text(copy + 1, size - 1), &dropped);
		break;
	default: /* a program */
		ct_sentry_points(&points, ct_text(copy, size), &err);
		break;
	}
	free(copy);
	return 0;
}
