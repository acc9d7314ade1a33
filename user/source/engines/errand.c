// SPDX-License-Identifier: GPL-2.0-only
#include "source/engines/errand.h"

#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "source/proc/files.h"
#include "util/clock.h"
#include "util/mem.h"

#define INIT_ROOM      32
#define CONTAINERS_MAX 4096 /* of one engine, told when it is found */

/* What reading all that an engine keeps may cost. */
static const struct allowance {
	size_t bytes;
	uint64_t ns;
} allowances[] = {
	[false] = { 256u << 20, 10000000000ull },
	[true] = { 16u << 20, 1000000000ull },
};

#define ONE_BYTES (8u << 20) /* what a question about one container may cost */

struct trip {
	int fd;
	struct ct_scout_sign *sign;
	const struct ct_errand *errand; /* the one that it is at */
	struct ct_finding finding;
	struct ct_engine_budget budget; /* of a question about one container */
};

size_t ct_errand_len(const struct ct_errand *errand)
{
	return offsetof(struct ct_errand, engines) + errand->count * sizeof(errand->engines[0]);
}

size_t ct_finding_len(const struct ct_finding *f)
{
	const size_t head = offsetof(struct ct_finding, engine);

	switch (f->kind) {
	case CT_FINDING_ENGINE:
		return head + sizeof(f->engine);
	case CT_FINDING_IDENTITY:
		return sizeof(*f);
	case CT_FINDING_LAYER:
	case CT_FINDING_TEXT:
		return offsetof(struct ct_finding, tail.bytes) + f->tail.len;
	case CT_FINDING_END:
		break;
	}
	return head;
}

void ct_finding_layer(const struct ct_finding *f, struct ct_facts *facts)
{
	struct ct_event *e = ct_fact_begin(facts, f->layer.kind, f->pid);

	e->obj = f->layer.size;
	e->arg = f->layer.count;
	e->dur_ns = f->layer.wall_ns;
	e->sub = (uint16_t)f->layer.number;
	ct_fact_emit(facts, f->tail.bytes, f->tail.len);
}

/* Waits while its parent is busy: that is how fast it may go. */
static void say(struct trip *t)
{
	t->finding.seq = t->errand->seq;
	if (send(t->fd, &t->finding, ct_finding_len(&t->finding), MSG_NOSIGNAL) < 0)
		_exit(0);
}

static void say_identity(struct trip *t, const struct ct_engine *engine)
{
	t->finding.kind = CT_FINDING_IDENTITY;
	t->finding.pid = ct_engine_is_daemon(engine) ? engine->pid : 0;
	say(t);
}

static void say_end(struct trip *t, bool found, uint64_t beyond)
{
	t->finding.kind = CT_FINDING_END;
	t->finding.found = found;
	t->finding.beyond = beyond;
	say(t);
}

/* Before whatever may be waited for. */
static void beat(struct trip *t, uint32_t pid)
{
	atomic_store(&t->sign->seq, t->errand->seq);
	atomic_store(&t->sign->pid, pid);
	atomic_fetch_add(&t->sign->beats, 1);
}

static void look_at_engine(struct trip *t)
{
	bool found;

	beat(t, t->errand->pid);
	t->finding.kind = CT_FINDING_ENGINE;
	t->finding.pid = t->errand->pid;
	memset(&t->finding.engine, 0, sizeof(t->finding.engine));
	t->finding.engine.foreign = t->errand->foreign;
	found = ct_engine_read(t->errand->pid, &t->finding.engine);
	if (found)
		say(t);
	say_end(t, found, 0);
}

static bool ask_engine(struct trip *t, const struct ct_engine *engine)
{
	t->budget.bytes = ONE_BYTES;
	t->budget.count = 0;
	beat(t, engine->pid);
	return ct_engine_identity(&t->finding.tail, engine, t->errand->id, &t->budget);
}

/* An engine without a daemon is on no list: who stays with its container knows where it keeps it. */
static bool ask_monitor(struct trip *t, struct ct_engine *engine)
{
	const struct ct_errand *errand = t->errand;

	beat(t, errand->pid);
	if (!ct_engine_of_bundle(errand->pid, errand->bundle, engine) &&
	    !ct_engine_of_monitor(errand->pid, engine))
		return false;
	engine->foreign = errand->foreign;
	return ask_engine(t, engine);
}

static void look_for_one(struct trip *t)
{
	struct ct_engine monitored;
	bool found = ask_monitor(t, &monitored);

	if (found)
		say_identity(t, &monitored);
	for (size_t i = 0; i < t->errand->count && !found; i++) {
		found = ask_engine(t, &t->errand->engines[i]);
		if (found)
			say_identity(t, &t->errand->engines[i]);
	}
	say_end(t, found, 0);
}

/* A shim of version 2 runs in its bundle, where the runtime has left the pid of the container. */
static void look_at_bundle(struct trip *t)
{
	struct ct_tail *text = &t->finding.tail;
	own_fd int bundle = -1;

	beat(t, t->errand->pid);
	bundle = ct_dir_of(t->errand->pid, "cwd");
	t->finding.kind = CT_FINDING_TEXT;
	text->len = 0;
	if (ct_file_line(bundle, "init.pid", CT_REACH_BELOW, text->bytes, INIT_ROOM)) {
		text->len = strlen(text->bytes);
		say(t);
	}
	say_end(t, text->len, 0);
}

static void say_stored(struct trip *t, enum ct_kind kind, uint64_t size, size_t number,
		       size_t count)
{
	t->finding.kind = CT_FINDING_LAYER;
	t->finding.pid = t->errand->pid;
	t->finding.layer.kind = (uint8_t)kind;
	t->finding.layer.size = size;
	t->finding.layer.number = (uint32_t)number;
	t->finding.layer.count = (uint32_t)count;
	say(t);
	t->finding.layer.wall_ns = 0;
}

static void say_layer(void *ctx, const struct ct_manifest_read *m, size_t number)
{
	say_stored(ctx, CT_KIND_LAYER, m->size, number, m->count);
}

static void say_unpacked(void *ctx, const struct ct_unpacked *u, size_t number)
{
	struct trip *t = ctx;

	t->finding.layer.wall_ns = u->wall_ns;
	say_stored(t, CT_KIND_UNPACKED, u->bytes, number, u->count);
}

static void put_tail(struct trip *t, const char *text)
{
	size_t n = strlen(text) + 1;

	memcpy(t->finding.tail.bytes + t->finding.tail.len, text, n);
	t->finding.tail.len += n;
}

/* Behind an answer that says nothing nobody waits. */
static void look_at_snapshots(struct trip *t)
{
	bool found = false;

	beat(t, t->errand->pid);
	t->finding.tail.len = 0;
	put_tail(t, t->errand->id);
	put_tail(t, t->errand->bundle);
	if (t->errand->count)
		found = ct_engine_unpacked(&t->errand->engines[0], t->errand->bundle, t->errand->id,
					   say_unpacked, t);
	if (!found)
		say_stored(t, CT_KIND_UNPACKED, 0, 0, 0);
	say_end(t, found, 0);
}

static void look_at_image(struct trip *t)
{
	char ns[CT_ENGINE_PATH_MAX], digest[80];
	char *name = NULL;
	bool found = false;

	beat(t, t->errand->pid);
	memcpy(ns, t->errand->bundle, sizeof(ns));
	name = strchr(ns, ' ');
	t->finding.tail.len = 0;
	if (name && t->errand->count) {
		*name++ = '\0';
		put_tail(t, ns);
		put_tail(t, name);
		found = ct_engine_image(&t->errand->engines[0], ns, name, digest, sizeof(digest));
	}
	if (found)
		put_tail(t, digest);
	say_stored(t, CT_KIND_IMAGE, 0, 0, found);
	say_end(t, found, 0);
}

/* Only an engine that is known is asked: where it keeps its blobs is in its configuration. */
static void look_at_manifest(struct trip *t)
{
	bool found = false;

	beat(t, t->errand->pid);
	t->finding.tail.len = 0;
	if (t->errand->count)
		found = ct_engine_manifest(&t->errand->engines[0], t->errand->id, &t->finding.tail,
					   say_layer, t);
	if (!found) {
		t->finding.tail.len = 0;
		say_stored(t, CT_KIND_LAYER, 0, 0, 0);
	}
	say_end(t, found, 0);
}

/* Commands, and below which root each has its store: held as long as there are not too many newer ones. */
#define COMMANDS_MAX 64

static struct command {
	int root; /* owned; of a pid of 0 none */
	struct ct_engine engine;
} commands[COMMANDS_MAX];
static size_t command_count; /* ever */

static void look_at_store(struct trip *t)
{
	struct command *c = &commands[command_count % COMMANDS_MAX], found = { .root = -1 };

	beat(t, t->errand->pid);
	found.root = ct_dir_of(t->errand->pid, "root");
	found.engine.foreign = t->errand->foreign;
	if (found.root < 0 || !ct_engine_read(t->errand->pid, &found.engine)) {
		if (found.root >= 0)
			close(found.root);
		say_end(t, false, 0);
		return;
	}
	if (c->engine.pid)
		close(c->root);
	*c = found;
	command_count++;
	say_end(t, true, 0);
}

/* The newest of that pid; NULL: it was gone before it was looked at. */
static const struct command *command_of(uint32_t pid)
{
	for (size_t n = command_count; n > 0 && command_count - n < COMMANDS_MAX; n--) {
		const struct command *c = &commands[(n - 1) % COMMANDS_MAX];

		if (c->engine.pid == pid)
			return c;
	}
	return NULL;
}

static void look_at_stored(struct trip *t)
{
	static const struct ct_manifest_read none;
	const struct command *c = command_of(t->errand->pid);
	const uint32_t unread = 1; /* instead of the number of a layer */
	bool found;

	beat(t, t->errand->pid);
	t->finding.tail.len = 0;
	found = c && ct_engine_stored(c->root, &c->engine, t->errand->bundle, &t->finding.tail,
				      say_layer, t);
	if (!found) {
		t->finding.tail.len = 0;
		say_layer(t, &none, c ? 0 : unread);
	}
	say_end(t, found, 0);
}

static bool receive(int fd, struct ct_errand *errand, int flags)
{
	return recv(fd, errand, sizeof(*errand), flags) > 0 &&
	       errand->count <= CT_ERRAND_ENGINES_MAX && errand->kind < CT_ERRAND_KINDS;
}

static void run_one(struct trip *t, const struct ct_errand *errand)
{
	static void (*const looks[])(struct trip *) = {
		[CT_ERRAND_ENGINE] = look_at_engine,      [CT_ERRAND_WHO] = look_for_one,
		[CT_ERRAND_INIT] = look_at_bundle,        [CT_ERRAND_MANIFEST] = look_at_manifest,
		[CT_ERRAND_UNPACKED] = look_at_snapshots, [CT_ERRAND_IMAGE] = look_at_image,
		[CT_ERRAND_STORE] = look_at_store,        [CT_ERRAND_STORED] = look_at_stored,
	};

	t->errand = errand;
	looks[errand->kind](t);
}

/* One list is asked for at a time: whatever comes meanwhile is short. */
static void let_others_pass(struct trip *t)
{
	const struct ct_errand *all = t->errand;
	static struct ct_errand errand;

	while (receive(t->fd, &errand, MSG_DONTWAIT)) {
		if (errand.kind != CT_ERRAND_ALL)
			run_one(t, &errand);
	}
	t->errand = all;
}

struct listing {
	struct trip *trip;
	uint64_t until_ns;
	size_t count;
	uint64_t beyond;
	struct ct_engine_budget budget;
};

static bool list_one(void *ctx, const char *id)
{
	struct listing *l = ctx;
	struct trip *t = l->trip;
	const struct ct_engine *engine = &t->errand->engines[0];

	let_others_pass(t);
	beat(t, engine->pid);
	if (l->count == CONTAINERS_MAX || !l->budget.bytes || ct_mono_ns() > l->until_ns) {
		l->beyond++;
		return true; /* goes on to count them */
	}
	l->count++;
	if (ct_engine_identity(&t->finding.tail, engine, id, &l->budget))
		say_identity(t, engine);
	return true;
}

static void look_for_all(struct trip *t)
{
	const struct ct_engine *engine = &t->errand->engines[0];
	const struct allowance *allowed = &allowances[engine->foreign];
	static struct listing l;

	l.trip = t;
	l.until_ns = ct_mono_ns() + allowed->ns;
	l.count = l.budget.count = 0;
	l.beyond = 0;
	l.budget.bytes = allowed->bytes;
	beat(t, engine->pid);
	ct_engine_list(engine, list_one, &l);
	malloc_trim(0);
	say_end(t, true, l.beyond);
}

void ct_errands_run(int fd, struct ct_scout_sign *sign)
{
	static struct trip t;
	static struct ct_errand errand;

	t.fd = fd;
	t.sign = sign;

	while (receive(fd, &errand, 0)) {
		t.errand = &errand;
		if (errand.kind == CT_ERRAND_ALL)
			look_for_all(&t);
		else
			run_one(&t, &errand);
		atomic_fetch_add(&sign->beats, 1);
	}
}
