/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Databases of bbolt (go.etcd.io/bbolt, version 2 of its file), as they lie in memory: containerd keeps in two of
 * them what it knows of images and snapshots. Trusts no number; what is not as it should be is not there.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_bolt {
	const unsigned char *p; /* borrowed */
	size_t len, page;
	uint64_t root; /* its page */
	uint64_t txid; /* of the last change that is whole */
};

/* False: that is none. It needs the first two pages alone. */
bool ct_bolt_open(struct ct_bolt *ret, const void *p, size_t len);

struct ct_bolt_value {
	const unsigned char *p; /* borrowed of the database */
	size_t len;
};

/*
 * The value below the last key; those before it are buckets, one in the other, which end with NULL. False: there
 * is none such.
 */
bool ct_bolt_value(const struct ct_bolt *b, const char *const *keys, struct ct_bolt_value *ret);

/* A varint of encoding/binary, with its sign; the time of MarshalBinary(), ns since 1970. 0: it is none. */
int64_t ct_bolt_number(struct ct_bolt_value value);
uint64_t ct_bolt_time(struct ct_bolt_value value);
