// SPDX-License-Identifier: GPL-2.0-only
/* Databases of bbolt, made by hand as its page.go, bucket.go and meta.go lay them out. */
#include <criterion/criterion.h>
#include <string.h>

#include "source/engines/bolt.h"

#define PAGE   1024
#define PAGES  6
#define BRANCH 1
#define LEAF   2
#define BUCKET 1

struct made {
	unsigned char at[PAGES * PAGE];
};

static void put(unsigned char *to, uint64_t n, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++, n >>= 8)
		to[i] = (unsigned char)n;
}

static void put_meta(struct made *m, unsigned nth, uint64_t root, uint64_t txid)
{
	unsigned char *p = m->at + nth * PAGE + 16;
	uint64_t sum = 14695981039346656037ull;

	put(p, 0xed0cdaed, 4);
	put(p + 4, 2, 4);
	put(p + 8, PAGE, 4);
	put(p + 16, root, 8);
	put(p + 48, txid, 8);
	for (size_t i = 0; i < 56; i++)
		sum = (sum ^ p[i]) * 1099511628211ull;
	put(p + 56, sum, 8);
}

/* An element and its bytes, which lie at `data` of the page. Where the next one's do. */
static size_t put_element(unsigned char *page, unsigned nth, size_t data, unsigned flags,
			  const char *key, const void *value, size_t len)
{
	unsigned char *e = page + 16 + nth * 16;
	size_t n = strlen(key);

	put(page + 10, nth + 1, 2);
	put(page + 8, LEAF, 2);
	put(e, flags, 4);
	put(e + 4, (uint64_t)(page + data - e), 4);
	put(e + 8, n, 4);
	put(e + 12, len, 4);
	memcpy(page + data, key, n);
	memcpy(page + data + n, value, len);
	return data + n + len;
}

static void put_branch(unsigned char *page, unsigned nth, size_t data, const char *key,
		       uint64_t below)
{
	unsigned char *e = page + 16 + nth * 16;

	put(page + 8, BRANCH, 2);
	put(page + 10, nth + 1, 2);
	put(e, (uint64_t)(page + data - e), 4);
	put(e + 4, strlen(key), 4);
	put(e + 8, below, 8);
	memcpy(page + data, key, strlen(key));
}

/* "v1" is a bucket on pages of its own, two leaves below a branch; in it "small" is one in its value. */
static void make(struct made *m)
{
	unsigned char value[16 + 64] = { 0 }, root[16] = { 0 };
	unsigned char *page = m->at + 2 * PAGE;

	memset(m, 0, sizeof(*m));
	put_meta(m, 0, 2, 8);
	put_meta(m, 1, 2, 7);
	put(root, 3, 8);
	put_element(page, 0, 100, BUCKET, "v1", root, sizeof(root));
	page = m->at + 3 * PAGE;
	put_branch(page, 0, 100, "alpha", 4);
	put_branch(page, 1, 120, "middle", 5);
	put_element(m->at + 4 * PAGE, 0, 100, 0, "alpha", "one", 3);
	put_element(value + 16, 0, 40, 0, "key", "value", 5);
	page = m->at + 5 * PAGE;
	put_element(page, 1, put_element(page, 0, 100, 0, "middle", "two", 3), BUCKET, "small",
		    value, sizeof(value));
}

#define KEYS(...) \
	(const char *const[]) \
	{ \
		__VA_ARGS__, NULL \
	}

static void expect(const struct ct_bolt *b, const char *const *keys, const char *wanted)
{
	struct ct_bolt_value v;

	cr_assert_eq(ct_bolt_value(b, keys, &v), wanted != NULL, "%s", keys[0]);
	if (wanted)
		cr_expect(v.len == strlen(wanted) && !memcmp(v.p, wanted, v.len));
}

Test(bolt, values)
{
	static struct made m;
	struct ct_bolt b;

	make(&m);
	cr_assert(ct_bolt_open(&b, &m, sizeof(m)));
	cr_expect_eq(b.page, PAGE);
	cr_expect_eq(b.txid, 8);
	expect(&b, KEYS("v1", "alpha"), "one");
	expect(&b, KEYS("v1", "middle"), "two");
	expect(&b, KEYS("v1", "small", "key"), "value");
	expect(&b, KEYS("v1", "small"), NULL);
	expect(&b, KEYS("v1", "beta"), NULL);
	expect(&b, KEYS("v1", "alpha", "key"), NULL);
	expect(&b, KEYS("v2", "alpha"), NULL);
	expect(&b, KEYS("v1"), NULL);
}

Test(bolt, the_newest_whole_meta_page_counts)
{
	static struct made m;
	struct ct_bolt b;

	make(&m);
	put_meta(&m, 1, 4, 9);
	cr_assert(ct_bolt_open(&b, &m, sizeof(m)));
	cr_expect_eq(b.txid, 9);
	expect(&b, KEYS("alpha"), "one");
	m.at[PAGE + 16 + 48]++; /* half written */
	cr_assert(ct_bolt_open(&b, &m, sizeof(m)));
	cr_expect_eq(b.txid, 8);
	m.at[16]++;
	cr_expect_not(ct_bolt_open(&b, &m, sizeof(m)));
	put_meta(&m, 1, 4, 9);
	cr_assert(ct_bolt_open(&b, &m, sizeof(m)));
	cr_expect_eq(b.page, PAGE);
}

/* Every byte of it may be wrong: nothing is read that is not there, and nothing goes on for ever. */
Test(bolt, nothing_is_trusted)
{
	static const unsigned char wrong[] = { 0, 1, 0x7f, 0xff };
	static struct made m;
	struct ct_bolt_value v;
	struct ct_bolt b;

	for (size_t at = 0; at < sizeof(m); at++) {
		for (size_t i = 0; i < sizeof(wrong); i++) {
			make(&m);
			m.at[at] = wrong[i];
			put_meta(&m, 0, 2, 8);
			cr_assert(ct_bolt_open(&b, &m, sizeof(m)));
			ct_bolt_value(&b, KEYS("v1", "small", "key"), &v);
			ct_bolt_value(&b, KEYS("v1", "alpha"), &v);
		}
	}
	make(&m);
	for (size_t len = 0; len < sizeof(m); len += 37)
		if (ct_bolt_open(&b, &m, len))
			ct_bolt_value(&b, KEYS("v1", "small", "key"), &v);
	put_branch(m.at + 3 * PAGE, 0, 100, "alpha", 3);
	cr_assert(ct_bolt_open(&b, &m, sizeof(m)));
	expect(&b, KEYS("v1", "alpha"), NULL);
}

/* As containerd 2.1.9 has written them. */
Test(bolt, numbers_and_times)
{
	static const unsigned char size[] = { 0x80, 0xc0, 0x01 }, negative[] = { 0x03 };
	unsigned char time[15] = { 1,    0,    0,    0,    0x0e, 0xe2, 0xd8, 0x9a,
				   0x41, 0x3a, 0x6c, 0xe0, 0xfd, 0xff, 0xff };
	const struct ct_bolt_value none = { time, 14 }, whole = { time, 15 };

	cr_expect_eq(ct_bolt_number((struct ct_bolt_value){ size, sizeof(size) }), 12288);
	cr_expect_eq(ct_bolt_number((struct ct_bolt_value){ negative, 1 }), -2);
	cr_expect_eq(ct_bolt_number((struct ct_bolt_value){ size, 2 }), 0);
	cr_expect_eq(ct_bolt_time(none), 0);
	/* 2028-01-01 and so on would do as well: what counts is how far it is from 1970. */
	cr_expect_eq(ct_bolt_time(whole) % 1000000000, 0x3a6ce0fd);
	cr_expect_eq(ct_bolt_time(whole) / 1000000000, 0x0ee2d89a41 - 62135596800);
	time[0] = 3;
	cr_expect_eq(ct_bolt_time(whole), 0);
}
