// SPDX-License-Identifier: GPL-2.0-only
/*
 * Images that a command fetches by itself (containers/image, containers/storage of podman 4.3 and 5.x). It fetches into
 * storageN/M below /var/tmp (5.x: container_images_storageN/M), M in the order of the answers, and removes that at its end;
 * it has each layer unpacked by a program of its own, one after the other in the order of the manifest; then it adds the image to
 * the list of those that are there. Its words go to its own terminal: nobody hears them.
 */
#include "core/book/pulls_command.h"
#include "core/life/life.h"

#include <stdlib.h>

#define DOCKER "docker://" /* of what is fetched from a registry */

/* Columns: engine, what it is called to do, whether that makes a container, and fetches what is not there. */
static const struct fetcher {
	const char *engine;
	enum ct_op op;
	bool makes;
} fetchers[] = {
	{ "podman", CT_OP_PULL, false },
	{ "podman", CT_OP_RUN, true },
	{ "podman", CT_OP_CREATE, true },
	{ "skopeo", CT_OP_COPY, false },
};

static const struct fetcher *fetcher_of(const struct ct_actor_state *a, enum ct_op op)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(fetchers); i++)
		if (fetchers[i].op == op && a->engine_name &&
		    !strcmp(fetchers[i].engine, a->engine_name))
			return &fetchers[i];
	return NULL;
}

static void look_up(struct ct_core *core, const struct ct_pull *p, enum ct_lookup what)
{
	if (core->ops.lookup)
		core->ops.lookup(core->ctx, what, "images", p->command->worker, p->who.image);
}

bool ct_image_goes_on(struct ct_core *core, const struct ct_actor_state *a)
{
	struct ct_pull *p = ct_command_of(core, a->parent);

	if (!p || p->command->file_count || (p->command->room && p->command->room->unpacks.count))
		return false;
	ct_command_works(core, p, a->tgid);
	if (!p->idle)
		look_up(core, p, CT_LOOKUP_STORE);
	return true;
}

/* NULL: no room, which is counted. */
static struct ct_pull *pull_of(struct ct_core *core, const struct ct_scope *speaker,
			       struct ct_text image, uint32_t worker, uint32_t client)
{
	char name[sizeof(((struct ct_identity *)0)->image)];
	struct ct_pull *p;

	ct_text_copy(name, sizeof(name), image);
	p = ct_pull_make(core, speaker, name, client);
	if (!p)
		return NULL;
	if (!ct_command_works(core, p, worker)) {
		ct_pull_drop(core, p);
		core->counts.lost[CT_LOSS_TABLE]++;
		return NULL;
	}
	p->silent = true;
	p->who.engine_pid = worker;
	ct_life_engine_name(core, &p->who, worker);
	ct_text_copy(p->fetched->client_name, sizeof(p->fetched->client_name),
		     ct_text(p->who.engine, strlen(p->who.engine)));
	p->fetched->client_by = p->who.engine[0] ? CT_CLIENT_COMMAND : CT_CLIENT_NONE;
	return p;
}

/* Of several images that one command names all but the first. */
static void put_further(struct ct_core *core, struct ct_pull *p, const struct ct_text *args,
			size_t n, size_t len)
{
	struct ct_command *c = p->command;
	struct ct_text image = ct_argv_plain(args, n, 1);

	c->further = image.len ? calloc(1, len + 1) : NULL;
	if (image.len && !c->further)
		core->counts.lost[CT_LOSS_TABLE]++;
	for (size_t i = 2; c->further && image.len; image = ct_argv_plain(args, n, i++)) {
		memcpy(c->further + c->further_len, image.p, image.len);
		c->further_len += image.len + 1;
	}
}

/* What it is to be called: of the words that were kept of its options the only one. */
static void put_wanted(struct ct_pull *p, const struct ct_text *args, size_t n)
{
	struct ct_text name = ct_argv_value(args, n, "--name");

	for (size_t i = 1; !name.len && i < n; i++)
		if (ct_text_starts(args[i], "--name="))
			name = ct_text(args[i].p + 7, args[i].len - 7);
	ct_text_copy(p->wanted_name, sizeof(p->wanted_name), name);
}

static struct ct_text image_of(const struct fetcher *f, const struct ct_text *args, size_t n)
{
	struct ct_text image = ct_argv_plain(args, n, 0);

	if (f->makes && image.len && image.p == ct_argv_value(args, n, "--name").p)
		image = ct_argv_plain(args, n, 1);
	if (ct_text_starts(image, DOCKER))
		return ct_text(image.p + strlen(DOCKER), image.len - strlen(DOCKER));
	return f->op == CT_OP_COPY ? ct_text("", 0) : image; /* copied from elsewhere */
}

void ct_image_called(struct ct_core *core, struct ct_actor_state *a, const struct ct_text *args,
		     size_t n, const struct ct_event *e)
{
	const struct ct_scope *speaker = ct_speaker_process(core, a->tgid);
	const struct fetcher *f = fetcher_of(a, ct_argv_op(args, n));
	struct ct_text image;
	struct ct_pull *p;

	if (!speaker || !f || ct_image_goes_on(core, a))
		return;
	image = image_of(f, args, n);
	if (!image.len && (f->makes || f->op == CT_OP_COPY))
		return;
	p = pull_of(core, speaker, image, a->tgid, a->tgid);
	if (!p)
		return;
	p->command->called_ns = p->begin_ns = e->ts_ns;
	p->command->makes = p->idle = f->makes;
	ct_share_touch(core, &p->held); /* idle: it makes room first */
	p->who.mine = e->flags & CT_F_MINE;
	if (f->makes) {
		put_wanted(p, args, n);
		return;
	}
	if (f->op == CT_OP_PULL)
		put_further(core, p, args, n, e->tail_len);
	look_up(core, p, CT_LOOKUP_STORE);
}

/* It is over, and goes on with something else. */
static void is_over(struct ct_core *core, struct ct_pull *p, uint64_t end_ns)
{
	p->end_ns = end_ns > p->begin_ns ? end_ns : p->begin_ns;
	ct_pull_due(core, p, core->now + CT_COMMAND_KNOWN_NS);
	p->command->asked = true;
	look_up(core, p, CT_LOOKUP_STORED);
	core->fetched = true;
}

/* It turns to a registry for the first time, and waits for that from now on. */
static void begins(struct ct_core *core, struct ct_pull *p, uint64_t ts_ns)
{
	ct_pull_begins(core, p, ts_ns);
	ct_pull_wanted(p);
	p->wanted_ns = p->command->called_ns;
	p->refused_ns = ts_ns;
	look_up(core, p, CT_LOOKUP_STORE);
}

/* It turns to a registry, and has stored an image and removed what it needed for that: this is for another. */
static void goes_to_next(struct ct_core *core, struct ct_pull *p)
{
	const struct ct_scope speaker = p->held.share->scope;
	struct ct_command *c = p->command;
	uint32_t worker = c->worker, client = p->fetched->client;
	size_t n = strlen(c->further) + 1, len = c->further_len;
	char *names = c->further;
	bool mine = p->who.mine;
	uint64_t done = ct_command_done(p);

	c->further = NULL;
	c->further_len = 0;
	is_over(core, p, done);
	p = pull_of(core, &speaker, ct_text(names, n - 1), worker, client);
	if (!p) {
		free(names);
		return;
	}
	memmove(names, names + n, len - n);
	p->command->further = names;
	p->command->further_len = len - n;
	p->begin_ns = done;
	p->who.mine = mine;
}

void ct_image_command_asks(struct ct_core *core, const struct ct_event *e)
{
	struct ct_pull *p = ct_command_of(core, e->tgid);

	if (!p)
		return;
	p->heard_ns = e->ts_ns;
	if (p->idle)
		begins(core, p, e->ts_ns);
	else if (p->command->stored_ns && p->command->further_len)
		goes_to_next(core, p);
}

/*
 * The container that it was fetched for is being made: until then its command has done nothing else. Where nothing was
 * stored it was there, or nobody sees files: then no later than now.
 */
static void is_used(struct ct_core *core, struct ct_pull *p, uint64_t ts_ns)
{
	const struct ct_actor_state *a = ct_actor_get(core, p->command->worker);
	uint64_t done = ct_command_done(p), *m;

	if (p->idle) {
		ct_pull_drop(core, p);
		return;
	}
	is_over(core, p, done ? done : ts_ns);
	if (!a || !a->container)
		return;
	m = a->container->run.marks;
	m[CT_MARK_REFUSED_BEGIN] = p->wanted_ns;
	m[CT_MARK_REFUSED_END] = p->refused_ns;
	m[CT_MARK_PULL_BEGIN] = p->begin_ns;
	m[CT_MARK_PULL_END] = m[CT_MARK_CREATE_BEGIN] = p->end_ns;
	m[CT_MARK_CREATE_END] = m[CT_MARK_START_BEGIN] =
		0; /* what was synced before was something else */
	p->wanted_ns = 0;
}

/* A file of the kind that it makes for each blob. Columns: where its name is told, how that begins. */
static const struct {
	uint8_t kind;
	bool directory;
	const char *name;
} blobs[] = {
	{ CT_KIND_UNLINK, true, "storage" },
	{ CT_KIND_UNLINK, true, "container_images_storage" },
	{ CT_KIND_SYNC, false, "dir-put-blob" },
	{ CT_KIND_SYNC, false, "oci-put-blob" },
};

static bool is_blob(const struct ct_file *file)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(blobs); i++)
		if (blobs[i].kind == file->e->kind &&
		    ct_text_starts(blobs[i].directory ? file->dir : file->name, blobs[i].name))
			return true;
	return false;
}

static void blob(struct ct_pull *p, const struct ct_file *file)
{
	struct ct_command_file *to = ct_command_file(p);
	const struct ct_event *e = file->e;
	char digits[24];

	p->command->cleared_ns = e->ts_ns;
	if (!to)
		return;
	ct_text_copy(digits, sizeof(digits), file->name);
	*to = (struct ct_command_file){ .number = strtoull(digits, NULL, 10), .size = e->arg };
	if (!e->dur_ns || e->dur_ns > e->ts_ns)
		return;
	to->first_ns = e->ts_ns - e->dur_ns;
	to->last_ns = e->ts_ns - (e->ret > 0 ? (uint64_t)e->ret * 1000 : 0);
	if (to->last_ns < to->first_ns)
		to->last_ns = to->first_ns;
}

bool ct_image_command_file(struct ct_core *core, const struct ct_file *file)
{
	struct ct_pull *p = ct_command_of(core, file->e->tgid);
	bool synced = file->e->kind == CT_KIND_SYNC;

	if (!p)
		return false;
	p->heard_ns = file->e->ts_ns;
	if (is_blob(file)) {
		if (p->idle) /* nobody has heard that it turned to a registry */
			begins(core, p, p->command->called_ns);
		blob(p, file);
		return true;
	}
	/* The database is synced when it is made, too. */
	if (synced && p->command->makes &&
	    (ct_text_starts(file->name, ".tmp-containers.json") ||
	     (file->is == CT_FILE_DATABASE && ct_command_done(p)))) {
		is_used(core, p, file->e->ts_ns);
		return false;
	}
	if (!synced || p->idle || !ct_text_starts(file->name, ".tmp-images.json"))
		return false;
	p->command->stored_ns = file->e->ts_ns;
	return true;
}

static bool unpacks(const struct ct_actor_state *a)
{
	return a->program && !strcmp(a->program, CT_UNPACK);
}

void ct_image_command_exec(struct ct_core *core, const struct ct_actor_state *a,
			   const struct ct_worker *by, uint64_t ts_ns)
{
	struct ct_pull *p = ct_command_of(core, a->engine);
	struct ct_command_room *room = p && unpacks(a) ? ct_command_room(p->command) : NULL;

	if (p && unpacks(a))
		p->beyond += !room || !ct_work_begins(&room->unpacks, by, ts_ns);
	else if (p && p->command->makes && a->role == CT_ROLE_SHIM && a->container &&
		 !a->container->draft) /* its files are seen by nobody */
		is_used(core, p, ts_ns);
}

void ct_image_command_exit(struct ct_core *core, const struct ct_actor_state *a, uint64_t ts_ns)
{
	struct ct_pull *p = ct_command_of(core, a->engine);

	if (p && p->command->room && unpacks(a))
		ct_work_ends(&p->command->room->unpacks, a->tgid, ts_ns);
}

#define SIGNALLED "interrupted: a signal has ended the command"
#define REFUSED   "the command has failed; why is said on its standard error alone"

void ct_image_command_ends(struct ct_core *core, struct ct_pull *p, const struct ct_event *e)
{
	const char *why = e->ret & 0x7f ? SIGNALLED : REFUSED;

	if (p->command->makes && p->command->stored_ns) { /* it has failed of something else */
		is_over(core, p, ct_command_done(p));
		return;
	}
	p->end_ns = e->ts_ns;
	ct_pull_due(core, p, e->ts_ns + CT_COMMAND_KNOWN_NS);
	p->failed = e->ret;
	p->fetched->interrupted = e->ret & 0x7f;
	if (p->failed)
		ct_text_copy(p->message, sizeof(p->message), ct_text(why, strlen(why)));
	if (p->failed) /* what is there by that name was there before */
		return;
	p->command->asked = true;
	look_up(core, p, CT_LOOKUP_STORED);
}

bool ct_image_command_layer(struct ct_core *core, const struct ct_event *e)
{
	struct ct_pull *p = ct_command_asked(core, e->tgid);

	if (p)
		ct_command_layer(p, e);
	return p;
}
