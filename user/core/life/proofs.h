/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a request was whose name nobody has heard (hear/inferred.c): by what was done to its container
 * between it and its answer. Rows of families.
 */
#pragma once

#include "core/base/marks.h"

struct ct_container;

/* That, if all of this came to be in between. A family's first row that fits counts. */
struct ct_proof {
	const char *request;
	enum ct_mark marks[2]; /* of the present run; NONE: nothing */
	bool files; /* its files went, which they do when it is removed and never else */
	bool refused; /* the request was; else it succeeded */
	enum {
		CT_REFUTES_NEVER,
		CT_REFUTES_RUNNING, /* a success of it leaves nothing that runs */
		CT_REFUTES_ALWAYS /* a success of it has always led to this */
	} refutes;
};

/* What was asked and answered then; NULL: nothing proves it. */
const char *ct_family_proof(const struct ct_container *c, uint64_t asked_ns, uint64_t answered_ns,
			    bool refused);
/* Whether a request that succeeded was not that of the row, which does not hold. */
bool ct_family_refutes(const struct ct_container *c, const struct ct_proof *row);
