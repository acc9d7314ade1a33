// SPDX-License-Identifier: GPL-2.0-only
#include <criterion/criterion.h>
#include <string.h>

#include "core/core.h"
#include "core/base/marks.h"
#include "core/life/family.h"
#include "util/mem.h"

/* Marks that code reads by itself, with the reason why no span and no rule does. */
static const enum ct_mark read_by_code[] = {
	CT_MARK_TASK_CREATE_END, /* proof that a task was made; nothing hangs on it yet */
	CT_MARK_TASK_START_BEGIN, /* gVisor: from there on a stub of the sandbox is the program */
	CT_MARK_INIT_EXEC, /* sets READY, when that is asked for */
	CT_MARK_TASK_DELETE_BEGIN, /* this and the next: evidence, nothing hangs on it yet */
	CT_MARK_TASK_DELETE_END,   CT_MARK_READY, /* set by ct_readied() alone */
};

static bool span_reads(const struct ct_span *span, enum ct_mark mark)
{
	bool reads = span->from == mark || span->past == mark;

	for (size_t k = 0; k < CT_ARRAY_SIZE(span->to); k++)
		reads |= span->to[k] == mark;
	return reads;
}

static bool family_reads(const struct ct_family *f, enum ct_mark mark)
{
	bool reads = f->asked == mark || f->stopped == mark;

	for (size_t i = 0; i < f->rule_count; i++)
		reads |= f->rules[i].after == mark || f->rules[i].before == mark;
	for (size_t i = 0; i < f->start_count; i++)
		reads |= span_reads(&f->start[i], mark);
	for (size_t i = 0; i < f->stop_count; i++)
		reads |= span_reads(&f->stop[i], mark);
	for (size_t i = 0; i < f->start_other.count; i++)
		reads |= span_reads(&f->start_other.rows[i], mark);
	for (size_t i = 0; i < f->stop_other.count; i++)
		reads |= span_reads(&f->stop_other.rows[i], mark);
	return reads;
}

static bool family_sets(const struct ct_family *f, enum ct_mark mark)
{
	for (size_t i = 0; i < f->rule_count; i++) {
		if (f->rules[i].mark == mark)
			return true;
	}
	/* CREATE_BEGIN and what is fetched for it have no container yet, READY has rules of its own, and `bare` knows at the
	 * exit whether its runtime waits for it; Podman's network is known when it is made. */
	return mark == CT_MARK_CREATE_BEGIN || mark == CT_MARK_READY ||
	       mark == CT_MARK_PULL_BEGIN || mark == CT_MARK_PULL_END ||
	       mark == CT_MARK_REFUSED_BEGIN || mark == CT_MARK_REFUSED_END ||
	       (f == &ct_family_bare &&
		(mark == CT_MARK_TASK_DELETE_BEGIN || mark == CT_MARK_SAVED)) ||
	       (f == &ct_family_podman &&
		(mark == CT_MARK_CONNECT_BEGIN || mark == CT_MARK_DISCONNECT_BEGIN));
}

static bool any(bool (*of)(const struct ct_family *f, enum ct_mark mark), enum ct_mark mark)
{
	for (size_t i = 0; i < CT_FAMILY_MAX; i++) {
		if (of(ct_families[i], mark))
			return true;
	}
	return false;
}

static bool read_by(enum ct_mark mark)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(read_by_code); i++) {
		if (read_by_code[i] == mark)
			return true;
	}
	return false;
}

Test(marks, every_mark_is_named_set_and_read)
{
	cr_expect_null(ct_mark_names[CT_MARK_NONE]);
	for (int m = CT_MARK_NONE + 1; m < CT_MARK_MAX; m++) {
		enum ct_mark mark = (enum ct_mark)m;

		cr_assert(ct_mark_names[m] && ct_mark_names[m][0], "mark %d", m);
		cr_expect(read_by(mark) || any(family_reads, mark), "nothing reads '%s'",
			  ct_mark_names[m]);
		cr_expect(any(family_sets, mark), "no rule sets '%s'", ct_mark_names[m]);
		for (int k = CT_MARK_NONE + 1; k < m; k++)
			cr_expect(strcmp(ct_mark_names[m], ct_mark_names[k]), "'%s' twice",
				  ct_mark_names[m]);
	}
}

/* What a family's spans and lists name, its rules set. */
Test(marks, families_are_closed)
{
	for (size_t i = 0; i < CT_FAMILY_MAX; i++) {
		const struct ct_family *f = ct_families[i];

		for (int m = CT_MARK_NONE + 1; m < CT_MARK_MAX; m++)
			cr_expect(!family_reads(f, (enum ct_mark)m) ||
					  family_sets(f, (enum ct_mark)m),
				  "%s: nothing sets '%s'", f->name, ct_mark_names[m]);
		cr_expect(f->begins[0] && f->opens[0] && f->asked && f->stopped, "%s", f->name);
		cr_expect_eq(f->stop[0].phase, CT_PHASE_STOP, "%s", f->name);
		cr_expect_eq(ct_family_of_engine(ct_text(f->name, strlen(f->name))), f);
	}
	cr_expect_null(ct_family_of_engine(ct_text("nobody", 6)));
	cr_expect_eq(ct_family_of_namespace(ct_text("moby", 4)), &ct_family_docker);
	cr_expect_eq(ct_family_of_namespace(ct_text("k8s.io", 6)), &ct_family_cri);
	cr_expect_eq(ct_family_of_namespace(ct_text("default", 7)), &ct_family_containerd);
}

Test(marks, rules_are_sound)
{
	for (size_t f = 0; f < CT_FAMILY_MAX; f++) {
		for (size_t i = 0; i < ct_families[f]->rule_count; i++) {
			const struct ct_rule *r = &ct_families[f]->rules[i];

			cr_expect(r->mark > CT_MARK_NONE && r->mark < CT_MARK_MAX, "rule %zu", i);
			cr_expect_neq(r->after, r->mark, "rule %zu waits for itself", i);
			cr_expect_neq(r->before, r->mark, "rule %zu ends itself; say CT_FIRST", i);
			cr_expect(r->after == CT_MARK_NONE || r->after != r->before, "rule %zu", i);
		}
	}
}

static void expect_sound(const char *name, const struct ct_span *spans, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct ct_span *s = &spans[i];

		cr_expect_neq(s->from, CT_MARK_NONE, "%s, span %zu", name, i);
		cr_expect_neq(s->to[0], CT_MARK_NONE, "%s, span %zu", name, i);
		cr_expect(s->gap == CT_PHASE_CLIENT || s->gap == CT_PHASE_UNKNOWN, "%s, span %zu",
			  name, i);
		/* What is refused for want of an image comes before its pull. Podman attaches, and the CRI creates a sandbox, when the network is there; CRI-O
		 * works on a sandbox before it and behind it. */
		cr_expect(!i || s->phase >= spans[i - 1].phase || !strcmp(name, "podman") ||
				  !strcmp(name, "cri pod") || !strcmp(name, "crio pod") ||
				  spans[i - 1].from == CT_MARK_REFUSED_BEGIN ||
				  s->from == CT_MARK_REFUSED_BEGIN,
			  "%s, span %zu is not in order of life", name, i);
	}
}

Test(marks, spans_are_sound)
{
	for (size_t f = 0; f < CT_FAMILY_MAX; f++) {
		const struct ct_family *family = ct_families[f];

		expect_sound(family->name, family->start, family->start_count);
		expect_sound(family->name, family->stop, family->stop_count);
	}
}

/* Columns: signal, what, marks that are set, the mark that it sets and that changes. */
static const struct {
	const char *name;
	enum ct_signal signal;
	const char *what;
	enum ct_mark set[4];
	enum ct_mark mark;
	bool changes;
} cases[] = {
	{ "start request", CT_SIG_API_REQUEST, "start", { 0 }, CT_MARK_START_BEGIN, true },
	{ "a second one",
	  CT_SIG_API_REQUEST,
	  "start",
	  { CT_MARK_START_BEGIN },
	  CT_MARK_START_BEGIN,
	  false },
	{ "host config before the start",
	  CT_SIG_SYNC,
	  ".tmp-hostconfig.json1",
	  { 0 },
	  CT_MARK_CONNECT_END,
	  false },
	{ "host config in the start",
	  CT_SIG_SYNC,
	  ".tmp-hostconfig.json1",
	  { CT_MARK_START_BEGIN },
	  CT_MARK_CONNECT_END,
	  true },
	{ "host config once the task is asked for",
	  CT_SIG_SYNC,
	  ".tmp-hostconfig.json1",
	  { CT_MARK_START_BEGIN, CT_MARK_TASK_CREATE_BEGIN },
	  CT_MARK_CONNECT_END,
	  false },
	{ "another file",
	  CT_SIG_SYNC,
	  "hostname",
	  { CT_MARK_START_BEGIN },
	  CT_MARK_CONNECT_END,
	  false },
	{ "stop", CT_SIG_API_REQUEST, "stop", { 0 }, CT_MARK_STOP_BEGIN, true },
	{ "the last stop counts",
	  CT_SIG_API_REQUEST,
	  "kill",
	  { CT_MARK_STOP_BEGIN },
	  CT_MARK_STOP_BEGIN,
	  true },
	{ "a stop after the exit",
	  CT_SIG_API_REQUEST,
	  "stop",
	  { CT_MARK_EXIT },
	  CT_MARK_STOP_BEGIN,
	  false },
	{ "attach while it runs",
	  CT_SIG_API_REQUEST,
	  "attach",
	  { CT_MARK_TASK_CREATE_BEGIN },
	  CT_MARK_ATTACH_BEGIN,
	  false },
	{ "delete task", CT_SIG_TASK_REQUEST, "Delete", { 0 }, CT_MARK_TASK_DELETE_BEGIN, true },
	{ "engine answer before the exit",
	  CT_SIG_ENGINE_ANSWER,
	  "Tasks/Delete",
	  { 0 },
	  CT_MARK_DIE_END,
	  false },
	{ "engine answer to something else",
	  CT_SIG_ENGINE_ANSWER,
	  "",
	  { CT_MARK_EXIT },
	  CT_MARK_DIE_END,
	  false },
	{ "engine answer",
	  CT_SIG_ENGINE_ANSWER,
	  "Tasks/Delete",
	  { CT_MARK_EXIT },
	  CT_MARK_DIE_END,
	  true },
	{ "engine request",
	  CT_SIG_ENGINE_REQUEST,
	  "",
	  { CT_MARK_DIE_END },
	  CT_MARK_DISCONNECT_END,
	  true },
	{ "engine request while it runs",
	  CT_SIG_ENGINE_REQUEST,
	  "",
	  { 0 },
	  CT_MARK_DISCONNECT_END,
	  false },
	{ "restart is answered",
	  CT_SIG_API_ANSWER,
	  "restart",
	  { CT_MARK_TASK_START_END },
	  CT_MARK_START_END,
	  true },
	{ "restart without a start",
	  CT_SIG_API_ANSWER,
	  "restart",
	  { 0 },
	  CT_MARK_START_END,
	  false },
};

Test(marks, rules_match)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(cases); i++) {
		uint64_t marks[CT_MARK_MAX] = { 0 };
		bool changes = false;

		for (size_t k = 0; k < CT_ARRAY_SIZE(cases[i].set); k++) {
			if (cases[i].set[k])
				marks[cases[i].set[k]] = 5;
		}
		for (size_t r = 0; r < ct_family_docker.rule_count; r++) {
			const struct ct_rule *rule = &ct_family_docker.rules[r];

			if (rule->mark == cases[i].mark &&
			    ct_rule_matches(rule, cases[i].signal,
					    ct_text(cases[i].what, strlen(cases[i].what)), marks))
				changes = true;
		}
		cr_expect_eq(changes, cases[i].changes, "%s", cases[i].name);
	}
}

Test(marks, names_are_complete)
{
	for (int i = 0; i < CT_PHASE_MAX; i++)
		cr_expect(ct_phase_names[i] && ct_phase_names[i][0], "phase %d", i);
	for (int i = 0; i < CT_RECORD_MAX; i++)
		cr_expect(ct_record_names[i] && ct_record_names[i][0], "record %d", i);
	for (int i = 0; i < CT_OUTCOME_MAX; i++)
		cr_expect(ct_outcome_names[i] && ct_outcome_names[i][0], "outcome %d", i);
	for (int i = 0; i < CT_READY_MAX; i++)
		cr_expect(ct_ready_names[i] && ct_ready_names[i][0], "ready %d", i);
#define X(symbol, name) cr_expect_str_eq(ct_cause_names[CT_CAUSE_##symbol], name);
	CT_CAUSES(X)
#undef X
#define X(number, symbol, name) cr_expect_str_eq(ct_role_name(CT_ROLE_##symbol), name);
	CT_ROLES(X)
#undef X
	cr_expect_str_empty(ct_role_name(CT_ROLE_NONE));
	cr_expect_str_empty(ct_role_name(255));
}

Test(marks, families_are_where_their_numbers_say)
{
	for (size_t f = 0; f < CT_FAMILY_MAX; f++)
		cr_expect_eq(ct_families[f]->number, f, "%s", ct_families[f]->name);
}
