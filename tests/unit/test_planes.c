// SPDX-License-Identifier: GPL-2.0-only
/* The bytes of events, turned for compression. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "source/recording/recording_planes.h"
#include "tape.h"

/* Any number of events, also those that are no multiple of what is turned at once. */
Test(planes, there_and_back)
{
	for (uint32_t count = 0; count < 40; count++) {
		struct tape t = { 0 };
		char *planes, *back;

		for (uint32_t i = 0; i < count; i++) {
			struct ct_event *e = tape_add(&t, CT_KIND_SYNC, i, "0123456789", i % 11);

			e->obj = 0x0102030405060708ull * (i + 1);
		}
		planes = malloc(t.len + 1);
		back = malloc(t.len + 1);
		cr_assert(planes && back);
		ct_planes_pack(planes, t.bytes, t.len, count);
		cr_expect(ct_planes_unpack(back, planes, t.len, count), "%u", count);
		if (t.len)
			cr_expect_arr_eq(back, t.bytes, t.len, "%u", count);
		cr_expect_not(ct_planes_unpack(back, planes, t.len, count + 1), "%u", count);
		free(planes);
		free(back);
		tape_free(&t);
	}
}
