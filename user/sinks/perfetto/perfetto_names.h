/* SPDX-License-Identifier: GPL-2.0-only */
/* Strings of a trace that are written once: from then on a number stands for each. */
#pragma once

#include <stdint.h>

/* Perfetto numbers them apart. */
enum ct_name_kind {
	CT_NAME_CATEGORY,
	CT_NAME_EVENT,
	CT_NAME_NOTE,
	CT_NAME_VALUE,
	CT_NAME_KINDS
};

struct ct_names;

struct ct_names *ct_names_new(void); /* NULL when out of memory */
void ct_names_free(struct ct_names *names); /* NULL is fine */

/*
 * Its number, from 1, or 0 when out of memory. *ret_text is set if it is new, to what must be written:
 * valid UTF-8 whatever the container chose, borrowed until ct_names_forget(). Else it is NULL.
 */
uint64_t ct_names_number(struct ct_names *names, enum ct_name_kind kind, const char *text,
			 const char **ret_text);

/* So many are known that all should be forgotten. Numbers go on: none means two things. */
int ct_names_is_full(const struct ct_names *names);
void ct_names_forget(struct ct_names *names);
