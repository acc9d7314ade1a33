/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Steps are drawn below the phase in which they begin; what they hang below may have begun in
 * another. Where that has no row above, its name is said again.
 */
#pragma once

#include "sinks/pen.h"
#include "core/record.h"

#define CT_STEP_ROWS_DEEP 32

/* Of one phase. Zero to begin with. */
struct ct_step_rows {
	uint16_t last[CT_STEP_ROWS_DEEP]; /* at each depth the step drawn last, from 1; 0: none */
};

/* Draws what the step hangs below, as far as that is needed; the step itself comes next. */
void ct_step_rows_above(struct ct_step_rows *rows, struct ct_pen *pen, const struct ct_record *rec,
			size_t step, size_t indent);

/*
 * What a row of it says: its name, and with it whose it is where that is what it is about, the steps
 * of a pod being its containers. Returns buf.
 */
#define CT_STEP_LABEL_LEN 128
const char *ct_step_label(char *buf, const struct ct_record *rec, const struct ct_step *step);

/*
 * The step whose place among the phases it has: its own, but of a subject that is made of others, where
 * what is a part of a member is drawn with it.
 */
const struct ct_step *ct_step_home(const struct ct_record *rec, const struct ct_step *step);

/* Columns that a step is moved to the right. */
size_t ct_step_rows_depth(const struct ct_step *step);
