/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * JSON text, member by member: writes the commas where they belong and escapes every string. The
 * stream is in memory: its errors show at its close.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define CT_JSON_DEPTH_MAX 24

struct ct_json {
	FILE *f; /* borrowed */
	bool more[CT_JSON_DEPTH_MAX]; /* this level has a member already */
	unsigned depth;
	/* For who writes: something is missing; how many pieces a path may have, 0: the usual. */
	bool no_memory;
	size_t pieces;
};

/* key is NULL for the members of an array. */
void ct_json_enter(struct ct_json *w, const char *key, char bracket);
void ct_json_leave(struct ct_json *w, char bracket);
void ct_json_string(struct ct_json *w, const char *key, const char *s);
void ct_json_u64(struct ct_json *w, const char *key, uint64_t n);
void ct_json_u64_or_null(struct ct_json *w, const char *key, uint64_t n, bool known);
void ct_json_null(struct ct_json *w, const char *key);
void ct_json_bool(struct ct_json *w, const char *key, bool yes);

/* A number whose text is ready: the caller vouches that it is JSON. */
void ct_json_number(struct ct_json *w, const char *key, const char *text);

/* RFC 3339 of CLOCK_REALTIME ns. */
void ct_json_time(struct ct_json *w, const char *key, int64_t real_ns);
