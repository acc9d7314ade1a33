// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cmd/diff.h"
#include "sinks/escape.h"
#include "util/mem.h"

static const char *const side_names[CT_SIDES] = { "a", "b" };

static void put_string(FILE *f, const char *key, const char *value)
{
	fprintf(f, "\"%s\": ", key);
	ct_escape_json(f, value);
}

static void put_number(FILE *f, const char *key, double value)
{
	if (isfinite(value))
		fprintf(f, ", \"%s\": %.9g", key, value);
	else
		fprintf(f, ", \"%s\": null", key);
}

static const char *boolean(bool value)
{
	return value ? "true" : "false";
}

/* What all recordings of a side have in common, or null. */
static void put_common(FILE *f, const char *key, const struct ct_recordings *r,
		       const char *(*of)(const struct ct_input *in))
{
	for (size_t i = 1; i < r->count; i++) {
		if (strcmp(of(&r->items[0]), of(&r->items[i])) != 0) {
			fprintf(f, "\"%s\": null", key);
			return;
		}
	}
	put_string(f, key, of(&r->items[0]));
}

static const char *node_of(const struct ct_input *in)
{
	return in->node;
}

static const char *version_of(const struct ct_input *in)
{
	return in->header->program;
}

static const char *kernel_of(const struct ct_input *in)
{
	return in->header->kernel;
}

static void put_side(FILE *f, const struct ct_diff *diff, enum ct_side side)
{
	const struct ct_recordings *r = &diff->side[side].recordings;
	const struct ct_core_counts *counts = &diff->side[side].counts;
	uint64_t lost = 0;

	for (size_t i = 0; i < CT_LOSS_MAX; i++)
		lost += counts->lost[i];
	fprintf(f, "  \"%s\": {", side_names[side]);
	put_string(f, "file", diff->side[side].path);
	fprintf(f, ", \"recordings\": %zu, ", r->count);
	put_common(f, "node", r, node_of);
	fputs(", ", f);
	put_common(f, "version", r, version_of);
	fputs(", ", f);
	put_common(f, "kernel", r, kernel_of);
	fprintf(f, ", \"depth\": \"%s\"", ct_diff_depth(diff, side) ? "steps" : "phases");
	fprintf(f, ", \"lost\": %llu, \"cut\": %s},\n", (unsigned long long)lost,
		boolean(ct_diff_cut(diff, side)));
}

static void put_values(FILE *f, const char *name, const struct ct_values *v)
{
	if (!v->n) {
		fprintf(f, ", \"%s\": null", name);
		return;
	}
	fprintf(f,
		", \"%s\": {\"n\": %zu, \"min_ns\": %llu, \"median_ns\": %llu, \"p99_ns\": %llu, "
		"\"max_ns\": %llu}",
		name, v->n, (unsigned long long)v->min, (unsigned long long)v->median,
		(unsigned long long)v->p99, (unsigned long long)v->max);
}

static void put_change(FILE *f, const struct ct_diff *diff, const struct ct_change *change)
{
	struct ct_growth grew;
	bool both = change->side[CT_SIDE_A].n && change->side[CT_SIDE_B].n;

	fputs("      {", f);
	put_string(f, "phase",
		   change->phase == CT_MEASURE_TOTAL ? "total" : ct_phase_names[change->phase]);
	fputs(", \"step\": ", f);
	if (change->step)
		ct_escape_json(f, change->step);
	else
		fputs("null", f);
	for (unsigned s = 0; s < CT_SIDES; s++)
		put_values(f, side_names[s], &change->side[s]);
	put_number(f, "change_ns", both ? change->change_ns : NAN);
	put_number(f, "change_percent", both ? ct_change_percent(change) : NAN);
	put_number(f, "low_ns", change->tested ? change->low_ns : NAN);
	put_number(f, "high_ns", change->tested ? change->high_ns : NAN);
	put_number(f, "superiority", change->tested ? change->superiority : NAN);
	put_number(f, "p", change->tested ? change->p : NAN);
	put_number(f, "p_holm", change->tested ? change->p_holm : NAN);
	fprintf(f, ", \"exact\": %s", change->tested ? boolean(change->exact) : "null");
	if (ct_diff_grew(diff, change, &grew))
		fprintf(f, ", \"grew\": {\"reason\": \"%s\", \"a_ns\": %llu, \"b_ns\": %llu}",
			ct_reason_keys[grew.reason], (unsigned long long)grew.ns[CT_SIDE_A],
			(unsigned long long)grew.ns[CT_SIDE_B]);
	fprintf(f, ", \"verdict\": \"%s\"}", ct_verdict_names[change->verdict]);
}

static void put_group(FILE *f, const struct ct_diff *diff, const struct ct_change_group *g)
{
	fprintf(f, "    {\"kind\": \"%s\", \"key\": ", ct_record_names[g->type]);
	if (ct_compare_is_split(diff->compare))
		ct_escape_json(f, g->key);
	else
		fputs("null", f);
	for (unsigned s = 0; s < CT_SIDES; s++) {
		fprintf(f, ", \"%s\": {", side_names[s]);
		for (unsigned o = 0; o < CT_OUTCOME_MAX; o++)
			fprintf(f, "%s\"%s\": %llu", o ? ", " : "", ct_outcome_names[o],
				(unsigned long long)g->count[s][o]);
		fputc('}', f);
	}
	fputs(", \"changes\": [", f);
	for (size_t i = g->first; i < g->end; i++) {
		fputs(i > g->first ? ",\n" : "\n", f);
		put_change(f, diff, ct_compare_change(diff->compare, i));
	}
	fputs(g->end > g->first ? "\n    ]}" : "]}", f);
}

static void put_method(FILE *f, const struct ct_diff *diff)
{
	fprintf(f,
		"  \"method\": {\"test\": \"Mann-Whitney U, two-sided\", \"correction\": \"Holm\", "
		"\"alpha\": %g, \"tests\": %zu, \"step_tests\": %zu, \"interval\": \"percentile "
		"bootstrap of the difference of medians\", \"level\": %g, \"resamples\": %d, "
		"\"seed\": %d, \"few\": %d},\n",
		CT_COMPARE_ALPHA, ct_compare_tests(diff->compare, false),
		ct_compare_tests(diff->compare, true), CT_COMPARE_LEVEL, CT_COMPARE_RESAMPLES,
		CT_COMPARE_SEED, CT_COMPARE_FEW);
}

int ct_diff_json(const struct ct_diff *diff, char **ret_text, size_t *ret_len)
{
	FILE *f = open_memstream(ret_text, ret_len);
	bool bad;

	if (!f)
		return -ENOMEM;
	fputs("{\n  \"schema\": \"coldtrace-diff/1\",\n", f);
	for (unsigned s = 0; s < CT_SIDES; s++)
		put_side(f, diff, (enum ct_side)s);
	put_method(f, diff);
	if (ct_compare_is_split(diff->compare))
		fprintf(f, "  \"by\": \"%s\",\n", ct_by_names[diff->opts->by]);
	else
		fputs("  \"by\": null,\n", f);
	fputs("  \"groups\": [", f);
	for (size_t i = 0; i < ct_compare_groups(diff->compare); i++) {
		fputs(i ? ",\n" : "\n", f);
		put_group(f, diff, ct_compare_group(diff->compare, i));
	}
	fprintf(f, "\n  ],\n  \"slower\": %s,\n  \"told\": %s,\n  \"incomplete\": %s",
		boolean(diff->slower), boolean(!diff->untold), boolean(diff->incomplete));
	if (diff->opts->fail_if_slower)
		put_number(f, "fail_if_slower_percent", diff->opts->slower_percent);
	fputs("\n}\n", f);
	bad = ferror(f);
	return fclose(f) || bad ? -ENOMEM : 0;
}
