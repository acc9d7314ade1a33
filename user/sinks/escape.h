/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Strings that containers choose, made safe to show. No output of coldtrace contains a byte of
 * them that did not go through here.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#define CT_COLUMNS_ALL ((size_t)-1)

/*
 * For a terminal: control bytes, C1, DEL, bytes that are not UTF-8, characters that are invisible
 * or turn the direction of the text become \xNN, a backslash becomes two, and so does everything
 * that is not ASCII unless utf8. At most `columns` columns wide, ending in an ellipsis if it was
 * cut. NUL-terminated, whatever size is (> 0); returns the columns it takes.
 */
size_t ct_escape_text(char *out, size_t size, const char *s, bool utf8, size_t columns);

/* The same without a bound. NULL when out of memory; the caller frees. */
char *ct_escape_text_dup(const char *s, bool utf8);

/*
 * A JSON string with its quotes (RFC 8259). A byte that is not UTF-8 becomes \u00XX, as do control
 * characters; what would disturb a terminal is escaped as well.
 */
void ct_escape_json(FILE *out, const char *s);

/* Columns of text that is safe already (escaped, or our own). */
size_t ct_text_columns(const char *s);
