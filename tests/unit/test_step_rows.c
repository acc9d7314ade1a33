// SPDX-License-Identifier: GPL-2.0-only
/* Rows of steps below their phase, whose parents began in another. */
#include <criterion/criterion.h>

#include "sink_records.h"

#define A_STEP(called, in, begin_ms, end_ms, below, deep) \
	{ \
		.name = (called), .actor = "runtime", .phase = (in), \
		.begin_ns = (100000 + (begin_ms)) * MS, .end_ns = (100000 + (end_ms)) * MS, \
		.pid = 10, .count = 1, .parent = (below), .depth = (deep), \
	}

/* What a_start() has: create until 11, connect from 12.5, start from 21.5 ms. */
static const struct ct_step crossing[] = {
	A_STEP("engine run", CT_PHASE_CREATE, 1, 200, 0, 0),
	A_STEP("engine child", CT_PHASE_CREATE, 2, 190, 1, 1),
	A_STEP("network", CT_PHASE_CONNECT, 13, 20, 2, 2),
	A_STEP("one", CT_PHASE_START, 30, 180, 2, 2),
	A_STEP("inside", CT_PHASE_START, 40, 50, 4, 3),
	A_STEP("two", CT_PHASE_START, 60, 70, 2, 2),
	A_STEP("late", CT_PHASE_START, 100, 110, 1, 1),
	A_STEP("alone", CT_PHASE_START, 25, 26, 0, 0),
};

/* The names, with what they are moved by, a line each. */
static char *names_of(const char *text, size_t indent)
{
	char *names = calloc(2, strlen(text) + 1), *to = names;

	cr_assert(names);
	for (const char *line = text; line && *line; line = strchr(line, '\n')) {
		size_t len;

		line += *line == '\n';
		len = strcspn(line, "\n+");
		while (len && line[len - 1] == ' ')
			len--;
		if (len > indent && strspn(line, " ") >= indent)
			to += sprintf(to, "%.*s\n", (int)(len - indent), line + indent);
	}
	return names;
}

static void expect_rows(const char *sink, size_t indent)
{
	struct options opts = { .width = 100, .steps = true };
	struct ct_record rec = a_start();
	own_mem char *text = NULL, *names = NULL;

	rec.steps = crossing;
	rec.step_count = CT_ARRAY_SIZE(crossing);
	text = run(sink, &opts, &rec, 1, &no_loss);
	names = names_of(text, indent);
	expect_in(names, "  engine run\n"
			 "    engine child\n");
	expect_in(names, "  engine run ...\n"
			 "    engine child ...\n"
			 "      network\n");
	expect_in(names, "  engine run ...\n"
			 "    engine child ...\n"
			 "      one\n"
			 "        inside\n"
			 "      two\n"
			 "    late\n"
			 "  alone\n");
}

Test(step_rows, of_a_timeline_say_parents_of_other_phases_again)
{
	expect_rows("timeline", 2);
}

Test(step_rows, of_a_table_do_too)
{
	expect_rows("table", 8);
}
