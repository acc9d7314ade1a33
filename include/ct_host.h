/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The name of a host, as an engine says it to whom it has connected: what of it may leave the kernel, and what is
 * believed of a recording. Both sides.
 */
#pragma once

#include "ct_types.h"

#define CT_HOST_LEN 128 /* a longer one is not told: DNS has up to 253, registries have up to 80 */

/* Letters, digits and "-._:[]", a bit for each: a name, or an address, and a port. */
#define CT_HOST_LOW  0x07ff600000000000ull /* below 64 */
#define CT_HOST_HIGH 0x07fffffeaffffffeull

static inline int ct_host_char(unsigned char c)
{
	return c < 128 && ((c < 64 ? CT_HOST_LOW : CT_HOST_HIGH) >> (c & 63) & 1);
}
