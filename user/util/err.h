/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Errors: a negative errno, or -CT_EUSAGE, as the return value, and a sentence that grows outwards.
 * Library code neither prints nor exits; main() prints the sentence once, after "coldtrace: ".
 *
 * A sentence says what was being done, on which thing, why it failed, and what to do if we know.
 */
#pragma once

/* No errno: what was asked for cannot be had together, the exit code is that of bad usage. */
#define CT_EUSAGE 10000

struct ct_err {
	int code; /* negative errno, 0 while nothing failed */
	char msg[512];
};

/* Sets the sentence. Returns code, made negative if it is not: it can be returned as it is. */
int ct_fail(struct ct_err *err, int code, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "fmt: " before the sentence. Returns err->code. */
int ct_wrap(struct ct_err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
