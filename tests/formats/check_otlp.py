# SPDX-License-Identifier: GPL-2.0-only
"""check_otlp.py DIR: the published protobuf definitions parse every line, with the numbers of
the JSON document. Unknown fields and wrong types are errors of the parser."""
import base64
import json
import math
import sys
from collections import Counter

from google.protobuf import json_format
from opentelemetry.proto.metrics.v1 import metrics_pb2
from opentelemetry.proto.trace.v1 import trace_pb2

IDS = {"traceId": 16, "spanId": 8, "parentSpanId": 8}
INT64 = {"startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "intValue", "count",
         "zeroCount", "asInt"}


def as_proto(node):
    """OTLP differs from protobuf's JSON in one thing: ids are hex. And it wants more: integers of
    64 bits are strings, enums are numbers."""
    if isinstance(node, list):
        return [as_proto(item) for item in node]
    if not isinstance(node, dict):
        return node
    out = {}
    for key, value in node.items():
        if key in IDS:
            assert value == value.lower() and any(c != "0" for c in value), value
            raw = bytes.fromhex(value)
            assert len(raw) == IDS[key], (key, value)
            out[key] = base64.b64encode(raw).decode()
            continue
        if key in INT64:
            assert isinstance(value, str), (key, value)
        if key == "bucketCounts":
            assert all(isinstance(n, str) for n in value)
        if key in ("kind", "code", "aggregationTemporality"):
            assert isinstance(value, int), (key, value)
        out[key] = as_proto(value)
    return out


def attributes(owner):
    out = {}
    for a in owner.attributes:
        assert a.key not in out, "attribute twice: " + a.key
        kind = a.value.WhichOneof("value")
        value = getattr(a.value, kind)
        out[a.key] = [v.string_value for v in value.values] if kind == "array_value" else value
    return out


def wall(document, ns):
    begin = document["session"]["begin_time"]
    return offset_of(begin) + ns - document["session"]["begin_ns"]


def offset_of(text):
    import calendar
    import time
    whole, rest = text.rstrip("Z").split(".")
    return calendar.timegm(time.strptime(whole, "%Y-%m-%dT%H:%M:%S")) * 10**9 + int(rest)


def check_trace(line, rec, document):
    data = json_format.Parse(json.dumps(as_proto(json.loads(line))), trace_pb2.TracesData())
    (resource,) = data.resource_spans
    facts = attributes(resource.resource)
    assert facts["service.name"] == "coldtrace" and facts["os.type"] == "linux"
    assert facts.get("host.name", "") == rec["node"]
    (scope,) = resource.scope_spans
    assert scope.scope.name == "coldtrace"
    root, *rest = scope.spans
    ids = {span.span_id for span in scope.spans}
    assert len(ids) == len(scope.spans) and {s.trace_id for s in scope.spans} == {root.trace_id}
    assert not root.parent_span_id and all(s.parent_span_id in ids for s in rest)
    assert root.name == "container " + rec["kind"]
    assert root.start_time_unix_nano == wall(document, rec["begin_ns"])
    assert root.end_time_unix_nano == wall(document, rec["end_ns"])
    known = attributes(root)
    for key, field in (("container.id", "id"), ("container.name", "name"),
                       ("container.runtime.name", "runtime"), ("coldtrace.engine", "engine"),
                       ("coldtrace.outcome", "outcome"), ("process.pid", "init_pid"),
                       ("process.exit.code", "exit_code")):
        if rec[field] not in (None, ""):
            assert known[key] == rec[field], (key, known.get(key), rec[field])
        else:
            assert key not in known
    if rec["outcome"] == "failed":
        assert root.status.code == trace_pb2.Status.STATUS_CODE_ERROR
        assert root.status.message == rec["failed"]["message"]
    else:
        assert root.status.code == trace_pb2.Status.STATUS_CODE_UNSET
    if rec["ready"]:
        (ready,) = [e for e in root.events if e.name == "ready"]
        assert ready.time_unix_nano == wall(document, rec["ready"]["ns"])
    segments = rest[:len(rec["segments"])]
    for span, segment in zip(segments, rec["segments"]):
        assert span.parent_span_id == root.span_id and span.name == segment["phase"]
        assert span.start_time_unix_nano == wall(document, segment["begin_ns"])
        assert span.end_time_unix_nano == wall(document, segment["end_ns"])
    steps = rest[len(segments):]
    assert len(steps) == len(rec["steps"])
    by_id = {span.span_id: span for span in scope.spans}
    for span, step in zip(steps, rec["steps"]):
        assert span.name == step["name"]
        assert attributes(span)["process.pid"] == step["pid"]
        assert span.end_time_unix_nano >= span.start_time_unix_nano
        if step["parent"] is None:
            assert by_id[span.parent_span_id] in segments + [root]
        else:
            assert by_id[span.parent_span_id] is by_id[steps[step["parent"]].span_id]
    return root.trace_id, len(scope.spans)


def check_traces(directory, name, document):
    with open("%s/%s.otlp-traces" % (directory, name)) as f:
        lines = f.read().splitlines()
    assert len(lines) == len(document["records"])
    traces, spans = set(), 0
    for line, rec in zip(lines, document["records"]):
        trace, n = check_trace(line, rec, document)
        traces.add(trace)
        spans += n
    return traces, spans


def values_of(records):
    values = {}
    for rec in records:
        if rec["outcome"] != "ok":
            continue
        who = (rec["node"], rec["runtime"], rec["engine"], rec["kind"])
        values.setdefault(who + (None,), []).append(rec["total_ns"])
        sums = {}
        for s in rec["segments"]:
            sums[s["phase"]] = sums.get(s["phase"], 0) + s["end_ns"] - s["begin_ns"]
        for phase, ns in sums.items():
            values.setdefault(who + (phase,), []).append(ns)
    return values


def check_point(point, values, document):
    assert point.count == len(values) == point.zero_count + sum(point.positive.bucket_counts)
    assert math.isclose(point.sum, sum(values) / 1e9, rel_tol=1e-12, abs_tol=1e-12)
    assert math.isclose(point.min, min(values) / 1e9) and math.isclose(point.max, max(values) / 1e9)
    assert point.zero_count == values.count(0)
    base = 2.0 ** (2.0 ** -point.scale)
    ordered = iter(sorted(v for v in values if v))
    for i, n in enumerate(point.positive.bucket_counts):
        low, high = base ** (point.positive.offset + i), base ** (point.positive.offset + i + 1)
        for _ in range(n):
            value = next(ordered) / 1e9
            assert low * (1 - 1e-12) < value <= high * (1 + 1e-12), (low, value, high)
    assert next(ordered, None) is None
    (exemplar,) = point.exemplars
    assert math.isclose(exemplar.as_double, point.max)
    assert point.time_unix_nano > point.start_time_unix_nano == wall(
        document, document["session"]["begin_ns"])
    return exemplar.trace_id


def check_metrics(directory, name, document, traces):
    with open("%s/%s.otlp-metrics" % (directory, name)) as f:
        (line,) = f.read().splitlines()
    data = json_format.Parse(json.dumps(as_proto(json.loads(line))), metrics_pb2.MetricsData())
    values = values_of(document["records"])
    points, records = 0, {}
    *nodes, session = data.resource_metrics
    for resource in nodes:
        node = attributes(resource.resource).get("host.name", "")
        (scope,) = resource.scope_metrics
        metrics = {m.name: m for m in scope.metrics}
        for metric in ("coldtrace.phase.duration", "coldtrace.record.duration"):
            histogram = metrics[metric].exponential_histogram
            assert metrics[metric].unit == "s"
            assert (histogram.aggregation_temporality ==
                    metrics_pb2.AGGREGATION_TEMPORALITY_CUMULATIVE)
            for point in histogram.data_points:
                known = attributes(point)
                key = (node, known.get("container.runtime.name", ""),
                       known.get("coldtrace.engine", ""), known["coldtrace.record.type"],
                       known.get("coldtrace.phase"))
                assert check_point(point, values.pop(key), document) in traces
                points += 1
        assert node not in records
        records[node] = sum(p.as_int for p in metrics["coldtrace.records"].sum.data_points)
    assert not values, values.keys()
    assert records == Counter(rec["node"] for rec in document["records"])
    assert "host.name" not in attributes(session.resource)
    (scope,) = session.scope_metrics
    metrics = {m.name: m for m in scope.metrics}
    lost = {attributes(p)["coldtrace.cause"]: p.as_int
            for p in metrics["coldtrace.lost_events"].sum.data_points}
    assert lost == document["summary"]["lost"]
    (unread,) = metrics["coldtrace.unread_recordings"].gauge.data_points
    assert unread.as_int == document["summary"]["unread"]
    return points


def image_name(image):
    image = image.split("@")[0]
    slash = image.rfind("/")
    colon = image.find(":", slash + 1)
    return image if colon < 0 else image[:colon]


def check_pull(line, rec, document):
    """The trace of an image that was fetched: who it is, and a span for each layer and for what became of it."""
    data = json_format.Parse(json.dumps(as_proto(json.loads(line))), trace_pb2.TracesData())
    root, *rest = data.resource_spans[0].scope_spans[0].spans
    known, fetched = attributes(root), rec["fetched"]
    assert root.name == "image pull" and root.start_time_unix_nano == wall(document, rec["begin_ns"])
    assert root.end_time_unix_nano == wall(document, rec["end_ns"])
    assert known["container.image.name"] == image_name(rec["image"]), known
    assert known["coldtrace.pull.registry"] == fetched["registry"]
    assert known.get("oci.manifest.digest", "") == fetched["digest"]
    assert known["coldtrace.pull.layers"] == len(fetched["layers"])
    assert known["coldtrace.pull.layers_there"] == sum(layer["there"] for layer in fetched["layers"])
    assert known["coldtrace.pull.bytes"] == sum(
        layer["size"] or 0 for layer in fetched["layers"] if not (layer["there"] or layer["stored"] or layer["shared"]))
    assert known.get("coldtrace.pull.bounded_by") == (fetched["bound"]["by"] if fetched["bound"] else None), known
    assert (root.status.code == trace_pb2.Status.STATUS_CODE_ERROR) == (rec["outcome"] == "failed")
    steps = rest[len(rec["segments"]):]
    layers = [span for span in steps if "coldtrace.layer.there" in attributes(span)]
    assert len(layers) == len(fetched["layers"])
    for span, layer in zip(layers, fetched["layers"]):
        facts = attributes(span)
        assert facts.get("coldtrace.layer.digest", "") == layer["digest"], (facts, layer)
        assert facts.get("coldtrace.layer.bytes") == layer["size"], (facts, layer)
        assert facts["coldtrace.layer.there"] == layer["there"]
        assert facts["coldtrace.step.detail"] == layer["id"]
        if layer["there"]:
            assert span.name == "layer there" and span.end_time_unix_nano == span.start_time_unix_nano
            continue
        parts = [s for s in steps if s.parent_span_id == span.span_id]
        assert span.name == "layer" and {"download", "unpack"} <= {s.name for s in parts}, [s.name for s in parts]
        at = span.start_time_unix_nano
        for part in parts:
            assert part.start_time_unix_nano == at, "parts of a layer tile it"
            at = part.end_time_unix_nano
        assert at == span.end_time_unix_nano
        done = layer["registered_ns"] or layer["unpacked_ns"]
        if done:
            assert at == wall(document, done), (layer, at)
    return len(layers)


def check_pulls(directory, name):
    with open("%s/again/%s.document" % (directory, name)) as source:
        document = json.load(source)
    with open("%s/again/%s.otlp-traces" % (directory, name)) as source:
        lines = source.read().splitlines()
    assert len(lines) == len(document["records"])
    pulls = [(line, rec) for line, rec in zip(lines, document["records"]) if rec["kind"] == "pull"]
    layers = sum(check_pull(line, rec, document) for line, rec in pulls)
    traces = {json.loads(line)["resourceSpans"][0]["scopeSpans"][0]["spans"][0]["traceId"] for line, _ in pulls}
    assert layers and len(traces) == len(pulls)
    print("otlp: %s: %d pulls, %d layers" % (name, len(pulls), layers))


check_pulls(sys.argv[1], "docker-pull")
check_pulls(sys.argv[1], "cri-pull")
for run in ("many", "hostile"):
    with open("%s/%s.document" % (sys.argv[1], run)) as source:
        doc = json.load(source)
    known_traces, span_count = check_traces(sys.argv[1], run, doc)
    print("otlp: %s: %d traces, %d spans, %d exponential histograms" % (
        run, len(known_traces), span_count, check_metrics(sys.argv[1], run, doc, known_traces)))
