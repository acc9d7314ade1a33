# SPDX-License-Identifier: GPL-2.0-only
"""check_openmetrics.py DIR PROMETHEUS PROMTOOL: a Prometheus of its own, on loopback, scrapes the
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

BOUNDS = ["0.0001", "0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05",
          "0.1", "0.25", "0.5", "1.0", "2.5", "5.0", "10.0", "15.0", "30.0", "60.0", "+Inf"]
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
            if len(targets) == 2 and all(t["health"] == "up" for t in targets):
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
            assert metric["le"] in BOUNDS, metric["le"]
            assert count == sum(v / 1e9 <= float(metric["le"]) for v in values[key_of(metric)])
    assert got == len(values)
    ((_, p50),) = series(prometheus, "histogram_quantile(0.5, sum by (le) (coldtrace_phase_duration"
                         '_seconds_bucket{job="many", runtime="runc", phase="start"}))')
    exact = sorted(v for key, vs in values.items() if key[1] == "runc" and key[3] == "start"
                   for v in vs)
    middle = exact[len(exact) // 2] / 1e9
    bound = next(i for i, b in enumerate(BOUNDS) if middle <= float(b))
    assert (float(BOUNDS[bound - 1]) if bound else 0) <= p50 <= float(BOUNDS[bound]), (p50, middle)
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


def classic_name(text):
    """Metadata names a counter with its _total there, and knows no info."""
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.M))

    def rename(match):
        name = match.group(1).split()[2]
        suffix = {"counter": "_total", "info": "_info"}.get(types[name], "")
        return match.group(1) + suffix + match.group(2).replace(" info", " gauge")
    return rename


def main(directory, program, promtool):
    for name in ("many", "hostile"):
        lint(promtool, "%s/%s.openmetrics" % (directory, name))
    with open(directory + "/many.document") as f:
        document = json.load(f)
    server = serve(directory)
    with tempfile.TemporaryDirectory() as scratch:
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
