#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pull_truth.py LOG JSON: when layers were unpacked, beside what containerd logs of it at its level debug ("diff
applied", and how long that took). A line for each time and its proof: both, n, the median of the differences, and
of their sizes the median, the 99th percentile and the largest, ms."""
import datetime
import json
import re
import sys

UNITS = {"ms": 1e6, "µs": 1e3, "s": 1e9}


def wall(text):
    whole, part = re.match(r"([^.]*)\.(\d+)", text).groups()
    base = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return int(base.timestamp()) * 10**9 + int((part + "0" * 9)[:9])


def word(line, key):
    found = re.search(r' %s=(?:"([^"]*)"|(\S+))' % key, " " + line)
    return found and (found.group(1) or found.group(2))


def applied_of(log):
    applied = {}
    for line in log:
        if 'msg="diff applied"' in line:
            number, unit = re.match(r"([\d.]+)(.*)", word(line, "d")).groups()
            end = wall(word(line, "time"))
            applied.setdefault(word(line, "digest"), []).append((end - float(number) * UNITS[unit], end))
    return applied


def quantile(values, share):
    values = sorted(values)
    return values[max(0, -int(-len(values) * share // 1) - 1)]


def told(path):
    """What coldtrace says in JSON: the records of pulls, and how far its clock is from that of the wall."""
    with open(path) as f:
        records = [json.loads(line) for line in f]
    session = next(r for r in records if r["kind"] == "session")
    return [r for r in records if r["kind"] == "pull"], wall(session["begin_time"]) - session["begin_ns"]


def say(differences):
    """A line for each time and its proof, of the differences in ms."""
    for (what, proof), values in sorted(differences.items()):
        sizes = [abs(v) for v in values]
        print("%s %s %d %+.2f %.2f %.2f %.2f" % (what, proof, len(values), quantile(values, 0.5), quantile(sizes, 0.5),
                                                 quantile(sizes, 0.99), max(sizes)))


def main():
    with open(sys.argv[1], errors="replace") as f:
        applied = applied_of(f)
    pulls, offset = told(sys.argv[2])
    differences = {}
    for pull in pulls:
        for layer in pull["fetched"]["layers"]:
            for begin, end in applied.get(layer["digest"], []):
                if not pull["begin_ns"] <= end - offset <= pull["end_ns"]:
                    continue
                for what, true in (("unpacking", begin), ("unpacked", end)):
                    if layer[what + "_ns"]:
                        differences.setdefault((what, layer["proof"][what]), []).append(
                            (layer[what + "_ns"] + offset - true) / 1e6)
    say(differences)


if __name__ == "__main__":
    main()
