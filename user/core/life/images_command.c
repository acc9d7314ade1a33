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

/* Columns: engine, what it is called to do. */
static const struct {
	const char *engine;
	enum ct_op op;
} fetchers[] = {
	{ "podman", CT_OP_PULL },
	{ "skopeo", CT_OP_COPY },
};

static bool fetches(const struct ct_actor_state *a, enum ct_op op)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(fetchers); i++)
		if (fetchers[i].op == op && a->engine_name &&
		    !strcmp(fetchers[i].engine, a->engine_name))
			return true;
	return false;
}

static void look_up(struct ct_core *core, const struct ct_pull *p, enum ct_lookup what)
{
	if (core->ops.lookup)
		core->ops.lookup(core->ctx, what, "images", p->command->worker, p->who.image);
}

/* Without root podman executes itself once more, in a user namespace: it is one command. */
static bool goes_on(struct ct_core *core, const struct ct_actor_state *a)
{
	struct ct_pull *p = ct_command_of(core, a->parent);

	if (!p || p->command->file_count || p->command->unpack_count)
		return false;
	p->command->worker = a->tgid;
	look_up(core, p, CT_LOOKUP_STORE);
	return true;
}

void ct_image_called(struct ct_core *core, struct ct_actor_state *a, const struct ct_text *args,
		     size_t n, const struct ct_event *e)
{
	const struct ct_scope *speaker = ct_speaker_process(core, a->tgid);
	struct ct_text image = ct_argv_plain(args, n, 0);
	char name[sizeof(((struct ct_identity *)0)->image)];
	struct ct_pull *p;

	if (!speaker || !fetches(a, ct_argv_op(args, n)) || goes_on(core, a))
		return;
	if (ct_text_starts(image, DOCKER))
		image = ct_text(image.p + strlen(DOCKER), image.len - strlen(DOCKER));
	else if (!strcmp(a->engine_name, "skopeo"))
		return; /* from elsewhere */
	ct_text_copy(name, sizeof(name), image);
	p = ct_pull_make(core, speaker, name, a->tgid);
	if (!p)
		return;
	p->command = calloc(1, sizeof(*p->command));
	if (!p->command) {
		ct_pull_drop(core, p);
		core->counts.lost[CT_LOSS_TABLE]++;
		return;
	}
	p->command->worker = a->tgid;
	p->begin_ns = e->ts_ns;
	p->silent = true;
	p->who.engine_pid = a->tgid;
	p->who.mine = e->flags & CT_F_MINE;
	ct_life_engine_name(core, &p->who, a->tgid);
	look_up(core, p, CT_LOOKUP_STORE);
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

	if (!p)
		return false;
	p->heard_ns = file->e->ts_ns;
	if (is_blob(file)) {
		blob(p, file);
		return true;
	}
	if (file->e->kind != CT_KIND_SYNC || !ct_text_starts(file->name, ".tmp-images.json"))
		return false;
	p->command->stored_ns = file->e->ts_ns;
	return true;
}

void ct_image_command_exec(struct ct_core *core, const struct ct_actor_state *a, uint64_t ts_ns)
{
	struct ct_pull *p = ct_command_of(core, a->engine);

	if (p && a->program && !strcmp(a->program, CT_UNPACK))
		ct_command_unpacks(p, a->tgid, ts_ns);
}

void ct_image_command_exit(struct ct_core *core, const struct ct_actor_state *a, uint64_t ts_ns)
{
	struct ct_pull *p = ct_command_of(core, a->engine);

	if (p && a->program && !strcmp(a->program, CT_UNPACK))
		ct_command_unpacked(p, a->tgid, ts_ns);
}

#define SIGNALLED "interrupted: a signal has ended the command"
#define REFUSED   "the command has failed; why is said on its standard error alone"

void ct_image_command_ends(struct ct_core *core, struct ct_pull *p, const struct ct_event *e)
{
	const char *why = e->ret & 0x7f ? SIGNALLED : REFUSED;

	p->end_ns = e->ts_ns;
	p->due_ns = e->ts_ns + CT_COMMAND_KNOWN_NS;
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
	struct ct_pull *p = ct_command_untold(core, e->tgid);

	if (p)
		ct_command_layer(p, e);
	return p;
}
