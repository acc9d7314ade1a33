// SPDX-License-Identifier: GPL-2.0-only
/*
 * What containers cost the core in memory: so many that live at once, or that live one after
 * another and are removed. Hand-made events (tests/unit/life.h), the real core.
 *
 *   memory live|finished N STEPS [LIVES]   STEPS: 1 keeps steps, as --steps does; LIVES: as many come and go then
 */
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "life.h"

static size_t in_use(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

static void play(struct tape *t, struct ct_core *core)
{
	tape_clock(t);
	tape_feed(t, core);
	tape_free(t);
	*t = (struct tape){ .now_ns = t->now_ns };
}

static void on_record(void *ctx, const struct ct_record *rec)
{
	(void)rec;
	++*(unsigned long *)ctx;
}

static void begin(struct tape *t, struct life *l, double ms)
{
	life_create(t, l, ms);
	life_start(t, l, ms + 20);
	tape_at(t, ms + 200);
	tape_output(t, l->init, l->shim);
}

static void end(struct tape *t, struct life *l, double ms)
{
	life_exit(t, l, ms + 300, 0);
	life_remove(t, l, ms + 400);
}

static void live(struct tape *t, struct ct_core *core, unsigned i, double ms, bool whole)
{
	struct life l = life_of(i);
	char id[65];

	snprintf(id, sizeof(id), "%064x", i + 1);
	l.id = l.name = l.args = id;
	begin(t, &l, ms);
	if (whole)
		end(t, &l, ms);
	play(t, core);
}

int main(int argc, char **argv)
{
	bool finished = argc > 1 && argv[1][0] == 'f';
	unsigned n = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1000;
	unsigned more = argc > 4 ? (unsigned)strtoul(argv[4], NULL, 10) : 0;
	struct ct_core_options opts = { .steps = argc > 3 && argv[3][0] == '1',
					.containers_max = 1u << 20 };
	struct ct_core_ops ops = { .record = on_record };
	unsigned long records = 0;
	struct tape t = { 0 };
	struct ct_core *core = ct_core_new(&opts, &ops, &records);
	size_t empty, full;
	double ms = 0;

	if (!core)
		return 1;
	life_engines(&t);
	play(&t, core);
	empty = in_use();
	for (unsigned i = 0; i < n + more; i++, ms += 1000)
		live(&t, core, i, ms, finished || i >= n);
	tape_at(&t, ms + 3600000);
	play(&t, core);
	ct_core_flush(core);
	full = in_use();
	printf("%5u %s, %s: %8.1f KiB, %.1f each; %lu records\n", n,
	       finished ? "finished one after another" : "live", opts.steps ? "steps" : "phases",
	       (double)(full - empty) / 1024, (double)(full - empty) / 1024 / n, records);
	ct_core_free(core);
	return records != n * (finished ? 2ul : 1ul) + more * 2ul;
}
