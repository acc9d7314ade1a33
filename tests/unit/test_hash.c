// SPDX-License-Identifier: GPL-2.0-only
/* Hash tables are as large as what is in them, however long elements come and go. */
#include <criterion/criterion.h>

#include "core/base/hash.h"

#define PRESENT 512
#define PASSING 100000

struct element {
	uint64_t key;
	UT_hash_handle hh;
};

static struct element elements[PRESENT];
static struct element *table;

static void add(uint64_t key)
{
	struct element *e = &elements[key % PRESENT];

	e->key = key;
	HASH_ADD(hh, table, key, sizeof(e->key), e);
}

static const struct element *find(uint64_t key)
{
	const struct element *e;

	HASH_FIND(hh, table, &key, sizeof(key), e);
	return e;
}

Test(hash, does_not_grow_with_what_comes_and_goes)
{
	uint64_t key = 0;

	while (key < PRESENT)
		add(key++);
	for (; key < PASSING; key++) {
		HASH_DEL(table, &elements[key % PRESENT]);
		add(key);
	}
	cr_assert_eq(HASH_COUNT(table), PRESENT);
	cr_assert_leq(table->hh.tbl->num_buckets, 4 * PRESENT);
	cr_assert_null(find(key - PRESENT - 1));
	for (uint64_t i = key - PRESENT; i < key; i++)
		cr_assert_eq(find(i), &elements[i % PRESENT]);
	HASH_CLEAR(hh, table);
}

Test(hash, grows_with_what_is_in_it)
{
	unsigned longest = 0;

	for (uint64_t key = 0; key < PRESENT; key++)
		add(key);
	for (unsigned i = 0; i < table->hh.tbl->num_buckets; i++) {
		if (table->hh.tbl->buckets[i].count > longest)
			longest = table->hh.tbl->buckets[i].count;
	}
	cr_assert_geq(table->hh.tbl->num_buckets, PRESENT);
	cr_assert_leq(longest, 6);
	HASH_CLEAR(hh, table);
}
