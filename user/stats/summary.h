/* SPDX-License-Identifier: GPL-2.0-only */
/* What many records say together: per type, runtime and phase, and per step. */
#pragma once

#include "core/record.h"
#include "stats/causes.h"
#include "stats/opens_list.h"
#include "util/hist.h"

struct ct_summary;

/* What records can be told apart by. Columns: symbol, name. */
#define CT_BYS(X) \
	X(RUNTIME, "runtime") \
	X(ENGINE, "engine") \
	X(IMAGE, "image") \
	X(CONTAINER, "container") \
	X(NODE, "node") \
	X(POD, "pod") \
	X(NAMESPACE, "namespace") \
	X(PROJECT, "project") \
	X(REGISTRY, "registry")

enum ct_by {
#define X(symbol, name) CT_BY_##symbol,
	CT_BYS(X)
#undef X
	CT_BY_MAX
};

extern const char *const ct_by_names[CT_BY_MAX];

#define CT_BY_KEY_LEN 256 /* of a key with its NUL, longer ones are cut */

/* A record's own: "" when it is not known. Valid as long as the record. */
const char *ct_by_key(enum ct_by by, const struct ct_record *rec);

/* NULL when out of memory. */
struct ct_summary *ct_summary_new(void); /* by runtime */
struct ct_summary *ct_summary_new_by(enum ct_by by);
enum ct_by ct_summary_by(const struct ct_summary *s);

void ct_summary_free(struct ct_summary *s); /* NULL is fine */

/*
 * Only records with outcome OK go into the histograms; the others are counted. Keys
 * (runtimes, say) beyond the first CT_SUMMARY_RUNTIMES of a type, and steps beyond the first
 * CT_SUMMARY_STEPS names of a group, go into one called CT_SUMMARY_REST. Returns 0 or -ENOMEM.
 */
#define CT_SUMMARY_RUNTIMES 32
#define CT_SUMMARY_STEPS    128
#define CT_SUMMARY_REST     "(other)"
int ct_summary_add(struct ct_summary *s, const struct ct_record *rec);

/* Of records with outcome OK that have a path, in groups as here. Borrowed. */
struct ct_causes *ct_summary_causes(const struct ct_summary *s);

/* One group: all records of one type under one runtime, or whatever the summary is by. */
struct ct_group {
	enum ct_record_type type;
	enum ct_by by;
	const char *key; /* the runtime, or whatever it is by, "" when it is not known; borrowed */
	uint64_t count[3]; /* per enum ct_outcome */
	uint64_t unknown[CT_PHASE_MAX];
	struct ct_hist *phases[CT_PHASE_MAX]; /* NULL where no record had the phase */
	struct ct_hist *total;
};

struct ct_step_group {
	const char *name; /* static */
	enum ct_phase phase;
	uint64_t calls;
	struct ct_hist *hist; /* time per record that has the step, ns */
};

/* Of all its records, whatever their outcome: how often that phase happened and could not be measured. */
uint64_t ct_summary_unknown(const struct ct_summary *s, enum ct_phase phase);

/* What was opened: filled by whoever has the summary. */
struct ct_opens_list *ct_summary_opens(struct ct_summary *s);
const struct ct_opens_list *ct_summary_opened(const struct ct_summary *s);

/* Those of the other, instead of its own: of two summaries of one run. The other must outlive it. */
void ct_summary_opens_of(struct ct_summary *s, struct ct_summary *other);

size_t ct_summary_groups(const struct ct_summary *s);
/* In order: type, then key by name. */
const struct ct_group *ct_summary_group(const struct ct_summary *s, size_t i);

/* The steps of a group, the longest median first. */
size_t ct_summary_steps(const struct ct_summary *s, const struct ct_group *g);
const struct ct_step_group *ct_summary_step(const struct ct_summary *s, const struct ct_group *g,
					    size_t i);
