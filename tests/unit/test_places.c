// SPDX-License-Identifier: GPL-2.0-only
/* Tables of the kernel side: who gives way when they get full, and what is counted. */
#include <criterion/criterion.h>

#include "source/live/places.h"
#include "util/mem.h"

#define MAX 64
#define S   UINT64_C(1000000000)
#define NOW (10000 * S)

static const struct ct_places_rule asked = { .idle_ns = 10 * S };
static const struct ct_places_rule owned = { .owned = true };

struct table {
	struct ct_place_seen seen[MAX];
	size_t count;
};

/* n more, each a nanosecond younger than the one before. */
static struct ct_place_seen *add(struct table *t, size_t n, uint64_t unused_ns, uint64_t share)
{
	size_t first = t->count;

	for (size_t i = 0; i < n; i++)
		t->seen[t->count++] = (struct ct_place_seen){
			.at = first + i,
			.place = { .used_ns = NOW - unused_ns + i, .share = share, .owner = 7 },
		};
	return &t->seen[first];
}

static const struct ct_place_seen *at(const struct table *t, size_t at)
{
	for (size_t i = 0; i < t->count; i++) {
		if (t->seen[i].at == at)
			return &t->seen[i];
	}
	return NULL;
}

static void expect(struct table *t, const struct ct_places_rule *rule, size_t stay, size_t counted)
{
	size_t left = ct_places_judge(rule, NOW, MAX, t->seen, t->count), gone = 0, lost = 0;

	for (size_t i = 0; i < t->count; i++) {
		gone += t->seen[i].goes;
		lost += t->seen[i].counted;
		cr_expect(t->seen[i].goes || !t->seen[i].counted);
		if (i)
			cr_expect_leq(t->seen[i - 1].place.share, t->seen[i].place.share,
				      "those of one share stand together");
	}
	cr_expect_eq(left, stay, "%zu stay, not %zu", left, stay);
	cr_expect_eq(t->count - gone, stay);
	cr_expect_eq(lost, counted, "%zu are counted, not %zu", lost, counted);
}

/* Half of it, and an eighth of it more: that it is not read all the time. */
Test(places, when_a_table_is_looked_at)
{
	cr_expect_not(ct_places_due(MAX, 0, 0));
	cr_expect_not(ct_places_due(MAX, 0, MAX / 2));
	cr_expect(ct_places_due(MAX, 0, MAX / 2 + 1));
	cr_expect(ct_places_due(MAX, MAX / 4, MAX / 4 + 1));
	cr_expect_not(ct_places_due(MAX, MAX / 4 * 3, MAX / 8 - 1), "all are in use");
	cr_expect(ct_places_due(MAX, MAX / 4 * 3, MAX / 8), "there is still room when it is due");
}

Test(places, what_was_not_used_for_long_is_not_counted)
{
	struct table t = { .count = 0 };

	add(&t, 40, 11 * S, 0);
	add(&t, 10, 9 * S, 0);
	expect(&t, &asked, MAX / 4, 0);
	for (size_t i = 0; i < 34; i++)
		cr_expect(at(&t, i)->goes, "the oldest: %zu", i);
	for (size_t i = 34; i < 50; i++)
		cr_expect_not(at(&t, i)->goes, "not %zu", i);
}

Test(places, none_goes_without_need)
{
	struct table t = { .count = 0 };

	expect(&t, &asked, 0, 0);
	add(&t, MAX / 4, 3600 * S, 0);
	expect(&t, &asked, MAX / 4, 0);
	t.count = 0;
	add(&t, MAX / 4 * 3, 9 * S, 0);
	expect(&t, &asked, MAX / 4 * 3, 0);
}

Test(places, what_may_have_mattered_is_counted)
{
	struct table t = { .count = 0 };

	add(&t, MAX, 9 * S, 0);
	expect(&t, &asked, MAX / 4 * 3, MAX / 4);
	cr_expect(at(&t, 0)->counted);
	cr_expect_not(at(&t, MAX / 4)->goes);
}

/* A stream of which a line was heard. */
Test(places, what_lasts_goes_after_ten_minutes)
{
	struct table t = { .count = 0 };
	struct ct_place_seen *streams = add(&t, 8, 60 * S, 0);

	for (int i = 0; i < 8; i++)
		streams[i].place.flags = i < 4 ? CT_PLACE_LASTS : CT_PLACE_LASTS | CT_PLACE_DONE;
	add(&t, 40, 11 * S, 0);
	expect(&t, &asked, MAX / 4, 0);
	for (size_t i = 0; i < 4; i++)
		cr_expect_not(at(&t, i)->goes);
	for (size_t i = 4; i < 8; i++)
		cr_expect(at(&t, i)->goes, "what has come does not last");
	t.count = 0;
	streams = add(&t, 20, 601 * S, 0);
	for (int i = 0; i < 20; i++)
		streams[i].place.flags = CT_PLACE_LASTS;
	expect(&t, &asked, MAX / 4, 0);
}

Test(places, nobodys_go_first)
{
	struct table t = { .count = 0 };
	struct ct_place_seen *gone;

	add(&t, 30, 3600 * S, 0);
	gone = add(&t, 5, 1 * S, 0);
	for (int i = 0; i < 5; i++)
		gone[i].dead = true;
	gone = add(&t, 5, 1 * S, 0);
	for (int i = 0; i < 5; i++)
		gone[i].place.owner = 0;
	expect(&t, &owned, 30, 0);
	cr_expect_not(at(&t, 0)->goes, "whose owner lives");
}

/* One who takes all that he can, beside others and the host. */
Test(places, a_share_is_an_eighth)
{
	struct table t = { .count = 0 };

	add(&t, 10, 5 * S, 0);
	add(&t, 4, 5 * S, 41);
	add(&t, 30, 1 * S, 42);
	expect(&t, &asked, 10 + 4 + MAX / 8, 30 - MAX / 8);
	for (size_t i = 0; i < 14; i++)
		cr_expect_not(at(&t, i)->goes, "another's");
	for (size_t i = 14; i < 44; i++)
		cr_expect_eq(at(&t, i)->counted, i < 44 - MAX / 8, "his oldest: %zu", i);
}

/* As long as there is room nobody's share is asked for. */
Test(places, a_share_may_have_more_where_there_is_room)
{
	struct table t = { .count = 0 };

	add(&t, MAX / 2, 1 * S, 42);
	expect(&t, &asked, MAX / 2, 0);
}
