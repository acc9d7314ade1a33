/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of options, for the files that parse them. */
#pragma once

#include <stdint.h>

#include "cmd/options.h"
#include "util/err.h"

/* A whole number from min to max. On -EINVAL *ret is untouched and err a sentence that names the option. */
int ct_value_number(const char *name, const char *value, uint64_t min, uint64_t max, uint64_t *ret,
		    struct ct_err *err);

/* Which of the names; the error counts them up. */
int ct_value_one_of(const char *option, const char *value, const char *const *names, int count,
		    int *ret, struct ct_err *err);

/* How long, as ct_duration_parse() takes it, in seconds: from min on, 30 years at most. */
int ct_value_seconds(const char *name, const char *value, double min, double *ret,
		     struct ct_err *err);

/* One more; it borrows the value. */
int ct_value_add(struct ct_list *list, const char *name, const char *value, struct ct_err *err);

/* The next of a list with commas: its length, *at is moved behind it and the comma. *at NULL: no more. */
size_t ct_value_next(const char **at, const char **ret);

/* That of the names (the last is NULL) which somebody who typed the word has meant; NULL: none is like it. */
const char *ct_value_near(const char *word, const char *const *names);
