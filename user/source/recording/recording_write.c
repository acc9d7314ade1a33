// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <libdeflate.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "source/recording/recording.h"
#include "source/recording/recording_chain.h"
#include "source/recording/recording_file.h"
#include "source/recording/recording_planes.h"
#include "util/clock.h"
#include "util/mem.h"

#define LEVEL 6 /* of zlib, for the index and blocks that are no part of a chain */

struct ct_recorder_state {
	struct ct_recording_file file;
	struct ct_recording_header header; /* as it is written when the recording begins */
	struct libdeflate_compressor *zlib; /* owned */
	struct ct_chain *chain; /* owned */
	char raw[CT_BLOCK_FLUSH_LEN];
	char planes[CT_BLOCK_FLUSH_LEN];
	/* A block as it is written: its header, then what is stored, never more than raw. */
	struct ct_block block;
	char stored[CT_BLOCK_FLUSH_LEN + sizeof(struct ct_index)];
	struct ct_index index;
	struct ct_index_entry entries[CT_INDEX_ENTRIES_MAX];
	uint64_t raw_bytes[CT_INDEX_ENTRIES_MAX]; /* of each */
	uint32_t blocks_an_entry;
	bool begun; /* until then the file is as it was */
	bool failed; /* nothing is written behind what could not be */
};
_Static_assert(offsetof(struct ct_recorder_state, stored) ==
		       offsetof(struct ct_recorder_state, block) + sizeof(struct ct_block),
	       "one write writes both");
_Static_assert(CT_INDEX_ENTRIES_MAX * sizeof(struct ct_index_entry) <= CT_BLOCK_FLUSH_LEN,
	       "the index is stored as a block, whether or not it compresses");

static int write_failed(const struct ct_recorder *r, int code, struct ct_err *err)
{
	return ct_fail(err, code, "write recording '%s': %s", r->path, strerror(code));
}

static bool is_no_room(int code)
{
	return code == ENOSPC || code == EDQUOT;
}

/* What is not ours may have had something before it; a pipe has no end to go back to. */
static bool take_back(const struct ct_recorder *r)
{
	int fd = r->state->file.fd;

	return !r->state->file.given && !ftruncate(fd, (off_t)r->bytes) &&
	       lseek(fd, (off_t)r->bytes, SEEK_SET) == (off_t)r->bytes;
}

/* What is written in part is taken back where the file lets us, so that whole blocks remain. */
static int put(struct ct_recorder *r, const void *bytes, size_t len, struct ct_err *err)
{
	const char *at = bytes;
	size_t left = len;

	while (left) {
		ssize_t n = write(r->state->file.fd, at, left);
		int code = errno;

		if (n < 0 && code == EINTR)
			continue;
		if (n < 0 && is_no_room(code) && r->make_room && r->make_room(r->make_room_ctx))
			continue;
		if (n <= 0) {
			bool taken = left == len || take_back(r);

			/* Without room it can go on later, if somebody sees to that. */
			r->state->failed = !(taken && n && is_no_room(code) && r->make_room);
			return write_failed(r, n ? code : EIO, err);
		}
		at += n;
		left -= (size_t)n;
	}
	r->bytes += len;
	return 0;
}

static void free_state(struct ct_recorder_state *s)
{
	if (s->zlib)
		libdeflate_free_compressor(s->zlib);
	ct_chain_free(s->chain);
	free(s);
}

int ct_recorder_open(struct ct_recorder *r, const char *path,
		     const struct ct_recording_header *header, struct ct_err *err)
{
	struct ct_recorder_state *s;

	*r = (struct ct_recorder){ .path = path };
	s = calloc(1, sizeof(*s));
	if (!s)
		return ct_fail(err, ENOMEM, "open recording '%s': out of memory", path);
	s->zlib = libdeflate_alloc_compressor(LEVEL);
	s->chain = ct_chain_new(true);
	if (!s->zlib || !s->chain) {
		free_state(s);
		return ct_fail(err, ENOMEM, "open recording '%s': out of memory", path);
	}
	if (ct_recording_file_open(&s->file, path, err)) {
		free_state(s);
		return err->code;
	}
	s->blocks_an_entry = 1;
	s->header = *header;
	s->header.version = CT_RECORDING_VERSION;
	s->header.minor = CT_RECORDING_MINOR;
	s->header.header_len = sizeof(s->header);
	r->state = s;
	return 0;
}

struct ct_recording_header *ct_recorder_header(struct ct_recorder *r)
{
	return r->state ? &r->state->header : NULL;
}

int ct_recorder_begin(struct ct_recorder *r, struct ct_err *err)
{
	struct ct_recorder_state *s = r->state;
	int ret;

	if (!s || s->begun)
		return 0;
	ct_recording_header_seal(&s->header);
	ret = ct_recording_file_empty(&s->file, r->path, err);
	s->begun = !ret;
	return ret ? ret : put(r, &s->header, sizeof(s->header), err);
}

/* What is stored is there. */
static int put_stored(struct ct_recorder *r, enum ct_block_kind kind, enum ct_block_codec codec,
		      size_t len, size_t stored, struct ct_err *err)
{
	struct ct_block *b = &r->state->block;

	memcpy(b->magic, CT_BLOCK_MAGIC, sizeof(b->magic));
	b->kind = kind;
	b->codec = (__u16)codec;
	b->raw_len = (__u32)len;
	b->stored_len = (__u32)stored;
	b->crc32 = 0;
	b->crc32 = libdeflate_crc32(0, b, sizeof(*b) + stored);
	return put(r, b, sizeof(*b) + stored, err);
}

static int put_block(struct ct_recorder *r, enum ct_block_kind kind, enum ct_block_codec codec,
		     const void *raw, size_t len, struct ct_err *err)
{
	struct ct_recorder_state *s = r->state;
	size_t stored;

	/* What compression does not make smaller stays as it is; 0 says so. */
	stored = libdeflate_zlib_compress(s->zlib, raw, len, s->stored, len);
	if (!stored && codec == CT_CODEC_PLANES)
		raw = s->raw;
	if (!stored) {
		codec = CT_CODEC_RAW;
		memcpy(s->stored, raw, len);
		stored = len;
	}
	return put_stored(r, kind, codec, len, stored, err);
}

static int put_events(struct ct_recorder *r, struct ct_err *err)
{
	struct ct_recorder_state *s = r->state;
	const struct ct_block *b = &s->block;
	size_t len = b->raw_len, stored;
	int ret;

	stored = ct_chain_pack(s->chain, s->raw, len, b->events, b->first_ns, s->stored, len);
	if (!stored) {
		ct_planes_pack(s->planes, s->raw, len, b->events);
		return put_block(r, CT_BLOCK_EVENTS, CT_CODEC_PLANES, s->planes, len, err);
	}
	ret = put_stored(r, CT_BLOCK_EVENTS, CT_CODEC_CHAIN, len, stored, err);
	if (ret)
		ct_chain_end(s->chain);
	else
		ct_chain_wrote(s->chain, b->crc32);
	return ret;
}

/* Two neighbours become one entry: the index stays small however long it is recorded. */
static void thin_out(struct ct_recorder_state *s)
{
	for (uint32_t i = 0; i < s->index.entries / 2; i++) {
		struct ct_index_entry a = s->entries[2 * i], b = s->entries[2 * i + 1];

		if (b.first_ns < a.first_ns)
			a.first_ns = b.first_ns;
		if (b.last_ns > a.last_ns)
			a.last_ns = b.last_ns;
		a.events += b.events;
		a.blocks += b.blocks;
		s->entries[i] = a;
		s->raw_bytes[i] = s->raw_bytes[2 * i] + s->raw_bytes[2 * i + 1];
	}
	s->index.entries /= 2;
	s->blocks_an_entry *= 2;
}

static void index_block(struct ct_recorder_state *s, uint64_t offset)
{
	const struct ct_block *b = &s->block;
	struct ct_index_entry *last = s->index.entries ? &s->entries[s->index.entries - 1] : NULL;

	if (last && last->blocks < s->blocks_an_entry) {
		if (b->first_ns < last->first_ns)
			last->first_ns = b->first_ns;
		if (b->last_ns > last->last_ns)
			last->last_ns = b->last_ns;
		last->events += b->events;
		last->blocks++;
		s->raw_bytes[s->index.entries - 1] += b->raw_len;
		return;
	}
	if (s->index.entries == CT_INDEX_ENTRIES_MAX)
		thin_out(s);
	s->raw_bytes[s->index.entries] = b->raw_len;
	s->entries[s->index.entries++] =
		(struct ct_index_entry){ offset, b->first_ns, b->last_ns, b->events, 1 };
}

/* What could not be written is no part of the file: it goes on without. */
static int drop_block(struct ct_recorder *r, int ret)
{
	struct ct_block *b = &r->state->block;

	if (!r->state->failed) {
		r->dropped += b->events;
		memset(b, 0, sizeof(*b));
	}
	return ret;
}

int ct_recorder_flush(struct ct_recorder *r, struct ct_err *err)
{
	struct ct_recorder_state *s = r->state;
	size_t len = s->block.raw_len;
	uint64_t offset;
	int ret;

	if (!s->block.events)
		return 0;
	ret = ct_recorder_begin(r, err);
	if (ret)
		return drop_block(r, ret);
	offset = r->bytes;
	ret = put_events(r, err);
	if (ret)
		return drop_block(r, ret);
	index_block(s, offset);
	s->index.events += s->block.events;
	s->index.raw_bytes += len;
	memset(&s->block, 0, sizeof(s->block));
	return 0;
}

int ct_recorder_write(struct ct_recorder *r, const struct ct_event *e, struct ct_err *err)
{
	struct ct_recorder_state *s = r->state;
	struct ct_block *b = &s->block;
	size_t used;

	if (b->events &&
	    (b->raw_len + e->len > sizeof(s->raw) || e->ts_ns >= b->first_ns + CT_BLOCK_FLUSH_NS)) {
		int ret = ct_recorder_flush(r, err);

		if (ret)
			return ret;
	}
	memcpy(s->raw + b->raw_len, e, e->len);
	/* What is behind the tail is nothing: it need not be as it came out of the ring. */
	used = sizeof(*e) + e->tail_len;
	memset(s->raw + b->raw_len + used, 0, e->len - used);
	b->raw_len += e->len;
	if (!b->events || e->ts_ns < b->first_ns)
		b->first_ns = e->ts_ns;
	if (e->ts_ns > b->last_ns)
		b->last_ns = e->ts_ns;
	b->events++;
	r->events++;
	if (e->kind == CT_KIND_LOST) {
		s->index.lost[e->sub < CT_LOSS_MAX ? e->sub : CT_LOSS_UNKNOWN] += e->obj;
		r->lost += e->obj;
	}
	return 0;
}

int ct_recorder_tick(struct ct_recorder *r, uint64_t now_ns, struct ct_err *err)
{
	const struct ct_recorder_state *s = r->state;

	if (!s || !s->block.events || now_ns < s->block.first_ns + CT_BLOCK_FLUSH_NS)
		return 0;
	return ct_recorder_flush(r, err);
}

static int put_index(struct ct_recorder *r, struct ct_err *err)
{
	struct ct_recorder_state *s = r->state;
	size_t len = s->index.entries * sizeof(s->entries[0]);
	struct ct_trailer trailer = { .index = r->bytes };
	own_mem char *raw = malloc(sizeof(s->index) + len);
	int ret;

	if (!raw)
		return ct_fail(err, ENOMEM, "write recording '%s': out of memory", r->path);
	s->index.losses = CT_LOSS_MAX;
	s->index.end_ns = r->end_ns ? r->end_ns : ct_mono_ns();
	memcpy(raw, &s->index, sizeof(s->index));
	memcpy(raw + sizeof(s->index), s->entries, len);
	ret = put_block(r, CT_BLOCK_INDEX, CT_CODEC_ZLIB, raw, sizeof(s->index) + len, err);
	if (ret)
		return ret;
	memcpy(trailer.magic, CT_TRAILER_MAGIC, sizeof(trailer.magic));
	return put(r, &trailer, sizeof(trailer), err);
}

/* The last entry of the index goes, and the blocks that it is of. */
static bool drop_entry(struct ct_recorder *r)
{
	struct ct_recorder_state *s = r->state;
	const struct ct_index_entry *last;

	if (s->failed || !s->index.entries)
		return false;
	last = &s->entries[--s->index.entries];
	s->index.events -= last->events;
	s->index.raw_bytes -= s->raw_bytes[s->index.entries];
	r->dropped += last->events;
	r->bytes = last->offset;
	return take_back(r);
}

/* On a full disk the end of the events makes room for what makes them a whole recording. */
static int put_end(struct ct_recorder *r, struct ct_err *err)
{
	int ret;

	do {
		ret = put_index(r, err);
	} while (is_no_room(-ret) && r->make_room && drop_entry(r));
	return ret;
}

static int finish(struct ct_recorder *r, struct ct_err *err)
{
	struct ct_recorder_state *s = take_ptr(r->state);
	int code;

	if (!s)
		return 0;
	code = -ct_recording_file_close(&s->file);
	free_state(s);
	return code ? write_failed(r, code, err) : 0;
}

int ct_recorder_close(struct ct_recorder *r, struct ct_err *err)
{
	struct ct_err second;
	int ret;

	if (!r->state || r->state->failed)
		return finish(r, err);
	ret = ct_recorder_begin(r, err);
	if (!ret)
		ret = ct_recorder_flush(r, err);
	if (!ret || (is_no_room(-ret) && !r->state->failed))
		ret = put_end(r, err);
	if (ret) {
		finish(r, &second);
		return ret;
	}
	return finish(r, err);
}

void ct_recorder_take_back(struct ct_recorder *r)
{
	if (r->state)
		r->state->begun = false;
	ct_recorder_give_up(r);
}

void ct_recorder_give_up(struct ct_recorder *r)
{
	struct ct_err ignored;

	if (r->state && !r->state->begun) {
		ct_recording_file_discard(&r->state->file);
		r->state->failed = true;
	}
	ct_recorder_close(r, &ignored);
}

int ct_recorder_leave(struct ct_recorder *r, struct ct_err *err)
{
	struct ct_err second;
	int ret = 0;

	if (r->state && !r->state->failed)
		ret = ct_recorder_begin(r, err);
	if (r->state && !r->state->failed && !ret)
		ret = ct_recorder_flush(r, err);
	if (!ret)
		return finish(r, err);
	finish(r, &second);
	return ret;
}
