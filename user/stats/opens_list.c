// SPDX-License-Identifier: GPL-2.0-only
#include "stats/opens_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct ct_opens *same_run(const struct ct_opens_list *l, const struct ct_opens *o)
{
	for (size_t i = 0; i < l->count; i++) {
		const struct ct_opens *x = l->items[i];

		if (x->seq == o->seq && x->exec_ns == o->exec_ns && !strcmp(x->who.id, o->who.id) &&
		    !strcmp(x->who.name, o->who.name))
			return l->items[i];
	}
	if (l->count < CT_OPENS_RUNS_MAX)
		return NULL;
	return l->items[l->count - 1];
}

static int merge(struct ct_opens *to, struct ct_opens *o)
{
	int ret;

	if (to->seq != o->seq || strcmp(to->who.id, o->who.id) != 0) {
		memset(&to->who, 0, sizeof(to->who));
		to->seq = 0;
		to->exec_ns = to->ready_ns = 0;
	}
	ret = ct_opens_merge(to, o);
	ct_opens_free(o);
	return ret;
}

int ct_opens_list_take(struct ct_opens_list *l, struct ct_opens *o)
{
	struct ct_opens *to = same_run(l, o);

	if (to)
		return merge(to, o);
	if (l->count == l->room) {
		size_t room = l->room ? 2 * l->room : 16;
		struct ct_opens **items = realloc(l->items, room * sizeof(struct ct_opens *));

		if (!items) {
			ct_opens_free(o);
			return -ENOMEM;
		}
		l->items = items;
		l->room = room;
	}
	l->items[l->count++] = o;
	return 0;
}

void ct_opens_list_clear(struct ct_opens_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		ct_opens_free(l->items[i]);
	free(l->items);
	l->items = NULL;
	l->count = l->room = 0;
}

double ct_opens_ready_share(const struct ct_opens *o, const struct ct_opens_view *v)
{
	struct ct_opens_numbers n;
	bool blurred;

	if (!ct_opens_until_ready(o, v, &n, &blurred) || !o->exec_ns || o->ready_ns <= o->exec_ns)
		return -1;
	return (double)n.ns / (double)(o->ready_ns - o->exec_ns);
}
