/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The header blocks of one sender on one HTTP/2 connection: which gRPC method is called in which
 * namespace, and why an answer failed. Trusts no length; what was not heard is not known, never
 * wrong.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "core/base/text.h"

struct ct_hpack;

/*
 * By which the requests of one sender that have the same path are known, whatever it is: the first
 * fields of their blocks, by their numbers, which are never used again. The path is among them: it
 * is one of four at most that come before all others (RFC 9113, 8.3).
 */
#define CT_PATH_FIELDS 4
struct ct_path_key {
	uint64_t field[CT_PATH_FIELDS];
	unsigned int fields; /* how many of them have a number: with fewer it is no key */
};

/* What a block said; empty: it did not, or that is not known. */
struct ct_headers {
	char path[96];
	char ns[80]; /* containerd-namespace */
	char lease[80]; /* containerd-lease: for what its client keeps things */
	char message[384]; /* grpc-message, still with its percent signs */
	int status; /* grpc-status; -1: not known */
	struct ct_path_key key;
};

static inline void ct_headers_none(struct ct_headers *h)
{
	h->path[0] = h->ns[0] = h->lease[0] = h->message[0] = '\0';
	h->status = -1;
	h->key.fields = 0;
}

/* NULL: no memory. */
struct ct_hpack *ct_hpack_new(void);
void ct_hpack_free(struct ct_hpack *h); /* NULL is fine */
/* False: the block was not whole, and all that was known is forgotten. */
bool ct_hpack_read(struct ct_hpack *h, struct ct_text block, struct ct_headers *ret);
/*
 * The same, and overwrites in place what none of the headers above is: names, values, and values
 * that are not shaped as their header's are. Only the lengths stay, coded and decoded, so that what
 * is said later is understood as before. False: the rest of the block is as it was.
 * messages: grpc-message is kept.
 */
bool ct_hpack_sieve(struct ct_hpack *h, char *block, size_t len, bool messages,
		    struct ct_headers *ret);
/* A block was not heard. */
void ct_hpack_forget(struct ct_hpack *h);
