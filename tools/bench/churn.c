// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a short life costs the core beside so many containers that run: churn RUNNING LIVES. First so many start and
 * stay; then lives begin and end, one after the other. Prints how many events there were of the latter.
 */
#include <stdio.h>
#include <stdlib.h>

#include "life.h"
#include "util/mem.h"

#define MOST 8192

static void on_record(void *ctx, const struct ct_record *rec)
{
	unsigned long *records = ctx;

	(void)rec;
	++*records;
}

/* Each has pids, sockets and a name of its own. */
static struct life life_number(unsigned i)
{
	static char ids[MOST][65], names[MOST][16];
	struct life l = life_of(i);

	snprintf(ids[i], sizeof(ids[i]), "%064x", i + 7);
	snprintf(names[i], sizeof(names[i]), "n%u", i);
	l.id = ids[i];
	l.name = l.args = names[i];
	l.init = 30000 + 10 * i;
	l.shim = l.init + 1;
	l.client = 200000 + 100 * (uint64_t)i;
	l.shim_socket = l.client + 50;
	return l;
}

/* The events of one that starts, and stops unless it stays. */
static size_t lives(struct ct_core *core, unsigned i, bool stays)
{
	const double ms = 10 + 1000.0 * i;
	struct life l = life_number(i);
	struct tape t = { 0 };
	size_t count;

	if (!i)
		life_engines(&t);
	life_create(&t, &l, ms);
	life_start(&t, &l, ms + 15);
	tape_at(&t, ms + 200);
	tape_output(&t, l.init, l.shim);
	if (!stays) {
		life_stop(&t, &l, ms + 300);
		life_remove(&t, &l, ms + 390);
		tape_exit(&t, l.shim, CT_ROLE_SHIM, 0);
	}
	tape_at(&t, ms + 700);
	tape_clock(&t);
	tape_sort(&t);
	tape_feed(&t, core);
	count = t.count;
	tape_free(&t);
	return count;
}

int main(int argc, char **argv)
{
	unsigned running = argc == 3 ? (unsigned)strtoul(argv[1], NULL, 10) : MOST;
	unsigned churn = argc == 3 ? (unsigned)strtoul(argv[2], NULL, 10) : MOST;
	const struct ct_core_options opts = { 0 };
	const struct ct_core_ops ops = { .record = on_record };
	unsigned long records = 0;
	struct ct_core *core;
	size_t events = 0;

	if (running > MOST || churn > MOST - running) {
		fprintf(stderr, "usage: churn RUNNING LIVES (%d together at most)\n", MOST);
		return 2;
	}
	core = ct_core_new(&opts, &ops, &records);
	if (!core)
		return 1;
	for (unsigned i = 0; i < running + churn; i++) {
		size_t count = lives(core, i, i < running);

		events += i < running ? 0 : count;
	}
	printf("%zu events of %u lives beside %u, %lu records\n", events, churn, running, records);
	ct_core_free(core);
	return 0;
}
