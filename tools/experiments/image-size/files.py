#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""files.py REGISTRY NAME TAG CACHE: of an image that a docker-registry keeps in the directory REGISTRY, all files that it has
in the end. A line each: number of the layer, from 1, bytes, "f" or "l", the path, where a symbolic link leads to. A name
with a tab or a line break is left out. What a layer has is kept in CACHE: images share layers."""
import json
import os
import sys
import tarfile


def below(files, directory):
    return [path for path in files if path.startswith(directory + "/")]


def blob(root, digest):
    kind, digits = digest.split(":")
    return os.path.join(root, "docker/registry/v2/blobs", kind, digits[:2], digits, "data")


def manifest_of(root, name, tag):
    link = os.path.join(root, "docker/registry/v2/repositories", name, "_manifests/tags", tag, "current/link")
    with open(link, encoding="ascii") as f:
        digest = f.read().strip()
    with open(blob(root, digest), encoding="utf-8") as f:
        return json.load(f)


def layer_of(root, digest, cache):
    kept = os.path.join(cache, digest.replace(":", "-"))
    if os.path.exists(kept):
        with open(kept, encoding="utf-8", errors="surrogateescape") as f:
            return json.load(f)
    with tarfile.open(blob(root, digest), mode="r|*") as tar:
        entries = [(entry.name.removeprefix("./").strip("/"), entry.size, entry.isdir(), entry.issym(), entry.islnk(),
                    entry.linkname) for entry in tar]
    os.makedirs(cache, exist_ok=True)
    with open(kept, "w", encoding="utf-8", errors="surrogateescape") as f:
        json.dump(entries, f)
    return entries


def add(files, number, entries):
    for path, size, is_dir, is_link, is_hard, target in entries:
        directory, _, last = path.rpartition("/")
        if last == ".wh..wh..opq":
            for old in below(files, directory):
                del files[old]
        elif last.startswith(".wh."):
            gone = (directory + "/" if directory else "") + last.removeprefix(".wh.")
            files.pop(gone, None)
            for old in below(files, gone):
                del files[old]
        elif is_link:
            files[path] = (number, 0, "l", target)
        elif is_hard: # its bytes are those of the other name
            files[path] = (number, 0, "l", "/" + target.removeprefix("./"))
        elif not is_dir:
            files[path] = (number, size, "f", "")


def main(root, name, tag, cache):
    files = {}
    for number, layer in enumerate(manifest_of(root, name, tag)["layers"], 1):
        add(files, number, layer_of(root, layer["digest"], cache))
    for path, (number, size, kind, target) in sorted(files.items()):
        if not any(c in path + target for c in "\t\n\r"):
            print(number, size, kind, "/" + path, target, sep="\t")


main(*sys.argv[1:])
