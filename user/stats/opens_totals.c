// SPDX-License-Identifier: GPL-2.0-only
#include "stats/opens_totals.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define ITEMS_MAX ((CT_OPENS_RUNTIMES_MAX + 1) * CT_VIEW_MAX)

static struct ct_opens_total *find(struct ct_opens_totals *t, const char *runtime,
				   enum ct_view view)
{
	size_t i = 0;

	while (i < t->count &&
	       (t->items[i].view != view || strcmp(t->items[i].runtime, runtime) != 0))
		i++;
	if (i == t->count && t->count >= CT_OPENS_RUNTIMES_MAX * CT_VIEW_MAX) {
		runtime = CT_OPENS_RUNTIME_REST;
		i = 0;
		while (i < t->count &&
		       (t->items[i].view != view || strcmp(t->items[i].runtime, runtime) != 0))
			i++;
	}
	if (i == t->count) {
		t->items[i].runtime = runtime;
		t->items[i].view = view;
		t->count++;
	}
	return &t->items[i];
}

static int add(struct ct_opens_total *to, const struct ct_opens_view *v)
{
	for (int i = 0; i < CT_OPEN_CALL_MAX; i++) {
		ct_opens_sum(&to->calls[i], &v->calls[i]);
		if (!v->hist[i])
			continue;
		if (!to->hist[i])
			to->hist[i] = ct_hist_new();
		if (!to->hist[i])
			return -ENOMEM;
		ct_hist_merge(to->hist[i], v->hist[i]);
	}
	for (size_t i = 0; i < CT_OPENS_ERRNOS; i++)
		to->errors[i] += v->errors[i];
	return 0;
}

int ct_opens_totals_make(struct ct_opens_totals *t, const struct ct_opens_list *l)
{
	t->count = 0;
	t->items = calloc(ITEMS_MAX, sizeof(*t->items));
	if (!t->items)
		return -ENOMEM;
	for (size_t i = 0; i < l->count; i++) {
		const struct ct_opens *o = l->items[i];

		for (int view = 0; view < CT_VIEW_MAX; view++) {
			if (!o->views[view])
				continue;
			if (add(find(t, o->who.runtime, (enum ct_view)view), o->views[view])) {
				ct_opens_totals_clear(t);
				return -ENOMEM;
			}
		}
	}
	return 0;
}

void ct_opens_totals_clear(struct ct_opens_totals *t)
{
	for (size_t i = 0; i < t->count; i++)
		for (int k = 0; k < CT_OPEN_CALL_MAX; k++)
			ct_hist_free(t->items[i].hist[k]);
	free(t->items);
	*t = (struct ct_opens_totals){ 0 };
}
