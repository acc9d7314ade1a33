// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/inside.h"

#include <errno.h>
#include <stdlib.h>

#include "core/base/text.h"
#include "source/sandbox/sandbox.h"
#include "source/sandbox/seccheck.h"
#include "source/sandbox/seccheck_queue.h"
#include "source/sandbox/sentry.h"
#include "util/clock.h"

/* How long all else waits for a sandbox that sends faster than is read. */
#define BEHIND_NS 200000000ull

struct ct_inside {
	struct ct_seccheck *seccheck; /* NULL: not asked for */
	struct ct_sentry *sentry; /* likewise */
	struct ct_seccheck_queue queue;
	ct_seccheck_fn fn;
	void *ctx;
	uint64_t until_ns; /* what was sent before it has been read */
	bool ended;
	uint64_t lost;
};

static void keep(void *ctx, const struct ct_event *e)
{
	struct ct_inside *in = ctx;

	if (!ct_seccheck_keep(&in->queue, e))
		in->lost++;
}

static void add(void *ctx, uint32_t pid)
{
	struct ct_inside *in = ctx;

	if (in->seccheck)
		ct_seccheck_add(in->seccheck, pid);
	if (in->sentry)
		ct_sentry_add(in->sentry, pid);
}

int ct_inside_open(struct ct_inside **ret, const struct ct_inside_options *opts, ct_seccheck_fn fn,
		   void *ctx, struct ct_err *err)
{
	struct ct_inside *in = calloc(1, sizeof(*in));
	int r;

	if (!in)
		return ct_fail(err, -ENOMEM, "look into sandboxes: out of memory");
	in->fn = fn;
	in->ctx = ctx;
	if (opts->seccheck) {
		in->seccheck = ct_seccheck_new(opts->opens, keep, in);
		if (!in->seccheck) {
			ct_inside_close(in);
			return ct_fail(err, -ENOMEM, "listen to sandboxes: out of memory");
		}
	}
	if (opts->probes) {
		r = ct_sentry_open(&in->sentry, &opts->sentry, keep, in, err);
		if (r) {
			ct_inside_close(in);
			return r;
		}
	}
	ct_sandboxes(add, in);
	*ret = in;
	return 0;
}

void ct_inside_take(struct ct_inside *in, const struct ct_event *e)
{
	/* What sandboxes send takes no room from the kernel: better early than lost. */
	if (!ct_seccheck_keep(&in->queue, e))
		in->fn(in->ctx, e);
	if (e->kind == CT_KIND_EXEC &&
	    ct_text_starts(ct_text(e->tail, e->tail_len), CT_SANDBOX_ARG)) {
		add(in, e->tgid);
	} else if (e->kind == CT_KIND_EXIT) {
		if (in->seccheck)
			ct_seccheck_exited(in->seccheck, e->tgid);
		if (in->sentry)
			ct_sentry_exited(in->sentry, e->tgid);
	}
}

uint64_t ct_inside_due(const struct ct_inside *in)
{
	uint64_t a = in->seccheck ? ct_seccheck_due(in->seccheck) : 0;
	uint64_t b = in->sentry ? ct_sentry_due(in->sentry) : 0;

	return a && (!b || a < b) ? a : b;
}

void ct_inside_read(struct ct_inside *in)
{
	uint64_t now = ct_mono_ns();
	bool behind = false;

	if (in->seccheck) {
		ct_seccheck_read(in->seccheck);
		behind = ct_seccheck_behind(in->seccheck);
	}
	if (!in->ended && !behind)
		in->until_ns = now;
	else if (!in->ended && now - in->until_ns > BEHIND_NS)
		in->until_ns = now - BEHIND_NS;
	if (in->sentry)
		ct_sentry_look(in->sentry);
}

void ct_inside_hand_over(struct ct_inside *in)
{
	ct_seccheck_release(&in->queue, in->until_ns, in->fn, in->ctx);
}

uint64_t ct_inside_until(const struct ct_inside *in)
{
	return in->until_ns;
}

uint64_t ct_inside_lost(struct ct_inside *in)
{
	uint64_t lost = in->lost + (in->seccheck ? ct_seccheck_lost(in->seccheck) : 0);
	in->lost = 0;
	return lost;
}

uint64_t ct_inside_opens_lost(struct ct_inside *in)
{
	return in->sentry ? ct_sentry_lost(in->sentry) : 0;
}

void ct_inside_end(struct ct_inside *in)
{
	in->until_ns = UINT64_MAX;
	in->ended = true;
	if (in->seccheck)
		ct_seccheck_end(in->seccheck);
	ct_sentry_close(in->sentry);
	in->sentry = NULL;
}

void ct_inside_close(struct ct_inside *in)
{
	if (!in)
		return;
	ct_inside_end(in);
	ct_seccheck_free(in->seccheck);
	ct_seccheck_queue_free(&in->queue);
	free(in);
}
