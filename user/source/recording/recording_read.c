// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <libdeflate.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/core.h"
#include "source/recording/recording.h"
#include "source/recording/recording_block.h"
#include "source/recording/recording_chain.h"
#include "source/recording/recording_file.h"
#include "source/recording/recording_input.h"
#include "util/mem.h"

struct ct_reader {
	const char *name; /* borrowed */
	struct ct_input in;
	struct ct_recording_header header;
	struct libdeflate_decompressor *zlib; /* owned */
	struct ct_chain *chain; /* owned */
	char *raw, *planes; /* owned, CT_BLOCK_RAW_MAX each */
	uint64_t blocks, events;
	uint64_t end_ns;
	bool stopped; /* nobody wants more */
	bool written; /* somebody was writing it when it was opened */
	bool growing; /* and had not ended it when the end was read */
	uint64_t block_at; /* offset of the block that is read */
	struct damage {
		uint64_t at; /* offset of the first, 0: none */
		uint64_t bytes, places; /* that were skipped */
		uint64_t events; /* missing, by the index; 0: not known */
		unsigned guesses;
		struct ct_err why; /* of the first */
	} damage;
};

/* Places that look like a block behind a damaged one, that are tried: no file takes for ever. */
#define GUESSES_MAX 256

static int peek(struct ct_reader *r, size_t want, size_t *ret_got, struct ct_err *err)
{
	return ct_input_peek(&r->in, r->name, want, ret_got, err);
}

static const char *here(const struct ct_reader *r)
{
	return r->in.bytes + r->in.at;
}

static void skip(struct ct_reader *r, size_t len)
{
	r->in.at += len;
	r->in.offset += len;
}

static void terminate(struct ct_recording_header *h)
{
	h->kernel[sizeof(h->kernel) - 1] = '\0';
	h->program[sizeof(h->program) - 1] = '\0';
	h->host[sizeof(h->host) - 1] = '\0';
	h->machine[sizeof(h->machine) - 1] = '\0';
	h->command[sizeof(h->command) - 1] = '\0';
	h->plan[sizeof(h->plan) - 1] = '\0';
}

#define HEADER_CUT "it was cut off within its header"

static int no_header(const struct ct_reader *r, const char *why, struct ct_err *err)
{
	return ct_fail(err, r->written ? EINPROGRESS : ENODATA, "read '%s': %s", r->name,
		       r->written ? "it is still being written, and nothing is in it yet" : why);
}

static int check_sealed(const struct ct_reader *r, size_t got, struct ct_err *err)
{
	__u16 len = r->header.header_len;
	__u32 crc;

	if (len < CT_RECORDING_V2_LEN)
		return ct_fail(err, EINVAL, "read '%s': header length %u is impossible", r->name,
			       len);
	if (got < len)
		return no_header(r, HEADER_CUT, err);
	memcpy(&crc, here(r) + len - sizeof(crc), sizeof(crc));
#ifndef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	if (libdeflate_crc32(0, here(r), len - sizeof(crc)) != crc)
		return ct_fail(err, EBADMSG, "read '%s': its header is damaged (checksum)",
			       r->name);
#endif
	return 0;
}

/* Columns: how a packed file begins, what unpacks it. */
static const struct packed {
	const char *magic, *command;
} packings[] = {
	{ "\x1f\x8b", "gzip" },
	{ "\x28\xb5\x2f\xfd", "zstd" },
	{ "\xfd"
	  "7zXZ",
	  "xz" },
};

static int no_recording(const struct ct_reader *r, size_t got, struct ct_err *err)
{
	bool piped = !strcmp(r->name, "-");

	if (!got)
		return no_header(r, "it is empty", err);
	if (got < CT_RECORDING_V1_LEN &&
	    !memcmp(here(r), CT_RECORDING_MAGIC,
		    got < sizeof(r->header.magic) ? got : sizeof(r->header.magic)))
		return no_header(r, HEADER_CUT, err);
	for (size_t i = 0; i < CT_ARRAY_SIZE(packings); i++) {
		const struct packed *p = &packings[i];
		size_t len = strlen(p->magic);

		if (got >= len && !memcmp(here(r), p->magic, len))
			return ct_fail(err, EINVAL,
				       "read '%s': not a coldtrace recording, but packed: "
				       "%s -dc%s%s | coldtrace ... -",
				       r->name, p->command, piped ? "" : " < ",
				       piped ? "" : r->name);
	}
	return ct_fail(err, EINVAL, "read '%s': not a coldtrace recording", r->name);
}

static int read_header(struct ct_reader *r, struct ct_err *err)
{
	struct ct_recording_header *h = &r->header;
	size_t got, len;
	int ret = peek(r, UINT16_MAX, &got, err);

	if (ret)
		return ret;
	memset(h, 0, sizeof(*h));
	memcpy(h, here(r), got < CT_RECORDING_V1_LEN ? got : CT_RECORDING_V1_LEN);
	if (got < CT_RECORDING_V1_LEN || memcmp(h->magic, CT_RECORDING_MAGIC, sizeof(h->magic)))
		return no_recording(r, got, err);
	if (h->byte_order != CT_RECORDING_ORDER)
		return ct_fail(err, EINVAL,
			       "read '%s': recorded on a machine of the other byte order", r->name);
	if (h->version < CT_RECORDING_V1 || h->version > CT_RECORDING_VERSION)
		return ct_fail(err, EINVAL,
			       "read '%s': format version %u, this coldtrace reads %u to %u",
			       r->name, h->version, CT_RECORDING_V1, CT_RECORDING_VERSION);
	if (h->header_len < CT_RECORDING_V1_LEN || h->header_len % CT_EVENT_ALIGN)
		return ct_fail(err, EINVAL, "read '%s': header length %u is impossible", r->name,
			       h->header_len);
	if (h->version > CT_RECORDING_V1) {
		ret = check_sealed(r, got, err);
		if (ret)
			return ret;
		len = h->header_len - sizeof(h->crc32);
		memcpy(h, here(r), len < sizeof(*h) ? len : sizeof(*h));
	}
	terminate(h);
	skip(r, h->header_len < got ? h->header_len : got);
	return 0;
}

/* Not an error: what there is has been read. */
static int cut(struct ct_reader *r, uint64_t offset, uint64_t *ret_cut, struct ct_err *err)
{
	const char *what = r->header.version == CT_RECORDING_V1 ? "event" : "block";

	*ret_cut = offset;
	r->growing = r->written;
	ct_fail(err, EBADMSG,
		"'%s' %s: it is read up to its last whole %s, %llu bytes and %llu events", r->name,
		r->growing ? "is still being written" : "was cut off", what,
		(unsigned long long)offset, (unsigned long long)r->events);
	err->code = 0;
	return 0;
}

/* Version 1: nothing but events. */
static int run_events(struct ct_reader *r, ct_replay_fn fn, void *ctx, uint64_t *ret_cut,
		      struct ct_err *err)
{
	while (!r->stopped) {
		const struct ct_event *e;
		size_t got;
		int ret = peek(r, UINT16_MAX, &got, err);

		if (ret || !got)
			return ret;
		e = (const struct ct_event *)here(r);
		if (got < sizeof(*e) || (e->len <= CT_EVENT_LEN_MAX && e->len > got))
			return cut(r, r->in.offset, ret_cut, err);
		ret = ct_event_check(e, got, err);
		if (ret)
			return ct_wrap(err, "read '%s': offset %llu", r->name,
				       (unsigned long long)r->in.offset);
		fn(ctx, e);
		r->events++;
		skip(r, e->len);
	}
	return 0;
}

/* "block 3 at offset 4711: ..." */
static int in_block(const struct ct_reader *r, struct ct_err *err)
{
	return ct_wrap(err, "block %llu at offset %llu", (unsigned long long)r->blocks,
		       (unsigned long long)r->block_at);
}

static int damaged(const struct ct_reader *r, struct ct_err *err)
{
	in_block(r, err);
	return ct_wrap(err, "read '%s'", r->name);
}

static int run_block(struct ct_reader *r, const struct ct_block *b, ct_replay_fn fn, void *ctx,
		     struct ct_err *err)
{
	size_t at = 0;
	__u32 events = 0;

	while (at < b->raw_len) {
		const struct ct_event *e = (const struct ct_event *)(r->raw + at);

		if (ct_event_check(e, b->raw_len - at, err))
			return ct_wrap(err, "event %u", events);
		fn(ctx, e);
		events++;
		at += e->len;
	}
	r->events += events;
	if (events != b->events)
		return ct_fail(err, EBADMSG, "it has %u events and says %u", events, b->events);
	return 0;
}

static int check_index(struct ct_reader *r, const struct ct_block *b, struct ct_err *err)
{
	struct ct_index index;

	if (b->raw_len < sizeof(index))
		return ct_fail(err, EBADMSG, "an index of %u bytes is impossible", b->raw_len);
	memcpy(&index, r->raw, sizeof(index));
	if (index.entries != (b->raw_len - sizeof(index)) / sizeof(struct ct_index_entry))
		return ct_fail(err, EBADMSG, "an index of %u entries in %u bytes is impossible",
			       index.entries, b->raw_len);
	if (r->damage.at && index.events > r->events)
		r->damage.events = index.events - r->events;
	else if (index.events != r->events)
		return ct_fail(err, EBADMSG,
			       "the index counts %llu events, %llu are there: blocks are missing",
			       (unsigned long long)index.events, (unsigned long long)r->events);
	r->end_ns = index.end_ns;
	return 0;
}

bool ct_reader_is_growing(const struct ct_reader *reader)
{
	return reader->growing && !reader->damage.at;
}

bool ct_reader_is_damaged(const struct ct_reader *reader)
{
	return reader->damage.at != 0;
}

uint64_t ct_reader_blocks(const struct ct_reader *reader)
{
	return reader->blocks;
}

uint64_t ct_reader_end_ns(const struct ct_reader *reader)
{
	return reader->end_ns;
}

/* Whether nothing follows the block that is read: then it may be the one that was not finished. */
static bool is_last(struct ct_reader *r, const struct ct_block *b)
{
	size_t whole = sizeof(*b) + b->stored_len, got = 0;
	struct ct_err ignored;

	return !peek(r, whole + 1, &got, &ignored) && got == whole;
}

/* What lies between `at` and what is read next is left out. */
static void leave_out(struct ct_reader *r, uint64_t at, const struct ct_err *why)
{
	if (!r->damage.at) {
		r->damage.why = *why;
		r->damage.at = at;
	}
	r->damage.bytes += r->in.offset - at;
	r->damage.places++;
}

/* Behind the index. What is wrong with it itself loses no event. */
static int run_trailer(struct ct_reader *r, uint64_t *ret_cut, struct ct_err *err)
{
	uint64_t at = r->in.offset;
	struct ct_trailer trailer;
	size_t got = 0;
	int ret = peek(r, sizeof(trailer) + 1, &got, err);

	if (ret)
		return ret;
	if (got < sizeof(trailer))
		return cut(r, at, ret_cut, err);
	if (got > sizeof(trailer))
		return ct_fail(err, EBADMSG,
			       "read '%s': something follows its end at offset %llu; were "
			       "recordings put together?",
			       r->name, (unsigned long long)at + sizeof(trailer));
	memcpy(&trailer, here(r), sizeof(trailer));
	skip(r, sizeof(trailer));
	if (!memcmp(trailer.magic, CT_TRAILER_MAGIC, sizeof(trailer.magic)) &&
	    trailer.index == r->block_at)
		return 0;
	ct_fail(err, EBADMSG, "offset %llu: its trailer is damaged", (unsigned long long)at);
	leave_out(r, at, err);
	return 0;
}

/* Whether a whole block begins here, and it can be read. */
static bool is_block(struct ct_reader *r)
{
	struct ct_err ignored;
	struct ct_block b;
	size_t got = 0;

	if (peek(r, sizeof(b), &got, &ignored) || got < sizeof(b))
		return false;
	memcpy(&b, here(r), sizeof(b));
	return !ct_block_check(&b, &ignored) &&
	       !peek(r, sizeof(b) + b.stored_len, &got, &ignored) &&
	       got >= sizeof(b) + b.stored_len &&
	       !ct_block_sum(&b, here(r) + sizeof(b), &ignored) &&
	       ct_chain_stands_alone(&b, here(r) + sizeof(b));
}

/* Goes on to the next whole block; false when there is none. */
static bool find_block(struct ct_reader *r)
{
	const size_t magic = sizeof(((struct ct_block *)0)->magic);
	struct ct_err ignored;
	size_t got = 0;

	while (!peek(r, CT_BLOCK_RAW_MAX, &got, &ignored) && got >= magic) {
		const char *at = memmem(here(r), got, CT_BLOCK_MAGIC, magic);

		if (!at) {
			skip(r, got - magic + 1);
			continue;
		}
		skip(r, (size_t)(at - here(r)));
		if (is_block(r))
			return true;
		if (++r->damage.guesses > GUESSES_MAX)
			return false;
		skip(r, 1);
	}
	return false;
}

/* Something is wrong with the block at block_at, err says what: whether there is one behind it. */
static bool go_on(struct ct_reader *r, const struct ct_err *why)
{
	struct ct_err err = *why, ignored;
	size_t got = 0;

	if (r->in.offset == r->block_at && !peek(r, 1, &got, &ignored) && got)
		skip(r, 1);
	if (!find_block(r))
		return false;
	in_block(r, &err);
	leave_out(r, r->block_at, &err);
	return true;
}

/* As go_on(), where there is none: the index is damaged, or everything from here on is. */
static void give_up(struct ct_reader *r, struct ct_err *why)
{
	struct ct_err ignored;
	size_t got = 0;

	while (!peek(r, CT_BLOCK_RAW_MAX, &got, &ignored) && got)
		skip(r, got);
	in_block(r, why);
	leave_out(r, r->block_at, why);
}

enum went {
	WENT_WELL,
	WENT_WRONG, /* the error says what is wrong with the block */
	WENT_CUT, /* the block is not all there, or it is the end */
	WENT_TO_END /* or cannot go on: the error is that of the reader */
};

static enum went run_one(struct ct_reader *r, ct_replay_fn fn, void *ctx, uint64_t *ret_cut,
			 struct ct_err *err)
{
	struct ct_block b;
	size_t got = 0;

	err->code = peek(r, sizeof(b), &got, err);
	if (err->code)
		return WENT_TO_END;
	r->block_at = r->in.offset;
	if (got < sizeof(b))
		return WENT_CUT;
	memcpy(&b, here(r), sizeof(b));
	if (ct_block_never_written(&b))
		return WENT_CUT;
	if (ct_block_check(&b, err))
		return WENT_WRONG;
	err->code = peek(r, sizeof(b) + b.stored_len, &got, err);
	if (err->code)
		return WENT_TO_END;
	if (got < sizeof(b) + b.stored_len)
		return WENT_CUT;
	if (ct_block_sum(&b, here(r) + sizeof(b), err))
		return is_last(r, &b) ? WENT_CUT : WENT_WRONG;
	if (b.kind <= CT_BLOCK_INDEX &&
	    ct_block_decode(r->zlib, r->chain, &b, here(r) + sizeof(b), r->raw, r->planes, err)) {
		if (err->code != -ENOTSUP)
			return WENT_WRONG;
		damaged(r, err);
		return WENT_TO_END;
	}
	skip(r, sizeof(b) + b.stored_len);
	if (b.kind == CT_BLOCK_EVENTS && run_block(r, &b, fn, ctx, err))
		return WENT_WRONG;
	if (b.kind == CT_BLOCK_INDEX) {
		err->code =
			check_index(r, &b, err) ? damaged(r, err) : run_trailer(r, ret_cut, err);
		return WENT_TO_END;
	}
	return WENT_WELL;
}

/* Not an error: what could be read has been. */
static int skipped(const struct ct_reader *r, uint64_t *ret_cut, struct ct_err *err)
{
	const struct damage *d = &r->damage;
	char events[64] = "";

	if (d->events)
		snprintf(events, sizeof(events), " (%llu events)", (unsigned long long)d->events);
	*err = d->why;
	ct_wrap(err, "'%s' is damaged: %llu bytes in %llu place%s were skipped%s%s, the first",
		r->name, (unsigned long long)d->bytes, (unsigned long long)d->places,
		d->places == 1 ? "" : "s", events, *ret_cut ? " and it was cut off" : "");
	err->code = 0;
	*ret_cut = d->at;
	return 0;
}

static int run_blocks(struct ct_reader *r, ct_replay_fn fn, void *ctx, uint64_t *ret_cut,
		      struct ct_err *err)
{
	enum went went = WENT_WELL;
	int ret = 0;

	for (; !r->stopped && (went = run_one(r, fn, ctx, ret_cut, err)) != WENT_TO_END;
	     r->blocks++) {
		uint64_t at = r->block_at;

		if (went == WENT_CUT)
			ct_fail(err, EBADMSG, "it is not all there");
		/* Of what is being written more may be there by now: no sign of damage. */
		if (went == WENT_WELL || (!(went == WENT_CUT && r->written) && go_on(r, err)))
			continue;
		if (went == WENT_WRONG && !r->events)
			return damaged(r, err);
		if (went == WENT_WRONG)
			give_up(r, err);
		else
			cut(r, at, ret_cut, err);
		break;
	}
	if (went == WENT_TO_END)
		ret = err->code;
	return !ret && r->damage.at ? skipped(r, ret_cut, err) : ret;
}

int ct_reader_run(struct ct_reader *reader, ct_replay_fn fn, void *ctx, uint64_t *ret_cut,
		  struct ct_err *err)
{
	*ret_cut = 0;
	return reader->header.version == CT_RECORDING_V1
		       ? run_events(reader, fn, ctx, ret_cut, err)
		       : run_blocks(reader, fn, ctx, ret_cut, err);
}

void ct_reader_stop(struct ct_reader *reader)
{
	reader->stopped = true;
}

static struct ct_reader *reader_new(const char *name, size_t room)
{
	struct ct_reader *r = calloc(1, sizeof(*r));

	if (!r)
		return NULL;
	r->name = name;
	r->in.fd = -1;
	r->zlib = libdeflate_alloc_decompressor();
	r->chain = ct_chain_new(false);
	r->raw = malloc(CT_BLOCK_RAW_MAX);
	r->planes = malloc(CT_BLOCK_RAW_MAX);
	r->in.room = room ? malloc(room) : NULL;
	r->in.bytes = r->in.room;
	if (r->zlib && r->chain && r->raw && r->planes && (r->in.room || !room))
		return r;
	ct_reader_close(r);
	return NULL;
}

static int cannot_open(const char *path, int code, struct ct_err *err)
{
	return ct_fail(err, code, "open recording '%s': %s%s", path, strerror(code),
		       code == EMFILE ? "; raise the limit with 'ulimit -n'" : "");
}

int ct_reader_open(struct ct_reader **ret_reader, const char *path, struct ct_err *err)
{
	struct ct_reader *r = reader_new(path, CT_INPUT_ROOM);
	int ret;

	if (!r)
		return ct_fail(err, ENOMEM, "open recording '%s': out of memory", path);
	r->in.fd = strcmp(path, "-") != 0 ? open(path, O_RDONLY | O_CLOEXEC)
					  : fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0);
	ret = r->in.fd < 0 ? cannot_open(path, errno, err) : 0;
	/* Before it is read: who ends it meanwhile is not taken for one who died. */
	r->written = !ret && ct_recording_is_written(r->in.fd);
	if (!ret)
		ret = read_header(r, err);
	if (ret) {
		ct_reader_close(r);
		return ret;
	}
	*ret_reader = r;
	return 0;
}

const struct ct_recording_header *ct_reader_header(const struct ct_reader *reader)
{
	return &reader->header;
}

void ct_reader_release(struct ct_reader *reader)
{
	if (reader->in.fd >= 0)
		close(take_fd(reader->in.fd));
	if (reader->zlib)
		libdeflate_free_decompressor(take_ptr(reader->zlib));
	ct_chain_free(take_ptr(reader->chain));
	free(take_ptr(reader->in.room));
	free(take_ptr(reader->raw));
	free(take_ptr(reader->planes));
}

void ct_reader_close(struct ct_reader *reader)
{
	if (!reader)
		return;
	ct_reader_release(reader);
	free(reader);
}

int ct_replay_bytes(const char *name, const void *bytes, size_t len,
		    struct ct_recording_header *ret_header, ct_replay_fn fn, void *ctx,
		    uint64_t *ret_cut, struct ct_err *err)
{
	struct ct_reader *r = reader_new(name, 0);
	int ret;

	if (!r)
		return ct_fail(err, ENOMEM, "read '%s': out of memory", name);
	r->in.bytes = bytes;
	r->in.end = len;
	ret = read_header(r, err);
	if (!ret) {
		*ret_header = r->header;
		ret = ct_reader_run(r, fn, ctx, ret_cut, err);
	}
	ct_reader_close(r);
	return ret;
}
