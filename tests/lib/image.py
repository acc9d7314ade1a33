#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""image.py NAME:TAG PROGRAM SIZE...: on stdout an image for `docker load`, whose first layer has the
program as /service and whose further layers have a file of so many random bytes each (1K, 3M), so
that no registry and no engine has them already."""
import hashlib
import io
import json
import os
import sys
import tarfile

UNITS = {"K": 1 << 10, "M": 1 << 20}


def size_of(text):
    return int(text[:-1]) * UNITS[text[-1]] if text[-1] in UNITS else int(text)


def put(tar, name, content, mode=0o644):
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))


def layer_of(name, content, mode):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        put(tar, name, content, mode)
        put(tar, "salt-" + name, os.urandom(16))
    return out.getvalue()


tag, program, sizes = sys.argv[1], sys.argv[2], sys.argv[3:]
with open(program, "rb") as f:
    layers = [layer_of("service", f.read(), 0o755)]
layers += [layer_of("bytes-%d" % i, os.urandom(size_of(s)), 0o644) for i, s in enumerate(sizes)]
digests = [hashlib.sha256(layer).hexdigest() for layer in layers]
config = json.dumps({
    "architecture": os.uname().machine.replace("x86_64", "amd64").replace("aarch64", "arm64"), "os": "linux",
    "config": {"Entrypoint": ["/service"]},
    "rootfs": {"type": "layers", "diff_ids": ["sha256:" + d for d in digests]},
}).encode()
config_name = hashlib.sha256(config).hexdigest() + ".json"
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as tar:
    for digest, layer in zip(digests, layers):
        put(tar, digest + "/layer.tar", layer)
    put(tar, config_name, config)
    put(tar, "manifest.json", json.dumps([{
        "Config": config_name, "RepoTags": [tag], "Layers": [d + "/layer.tar" for d in digests],
    }]).encode())
