#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""files.py < IMAGE.tar: of what `docker save` writes, all files that the image has in the end. A line each:
number of the layer, from 1, bytes, "f" or "l", the path, where a symbolic link leads to. A name with a
tab or a line break is left out."""
import json
import sys
import tarfile


def below(files, directory):
    return [path for path in files if path.startswith(directory + "/")]


def main():
    seen, manifest = {}, None
    # Layers come before the manifest that has their order.
    with tarfile.open(fileobj=sys.stdin.buffer, mode="r|") as image:
        for member in image:
            if member.name == "manifest.json":
                manifest = json.load(image.extractfile(member))
            elif member.isfile() and (member.name.endswith("/layer.tar") or member.name.startswith("blobs/")):
                layer = []
                try:
                    with tarfile.open(fileobj=image.extractfile(member), mode="r|*") as tar:
                        for entry in tar:
                            layer.append((entry.name.removeprefix("./").strip("/"), entry.size, entry.isdir(),
                                          entry.issym(), entry.islnk(), entry.linkname))
                except tarfile.ReadError:
                    continue # a blob that is no layer
                seen[member.name] = layer
    files = {}
    for number, name in enumerate(manifest[0]["Layers"], 1):
        for path, size, is_dir, is_link, is_hard, target in seen[name]:
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
    for path, (number, size, kind, target) in sorted(files.items()):
        if not any(c in path + target for c in "\t\n\r"):
            print(number, size, kind, "/" + path, target, sep="\t")


main()
