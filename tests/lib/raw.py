#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""raw.py FILE.ct...: every byte of recordings, decompressed, to stdout; nothing of coldtrace is used.

A header, then blocks of 40 bytes and what is stored in them: docs/recording.md."""
import struct
import sys
import zlib

import zstandard

HEADS = 56  # of an event; codec 2 keeps these apart from the tails, in planes


ROWS = 12  # bytes of an event of codec 3, before its numbers and its tail
WORD = 0xfe


class Chain:
    """Blocks of codec 3 build on one another: pieces of one stream, and words that came before."""

    def unpack(self, body, events):
        after, length, numbers, durations, new = struct.unpack_from("<5I", body)
        at = 20 + 2 * events + durations
        if not after:
            self.stream = zstandard.ZstdDecompressor(max_window_size=1 << 20).decompressobj()
            self.words = []
        out = self.stream.decompress(body[at + new:])
        if len(out) != length:
            sys.exit("raw.py: a stream of %d bytes says %d" % (len(out), length))
        return out + self.text(out[events * ROWS + numbers:], body[at:at + new])

    def text(self, text, new):
        """With words in their places: ids, and numbers in the names of files."""
        parts = text.split(bytes([WORD]))
        out = parts[:1]
        at = 0
        for part in parts[1:]:
            code, skip = part[0], 1
            if code == 255:
                out += [bytes([WORD]), part[1:]]
                continue
            if code in (250, 251):
                length, skip = part[1], 2
                size = length // 2 if code == 250 else 5 if length <= 12 else 8
                word = new[at:at + size].hex() if code == 250 else \
                    "%0*d" % (length, int.from_bytes(new[at:at + size], "little"))
                at += size
                del self.words[199:]
            else:
                word = self.words.pop(code)
            self.words.insert(0, word)
            out += [word.encode(), part[skip:]]
        return b"".join(out)


def blocks(data):
    at = struct.unpack_from("<H", data, 14)[0]
    chain = Chain()
    while data[at:at + 4] == b"ctbk":
        raw, stored, _, codec, _, events = struct.unpack_from("<IIHHII", data, at + 4)
        body = data[at + 40:at + 40 + stored]
        if codec == 3:
            yield chain.unpack(body, events)
            at += 40 + stored
            continue
        body = zlib.decompress(body) if codec else body
        if len(body) != raw:
            sys.exit("raw.py: a block of %d bytes says %d" % (len(body), raw))
        if codec == 2:
            planes = body[:events * HEADS]
            body = planes + bytes(planes[p * events + e] for e in range(events)
                                  for p in range(HEADS)) + body[events * HEADS:]
        yield body
        at += 40 + stored
    yield data[at:]


for name in sys.argv[1:]:
    with open(name, "rb") as f:
        data = f.read()
    if data[:8] != b"coldtrac":
        sys.exit("raw.py: '%s' is no recording" % name)
    sys.stdout.buffer.write(data)
    for block in blocks(data):
        sys.stdout.buffer.write(block)
