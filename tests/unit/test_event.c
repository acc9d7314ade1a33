// SPDX-License-Identifier: GPL-2.0-only
/* What the numbers of an event say, of old recordings too. */
#include <criterion/criterion.h>

#include "ct_event.h"

static const struct {
	const char *what;
	struct ct_event e;
	__u8 level;
	__u32 uid, ppid;
} rows[] = {
	{ "exec of root", { .kind = CT_KIND_EXEC, .arg = 2 }, 2, 0, 0 },
	{ "exec of a user", { .kind = CT_KIND_EXEC, .arg = 1 | 1000ull << 32 }, 1, 1000, 0 },
	{ "exec of the last user", { .kind = CT_KIND_EXEC, .arg = ~0ull << 32 }, 0, ~0u, 0 },
	{ "fork", { .kind = CT_KIND_FORK, .arg = 1 }, 1, 0, 0 },
	{ "seeded, old", { .kind = CT_KIND_PROCESS, .arg = 4194304, .ret = 1 }, 1, 0, 4194304 },
	{ "seeded", { .kind = CT_KIND_PROCESS, .arg = 7 | 65534ull << 32 }, 0, 65534, 7 },
};

Test(event, columns)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct ct_event *e = &rows[i].e;

		cr_expect_eq(ct_event_level(e), rows[i].level, "%s", rows[i].what);
		cr_expect_eq(ct_event_uid(e), rows[i].uid, "%s", rows[i].what);
		if (e->kind == CT_KIND_PROCESS)
			cr_expect_eq(ct_event_ppid(e), rows[i].ppid, "%s", rows[i].what);
	}
}
