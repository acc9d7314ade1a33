// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_chain.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "source/recording/recording_rows.h"

/* What a higher one makes smaller, 3 % at most, takes ten times as long. */
#define LEVEL       6
#define WINDOW_LOG  20 /* as much as a chain holds, and no reader allocates more */
#define TABLE_LOG   16

#define COUNT_MAX   (CT_BLOCK_FLUSH_LEN / sizeof(struct ct_event))
#define NUMBERS_MAX (COUNT_MAX * 96)

struct ct_chain {
	ZSTD_CCtx *zip; /* owned, of who writes */
	ZSTD_DCtx *unzip; /* owned, of who reads */
	__u32 after; /* CRC of the last block, 0: none */
	size_t len; /* of its events until now */
	uint64_t begin_ns;
	struct ct_rows_memory memory;
	struct packing *packing; /* owned, of who writes */
};

/* Where the parts of a block are put. */
struct packing {
	uint8_t heads[COUNT_MAX * (CT_ROW_LEN + CT_ROW_PLANES)];
	uint8_t numbers[NUMBERS_MAX];
	uint8_t text[2 * CT_BLOCK_FLUSH_LEN];
	uint8_t durs[2 * COUNT_MAX];
	uint8_t words[CT_BLOCK_FLUSH_LEN];
};
_Static_assert(COUNT_MAX *(CT_ROW_LEN + CT_ROW_PLANES) + NUMBERS_MAX + 2 * CT_BLOCK_FLUSH_LEN <=
		       CT_BLOCK_RAW_MAX,
	       "what is written can be read");

static bool prepare(struct ct_chain *c, bool write)
{
	if (!write) {
		c->unzip = ZSTD_createDCtx();
		return c->unzip && !ZSTD_isError(ZSTD_DCtx_setParameter(
					   c->unzip, ZSTD_d_windowLogMax, WINDOW_LOG));
	}
	c->packing = malloc(sizeof(*c->packing));
	c->zip = ZSTD_createCCtx();
	return c->packing && c->zip &&
	       !ZSTD_isError(ZSTD_CCtx_setParameter(c->zip, ZSTD_c_compressionLevel, LEVEL)) &&
	       !ZSTD_isError(ZSTD_CCtx_setParameter(c->zip, ZSTD_c_windowLog, WINDOW_LOG)) &&
	       !ZSTD_isError(ZSTD_CCtx_setParameter(c->zip, ZSTD_c_hashLog, TABLE_LOG)) &&
	       !ZSTD_isError(ZSTD_CCtx_setParameter(c->zip, ZSTD_c_chainLog, TABLE_LOG));
}

struct ct_chain *ct_chain_new(bool write)
{
	struct ct_chain *c = calloc(1, sizeof(*c));

	if (c && !prepare(c, write)) {
		ct_chain_free(c);
		c = NULL;
	}
	return c;
}

void ct_chain_free(struct ct_chain *chain)
{
	if (!chain)
		return;
	ZSTD_freeCCtx(chain->zip);
	ZSTD_freeDCtx(chain->unzip);
	free(chain->packing);
	free(chain);
}

void ct_chain_end(struct ct_chain *chain)
{
	chain->after = 0;
}

void ct_chain_wrote(struct ct_chain *chain, __u32 crc)
{
	chain->after = crc;
}

static void begin(struct ct_chain *c, uint64_t ts_ns)
{
	c->after = 0;
	c->len = 0;
	c->begin_ns = ts_ns;
	ct_rows_begin(&c->memory);
	if (c->zip)
		ZSTD_CCtx_reset(c->zip, ZSTD_reset_session_only);
	else
		ZSTD_DCtx_reset(c->unzip, ZSTD_reset_session_only);
}

static struct ct_bytes bytes(void *at, size_t len)
{
	return (struct ct_bytes){ at, (uint8_t *)at + len };
}

static bool zip(struct ct_chain *c, ZSTD_outBuffer *out, const void *what, size_t len,
		ZSTD_EndDirective how)
{
	ZSTD_inBuffer in = { what, len, 0 };
	size_t left;

	do {
		left = ZSTD_compressStream2(c->zip, out, &in, how);
		if (ZSTD_isError(left) || out->pos == out->size)
			return false;
	} while (how == ZSTD_e_flush ? left > 0 : in.pos < in.size);
	return true;
}

static bool append(ZSTD_outBuffer *out, const void *what, size_t len)
{
	if (len >= out->size - out->pos)
		return false;
	memcpy((char *)out->dst + out->pos, what, len);
	out->pos += len;
	return true;
}

static size_t used(const struct ct_bytes *b, const uint8_t *begin)
{
	return (size_t)(b->at - begin);
}

static size_t pack(struct ct_chain *c, const char *events, size_t len, uint32_t count, char *to,
		   size_t room)
{
	struct ct_chain_head head = { .after = c->after };
	struct packing *p = c->packing;
	uint8_t *times = (uint8_t *)to + sizeof(head);
	ZSTD_outBuffer out = { to, room, sizeof(head) + 2 * (size_t)count };
	struct ct_rows rows = {
		.heads = bytes(p->heads, sizeof(p->heads)),
		.numbers = bytes(p->numbers, sizeof(p->numbers)),
		.text = bytes(p->text, sizeof(p->text)),
		.durs = bytes(p->durs, sizeof(p->durs)),
		.words = bytes(p->words, sizeof(p->words)),
	};
	size_t heads = (size_t)count * (CT_ROW_LEN + CT_ROW_PLANES), text;

	if (out.pos >= room)
		return 0;
	rows.times = bytes(times, 2 * (size_t)count);
	if (!ct_rows_pack(&c->memory, &rows, events, len, count))
		return 0;
	text = used(&rows.text, p->text);
	head.numbers_len = (__u32)used(&rows.numbers, p->numbers);
	head.durs_len = (__u32)used(&rows.durs, p->durs);
	head.words_len = (__u32)used(&rows.words, p->words);
	head.mixed_len = (__u32)(heads + head.numbers_len + text);
	memcpy(to, &head, sizeof(head));
	if (!append(&out, p->durs, head.durs_len) || !append(&out, p->words, head.words_len) ||
	    !zip(c, &out, p->heads, heads, ZSTD_e_continue) ||
	    !zip(c, &out, p->numbers, head.numbers_len, ZSTD_e_continue) ||
	    !zip(c, &out, p->text, text, ZSTD_e_flush))
		return 0;
	return out.pos;
}

size_t ct_chain_pack(struct ct_chain *chain, const char *events, size_t len, uint32_t count,
		     uint64_t ts_ns, char *to, size_t room)
{
	size_t stored;

	if (!chain->after || chain->len + len > CT_CHAIN_LEN ||
	    ts_ns - chain->begin_ns >= CT_CHAIN_NS)
		begin(chain, ts_ns);
	chain->len += len;
	stored = pack(chain, events, len, count, to, room);
	if (!stored)
		ct_chain_end(chain);
	return stored;
}

bool ct_chain_stands_alone(const struct ct_block *b, const char *stored)
{
	struct ct_chain_head head;

	if (b->kind != CT_BLOCK_EVENTS || b->codec != CT_CODEC_CHAIN ||
	    b->stored_len < sizeof(head))
		return true;
	memcpy(&head, stored, sizeof(head));
	return !head.after;
}

static bool unzip(struct ct_chain *c, const char *stored, size_t len, char *to, size_t want)
{
	ZSTD_outBuffer out = { to, want, 0 };
	ZSTD_inBuffer in = { stored, len, 0 };

	while (in.pos < in.size || out.pos < out.size) {
		size_t before = in.pos + out.pos;

		if (ZSTD_isError(ZSTD_decompressStream(c->unzip, &out, &in)) ||
		    in.pos + out.pos == before)
			return false;
	}
	return true;
}

static bool unpack(struct ct_chain *c, const struct ct_block *b, const struct ct_chain_head *head,
		   const char *stored, char *raw, char *mixed)
{
	size_t heads = (size_t)b->events * (CT_ROW_LEN + CT_ROW_PLANES);
	size_t times = 2 * (size_t)b->events, left = b->stored_len - sizeof(*head);
	char *at = (char *)stored + sizeof(*head);
	struct ct_rows rows;

	if (left < times || left - times < head->durs_len ||
	    left - times - head->durs_len < head->words_len || head->mixed_len > CT_BLOCK_RAW_MAX ||
	    head->mixed_len < heads || head->mixed_len - heads < head->numbers_len)
		return false;
	rows.times = bytes(at, times);
	rows.durs = bytes(at + times, head->durs_len);
	rows.words = bytes(at + times + head->durs_len, head->words_len);
	left -= times + head->durs_len + head->words_len;
	if (!unzip(c, (const char *)rows.words.end, left, mixed, head->mixed_len))
		return false;
	rows.heads = bytes(mixed, heads);
	rows.numbers = bytes(mixed + heads, head->numbers_len);
	rows.text = bytes(mixed + heads + head->numbers_len,
			  head->mixed_len - heads - head->numbers_len);
	return ct_rows_unpack(&c->memory, &rows, raw, b->raw_len, b->events);
}

int ct_chain_unpack(struct ct_chain *chain, const struct ct_block *b, const char *stored, char *raw,
		    char *mixed, struct ct_err *err)
{
	struct ct_chain_head head;
	__u32 before = chain->after;

	ct_chain_end(chain);
	if (b->stored_len < sizeof(head))
		return ct_fail(err, EBADMSG, "%u bytes are no part of a chain", b->stored_len);
	memcpy(&head, stored, sizeof(head));
	if (head.after && head.after != before)
		return ct_fail(err, EBADMSG, "what it builds on was not read");
	if (!head.after)
		begin(chain, b->first_ns);
	if (!unpack(chain, b, &head, stored, raw, mixed))
		return ct_fail(err, EBADMSG, "its %u bytes do not decode to %u", b->stored_len,
			       b->raw_len);
	chain->after = b->crc32;
	return 0;
}
