// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the tests one after the other; the first that fails ends it. Prints how many seconds each
 * took. With a file: those that are named there, in that order.
 */
#include "criterion/criterion.h"

#include <time.h>
#include <unistd.h>

static struct quick_test *first, *running;
jmp_buf quick_skip;

void quick_add(struct quick_test *test)
{
	test->next = first;
	first = test;
}

void quick_failed(const char *file, int line)
{
	fprintf(stderr, "%s:%d: %s/%s\n", file, line, running->suite, running->name);
	_exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static const struct quick_test *suite_of(const struct quick_test *test)
{
	for (const struct quick_test *t = first; t; t = t->next) {
		if (!t->run && !strcmp(t->suite, test->suite))
			return t;
	}
	return test;
}

static void run(const struct quick_test *test)
{
	const struct quick_test *suite = suite_of(test);

	if (suite->init)
		suite->init();
	if (test != suite && test->init)
		test->init();
	if (!setjmp(quick_skip))
		test->run();
	if (test != suite && test->fini)
		test->fini();
	if (suite->fini)
		suite->fini();
}

static void timed(const struct quick_test *test)
{
	double begin = seconds();

	run(test);
	printf("%.4f %s/%s\n", seconds() - begin, test->suite, test->name);
}

int main(int argc, char **argv)
{
	FILE *order = argc > 1 ? fopen(argv[1], "r") : NULL;
	char wanted[256], name[256];

	if (argc > 1 && !order)
		return 2;
	for (running = first; !order && running; running = running->next) {
		if (running->run)
			timed(running);
	}
	while (order && fscanf(order, "%255s", wanted) == 1) {
		for (running = first; running; running = running->next) {
			snprintf(name, sizeof(name), "%s/%s", running->suite, running->name);
			if (running->run && !strcmp(name, wanted))
				timed(running);
		}
	}
	if (order)
		fclose(order);
	return 0;
}
