# SPDX-License-Identifier: GPL-2.0-only
"""check_csv.py DIR: Python's csv module reads what the JSON document says, cell by cell."""
import csv
import io
import json
import re
import sys

PHASES = ["pull", "create", "attach", "connect", "start", "ready", "run", "stop", "die",
          "disconnect", "destroy", "client", "unknown"]
FORMULAS = "=+-@\uff1d\uff0b\uff0d\uff20"


def read(path):
    with open(path, "rb") as f:
        data = f.read()
    assert data.endswith(b"\r\n"), path
    assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f\x7f]", data), "control byte in " + path
    assert data.count(b"\r") == data.count(b"\n") == data.count(b"\r\n"), path
    text = data.decode("utf-8")
    rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    assert len(rows) == data.count(b"\r\n"), "a row is not a line in " + path
    assert all(len(row) == len(rows[0]) for row in rows), "ragged rows in " + path
    for row in rows[1:]:
        for cell in row:
            assert not cell or cell[0] not in FORMULAS, "formula %r in %s" % (cell, path)
    return [dict(zip(rows[0], row)) for row in rows[1:]]


def original(cell):
    """What stood there before it was made safe, as the JSON outputs write it."""
    if cell[:1] == "'":
        cell = cell[1:]
    raw = b""
    for part in re.findall(r"\\\\|\\x[0-9a-f]{2}|.", cell, re.S):
        if part == "\\\\":
            raw += b"\\"
        elif part.startswith("\\x"):
            raw += bytes([int(part[2:], 16)])
        else:
            raw += part.encode()
    out = ""
    while raw:
        for n in (1, 2, 3, 4):
            try:
                out += raw[:n].decode()
                raw = raw[n:]
                break
            except UnicodeDecodeError:
                pass
        else:
            out += chr(raw[0])
            raw = raw[1:]
    return out


def number(value):
    return "" if value is None else str(value)


def check(directory, name):
    with open("%s/%s.document" % (directory, name)) as f:
        records = json.load(f)["records"]
    rows = read("%s/%s.csv" % (directory, name))
    assert len(rows) == len(records)
    for row, rec in zip(rows, records):
        for key in ("outcome", "cause", "id", "name", "image", "runtime", "engine", "node"):
            assert original(row[key]) == rec[key], (row[key], rec[key])
        for key in ("init_pid", "exit_code", "begin_ns", "end_ns", "total_ns", "service_end_ns"):
            assert row[key] == number(rec[key]), (key, row[key], rec[key])
        assert row["begin_time"] == rec["begin_time"]
        for phase in PHASES:
            assert row[phase + "_ns"] == number(rec["phases"].get(phase)), (phase, row, rec)
        missing = [p for p in PHASES if p in rec["phases"] and rec["phases"][p] is None]
        assert row["missing"].split() == missing
        if rec["failed"]:
            assert original(row["failed_message"]) == rec["failed"]["message"]
            assert row["failed_phase"] == rec["failed"]["phase"]
        assert int(row["steps"]) == len(rec["steps"])
    steps = iter(read("%s/%s.csv-steps" % (directory, name)))
    for rec in records:
        for index, step in enumerate(rec["steps"]):
            row = next(steps)
            assert original(row["id"]) == rec["id"] and row["kind"] == rec["kind"]
            assert row["record_begin_ns"] == str(rec["begin_ns"]) and row["index"] == str(index)
            assert row["step"] == step["name"] and row["phase"] == step["phase"]
            assert original(row["detail"]) == step["detail"]
            assert row["begin_ns"] == str(step["begin_ns"])
            assert row["end_ns"] == number(step["end_ns"])
            assert row["parent"] == number(step["parent"]) and row["depth"] == str(step["depth"])
            assert row["open"] == ("true" if step["open"] else "false")
            if step["end_ns"] is not None:
                assert int(row["total_ns"]) == step["end_ns"] - step["begin_ns"]
    assert next(steps, None) is None
    return len(rows)


PULLS = ("docker-pull", "cri-pull", "links-pull", "hosts-pull")
LAYER_TEXTS = ("id", "digest", "type")
LAYER_FLAGS = ("there", "stored", "shared", "waited", "by_order", "fetched_is_bound")
LAYER_NUMBERS = ("size", "unpacked_size", "known_ns", "first_ns", "fetched_ns", "unpacking_ns", "unpacked_ns",
                 "registered_ns")


def parts(row):
    """What became of the layer, one after the other: from when it was known until it was unpacked."""
    assert bool(row["connect_ns"]) <= bool(row["address"]), row
    return [int(row[key] or 0) for key in ("slot_wait_ns", "connect_ns", "download_ns", "unpack_wait_ns", "unpack_ns")]


def check_layers(directory, name):
    with open("%s/again/%s.document" % (directory, name)) as f:
        pulls = [rec for rec in json.load(f)["records"] if rec["kind"] == "pull"]
    rows = iter(read("%s/again/%s.csv-layers" % (directory, name)))
    count = tiled = connected = 0
    for rec in pulls:
        for index, layer in enumerate(rec["fetched"]["layers"]):
            row = next(rows)
            count += 1
            assert original(row["image"]) == rec["image"] and row["outcome"] == rec["outcome"]
            assert row["engine"] == rec["engine"] and row["registry"] == rec["fetched"]["registry"]
            assert row["manifest"] == rec["fetched"]["digest"]
            assert row["pull_begin_ns"] == str(rec["begin_ns"]) and row["index"] == str(index)
            assert row["retries"] == str(layer["retries"])
            for key in LAYER_TEXTS:
                assert row[key] == layer[key], (key, row, layer)
            for key in LAYER_FLAGS:
                assert row[key] == ("true" if layer[key] else "false"), (key, row, layer)
            for key in LAYER_NUMBERS:
                assert row[key] == number(layer[key]), (key, row, layer)
            for key, proof in layer["proof"].items():
                assert row[key + "_proof"] == proof, (key, row, layer)
            for key in ("unpacker", "inflater"):
                by = layer[key] or {"name": "", "pid": None}
                assert row[key] == by["name"] and row[key + "_pid"] == number(by["pid"]), (key, row, layer)
            link = layer.get("link", {})
            for key in ("address", "port", "asked_ns", "received", "rtt_ns", "resent", "host", "host_by"):
                assert row[key] == number(link.get(key)), (key, row, layer)
            assert row["made_ns"] == number(link["asked_ns"] + link["connect_ns"] if link else None), (row, layer)
            connected += bool(link)
            if layer["there"]:
                assert not row["download_ns"] and not row["unpack_ns"], row
            elif layer["fetched_ns"] and layer["unpacked_ns"]:
                assert sum(parts(row)) == layer["unpacked_ns"] - layer["known_ns"], (row, layer)
                tiled += 1
    assert next(rows, None) is None
    assert count and tiled, name
    assert bool(connected) == (name in ("links-pull", "hosts-pull")), (name, connected)
    return count


print("csv-layers: %d, %d, %d and %d rows" % tuple(check_layers(sys.argv[1], of) for of in PULLS))
print("csv: %d and %d rows" % (check(sys.argv[1], "many"), check(sys.argv[1], "hostile")))
