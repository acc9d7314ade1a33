/* SPDX-License-Identifier: GPL-2.0-only */
/* The closed recordings of a directory: which are there, and which go. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define CT_SHELF_BEGIN    "coldtrace-"
#define CT_SHELF_END      ".ct"
#define CT_SHELF_NAME_LEN 64

/*
 * Removes those that were not changed for that long (0: none is too old), then the oldest until all
 * together have at most so many bytes. Only files that are called as coldtrace calls them, and that
 * nobody writes. Returns how many went.
 */
unsigned int ct_shelf_sweep(int dir, uint64_t keep_ns, uint64_t keep_bytes);

/* Removes the oldest; false: there is none. name: CT_SHELF_NAME_LEN bytes, what it was called. */
bool ct_shelf_drop_oldest(int dir, char *name);
