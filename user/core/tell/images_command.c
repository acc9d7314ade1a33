// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which of what a command has done was for which layer. Its manifest says which there are; those that were added to the
 * store since it began it has fetched. What was fetched is told by its size, what was unpacked by its order.
 */
#include "core/book/pulls_command.h"
#include "core/tell/tell.h"

#define SHORT_DIGITS 12 /* of a digest, as Docker shows them */
#define CLOCKS_NS    (5 * CT_NS_PER_MS) /* two clocks, of which one steps */

/*
 * Of that size, one of those that were whole when the layer began to be unpacked: the first that was fetched. Whether
 * there were more of them.
 */
static struct ct_command_file *file_of(struct ct_command *c, uint64_t size, uint64_t whole_ns,
				       bool *ret_more)
{
	struct ct_command_file *found = NULL;
	size_t count = 0;

	for (size_t i = 0; size && i < c->file_count; i++) {
		struct ct_command_file *f = &c->room->files[i];

		if (f->size != size || f->taken || (whole_ns && f->last_ns > whole_ns))
			continue;
		count++;
		if (!found || f->number < found->number)
			found = f;
	}
	*ret_more = count > 1;
	return found;
}

/* Whether it was there before; by its size alone where the store does not say. */
static bool was_there(const struct ct_core *core, const struct ct_pull *p,
		      const struct ct_command_layer *from, bool fetched)
{
	int64_t begin = (int64_t)p->begin_ns + core->opts.wall_minus_mono_ns;

	if (!from->stored_wall_ns || !core->opts.wall_minus_mono_ns)
		return !fetched;
	return (int64_t)from->stored_wall_ns < begin - (int64_t)CLOCKS_NS;
}

static struct ct_layer *put_layer(struct ct_core *core, struct ct_pull *p,
				  const struct ct_command_layer *from)
{
	const char *colon = strchr(from->digest, ':');
	const char *digits = colon ? colon + 1 : from->digest;
	char id[SHORT_DIGITS + 1];
	struct ct_layer *to;
	bool more;

	ct_text_copy(id, sizeof(id), ct_text(digits, strlen(digits)));
	to = ct_pull_layer(p, id);
	if (!to || to->digest[0]) /* the same once more */
		return NULL;
	memcpy(to->digest, from->digest, sizeof(to->digest));
	memcpy(to->type, from->type, sizeof(to->type));
	to->size = from->size;
	to->files = from->unpacked_size;
	to->there = was_there(core, p, from, file_of(p->command, from->size, 0, &more));
	return to;
}

static void put_files(struct ct_pull *p)
{
	for (size_t i = 0; i < p->fetched->layer_count; i++) {
		struct ct_layer *to = &p->fetched->layers[i];
		struct ct_command_file *f =
			to->there ? NULL
				  : file_of(p->command, to->size, to->unpacking_ns, &to->by_order);

		if (!f)
			continue;
		f->taken = true;
		to->first_ns = f->first_ns;
		to->first_by = f->first_ns ? CT_PROVED_FILE : CT_PROVED_NONE;
		to->fetched_ns = f->last_ns;
		to->fetched_by = f->last_ns ? CT_PROVED_FILE : CT_PROVED_NONE;
	}
}

/* One after the other, in their order: as many as there are layers, or nobody knows whose each was. */
static void put_unpacks(struct ct_pull *p)
{
	const struct ct_command *c = p->command;
	struct ct_fetched *f = p->fetched;
	size_t left = 0, k = 0;

	for (size_t i = 0; i < f->layer_count; i++)
		left += !f->layers[i].there;
	if (!c->room || left != c->room->unpacks.count)
		return;
	for (size_t i = 0; i < f->layer_count; i++) {
		struct ct_layer *layer = &f->layers[i];

		if (layer->there)
			continue;
		layer->unpacker = c->room->unpacks.at[k].by;
		layer->unpacking_ns = c->room->unpacks.at[k].begin_ns;
		layer->unpacking_by = CT_PROVED_PROCESS;
		layer->unpacked_ns = c->room->unpacks.at[k++].end_ns;
		layer->unpacked_by = layer->unpacked_ns ? CT_PROVED_PROCESS : CT_PROVED_NONE;
	}
}

/* When it was known which layers there are: no later than the first byte of any. */
static void put_known(struct ct_pull *p)
{
	const struct ct_command *c = p->command;
	struct ct_fetched *f = p->fetched;
	uint64_t first = 0;

	for (size_t i = 0; i < c->file_count; i++)
		if (c->room->files[i].first_ns && (!first || c->room->files[i].first_ns < first))
			first = c->room->files[i].first_ns;
	f->resolved_ns = first;
	for (size_t i = 0; i < f->layer_count; i++)
		f->layers[i].known_ns = first;
}

/*
 * What was unpacked and not fetched, podman had as a layer of another image, and took it out of that (containers/image:
 * storage/storage_dest.go, TryReusingBlob). Known where files are heard of, and none was missed.
 */
static void set_stored(const struct ct_core *core, struct ct_pull *p)
{
	const struct ct_command *c = p->command;
	bool heard = false, left = p->beyond || core->lost_ns >= p->begin_ns;
	struct ct_fetched *f = p->fetched;

	for (size_t i = 0; i < c->file_count; i++) {
		heard |= c->room->files[i].first_ns && c->room->files[i].size;
		left |= !c->room->files[i].size;
	}
	for (size_t i = 0; i < f->layer_count && heard && !left; i++) {
		struct ct_layer *layer = &f->layers[i];
		bool more;

		if (layer->there || layer->fetched_ns || !layer->unpacking_ns || !layer->size ||
		    file_of(p->command, layer->size, 0, &more))
			continue;
		layer->stored = true;
		layer->fetched_ns = layer->known_ns;
	}
}

#define UNSTORED "interrupted: the command has ended before the image was stored"

/* Podman 4.3 exits with 0 when it is asked to end by SIGTERM. */
static void is_interrupted(struct ct_pull *p)
{
	p->failed = p->fetched->interrupted = true;
	ct_text_copy(p->message, sizeof(p->message), ct_text(UNSTORED, sizeof(UNSTORED) - 1));
}

void ct_tell_command(struct ct_core *core, struct ct_pull *p)
{
	struct ct_command *c = p->command;
	bool fetched = false;

	put_known(p);
	if (!p->failed && c->absent && !c->stored_ns)
		is_interrupted(p);
	if (p->failed || !c->layer_count || c->layers_known != c->layer_count)
		return;
	memcpy(p->fetched->digest, c->digest, sizeof(p->fetched->digest));
	for (size_t i = 0; i < c->layer_count; i++) {
		const struct ct_layer *layer = put_layer(core, p, &c->room->layers[i]);

		fetched |= layer && !layer->there;
	}
	p->fetched->up_to_date = !p->failed && !fetched;
	put_unpacks(p);
	put_files(p);
	put_known(p);
	set_stored(core, p);
}

bool ct_command_is_known(const struct ct_pull *p)
{
	return !p->command->asked || p->command->answered;
}
