/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What works here, tried for real as far as this process may: each depth in a process of its own, at
 * once. Taking probes away again is slow, for the kernel waits for all CPUs, system call by system call:
 * nobody waits for that.
 */
#pragma once

#include <stdbool.h>

#include "cmd/apart.h"
#include "source/live/plan.h"
#include "util/err.h"

/* Why a probe is off that the kernel would have. */
#define CT_NOT_TRIED "the kernel has it, but what it is for does not work here: see the verdict"

/* What became of the probes of one depth. Begins as { 0 }. */
struct ct_tried {
	bool works; /* they were loaded and attached */
	bool opens; /* those of --opens among them; at depth phases alone */
	struct ct_plan plan; /* of what was attached */
	struct ct_err why, why_no_opens; /* a sentence about what failed */
	struct ct_apart apart; /* while it is being tried */
};

/* Begins to load and attach. Of who may not trace nothing is tried: why says so. */
void ct_doctor_try(struct ct_tried *tried, enum ct_depth depth, enum ct_plan_name plan);

/* What has become of it. */
void ct_doctor_tried(struct ct_tried *tried);

/*
 * What is on of a plan that the kernel could host: what was attached when its depth was tried, or, of
 * --opens and --ready path:, when the first was.
 */
void ct_doctor_on(struct ct_plan *plan, const struct ct_tried *tried, const struct ct_tried *first);
