// SPDX-License-Identifier: GPL-2.0-only
/* One run after the other, and runs of what has no id yet. */
#include "core/book/book.h"

#include <stdlib.h>

struct ct_container *ct_draft_new(struct ct_core *core, const struct ct_family *family)
{
	struct ct_container *draft = calloc(1, sizeof(*draft));

	if (!draft) {
		core->counts.lost[CT_LOSS_TABLE]++;
		return NULL;
	}
	draft->family = family;
	draft->draft = true;
	draft->run.seq = ct_book_new_run(core);
	return draft;
}

void ct_draft_free(struct ct_container *draft)
{
	if (!draft)
		return;
	ct_works_move(draft, NULL);
	free(draft->run.steps);
	free(draft);
}

void ct_draft_becomes(struct ct_core *core, struct ct_container *draft, struct ct_container *c)
{
	struct ct_run *run = &c->run;

	c->family = draft->family;
	if (draft->who.client.pid)
		c->who.client = draft->who.client;
	for (int m = 0; m < CT_MARK_MAX; m++) {
		if (!run->marks[m])
			run->marks[m] = draft->run.marks[m];
	}
	/* Steps that are still open belong to the run by its number, and are found by index. */
	if (!run->step_count) {
		free(run->steps);
		run->steps = draft->run.steps;
		run->step_count = draft->run.step_count;
		run->step_room = draft->run.step_room;
		run->steps_forgotten = draft->run.steps_forgotten;
		ct_book_run(core, c, draft->run.seq);
		draft->run.steps = NULL;
	}
	ct_book_file(core, c);
	ct_works_move(draft, c);
	ct_draft_free(draft);
}

void ct_book_next_run(struct ct_core *core, struct ct_container *c, enum ct_cause cause)
{
	uint64_t base = c->run.start_end_ns;
	uint32_t seq;

	for (int m = CT_MARK_EXIT; m <= CT_MARK_SAVED; m++) {
		if (c->run.marks[m] > base)
			base = c->run.marks[m];
	}
	core->seams->run_ends(core, c);
	c->old = c->run;
	c->has_old = true;
	ct_book_run(core, c, ct_book_new_run(core));
	seq = c->run.seq;
	memset(&c->run, 0, sizeof(c->run));
	c->run.seq = seq;
	c->run.exit_code = CT_NO_EXIT_CODE;
	c->run.cause = cause;
	c->run.base_ns = base;
	ct_book_init(core, c, 0);
	c->netns = 0;
	/* Made anew under the id of one that was removed. */
	c->gone = false;
	c->removed = false;
	ct_book_touch(core, c);
	ct_book_file(core, c);
	core->seams->learned(core, c);
}

bool ct_run_any(const struct ct_run *run, const enum ct_mark *marks)
{
	return ct_run_first(run, marks) != 0;
}

uint64_t ct_run_first(const struct ct_run *run, const enum ct_mark *marks)
{
	for (int i = 0; i < CT_MARK_LIST && marks[i]; i++) {
		if (run->marks[marks[i]])
			return run->marks[marks[i]];
	}
	return 0;
}
