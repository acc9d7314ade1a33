// SPDX-License-Identifier: GPL-2.0-only
#include "told.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "sinks/json/json_objects.h"
#include "stats/summary.h"
#include "util/mem.h"

#define SUMS       "tests/unit/told.sums"
#define EVENTS_MAX 3000 /* longer tapes are about room, and take their time */

/* Criterion has a process for each parameter of a test: which tape of it this is nobody knows there, and none is compared. */
#ifdef QUICK_TEST
#define COMPARED true
#define SUITE    quick_current->suite
#define NAME     quick_current->name
#else
#define COMPARED false
#define SUITE    criterion_current_test->category
#define NAME     criterion_current_test->name
#endif

/* How a tape is played. */
static const struct way {
	const char *name;
	unsigned of, places; /* of so many events one is lost, at each of these places in turn */
	uint64_t tick_ns; /* of its clock */
	double from, to; /* parts of the tape that are there */
	bool deep; /* everything is kept that may be asked for */
	bool few; /* there is room for two containers, and what looks the same is the same */
	unsigned twice, cut; /* each so manieth event comes again, has half of its tail */
} ways[] = {
	{ "whole", .places = 1, .to = 1 },
	{ "deep", .places = 1, .to = 1, .deep = true },
	{ "lossy", .of = 6, .places = 6, .to = 1, .deep = true },
	{ "coarse", .places = 1, .tick_ns = 10 * TAPE_MS, .to = 1, .deep = true },
	{ "late", .places = 1, .from = 0.4, .to = 1, .deep = true },
	{ "early", .places = 1, .to = 0.6, .deep = true },
	{ "few", .places = 1, .to = 1, .deep = true, .few = true },
	{ "twice", .places = 1, .to = 1, .deep = true, .twice = 4 },
	{ "cut", .places = 1, .to = 1, .deep = true, .cut = 5 },
};

struct told {
	FILE *f;
	struct ct_session session;
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	const char *wrong = check_record(rec);
	struct told *told = ctx;
	struct ct_json w = { .f = told->f };

	ct_json_record(&w, NULL, &told->session, rec);
	fprintf(told->f, " %s\n", wrong ? wrong : "");
}

static void on_known(void *ctx, const struct ct_record *rec)
{
	const struct told *told = ctx;

	fprintf(told->f, "known %s '%s' '%s' %" PRIu64 "\n", ct_record_names[rec->type],
		rec->who->id, rec->who->name, rec->begin_ns);
}

static void on_opens(void *ctx, struct ct_opens *opens)
{
	const struct told *told = ctx;
	struct ct_opens_list list = { 0 };
	struct ct_json w = { .f = told->f };

	cr_assert(!ct_opens_list_take(&list, opens) && !ct_json_opens(&w, &list, true));
	ct_opens_list_clear(&list);
}

static void on_left(void *ctx, const struct ct_identity *who, bool told_of, bool open)
{
	const struct told *told = ctx;

	fprintf(told->f, "left '%s' '%s' %d %d\n", who->id, who->name, told_of, open);
}

static void on_lookup(void *ctx, enum ct_lookup what, const char *id, uint32_t engine,
		      const char *bundle)
{
	const struct told *told = ctx;

	fprintf(told->f, "asked for %d of '%s' %u '%s'\n", what, id ? id : "", engine, bundle);
}

static bool is_there(const struct way *way, unsigned place, const struct tape *t, size_t i,
		     const struct ct_event *e)
{
	double at = (double)i / (double)t->count;

	if (at >= way->to)
		return false;
	if (e->kind >= CT_KIND_CLOCK || (e->flags & CT_F_SEEDED))
		return true; /* user space knows it, whatever the kernel loses */
	return at >= way->from && (!way->of || i % way->of != place);
}

/* As the event is given over: nothing lies behind it. */
static struct ct_event *copy_of(const struct way *way, size_t i, const struct ct_event *e)
{
	struct ct_event *copy = malloc(e->len);

	cr_assert(copy);
	memcpy(copy, e, e->len);
	if (way->tick_ns)
		copy->ts_ns -= copy->ts_ns % way->tick_ns;
	if (way->cut && i % way->cut == 0 && e->kind < CT_KIND_CLOCK) {
		copy->tail_len /= 2;
		copy->flags |= CT_F_TRUNCATED;
	}
	return copy;
}

static void feed(struct ct_core *core, const struct way *way, unsigned place, const struct tape *t)
{
	size_t at = 0;

	for (size_t i = 0; i < t->count; i++) {
		const struct ct_event *e = (const struct ct_event *)(t->bytes + at);
		own_mem struct ct_event *copy = NULL;

		at += e->len;
		if (!is_there(way, place, t, i, e))
			continue;
		copy = copy_of(way, i, e);
		ct_core_feed(core, copy);
		if (way->twice && i % way->twice == 0)
			ct_core_feed(core, copy);
	}
}

/* As text; freed by the caller. */
static char *told_of(const struct tape *t, const struct ct_core_options *opts,
		     const struct way *way)
{
	static const struct ct_core_ops ops = { on_record, on_known, on_opens, on_left, on_lookup };
	struct ct_core_options mine = *opts;
	struct told told = { .session = { .version = "", .kernel = "", .depth = "steps" } };
	struct ct_summary *none = ct_summary_new();
	struct ct_json w = { 0 };
	char *text = NULL;
	size_t len;

	if (way->deep)
		mine.steps = mine.parts = mine.why = true;
	if (way->few) {
		mine.containers_max = 2;
		mine.restarts_by_image = true;
	}
	w.f = told.f = open_memstream(&text, &len);
	cr_assert(told.f && none);
	for (unsigned place = 0; place < way->places; place++) {
		struct ct_core *core = ct_core_new(&mine, &ops, &told);
		struct ct_core_counts counts;

		cr_assert(core);
		feed(core, way, place, t);
		ct_core_flush(core);
		counts = ct_core_counts(core);
		ct_json_summary(&w, NULL, &told.session, none, &counts);
		for (size_t i = 0; i < CT_TABLES_MAX && counts.tables[i].name; i++)
			fprintf(told.f, "\n%s: %" PRIu64, counts.tables[i].name,
				counts.tables[i].used);
		fprintf(told.f, "\n");
		ct_core_free(core);
	}
	fclose(told.f);
	ct_summary_free(none);
	return text;
}

/* FNV-1a. */
static uint32_t sum_of(uint32_t sum, const char *text)
{
	while (*text)
		sum = (sum ^ (unsigned char)*text++) * 16777619u;
	return sum;
}

/* The n-th tape of a test, from 0. */
static unsigned nth(void)
{
	static const char *suite, *name;
	static unsigned n;

	if (suite != SUITE || name != NAME)
		n = 0;
	suite = SUITE;
	name = NAME;
	return n++;
}

/* A line of the sums: SUITE/TEST, and a sum for each of its tapes. 0: it has none. */
static uint32_t expected(const char *test, unsigned n)
{
	static char line[65536];
	FILE *f = fopen(SUMS, "re");
	size_t len = strlen(test);
	uint32_t sum = 0;

	while (f && fgets(line, sizeof(line), f)) {
		char *at = line + len;

		if (strncmp(line, test, len) != 0 || *at != ' ')
			continue;
		for (unsigned i = 0; i <= n && *at; i++)
			sum = (uint32_t)strtoul(at, &at, 16);
		break;
	}
	if (f)
		fclose(f);
	return sum;
}

static void append(const char *file, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void append(const char *file, const char *fmt, ...)
{
	FILE *f = fopen(file, "ae");
	va_list args;

	cr_assert(f);
	va_start(args, fmt);
	vfprintf(f, fmt, args);
	va_end(args);
	fclose(f);
}

/* TOLD_SUMS: a file to which the sums go; TOLD_TEXT: one to which all goes that they are of; TOLD_NONE: not now. */
void told_as_ever(const struct tape *t, const struct ct_core_options *opts)
{
	const char *sums = getenv("TOLD_SUMS"), *texts = getenv("TOLD_TEXT");
	uint32_t sum = 2166136261u;
	char test[160];
	unsigned n;

	if (!t->count || t->count > EVENTS_MAX || getenv("TOLD_NONE"))
		return;
	snprintf(test, sizeof(test), "%s/%s", SUITE, NAME);
	n = nth();
	for (size_t i = 0; i < CT_ARRAY_SIZE(ways); i++) {
		own_mem char *text = told_of(t, opts, &ways[i]);

		sum = sum_of(sum, text);
		if (texts)
			append(texts, "%s, tape %u, %s:\n%s", test, n, ways[i].name, text);
	}
	if (sums)
		append(sums, "%s %u %08x\n", test, n, sum);
	else if (COMPARED)
		cr_expect_eq(sum, expected(test, n),
			     "something else is told of tape %u than " SUMS
			     " has: TOLD_TEXT=FILE writes it, 'make told-update' the sums",
			     n);
}
