#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""push.py REGISTRY NAME:TAG PROGRAM [index] SIZE...: puts an image into a registry that speaks HTTP without TLS, by its
API alone (distribution-spec, "Push"); if REGISTRY is a directory (it has a slash), into what a docker-registry keeps
there. MACHINE=arm64 makes it for another machine than this one. Its first layer has the program as /service, each further one a file of
so many bytes (1K, 3M), half of them random, so that no engine has it already. Layers are compressed by gzip,
or as "SIZE:none" says, not at all, "SIZE:zstd" by zstd; of "SIZE:random" all bytes are random, so that a layer is as
large as it says; "SIZE:same" is the same layer in each image of one SALT, whatever else it has.
Without a program ("-") there is no first layer. With `index` the tag is a list of manifests, of this machine and
of another one. On stdout: digest and size of each layer, in the order of the manifest, then those of the config and
of the manifest, or of the list."""
import gzip
import hashlib
import http.client
import io
import json
import os
import random
import subprocess
import sys
import tarfile

TYPE = "application/vnd.oci.image."
UNITS = {"K": 1 << 10, "M": 1 << 20}


def size_of(text):
    return int(text[:-1]) * UNITS[text[-1]] if text[-1] in UNITS else int(text)


def put(tar, name, content, mode):
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), mode
    tar.addfile(member, io.BytesIO(content))


def tar_of(name, content, mode, salt=None):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        put(tar, name, content, mode)
        put(tar, "salt-" + name, salt or os.urandom(16), 0o644)
    return out.getvalue()


def bytes_of(i, size, how):
    """The tar of a layer, and how it is compressed."""
    half = size if how == "random" else size // 2
    rest = b"" if how == "random" else b"coldtrace" * (half // 9 + 1)
    if how != "same":
        return tar_of("bytes-%d" % i, os.urandom(half) + rest, 0o644), how
    salt = "%s %d" % (os.environ.get("SALT", ""), size)
    return tar_of("same-%d" % size, random.Random(salt).randbytes(half) + rest, 0o644, salt.encode()), how


def compressed(tar, how):
    """As it is stored, and what the type of its media ends with."""
    if how == "none":
        return tar, ""
    if how == "zstd":
        return subprocess.run(["zstd", "-q", "-c"], input=tar, stdout=subprocess.PIPE, check=True).stdout, "+zstd"
    return gzip.compress(tar, 1 if how == "random" else 6, mtime=0), "+gzip"


def digest_of(content):
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Registry:
    def __init__(self, host, name):
        self.conn, self.name = http.client.HTTPConnection(host), name

    def ask(self, method, path, body=None, kind="application/octet-stream"):
        self.conn.request(method, path, body, {"Content-Type": kind})
        answer = self.conn.getresponse()
        text = answer.read()
        if answer.status >= 300:
            sys.exit("%s %s: %d %s" % (method, path, answer.status, text[:200]))
        return answer

    def blob(self, content):
        where = self.ask("POST", "/v2/%s/blobs/uploads/" % self.name).headers["Location"]
        self.ask("PUT", where + ("&" if "?" in where else "?") + "digest=" + digest_of(content), content)

    def manifest(self, tag, content, kind="manifest"):
        self.ask("PUT", "/v2/%s/manifests/%s" % (self.name, tag), content, TYPE + kind + ".v1+json")


class Folder:
    """What docker-registry's driver `filesystem` keeps: content by its digest, and links that name it."""

    def __init__(self, root, name):
        self.root = os.path.join(root, "docker/registry/v2")
        self.name = os.path.join("repositories", name)

    def write(self, path, content):
        path = os.path.join(self.root, path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content)

    def keep(self, content, *links):
        digest = digest_of(content)
        kind, name = digest.split(":")
        self.write(os.path.join("blobs", kind, name[:2], name, "data"), content)
        for link in links:
            self.write(os.path.join(self.name, link.format(kind + "/" + name), "link"), digest.encode())

    def blob(self, content):
        self.keep(content, "_layers/{}")

    def manifest(self, tag, content, kind="manifest"):
        links = ["_manifests/revisions/{}"]
        if ":" not in tag:
            links += ["_manifests/tags/%s/%s" % (tag, where) for where in ("current", "index/{}")]
        self.keep(content, *links)


def main():
    registry, image, program = sys.argv[1:4]
    name, tag = image.rsplit(":", 1)
    to = (Folder if "/" in registry else Registry)(registry, name)
    tars = []
    if program != "-":
        with open(program, "rb") as f:
            tars = [(tar_of("service", f.read(), 0o755), "")]
    index = sys.argv[4:5] == ["index"]
    for i, text in enumerate(sys.argv[5 if index else 4:]):
        size, _, how = text.partition(":")
        tars.append(bytes_of(i, size_of(size), how))
    layers = []
    for tar, how in tars:
        layer, suffix = compressed(tar, how)
        to.blob(layer)
        layers.append({"mediaType": TYPE + "layer.v1.tar" + suffix,
                       "digest": digest_of(layer), "size": len(layer)})
    here = os.environ.get("MACHINE") or os.uname().machine.replace("x86_64", "amd64").replace("aarch64", "arm64")
    manifests = []
    for machine in ["s390x", here] if index else [here]:
        config = json.dumps({
            "architecture": machine, "os": "linux", "config": {"Entrypoint": ["/service"]},
            "rootfs": {"type": "layers", "diff_ids": [digest_of(tar) for tar, _ in tars]},
        }).encode()
        to.blob(config)
        manifest = json.dumps({
            "schemaVersion": 2, "mediaType": TYPE + "manifest.v1+json",
            "config": {"mediaType": TYPE + "config.v1+json", "digest": digest_of(config), "size": len(config)},
            "layers": layers}).encode()
        to.manifest(digest_of(manifest) if index else tag, manifest)
        manifests.append({"mediaType": TYPE + "manifest.v1+json", "digest": digest_of(manifest),
                          "size": len(manifest), "platform": {"architecture": machine, "os": "linux"}})
    if index:
        manifest = json.dumps({"schemaVersion": 2, "mediaType": TYPE + "index.v1+json", "manifests": manifests}).encode()
        to.manifest(tag, manifest, "index")
    for layer in layers:
        print(layer["digest"], layer["size"])
    print(digest_of(config), len(config))
    print(digest_of(manifest), len(manifest))


main()
