/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of Criterion that the tests use, without what it does for each of them: it executes the
 * program anew, which with sanitizers takes longer than most tests do. forks.c forks for each, for
 * `make unit`; once.c runs all in one process, which ends with the first that fails, for `make mutate`.
 * `make coverage` has Criterion itself.
 */
#pragma once
#pragma GCC system_header /* as Criterion is: what its macros compare has many types */

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct quick_test {
	const char *suite, *name;
	void (*run)(void); /* NULL: what is said is said of all tests of the suite */
	void (*init)(void), (*fini)(void);
	double timeout; /* s, 0: none is said */
	struct quick_test *next;
};

/* quick.c */
extern struct quick_test *quick_tests;
extern const struct quick_test *quick_current; /* the one that runs, or ran last */
void quick_add(struct quick_test *test);
void quick_run(const struct quick_test *test); /* with what its suite wants before and after */
extern bool quick_skipped; /* the last one that ran, by itself */
void quick_skip(void) __attribute__((noreturn));

/* Of whoever runs them. */
void quick_expected(const char *file, int line, const char *what, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* Ends the test. */
void quick_asserted(const char *file, int line, const char *what, const char *fmt, ...)
	__attribute__((noreturn, format(printf, 4, 5)));

#define QUICK_TEST(suite_, name_, body_, ...) \
	__attribute__((constructor)) static void quick_add_##suite_##_##name_(void) \
	{ \
		static struct quick_test test = { \
			.suite = #suite_, .name = #name_, .run = body_, ##__VA_ARGS__ \
		}; \
\
		quick_add(&test); \
	}

#define Test(suite_, name_, ...) \
	static void quick_##suite_##_##name_(void); \
	QUICK_TEST(suite_, name_, quick_##suite_##_##name_, ##__VA_ARGS__) \
	static void quick_##suite_##_##name_(void)
#define TestSuite(suite_, ...) QUICK_TEST(suite_, suite, NULL, ##__VA_ARGS__)

/* A message is a literal, and what belongs to it. */
#define QUICK_ASSERT(cond, what, ...) \
	((cond) ? (void)0 : quick_asserted(__FILE__, __LINE__, what, "" __VA_ARGS__))
#define QUICK_EXPECT(cond, what, ...) \
	((cond) ? (void)0 : quick_expected(__FILE__, __LINE__, what, "" __VA_ARGS__))

#define cr_assert(cond, ...)           QUICK_ASSERT(cond, #cond, __VA_ARGS__)
#define cr_assert_not(cond, ...)       QUICK_ASSERT(!(cond), "not " #cond, __VA_ARGS__)
#define cr_assert_eq(a, b, ...)        QUICK_ASSERT((a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_assert_neq(a, b, ...)       QUICK_ASSERT((a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_assert_lt(a, b, ...)        QUICK_ASSERT((a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_assert_leq(a, b, ...)       QUICK_ASSERT((a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_assert_gt(a, b, ...)        QUICK_ASSERT((a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_assert_geq(a, b, ...)       QUICK_ASSERT((a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_assert_null(a, ...)         QUICK_ASSERT(!(a), #a " is NULL", __VA_ARGS__)
#define cr_assert_not_null(a, ...)     QUICK_ASSERT(a, #a " is not NULL", __VA_ARGS__)
#define cr_assert_str_eq(a, b, ...)    QUICK_ASSERT(!strcmp(a, b), #a " is " #b, __VA_ARGS__)
#define cr_assert_str_neq(a, b, ...)   QUICK_ASSERT(strcmp(a, b) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_assert_str_empty(a, ...)    QUICK_ASSERT(!*(a), #a " is empty", __VA_ARGS__)
#define cr_assert_arr_eq(a, b, n, ...) QUICK_ASSERT(!memcmp(a, b, n), #a " is " #b, __VA_ARGS__)
#define cr_assert_fail(...)            QUICK_ASSERT(0, "failed", __VA_ARGS__)

#define cr_expect(cond, ...)           QUICK_EXPECT(cond, #cond, __VA_ARGS__)
#define cr_expect_not(cond, ...)       QUICK_EXPECT(!(cond), "not " #cond, __VA_ARGS__)
#define cr_expect_eq(a, b, ...)        QUICK_EXPECT((a) == (b), #a " == " #b, __VA_ARGS__)
#define cr_expect_neq(a, b, ...)       QUICK_EXPECT((a) != (b), #a " != " #b, __VA_ARGS__)
#define cr_expect_lt(a, b, ...)        QUICK_EXPECT((a) < (b), #a " < " #b, __VA_ARGS__)
#define cr_expect_leq(a, b, ...)       QUICK_EXPECT((a) <= (b), #a " <= " #b, __VA_ARGS__)
#define cr_expect_gt(a, b, ...)        QUICK_EXPECT((a) > (b), #a " > " #b, __VA_ARGS__)
#define cr_expect_geq(a, b, ...)       QUICK_EXPECT((a) >= (b), #a " >= " #b, __VA_ARGS__)
#define cr_expect_null(a, ...)         QUICK_EXPECT(!(a), #a " is NULL", __VA_ARGS__)
#define cr_expect_not_null(a, ...)     QUICK_EXPECT(a, #a " is not NULL", __VA_ARGS__)
#define cr_expect_str_eq(a, b, ...)    QUICK_EXPECT(!strcmp(a, b), #a " is " #b, __VA_ARGS__)
#define cr_expect_str_neq(a, b, ...)   QUICK_EXPECT(strcmp(a, b) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_expect_str_empty(a, ...)    QUICK_EXPECT(!*(a), #a " is empty", __VA_ARGS__)
#define cr_expect_arr_eq(a, b, n, ...) QUICK_EXPECT(!memcmp(a, b, n), #a " is " #b, __VA_ARGS__)
#define cr_expect_arr_neq(a, b, n, ...) \
	QUICK_EXPECT(memcmp(a, b, n) != 0, #a " is not " #b, __VA_ARGS__)
#define cr_expect_float_eq(a, b, e, ...) \
	QUICK_EXPECT((a) - (b) <= (e) && (b) - (a) <= (e), #a " is about " #b, __VA_ARGS__)
#define cr_expect_fail(...) QUICK_EXPECT(0, "failed", __VA_ARGS__)

#define cr_log_info(...)    ((void)0)
#define cr_skip(...)        quick_skip()
#define cr_skip_test(...)   quick_skip()
