// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recordings.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "util/mem.h"

/* 2001-09-09: a clock that says less has not been set since its machine was switched on. */
#define WALL_PLAUSIBLE_NS 1000000000000000000LL

static int64_t wall_ns(const struct ct_recording_header *h)
{
	int64_t wall;

	return __builtin_add_overflow(h->wall_minus_mono_ns, h->begin_ns, &wall) ? -1 : wall;
}

static bool same_boot(const struct ct_recording_header *a, const struct ct_recording_header *b)
{
	return a->boot && a->boot == b->boot && a->node == b->node;
}

static bool same_file(const struct ct_input *a, const struct ct_input *b)
{
	return a->ino && a->ino == b->ino && a->dev == b->dev;
}

static int check_pair(const struct ct_input *a, const struct ct_input *b, struct ct_err *err)
{
	const struct ct_input *bad = a;

	if (same_file(a, b) || !memcmp(a->header, b->header, sizeof(*a->header)))
		return ct_fail(err, EINVAL,
			       "read '%s': it is the same recording as '%s' and would count twice",
			       b->path, a->path);
	if (same_boot(a->header, b->header))
		return 0;
	if (wall_ns(a->header) >= WALL_PLAUSIBLE_NS)
		bad = wall_ns(b->header) < WALL_PLAUSIBLE_NS ? b : NULL;
	if (bad)
		return ct_fail(
			err, EINVAL,
			"read '%s': the clock of its node was not set, so its times cannot be put beside those of '%s'; report it alone",
			bad->path, bad == a ? b->path : a->path);
	return 0;
}

static int check_all(const struct ct_recordings *r, struct ct_err *err)
{
	for (size_t i = 1; i < r->count; i++) {
		for (size_t j = 0; j < i; j++) {
			int ret = check_pair(&r->items[j], &r->items[i], err);

			if (ret)
				return ret;
		}
	}
	return 0;
}

/* Recordings of one boot share a clock; that of the wall may have been corrected in between. */
static int64_t offset_of(const struct ct_recordings *r, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (same_boot(r->items[j].header, r->items[i].header))
			return r->items[j].header->wall_minus_mono_ns;
	return r->items[i].header->wall_minus_mono_ns;
}

/* Never to an earlier time: a time before the boot of its node has no number. */
static int align(struct ct_recordings *r, struct ct_err *err)
{
	r->wall_minus_mono_ns = offset_of(r, 0);
	for (size_t i = 1; i < r->count; i++)
		if (offset_of(r, i) < r->wall_minus_mono_ns)
			r->wall_minus_mono_ns = offset_of(r, i);
	for (size_t i = 0; i < r->count; i++) {
		struct ct_input *in = &r->items[i];
		int64_t shift;
		uint64_t begin;

		if (__builtin_sub_overflow(offset_of(r, i), r->wall_minus_mono_ns, &shift) ||
		    __builtin_add_overflow(in->header->begin_ns, (uint64_t)shift, &begin))
			return ct_fail(err, EINVAL,
				       "read '%s': the time in its header is impossible", in->path);
		in->shift_ns = (uint64_t)shift;
		if (!i || begin < r->begin_ns)
			r->begin_ns = begin;
	}
	return 0;
}

static void name_by_file(struct ct_input *in)
{
	const char *base = strrchr(in->path, '/');
	size_t len;

	base = base ? base + 1 : in->path;
	len = strlen(base);
	if (len > 3 && !strcmp(base + len - 3, ".ct"))
		len -= 3;
	snprintf(in->node, sizeof(in->node), "%.*s", (int)(len < CT_NODE_LEN ? len : CT_NODE_LEN),
		 base);
}

/* Many nodes of one image have one name: a piece of their machine id tells them apart. */
static void name_nodes(struct ct_recordings *r)
{
	for (size_t i = 0; i < r->count; i++) {
		struct ct_input *in = &r->items[i];
		const struct ct_recording_header *h = in->header;
		bool shared = false;

		if (!h->host[0]) {
			name_by_file(in);
			continue;
		}
		for (size_t j = 0; j < r->count && !shared; j++)
			shared = !strncmp(r->items[j].header->host, h->host, sizeof(h->host)) &&
				 r->items[j].header->node != h->node;
		snprintf(in->node, sizeof(in->node), "%.*s", (int)sizeof(h->host), h->host);
		if (shared)
			snprintf(in->node, sizeof(in->node), "%.*s-%04x", (int)sizeof(h->host),
				 h->host, (unsigned)(h->node >> 48));
	}
}

static bool is_nothing(const struct ct_err *err)
{
	return err->code == -ENODATA || err->code == -EINPROGRESS;
}

/* A file can be opened again; a pipe cannot. */
static void put_away(struct ct_input *in)
{
	struct stat st;

	if (!strcmp(in->path, "-") || stat(in->path, &st) || !S_ISREG(st.st_mode))
		return;
	in->dev = st.st_dev;
	in->ino = st.st_ino;
	ct_reader_close(take_ptr(in->reader));
}

static int open_again(struct ct_input *in)
{
	int ret = in->reader ? 0 : ct_reader_open(&in->reader, in->path, &in->why);

	if (!ret && memcmp(ct_reader_header(in->reader), in->header, sizeof(in->head)) != 0)
		ret = ct_fail(&in->why, EINVAL,
			      "read '%s': it was replaced while the report was made; run it again",
			      in->path);
	return ret;
}

static int open_one(struct ct_recordings *r, const char *path, struct ct_err *err)
{
	struct ct_input *in = &r->items[r->count];
	int ret = ct_reader_open(&in->reader, path, err);

	if (ret && is_nothing(err)) {
		r->empty += err->code == -ENODATA;
		r->skipped[r->skipped_count++].why = *err;
		return 0;
	}
	if (ret)
		return ret;
	in->path = path;
	in->head = *ct_reader_header(in->reader);
	in->header = &in->head;
	put_away(in);
	r->count++;
	return 0;
}

static bool follows(const struct ct_recording_header *h, const struct ct_recording_header *after)
{
	return h->series && h->series == after->series && same_boot(h, after) &&
	       h->sequence == after->sequence + 1 && h->depth == after->depth;
}

/* Files that a recorder began one after another are told as one. */
static void chain(struct ct_recordings *r)
{
	for (size_t i = 0; i < r->count; i++) {
		for (size_t j = 0; j < r->count && !r->items[i].follows; j++) {
			struct ct_input *before = &r->items[j];

			if (before->next || !follows(r->items[i].header, before->header))
				continue;
			before->next = &r->items[i];
			r->items[i].follows = true;
		}
	}
}

int ct_recordings_open(struct ct_recordings *r, const char *const *paths, size_t count,
		       struct ct_err *err)
{
	size_t room = count ? count : 1;
	int ret = 0;

	*r = (struct ct_recordings){ .items = calloc(room, sizeof(*r->items)),
				     .skipped = calloc(room, sizeof(*r->skipped)) };
	if (!r->items || !r->skipped)
		return ct_fail(err, ENOMEM, "open the recordings: out of memory");
	for (size_t i = 0; i < count && !ret; i++)
		ret = open_one(r, paths[i], err);
	if (!ret && !r->count && r->skipped_count) { /* of one, or of all, nothing can be told */
		*err = r->skipped[0].why;
		ret = err->code;
		r->skipped_count = 0;
	}
	if (ret)
		return ret;
	ret = check_all(r, err);
	if (!ret)
		ret = align(r, err);
	if (!ret) {
		name_nodes(r);
		chain(r);
	}
	return ret;
}

void ct_recordings_close(struct ct_recordings *r)
{
	for (size_t i = 0; i < r->count; i++)
		ct_reader_close(r->items[i].reader);
	free(r->items);
	free(r->skipped);
	*r = (struct ct_recordings){ 0 };
}

struct replay {
	struct ct_input *in;
	struct ct_core *core;
	uint64_t known; /* so many events that are still to come have been told before */
	union {
		struct ct_event e;
		char bytes[CT_EVENT_LEN_MAX];
	} moved;
};

static void on_event(void *ctx, const struct ct_event *e)
{
	struct replay *replay = ctx;
	struct ct_input *in = replay->in;

	if (replay->known) {
		replay->known--;
		return;
	}
	if (in->shift_ns) {
		memcpy(replay->moved.bytes, e, e->len);
		e = &replay->moved.e;
		if (__builtin_add_overflow(e->ts_ns, in->shift_ns, &replay->moved.e.ts_ns))
			replay->moved.e.ts_ns = UINT64_MAX;
	}
	if (e->ts_ns > in->last_ns)
		in->last_ns = e->ts_ns;
	ct_core_feed(replay->core, e);
}

/* One file, to its end. */
static int run(struct replay *replay, struct ct_input *in)
{
	uint64_t cut = 0;
	int ret = in->unwanted ? 0 : open_again(in);

	if (ret || in->unwanted)
		return ret;
	replay->in = in;
	replay->known = in->follows ? in->header->carried : 0;
	ret = ct_reader_run(in->reader, on_event, replay, &cut, &in->why);
	if (ct_reader_end_ns(in->reader) + in->shift_ns > in->last_ns)
		in->last_ns = ct_reader_end_ns(in->reader) + in->shift_ns;
	in->growing = !ret && ct_reader_is_growing(in->reader);
	in->cut = !ret && cut && !in->growing;
	ct_reader_close(take_ptr(in->reader));
	return ret;
}

int ct_recordings_replay(struct ct_input *in, const struct ct_core_options *opts,
			 const struct ct_core_ops *ops, void *ctx, struct ct_core_counts *counts,
			 struct ct_err *err)
{
	own_mem struct replay *replay = calloc(1, sizeof(*replay));
	struct ct_core_options core = *opts;
	struct ct_core_counts own;
	uint64_t unread = 0;
	int ret = 0;

	if (in->follows)
		return 0;
	if (!replay)
		return ct_fail(err, ENOMEM, "replay '%s': out of memory", in->path);
	core.node = in->node;
	core.wall_minus_mono_ns = in->header->wall_minus_mono_ns - in->shift_ns;
	replay->core = ct_core_new(&core, ops, ctx);
	if (!replay->core)
		return ct_fail(err, ENOMEM, "replay '%s': out of memory", in->path);
	for (struct ct_input *at = in; at && !ret; at = at->next) {
		ret = run(replay, at);
		unread += ret || at->cut;
		if (ret)
			*err = at->why;
	}
	ct_core_flush(replay->core); /* what came before an error has been said all the same */
	own = ct_core_counts(replay->core);
	own.unread = unread;
	ct_counts_add(counts, &own);
	ct_core_free(replay->core);
	return ret;
}

void ct_input_stop(struct ct_input *in)
{
	for (; in; in = in->next) {
		in->unwanted = true;
		if (in->reader)
			ct_reader_stop(in->reader);
	}
}

void ct_counts_add(struct ct_core_counts *to, const struct ct_core_counts *from)
{
	to->events += from->events;
	for (size_t i = 0; i < CT_LOSS_MAX; i++)
		to->lost[i] += from->lost[i];
	to->unmatched_exits += from->unmatched_exits;
	to->unmatched_ends += from->unmatched_ends;
	to->unmatched_answers += from->unmatched_answers;
	to->unmatched_requests += from->unmatched_requests;
	to->unknown_phases += from->unknown_phases;
	to->containers += from->containers;
	to->open += from->open;
	to->early += from->early;
	to->unread += from->unread;
	to->probes.count += from->probes.count;
	to->probes.failed += from->probes.failed;
	to->probes.unheard += from->probes.unheard;
	to->probes.sum_ns += from->probes.sum_ns;
	if (from->probes.max_ns > to->probes.max_ns)
		to->probes.max_ns = from->probes.max_ns;
	ct_deaf_merge(&to->deaf, &from->deaf);
	ct_strange_merge(&to->strange, &from->strange);
	ct_parties_merge(&to->beyond, &from->beyond);
	ct_parties_merge(&to->forgers, &from->forgers);
	ct_unheard_merge(&to->unheard, &from->unheard);
}
