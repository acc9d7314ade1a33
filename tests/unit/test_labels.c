// SPDX-License-Identifier: GPL-2.0-only
/* What the user calls what is recorded, which run it is of, and what his program has started. */
#include <criterion/criterion.h>

#include "cmd/options.h"
#include "cmd/options_label.h"
#include "runs.h"

#define PAIRS "load\0disk\0who\0me"

static void tape_labels(struct tape *t, double ms, uint64_t run)
{
	tape_at(t, ms);
	tape_add(t, CT_KIND_LABELS, 0, PAIRS, sizeof(PAIRS))->obj = run;
}

Test(labels, a_value_by_its_key)
{
	struct ct_labels labels = { .len = sizeof(PAIRS) };

	memcpy(labels.pairs, PAIRS, sizeof(PAIRS));
	cr_expect_str_eq(ct_label(&labels, "load"), "disk");
	cr_expect_str_eq(ct_label(&labels, "who"), "me");
	cr_expect_null(ct_label(&labels, "disk"), "that is a value");
	cr_expect_null(ct_label(NULL, "load"));
	labels.len--; /* a recording may be damaged: what has no end is nothing */
	cr_expect_null(ct_label(&labels, "who"));
	cr_expect_str_eq(ct_label(&labels, "load"), "disk");
	labels.len = 5;
	cr_expect_null(ct_label(&labels, "load"));
}

/* A start is of the run in which it began, however late it is told. */
Test(labels, records_have_labels_and_runs)
{
	struct run *run = run_new();
	struct life first = life_of(0), second = life_of(1);
	struct ct_core *core;

	tape_labels(&run->t, 1, 1);
	life_create(&run->t, &first, 10);
	life_start(&run->t, &first, 30);
	tape_labels(&run->t, 280, 2); /* the first is not ready yet */
	tape_at(&run->t, 300);
	tape_listen(&run->t, first.init, 80);
	run_stop_rm(&run->t, &second, 400);
	tape_at(&run->t, 3000);
	tape_clock(&run->t);
	core = core_of(run);
	tape_feed(&run->t, core);
	cr_assert_eq(count(run, CT_RECORD_START), 2);
	cr_expect_eq(find(run, CT_RECORD_START, first.name, 0)->rec.run, 1);
	cr_expect_eq(find(run, CT_RECORD_START, second.name, 0)->rec.run, 2);
	cr_expect_eq(find(run, CT_RECORD_STOP, second.name, 0)->rec.run, 2);
	cr_expect_str_eq(ct_label(find(run, CT_RECORD_START, first.name, 0)->rec.labels, "load"),
			 "disk");
	ct_core_free(core);
	run_free(run);
}

/* All that was sent from there on was sent by a descendant, or all but what the engine said. */
static void make_mine(struct tape *t, size_t from)
{
	for (size_t at = from; at < t->len;) {
		struct ct_event *e = (struct ct_event *)(t->bytes + at);

		if (e->kind == CT_KIND_SEND && !(e->flags & CT_F_SERVER) && e->tgid != LIFE_DOCKERD)
			e->flags |= CT_F_MINE;
		at += e->len;
	}
}

Test(labels, mine_is_what_i_asked_for)
{
	struct run *run = run_new();
	struct life mine = life_of(0), other = life_of(1);
	struct ct_options opts = { .only_mine = true };
	size_t from;

	run_stop_rm(&run->t, &other, 10);
	from = run->t.len;
	run_stop_rm(&run->t, &mine, 1000);
	make_mine(&run->t, from);
	play(run);
	expect_counts(run, 2, 2, 0);
	cr_expect(find(run, CT_RECORD_START, mine.name, 0)->who.mine);
	cr_expect(find(run, CT_RECORD_STOP, mine.name, 0)->who.mine);
	cr_expect_not(find(run, CT_RECORD_START, other.name, 0)->who.mine);
	cr_expect(ct_options_filter(&opts));
	cr_expect(ct_options_match_who(&opts, &find(run, CT_RECORD_START, mine.name, 0)->who));
	cr_expect_not(ct_options_match_who(&opts, &find(run, CT_RECORD_START, other.name, 0)->who));
	run_free(run);
}

/* Who stops what others have started has not started it. */
Test(labels, a_stop_makes_nothing_mine)
{
	struct run *run = run_new();
	struct life l = life_of(0);
	size_t from;

	life_create(&run->t, &l, 10);
	life_start(&run->t, &l, 30);
	tape_at(&run->t, 300);
	tape_listen(&run->t, l.init, 80);
	from = run->t.len;
	life_stop(&run->t, &l, 1000);
	life_remove(&run->t, &l, 1200);
	make_mine(&run->t, from);
	play(run);
	expect_counts(run, 1, 1, 0);
	cr_expect_not(find(run, CT_RECORD_STOP, l.name, 0)->who.mine);
	run_free(run);
}

/* A command of a runtime's own, by a descendant or not. */
static void commands(struct tape *t, double ms, uint32_t pid, const char *word, bool by_me)
{
	tape_at(t, ms);
	tape_exec(t, pid, CT_ROLE_RUNTIME, 1, "runc", word, "one", TAPE_END);
	if (by_me) /* the tape's own bytes */
		((struct ct_event *)(uintptr_t)tape_event(t, t->count - 1))->flags |= CT_F_MINE;
}

/* Who makes or starts it has asked for it, whoever kills and deletes it. */
Test(labels, commands_that_make_it_mine)
{
	static const char *const words[] = { "create", "start", "kill", "delete" };

	for (size_t i = 0; i <= CT_ARRAY_SIZE(words); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;

		commands(t, 10, 700, "create", i == 0);
		tape_at(t, 15);
		tape_fork(t, 700, 710, CT_ROLE_RUNTIME);
		tape_exec(t, 710, CT_ROLE_HELPER, 1, "runc", "init", TAPE_END);
		tape_at(t, 30);
		tape_exit(t, 700, CT_ROLE_RUNTIME, 0);
		commands(t, 40, 720, "start", i == 1);
		tape_at(t, 45);
		tape_exec(t, 710, CT_ROLE_INIT, 4026532001, "sh", TAPE_END);
		tape_at(t, 50);
		tape_exit(t, 720, CT_ROLE_RUNTIME, 0);
		tape_listen(t, 710, 80);
		commands(t, 500, 730, "kill", i == 2);
		tape_at(t, 510);
		tape_exit(t, 710, CT_ROLE_INIT, 9);
		tape_exit(t, 730, CT_ROLE_RUNTIME, 0);
		commands(t, 600, 740, "delete", i == 3);
		tape_at(t, 610);
		tape_exit(t, 740, CT_ROLE_RUNTIME, 0);
		play_until(run, 5000);
		expect_counts(run, 1, 1, 0);
		cr_expect_eq(find(run, CT_RECORD_STOP, "one", 0)->who.mine, i < 2, "%s",
			     i < CT_ARRAY_SIZE(words) ? words[i] : "none");
		run_free(run);
	}
}

static int parse(struct ct_options *opts, struct ct_err *err, const char *a, const char *b)
{
	char *argv[] = { "record", "--label", (char *)a, "--label", (char *)b, NULL };

	return ct_options_parse(opts, b ? 5 : 3, argv, err);
}

Test(labels, options)
{
	static const char *const bad[] = { "load",   "=disk", "",       "runtime=runsc-kvm",
					   "kind=x", "run=1", "file=x", "node=a",
					   "a,b=c" };
	struct ct_options opts;
	struct ct_err err = { 0 };
	char long_one[CT_LABELS_LEN + 2];

	cr_assert_eq(parse(&opts, &err, "load=disk", "eq=a=b"), 0, "%s", err.msg);
	cr_expect_str_eq(ct_label(&opts.labels, "load"), "disk");
	cr_expect_str_eq(ct_label(&opts.labels, "eq"), "a=b");
	for (size_t i = 0; i < CT_ARRAY_SIZE(bad); i++)
		cr_expect_lt(parse(&opts, &err, bad[i], NULL), 0, "'%s'", bad[i]);
	cr_assert_eq(parse(&opts, &err, "runtime2=runsc", NULL), 0, "%s", err.msg);
	cr_expect_lt(parse(&opts, &err, "load=disk", "load=cpu"), 0);
	cr_expect_str_eq(err.msg, "option --label: 'load=cpu' has that name twice");
	memset(long_one, 'a', sizeof(long_one));
	long_one[1] = '=';
	long_one[CT_LABELS_LEN] = '\0';
	cr_expect_lt(parse(&opts, &err, long_one, NULL), 0);
	long_one[CT_LABELS_LEN - 1] = '\0';
	cr_expect_eq(parse(&opts, &err, long_one, NULL), 0, "%s", err.msg);
}

/* In either order; 0 is a lead as any other. */
Test(labels, a_lead_asks_what_if)
{
	struct ct_options opts = { 0 };
	struct ct_err err = { 0 };

	cr_assert_eq(ct_parse_what_if(&opts, "prewarm", &err), 0);
	cr_expect_eq(opts.chains.lead_ns, UINT64_MAX, "with the first request");
	cr_assert_eq(ct_parse_lead(&opts, "0", &err), 0);
	cr_expect_eq(opts.chains.lead_ns, 0);
	opts = (struct ct_options){ 0 };
	cr_assert_eq(ct_parse_lead(&opts, "0.5", &err), 0);
	cr_expect(opts.chains.prewarm);
	cr_assert_eq(ct_parse_what_if(&opts, "prewarm", &err), 0);
	cr_expect_eq(opts.chains.lead_ns, 500000000);
}
