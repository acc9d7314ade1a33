/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doctor's first lines: what works here, tried for real as far as this process may, and what to do
 * about what does not.
 */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include <jansson.h>

#include "source/plan.h"
#include "util/err.h"

/* Why a probe is off that the kernel would have. */
#define CT_NOT_TRIED "the kernel has it, but it could not be attached: see the verdict"

/* What became of the probes of one depth. Begins as { 0 }. */
struct ct_tried {
	bool works; /* they were loaded and attached, and are gone again */
	bool opens; /* those of --opens among them; at depth phases alone */
	struct ct_plan plan; /* of what was attached */
	struct ct_err why, why_no_opens; /* a sentence about what failed */
};

/*
 * What is on of a plan that the kernel could host: what was attached when its depth was tried, or, of
 * --opens and --ready path:, when the first was.
 */
void ct_doctor_on(struct ct_plan *plan, const struct ct_tried *tried, const struct ct_tried *first);

/* Loads and attaches for a moment. Of who may not trace nothing is tried: why says so. */
void ct_doctor_try(struct ct_tried *tried, enum ct_depth depth, enum ct_plan_name plan);

/* The try of each depth, by enum ct_depth. */
json_t *ct_doctor_verdict(const struct ct_tried *tried);
void ct_doctor_draw_verdict(FILE *out, json_t *verdict);
