// SPDX-License-Identifier: GPL-2.0-only
/* What engines are asked, and which of the scouts is sent. */
#include "source/engines/engines.h"

#include <stdio.h>
#include <string.h>

#include "source/proc/procfs.h"

/* A command may have gone when it is asked about, but not when it is first heard of. */
static bool is_foreign(struct ct_engines *engines, enum ct_errand_kind kind, uint32_t pid)
{
	const struct ct_engine_kept *named = ct_engines_kept(engines, pid);
	bool foreign = kind != CT_ERRAND_STORED && !named && pid && ct_proc_foreign(pid);

	for (size_t i = 0; kind == CT_ERRAND_STORED && i < CT_ENGINES_MAX; i++)
		if (engines->commands[i].pid == pid)
			return engines->commands[i].foreign;
	if (named)
		foreign = named->engine.foreign;
	if (kind == CT_ERRAND_STORE)
		engines->commands[engines->command_count++ % CT_ENGINES_MAX] =
			(struct ct_command_kept){ pid, foreign };
	return foreign;
}

void ct_engines_ask(struct ct_engines *engines, enum ct_errand_kind kind, const char *id,
		    uint32_t engine_pid, const char *bundle)
{
	struct ct_lookup_asked *asked = engines->lookups;
	size_t i = 0;

	if (kind != CT_ERRAND_IMAGE && kind != CT_ERRAND_STORE && kind != CT_ERRAND_STORED &&
	    !ct_id_valid(id, strnlen(id, CT_ID_LEN + 1)))
		return;
	while (i < CT_LOOKUPS_MAX && *asked->id)
		asked = &engines->lookups[++i];
	if (i == CT_LOOKUPS_MAX) {
		engines->dropped++;
		return;
	}
	*asked = (struct ct_lookup_asked){ .engine_pid = engine_pid, .since_ns = ct_now_ns() };
	asked->kind = kind;
	asked->foreign = is_foreign(engines, kind, engine_pid);
	snprintf(asked->id, sizeof(asked->id), "%s", id);
	snprintf(asked->bundle, sizeof(asked->bundle), "%s", bundle);
	engines->to_send = true;
}
