// SPDX-License-Identifier: GPL-2.0-only
/* What is kept of who asks: which image it is to fetch, and nothing else of its command line. */
#include "distill_play.h"

TestSuite(distill_asker, .init = setup, .fini = teardown);

#define IMAGE "reg.test:5000/a/web:1"

/* name NUL-padded, then words between blanks as a command line has them. */
static struct ct_event *asker(const char *words, enum ct_asker_sub sub)
{
	char tail[512] = "ctr";
	size_t n = strlen(words);

	memcpy(tail + CT_COMM_LEN, words, n + 1);
	for (size_t i = 0; i < n; i++)
		if (tail[CT_COMM_LEN + i] == ' ')
			tail[CT_COMM_LEN + i] = '\0';
	struct ct_event *e = tape_add(&tape, CT_KIND_ASKER, CLIENT, tail, CT_COMM_LEN + n + 1);

	e->sub = (__u16)sub;
	return e;
}

Test(distill_asker, its_image_and_nothing_else)
{
	static const struct {
		const char *words;
		bool known;
	} rows[] = {
		{ "ctr images pull " IMAGE, true },
		{ "/usr/bin/ctr -n k8s.io i pull " IMAGE, true },
		{ "ctr --namespace=k8s.io --debug -a /run/c.sock image pull -k " IMAGE, true },
		{ "ctr image pull -u me:" CANARY " " IMAGE, true },
		{ "ctr image pull --user me:" CANARY " --plain-http " IMAGE, true },
		{ "ctr image pull -user me:" CANARY " -plain-http " IMAGE, true },
		{ "ctr image pull --user=me:" CANARY " " IMAGE " " CANARY, true },
		{ "ctr i pull --refresh " CANARY " --label a=" CANARY " " IMAGE, true },
		{ "ctr image pull --unheard-of " CANARY " " IMAGE, false },
		{ "ctr image pull -u me:" CANARY, false },
		{ "ctr image pull -- " CANARY, false },
		{ "ctr --unheard-of " CANARY " image pull " IMAGE, false },
		{ "ctr image push " IMAGE, false },
		{ "ctr run " IMAGE " web sh -c " CANARY, false },
		{ "ctr image pull me:" CANARY "@reg.test/a", false },
		{ "ctr image pull", false },
		{ "ctr", false },
		{ "", false },
	};

	for (size_t i = 0; i < CT_ARRAY_SIZE(rows); i++) {
		const char *wanted = rows[i].known ? IMAGE : "";
		const struct ct_event *e;

		asker(rows[i].words, CT_ASKER_CALLED);
		e = kept();
		cr_expect_eq(e->sub, rows[i].known ? CT_ASKER_IMAGE : CT_ASKER_NAMED, "%s",
			     rows[i].words);
		cr_assert_eq(e->tail_len, CT_COMM_LEN + strlen(wanted), "%s", rows[i].words);
		cr_expect_str_eq(e->tail, "ctr");
		cr_expect_eq(memcmp(e->tail + CT_COMM_LEN, wanted, strlen(wanted)), 0);
	}
}

/* Once more, as of a recording that is written again. */
Test(distill_asker, what_is_less_stays)
{
	const struct ct_event *e;

	asker(IMAGE, CT_ASKER_IMAGE);
	e = kept();
	cr_expect_eq(e->sub, CT_ASKER_IMAGE);
	cr_expect_eq(e->tail_len, CT_COMM_LEN + strlen(IMAGE));
	asker("-p " CANARY, CT_ASKER_IMAGE);
	cr_expect_not(has(kept(), CANARY));
	asker(CANARY, CT_ASKER_NAMED);
	cr_expect_not(has(kept(), CANARY));
	tape_add(&tape, CT_KIND_ASKER, CLIENT, "ctr", 3)->sub = CT_ASKER_CALLED;
	cr_expect_eq(kept()->tail_len, 3);
}
