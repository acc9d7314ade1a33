// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "cmd/apart.h"

#define BYTES 200000 /* more than a pipe holds */

static void fill(const void *arg, void *answer)
{
	memset(answer, *(const char *)arg, BYTES);
}

Test(apart, several_answer_each_for_itself, .timeout = 20)
{
	struct ct_apart apart[3] = { 0 };
	static char answer[BYTES];
	struct ct_err err = { 0 };

	for (int i = 0; i < 3; i++)
		cr_assert_eq(ct_apart_begin(&apart[i], fill, &"abc"[i], BYTES, &err), 0, "%s",
			     err.msg);
	for (int i = 2; i >= 0; i--) {
		cr_assert_eq(ct_apart_answer(&apart[i], answer, BYTES, &err), 0, "%s", err.msg);
		cr_expect_eq(answer[0], "abc"[i]);
		cr_expect_eq(answer[BYTES - 1], "abc"[i]);
	}
}

static void die(const void *arg, void *answer)
{
	*(char *)answer = 'x';
	if (*(const int *)arg)
		raise(*(const int *)arg);
	_exit(7);
}

static const struct {
	int signal;
	const char *said;
} ends[] = {
	{ SIGKILL, "hear of a process: signal 9 has ended it" },
	{ 0, "hear of a process: it has ended with status 7" },
};

Test(apart, one_that_ends_before_it_answers_says_how, .timeout = 20)
{
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct ct_err err = { 0 };
		struct ct_apart apart;
		char answer = 'o';

		cr_assert_eq(ct_apart_begin(&apart, die, &ends[i].signal, 1, &err), 0);
		cr_expect_eq(ct_apart_answer(&apart, &answer, 1, &err), -ECHILD);
		cr_expect_str_eq(err.msg, ends[i].said);
		cr_expect_eq(answer, 'o', "touched");
	}
}

static void look(const void *arg, void *answer)
{
	*(int *)answer = write(*(const int *)arg, "x", 1) < 0 ? errno : 0;
}

/* Who waits for the end of this program's output waits for this program. */
Test(apart, nothing_of_the_callers_is_open_there, .timeout = 20)
{
	struct ct_apart apart = { 0 };
	struct ct_err err = { 0 };
	int pair[2], seen = 0;

	cr_assert_eq(pipe(pair), 0);
	cr_assert_eq(ct_apart_begin(&apart, look, &pair[1], sizeof(seen), &err), 0);
	cr_assert_eq(ct_apart_answer(&apart, &seen, sizeof(seen), &err), 0, "%s", err.msg);
	cr_expect_eq(seen, EBADF);
	close(pair[0]);
	close(pair[1]);
}
