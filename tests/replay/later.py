#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""later.py WHOLE LATER ENGINE LEAST: records (JSON Lines) of a run, and of what is left of it when
tracing begins later, on connections that were there.

What begins after that is told of pods of that engine as it is of the whole: the same names, outcomes and
exit codes, and the same times within 5 ms. Nothing else is told. Removals of what had ended before are
nobody's who was known: they may be missing. Of what had begun before an end may be told, under the right name,
and a start that ends when it did.
The engine "none": runtimes by themselves, which have no pods, and of which nothing is known that was called before
(README.md); what is told is as it was, or unknown. LEAST: so many records there must be."""
import json
import sys

BARE = sys.argv[3] == "none"
MAY_DIFFER_NS = 5 * 10**6


def read(path):
    lines = [json.loads(line) for line in open(path)]
    session = next(r for r in lines if r["kind"] == "session")
    return session["begin_ns"], [r for r in lines if r.get("engine") == sys.argv[3] and
                                 (r.get("pod") or BARE and "pod" in r)]


_, whole = read(sys.argv[1])
begin, later = read(sys.argv[2])
wrong, same = [], 0
ENDS = "start", "pod-start"
WHO = ("outcome", "name", "pod", "engine", "image")
SAID = WHO + ("exit_code", "cause", "removed")


def near(a, b):
    return all(abs(a[k] - b[k]) < MAY_DIFFER_NS for k in ("begin_ns", "end_ns"))


def differs(a, b):
    found = [k for k in SAID if a.get(k) != b.get(k)]
    return found + [p for p in b["phases"].keys() | (a["phases"].keys() if not BARE else set())
                    if abs((a["phases"].get(p) or 0) - (b["phases"].get(p) or 0)) > MAY_DIFFER_NS]


def same_end(a, b):
    """Told of what had begun before. When it ended is not known of a start of which nobody heard who asked for it
    and what was answered: that it is cut, or that it failed, is."""
    return (a["kind"], a["id"]) == (b["kind"], b["id"]) and a["begin_ns"] < begin and \
        (abs(a["end_ns"] - b["end_ns"]) < MAY_DIFFER_NS or b["outcome"] in ("cut", "failed"))


for r in whole:
    told = [x for x in later if (x["kind"], x["id"]) == (r["kind"], r["id"]) and near(r, x)]
    told = told or [x for x in later if same_end(r, x)]
    known = any((x["id"], x["kind"]) == (r["id"], "stop") and x["end_ns"] >= begin for x in whole)
    for x in told:
        later.remove(x)
    if r["begin_ns"] < begin:
        wrong += ["%s of %s, begun before: it ends %.0f ms later" % (r["kind"], r["name"], (x["end_ns"] - r["end_ns"]) / 1e6)
                  for x in told if r["kind"] in ENDS and x["end_ns"] - r["end_ns"] > MAY_DIFFER_NS]
        wrong += ["%s of %s, begun before: %s took no time" % (r["kind"], r["name"], p)
                  for x in told if x["kind"] == "start" for p, ns in x["phases"].items() if ns == 0 and r["phases"].get(p)]
        wrong += ["%s of %s, begun before: %s" % (r["kind"], r["name"], k)
                  for x in told for k in WHO if r.get(k) != x.get(k) and x["outcome"] != "cut"]
        continue
    if r["kind"] == "remove" and not known:
        continue
    if BARE and not told:
        continue
    if len(told) != 1:
        wrong.append("%s of %s: %d records" % (r["kind"], r["name"], len(told)))
    elif differs(r, told[0]):
        wrong.append("%s of %s: %s" % (r["kind"], r["name"], ", ".join(differs(r, told[0]))))
    else:
        same += 1
for r in later:
    if r["kind"] != "remove" and r["begin_ns"] >= begin:
        wrong.append("%s of %s is told, and was not" % (r["kind"], r["name"]))
if same < int(sys.argv[4]):
    wrong.append("%d are the same, %s at least should be" % (same, sys.argv[4]))
print("%d records are the same" % same)
for text in wrong:
    print("wrong:", text)
sys.exit(1 if wrong else 0)
