/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The part of Criterion that the tests of the core use, for many runs: all tests in one process,
 * which ends with the first that fails. See quick.c.
 */
#pragma once

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
	double timeout;
	struct quick_test *next;
};

void quick_add(struct quick_test *test);
/* Ends the program. */
void quick_failed(const char *file, int line) __attribute__((noreturn));
extern jmp_buf quick_skip;

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
#define TestSuite(suite_, ...)           QUICK_TEST(suite_, suite, NULL, ##__VA_ARGS__)

#define QUICK(cond)                      ((cond) ? (void)0 : quick_failed(__FILE__, __LINE__))

#define cr_assert(cond, ...)             QUICK(cond)
#define cr_assert_not(cond, ...)         QUICK(!(cond))
#define cr_assert_eq(a, b, ...)          QUICK((a) == (b))
#define cr_assert_neq(a, b, ...)         QUICK((a) != (b))
#define cr_assert_lt(a, b, ...)          QUICK((a) < (b))
#define cr_assert_leq(a, b, ...)         QUICK((a) <= (b))
#define cr_assert_gt(a, b, ...)          QUICK((a) > (b))
#define cr_assert_geq(a, b, ...)         QUICK((a) >= (b))
#define cr_assert_null(a, ...)           QUICK(!(a))
#define cr_assert_not_null(a, ...)       QUICK(a)
#define cr_assert_str_eq(a, b, ...)      QUICK(!strcmp(a, b))
#define cr_assert_str_neq(a, b, ...)     QUICK(strcmp(a, b) != 0)
#define cr_assert_str_empty(a, ...)      QUICK(!*(a))
#define cr_assert_arr_eq(a, b, n, ...)   QUICK(!memcmp(a, b, n))
#define cr_assert_float_eq(a, b, e, ...) QUICK((a) - (b) <= (e) && (b) - (a) <= (e))
#define cr_assert_fail(...)              QUICK(0)
#define cr_expect                        cr_assert
#define cr_expect_not                    cr_assert_not
#define cr_expect_eq                     cr_assert_eq
#define cr_expect_neq                    cr_assert_neq
#define cr_expect_lt                     cr_assert_lt
#define cr_expect_leq                    cr_assert_leq
#define cr_expect_gt                     cr_assert_gt
#define cr_expect_geq                    cr_assert_geq
#define cr_expect_null                   cr_assert_null
#define cr_expect_not_null               cr_assert_not_null
#define cr_expect_str_eq                 cr_assert_str_eq
#define cr_expect_str_neq                cr_assert_str_neq
#define cr_expect_str_empty              cr_assert_str_empty
#define cr_expect_arr_eq                 cr_assert_arr_eq
#define cr_expect_arr_neq(a, b, n, ...)  QUICK(memcmp(a, b, n) != 0)
#define cr_expect_float_eq               cr_assert_float_eq
#define cr_expect_fail                   cr_assert_fail
#define cr_log_info(...)                 ((void)0)
#define cr_skip(...)                     longjmp(quick_skip, 1)
#define cr_skip_test(...)                longjmp(quick_skip, 1)
