#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""late.py OLD.ct SECONDS NEW.ct: the same recording as if tracing had begun so many seconds later. What runs then
is told as user space finds it: programs, engines, who containers are; what hangs below nobody known is not
found. The new one is of version 1 (docs/recording.md)."""
import struct
import sys
import zlib

HEADER = struct.Struct("<HBBHHQQIIIiQQ")
LEN, KIND, FLAGS, TAIL, SUB, TS, DUR, TGID, TID, ROOT, RET, OBJ, ARG = range(13)
FORK, EXEC, EXIT, PROCESS, IDENTITY, OPTIONS, ENGINE, BEGIN = 1, 2, 3, 65, 66, 68, 69, 74
SEEDED, SHIM, INIT, NAMED = 8, 2, 5, (1, 2, 3)
V1_LEN, BLOCK_LEN, EVENT_LEN, PLANES = 128, 40, HEADER.size, 2
LOW = 0xFFFFFFFF


def events_of(raw, count, codec):
    """Of one block, as [header, tail]."""
    at = EVENT_LEN * count
    for i in range(count):
        if codec == PLANES:
            head = bytes(raw[i:EVENT_LEN * count:count])
        else:
            at = 0 if not i else at
            head, at = raw[at:at + EVENT_LEN], at + EVENT_LEN
        event = list(HEADER.unpack(head))
        yield event, raw[at:at + event[TAIL]]
        at += event[LEN] - EVENT_LEN


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    at, events = struct.unpack_from("<H", data, 14)[0], []
    while data[at:at + 4] == b"ctbk":
        stored, kind, codec, _, count = struct.unpack_from("<IHHII", data, at + 8)
        raw = data[at + BLOCK_LEN:at + BLOCK_LEN + stored]
        if kind == 0:
            events += events_of(zlib.decompress(raw) if codec else raw, count, codec)
        at += BLOCK_LEN + stored
    return data[:V1_LEN], events


def executed(event, ts, parent):
    """A PROCESS of what an EXEC said."""
    new = list(event)
    new[KIND], new[FLAGS], new[TS], new[TID] = PROCESS, SEEDED, ts, event[TGID]
    new[RET], new[ARG] = event[ARG] & 0xFF, event[ARG] >> 32 << 32 | parent
    return new


def before(events, ts):
    """What a start at ts finds: processes by pid, and facts."""
    processes, parents, facts = {}, {}, []
    for event, tail in events:
        tgid = event[TGID]
        if event[KIND] in (IDENTITY, OPTIONS, ENGINE) and event[TS] < ts:
            facts.append((event, tail))
        elif event[KIND] == PROCESS:
            processes[tgid], parents[tgid] = (event, tail), event[ARG] & LOW
        elif event[TS] >= ts:
            break
        elif event[KIND] == FORK:
            child = event[OBJ] & LOW
            parents[child] = tgid
            if tgid in processes:
                copy = list(processes[tgid][0])
                copy[TGID] = copy[TID] = child
                processes[child] = (copy, processes[tgid][1])
        elif event[KIND] == EXEC:
            processes[tgid] = (executed(event, ts, parents.get(tgid, 1)), tail)
        elif event[KIND] == EXIT:
            processes.pop(tgid, None)
            parents.update({pid: 1 for pid, up in parents.items() if up == tgid})
    return processes, parents, facts


def found(processes, parents, ts):
    """Parents first, and without those that nobody known has started."""
    told = set()

    def tell(pid):
        if pid in told or pid not in processes:
            return
        told.add(pid)
        event, tail = processes[pid]
        event, up = list(event), parents.get(pid, 1)
        event[TS], event[ARG] = ts, event[ARG] >> 32 << 32 | up
        yield from tell(up)
        if event[SUB] not in NAMED:
            if up not in processes:
                return
            if processes[up][0][SUB] == SHIM:
                event[SUB], event[ROOT] = INIT, event[ROOT] or pid
        yield event, tail

    for pid in sorted(processes):
        yield from tell(pid)


def packed(event, tail):
    return HEADER.pack(*event) + tail + bytes(event[LEN] - EVENT_LEN - len(tail))


old, seconds, new = sys.argv[1], float(sys.argv[2]), sys.argv[3]
header, events = read(old)
begin = min(event[TS] for event, _ in events) + int(seconds * 1e9)
processes, parents, facts = before(events, begin)
header = bytearray(header)
struct.pack_into("<HH", header, 12, 1, V1_LEN)
struct.pack_into("<Q", header, 24, begin)
with open(new, "wb") as f:
    f.write(header)
    for event, tail in [e for e in facts if e[0][KIND] == OPTIONS][:1]:
        f.write(packed(event[:TS] + [begin] + event[TS + 1:], tail))
    for event, tail in found(processes, parents, begin):
        f.write(packed(event, tail))
    for event, tail in facts:
        if event[KIND] == IDENTITY or event[KIND] == ENGINE and event[TGID] in processes:
            f.write(packed(event[:TS] + [begin] + event[TS + 1:], tail))
    for event, tail in events:
        if event[TS] >= begin and event[KIND] not in (OPTIONS, PROCESS, BEGIN):
            f.write(packed(event, tail))
