/* SPDX-License-Identifier: GPL-2.0-only */
/* A tape as a recording of version 2 in a file of its own, and back. Included by one file of tests each. */
#pragma once

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "life.h"
#include "source/recording/recording.h"
#include "util/mem.h"

struct file {
	char path[40];
	char *bytes; /* owned, of exactly that size */
	size_t len;
};

static inline struct ct_recording_header header(void)
{
	struct ct_recording_header h;

	ct_recording_header_fill(&h, true);
	h.wall_minus_mono_ns = -5;
	return h;
}

static inline void begin(struct file *f, struct ct_recorder *r)
{
	struct ct_recording_header h = header();
	struct ct_err err = { 0 };
	int fd;

	strcpy(f->path, "/tmp/coldtrace-test-XXXXXX"); /* NOLINT: as long as the field */
	fd = mkstemp(f->path);
	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(ct_recorder_open(r, f->path, &h, &err), 0, "%s", err.msg);
}

static inline void load(struct file *f)
{
	FILE *in = fopen(f->path, "re");
	long len;

	cr_assert(in);
	fseek(in, 0, SEEK_END);
	len = ftell(in);
	rewind(in);
	f->len = (size_t)len;
	f->bytes = malloc(f->len);
	cr_assert(f->bytes);
	cr_assert_eq(fread(f->bytes, 1, f->len, in), f->len);
	fclose(in);
	unlink(f->path);
}

/* Three blocks, each a chain of its own: two lives with more than CT_CHAIN_NS between them, and a clock. */
static inline void fill(struct tape *t)
{
	struct life a = life_of(0), b = life_of(1);

	life_engines(t);
	life_create(t, &a, 10);
	life_start(t, &a, 30);
	life_create(t, &b, 30000);
	life_start(t, &b, 30030);
	tape_lost(t, CT_LOSS_RING, 7);
	tape_at(t, 60000);
	tape_clock(t);
}

static inline struct file record(const struct tape *t)
{
	struct ct_recorder r;
	struct ct_err err = { 0 };
	struct file f;

	begin(&f, &r);
	for (size_t i = 0; i < t->count; i++)
		cr_assert_eq(ct_recorder_write(&r, tape_event(t, i), &err), 0, "%s", err.msg);
	cr_assert_eq(ct_recorder_close(&r, &err), 0, "%s", err.msg);
	cr_assert_eq(ct_recorder_close(&r, &err), 0, "twice is fine");
	cr_expect_eq(r.events, t->count);
	load(&f);
	cr_expect_eq(r.bytes, f.len);
	return f;
}

static inline void copy_event(void *ctx, const struct ct_event *e)
{
	struct tape *t = ctx;
	struct ct_event *copy = tape_add(t, (enum ct_kind)e->kind, e->tgid, e->tail, e->tail_len);

	cr_assert_eq((uintptr_t)e % CT_EVENT_ALIGN, 0);
	memcpy(copy, e, sizeof(*e));
}
