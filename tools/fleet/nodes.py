# SPDX-License-Identifier: GPL-2.0-only
"""nodes.py COLDTRACE DIR NODES EACH SEED FILE...: recordings of nodes that there are not, in DIR/nodeNN/: EACH for a node, drawn from
the real ones that are named, with replacement (resampled), one after the other from DIR/begin on, which is said
there as seconds since 1970 (shifted). Nothing but the header is another: whose host it is, which boot, what time
it was. So durations are real, and which came together on one node is not."""
import gzip
import json
import os
import random
import struct
import subprocess
import sys
import time
import zlib

# user/source/recording/recording.h
LENGTH, WALL, BEGIN, NODE, BOOT, HOST, SERIES = 14, 16, 24, 136, 144, 152, 752
GAP_S = 1.5  # between two recordings of a node
LEAD_S = 20  # until the first: all nodes are scraped by then


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
        return f.read()


def seconds(coldtrace, data):
    """How long it takes from its begin until its last record ends, by the program itself."""
    done = subprocess.run([coldtrace, "report", "-o", "json", "-"], input=data, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    begin_mono, = struct.unpack_from("<Q", data, BEGIN)
    return (max(line["end_ns"] for line in lines if "outcome" in line) - begin_mono) / 1e9


def moved(data, host, node, begin_ns):
    header_len, = struct.unpack_from("<H", data, LENGTH)
    begin_mono, = struct.unpack_from("<Q", data, BEGIN)
    head = bytearray(data[:header_len])
    assert header_len >= 752, "a recording of an older version: its header knows no host"
    struct.pack_into("<q", head, WALL, begin_ns - begin_mono)
    struct.pack_into("<QQ", head, NODE, node, random.getrandbits(64))
    if header_len > SERIES + 8:
        struct.pack_into("<Q", head, SERIES, 0)
    struct.pack_into("64s", head, HOST, host.encode())
    struct.pack_into("<I", head, header_len - 4, zlib.crc32(head[:header_len - 4]))
    return bytes(head) + data[header_len:]


def main(coldtrace, directory, nodes, each, seed, *files):
    random.seed(int(seed))
    real = {path: read(path) for path in files}
    spans = {path: seconds(coldtrace, data) for path, data in real.items()}
    begin = time.time() + LEAD_S
    for n in range(int(nodes)):
        host, node = "node%02d" % (n + 1), random.getrandbits(64)
        os.makedirs("%s/%s" % (directory, host))
        at = begin + random.random() * 5
        for i in range(int(each)):
            path = random.choice(files)
            with open("%s/%s/%03d.ct" % (directory, host, i), "wb") as f:
                f.write(moved(real[path], host, node, int(at * 1e9)))
            at += spans[path] + GAP_S
    with open(directory + "/begin", "w") as f:
        f.write("%d\n" % begin)


if __name__ == "__main__":
    main(*sys.argv[1:])
