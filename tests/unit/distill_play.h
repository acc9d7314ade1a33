/* SPDX-License-Identifier: GPL-2.0-only */
/* A distiller, and what it makes of the last event of a tape. Included by one file of tests each. */
#pragma once

#include <criterion/criterion.h>

#include "source/recording/distill.h"
#include "tape.h"
#include "util/mem.h"

#define CANARY "hunter2-CANARY"
#define ID     "3f4e1a2b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9012a3b4c5d6e7f8"
#define CLIENT 42

static struct tape tape;
static struct ct_distill *distiller;

static void setup(void)
{
	distiller = ct_distill_new();
	cr_assert(distiller);
	tape_at(&tape, 1);
}

static void teardown(void)
{
	ct_distill_free(distiller);
	tape_free(&tape);
}

/* The last event, distilled: valid, and no longer than it was. */
static const struct ct_event *kept(void)
{
	const struct ct_event *e = tape_event(&tape, tape.count - 1);
	const struct ct_event *out = ct_distill(distiller, e);
	struct ct_err err;

	cr_expect_eq(ct_event_check(out, out->len, &err), 0, "%s", err.msg);
	cr_expect(out->len <= e->len || e->kind == CT_KIND_IDENTITY);
	cr_expect_eq(out->ts_ns, e->ts_ns);
	cr_expect_eq(out->ret, e->ret);
	return out;
}

static bool has(const struct ct_event *e, const char *text)
{
	return memmem(e->tail, e->tail_len, text, strlen(text));
}
