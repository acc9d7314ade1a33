#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pull_truth_docker.py LOG REGISTRY-DIR JSON: when layers were fetched and unpacked, beside what dockerd with a graph driver
logs of it at its level debug. A line for each time and its proof: both, n, the median of the differences, and of
their sizes the median, the 99th percentile and the largest, ms."""
import glob
import json
import re
import sys

from pull_truth import say, told, wall


def layers_by_content(root):
    """Which layer each tar archive is of: dockerd's log calls it by that."""
    layers = {}
    for path in glob.glob(root + "/docker/registry/v2/blobs/sha256/*/*/data"):
        with open(path, "rb") as f:
            begin = f.read(1 << 16)
        if not begin.startswith(b'{"schemaVersion"') or b'"layers"' not in begin:
            continue
        manifest = json.loads(begin)
        name = manifest["config"]["digest"][7:]
        with open("%s/docker/registry/v2/blobs/sha256/%s/%s/data" % (root, name[:2], name)) as f:
            config = json.load(f)
        for layer, tar in zip(manifest["layers"], config["rootfs"]["diff_ids"]):
            layers[tar] = layer["digest"]
    return layers


ROWS = (  # of a line of the log: what is said, and of what
    ("first", re.compile(r'pulling blob .*(sha256:\w{64})')),
    ("fetched", re.compile(r"Downloaded (\w{12}) to ")),
    ("unpacking", re.compile(r"Applying tar in .*/overlay2/(\w+)/diff")),
    ("unpacked", re.compile(r"Applied tar (sha256:\w+) to (\w+)")),
)


def said(log, layers):
    times, begun = {}, {}
    for line in log:
        found = re.match(r'time="([^"]*)" level=debug msg="(.*)"', line)
        for what, pattern in ROWS if found else ():
            match = pattern.match(found.group(2))
            if not match:
                continue
            at, of = wall(found.group(1)), match.group(1)
            if what == "unpacking":
                begun[of] = at
                continue
            digits = layers.get(of, of)[:19].replace("sha256:", "")[:12]
            times.setdefault((what, digits), []).append(at)
            if what == "unpacked" and match.group(2) in begun:
                times.setdefault(("unpacking", digits), []).append(begun[match.group(2)])
    return times


def main():
    with open(sys.argv[1], errors="replace") as f:
        times = said(f, layers_by_content(sys.argv[2]))
    pulls, offset = told(sys.argv[3])
    differences = {}
    for pull in pulls:
        for layer in pull["fetched"]["layers"]:
            for what, _ in ROWS:
                ns = layer[what + "_ns"]
                true = [at - offset for at in times.get((what, layer["id"]), [])
                        if pull["begin_ns"] <= at - offset <= pull["end_ns"]]
                if ns and true and not layer["there"]:
                    nearest = min(true, key=lambda at: abs(at - ns))
                    differences.setdefault((what, layer["proof"][what]), []).append((ns - nearest) / 1e6)
    say(differences)


main()
