// SPDX-License-Identifier: GPL-2.0-only
/* What a container's program does that shows that it serves. */
#include "core/life/life.h"

/*
 * Of a sandbox that has a shim only the shim hears its program. Whoever else was woken while the
 * sandbox wrote was woken by an interrupt.
 */
static bool may_be_output(struct ct_core *core, const struct ct_container *c,
			  const struct ct_actor_state *a, uint32_t woken)
{
	const struct ct_actor_state *reader = ct_actor_get(core, woken);

	return a->role != CT_ROLE_HELPER || c->family->hears_itself ||
	       (reader && reader->role == CT_ROLE_SHIM);
}

/* Columns: kind of event, what it shows. */
static const struct {
	uint8_t kind, by;
} signs[] = {
	{ CT_KIND_LISTEN, CT_READY_LISTEN },
	{ CT_KIND_ACCEPT, CT_READY_ACCEPT },
	{ CT_KIND_OUTPUT, CT_READY_OUTPUT },
	{ CT_KIND_OPEN, CT_READY_PATH },
};

static enum ct_ready sign_of(uint8_t kind)
{
	size_t i = 0;

	while (signs[i].kind != kind)
		i++;
	return (enum ct_ready)signs[i].by;
}

void ct_life_ready(struct ct_core *core, const struct ct_event *e)
{
	enum ct_ready by = sign_of(e->kind);
	const struct ct_actor_state *a = ct_actor_get(core, e->tgid);
	struct ct_container *c = ct_book_by_pid(core, e->root);

	if (!c && a && ct_actor_serves(core, a))
		c = a->container;
	/* A sandbox opens files and writes on its own account while it boots. */
	if (c && a && a->role == CT_ROLE_HELPER && !c->run.ready_at[CT_READY_EXEC])
		return;
	if (c && a && by == CT_READY_OUTPUT && !may_be_output(core, c, a, (uint32_t)e->obj))
		return;
	if (c)
		ct_readied(core, c, by, e->ts_ns);
}
