// SPDX-License-Identifier: GPL-2.0-only
/* What the numbers of an event say, of old recordings too. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "core/core.h"
#include "ct_event.h"
#include "util/mem.h"

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

/* Columns: what is wrong with an event, its fields, error. */
static const struct {
	uint16_t len, tail_len;
	size_t room;
	const char *error;
} lengths[] = {
	{ 56, 0, 56, NULL },
	{ 64, 8, 64, NULL },
	{ 64, 8, 640, NULL },
	{ 56, 0, 55, "event header needs 56 bytes, 55 left" },
	{ 0, 0, 56, "event length 0 is no event's" },
	{ 48, 0, 56, "event length 48 is no event's" },
	{ 60, 0, 64, "event length 60 is no event's" },
	{ 64, 0, 56, "event length 64, 56 bytes left" },
	{ 64, 9, 64, "event tail of 9 bytes in a record of 64" },
};

Test(event, lengths_that_are_no_events)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(lengths); i++) {
		struct ct_event *e =
			calloc(1, lengths[i].room > sizeof(*e) ? lengths[i].room : sizeof(*e));
		struct ct_err err = { 0 };
		int ret;

		cr_assert(e);
		e->len = lengths[i].len;
		e->tail_len = lengths[i].tail_len;
		ret = ct_event_check(e, lengths[i].room, &err);
		cr_expect_eq(ret < 0, lengths[i].error != NULL, "%zu", i);
		if (lengths[i].error)
			cr_expect_str_eq(err.msg, lengths[i].error, "%s", err.msg);
		free(e);
	}
}
