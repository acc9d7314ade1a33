// SPDX-License-Identifier: GPL-2.0-only
#include "later.h"

#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "source/recording/recording.h"
#include "source/recording/recording_carry.h"

#define PROCESSES_MAX 4096

/* As the kernel has them: whoever is left behind is the next monitor's or shim's above, or init's. */
struct alive {
	uint32_t pid, parent;
	bool reaps;
};

struct later {
	struct alive alive[PROCESSES_MAX];
	size_t count;
	struct ct_recorder recorder;
	struct ct_carry *carry;
	struct ct_core *core; /* says who the containers are, as a recorder's own does */
	uint64_t first_ns, last_ns, from_ns;
	bool begun;
	int ret;
	struct ct_err *err;
};

static void look(void *ctx, const struct ct_event *e)
{
	struct later *l = ctx;

	if (e->flags & CT_F_SEEDED)
		return;
	if (!l->first_ns)
		l->first_ns = e->ts_ns;
	if (e->ts_ns > l->last_ns)
		l->last_ns = e->ts_ns;
}

static struct alive *alive_of(struct later *l, uint32_t pid)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->alive[i].pid == pid)
			return &l->alive[i];
	return NULL;
}

static void lives(struct later *l, uint32_t pid, uint32_t parent, uint16_t role)
{
	struct alive *a = alive_of(l, pid);

	if (!a && l->count < PROCESSES_MAX)
		a = &l->alive[l->count++];
	if (a)
		*a = (struct alive){ pid, parent, role == CT_ROLE_SHIM };
}

static void dies(struct later *l, uint32_t pid)
{
	struct alive *a = alive_of(l, pid), *up = a;

	if (!a)
		return;
	do {
		up = alive_of(l, up->parent);
	} while (up && !up->reaps);
	for (size_t i = 0; i < l->count; i++)
		if (l->alive[i].parent == pid)
			l->alive[i].parent = up ? up->pid : 1;
	*a = l->alive[--l->count];
}

static void live(struct later *l, const struct ct_event *e)
{
	const struct alive *a = alive_of(l, e->tgid);

	if (e->kind == CT_KIND_FORK)
		lives(l, (uint32_t)e->obj, e->tgid, e->sub);
	else if (e->kind == CT_KIND_EXEC)
		lives(l, e->tgid, a ? a->parent : 1, e->sub);
	else if (e->kind == CT_KIND_PROCESS)
		lives(l, e->tgid, (uint32_t)e->arg, e->sub);
	else if (e->kind == CT_KIND_EXIT)
		dies(l, e->tgid);
}

static uint32_t parent_of(void *ctx, uint32_t pid)
{
	const struct alive *a = alive_of(ctx, pid);

	return a ? a->parent : 0;
}

static void write_one(void *ctx, const struct ct_event *e)
{
	struct later *l = ctx;

	if (!l->ret)
		l->ret = ct_recorder_write(&l->recorder, e, l->err);
}

static void learn(void *ctx, const struct ct_record *rec)
{
	struct later *l = ctx;

	ct_carry_learn(l->carry, rec, l->begun ? l->from_ns : 0, write_one, l);
}

static void take(void *ctx, const struct ct_event *e)
{
	struct later *l = ctx;

	if (!l->begun && e->ts_ns >= l->from_ns && !(e->flags & CT_F_SEEDED)) {
		l->begun = true;
		ct_carry_tell(l->carry, l->from_ns, parent_of, l, write_one, l);
	}
	if (l->begun)
		write_one(l, e);
	else
		live(l, e);
	ct_carry_feed(l->carry, e);
	ct_core_feed(l->core, e);
}

int later(const char *from, const char *to, double part, struct ct_err *err)
{
	static const struct ct_core_ops ops = { .record = learn, .known = learn };
	struct later l = { .err = err };
	struct ct_recording_header header;
	uint64_t cut;
	int ret = ct_replay(from, &header, look, &l, &cut, err);

	if (ret < 0)
		return ret;
	l.from_ns = l.first_ns + (uint64_t)((double)(l.last_ns - l.first_ns) * part);
	header.begin_ns = l.from_ns;
	l.carry = ct_carry_new();
	l.core = ct_core_new(
		&(struct ct_core_options){ .wall_minus_mono_ns = header.wall_minus_mono_ns }, &ops,
		&l);
	ret = l.carry && l.core ? ct_recorder_open(&l.recorder, to, &header, err) : -1;
	if (!ret)
		ret = ct_replay(from, &header, take, &l, &cut, err);
	if (!ret)
		ret = l.ret;
	if (!ret)
		ret = ct_recorder_close(&l.recorder, err);
	ct_core_free(l.core);
	ct_carry_free(l.carry);
	return ret;
}
