/* SPDX-License-Identifier: GPL-2.0-only */
#pragma once

#include "core/record.h"

/* A record and all that it borrows, but what is static, in one piece that free() takes. NULL when out of
 * memory. ret_size: of the piece, bytes. */
struct ct_record *ct_record_copy(const struct ct_record *rec, size_t *ret_size);
