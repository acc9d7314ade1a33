// SPDX-License-Identifier: GPL-2.0-only
#include "later.h"

#include <stdlib.h>
#include <string.h>

#include "core/core.h"
#include "source/recording/recording.h"
#include "source/recording/recording_carry.h"

struct later {
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

static void write_one(void *ctx, const struct ct_event *e)
{
	struct later *l = ctx;

	if (!l->ret)
		l->ret = ct_recorder_write(&l->recorder, e, l->err);
}

static void learn(void *ctx, const struct ct_record *rec)
{
	ct_carry_learn(((struct later *)ctx)->carry, rec);
}

static void know(void *ctx, const struct ct_identity *who)
{
	learn(ctx, &(struct ct_record){ .type = CT_RECORD_START, .who = who });
}

static void take(void *ctx, const struct ct_event *e)
{
	struct later *l = ctx;

	if (!l->begun && e->ts_ns >= l->from_ns && !(e->flags & CT_F_SEEDED)) {
		l->begun = true;
		ct_carry_tell(l->carry, l->from_ns, NULL, NULL, write_one, l);
	}
	if (l->begun) {
		write_one(l, e);
		return;
	}
	ct_carry_feed(l->carry, e);
	ct_core_feed(l->core, e);
}

int later(const char *from, const char *to, double part, struct ct_err *err)
{
	static const struct ct_core_ops ops = { .record = learn, .known = know };
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
