// SPDX-License-Identifier: GPL-2.0-only
#include "source/engines/bolt.h"

#include <string.h>

#define MAGIC       0xed0cdaedu
#define VERSION     2
#define PAGE_HEADER 16 /* id 8, flags 2, count 2, overflow 4 */
#define ELEMENT     16 /* branch: pos 4, key 4, page 8; leaf: flags 4, pos 4, key 4, value 4 */
#define META        64 /* behind the header of a page: the last 8 bytes are the sum of those before */
#define BUCKET      16 /* a bucket in its value: root 8, sequence 8, and a page if the root is 0 */
#define IS_BRANCH   0x01
#define IS_LEAF     0x02
#define IS_BUCKET   0x01
#define DEPTH_MAX   32
#define PAGE_MAX    (64u << 10)

static uint64_t number(const unsigned char *p, size_t bytes)
{
	uint64_t n = 0;

	while (bytes--)
		n = n << 8 | p[bytes];
	return n;
}

/* FNV-1a of 64 bits. */
static uint64_t sum(const unsigned char *p, size_t len)
{
	uint64_t h = 14695981039346656037ull;

	while (len--)
		h = (h ^ *p++) * 1099511628211ull;
	return h;
}

/* The meta page that begins there, if it is whole and newer than what is known. */
static void take_meta(struct ct_bolt *b, size_t at)
{
	const unsigned char *m = b->p + at + PAGE_HEADER;
	uint64_t page, txid;

	if (at + PAGE_HEADER + META > b->len || number(m, 4) != MAGIC ||
	    number(m + 4, 4) != VERSION || number(m + META - 8, 8) != sum(m, META - 8))
		return;
	page = number(m + 8, 4);
	txid = number(m + 48, 8);
	if (page < 512 || page > PAGE_MAX || (b->page && (page != b->page || txid <= b->txid)))
		return;
	b->page = page;
	b->root = number(m + 16, 8);
	b->txid = txid;
}

bool ct_bolt_open(struct ct_bolt *ret, const void *p, size_t len)
{
	*ret = (struct ct_bolt){ .p = p, .len = len };
	take_meta(ret, 0);
	/* Where the second begins the first may not say any more. */
	for (size_t page = ret->page ? ret->page : 512; page <= PAGE_MAX; page *= 2) {
		take_meta(ret, page);
		if (ret->page)
			break;
	}
	return ret->page;
}

struct page {
	const unsigned char *p;
	size_t len, count;
	unsigned flags;
};

static bool page_at(const unsigned char *p, size_t len, struct page *ret)
{
	if (len < PAGE_HEADER)
		return false;
	*ret = (struct page){ .p = p, .len = len };
	ret->flags = (unsigned)number(p + 8, 2);
	ret->count = number(p + 10, 2);
	return ret->count * ELEMENT <= len - PAGE_HEADER;
}

static bool numbered_page(const struct ct_bolt *b, uint64_t id, struct page *ret)
{
	size_t pages = b->len / b->page, more;

	if (id >= pages || !page_at(b->p + id * b->page, b->page, ret))
		return false;
	more = number(ret->p + 12, 4);
	return more < pages - id && page_at(ret->p, (more + 1) * b->page, ret);
}

/* Of a page's nth element, `at` from where that begins. */
static bool bytes_of(const struct page *page, size_t nth, size_t at, size_t len,
		     struct ct_bolt_value *ret)
{
	size_t from = PAGE_HEADER + nth * ELEMENT;

	if (at > page->len - from || len > page->len - from - at)
		return false;
	*ret = (struct ct_bolt_value){ page->p + from + at, len };
	return true;
}

static int compare(struct ct_bolt_value a, const char *key)
{
	size_t n = strlen(key), least = a.len < n ? a.len : n;
	int order = memcmp(a.p, key, least);

	return order ? order : (a.len > n) - (a.len < n);
}

/* The page below a branch in which the key would be: below the last that is not behind it. */
static bool descend(const struct ct_bolt *b, struct page *page, const char *key)
{
	struct ct_bolt_value name;
	uint64_t below = 0;

	for (size_t i = 0; i < page->count; i++) {
		const unsigned char *e = page->p + PAGE_HEADER + i * ELEMENT;

		if (!bytes_of(page, i, number(e, 4), number(e + 4, 4), &name))
			return false;
		if (i && compare(name, key) > 0)
			break;
		below = number(e + 8, 8);
	}
	return below && numbered_page(b, below, page);
}

static bool in_leaf(const struct page *page, const char *key, bool bucket,
		    struct ct_bolt_value *ret)
{
	struct ct_bolt_value name;

	for (size_t i = 0; i < page->count; i++) {
		const unsigned char *e = page->p + PAGE_HEADER + i * ELEMENT;
		size_t at = number(e + 4, 4), len = number(e + 8, 4);

		if (!bytes_of(page, i, at, len, &name))
			return false;
		if (compare(name, key) != 0)
			continue;
		return (number(e, 4) & IS_BUCKET) == bucket &&
		       bytes_of(page, i, at + len, number(e + 12, 4), ret);
	}
	return false;
}

static bool find(const struct ct_bolt *b, struct page page, const char *key, bool bucket,
		 struct ct_bolt_value *ret)
{
	for (unsigned depth = 0; depth < DEPTH_MAX; depth++) {
		if (page.flags & IS_LEAF)
			return in_leaf(&page, key, bucket, ret);
		if (!(page.flags & IS_BRANCH) || !descend(b, &page, key))
			return false;
	}
	return false;
}

bool ct_bolt_value(const struct ct_bolt *b, const char *const *keys, struct ct_bolt_value *ret)
{
	struct page page;

	if (!*keys || !numbered_page(b, b->root, &page))
		return false;
	for (; keys[1]; keys++) {
		uint64_t root;

		if (!find(b, page, *keys, true, ret) || ret->len < BUCKET)
			return false;
		root = number(ret->p, 8);
		if (root ? !numbered_page(b, root, &page)
			 : !page_at(ret->p + BUCKET, ret->len - BUCKET, &page))
			return false;
	}
	return find(b, page, *keys, false, ret);
}

int64_t ct_bolt_number(struct ct_bolt_value value)
{
	uint64_t n = 0;

	for (size_t i = 0; i < value.len && i < 10; i++) {
		n |= (uint64_t)(value.p[i] & 0x7f) << 7 * i;
		if (!(value.p[i] & 0x80))
			return (int64_t)(n >> 1) ^ -(int64_t)(n & 1);
	}
	return 0;
}

#define YEAR_1_TO_1970 62135596800ull
#define YEARS_500      15778800000ull /* ns of more do not fit */

uint64_t ct_bolt_time(struct ct_bolt_value value)
{
	uint64_t s = 0, ns = 0;

	if (value.len < 15 || value.p[0] < 1 || value.p[0] > 2)
		return 0;
	for (size_t i = 1; i < 9; i++)
		s = s << 8 | value.p[i];
	for (size_t i = 9; i < 13; i++)
		ns = ns << 8 | value.p[i];
	if (s < YEAR_1_TO_1970 || s - YEAR_1_TO_1970 > YEARS_500 || ns >= 1000000000)
		return 0;
	return (s - YEAR_1_TO_1970) * 1000000000 + ns;
}
