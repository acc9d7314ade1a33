// SPDX-License-Identifier: GPL-2.0-only
/*
 * forks [--jobs N] [--filter GLOB] [--list]: each test in a process of its own, which is forked and
 * not executed. It has passed if it comes to its end, with nothing that was not as expected; what a sanitizer
 * has to say, of memory that is left too, ends it in another way. GLOB is matched with "suite/test".
 */
#include "criterion/criterion.h"
#include "criterion/redirect.h"

#include <fnmatch.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define JOBS_MAX  64
#define TIMEOUT_S 300 /* of a test that says none */

/* With what the process of a test exits: 0 is what anything exits with that ends too early. */
enum verdict {
	PASSED = 40,
	SKIPPED,
	FAILED
};

static struct {
	const struct quick_test *test; /* NULL: nothing runs here */
	pid_t pid;
} jobs[JOBS_MAX];

static unsigned jobs_max = 2, running, passed, skipped, failed;
static const struct quick_test *current; /* in the process of a test */
static bool unexpected;

static void say(const char *file, int line, const char *what, const char *fmt, va_list args)
{
	char message[1024];

	vsnprintf(message, sizeof(message), fmt, args);
	fprintf(stderr, "%s:%d: %s/%s: %s%s%s\n", file, line, current->suite, current->name, what,
		message[0] ? ": " : "", message);
}

void quick_expected(const char *file, int line, const char *what, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(file, line, what, fmt, args);
	va_end(args);
	unexpected = true;
}

void quick_asserted(const char *file, int line, const char *what, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(file, line, what, fmt, args);
	va_end(args);
	_exit(FAILED); /* what is left of it is of no interest */
}

static FILE *redirected;

void cr_redirect_stdout(void)
{
	redirected = tmpfile();
	if (!redirected || dup2(fileno(redirected), STDOUT_FILENO) < 0)
		cr_assert_fail("standard output cannot be kept");
}

FILE *cr_get_redirected_stdout(void)
{
	rewind(redirected);
	return redirected;
}

static void child(const struct quick_test *test)
{
	current = test;
	alarm(test->timeout ? (unsigned)test->timeout : TIMEOUT_S);
	quick_run(test);
	if (redirected)
		fclose(redirected);
	exit(unexpected ? FAILED : quick_skipped ? SKIPPED : PASSED);
}

static void judge(const struct quick_test *test, int status)
{
	int code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;

	passed += code == PASSED;
	skipped += code == SKIPPED;
	if (code == PASSED || code == SKIPPED)
		return;
	failed++;
	fprintf(stderr, "not ok %s/%s", test->suite, test->name);
	if (code == FAILED)
		fprintf(stderr, "\n");
	else if (code >= 0)
		fprintf(stderr, ": it ended with exit code %d, of a sanitizer or its own\n", code);
	else if (WTERMSIG(status) == SIGALRM)
		fprintf(stderr, ": it took too long\n");
	else
		fprintf(stderr, ": signal %d\n", WTERMSIG(status));
}

/* Waits for one of them. */
static void reap(void)
{
	int status;
	pid_t pid = wait(&status);

	for (unsigned i = 0; i < jobs_max; i++) {
		if (jobs[i].test && jobs[i].pid == pid) {
			judge(jobs[i].test, status);
			jobs[i].test = NULL;
			running--;
		}
	}
}

static void start(const struct quick_test *test)
{
	unsigned i = 0;

	while (running >= jobs_max)
		reap();
	while (jobs[i].test)
		i++;
	fflush(NULL);
	jobs[i].pid = fork();
	if (!jobs[i].pid)
		child(test);
	if (jobs[i].pid < 0) {
		perror("fork");
		failed++;
		return;
	}
	jobs[i].test = test;
	running++;
}

static bool is_wanted(const struct quick_test *test, const char *glob)
{
	char name[256];

	snprintf(name, sizeof(name), "%s/%s", test->suite, test->name);
	return test->run && (!glob || !fnmatch(glob, name, 0));
}

static int usage(void)
{
	fprintf(stderr, "usage: unit [--jobs N] [--filter GLOB] [--list]\n");
	return 2;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "jobs", required_argument, NULL, 'j' },
						 { "filter", required_argument, NULL, 'f' },
						 { "list", no_argument, NULL, 'l' },
						 { 0 } };
	const char *glob = NULL;
	bool list = false;
	int option;

	while ((option = getopt_long(argc, argv, "j:", options, NULL)) != -1) {
		if (option == 'j')
			jobs_max = (unsigned)atoi(optarg);
		else if (option == 'f')
			glob = optarg;
		else if (option == 'l')
			list = true;
		else
			return usage();
	}
	if (optind < argc || !jobs_max || jobs_max > JOBS_MAX)
		return usage();
	for (const struct quick_test *t = quick_tests; t; t = t->next) {
		if (!is_wanted(t, glob))
			continue;
		if (list)
			printf("%s/%s\n", t->suite, t->name);
		else
			start(t);
	}
	while (running)
		reap();
	if (list)
		return 0;
	printf("%u passed, %u failed, %u skipped\n", passed, failed, skipped);
	if (!(passed + failed))
		fprintf(stderr, "no test is called so\n");
	return failed || !passed;
}
