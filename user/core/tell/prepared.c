// SPDX-License-Identifier: GPL-2.0-only
#include "core/tell/prepared.h"

#include <stdlib.h>

/* Pods that are not asked for yet, or whose start is not told: a kubelet has 110 by default. */
#define PODS_MAX 1024

static struct ct_prepared *find(const struct ct_preparations *all, const char *uid)
{
	struct ct_prepared *p = NULL;

	HASH_FIND_STR(all->all, uid, p);
	return p;
}

static void drop(struct ct_preparations *all, struct ct_prepared *p)
{
	for (size_t i = 0; i < p->count; i++)
		all->open -= !p->mounts[i].end_ns;
	HASH_DEL(all->all, p);
	free(p);
}

/* The oldest goes: one that is not asked for yet was given up, unless it was heard of a moment ago. */
static void make_room(struct ct_core *core, struct ct_preparations *all)
{
	struct ct_prepared *oldest = all->all;

	if (HASH_COUNT(all->all) < PODS_MAX)
		return;
	if (oldest->heard_ns + CT_WAIT_NS > core->now)
		core->counts.lost[CT_LOSS_TABLE]++;
	drop(all, oldest);
}

static struct ct_prepared *find_or_make(struct ct_core *core, struct ct_preparations *all,
					const char *uid)
{
	struct ct_prepared *p = find(all, uid);

	if (p)
		return p;
	make_room(core, all);
	p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	memcpy(p->uid, uid, sizeof(p->uid));
	HASH_ADD_STR(all->all, uid, p);
	return p;
}

static void mounts(struct ct_core *core, struct ct_preparations *all, struct ct_prepared *p,
		   const struct ct_event *e, const struct ct_preparing *does)
{
	struct ct_between *m;

	if (p->count == CT_PREPARED_MOUNTS_MAX) {
		core->counts.lost[CT_LOSS_STEPS]++;
		return;
	}
	m = &p->mounts[p->count++];
	m->phase = CT_PHASE_VOLUMES;
	m->begin_ns = e->ts_ns;
	m->pid = e->tgid;
	ct_text_copy(m->name, sizeof(m->name), ct_preparing_name(does));
	all->open++;
}

void ct_preparations_seen(struct ct_core *core, struct ct_preparations *all,
			  const struct ct_event *e)
{
	struct ct_preparing does;
	struct ct_prepared *p;

	if (!ct_preparing_parse(e, &does))
		return;
	p = find_or_make(core, all, does.uid);
	if (!p)
		return;
	if (!p->first_ns)
		p->first_ns = e->ts_ns;
	p->heard_ns = e->ts_ns;
	if (does.volume.len)
		mounts(core, all, p, e, &does);
}

void ct_preparations_exits(struct ct_core *core, struct ct_preparations *all, uint32_t pid)
{
	if (!all->open)
		return;
	for (struct ct_prepared *p = all->all; p; p = p->hh.next) {
		for (size_t i = 0; i < p->count; i++) {
			struct ct_between *m = &p->mounts[i];

			if (m->pid != pid || m->end_ns)
				continue;
			m->end_ns = p->heard_ns = core->now;
			all->open--;
		}
	}
}

const struct ct_prepared *ct_preparations_of(const struct ct_preparations *all, const char *uid)
{
	return find(all, uid);
}

void ct_preparations_forget(struct ct_preparations *all, const char *uid)
{
	struct ct_prepared *p = find(all, uid);

	if (p)
		drop(all, p);
}

void ct_preparations_free(struct ct_preparations *all)
{
	while (all->all)
		drop(all, all->all);
}
