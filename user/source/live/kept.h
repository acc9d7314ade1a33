/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What goes on when a tracer has ended, until the next one has read it: descriptors that somebody keeps meanwhile, a
 * service manager for instance.
 */
#pragma once

#include <stddef.h>

/* Columns: symbol, word. PAGE: struct ct_kept_page, what the next one has to know of the ring. */
#define CT_KEPT_KINDS_X(X) \
	X(PAGE, "page") \
	X(RING, "ring") \
	X(LOSSES, "losses") \
	X(H2, "h2") \
	X(H2_SHARED, "h2-shared") \
	X(H2_EVER, "h2-ever") \
	X(PROGRAM, "program") \
	X(LINK, "link")

enum ct_kept_kind {
#define X(symbol, word) CT_KEPT_##symbol,
	CT_KEPT_KINDS_X(X)
#undef X
	CT_KEPT_KINDS
};

#define CT_KEPT_MAX 64

struct ct_kept {
	struct ct_kept_fd {
		enum ct_kept_kind kind;
		int fd;
	} fds[CT_KEPT_MAX];
	size_t count;
};
