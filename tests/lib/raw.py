#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""raw.py FILE.ct...: every byte of recordings, decompressed, to stdout; nothing of coldtrace is used.

A header, then blocks of 40 bytes and what is stored in them: docs/recording.md."""
import struct
import sys
import zlib

HEADS = 56  # of an event; codec 2 keeps these apart from the tails, in planes


def blocks(data):
    at = struct.unpack_from("<H", data, 14)[0]
    while data[at:at + 4] == b"ctbk":
        raw, stored, _, codec, _, events = struct.unpack_from("<IIHHII", data, at + 4)
        body = data[at + 40:at + 40 + stored]
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
