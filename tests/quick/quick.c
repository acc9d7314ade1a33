// SPDX-License-Identifier: GPL-2.0-only
/* The tests that there are, and how one is run. */
#include "criterion/criterion.h"

struct quick_test *quick_tests;
const struct quick_test *quick_current;
bool quick_skipped;

static jmp_buf skip;

void quick_add(struct quick_test *test)
{
	test->next = quick_tests;
	quick_tests = test;
}

void quick_skip(void)
{
	longjmp(skip, 1);
}

static const struct quick_test *suite_of(const struct quick_test *test)
{
	for (const struct quick_test *t = quick_tests; t; t = t->next) {
		if (!t->run && !strcmp(t->suite, test->suite))
			return t;
	}
	return test;
}

/* Whether it came to its end. */
static bool runs(const struct quick_test *test)
{
	if (setjmp(skip))
		return false;
	test->run();
	return true;
}

void quick_run(const struct quick_test *test)
{
	const struct quick_test *suite = suite_of(test);

	quick_current = test;
	if (suite->init)
		suite->init();
	if (test != suite && test->init)
		test->init();
	quick_skipped = !runs(test);
	if (test != suite && test->fini)
		test->fini();
	if (suite->fini)
		suite->fini();
}
