// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/hdr/hdr_hist.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

#define PAGE_BITS         10
#define SUB               (2 * CT_HDR_PAGE)
#define BUCKETS           (CT_HDR_PAGES * CT_HDR_PAGE)
#define POWERS            (CT_HDR_PAGES - 1)

#define COOKIE            0x1c849313 /* V2, of the histogram */
#define COOKIE_COMPRESSED 0x1c849314
#define HEADER_LEN        40
#define TICKS             5

_Static_assert(CT_HDR_PAGE == 1 << PAGE_BITS, "an index is a page and a place in it");
_Static_assert((uint64_t)SUB << (POWERS - 1) > CT_HDR_MAX_NS, "the pages hold the greatest value");

static unsigned power_of(uint64_t ns)
{
	return 63 - (unsigned)__builtin_clzll(ns | (SUB - 1)) - PAGE_BITS;
}

static unsigned index_of(uint64_t ns)
{
	unsigned power = power_of(ns);

	return power * CT_HDR_PAGE + (unsigned)(ns >> power);
}

static uint64_t lowest_at(unsigned index)
{
	unsigned power = index < SUB ? 0 : index / CT_HDR_PAGE - 1;

	return (uint64_t)(index - power * CT_HDR_PAGE) << power;
}

static uint64_t width_at(unsigned index)
{
	return index < SUB ? 1 : 1ULL << (index / CT_HDR_PAGE - 1);
}

uint64_t ct_hdr_highest_equivalent(uint64_t ns)
{
	unsigned index = index_of(ns);

	return lowest_at(index) + width_at(index) - 1;
}

static uint64_t count_at(const struct ct_hdr *h, unsigned index)
{
	const uint64_t *page = h->pages[index / CT_HDR_PAGE];

	return page ? page[index % CT_HDR_PAGE] : 0;
}

static uint64_t *page_of(struct ct_hdr *h, unsigned i)
{
	if (!h->pages[i])
		h->pages[i] = calloc(CT_HDR_PAGE, sizeof(uint64_t));
	return h->pages[i];
}

int ct_hdr_add(struct ct_hdr *h, uint64_t ns)
{
	return ct_hdr_add_many(h, ns, 1);
}

int ct_hdr_add_many(struct ct_hdr *h, uint64_t ns, uint64_t count)
{
	unsigned index;
	uint64_t *page;

	if (ns > CT_HDR_MAX_NS)
		ns = CT_HDR_MAX_NS;
	index = index_of(ns);
	page = page_of(h, index / CT_HDR_PAGE);
	if (!page)
		return -ENOMEM;
	page[index % CT_HDR_PAGE] += count;
	h->count += count;
	if (ns > h->max_ns)
		h->max_ns = ns;
	return 0;
}

int ct_hdr_merge(struct ct_hdr *to, const struct ct_hdr *from)
{
	for (unsigned i = 0; i < CT_HDR_PAGES; i++) {
		uint64_t *page;

		if (!from->pages[i])
			continue;
		page = page_of(to, i);
		if (!page)
			return -ENOMEM;
		for (unsigned j = 0; j < CT_HDR_PAGE; j++)
			page[j] += from->pages[i][j];
	}
	to->count += from->count;
	if (from->max_ns > to->max_ns)
		to->max_ns = from->max_ns;
	return 0;
}

void ct_hdr_clear(struct ct_hdr *h)
{
	for (unsigned i = 0; i < CT_HDR_PAGES; i++)
		free(h->pages[i]);
	*h = (struct ct_hdr){ 0 };
}

/* Grows by itself; bad once memory ran out. */
struct bytes {
	unsigned char *at;
	size_t len, room;
	bool bad;
};

static void put(struct bytes *b, unsigned byte)
{
	if (b->len == b->room) {
		size_t room = b->room ? 2 * b->room : 1024;
		unsigned char *at = b->bad ? NULL : realloc(b->at, room);

		if (!at) {
			b->bad = true;
			return;
		}
		b->at = at;
		b->room = room;
	}
	b->at[b->len++] = (unsigned char)byte;
}

static void put_be(struct bytes *b, uint64_t n, unsigned bytes)
{
	while (bytes--)
		put(b, n >> 8 * bytes & 0xff);
}

static void put_le16(struct bytes *b, unsigned n)
{
	put(b, n & 0xff);
	put(b, n >> 8 & 0xff);
}

/* ZigZag, then seven bits a byte; the ninth byte, if there is one, holds eight. */
static void put_zigzag(struct bytes *b, int64_t value)
{
	uint64_t n = (uint64_t)value << 1 ^ (uint64_t)(value >> 63);

	for (unsigned i = 0; i < 8 && n >= 0x80; i++, n >>= 7)
		put(b, (n & 0x7f) | 0x80);
	put(b, n & 0xff);
}

/* A count is itself, a run of empty buckets its negative length. */
static void put_counts(struct bytes *b, const struct ct_hdr *h)
{
	unsigned limit = h->count ? index_of(h->max_ns) + 1 : 0;

	for (unsigned i = 0; i < limit;) {
		uint64_t n = count_at(h, i++);
		unsigned zeros = 1;

		if (n) {
			put_zigzag(b, (int64_t)n);
			continue;
		}
		while (i < limit && !count_at(h, i)) {
			zeros++;
			i++;
		}
		put_zigzag(b, zeros > 1 ? -(int64_t)zeros : 0);
	}
}

static void put_encoded(struct bytes *b, const struct ct_hdr *h)
{
	const double ratio = 1.0; /* of integers to doubles */
	uint64_t bits;
	size_t len;

	memcpy(&bits, &ratio, sizeof(bits));
	put_be(b, COOKIE, 4);
	put_be(b, 0, 4); /* length of the counts, not known yet */
	put_be(b, 0, 4); /* normalizing index offset */
	put_be(b, CT_HDR_DIGITS, 4);
	put_be(b, 1, 8); /* lowest discernible value */
	put_be(b, CT_HDR_MAX_NS, 8);
	put_be(b, bits, 8);
	put_counts(b, h);
	if (b->bad)
		return;
	len = b->len;
	b->len = 4;
	put_be(b, len - HEADER_LEN, 4);
	b->len = len;
}

/*
 * RFC 1950 and 1951 with stored blocks. Counts are short as they are, and what a compressor makes
 * of them depends on its version: the same recording must give the same bytes everywhere.
 */
static void put_zlib(struct bytes *to, const struct bytes *from)
{
	uint32_t a = 1, b = 0;
	size_t at = 0;

	put_be(to, 0x7801, 2);
	do {
		size_t n = from->len - at > UINT16_MAX ? UINT16_MAX : from->len - at;

		put(to, at + n == from->len);
		put_le16(to, (unsigned)n);
		put_le16(to, ~(unsigned)n);
		for (size_t end = at + n; at < end; at++) {
			put(to, from->at[at]);
			a = (a + from->at[at]) % 65521;
			b = (b + a) % 65521;
		}
	} while (at < from->len);
	put_be(to, (uint64_t)b << 16 | a, 4);
}

static void put_base64(FILE *f, const struct bytes *b)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < b->len; i += 3) {
		size_t n = b->len - i < 3 ? b->len - i : 3;
		uint32_t three = 0;

		for (size_t j = 0; j < n; j++)
			three |= (uint32_t)b->at[i + j] << (16 - 8 * j);
		for (size_t d = 0; d < 4; d++)
			putc(d <= n ? digits[three >> (18 - 6 * d) & 0x3f] : '=', f);
	}
}

int ct_hdr_put_base64(FILE *f, const struct ct_hdr *h)
{
	struct bytes encoded = { 0 }, stream = { 0 }, whole = { 0 };
	bool bad = true;

	put_encoded(&encoded, h);
	if (!encoded.bad)
		put_zlib(&stream, &encoded);
	if (!encoded.bad && !stream.bad) {
		put_be(&whole, COOKIE_COMPRESSED, 4);
		put_be(&whole, stream.len, 4);
		for (size_t i = 0; i < stream.len; i++)
			put(&whole, stream.at[i]);
		bad = whole.bad;
	}
	if (!bad)
		put_base64(f, &whole);
	free(encoded.at);
	free(stream.at);
	free(whole.at);
	return bad ? -ENOMEM : 0;
}

/* What stands for all values of a bucket. */
static double middle_at(unsigned index)
{
	uint64_t middle = lowest_at(index) + width_at(index) / 2; /* a whole number of ns */

	return (double)middle;
}

static double mean_of(const struct ct_hdr *h)
{
	double sum = 0;

	for (unsigned i = 0; i < BUCKETS; i++)
		sum += middle_at(i) * (double)count_at(h, i);
	return h->count ? sum / (double)h->count : 0;
}

static double deviation_of(const struct ct_hdr *h, double mean)
{
	double sum = 0;

	for (unsigned i = 0; i < BUCKETS; i++) {
		double off = middle_at(i) - mean;

		sum += off * off * (double)count_at(h, i);
	}
	return h->count ? sqrt(sum / (double)h->count) : 0;
}

/* Ticks get finer by half each time that the way to 100 % has halved. */
static double next_level(double level)
{
	double halves = 2;

	while ((100 - level) * halves <= 100)
		halves *= 2;
	return level + 100 / (TICKS * halves);
}

void ct_hdr_put_percentiles(FILE *f, const struct ct_hdr *h, double unit_ns)
{
	double level = 0, mean = mean_of(h);
	double max = h->count ? (double)ct_hdr_highest_equivalent(h->max_ns) : 0;
	uint64_t seen = 0;

	fprintf(f, "%12s %14s %10s %14s\n\n", "Value", "Percentile", "TotalCount",
		"1/(1-Percentile)");
	for (unsigned i = 0; i < BUCKETS && seen < h->count; i++) {
		uint64_t n = count_at(h, i);
		double value = (double)(lowest_at(i) + width_at(i) - 1) / unit_ns;

		seen += n;
		while (n && level < 100 && 100 * (double)seen / (double)h->count >= level) {
			fprintf(f, "%12.3f %2.12f %10llu %14.2f\n", value, level / 100,
				(unsigned long long)seen, 1 / (1 - level / 100));
			level = next_level(level);
			if (seen == h->count)
				break;
		}
	}
	if (h->count)
		fprintf(f, "%12.3f %2.12f %10llu\n", max / unit_ns, 1.0, (unsigned long long)seen);
	fprintf(f, "#[Mean    = %12.3f, StdDeviation   = %12.3f]\n", mean / unit_ns,
		deviation_of(h, mean) / unit_ns);
	fprintf(f, "#[Max     = %12.3f, Total count    = %12llu]\n", max / unit_ns,
		(unsigned long long)h->count);
	fprintf(f, "#[Buckets = %12d, SubBuckets     = %12d]\n", POWERS, SUB);
}
