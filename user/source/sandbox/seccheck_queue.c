// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/seccheck_queue.h"

#include <stdlib.h>
#include <string.h>

#define BYTES_FIRST (1u << 20)
#define COUNT_FIRST 4096

struct ct_seccheck_kept {
	uint64_t ts_ns;
	uint64_t seq;
	size_t at; /* in bytes[] */
};

static bool grow(void **p, size_t *room, size_t want, size_t size, size_t first)
{
	size_t bigger = *room ? *room : first;
	void *grown;

	if (want <= *room)
		return true;
	while (bigger < want)
		bigger *= 2;
	grown = reallocarray(*p, bigger, size);
	if (!grown)
		return false;
	*p = grown;
	*room = bigger;
	return true;
}

bool ct_seccheck_keep(struct ct_seccheck_queue *q, const struct ct_event *e)
{
	void *bytes = q->bytes, *kept = q->kept;
	bool fits = q->len + e->len <= CT_SECCHECK_QUEUE_BYTES &&
		    grow(&bytes, &q->room, q->len + e->len, 1, BYTES_FIRST) &&
		    grow(&kept, &q->kept_room, q->count + 1, sizeof(*q->kept), COUNT_FIRST);

	q->bytes = bytes;
	q->kept = kept;
	if (!fits)
		return false;
	memcpy(q->bytes + q->len, e, e->len);
	if (q->count && e->ts_ns < q->kept[q->count - 1].ts_ns)
		q->disorder = true;
	q->kept[q->count] = (struct ct_seccheck_kept){ e->ts_ns, q->count, q->len };
	q->count++;
	q->len += e->len;
	return true;
}

static int by_time(const void *a, const void *b)
{
	const struct ct_seccheck_kept *x = a, *y = b;

	if (x->ts_ns != y->ts_ns)
		return x->ts_ns < y->ts_ns ? -1 : 1;
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

/*
 * What is handed over gives its room back as soon as it is the greater part: while events keep
 * coming there is always one that has to wait.
 */
static void compact(struct ct_seccheck_queue *q)
{
	size_t left = q->count - q->handed, from = q->len;

	if (q->handed < left)
		return;
	memmove(q->kept, q->kept + q->handed, left * sizeof(*q->kept));
	for (size_t i = 0; i < left; i++) {
		q->kept[i].seq = i;
		if (q->kept[i].at < from)
			from = q->kept[i].at;
	}
	for (size_t i = 0; i < left; i++)
		q->kept[i].at -= from;
	memmove(q->bytes, q->bytes + from, q->len - from);
	q->len -= from;
	q->count = left;
	q->handed = 0;
}

void ct_seccheck_release(struct ct_seccheck_queue *q, uint64_t until_ns, ct_seccheck_fn fn,
			 void *ctx)
{
	if (q->disorder)
		qsort(q->kept + q->handed, q->count - q->handed, sizeof(*q->kept), by_time);
	q->disorder = false;
	while (q->handed < q->count && q->kept[q->handed].ts_ns <= until_ns) {
		const struct ct_seccheck_kept *k = &q->kept[q->handed++];

		fn(ctx, (const struct ct_event *)(q->bytes + k->at));
	}
	if (q->handed)
		compact(q);
}

void ct_seccheck_queue_free(struct ct_seccheck_queue *q)
{
	free(q->bytes);
	free(q->kept);
	memset(q, 0, sizeof(*q));
}
