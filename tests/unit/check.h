/* SPDX-License-Identifier: GPL-2.0-only */
/* What holds for every record, whatever was seen: asserted by every test that gets one. */
#pragma once

#include <stdbool.h>

#include "core/record.h"

/* NULL, or what is wrong with it. */
const char *check_record(const struct ct_record *rec);
