// SPDX-License-Identifier: GPL-2.0-only
/* Evidence that comes before its container is known: each finds its own, and nobody else's. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "runs.h"

#define MANY 4

static char layers[MANY][20], sandboxes[MANY][16];

static unsigned steps_of(const struct seen *s, const char *name)
{
	unsigned n = 0;

	for (size_t i = 0; i < s->rec.step_count && i < CT_ARRAY_SIZE(s->steps); i++)
		n += strcmp(s->steps[i].name, name) ? 0 : s->steps[i].count;
	return n;
}

/* What the engine does for each before anybody knows of it: its layer, its namespace, its network. */
static void prepares(struct tape *t, const struct life *l, unsigned i)
{
	char path[128];

	snprintf(layers[i], sizeof(layers[i]), "e344e0429a36d%03u", i);
	snprintf(sandboxes[i], sizeof(sandboxes[i]), "sandbox%u", i);
	snprintf(path, sizeof(path), "/var/lib/docker/overlay2/%s", layers[i]);
	tape_call(t, LIFE_DOCKERD, CT_CALL_MKDIR, 0.1, path, TAPE_END);
	snprintf(path, sizeof(path), "/run/docker/netns/%s", sandboxes[i]);
	tape_call(t, LIFE_DOCKERD, CT_CALL_UMOUNT, 0.1, path, TAPE_END);
	snprintf(path, sizeof(path), "/var/lib/docker/containers/%s/x", l->id);
	tape_call(t, LIFE_DOCKERD, CT_CALL_MKDIR, 0.1, path, TAPE_END);
	tape_netlink(t, LIFE_DOCKERD, 0xf0000300 + l->init, 0.1);
}

/* Columns: which is known of all but its id, how many steps of each kind a container has. */
static const struct {
	bool layer, sandbox;
} knowns[] = { { true, true }, { true, false }, { false, true }, { false, false } };

/* All of it lies together, of several containers at once: a step that is another's would explain wrongly. */
Test(orphans, each_finds_its_own)
{
	for (size_t k = 0; k < CT_ARRAY_SIZE(knowns); k++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life lives[MANY];

		run->opts.steps = true;
		for (size_t i = 0; i < t->count; i++)
			((struct ct_event *)(uintptr_t)tape_event(t, i))->obj = LIFE_HOST_NETNS;
		for (unsigned i = 0; i < MANY; i++) {
			lives[i] = life_of(i);
			life_create(t, &lives[i], 10 + i);
			tape_at(t, 18);
			prepares(t, &lives[i], i);
			tape_at(t, 22 + i);
			tape_identity(t, LIFE_DOCKERD, "id", lives[i].id,
				      knowns[k].layer ? "layer" : "restart", layers[i],
				      knowns[k].sandbox ? "sandbox" : "restart", sandboxes[i],
				      TAPE_END);
			life_start(t, &lives[i], 100 + i);
			tape_at(t, 400);
			tape_output(t, lives[i].init, lives[i].shim);
		}
		tape_at(t, 90000);
		tape_clock(t);
		tape_sort(t);
		play(run);
		for (unsigned i = 0; i < MANY; i++) {
			const struct seen *s = find(run, CT_RECORD_START, lives[i].name, 0);

			cr_expect_eq(steps_of(s, "layer"), knowns[k].layer, "%zu: %u", k, i);
			cr_expect_eq(steps_of(s, "network namespace unpin"), knowns[k].sandbox,
				     "%zu: %u", k, i);
			cr_expect_eq(steps_of(s, "metadata write"), 1, "%zu: %u", k, i);
			/* the engine's, and what its init does there */
			cr_expect_eq(steps_of(s, "network sandbox"), 2, "%zu: %u has %u", k, i,
				     steps_of(s, "network sandbox"));
		}
		run_free(run);
	}
}

/* Columns: length of the name behind the directory; whether it can be anybody's. */
static const struct {
	size_t len;
	bool kept;
} lengths[] = { { 79, true }, { 80, false }, { 0, false } };

/* A name that is longer than any is nobody's: not that of whose name it begins with. */
Test(orphans, names_of_any_length)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(lengths); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		struct life l = life_of(0);
		char name[128] = "", path[256];

		memset(name, 'a', lengths[i].len);
		snprintf(path, sizeof(path), "/x/overlay2/%s", name);
		run->opts.steps = true;
		life_create(t, &l, 10);
		tape_at(t, 15);
		tape_call(t, LIFE_DOCKERD, CT_CALL_MKDIR, 1, path, TAPE_END);
		tape_at(t, 22);
		name[79] = '\0';
		tape_identity(t, LIFE_DOCKERD, "id", l.id, "layer", name, TAPE_END);
		life_start(t, &l, 30);
		tape_at(t, 400);
		tape_output(t, l.init, l.shim);
		tape_at(t, 90000);
		tape_clock(t);
		tape_sort(t);
		play(run);
		cr_expect_eq(steps_of(find(run, CT_RECORD_START, l.name, 0), "layer"),
			     lengths[i].kept, "%zu", lengths[i].len);
		run_free(run);
	}
}

/* Columns: how many directories, how long before their container is known; steps that are missed. */
static const struct {
	unsigned count;
	double known_ms;
	bool missed;
} floods[] = {
	{ 2000, 500, false },
	{ 2100, 500, true }, /* more than are kept, and they may still matter */
	{ 2100, 5000, false }, /* nobody has asked for so long */
};

/* There is room for so many: who is given up, and might have been somebody's, is counted. */
Test(orphans, there_is_room_for_so_many)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(floods); i++) {
		struct run *run = run_new();
		struct tape *t = &run->t;
		char path[64];

		run->opts.steps = true;
		for (unsigned k = 0; k < floods[i].count; k++) {
			/* the last hundred come later */
			tape_at(t, k < 2000 ? 10 : floods[i].known_ms);
			snprintf(path, sizeof(path), "/x/overlay2/%u", k);
			tape_call(t, LIFE_DOCKERD, CT_CALL_MKDIR, 0.1, path, TAPE_END);
		}
		tape_at(t, 90000);
		tape_clock(t);
		play(run);
		cr_expect_eq(run->counts.lost[CT_LOSS_STEPS] > 0, floods[i].missed, "row %zu: %llu",
			     i, (unsigned long long)run->counts.lost[CT_LOSS_STEPS]);
		run_free(run);
	}
}
