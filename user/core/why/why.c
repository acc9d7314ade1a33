// SPDX-License-Identifier: GPL-2.0-only
#include "core/why/why.h"

#define FORGET_NS (10000 * CT_NS_PER_MS) /* how often */
#define KEEP_NS   (2000 * CT_NS_PER_MS) /* before a request was made and was known as one */
#define MAX_NS    (180000 * CT_NS_PER_MS)

/* Nobody will ask for waits before the oldest thing that is still open. */
static uint64_t oldest(const struct ct_core *core)
{
	uint64_t from = core->now;

	for (const struct ct_container *c = ct_book_moving(core); c; c = c->next) {
		for (int m = CT_MARK_NONE + 1; m < CT_MARK_MAX; m++) {
			uint64_t at = c->run.marks[m];

			/* What has been told is not asked for again. */
			if (at && at < from && (!c->run.start_reported || m >= CT_MARK_STOP_BEGIN))
				from = at;
		}
	}
	return from + MAX_NS < core->now ? core->now - MAX_NS : from;
}

static void forget(struct ct_core *core)
{
	uint64_t from;

	if (core->now < core->why_forgot_ns + FORGET_NS)
		return;
	core->why_forgot_ns = core->now;
	from = oldest(core);
	ct_waits_forget(core->why, from > KEEP_NS ? from - KEEP_NS : 0);
}

void ct_why_feed(struct ct_core *core, const struct ct_event *e)
{
	ct_waits_feed(core->why, e);
	forget(core);
	core->counts.lost[CT_LOSS_WAITS] += ct_waits_lost(core->why);
}
