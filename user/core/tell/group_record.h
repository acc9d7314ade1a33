/* SPDX-License-Identifier: GPL-2.0-only */
/* One time that the members of a group were started, as a record, whoever has said that they are one. */
#pragma once

#include "core/base/text.h"
#include "core/record.h"

struct ct_group_member {
	struct ct_grouped told; /* its times; begin_ns 0: it has not started */
	const struct ct_identity *who; /* borrowed */
};

/* The record, and what belongs to it. */
struct ct_group_told {
	struct ct_record rec;
	struct ct_identity who;
	struct ct_grouped members[CT_GROUP_MEMBERS];
	struct ct_step steps[3 * CT_GROUP_MEMBERS];
};

/* Of at least one. They are put in order of their requests. */
void ct_group_tell(struct ct_group_told *t, struct ct_group_member *members, size_t count,
		   struct ct_text name);
