// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/step_rows.h"

#include <stdio.h>
#include <string.h>

#define DEPTH_MAX 8
#define NAME_MIN  8

size_t ct_step_rows_depth(const struct ct_step *step)
{
	return 2 * (size_t)(step->depth < DEPTH_MAX ? step->depth : DEPTH_MAX) + 2;
}

static void draw(struct ct_pen *pen, const struct ct_step *step, size_t indent)
{
	size_t at = indent + ct_step_rows_depth(step);
	size_t room = pen->width > at + NAME_MIN + 4 ? pen->width - at - 4 : NAME_MIN;

	ct_pen_fill(pen, " ", at);
	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_foreign(pen, step->name, room, false);
	fputs(pen->utf8 ? " \u2026" : " ...", pen->f);
	ct_pen_off(pen);
	fputc('\n', pen->f);
}

void ct_step_rows_above(struct ct_step_rows *rows, struct ct_pen *pen, const struct ct_record *rec,
			size_t step, size_t indent)
{
	uint16_t above[CT_STEP_ROWS_DEEP];
	size_t n = 0, depth = rec->steps[step].depth;

	for (uint16_t up = rec->steps[step].parent; up && n < CT_STEP_ROWS_DEEP;
	     up = rec->steps[up - 1].parent) {
		size_t at = rec->steps[up - 1].depth;

		if (at < CT_STEP_ROWS_DEEP && rows->last[at] == up)
			break;
		above[n++] = up;
	}
	while (n > 0) {
		const struct ct_step *up = &rec->steps[above[--n] - 1];

		draw(pen, up, indent);
		if (up->depth < CT_STEP_ROWS_DEEP)
			rows->last[up->depth] = above[n];
	}
	if (depth < CT_STEP_ROWS_DEEP) {
		rows->last[depth] = (uint16_t)(step + 1);
		memset(&rows->last[depth + 1], 0,
		       (CT_STEP_ROWS_DEEP - depth - 1) * sizeof(rows->last[0]));
	}
}

const char *ct_step_label(char *buf, const struct ct_record *rec, const struct ct_step *step)
{
	bool whose = ct_record_subjects[rec->type] != CT_SUBJECT_CONTAINER && !step->parent;

	snprintf(buf, CT_STEP_LABEL_LEN, "%s%s%s", step->name, whose && *step->detail ? " " : "",
		 whose ? step->detail : "");
	return buf;
}

const struct ct_step *ct_step_home(const struct ct_record *rec, const struct ct_step *step)
{
	if (ct_record_subjects[rec->type] == CT_SUBJECT_CONTAINER)
		return step;
	while (step->parent)
		step = &rec->steps[step->parent - 1];
	return step;
}
