// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/doctor_verdict.h"

#include <string.h>

#include "cmd/notices.h"
#include "core/record.h"
#include "source/proc/credentials.h"
#include "source/proc/privileges.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

static void add(json_t *to, const char *key, json_t *value)
{
	json_object_set_new(to, key, value);
}

/* "What: why; what to do" in its two halves. */
static void explain(json_t *to, const char *sentence)
{
	const char *advice = strstr(sentence, "; ");

	add(to, "because",
	    json_stringn_nocheck(sentence,
				 advice ? (size_t)(advice - sentence) : strlen(sentence)));
	if (advice)
		add(to, "do", json_string(advice + strlen("; ")));
}

static void explain_blind(json_t *to, const char *what, const char *why, const char *advice)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: %s%s%s", what, why, *advice ? "; " : "", advice);
	explain(to, text);
}

/* Columns: what is asked for, at which depth it is tried, whether it is made of system calls. */
static const struct feature {
	const char *name;
	enum ct_depth depth;
	bool opens, calls;
	const char *blind; /* of system calls none of which is traced */
} features[] = {
	{ "phases", CT_DEPTH_PHASES, false, false, NULL },
	{ "steps", CT_DEPTH_STEPS, false, true, "no system call can be traced" },
	{ "why", CT_DEPTH_WHY, false, false, NULL },
	{ "opens", CT_DEPTH_PHASES, true, true, "no opened file can be seen" },
};

static json_t *judge(const struct feature *f, const struct ct_tried *tried)
{
	const struct ct_err *why = f->opens ? &tried->why_no_opens : &tried->why;
	bool works = f->opens ? tried->opens : tried->works;
	const char *advice, *blind = works && f->calls
					     ? ct_notices_blind(&tried->plan, f->opens, &advice)
					     : NULL;
	json_t *row = json_object();

	add(row, "feature", json_string(f->name));
	add(row, "works", json_boolean(works && !blind));
	if (blind)
		explain_blind(row, f->blind, blind, advice);
	else if (!works)
		explain(row, why->msg);
	return row;
}

/* What every run says that it does not see for want of a capability. */
static json_t *less(void)
{
	uint64_t own = ct_own_caps();
	json_t *list = json_array();

	for (const struct ct_privilege *row = ct_privileges; row->name; row++) {
		json_t *r;

		if (row->need != CT_PRIVILEGE_WANTED || ct_privilege_held(row, own))
			continue;
		r = json_object();
		add(r, "without", json_string(row->name));
		add(r, "unseen", json_string(row->unseen));
		json_array_append_new(list, r);
	}
	return list;
}

json_t *ct_doctor_verdict(const struct ct_tried *tried)
{
	json_t *v = json_object(), *list = json_array();

	add(v, "works", json_boolean(tried[CT_DEPTH_PHASES].works));
	for (size_t i = 0; i < CT_ARRAY_SIZE(features); i++)
		json_array_append_new(list, judge(&features[i], &tried[features[i].depth]));
	add(v, "features", list);
	add(v, "less", tried[CT_DEPTH_PHASES].works ? less() : json_array());
	return v;
}

static const char *string_of(json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static void draw_reason(FILE *out, const char *what, json_t *row)
{
	fprintf(out, "  %s: %s\n", what, string_of(row, "because"));
	if (*string_of(row, "do"))
		fprintf(out, "    do: %s\n", string_of(row, "do"));
}

void ct_doctor_draw_verdict(FILE *out, json_t *verdict)
{
	json_t *list = json_object_get(verdict, "features"), *row;
	const char *between = ": ";
	char what[64];
	size_t i;

	if (!json_is_true(json_object_get(verdict, "works"))) {
		fprintf(out, "coldtrace does not work here\n");
		draw_reason(out, "because", json_array_get(list, 0));
		return;
	}
	fprintf(out, "coldtrace works here");
	json_array_foreach(list, i, row)
	{
		if (!json_is_true(json_object_get(row, "works")))
			continue;
		fprintf(out, "%s%s", between, string_of(row, "feature"));
		between = ", ";
	}
	putc('\n', out);
	json_array_foreach(list, i, row)
	{
		snprintf(what, sizeof(what), "not %s, because", string_of(row, "feature"));
		if (!json_is_true(json_object_get(row, "works")))
			draw_reason(out, what, row);
	}
	json_array_foreach(json_object_get(verdict, "less"), i, row)
		fprintf(out, "  without %s it does not see %s\n", string_of(row, "without"),
			string_of(row, "unseen"));
}
