#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""check.py RECORDS CLOCK ENGINE: records (JSON Lines) of a run against its engine's own log (reduce.py).

Everything that the engine was asked for is told once, of that engine, under the right name, and
ended as it did; nothing else is; and each boundary is where the log has it."""
import calendar
import json
import statistics
import sys

MEDIAN_MS = 1  # the log's lines are written before and behind the work

records = [json.loads(line) for line in open(sys.argv[1])]
engine = sys.argv[3]
session = next(r for r in records if r["kind"] == "session")
summary = next(r for r in records if r["kind"] == "summary")


def nanoseconds(text):
    date, _, part = text.rstrip("Z").partition(".")
    whole = calendar.timegm(tuple(int(x) for x in
                                  date.replace("T", "-").replace(":", "-").split("-")))
    return whole * 10**9 + int((part + "0" * 9)[:9])


zero = nanoseconds(session["begin_time"]) - session["begin_ns"]
own = [r for r in records if r.get("engine") == engine]
wrong, far = [], {}


def wall(ns):
    return ns + zero


def say(text, *args):
    wrong.append(text % args)


def compare(what, told, clock):
    far.setdefault(what, []).append((wall(told) - clock) / 1e6)


def of(container, *kinds):
    return [r for r in own if r["id"].startswith(container) and r["kind"] in kinds]


def segment(record, phase):
    found = [s for s in record["segments"] if s["phase"] == phase]
    return (found[0]["begin_ns"], found[-1]["end_ns"]) if found else (None, None)


def name_of(record):
    pod = record["pod"] or {}
    return "/".join(filter(None, [pod.get("namespace"), pod.get("name"), pod.get("container")]))


def one(container, verb, *kinds):
    found = of(container, *kinds)
    if len(found) != 1:
        say("%s of %s: %d records", verb, container, len(found))
    return found[0] if found else None


def made(verb, container, begin, end, name):
    r = one(container, verb, "start", "create")
    if not r:
        return
    if name_of(r) != name:
        say("%s of %s: it is %s, not %s", verb, container, name, name_of(r))
    compare(verb + " asked", r["begin_ns"], begin)
    compare(verb + " answered",
            r["end_ns"] if verb == "RunPodSandbox" else segment(r, "create")[1], end)
    started.append(container)


def failed(verb, begin, end, name):
    found = [r for r in own if r["kind"] == "start" and r["outcome"] == "failed" and
             name_of(r) == name and abs(wall(r["begin_ns"]) - begin) < 50e6]
    if len(found) != 1 or not found[0]["failed"]["message"]:
        say("%s of %s failed: %d records, or no message", verb, name, len(found))
        return
    failures.append(found[0])
    compare(verb + " asked", found[0]["begin_ns"], begin)
    compare(verb + " refused", found[0]["end_ns"], end)


def starts(container, begin, end):
    r = one(container, "StartContainer", "start")
    if r:
        compare("StartContainer asked", segment(r, "start")[0], begin)
        compare("StartContainer answered", segment(r, "start")[1], end)


def stops(verb, container, begin, end):
    if container in stopped:
        return  # asked for again: it is over
    stopped.add(container)
    r = one(container, verb, "stop")
    if not r or "stop" not in r["phases"]:
        # It had ended by itself, or it never began.
        if r and wall(r["begin_ns"]) > begin:
            say("%s of %s: no stop that was asked for", verb, container)
        return
    compare(verb + " asked", r["begin_ns"], begin)
    last = "disconnect" if "die" not in r["phases"] and "disconnect" in r["phases"] else "die"
    compare(verb + " answered", max(segment(r, p)[1] or 0 for p in ("stop", "die", last)), end)


def removes(verb, container, begin, end):
    if not of(container, "start", "stop", "remove"):
        return
    found = [r for r in of(container, "stop", "remove") if "destroy" in r["phases"]]
    if len(found) != 1 or not found[0]["removed"]:
        say("%s of %s: %d records", verb, container, len(found))
        return
    compare(verb + " asked", segment(found[0], "destroy")[0], begin)
    compare(verb + " answered", found[0]["end_ns"], end)


started, failures, stopped, probes = [], [], set(), 0
for line in open(sys.argv[2]):
    verb, *rest = line.rstrip("\n").split("\t")
    if verb == "probes":
        probes = int(rest[0])
        continue
    if verb == "exit":
        found = of(rest[0], "stop")
        if found and found[0]["exit_code"] != int(rest[1]):
            say("%s exited with %s, not %s", rest[0], rest[1], found[0]["exit_code"])
        continue
    container, begin, end, how, name = rest[0], int(rest[1]), int(rest[2]), rest[3], rest[4]
    if begin < wall(session["begin_ns"]) or end > wall(summary["end_ns"]):
        continue
    if verb in ("RunPodSandbox", "CreateContainer"):
        if how == "ok":
            made(verb, container, begin, end, name)
        else:
            failed(verb, begin, end, name)
    elif how != "ok":
        continue
    elif verb == "StartContainer":
        starts(container, begin, end)
    elif verb.startswith("Stop"):
        stops(verb, container, begin, end)
    else:
        removes(verb, container, begin, end)

told = [r for r in own if r["kind"] in ("start", "create")]
if len(told) != len(started) + len(failures):
    say("%d starts are told, %d were", len(told), len(started) + len(failures))
for r in own:
    gone = [p for p, ns in r["phases"].items() if ns is None or p == "unknown"]
    if gone or r["outcome"] == "cut":
        say("%s of %s: %s, without %s", r["kind"], r["id"][:12], r["outcome"], " ".join(gone))
    if r["kind"] == "stop" and "/" in r["name"] and r["exit_code"] is None:
        say("stop of %s: no exit code", r["id"][:12])
for what, ms in sorted(far.items()):
    print("%-26s n %3d  median %7.3f  min %7.3f  max %7.3f ms" %
          (what, len(ms), statistics.median(ms), min(ms), max(ms)))
    if abs(statistics.median(ms)) > MEDIAN_MS:
        say("%s: the median is %.3f ms", what, statistics.median(ms))
print("%d pods and containers started, %d failed to; %d probes" %
      (len(started), len(failures), probes))
for text in wrong:
    print("wrong:", text)
sys.exit(1 if wrong else 0)
