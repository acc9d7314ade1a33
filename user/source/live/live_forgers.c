// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who has an engine's name and is none, and who took more than his share: the kernel side counts
 * them in a small table, which is emptied here, so that there is room for others.
 */
#include <stdio.h>
#include <string.h>

#include "source/live/live_state.h"

static void tell(struct ct_live *live, const struct ct_live_forger_key *key,
		 const struct ct_live_forger *forger)
{
	bool named = key->comm[0];
	struct ct_event *e = ct_fact_begin(&live->facts, named ? CT_KIND_FORGER : CT_KIND_LOST, 0);

	e->sub = named ? (__u16)forger->role : CT_LOSS_SHARE;
	e->obj = forger->count;
	e->arg = key->uid;
	e->root = key->root;
	ct_fact_emit(&live->facts, key->comm, strnlen(key->comm, sizeof(key->comm)));
}

void ct_live_emit_share(struct ct_live *live, uint64_t share, uint64_t more)
{
	struct ct_live_forger_key key = { 0 };
	const struct ct_live_forger forger = { .count = more };

	if (share & CT_SHARE_USER)
		key.uid = (uint32_t)share;
	else
		key.root = (uint32_t)share;
	if (more)
		tell(live, &key, &forger);
}

/* The kernel has one call for both since 5.14. Before, what is counted between the two is not told. */
static bool take(int fd, const struct ct_live_forger_key *key, struct ct_live_forger *ret)
{
	if (!bpf_map_lookup_and_delete_elem(fd, key, ret))
		return true;
	return !bpf_map_lookup_elem(fd, key, ret) && !bpf_map_delete_elem(fd, key);
}

void ct_live_read_forgers(struct ct_live *live)
{
	int fd = bpf_map__fd(live->skel->maps.forgers);
	__u32 max = bpf_map__max_entries(live->skel->maps.forgers);
	struct ct_live_forger_key key;
	struct ct_live_forger forger;

	/* From the begin each time: what was there is deleted. Some come while this goes on. */
	for (__u32 i = 0; i < max && !bpf_map_get_next_key(fd, NULL, &key); i++) {
		if (take(fd, &key, &forger))
			tell(live, &key, &forger);
	}
}
