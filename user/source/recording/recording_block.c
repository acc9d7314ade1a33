// SPDX-License-Identifier: GPL-2.0-only
#include "source/recording/recording_block.h"

#include <errno.h>
#include <libdeflate.h>
#include <string.h>

#include "source/recording/recording_chain.h"
#include "source/recording/recording_planes.h"

bool ct_block_never_written(const struct ct_block *b)
{
	static const struct ct_block nothing;

	return !memcmp(b, &nothing, sizeof(nothing));
}

int ct_block_check(const struct ct_block *b, struct ct_err *err)
{
	if (memcmp(b->magic, CT_BLOCK_MAGIC, sizeof(b->magic)))
		return ct_fail(err, EBADMSG, "no block begins here");
	if (b->raw_len > CT_BLOCK_RAW_MAX || b->stored_len > b->raw_len ||
	    b->events > b->raw_len / sizeof(struct ct_event))
		return ct_fail(err, EBADMSG, "%u bytes stored as %u with %u events are impossible",
			       b->raw_len, b->stored_len, b->events);
	return 0;
}

int ct_block_sum(const struct ct_block *b, const char *stored, struct ct_err *err)
{
	struct ct_block zeroed = *b;
	__u32 crc;

	zeroed.crc32 = 0;
	crc = libdeflate_crc32(0, &zeroed, sizeof(zeroed));
	crc = libdeflate_crc32(crc, stored, b->stored_len);
#ifdef FUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION
	crc = b->crc32; /* no fuzzer finds what is behind a checksum */
#endif
	if (crc != b->crc32)
		return ct_fail(err, EBADMSG, "it is damaged (checksum)");
	return 0;
}

#define ZLIB_HEAD 2 /* RFC 1950: CMF, FLG */
#define ZLIB_TAIL 4 /* Adler-32: not computed again, the block's CRC-32 has been checked */

static bool inflate(struct libdeflate_decompressor *zlib, const char *stored, size_t len, char *to,
		    size_t want)
{
	const unsigned char *head = (const unsigned char *)stored;
	size_t got = 0;

	if (len < ZLIB_HEAD + ZLIB_TAIL || (head[0] & 0x0f) != 8 || (head[1] & 0x20) ||
	    (head[0] << 8 | head[1]) % 31)
		return false;
	return libdeflate_deflate_decompress(zlib, stored + ZLIB_HEAD, len - ZLIB_HEAD - ZLIB_TAIL,
					     to, want, &got) == LIBDEFLATE_SUCCESS &&
	       got == want;
}

int ct_block_decode(struct libdeflate_decompressor *zlib, struct ct_chain *chain,
		    const struct ct_block *b, const char *stored, char *raw, char *planes,
		    struct ct_err *err)
{
	char *to = b->codec == CT_CODEC_PLANES ? planes : raw;

	switch (b->codec) {
	case CT_CODEC_RAW:
		if (b->stored_len != b->raw_len)
			break;
		memcpy(raw, stored, b->raw_len);
		return 0;
	case CT_CODEC_ZLIB:
	case CT_CODEC_PLANES:
		if (!inflate(zlib, stored, b->stored_len, to, b->raw_len))
			break;
		if (to == planes && !ct_planes_unpack(raw, to, b->raw_len, b->events))
			return ct_fail(err, EBADMSG, "the lengths of its events do not add up");
		return 0;
	case CT_CODEC_CHAIN:
		return ct_chain_unpack(chain, b, stored, raw, planes, err);
	default:
		return ct_fail(err, ENOTSUP, "codec %u is not known; use a newer coldtrace",
			       b->codec);
	}
	return ct_fail(err, EBADMSG, "its %u bytes do not decode to %u", b->stored_len, b->raw_len);
}
