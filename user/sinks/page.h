/* SPDX-License-Identifier: GPL-2.0-only */
/* Text that a sink makes in memory and then writes whole: no half line, one check of errors. */
#pragma once

#include "sinks/sink.h"

/* CLOCK_REALTIME of an instant. A recording may hold any number: it wraps. */
static inline int64_t ct_wall_ns(uint64_t mono_ns, int64_t wall_minus_mono_ns)
{
	return (int64_t)(mono_ns + (uint64_t)wall_minus_mono_ns);
}

struct ct_page {
	FILE *f; /* owned while open */
	char *text;
	size_t len;
};

int ct_page_open(struct ct_page *page, const struct ct_sink *s, struct ct_err *err);

/* Writes what stands on the page, or says why not, and closes it either way. */
int ct_page_put(struct ct_page *page, struct ct_sink *s, struct ct_err *err);

/* Closes it and writes nothing. */
void ct_page_drop(struct ct_page *page);
