// SPDX-License-Identifier: GPL-2.0-only
#include "core/why/programs.h"

#include "core/base/hash.h"
#include "core/base/text.h"

#include <stdlib.h>
#include <uthash.h>

#define PROGRAMS_MAX  65536
#define ANCESTORS_MAX 32
#define NAME_LEN      24

struct program {
	uint64_t since_ns;
	uint32_t tgid, parent;
	uint32_t forker; /* thread that forked it, 0: it begins with an exec, or before tracing */
	char name[NAME_LEN];
	struct program *before; /* borrowed: the same pid earlier */
	UT_hash_handle hh; /* the latest of each pid */
};

struct ct_programs {
	struct program *latest; /* owned, and each one's `before` */
	size_t count;
};

struct ct_programs *ct_programs_new(void)
{
	return calloc(1, sizeof(struct ct_programs));
}

void ct_programs_free(struct ct_programs *all)
{
	struct program *p, *next;

	if (!all)
		return;
	HASH_ITER(hh, all->latest, p, next)
	{
		HASH_DEL(all->latest, p);
		while (p) {
			struct program *before = p->before;

			free(p);
			p = before;
		}
	}
	free(all);
}

static struct program *find(const struct ct_programs *all, uint32_t tgid)
{
	struct program *p;

	HASH_FIND(hh, all->latest, &tgid, sizeof(tgid), p);
	return p;
}

static bool add(struct ct_programs *all, const struct program *now, struct ct_text name)
{
	struct program *before = find(all, now->tgid), *p;

	p = all->count < PROGRAMS_MAX ? malloc(sizeof(*p)) : NULL;
	if (!p)
		return false;
	*p = *now;
	p->before = before;
	ct_text_copy(p->name, sizeof(p->name), name);
	if (before)
		HASH_DEL(all->latest, before);
	HASH_ADD(hh, all->latest, tgid, sizeof(p->tgid), p);
	all->count++;
	return true;
}

static struct ct_text name_in(const struct ct_event *e)
{
	struct ct_text args = ct_text(e->tail, e->tail_len);

	return ct_text_base(ct_text_cut(&args, '\0'));
}

bool ct_programs_feed(struct ct_programs *all, const struct ct_event *e)
{
	struct program now = { .since_ns = e->ts_ns, .tgid = e->tgid };
	const struct program *p = find(all, e->tgid);

	switch (e->kind) {
	case CT_KIND_FORK:
		now.tgid = (uint32_t)e->obj;
		now.parent = e->tgid;
		now.forker = e->tid;
		return add(all, &now, p ? ct_text(p->name, strlen(p->name)) : ct_text("", 0));
	case CT_KIND_EXEC:
		now.parent = p ? p->parent : 0;
		return add(all, &now, name_in(e));
	case CT_KIND_PROCESS: /* it has been there since before */
		now.parent = ct_event_ppid(e);
		return add(all, &now, name_in(e));
	default:
		return true;
	}
}

void ct_programs_forget(struct ct_programs *all, uint64_t before_ns)
{
	struct program *p, *next;

	HASH_ITER(hh, all->latest, p, next)
	{
		/* Of those that were replaced, none older than before_ns will be asked for. */
		struct program *old = p;

		while (old->before && old->since_ns > before_ns)
			old = old->before;
		while (old->before) {
			struct program *gone = old->before;

			old->before = gone->before;
			free(gone);
			all->count--;
		}
	}
}

static const struct program *at(const struct ct_programs *all, uint32_t tgid, uint64_t ns)
{
	const struct program *p = find(all, tgid);

	while (p && p->since_ns > ns && p->before)
		p = p->before;
	return p;
}

const char *ct_programs_name(const struct ct_programs *all, uint32_t tgid, uint64_t ns)
{
	const struct program *p = at(all, tgid, ns);

	return p ? p->name : "";
}

uint32_t ct_programs_parent(const struct ct_programs *all, uint32_t tgid, uint64_t ns)
{
	const struct program *p = at(all, tgid, ns);

	return p ? p->parent : 0;
}

bool ct_programs_descends(const struct ct_programs *all, uint32_t tgid, uint32_t from, uint64_t ns)
{
	for (int up = 0; tgid && up < ANCESTORS_MAX; up++) {
		const struct program *p = at(all, tgid, ns);

		if (!p || p->parent == tgid)
			return false;
		tgid = p->parent;
		if (tgid == from)
			return true;
	}
	return false;
}

bool ct_programs_born(const struct ct_programs *all, uint32_t tgid, uint64_t ns, uint64_t *ret_ns,
		      uint32_t *ret_tid)
{
	const struct program *p = at(all, tgid, ns);

	while (p && !p->forker)
		p = p->before;
	if (!p)
		return false;
	*ret_ns = p->since_ns;
	*ret_tid = p->forker;
	return true;
}
