// SPDX-License-Identifier: GPL-2.0-only
/* Which containers the options ask for. */
#include <fnmatch.h>
#include <string.h>

#include "cmd/options.h"

static bool any(const struct ct_list *list, const char *value, bool glob)
{
	for (size_t i = 0; i < list->count; i++) {
		if (glob ? !fnmatch(list->items[i], value, 0) : !strcmp(list->items[i], value))
			return true;
	}
	return !list->count;
}

static bool is_container(const struct ct_list *list, const struct ct_identity *who)
{
	for (size_t i = 0; i < list->count; i++) {
		const char *item = list->items[i];

		if (!strcmp(item, who->name) || (*item && !strcmp(item, who->pod)) ||
		    (*item && !strncmp(item, who->id, strlen(item))))
			return true;
	}
	return !list->count;
}

bool ct_options_filter(const struct ct_options *opts)
{
	return opts->runtimes.count || opts->engines.count || opts->images.count ||
	       opts->containers.count || opts->pods.count || opts->namespaces.count;
}

bool ct_options_match_who(const struct ct_options *opts, const struct ct_identity *who)
{
	return any(&opts->runtimes, who->runtime, false) &&
	       any(&opts->engines, who->engine, false) && any(&opts->images, who->image, true) &&
	       any(&opts->pods, who->pod, true) && any(&opts->namespaces, who->pod_ns, true) &&
	       is_container(&opts->containers, who);
}

bool ct_options_match(const struct ct_options *opts, const struct ct_record *rec)
{
	return ct_options_match_who(opts, rec->who);
}
