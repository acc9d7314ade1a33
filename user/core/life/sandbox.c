// SPDX-License-Identifier: GPL-2.0-only
/* What a sandbox tells of the program inside: the host sees neither its exec nor its exit. */
#include "core/life/life.h"

/* Containers of a pod share the sandbox that is the first process of each. */
struct ct_container *ct_life_app_of(struct ct_core *core, const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), id = ct_text_cut(&rest, '\0');
	struct ct_container *c = ct_book_inside(core, id, e->root);

	return c ? c : ct_book_by_pid(core, e->root);
}

static void exited(struct ct_core *core, struct ct_container *c, const struct ct_event *e)
{
	if (c->run.exit_code == CT_NO_EXIT_CODE)
		c->run.exit_code = ct_exit_code(e->ret);
	ct_signal(core, c, CT_SIG_INIT_EXIT, ct_text("", 0), e->ts_ns);
}

void ct_life_app(struct ct_core *core, const struct ct_event *e)
{
	struct ct_container *c = ct_life_app_of(core, e);

	if (!c)
		return;
	switch (e->sub) {
	case CT_APP_EXEC:
		c->run.app_exec_ns = e->ts_ns;
		ct_signal(core, c, CT_SIG_INIT_EXEC, ct_text("", 0), e->ts_ns);
		break;
	case CT_APP_EXIT:
		exited(core, c, e);
		break;
	default:
		break;
	}
}
