/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The tail of an ENGINE or IDENTITY event in the making: "key NUL value NUL ...". Pure. Values are cut to a
 * length, never inside a character, and otherwise untouched.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "ct_event.h"

struct ct_tail {
	size_t len;
	bool truncated; /* a value was cut or left out */
	char bytes[CT_TAIL_MAX];
};

/* Adds a value of at most max bytes, cut between characters. Empty values are left out. */
void ct_tail_add(struct ct_tail *tail, const char *key, const char *value, size_t len, size_t max);
void ct_tail_add_str(struct ct_tail *tail, const char *key, const char *value, size_t max);
void ct_tail_add_number(struct ct_tail *tail, const char *key, long long value);

/* The value of a key, NULL if there is none. */
const char *ct_tail_value(const char *bytes, size_t len, const char *key);
