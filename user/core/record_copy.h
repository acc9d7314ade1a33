/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A record is valid while it is told. Who needs it longer has a copy: of it and of all that it borrows but
 * what is static, in one piece.
 */
#pragma once

#include "core/record.h"

/* Bytes of a copy. */
size_t ct_record_size(const struct ct_record *rec);
/* Makes it in `room`, which has ct_record_size() bytes and is aligned as malloc() does. */
struct ct_record *ct_record_put(const struct ct_record *rec, void *room);
/* Makes it where free() takes it. NULL when out of memory. */
struct ct_record *ct_record_copy(const struct ct_record *rec, size_t *ret_size);
