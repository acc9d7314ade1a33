#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""read_part.py OPENS.csv FILES.tsv...: which part of each image was ever opened. OPENS is coldtrace's csv-opens,
each FILES is SERVICE-BUILD.files.tsv of files.py. A line for each layer: service, build, number, bytes,
files, bytes of those that were opened, how many they are. What was opened and is no file of the image
is not counted; a file that was opened counts whole, so this is the most that can have been read."""
import csv
import os
import sys


def load(path):
    files = {}
    with open(path, encoding="utf-8", errors="surrogateescape") as f:
        for line in f:
            number, size, kind, name, target = line.rstrip("\n").split("\t")
            files[name] = (int(number), int(size), kind, target)
    return files


def resolve(files, path, depth=0):
    """The file that a path leads to, through the image's own symbolic links; None: none of the image."""
    at, parts = "", [part for part in path.split("/") if part not in ("", ".")]
    for i, part in enumerate(parts):
        if part == "..":
            at = at.rpartition("/")[0]
            continue
        entry = files.get(at + "/" + part)
        if entry and entry[2] == "l":
            if depth > 40:
                return None
            target = entry[3] if entry[3].startswith("/") else at + "/" + entry[3]
            return resolve(files, "/".join([target] + parts[i + 1:]), depth + 1)
        at += "/" + part
    return at if at in files else None


def main():
    opened = {}
    csv.field_size_limit(1 << 24)
    with open(sys.argv[1], newline="", encoding="utf-8", errors="surrogateescape") as f:
        for row in csv.DictReader(f):
            if row["view"] == "native" and int(row["count"]) > int(row["failed"]):
                image = row["image"].rpartition("/")[2].partition(":")[0]
                opened.setdefault(image, set()).add(row["path"].removeprefix("'"))
    for path in sys.argv[2:]:
        image = os.path.basename(path).removesuffix(".files.tsv")
        files, layers = load(path), {}
        read = {resolve(files, name) for name in opened.get(image, ())}
        for name, (number, size, kind, _) in files.items():
            layer = layers.setdefault(number, [0, 0, 0, 0])
            if kind == "f":
                layer[0] += size
                layer[1] += 1
                if name in read:
                    layer[2] += size
                    layer[3] += 1
        service, _, build = image.rpartition("-")
        for number, layer in sorted(layers.items()):
            print(service, build, number, *layer, sep="\t")


main()
