# SPDX-License-Identifier: GPL-2.0-only
"""compare.py PROMETHEUS DASHBOARD REPORT ANSWERS SINCE LINES DATABASES: what the dashboard's queries say of a fleet, asked of a real
Prometheus, against 'coldtrace report -o json' of all its recordings; what DuckDB answered; and what databases.mjs found of the
lines of the output flat. Ends with "N passed, N failed"."""
import collections
import datetime
import json
import math
import re
import sys
import time
import urllib.parse
import urllib.request

WIDTH = 0.05  # of a bucket: as far as a quantile may be off
ENDS = 0.04  # increase() goes on to the end of its window, where nobody has looked yet: counts are that much too high

passed = failed = 0


def check(what, wrong):
    global passed, failed
    if wrong:
        failed += 1
        print("not ok - %s\n#   %s" % (what, str(wrong)[:600]))
    else:
        passed += 1
        print("ok - " + what)


def ask(url, query, at):
    query = urllib.parse.urlencode({"query": query, "time": at})
    with urllib.request.urlopen("%s/api/v1/query?%s" % (url, query), timeout=60) as answer:
        return [(r["metric"], float(r["value"][1])) for r in json.load(answer)["data"]["result"]]


def rank(values, q):
    ordered = sorted(values)
    return ordered[max(math.ceil(q * len(ordered) - 1e-9), 1) - 1] / 1e9


def durations(records, kind, by, phase=None):
    found = collections.defaultdict(list)
    for rec in records:
        if rec["kind"] != kind or rec["outcome"] != "ok":
            continue
        if phase is None:
            found[rec[by]].append(rec["total_ns"])
        elif any(s["phase"] == phase for s in rec["segments"]) and rec["phases"].get(phase, 0) is not None:
            found[rec[by]].append(sum(s["end_ns"] - s["begin_ns"] for s in rec["segments"] if s["phase"] == phase))
    return found


def is_quantile(told, values, q):
    """Whether it is no more than a bucket off the values of which the rank may be, as far as counts are off. Of few
    values that may be two: half of two starts is the first or the second."""
    n = len(values)
    low = rank(values, max(q - ENDS, 0.5 / n))
    high = rank(values, min(q + ENDS, 1))
    return low * (1 - WIDTH) <= told <= high * (1 + WIDTH)


class Dashboard:
    def __init__(self, path, url, since):
        with open(path, encoding="utf-8") as f:
            self.panels = {p["title"]: p for p in json.load(f)["panels"]}
        self.url, self.at = url, time.time()
        self.window = "%ds" % math.ceil(self.at - since)

    def ask(self, title, ref="A"):
        query, = (t["expr"] for t in self.panels[title]["targets"] if t["refId"] == ref)
        query = re.sub(r'"\$\w+"', '".*"', query.replace("$__range", self.window).replace("$__rate_interval", self.window))
        return ask(self.url, query, self.at)


def near(told, exact, error):
    return exact and abs(told / exact - 1) <= error


def check_numbers(dashboard, records):
    (_, least), = ask(dashboard.url, "min(min_over_time(up[%s]))" % dashboard.window, dashboard.at)
    check("no scrape was too slow, or failed", least != 1)
    starts = [r for r in records if r["kind"] == "start"]
    ok = [r for r in starts if r["outcome"] == "ok"]
    (_, told), = dashboard.ask("Starts")
    check("starts: %.1f told, %d reported" % (told, len(ok)), not near(told, len(ok), ENDS))
    (_, told), = dashboard.ask("Failed")
    exact = sum(r["outcome"] == "failed" for r in starts) / len(starts)
    check("failed: %.4f told, %.4f reported" % (told, exact), not near(told, exact, 3 * ENDS))
    for title, q in (("Half are done in", 0.5), ("9 of 10 in", 0.9), ("99 of 100 in", 0.99)):
        (_, told), = dashboard.ask(title)
        exact = rank([r["total_ns"] for r in ok], q)
        check("%s: %.4f s told, %.4f reported" % (title.lower(), told, exact),
              not is_quantile(told, [r["total_ns"] for r in ok], q))
    (_, told), = ask(dashboard.url, 'sum(histogram_count(increase(coldtrace_record_duration_seconds{type="start"}[%s])))' %
                     dashboard.window, dashboard.at)
    check("starts of histograms: %.1f told, %d reported" % (told, len(ok)), not near(told, len(ok), ENDS))
    (_, told), = ask(dashboard.url, 'sum(coldtrace_records_total{type="start",outcome="ok"})', dashboard.at)
    check("the counters themselves: exactly so many", told != len(ok))


# Columns: of the table, the letter of its query, kind of record, phase, quantile
COLUMNS = (("B", "start", None, 0.5), ("C", "start", None, 0.9), ("D", "start", "ready", 0.5), ("E", "stop", None, 0.5),
           ("F", "pull", None, 0.5))


def check_tables(dashboard, records):
    for title, label, by in (("By node", "instance", "node"), ("By image (serve --metrics-by image)", "image", "image"),
                             ("By runtime", "runtime", "runtime")):
        counts = {m.get(label, ""): n for m, n in dashboard.ask(title)}
        exact = durations(records, "start", by)
        wrong = [(k, counts.get(k), len(v)) for k, v in exact.items() if not near(counts.get(k, 0), len(v), ENDS)]
        check("%s: starts of %d" % (title, len(exact)), wrong or set(counts) - set(exact) and
              [k for k in set(counts) - set(exact) if counts[k] > 0])
        for ref, kind, phase, q in COLUMNS:
            told = {m.get(label, ""): n for m, n in dashboard.ask(title, ref)}
            wrong, most, compared = [], 0, 0
            for key, values in durations(records, kind, by, phase).items():
                want = rank(values, q)
                if want < 0.001:
                    continue  # buckets are that fine from 1 ms on
                compared += 1
                if len(values) >= 50:
                    most = max(most, abs(told.get(key, math.nan) / want - 1))
                if not is_quantile(told.get(key, math.nan), values, q):
                    wrong.append((key, told.get(key), want, len(values)))
            check("%s: p%g of %s%s, %d of them%s" % (
                title, q * 100, kind, " " + phase if phase else "", compared,
                ", of 50 or more at most %.1f %% off" % (most * 100) if most else ""), wrong)


def check_answers(path, records):
    with open(path, encoding="utf-8") as f:
        answers = json.load(f)
    check("DuckDB: a row for each of %d records" % len(records), answers["count"] != len(records) and answers["count"])
    check("DuckDB: Parquet answers the same", answers["of_lines"] != answers["of_parquet"])
    exact = durations(records, "start", "image")
    told = {row["image"] or "": row for row in answers["of_lines"][0]}
    wrong = [(k, told.get(k)) for k, v in exact.items()
             if int(told[k]["starts"]) != len(v) or abs(told[k]["p90_ms"] / 1e3 - rank(v, 0.9)) > 1e-6]
    check("DuckDB: starts and quantiles of each image are those of report", wrong or len(told) != len(exact))
    failed_ones = sum(r["outcome"] == "failed" for r in records)
    check("DuckDB: what failed", sum(int(row["times"]) for row in answers["of_lines"][3]) > failed_ones)


def check_exemplars(url, records, since):
    query = urllib.parse.urlencode({"query": 'coldtrace_record_duration_seconds{type="start"}', "start": since,
                                    "end": time.time()})
    with urllib.request.urlopen("%s/api/v1/query_exemplars?%s" % (url, query), timeout=60) as answer:
        found = [e for one in json.load(answer)["data"] for e in one["exemplars"]]
    ids = {r["id"] for r in records}
    check("%d exemplars, each with its container and its trace" % len(found), not found or
          [e for e in found if e["labels"].get("container_id") not in ids or len(e["labels"].get("trace_id", "")) != 32])


def in_columns(lines):
    """What databases.mjs prints, of the lines themselves."""
    found = {}
    for line in lines:
        for name, value in line.items():
            found.setdefault(name, []).extend([] if value is None else [value])
    told = {"": {"n": str(len(lines))}}
    for name, values in found.items():
        if name.endswith("_time") and values:
            value = max(values)
        elif all(isinstance(v, (bool, int)) for v in values):
            value = str(sum(values)) if values else None
        else:
            value = str(len(set(values)))
        told[name] = {"n": str(len(values)), "value": value}
    return told


def nanoseconds(text):
    seconds, _, rest = text.rstrip("Z").partition(".")
    stamp = datetime.datetime.fromisoformat(seconds).replace(tzinfo=datetime.timezone.utc)
    return str(int(stamp.timestamp()) * 10**9 + int(rest.ljust(9, "0")))


def check_databases(flat, databases):
    with open(flat, encoding="utf-8") as f:
        wanted = in_columns([json.loads(line) for line in f])
    with open(databases, encoding="utf-8") as f:
        told = json.load(f)
    of = told["columns"]
    check("ClickHouse %s has a column for each of the lines'" % of[""].pop("value"), set(of) ^ set(wanted))
    wrong = {}
    for name, column in wanted.items():
        got = of.get(name, {})
        if name.endswith("_time") and int(column["n"]):
            column["value"] = nanoseconds(column["value"])
        if got.get("n") != column["n"] or (int(column["n"]) and got.get("value") != column.get("value")):
            wrong[name] = (column, got)
    check("and in each what the lines have, null where they have, times to the nanosecond", wrong)
    check("the table for Spark is of Spark's grammar", told["spark"])
    check("which finds what is not", not all(told["spark_broken"]))


def main(url, path, report, answers, since, flat, databases):
    with open(report, encoding="utf-8") as f:
        records = [r for r in map(json.loads, f) if "outcome" in r]
    dashboard = Dashboard(path, url, int(since) - 30)
    print("# %d records of %d nodes, %d starts" % (len(records), len({r["node"] for r in records}),
                                                  sum(r["kind"] == "start" for r in records)))
    check_numbers(dashboard, records)
    check_tables(dashboard, records)
    check_exemplars(url, records, int(since))
    check_answers(answers, records)
    check_databases(flat, databases)
    print("%d passed, %d failed" % (passed, failed))
    return failed


if __name__ == "__main__":
    sys.exit(1 if main(*sys.argv[1:]) else 0)
