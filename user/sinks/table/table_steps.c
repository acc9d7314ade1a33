// SPDX-License-Identifier: GPL-2.0-only
#include <string.h>

#include "sinks/escape.h"
#include "sinks/step_rows.h"
#include "sinks/table/table.h"
#include "sinks/units.h"
#include "stats/measure.h"
#include "util/mem.h"

#define INDENT       8
#define NAME_COLUMNS 30
#define TIME_COLUMNS 9
#define GANTT_MIN    12
#define GANTT_MAX    32
#define WHO_COLUMNS  24

/* Where on the line of the whole record the step lies. */
static void draw_gantt(struct ct_pen *pen, const struct ct_record *rec, uint64_t begin,
		       uint64_t end, size_t columns)
{
	double span = (double)(rec->end_ns - rec->begin_ns);
	size_t from = 0, to = 0;

	if (begin < rec->begin_ns)
		begin = rec->begin_ns;
	if (end > rec->end_ns)
		end = rec->end_ns;
	if (span > 0 && end >= begin) {
		from = (size_t)((double)(begin - rec->begin_ns) / span * (double)columns);
		to = (size_t)((double)(end - rec->begin_ns) / span * (double)columns + 0.5);
	}
	if (from >= columns)
		from = columns - 1;
	if (to <= from)
		to = from + 1;
	fputs("  ", pen->f);
	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_fill(pen, pen->blocks ? "\u00b7" : ".", from);
	ct_pen_off(pen);
	ct_pen_fill(pen, pen->blocks ? "\u2588" : "#", to - from);
	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_fill(pen, pen->blocks ? "\u00b7" : ".", columns - to);
	ct_pen_off(pen);
}

struct frame {
	size_t name, gantt;
};

/* What is there after the name, the two times and who did it becomes the gantt. */
static struct frame frame_of(const struct ct_pen *pen)
{
	struct frame frame = { .name = NAME_COLUMNS };
	size_t fixed = INDENT + NAME_COLUMNS + 2 * TIME_COLUMNS + 1 + WHO_COLUMNS + 2;

	if (pen->width >= fixed + GANTT_MIN)
		frame.gantt = pen->width - fixed < GANTT_MAX ? pen->width - fixed : GANTT_MAX;
	else if (pen->width < INDENT + NAME_COLUMNS + 2 * TIME_COLUMNS + 2)
		frame.name = 16;
	return frame;
}

static void draw_step(struct ct_pen *pen, const struct ct_record *rec, const struct ct_step *step,
		      const struct frame *frame)
{
	size_t depth = ct_step_rows_depth(step);
	size_t at =
		INDENT + frame->name + 2 * TIME_COLUMNS + 1 + (frame->gantt ? 2 : 0) + frame->gantt;
	size_t name = depth < frame->name ? frame->name - depth : 1;
	char text[CT_DURATION_LEN + 2] = "+", who[64], calls[24] = "";
	char label[CT_STEP_LABEL_LEN];
	uint64_t offset = step->begin_ns > rec->begin_ns ? step->begin_ns - rec->begin_ns : 0;

	ct_pen_fill(pen, " ", INDENT + depth);
	ct_pen_foreign(pen, ct_step_label(label, rec, step), name, true);
	ct_duration(text + 1, offset, CT_DURATION_COLUMN | (pen->utf8 ? CT_DURATION_UTF8 : 0));
	ct_pen_on(pen, CT_STYLE_DIM);
	ct_pen_right(pen, text, TIME_COLUMNS + 1);
	ct_pen_off(pen);
	if (step->open || step->end_ns < step->begin_ns)
		ct_pen_right(pen, "?", TIME_COLUMNS);
	else
		ct_pen_duration(pen, step->end_ns - step->begin_ns, TIME_COLUMNS, false);
	if (frame->gantt)
		draw_gantt(pen, rec, step->begin_ns, step->open ? rec->end_ns : step->end_ns,
			   frame->gantt);
	if (step->count > 1)
		snprintf(calls, sizeof(calls), " %s%u", pen->utf8 ? "\u00d7" : "x", step->count);
	snprintf(who, sizeof(who), "  %s %u%s", step->actor ? step->actor : "?", step->pid, calls);
	if (at + ct_text_columns(who) <= pen->width) {
		ct_pen_on(pen, CT_STYLE_DIM);
		fputs(who, pen->f);
		at += ct_text_columns(who);
		if (*step->detail && pen->width >= at + 8) {
			fputs("  ", pen->f);
			ct_pen_foreign(pen, step->detail, pen->width - at - 2, false);
		}
		ct_pen_off(pen);
	}
	fputc('\n', pen->f);
}

static void draw_phase(struct ct_pen *pen, const struct ct_record *rec, enum ct_phase phase,
		       const struct frame *frame)
{
	struct ct_step_rows rows = { 0 };
	bool headed = false;

	for (size_t i = 0; i < rec->step_count; i++) {
		if (ct_step_home(rec, &rec->steps[i])->phase != phase)
			continue;
		if (!headed) {
			ct_pen_fill(pen, " ", INDENT);
			ct_pen_on(pen, CT_STYLE_BOLD);
			ct_pen_left(pen, ct_phase_names[phase], frame->name + TIME_COLUMNS + 1);
			if (ct_phase_value(rec, phase, CT_GAPS_ALL).is == CT_PHASE_UNMEASURED)
				ct_pen_right(pen, "?", TIME_COLUMNS);
			else
				ct_pen_duration(pen, ct_record_phase_ns(rec, phase), TIME_COLUMNS,
						false);
			ct_pen_off(pen);
			fputc('\n', pen->f);
			headed = true;
		}
		ct_step_rows_above(&rows, pen, rec, i, INDENT);
		draw_step(pen, rec, &rec->steps[i], frame);
	}
}

void ct_table_steps(struct ct_pen *pen, const struct ct_record *rec)
{
	struct frame frame = frame_of(pen);
	uint32_t drawn = 0;

	for (size_t i = 0; i < rec->segment_count; i++) {
		enum ct_phase phase = rec->segments[i].phase;

		if (!(drawn >> phase & 1))
			draw_phase(pen, rec, phase, &frame);
		drawn |= 1U << phase;
	}
	for (unsigned p = 0; p < CT_PHASE_MAX; p++)
		if (!(drawn >> p & 1))
			draw_phase(pen, rec, (enum ct_phase)p, &frame);
}
