// SPDX-License-Identifier: GPL-2.0-only
/* Which version engines say they are: each is kept once, as long as the core. */
#include "core/hear/wire.h"
#include "core/life/life.h"

#include <stdlib.h>

#define VERSIONS_MAX 64 /* more than there are on a node; of what comes then nothing is known */

struct ct_versions {
	char each[VERSIONS_MAX][32];
	size_t count;
};

struct ct_versions *ct_versions_new(void)
{
	return calloc(1, sizeof(struct ct_versions));
}

void ct_versions_free(struct ct_versions *versions)
{
	free(versions);
}

static const char *kept(struct ct_versions *all, struct ct_text version)
{
	if (!version.len || version.len >= sizeof(all->each[0]))
		return NULL;
	for (size_t i = 0; i < all->count; i++) {
		if (ct_text_is(version, all->each[i]))
			return all->each[i];
	}
	if (all->count == VERSIONS_MAX)
		return NULL;
	ct_text_copy(all->each[all->count], sizeof(all->each[0]), version);
	return all->each[all->count++];
}

void ct_life_version(struct ct_core *core, const struct ct_event *answer)
{
	struct ct_actor_state *engine = ct_actor_get(core, answer->tgid);

	if (engine && engine->engine_name && !engine->version)
		engine->version = kept(ct_life_versions(core),
				       ct_http_version(ct_text(answer->tail, answer->tail_len)));
}
