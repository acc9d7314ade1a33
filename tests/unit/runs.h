/* SPDX-License-Identifier: GPL-2.0-only */
/* Tapes that are played to a core, what it said about them, and what was expected of it. */
#pragma once

#include <criterion/criterion.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "life.h"
#include "util/mem.h"

#define RECORDS_MAX 64

struct seen {
	struct ct_record rec;
	struct ct_identity who, predecessor;
	char message[384];
	struct ct_step steps[64];
	struct ct_fetched fetched; /* its head */
	struct ct_layer layers[16]; /* and what is behind that */
	struct ct_probed probes[CT_PROBES_MAX];
};

struct run {
	struct tape t;
	struct ct_core_options opts;
	struct seen seen[RECORDS_MAX];
	size_t count;
	unsigned lookups, manifests; /* how often it was asked who one is, and for a manifest */
	uint32_t asked; /* pid of who may know, of the last of them */
	uint32_t stores; /* pid of whose store of images was asked for last */
	struct ct_core_counts counts;
};

struct run *run_new(void);
/* containerd runs already, and nobody above it. */
struct run *run_of_containerd(void);
void run_free(struct run *run);
struct ct_core *core_of(struct run *run);
void play(struct run *run);
void play_until(struct run *run, double ms); /* time passes behind the last event */
const struct seen *find(const struct run *run, enum ct_record_type type, const char *name,
			unsigned n);
unsigned count(const struct run *run, enum ct_record_type type);
void expect_counts(const struct run *run, unsigned starts, unsigned stops, unsigned restarts);
void expect_phase(const struct seen *s, enum ct_phase phase, double ms);
void expect_span(const struct seen *s, double begin_ms, double end_ms);
/* Its segments follow one another without a gap, from its begin to its end. */
void expect_tiled(const struct seen *s);
void expect_outcome(const struct seen *s, enum ct_outcome outcome);
void expect_nothing_odd(const struct run *run);
/* All from there on is said inside a pid namespace, by processes there; init is one deeper. */
void nest(struct tape *t, size_t from, uint32_t init);
void run_stop_rm(struct tape *t, struct life *l, double ms);
void expect_run_stop_rm(const struct run *run, const struct life *l, double ms);
