/* SPDX-License-Identifier: GPL-2.0-only */
/* Values of options, for the files that parse them. */
#pragma once

#include <stdint.h>

#include "util/err.h"

/* A whole number from min to max. On -EINVAL *ret is untouched and err a sentence that names the option. */
int ct_value_number(const char *name, const char *value, uint64_t min, uint64_t max, uint64_t *ret,
		    struct ct_err *err);

/* Which of the names; the error counts them up. */
int ct_value_one_of(const char *option, const char *value, const char *const *names, int count,
		    int *ret, struct ct_err *err);
