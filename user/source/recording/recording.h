/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording: a header, then blocks of events, byte for byte as they came, then an index of the
 * blocks and a trailer. Everything can be computed from it again. docs/recording.md has the
 * format. The reader trusts nothing in it: recordings come from anywhere.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ct_event.h"
#include "util/err.h"

#define CT_RECORDING_MAGIC   "coldtrac"
#define CT_RECORDING_ORDER   0x01020304u
#define CT_RECORDING_VERSION 2
#define CT_RECORDING_MINOR   2
/* Version 1: the header's first 128 bytes, then the events alone. */
#define CT_RECORDING_V1     1
#define CT_RECORDING_V1_LEN 128
/* Minor version 0 of version 2. */
#define CT_RECORDING_V2_LEN 752

/* The last 4 bytes before header_len are the CRC-32 of those before it. */
#define CT_DEEP_STEPS 1u
#define CT_DEEP_WHY   2u

/* Of the header's flags. */
#define CT_RECORDING_DISTILLED 1u /* of messages and arguments only what marks need was kept */

#define CT_COMMAND_LEN         512

struct ct_recording_header {
	char magic[8];
	__u32 byte_order;
	__u16 version; /* changes when old bytes change meaning */
	__u16 header_len; /* blocks begin here: later minor versions add before the CRC */
	__s64 wall_minus_mono_ns;
	__u64 begin_ns; /* CLOCK_MONOTONIC: nothing is missed from then on */
	__u32 depth; /* CT_DEEP_*; 0: phases alone */
	__u16 minor; /* changes when something is added that a reader may skip */
	__u16 reserved;
	char kernel[64]; /* uname -r, NUL-terminated as all of these */
	char program[24]; /* version of coldtrace */
	/* Version 1 ends here; what follows is zero for it. */
	__u32 clock_error_ns; /* how far wall_minus_mono_ns may be off */
	__u32 cpus; /* online */
	__u64 node; /* hash of /etc/machine-id: tells hosts apart, 0 if not known */
	__u64 boot; /* hash of the boot id: times of one boot can be compared */
	char host[64]; /* its name */
	char machine[16]; /* uname -m */
	char command[CT_COMMAND_LEN]; /* of coldtrace; of a program to trace its name alone */
	/* Minor version 0 ends here; what follows is zero for it. */
	__u32 carried; /* so many events at its begin tell what was known before, see below */
	__u32 flags; /* CT_RECORDING_* */
	__u64 series; /* files that follow one another without a gap share it; 0: it is alone */
	__u32 sequence; /* of the file among them, from 0 */
	__u32 pid; /* of who recorded, in its pid namespace */
	char plan[16]; /* enum ct_plan_name by its name; empty: not known */
	__u32 attach_us; /* from the first probe until begin_ns; 0: not known */
	__u32 crc32;
};
_Static_assert(sizeof(struct ct_recording_header) == 792, "the header is an ABI");
_Static_assert(offsetof(struct ct_recording_header, carried) == CT_RECORDING_V2_LEN - 8,
	       "it was unused, and zero");
_Static_assert(offsetof(struct ct_recording_header, clock_error_ns) == CT_RECORDING_V1_LEN,
	       "version 1 begins it");

#define CT_BLOCK_MAGIC     "ctbk"
#define CT_BLOCK_RAW_MAX   (1u << 20) /* no reader allocates more for one */
#define CT_BLOCK_FLUSH_LEN (256u << 10)
#define CT_BLOCK_FLUSH_NS  1000000000ull

enum ct_block_kind {
	CT_BLOCK_EVENTS = 0,
	CT_BLOCK_INDEX = 1 /* the last one */
};

enum ct_block_codec {
	CT_CODEC_RAW = 0,
	CT_CODEC_ZLIB = 1, /* RFC 1950 */
	CT_CODEC_PLANES = 2, /* the same, of events in the order of recording_planes.h */
	CT_CODEC_CHAIN = 3 /* what is new against the blocks before, see recording_chain.h */
};

/* Followed by stored_len bytes, which decode to raw_len. A reader skips a kind it does not know. */
struct ct_block {
	char magic[4];
	__u32 raw_len; /* at most CT_BLOCK_RAW_MAX */
	__u32 stored_len; /* at most raw_len */
	__u16 kind; /* enum ct_block_kind */
	__u16 codec; /* enum ct_block_codec */
	__u32 crc32; /* of this, with 0 here, and of what is stored */
	__u32 events;
	__u64 first_ns; /* least and greatest ts_ns of its events, 0 if it has none */
	__u64 last_ns;
};
_Static_assert(sizeof(struct ct_block) == 40, "a block is an ABI");

/* The index block: this, then its entries. */
struct ct_index {
	__u64 events; /* in all blocks */
	__u64 raw_bytes;
	__u64 end_ns; /* CLOCK_MONOTONIC, when the recording was closed */
	__u32 entries;
	__u32 losses; /* how many of lost[] are in use */
	__u64 lost[16]; /* by enum ct_loss: sum of the LOST events */
};
_Static_assert(sizeof(struct ct_index) == 160, "the index is an ABI");
_Static_assert(CT_LOSS_MAX <= 16, "every cause has room");

/* A run of blocks: of one as long as the index has room, then of 2, 4, ... */
struct ct_index_entry {
	__u64 offset; /* of the first, from the begin of the file */
	__u64 first_ns;
	__u64 last_ns;
	__u32 events;
	__u32 blocks;
};
_Static_assert(sizeof(struct ct_index_entry) == 32, "an entry is an ABI");

#define CT_INDEX_ENTRIES_MAX 8192

#define CT_TRAILER_MAGIC     "ctracend"

struct ct_trailer {
	__u64 index; /* offset of its block */
	char magic[8];
};
_Static_assert(sizeof(struct ct_trailer) == 16, "the trailer is an ABI");

/* What it holds, for people: "phases", "steps", "phases and waits", "steps and waits". */
const char *ct_depth_name(unsigned int depth);

/* This host and this moment. */
void ct_recording_header_fill(struct ct_recording_header *header, unsigned int depth);
/*
 * Cuts a command line behind the name of the program that is traced: its arguments are nobody
 * else's, passwords among them; so is who asks a collector. Older versions kept them.
 */
void ct_recording_command_cut(char *command);
/* Writes the CRC; ct_recorder_open() does. */
void ct_recording_header_seal(struct ct_recording_header *header);

/*
 * Writes block by block, each with one write: what is cut off at any time is a recording up to
 * its last whole block. Begins as { 0 }.
 */
struct ct_recorder {
	const char *path; /* borrowed */
	struct ct_recorder_state *state; /* owned, NULL: closed */
	uint64_t events, bytes, lost; /* written until now; bytes are those of the file */
	uint64_t end_ns; /* what is closed ended then; 0: when it is closed */
	/*
	 * Called when the disk is full: true when there is more room now. With it a full disk is no
	 * end: -ENOSPC says that a block was dropped, and its events are counted.
	 */
	bool (*make_room)(void *ctx); /* NULL: nobody */
	void *make_room_ctx;
	uint64_t dropped; /* events that are not in the file after all */
};

/*
 * "-" is stdout; a terminal is refused. Of a file only its owner may read it then, and nobody else
 * write it: -EBUSY, while another recorder does. What it holds stays until the recording begins.
 * The header's version and length are set.
 */
int ct_recorder_open(struct ct_recorder *r, const char *path,
		     const struct ct_recording_header *header, struct ct_err *err);
/* To be filled in further until it begins; NULL when it is closed. */
struct ct_recording_header *ct_recorder_header(struct ct_recorder *r);
/*
 * Empties the file and writes the header; does nothing when that is done. What is written, and
 * ct_recorder_close(), begin it too: at the latest when the first block is full.
 */
int ct_recorder_begin(struct ct_recorder *r, struct ct_err *err);
int ct_recorder_write(struct ct_recorder *r, const struct ct_event *e, struct ct_err *err);
/* What waits for its block to be full is written now. */
int ct_recorder_flush(struct ct_recorder *r, struct ct_err *err);
/* Time passed: what waits for its block to be full longer than CT_BLOCK_FLUSH_NS is written. */
int ct_recorder_tick(struct ct_recorder *r, uint64_t now_ns, struct ct_err *err);
/*
 * Writes what is left, the index and the trailer; after a failed write neither, the recording is
 * then one that was cut off. Does nothing when it is closed.
 */
int ct_recorder_close(struct ct_recorder *r, struct ct_err *err);
/* Writes what is left and no more: it reads as one that was cut off, as what it is made of did. */
int ct_recorder_leave(struct ct_recorder *r, struct ct_err *err);
/*
 * Closes it after a failure: what has not begun leaves the file as it was, or none where there was
 * none.
 */
void ct_recorder_give_up(struct ct_recorder *r);
/* The same, and a file that was made here goes although it has begun. */
void ct_recorder_take_back(struct ct_recorder *r);

typedef void (*ct_replay_fn)(void *ctx, const struct ct_event *e);

struct ct_reader;

/*
 * Opens, reads and checks the header. "-" is stdin; pipes are fine. -ENODATA: it ends before its
 * header does; when somebody is writing it, -EINPROGRESS.
 */
int ct_reader_open(struct ct_reader **ret_reader, const char *path, struct ct_err *err);
const struct ct_recording_header *ct_reader_header(const struct ct_reader *reader);

/*
 * Reads the rest, once, in constant memory. Events of kinds that this program does not know are
 * handed over too; each is valid during the call only.
 *
 * A recording that was cut off is read up to its last whole block: 0, *ret_cut is the offset at
 * which what can be read ends, and err->msg is a sentence about it. *ret_cut is 0 when the
 * recording is whole. A block that is damaged, with whole blocks behind it, is skipped: *ret_cut is
 * its offset, and the sentence says what is missing. Anything else that is wrong is an error that
 * names the block and the offset; what came before it has been handed over.
 */
int ct_reader_run(struct ct_reader *reader, ct_replay_fn fn, void *ctx, uint64_t *ret_cut,
		  struct ct_err *err);

/* For its fn: no block behind this one is read, and the recording is taken to end here. */
void ct_reader_stop(struct ct_reader *reader);

/*
 * Of one that was found to be cut off: somebody was writing it when it was opened, so nothing is
 * missing.
 */
bool ct_reader_is_growing(const struct ct_reader *reader);

/* Something in the midst of it could not be read. */
bool ct_reader_is_damaged(const struct ct_reader *reader);

/* When the recording was ended, CLOCK_MONOTONIC ns; 0 before it is read, or if it was cut off. */
uint64_t ct_reader_end_ns(const struct ct_reader *reader);
/* Of one that has been read: gives back its memory and the file, but not what it says of it. */
void ct_reader_release(struct ct_reader *reader);
uint64_t ct_reader_blocks(const struct ct_reader *reader); /* that were read */
void ct_reader_close(struct ct_reader *reader); /* NULL is fine */

/* Open, run, close. */
int ct_replay(const char *path, struct ct_recording_header *ret_header, ct_replay_fn fn, void *ctx,
	      uint64_t *ret_cut, struct ct_err *err);

/* The same on bytes in memory, aligned as malloc() does; name is for messages. */
int ct_replay_bytes(const char *name, const void *bytes, size_t len,
		    struct ct_recording_header *ret_header, ct_replay_fn fn, void *ctx,
		    uint64_t *ret_cut, struct ct_err *err);

/* Reads and checks the header alone. */
int ct_recording_peek(const char *path, struct ct_recording_header *ret_header, struct ct_err *err);
