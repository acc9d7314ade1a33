// SPDX-License-Identifier: GPL-2.0-only
/* Docker's API: whose an answer is that comes before its request, or where something was not heard. */
#include <criterion/criterion.h>

#include "api.h"
#include "runs.h"

#define NOBODYS "7777ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ada"

/* An answer is heard, then a create is asked for, then answered: the first was not its own. */
static void not_its_own(struct run *run, const struct life *l, double asked_ms)
{
	const struct seen *s;

	asks(&run->t, asked_ms, l->client, "POST /containers/create?name=web", NULL);
	made(&run->t, asked_ms + 100, l->client, l->id);
	play_until(run, 60000);
	s = find(run, CT_RECORD_CREATE, "web", 0);
	cr_expect_str_eq(s->who.id, l->id);
	expect_span(s, asked_ms, asked_ms + 100);
	expect_counts(run, 0, 0, 0);
	run_free(run);
}

static struct run *with_a_line(const struct life *l)
{
	struct run *run = run_new();

	asks(&run->t, 1, l->client, "GET /_ping", NULL);
	answers(&run->t, 2, l->client, 200, "OK");
	return run;
}

Test(hear_whose, an_answer_from_before_another_request_is_nobodys)
{
	struct life l = life_of(0);
	struct run *run = with_a_line(&l);

	made(&run->t, 1000, l.client, NOBODYS);
	asks(&run->t, 1010, l.client, "POST /containers/nobody/start", NULL);
	answers(&run->t, 1015, l.client, 404, "{\"message\":\"none\"}");
	not_its_own(run, &l, 1030);
}

Test(hear_whose, an_error_before_the_first_request_is_nobodys)
{
	struct life l = life_of(0);
	struct run *run = run_new();

	answers(&run->t, 1000, l.client, 404, "{\"message\":\"none\"}");
	not_its_own(run, &l, 1010);
}

Test(hear_whose, what_made_a_network_made_no_container)
{
	struct life l = life_of(0);
	struct run *run = with_a_line(&l);

	answers(&run->t, 1000, l.client, 201, "{\"Id\":\"" NOBODYS "\",\"Warning\":\"\"}");
	not_its_own(run, &l, 1010);
}

Test(hear_whose, an_answer_before_a_request_after_a_hole_is_nobodys)
{
	struct life l = life_of(0);
	struct run *run = with_a_line(&l);

	tape_at(&run->t, 990);
	tape_lost(&run->t, CT_LOSS_RING, 1);
	made(&run->t, 1000, l.client, NOBODYS);
	not_its_own(run, &l, 1051);
}

/* Within 50 ms it may have been its own: then what comes next is another's. */
Test(hear_whose, an_answer_just_before_a_request_after_a_hole_is_in_doubt)
{
	struct life l = life_of(0);
	struct run *run = with_a_line(&l);

	tape_at(&run->t, 990);
	tape_lost(&run->t, CT_LOSS_RING, 1);
	made(&run->t, 1000, l.client, NOBODYS);
	asks(&run->t, 1049, l.client, "POST /containers/create?name=web", NULL);
	made(&run->t, 1110, l.client, l.id);
	play_until(run, 60000);
	cr_expect_eq(count(run, CT_RECORD_CREATE), 0);
	run_free(run);
}

static void hole_of(struct run *run, double ms, const struct life *l)
{
	tape_at(&run->t, ms);
	tape_add(&run->t, CT_KIND_HOLE, LIFE_CLIENT, NULL, 0)->obj = l->client;
}

/* The first answer behind it is that to what was asked in the hole, the second to what was asked then. */
Test(hear_whose, who_was_not_heard_is_answered_once)
{
	struct life l = life_of(0);
	struct run *run = with_a_line(&l);

	hole_of(run, 990, &l);
	answers(&run->t, 995, l.client, 200, "OK");
	answers(&run->t, 1000, l.client, 200, "OK");
	asks(&run->t, 1100, l.client, "POST /containers/create?name=web", NULL);
	made(&run->t, 1110, l.client, l.id);
	play_until(run, 60000);
	expect_span(find(run, CT_RECORD_CREATE, "web", 0), 1100, 1110);
	run_free(run);
}

/* As many answers as requests went before are theirs: the third is nobody's that is asked behind the second. */
Test(hear_whose, who_was_asked_before_a_hole_is_answered_behind_it)
{
	struct life l = life_of(0);
	struct run *run = with_a_line(&l);

	asks(&run->t, 900, l.client, "POST /containers/one/start", NULL);
	asks(&run->t, 901, l.client, "POST /containers/two/start", NULL);
	hole_of(run, 990, &l);
	answers(&run->t, 995, l.client, 204, NULL);
	answers(&run->t, 1000, l.client, 204, NULL);
	asks(&run->t, 2100, l.client, "POST /containers/create?name=web", NULL);
	made(&run->t, 2110, l.client, NOBODYS);
	play_until(run, 60000);
	cr_expect_eq(count(run, CT_RECORD_CREATE), 0);
	run_free(run);
}

/* What is forgotten with a hole is also who was answered last: what is asked just behind it is not in doubt for that. */
Test(hear_whose, an_answer_before_a_hole_is_not_the_last_word)
{
	struct life l = life_of(0);
	struct run *run = with_a_line(&l);

	made(&run->t, 1000, l.client, NOBODYS);
	hole_of(run, 1010, &l);
	not_its_own(run, &l, 1040);
}

/* Nor is it answered for ever: once all is known of the line again, an early answer is kept. */
Test(hear_whose, who_was_not_heard_may_not_be_answered)
{
	struct life l = life_of(0), other = life_of(1);
	struct run *run = with_a_line(&l);

	hole_of(run, 990, &l);
	asks(&run->t, 1100, l.client, "POST /containers/create?name=web", NULL);
	made(&run->t, 1200, l.client, l.id);
	made(&run->t, 1300, l.client, other.id);
	asks(&run->t, 1310, l.client, "POST /containers/create?name=other", NULL);
	play_until(run, 60000);
	expect_span(find(run, CT_RECORD_CREATE, "web", 0), 1100, 1200);
	expect_span(find(run, CT_RECORD_CREATE, "other", 0), 1300, 1300);
	run_free(run);
}

/* It is heard late, just after its answer: both are its own. */
Test(hear_whose, an_answer_heard_before_its_request_is_its_own)
{
	struct life l = life_of(0);
	struct run *run = with_a_line(&l);

	made(&run->t, 1000, l.client, l.id);
	asks(&run->t, 1010, l.client, "POST /containers/create?name=web", NULL);
	play_until(run, 60000);
	expect_span(find(run, CT_RECORD_CREATE, "web", 0), 1000, 1000);
	run_free(run);
}

/* More than 50 ms is more than anybody is heard late. */
Test(hear_whose, an_answer_heard_long_before_a_request_is_nobodys)
{
	struct life l = life_of(0);
	struct run *run = with_a_line(&l);

	made(&run->t, 1000, l.client, NOBODYS);
	not_its_own(run, &l, 1060);
}
