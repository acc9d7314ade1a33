// SPDX-License-Identifier: GPL-2.0-only
/* What a sandbox tells of the program inside: the host sees neither its exec nor its exit. */
#include "core/state.h"

/* Containers of a pod share the sandbox that is the first process of each. */
static struct ct_container *container_of(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), id = ct_text_cut(&rest, '\0');
	struct ct_container *c = ct_book_inside(core, id, e->root);

	return c ? c : ct_book_by_pid(core, e->root);
}

static void executed(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	const struct ct_step step = {
		.name = "exec",
		.actor = ct_role_name(CT_ROLE_INIT),
		.begin_ns = e->ts_ns,
		.end_ns = e->ts_ns,
		.pid = e->tgid,
		.count = 1,
	};

	c->run.app_exec_ns = e->ts_ns;
	ct_step_add(core, c, &step);
	ct_signal(core, c, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
}

static void started(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	const struct ct_step step = {
		.name = "program load",
		.actor = ct_role_name(CT_ROLE_INIT),
		.begin_ns = c->run.app_exec_ns,
		.end_ns = e->ts_ns,
		.pid = e->tgid,
		.count = 1,
	};

	if (step.begin_ns && step.begin_ns <= e->ts_ns)
		ct_step_add(core, c, &step);
}

static void exited(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	if (c->run.exit_code == CT_NO_EXIT_CODE)
		c->run.exit_code = ct_exit_code(e->ret);
	ct_signal(core, c, CT_SIG_INIT_EXIT, ct_text("", 0), e->ts_ns);
}

void ct_app(struct ct_core *core, const struct ct_event *e)
{
	struct ct_container *c = container_of(core, e);

	if (e->sub == CT_APP_WATCHED) {
		struct ct_text why = ct_text(e->tail, e->tail_len);

		ct_text_cut(&why, '\0'); /* the id */
		ct_openers_watched(core, e, why);
	}
	if (!c)
		return;
	switch (e->sub) {
	case CT_APP_EXEC:
		executed(core, c, e);
		break;
	case CT_APP_START:
		started(core, c, e);
		break;
	case CT_APP_EXIT:
		exited(core, c, e);
		break;
	default:
		break;
	}
}
