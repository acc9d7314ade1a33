// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/owner.h"
#include "sinks/perfetto/perfetto_tracks.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <uthash.h>

/* Containers that are remembered; the one that came first is forgotten, and its track comes anew. */
#define CONTAINERS_MAX 16384
#define NESTING_MAX    32
#define TRACKS_MAX     4096 /* of one container: slices beyond are left out and counted */
#define THREADS_MAX    16384 /* then all are forgotten, and told again */
#define TRACKS_IDLE    64 /* from here on, tracks that are done are forgotten */

struct track {
	struct ct_tracks_row row;
	unsigned lane; /* of the row, grows along the array */
	uint64_t uuid;
	uint64_t ended_ns; /* nothing was open after that */
	uint64_t open[NESTING_MAX]; /* ends of what is open, the outermost first */
	unsigned depth;
};

struct ct_tracks_container {
	char id[sizeof(((struct ct_identity *)0)->name) + CT_OWNER_LEN]; /* in its scope */
	char name[sizeof(((struct ct_identity *)0)->name) + CT_OWNER_LEN];
	uint64_t uuid;
	struct track *tracks; /* owned */
	size_t count, room;
	UT_hash_handle hh;
};

/* Of a number that was given away again the last one is known. */
struct thread {
	struct thread_key {
		uint32_t pid, tid; /* tid 0: the process */
	} key;
	char name[sizeof(((struct ct_piece *)0)->actor)];
	UT_hash_handle hh;
};

struct ct_tracks {
	struct ct_tracks_container *containers;
	struct thread *threads;
};

/* FNV-1a: the same recording makes the same trace. */
static uint64_t hash(uint64_t seed, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++)
		seed = (seed ^ b[i]) * 0x100000001b3ULL;
	return seed ? seed : 1;
}

static uint64_t hash_text(uint64_t seed, const char *s)
{
	return hash(seed, s, strlen(s) + 1);
}

struct ct_tracks *ct_tracks_new(void)
{
	return calloc(1, sizeof(struct ct_tracks));
}

void ct_tracks_forget(struct ct_tracks *tracks, struct ct_tracks_container *c)
{
	HASH_DEL(tracks->containers, c);
	free(c->tracks);
	free(c);
}

static void forget_threads(struct ct_tracks *tracks)
{
	struct thread *thread, *next;

	HASH_ITER(hh, tracks->threads, thread, next)
	{
		HASH_DEL(tracks->threads, thread);
		free(thread);
	}
}

void ct_tracks_free(struct ct_tracks *tracks)
{
	struct ct_tracks_container *c, *next;

	if (!tracks)
		return;
	HASH_ITER(hh, tracks->containers, c, next)
	ct_tracks_forget(tracks, c);
	forget_threads(tracks);
	free(tracks);
}

/* A container that restarts for years has no more tracks than one that does not. */
static void forget_idle(struct ct_tracks_container *c, uint64_t now_ns)
{
	size_t kept = 0;

	if (c->count < TRACKS_IDLE)
		return;
	for (size_t i = 0; i < c->count; i++)
		if (!c->tracks[i].row.pid || c->tracks[i].ended_ns > now_ns)
			c->tracks[kept++] = c->tracks[i];
	c->count = kept;
}

struct ct_tracks_container *ct_tracks_container(struct ct_tracks *tracks, struct ct_trace *t,
						const struct ct_identity *who, uint64_t now_ns)
{
	char words[CT_OWNER_LEN], id[sizeof(((struct ct_tracks_container *)0)->id)];
	struct ct_tracks_container *c;

	/* Somebody else may have a container of the same id. What has none, as an image, is known by its name. */
	ct_owner_words(words, &who->owner);
	snprintf(id, sizeof(id), "%s%s", *who->id ? who->id : who->name, words);
	HASH_FIND_STR(tracks->containers, id, c);
	if (c) {
		forget_idle(c, now_ns);
		return c;
	}
	if (HASH_COUNT(tracks->containers) >= CONTAINERS_MAX)
		ct_tracks_forget(tracks, tracks->containers);
	c = calloc(1, sizeof(*c));
	if (!c) {
		t->no_memory = true;
		return NULL;
	}
	snprintf(c->id, sizeof(c->id), "%s", id);
	snprintf(c->name, sizeof(c->name), "%s%s", *who->name ? who->name : who->id, words);
	c->uuid = hash_text(0xcbf29ce484222325ULL, c->id);
	HASH_ADD_STR(tracks->containers, id, c);
	return c;
}

uint64_t ct_tracks_uuid(const struct ct_tracks_container *c)
{
	return c->uuid;
}

static bool same_row(struct ct_tracks_row a, struct ct_tracks_row b)
{
	return a.pid == b.pid &&
	       (a.group == b.group || (a.group && b.group && !strcmp(a.group, b.group)));
}

/* Ends what has ended by then, but for the outermost that are to be kept. */
static void settle(struct track *track, struct ct_trace *t, uint64_t now_ns, unsigned keep)
{
	while (track->depth > keep && track->open[track->depth - 1] <= now_ns) {
		track->ended_ns = track->open[--track->depth];
		ct_trace_end(t, track->ended_ns, track->uuid);
	}
}

static bool nests(const struct track *track, uint64_t end_ns)
{
	return track->depth && track->depth < NESTING_MAX &&
	       end_ns <= track->open[track->depth - 1];
}

static void announce(const struct ct_tracks_container *c, struct ct_trace *t,
		     const struct track *track)
{
	struct ct_track pb = { .uuid = track->uuid };
	char name[sizeof(c->name) + 32], lane[24] = "";

	if (track->lane)
		snprintf(lane, sizeof(lane), " (%u)", track->lane + 1);
	if (!track->row.group)
		snprintf(name, sizeof(name), "%s%s", c->name, lane);
	else if (!track->row.pid)
		snprintf(name, sizeof(name), "%s%s", track->row.group, lane);
	else
		snprintf(name, sizeof(name), "%s %u%s", track->row.group, track->row.pid, lane);
	pb.name = name;
	pb.parent = track->uuid == c->uuid ? 0 : c->uuid;
	ct_trace_track(t, &pb);
}

static struct track *add(struct ct_tracks_container *c, struct ct_trace *t,
			 struct ct_tracks_row row, unsigned lane)
{
	struct track *track;

	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 8;
		struct track *bigger = reallocarray(c->tracks, room, sizeof(*bigger));

		if (!bigger) {
			t->no_memory = true;
			return NULL;
		}
		c->tracks = bigger;
		c->room = room;
	}
	track = &c->tracks[c->count++];
	*track = (struct track){ .row = row, .lane = lane, .uuid = c->uuid };
	if (row.group || lane) {
		track->uuid = hash_text(c->uuid, row.group ? row.group : "");
		track->uuid = hash(track->uuid, &row.pid, sizeof(row.pid));
		track->uuid = hash(track->uuid, &lane, sizeof(lane));
	}
	announce(c, t, track);
	return track;
}

/* Inside of what is open, if it nests there, else where nothing is open any more. */
static struct track *place(struct ct_tracks_container *c, struct ct_trace *t,
			   struct ct_tracks_row row, uint64_t begin_ns, uint64_t end_ns)
{
	struct track *idle = NULL;
	unsigned lane = 0;

	/* What is below it needs the container's own track. */
	if (!c->count && row.group && !add(c, t, (struct ct_tracks_row){ 0 }, 0))
		return NULL;
	for (size_t i = 0; i < c->count; i++) {
		struct track *track = &c->tracks[i];

		if (!same_row(track->row, row))
			continue;
		settle(track, t, begin_ns, row.inside);
		if (nests(track, end_ns))
			return track;
		if (!idle && !track->depth && begin_ns >= track->ended_ns)
			idle = track;
		lane = track->lane + 1;
	}
	if (idle)
		return idle;
	if (c->count < TRACKS_MAX)
		return add(c, t, row, lane);
	t->left_out++;
	return NULL;
}

void ct_tracks_open(struct ct_tracks_container *c, struct ct_trace *t, struct ct_tracks_row row,
		    uint64_t begin_ns, uint64_t end_ns, struct ct_slice *slice)
{
	struct track *track;

	if (end_ns < begin_ns)
		end_ns = begin_ns;
	track = place(c, t, row, begin_ns, end_ns);
	if (!track)
		return;
	slice->track = track->uuid;
	ct_trace_begin(t, begin_ns, slice);
	track->open[track->depth++] = end_ns;
}

void ct_tracks_settle(struct ct_tracks_container *c, struct ct_trace *t)
{
	for (size_t i = 0; i < c->count; i++)
		settle(&c->tracks[i], t, UINT64_MAX, 0);
}

static void tell_thread(struct ct_tracks *tracks, struct ct_trace *t, struct thread_key key,
			const char *name)
{
	struct thread *thread;
	uint64_t uuid;

	HASH_FIND(hh, tracks->threads, &key, sizeof(key), thread);
	if (thread && !strcmp(thread->name, name))
		return;
	if (!thread) {
		if (HASH_COUNT(tracks->threads) >= THREADS_MAX)
			forget_threads(tracks);
		thread = calloc(1, sizeof(*thread));
		if (!thread) {
			t->no_memory = true;
			return;
		}
		thread->key = key;
		HASH_ADD(hh, tracks->threads, key, sizeof(key), thread);
	}
	snprintf(thread->name, sizeof(thread->name), "%s", name);
	/* Another uuid says that it is another one. */
	uuid = hash(hash_text(0xcbf29ce484222325ULL, thread->name), &key, sizeof(key));
	ct_trace_thread(t, uuid, key.pid, key.tid, thread->name);
}

void ct_tracks_thread(struct ct_tracks *tracks, struct ct_trace *t, uint32_t pid, uint32_t tid,
		      const char *name)
{
	if (!pid)
		return;
	tell_thread(tracks, t, (struct thread_key){ pid, 0 }, name);
	if (tid)
		tell_thread(tracks, t, (struct thread_key){ pid, tid }, name);
}
