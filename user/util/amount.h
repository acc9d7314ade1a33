/* SPDX-License-Identifier: GPL-2.0-only */
/* Times and sizes as people write them: 90s, 15m, 1h, 7d; 64K, 100M, 2G, 1T. */
#pragma once

#include <stdint.h>

#define CT_ROTATE_BYTES_MIN (64u << 10)
#define CT_KEEP_BYTES_MIN   (1u << 20)

/*
 * One of them, or one of each with a comma between. What is not named stays as it was. -EINVAL: it is
 * neither, 0, named twice, or more than there can be.
 */
int ct_amounts_parse(const char *text, uint64_t *ret_ns, uint64_t *ret_bytes);

/*
 * How long: 90 (seconds), 1.5, 500ms, 90s, 1m, 1h30m, 2d. -EINVAL: it is none, 0, or more than 146
 * years; *ret_ns is untouched then.
 */
int ct_duration_parse(const char *text, uint64_t *ret_ns);
