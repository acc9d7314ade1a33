// SPDX-License-Identifier: GPL-2.0-only
/* What a phase of a record is: measured, unmeasured or absent. */
#include <criterion/criterion.h>

#include "stats/measure.h"

Test(measure, a_phase_is_measured_unmeasured_or_absent)
{
	const struct ct_record rec = {
		.segments = { { CT_PHASE_CREATE, 100, 130 }, { CT_PHASE_READY, 130, 130 } },
		.segment_count = 2,
		.seen = 1 << CT_PHASE_CREATE | 1 << CT_PHASE_READY | 1 << CT_PHASE_CLIENT |
			1 << CT_PHASE_CONNECT,
		.missing = 1 << CT_PHASE_CONNECT,
	};
	static const struct {
		enum ct_phase phase;
		enum ct_phase_is with_time, all;
		uint64_t ns;
	} rows[] = {
		{ CT_PHASE_CREATE, CT_PHASE_MEASURED, CT_PHASE_MEASURED, 30 },
		{ CT_PHASE_READY, CT_PHASE_MEASURED, CT_PHASE_MEASURED, 0 },
		{ CT_PHASE_CLIENT, CT_PHASE_ABSENT, CT_PHASE_MEASURED, 0 },
		{ CT_PHASE_CONNECT, CT_PHASE_UNMEASURED, CT_PHASE_UNMEASURED, 0 },
		{ CT_PHASE_STOP, CT_PHASE_ABSENT, CT_PHASE_ABSENT, 0 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const char *name = ct_phase_names[rows[i].phase];
		struct ct_phase_value written =
			ct_phase_value(&rec, rows[i].phase, CT_GAPS_WITH_TIME);
		struct ct_phase_value counted = ct_phase_value(&rec, rows[i].phase, CT_GAPS_ALL);

		cr_expect_eq(written.is, rows[i].with_time, "%s", name);
		cr_expect_eq(counted.is, rows[i].all, "%s", name);
		cr_expect_eq(written.ns, rows[i].ns, "%s", name);
	}
}
