/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page that the records are written into: everything before them and everything after them,
 * charts included. It is built from web/ and lies in the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct ct_html_page {
	const char *head, *tail; /* not NUL-terminated */
	size_t head_len, tail_len;
};

/* False if this program was built where the page could not be. */
bool ct_html_page(struct ct_html_page *ret_page);
