/* SPDX-License-Identifier: GPL-2.0-only */
/* Opened files of all containers of a runtime together, each view apart, for metrics. */
#pragma once

#include "stats/opens_list.h"

#define CT_OPENS_RUNTIMES_MAX 32 /* those beyond are in one called CT_OPENS_RUNTIME_REST */
#define CT_OPENS_RUNTIME_REST "(other)"

struct ct_opens_total {
	const char *runtime; /* borrowed; "" when it is not known */
	enum ct_view view;
	struct ct_opens_numbers calls[CT_OPEN_CALL_MAX];
	struct ct_hist *hist[CT_OPEN_CALL_MAX]; /* owned; NULL: none */
	uint64_t errors[CT_OPENS_ERRNOS];
};

struct ct_opens_totals {
	struct ct_opens_total *items; /* owned */
	size_t count;
};

/* Returns 0 or -ENOMEM. The list must live as long as the totals. */
int ct_opens_totals_make(struct ct_opens_totals *t, const struct ct_opens_list *l);
void ct_opens_totals_clear(struct ct_opens_totals *t);
