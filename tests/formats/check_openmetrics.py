# SPDX-License-Identifier: GPL-2.0-only
"""check_openmetrics.py DIR PROMETHEUS PROMTOOL NODE_EXPORTER: a Prometheus of its own, on loopback, scrapes the
outputs and answers queries with the numbers of the JSON documents; promtool lints them."""
import http.server
import json
import math
import os
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

# What it must have: 3 below 1 ms, then 48 per power of ten, four digits of each.
BOUNDS = [0.0001, 0.00025, 0.0005] + [
    round(10 ** (k % 48 / 48), 3) * 10 ** (k // 48 - 3) for k in range(231)] + [math.inf]
SAMPLE = re.compile(r'^([a-z_]+(?:\{(?:[a-z_]+="(?:[^"\\]|\\.)*",?)*\})? \S+)(?: # \{.*)?$')
TYPE = "application/openmetrics-text; version=1.0.0; charset=utf-8"


def serve(directory):
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.strip("/")
            assert name in ("many", "hostile")
            with open("%s/%s.openmetrics" % (directory, name), "rb") as f:
                body = f.read()
            self.send_response(200)
            self.send_header("Content-Type", TYPE)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def config(path, port):
    with open(path, "w") as f:
        f.write("global: {scrape_interval: 1s}\nscrape_configs:\n")
        for job in ("many", "hostile"):
            f.write("  - job_name: %s\n    metrics_path: /%s\n    static_configs:\n"
                    "      - targets: ['127.0.0.1:%d']\n" % (job, job, port))


class Prometheus:
    def __init__(self, program, directory, target):
        self.url = "http://127.0.0.1:%d" % free_port()
        config(directory + "/prometheus.yml", target)
        self.log = open(directory + "/prometheus.log", "w+")
        self.process = subprocess.Popen(
            [program, "--config.file=%s/prometheus.yml" % directory,
             "--storage.tsdb.path=%s/data" % directory, "--enable-feature=exemplar-storage",
             "--web.listen-address=" + self.url[len("http://"):]],
            stdout=self.log, stderr=self.log, cwd=directory)

    def ask(self, path, **parameters):
        query = "%s/api/v1/%s?%s" % (self.url, path, urllib.parse.urlencode(parameters))
        with urllib.request.urlopen(query, timeout=10) as answer:
            return json.load(answer)["data"]

    def scraped(self):
        """Waits until both targets were scraped, or says why they could not be."""
        for _ in range(300):
            assert self.process.poll() is None, self.said()
            try:
                targets = self.ask("targets")["activeTargets"]
            except OSError:
                targets = []
            errors = [t["lastError"] for t in targets if t["lastError"]]
            assert not errors, errors
            # The last sample of a scrape: a target is said to be up before its samples are there.
            if (len(targets) == 2 and all(t["health"] == "up" for t in targets) and
                    len(self.ask("query", query="scrape_series_added")["result"]) == 2):
                return
            time.sleep(0.1)
        raise AssertionError("never scraped: " + self.said())

    def said(self):
        self.log.seek(0)
        return self.log.read()[-4000:]

    def stop(self):
        self.process.terminate()
        self.process.wait()


def series(prometheus, query):
    return [(r["metric"], float(r["value"][1]))
            for r in prometheus.ask("query", query=query)["result"]]


def values_of(records):
    values = {}
    for rec in records:
        if rec["outcome"] != "ok":
            continue
        who = (rec["engine"], rec["runtime"], rec["kind"])
        values.setdefault(who + (None,), []).append(rec["total_ns"])
        sums = {}
        for s in rec["segments"]:
            sums[s["phase"]] = sums.get(s["phase"], 0) + s["end_ns"] - s["begin_ns"]
        for phase, ns in sums.items():
            values.setdefault(who + (phase,), []).append(ns)
    return values


def key_of(metric):
    return tuple(metric.get(label) for label in ("engine", "runtime", "type", "phase"))


def check_many(prometheus, document):
    values = values_of(document["records"])
    got = 0
    for name in ("coldtrace_phase_duration_seconds", "coldtrace_record_duration_seconds"):
        for metric, count in series(prometheus, name + '_count{job="many"}'):
            assert count == len(values[key_of(metric)]), metric
            got += 1
        for metric, total in series(prometheus, name + '_sum{job="many"}'):
            assert math.isclose(total, sum(values[key_of(metric)]) / 1e9, rel_tol=1e-12)
        for metric, count in series(prometheus, name + '_bucket{job="many"}'):
            assert any(math.isclose(float(metric["le"]), b, rel_tol=1e-9) for b in BOUNDS), metric
            assert count == sum(v / 1e9 <= float(metric["le"]) for v in values[key_of(metric)])
    assert got == len(values), (got, len(values))
    check_quantiles(prometheus, values)
    for outcome in ("ok", "failed", "cut"):
        ((_, n),) = series(prometheus, 'sum(coldtrace_records_total{job="many",outcome="%s"})'
                           % outcome)
        assert n == sum(rec["outcome"] == outcome for rec in document["records"])
    lost = {m["cause"]: int(n)
            for m, n in series(prometheus, 'coldtrace_lost_events_total{job="many"}')}
    assert lost == document["summary"]["lost"], lost
    ((_, unread),) = series(prometheus, 'coldtrace_unread_recordings{job="many"}')
    assert unread == document["summary"]["unread"], unread
    return got


def check_quantiles(prometheus, values):
    """Of durations from 1 ms to 60 s none is told that is more than 5 % off: nearest rank, as
    histogram_quantile has it."""
    checked = 0
    for q in (0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99):
        for name in ("phase", "record"):
            for metric, told in series(prometheus, 'histogram_quantile(%g, coldtrace_%s_duration'
                                       '_seconds_bucket{job="many"})' % (q, name)):
                ordered = sorted(values[key_of(metric)])
                exact = ordered[max(math.ceil(q * len(ordered)), 1) - 1] / 1e9
                if 0.001 <= exact <= 60:
                    assert abs(told - exact) <= 0.05 * exact, (metric, q, told, exact)
                    checked += 1
    assert checked > 200, checked
    print("openmetrics: %d quantiles, none more than 5 %% off" % checked)


def check_exemplars(prometheus, document):
    ids = {rec["id"]: rec for rec in document["records"]}
    now = time.time()
    found = prometheus.ask("query_exemplars", start=0, end=now + 3600, query=
                           'coldtrace_record_duration_seconds_bucket{job="many"}')
    n = 0
    for one in found:
        for exemplar in one["exemplars"]:
            rec = ids[exemplar["labels"]["container_id"]]
            assert math.isclose(float(exemplar["value"]), rec["total_ns"] / 1e9)
            n += 1
    assert n, "no exemplar"
    return n


def check_hostile(prometheus):
    """Every series of the hostile run carries our label names only, and harmless values."""
    n = 0
    for metric, _ in series(prometheus, '{job="hostile", __name__=~"coldtrace_.*"}'):
        extra = set(metric) - {"__name__", "job", "instance", "engine", "runtime", "type", "phase",
                               "le", "outcome", "cause", "what", "version", "kernel", "depth"}
        assert not extra, extra
        for value in metric.values():
            assert all(c >= " " and c != "\x7f" for c in value), metric
        n += 1
    runtimes = {m["runtime"] for m, _ in series(
        prometheus, 'coldtrace_records_total{job="hostile",runtime!=""}')}
    assert "back\\\\slash\\\\n" in runtimes and "a\\x0d\\x0ab,c\"d\"\\x09e" in runtimes, runtimes
    return n


def lint(promtool, path):
    """promtool reads the classic format: the same without what only OpenMetrics has."""
    with open(path) as f:
        text = f.read()
    assert text.endswith("# EOF\n") and text.count("\n# EOF\n") == 1
    classic, rename = [], classic_name(text)
    for line in text.splitlines():
        if line.startswith(("# UNIT", "# EOF")):
            continue
        if line.startswith("#"):
            classic.append(re.sub(r"^(# (?:TYPE|HELP) \S+)( .*)$", rename, line))
        else:
            classic.append(SAMPLE.match(line).group(1))
    done = subprocess.run([promtool, "check", "metrics"], input="\n".join(classic) + "\n",
                          capture_output=True, text=True)
    assert done.returncode == 0 and not done.stderr, (done.stdout, done.stderr)


def lint_classic(promtool, path):
    with open(path) as f:
        done = subprocess.run([promtool, "check", "metrics"], stdin=f, capture_output=True, text=True)
    assert done.returncode == 0 and not done.stdout and not done.stderr, (done.stdout, done.stderr)


def check_textfile(exporter, directory, scratch):
    """node_exporter's textfile collector serves what it has read, line by line; what it cannot read
    it counts as an error."""
    port = free_port()
    for name in ("many", "hostile"):
        with open("%s/%s.prometheus" % (directory, name)) as f:
            text = f.read()
        os.makedirs("%s/%s" % (scratch, name))
        with open("%s/%s/coldtrace.prom" % (scratch, name), "w") as f:
            f.write(text)
        process = subprocess.Popen(
            [exporter, "--collector.disable-defaults", "--collector.textfile",
             "--collector.textfile.directory=%s/%s" % (scratch, name),
             "--web.listen-address=127.0.0.1:%d" % port],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            served = fetch("http://127.0.0.1:%d/metrics" % port)
        finally:
            process.terminate()
            process.wait()
        assert "node_textfile_scrape_error 0\n" in served
        # It writes numbers and bounds as Go does, and puts series in its own order.
        assert samples(served) == samples(text), name
    return len(samples(text))


def fetch(url):
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except OSError:
            time.sleep(0.1)
    raise AssertionError("no answer from " + url)


def samples(text):
    found = set()
    for line in text.splitlines():
        if line.startswith("coldtrace_"):
            series, value = line.rsplit(" ", 1)
            name, _, labels = series.rstrip("}").partition("{")
            labels = re.findall(r'([a-z_]+)="((?:[^"\\\\]|\\\\.)*)"', labels)
            labels = sorted((k, float(v) if k == "le" else v) for k, v in labels)
            found.add((name, tuple(labels), float(value)))
    return found


def classic_name(text):
    """Metadata names a counter with its _total there, and knows no info."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))

    def rename(match):
        name = match.group(1).split()[2]
        suffix = {"counter": "_total", "info": "_info"}.get(types[name], "")
        return match.group(1) + suffix + match.group(2).replace(" info", " gauge")
    return rename


def main(directory, program, promtool, exporter):
    for name in ("many", "hostile"):
        lint(promtool, "%s/%s.openmetrics" % (directory, name))
        lint_classic(promtool, "%s/%s.prometheus" % (directory, name))
    with open(directory + "/many.document") as f:
        document = json.load(f)
    server = serve(directory)
    with tempfile.TemporaryDirectory() as scratch:
        print("prometheus: %d samples through the textfile collector" %
              check_textfile(exporter, directory, scratch))
        prometheus = Prometheus(program, scratch, server.server_address[1])
        try:
            prometheus.scraped()
            print("openmetrics: %d histograms, %d exemplars, %d hostile series" % (
                check_many(prometheus, document), check_exemplars(prometheus, document),
                check_hostile(prometheus)))
        finally:
            prometheus.stop()
    server.shutdown()


if __name__ == "__main__":
    os.environ["no_proxy"] = "*"
    main(*sys.argv[1:])
