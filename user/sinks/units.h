/* SPDX-License-Identifier: GPL-2.0-only */
/* Durations and sizes for people: three significant digits, or one after the point, and the unit that reads best. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/record.h"

#define CT_DURATION_LEN 24

enum ct_duration_flag {
	CT_DURATION_UTF8 = 1 << 0, /* a real micro sign */
	CT_DURATION_COMPACT = 1 << 1, /* no space before the unit */
	CT_DURATION_COLUMN =
		1 << 2, /* every unit two columns wide: right-aligned numbers line up */
};

/* Writes "8.41 ms" into buf, which holds CT_DURATION_LEN bytes at least. Returns buf. */
const char *ct_duration(char *buf, uint64_t ns, unsigned flags);

/* Writes "15.8 MiB" into buf, which holds CT_BYTES_LEN bytes at least. Returns buf. */
#define CT_BYTES_LEN 24
const char *ct_bytes(char *buf, uint64_t bytes);

/* Writes "127.0.0.1:5000", "[2001:db8::1]:443"; without a port, and without brackets then, if that is 0. */
#define CT_ADDRESS_LEN 56
const char *ct_address(char *buf, const struct ct_peer *peer, uint16_t port);

/* Writes "12:00:01.123", or without the milliseconds; local time of CLOCK_REALTIME ns. */
#define CT_CLOCK_LEN 16
const char *ct_clock(char *buf, int64_t real_ns, bool millis);

/* Writes "2024-11-21", of the same. */
#define CT_DATE_LEN 24
const char *ct_date(char *buf, int64_t real_ns);

/* Writes "2024-11-21T09:15:00.123456789Z" (RFC 3339, UTC). */
#define CT_RFC3339_LEN 40
const char *ct_rfc3339(char *buf, int64_t real_ns);
