/* SPDX-License-Identifier: GPL-2.0-only */
/* What sinks say about opened files in words, the same in all of them. */
#pragma once

#include <stdint.h>

#include "core/opens/opens.h"

#define CT_ERRNO_LEN 24

/* "ENOENT"; a number that has no name as "errno 999". Returns buf. */
const char *ct_errno_name(char *buf, uint32_t error);

/* What the numbers of a view are not, as a sentence; "" if they are what one would think. */
const char *ct_view_caution(enum ct_view view);
