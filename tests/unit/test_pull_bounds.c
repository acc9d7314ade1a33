// SPDX-License-Identifier: GPL-2.0-only
/* What held up a pull, and what it could have gained at most. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "stats/pulls.h"

#define MS 1000000ull

/* known, begun, fetched, unpacked, ms; begun later than known: it waited for a slot. */
static struct ct_pull_bound bound_of(const unsigned (*layers)[4], size_t n, unsigned resolve,
				     unsigned download, unsigned unpack, unsigned finish)
{
	struct ct_fetched *f = calloc(1, sizeof(*f) + n * sizeof(f->layers[0]));
	struct ct_record rec = { .type = CT_RECORD_PULL, .begin_ns = 100 * MS, .fetched = f };
	const struct {
		enum ct_phase phase;
		unsigned ms;
	} phases[] = { { CT_PHASE_RESOLVE, resolve },
		       { CT_PHASE_DOWNLOAD, download },
		       { CT_PHASE_UNPACK, unpack },
		       { CT_PHASE_REGISTER, finish } };
	struct ct_pull_bound b;

	cr_assert(f);
	rec.end_ns = rec.begin_ns;
	for (size_t i = 0; i < 4; i++) {
		rec.segments[i] = (struct ct_segment){ phases[i].phase, rec.end_ns,
						       rec.end_ns + phases[i].ms * MS };
		rec.end_ns = rec.segments[i].end_ns;
		rec.segment_count++;
	}
	f->layer_count = n;
	for (size_t i = 0; i < n; i++) {
		f->layers[i].known_ns = layers[i][0] * MS;
		f->layers[i].first_ns = layers[i][1] * MS;
		f->layers[i].waited = layers[i][1] > layers[i][0];
		f->layers[i].fetched_ns = layers[i][2] * MS;
		f->layers[i].unpacked_ns = layers[i][3] * MS;
		f->layers[i].there = !layers[i][2];
		f->layers[i].size = 1000;
	}
	b = ct_pull_bound(&rec);
	free(f);
	return b;
}

/* Both are fetched at once, and the second waits for the first to be unpacked. */
Test(pull_bounds, by_unpacking)
{
	static const unsigned layers[][4] = { { 110, 110, 120, 220 }, { 110, 110, 130, 300 } };
	struct ct_pull_bound b = bound_of(layers, 2, 10, 10, 180, 5);

	cr_expect(b.whole);
	cr_expect_eq(b.network, 10 * MS);
	cr_expect_eq(b.unpack, 180 * MS);
	cr_expect_eq(b.slots, 0);
	cr_expect_eq(b.fetching, 20 * MS);
	cr_expect_eq(b.inflating, 180 * MS);
	cr_expect_eq(b.overlap, 10 * MS);
	cr_expect_eq(b.unlimited, 0);
	/* The first alone lasts until 220, the second alone until 130 + 80. */
	cr_expect_eq(b.parallel, 80 * MS);
	cr_expect_eq(b.bytes, 2000);
	cr_expect(strstr(b.what, "unpacking"));
}

/* The second is there already; the last waits for a slot, and everything waits for it. */
Test(pull_bounds, by_the_limit_of_the_engine)
{
	static const unsigned layers[][4] = { { 110, 110, 200, 205 },
					      { 110, 110, 0, 0 },
					      { 110, 200, 260, 270 } };
	struct ct_pull_bound b = bound_of(layers, 3, 10, 150, 10, 5);

	cr_expect(b.whole);
	cr_expect_eq(b.there, 1);
	cr_expect_eq(b.slots, 90 * MS);
	cr_expect_eq(b.network, 60 * MS);
	/* It would have been there at 170, before the first one is unpacked at 205. */
	cr_expect_eq(b.unlimited, 55 * MS);
	cr_expect_eq(b.parallel, 0);
	cr_expect_eq(b.overlap, 5 * MS);
	cr_expect_eq(b.bytes, 2000);
	cr_expect(strstr(b.what, "limit"));
}

/* Of one layer nobody said when it was unpacked: nothing can be said of gains. */
Test(pull_bounds, of_what_is_not_known)
{
	static const unsigned layers[][4] = { { 110, 110, 200, 0 } };
	struct ct_pull_bound b = bound_of(layers, 1, 10, 90, 0, 5);

	cr_expect_not(b.whole);
	cr_expect_eq(b.fetching, 0);
	cr_expect_eq(b.parallel, 0);
	b = bound_of(NULL, 0, 20, 0, 0, 0);
	cr_expect_eq(b.bytes, 0);
	cr_expect(strstr(b.what, "registry"));
}

Test(pull_bounds, registries)
{
	static const char *const rows[][2] = {
		{ "alpine", "docker.io" },
		{ "library/alpine:3", "docker.io" },
		{ "localhost/a", "localhost" },
		{ "reg.test/a/b:1", "reg.test" },
		{ "127.0.0.1:5000/a", "127.0.0.1:5000" },
		{ "", "docker.io" },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char name[32];

		ct_image_registry(rows[i][0], name, sizeof(name));
		cr_expect_str_eq(name, rows[i][1]);
	}
}
