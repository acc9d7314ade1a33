// SPDX-License-Identifier: GPL-2.0-only
/*
 * Runs the tests one after the other; the first that fails ends it. Prints how many seconds each
 * took. With a file: those that are named there, in that order.
 */
#include "criterion/criterion.h"

#include <time.h>
#include <unistd.h>

static const struct quick_test *running;

void quick_expected(const char *file, int line, const char *what, const char *fmt, ...)
{
	quick_asserted(file, line, what, "%s", fmt);
}

void quick_asserted(const char *file, int line, const char *what, const char *fmt, ...)
{
	(void)fmt;
	fprintf(stderr, "%s:%d: %s/%s: %s\n", file, line, running->suite, running->name, what);
	_exit(1);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void timed(const struct quick_test *test)
{
	double begin = seconds();

	quick_run(test);
	printf("%.4f %s/%s\n", seconds() - begin, test->suite, test->name);
}

int main(int argc, char **argv)
{
	FILE *order = argc > 1 ? fopen(argv[1], "r") : NULL;
	char wanted[256], name[256];

	if (argc > 1 && !order)
		return 2;
	for (running = quick_tests; !order && running; running = running->next) {
		if (running->run)
			timed(running);
	}
	while (order && fscanf(order, "%255s", wanted) == 1) {
		for (running = quick_tests; running; running = running->next) {
			snprintf(name, sizeof(name), "%s/%s", running->suite, running->name);
			if (running->run && !strcmp(name, wanted))
				timed(running);
		}
	}
	if (order)
		fclose(order);
	return 0;
}
