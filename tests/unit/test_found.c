// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whom a name, the beginning of an id, a pid means, among hundreds of containers: lists of a table
 * hold several of them, and each has to be told from the others.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "runs.h"

#define MANY 300
#define PID  20000

static char ids[MANY][65], names[MANY][16];

/* Ids of which every third begin with the same four digits. */
static void name_them(void)
{
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(ids[i], sizeof(ids[i]), "%04x%08x%052x", i % 100, i * 2654435761u, i);
		snprintf(names[i], sizeof(names[i]), "web%u", i);
	}
}

/* What was told of each of them. */
struct found {
	unsigned removed[MANY], stopped[MANY];
	unsigned records;
	bool wrong;
};

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct found *found = ctx;
	unsigned i;

	found->records++;
	if (sscanf(rec->who->name, "web%u", &i) != 1 || i >= MANY || strcmp(rec->who->id, ids[i])) {
		found->wrong = true;
		return;
	}
	found->removed[i] += rec->type == CT_RECORD_REMOVE;
	found->stopped[i] += rec->type == CT_RECORD_STOP;
}

static void known(struct tape *t, unsigned i, const char *pid)
{
	tape_identity(t, LIFE_DOCKERD, "id", ids[i], "engine", "docker", "name", names[i], "image",
		      "busybox:1", "pid", pid, TAPE_END);
}

static struct ct_core_counts play_found(struct tape *t, struct found *found)
{
	const struct ct_core_options opts = { 0 };
	const struct ct_core_ops ops = { .record = on_record };
	struct ct_core *core = ct_core_new(&opts, &ops, found);
	struct ct_core_counts counts;

	cr_assert(core);
	for (size_t at = 0; at < t->len;) {
		const struct ct_event *e = (const void *)(t->bytes + at);

		ct_core_feed(core, e);
		at += e->len;
	}
	ct_core_flush(core);
	counts = ct_core_counts(core);
	ct_core_free(core);
	tape_free(t);
	return counts;
}

/* Columns: how one is named, how many digits of its id; 0: by its name. */
static const size_t digits[] = { 0, 12, 64 };

/* docker rm NAME, of each: that one is told to be gone, and no other. */
Test(found, by_name_and_by_the_beginning_of_its_id)
{
	name_them();
	for (size_t k = 0; k < CT_ARRAY_SIZE(digits); k++) {
		struct found found = { 0 };
		struct tape t = { 0 };
		char line[128];

		life_engines(&t);
		t.engine = LIFE_DOCKERD;
		for (unsigned i = 0; i < MANY; i++)
			known(&t, i, "0");
		for (unsigned i = 0; i < MANY; i++) {
			if (digits[k])
				snprintf(line, sizeof(line), "DELETE /v1.41/containers/%.*s",
					 (int)digits[k], ids[i]);
			else
				snprintf(line, sizeof(line), "DELETE /v1.41/containers/%s",
					 names[i]);
			tape_at(&t, 10 + 10 * i);
			tape_http_request(&t, LIFE_CLIENT, 2000, line, NULL);
			tape_at(&t, 12 + 10 * i);
			tape_http_answer(&t, LIFE_DOCKERD, 2000, 204, NULL);
		}
		tape_at(&t, 60000);
		tape_clock(&t);
		cr_expect_eq(play_found(&t, &found).unmatched_requests, 0);
		cr_expect_not(found.wrong);
		cr_expect_eq(found.records, MANY, "%u", found.records);
		for (unsigned i = 0; i < MANY; i++)
			cr_expect_eq(found.removed[i], 1, "%s by %zu digits", names[i], digits[k]);
	}
}

/* The processes of what ran before tracing began: each is one container's first, and its end. */
Test(found, by_the_first_process)
{
	struct found found = { 0 };
	struct tape t = { 0 };
	char pid[16];

	name_them();
	life_engines(&t);
	for (unsigned i = 0; i < MANY; i++) {
		snprintf(pid, sizeof(pid), "%u", PID + i);
		known(&t, i, pid);
	}
	for (unsigned i = 0; i < MANY; i++)
		tape_process(&t, PID + i, LIFE_CONTAINERD, CT_ROLE_INIT, "serve", TAPE_END);
	for (unsigned i = 0; i < MANY; i += 2) {
		tape_at(&t, 10 + i);
		tape_exit(&t, PID + i, CT_ROLE_INIT, 0);
	}
	tape_at(&t, 90000);
	tape_clock(&t);
	play_found(&t, &found);
	cr_expect_not(found.wrong);
	for (unsigned i = 0; i < MANY; i++)
		cr_expect_eq(found.stopped[i], i % 2 ? 0 : 1, "%s", names[i]);
}

/* Columns: what is asked for, whether it means the one container that there is. */
static const struct {
	const char *ref;
	bool means_it;
} refs[] = {
	{ "web", true },
	{ "we", false },
	{ "web2", false },
	{ "7805ffef97dd", true },
	{ "7805", true },
	{ "780", false }, /* docker takes that; so few digits are more often a name */
	{ "7805ffef97df", false },
	{ "7805FFEF97DD", false },
	{ "7805xx", false },
	{ "664a", false },
	/* one digit more than there are */
	{ "7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ada0", false },
};

/* A request that names nobody who is known is counted, and stops nobody. */
Test(found, what_a_reference_means)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(refs); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		char line[128];

		life_serves(&run->t, &l);
		snprintf(line, sizeof(line), "POST /v1.41/containers/%s/stop", refs[i].ref);
		tape_at(&run->t, 1000);
		tape_http_request(&run->t, LIFE_CLIENT, l.client, line, NULL);
		life_exit(&run->t, &l, 1010, 0);
		life_answer(&run->t, &l, 1080, refs[i].means_it ? 204 : 404, NULL);
		play_until(run, 60000);
		cr_expect_eq(run->counts.unmatched_requests, !refs[i].means_it, "%s", refs[i].ref);
		expect_phase(find(run, CT_RECORD_STOP, l.name, 0), CT_PHASE_STOP,
			     refs[i].means_it ? 10 : 0);
		run_free(run);
	}
}

/* It was removed, and its name and digits mean it no more: not a second stop of it. */
Test(found, what_is_removed_is_not_meant)
{
	static const char *const gone[] = { "web", "7805ffef97dd" };

	for (size_t i = 0; i < CT_ARRAY_SIZE(gone); i++) {
		struct run *run = run_new();
		struct life l = life_of(0);
		char line[128];

		run_stop_rm(&run->t, &l, 10);
		snprintf(line, sizeof(line), "DELETE /v1.41/containers/%s", gone[i]);
		tape_at(&run->t, 5000);
		tape_http_request(&run->t, LIFE_CLIENT, l.client, line, NULL);
		tape_http_answer(&run->t, LIFE_DOCKERD, l.client, 404, NULL);
		play_until(run, 60000);
		expect_counts(run, 1, 1, 0);
		cr_expect_eq(run->counts.unmatched_requests, 1, "%s", gone[i]);
		run_free(run);
	}
}

/* Of the last event: who executes may be a user of the host. */
static struct ct_event *last(struct tape *t)
{
	return (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
}

/* Columns: id, whether a runtime takes it for one. */
static const struct {
	const char *id;
	bool is_one;
} ids_of_runtimes[] = {
	{ "web", true },   { "Web_1.2+3-4", true }, { "-web", false },  { "*", false },
	{ "we b", false }, { "web/1", false },      { "web@", false },  { "web[", false },
	{ "web`", false }, { "web{", false },       { "web:1", false }, { "0az9AZ", true },
};

/* What stands for an argument, or is an option, is no container that never ends. */
Test(found, what_is_an_id)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(ids_of_runtimes); i++) {
		struct run *run = run_new();

		tape_at(&run->t, 10);
		tape_exec(&run->t, 7000, CT_ROLE_RUNTIME, 9, "runc", "create",
			  ids_of_runtimes[i].id, TAPE_END);
		play_until(run, 1000);
		cr_expect_eq(run->counts.containers, ids_of_runtimes[i].is_one, "'%s'",
			     ids_of_runtimes[i].id);
		run_free(run);
	}
}

/* Columns: the id, in how many scopes it makes a container: that of root, and that of a user. */
static const struct {
	const char *name, *id;
	unsigned containers;
} scopes[] = {
	{ "chosen", "web", 2 },
	{ "made up", "7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ada", 1 },
	{ "as long, and no digits of a hash",
	  "7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3adg", 2 },
	{ "a digit less", "7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ad", 2 },
};

/* Who gives his container the id of one of the host's would have two records be of one container. */
Test(found, an_id_that_is_there_once_in_the_world)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(scopes); i++) {
		for (int users_first = 0; users_first < 2; users_first++) {
			struct run *run = run_new();

			for (uint32_t k = 0; k < 2; k++) {
				tape_at(&run->t, 10 + k);
				tape_exec(&run->t, 7000 + k, CT_ROLE_RUNTIME, 9, "runc", "create",
					  scopes[i].id, TAPE_END);
				if (k ^ (uint32_t)users_first)
					last(&run->t)->arg = 1000ull << CT_UID_SHIFT;
			}
			play_until(run, 1000);
			/* Whoever is first is not known to have made it up. */
			cr_expect_eq(run->counts.containers, users_first ? 2 : scopes[i].containers,
				     "%s, %d", scopes[i].name, users_first);
			run_free(run);
		}
	}
}
