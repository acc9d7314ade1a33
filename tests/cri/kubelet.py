#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A stand-in for a kubelet, which no release of Debian packages: what it does on the node and asks of an
engine for a pod, in the order of Kubernetes 1.26 to 1.29 (pkg/kubelet: syncPod, SyncPod, PLEG).

kubelet.py SOCKET DIR     reads orders from stdin, answers each with a line of JSON

  pod NAME    its cgroup below /kubepods of each hierarchy, its volumes, its sandbox, an init container that it waits
              for, two containers, the first of them with a hook: {"pod", "sandbox", "containers", "times": begin and end of each by CLOCK_MONOTONIC}
  stop NAME   its containers, its sandbox, its volumes, its cgroup; the same object

One connection for all, on which every field of a header is one that was said before; another one when the engine has
hung up, as gRPC does. Between orders it lists pods and
containers once a second. Each image is asked for by its digest, with the name that the user gave it beside (field 18 of
ImageSpec, since 1.29). Volumes are mounted by "mount", below DIR/kubelet, which is on no node: --root-dir.
"""

import glob
import json
import os
import select
import subprocess
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import cri  # noqa: E402
import h2.exceptions  # noqa: E402
from cri import api  # noqa: E402

RELIST_S = 1.0
NOT_YET = "hung up", "not initialized yet"  # what is said of or by an engine that is restarted
INIT_LOOK_S = 0.3  # a kubelet looks once a second
QUEUE_S = 0.2  # between its volumes and the request
IMAGE = "docker.io/ct/service:1"
CGROUPS = "/sys/fs/cgroup"
HIERARCHIES = [CGROUPS] if os.path.exists(CGROUPS + "/cgroup.controllers") else \
    sorted(os.path.dirname(p) for p in glob.glob(CGROUPS + "/*/cgroup.procs"))


class Kubelet:
    def __init__(self, path, directory):
        self.path, self.directory = path, directory
        self.client = cri.Client(path)
        self.pods = {}
        answer, _ = self.client.call_bytes("ImageService/ImageStatus", cri.message(
            (1, cri.message((1, IMAGE.encode())))))
        self.digest = first(first(answer))  # ImageStatusResponse { 1: Image { 1: id } }

    def call(self, told, key, method, request, answer=api.Empty):
        limit = time.monotonic() + cri.LIMIT_S
        while True:  # while an engine is restarted nobody is there, or somebody who is about to leave
            try:
                self.client = self.client or cri.Client(self.path)
                got, times = self.client.call(method, request, answer)
                break
            except (OSError, h2.exceptions.ProtocolError, cri.Refused) as why:
                lasts = isinstance(why, cri.Refused) and not any(words in str(why) for words in NOT_YET)
                if lasts or time.monotonic() > limit:
                    raise
                self.client = None
                time.sleep(0.05)
        if key:
            told["times"][key] = times
        return got

    def relist(self):
        for method in "ListPodSandbox", "ListContainers":
            self.call(None, None, method, api.Empty())

    def volume(self, told, uid, name):
        where = os.path.join(self.directory, "kubelet/pods", uid, "volumes/kubernetes.io~projected", name)
        os.makedirs(where)
        begin = time.monotonic_ns()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", where], check=True)
        told["times"]["mount." + name] = [begin, time.monotonic_ns()]
        with open(os.path.join(where, "token"), "w") as f:
            f.write("none")
        told["volumes"].append(where)

    def container(self, told, name, args):
        spec = api.ImageSpec(image=self.digest, user_specified_image=IMAGE)
        config = cri.container_config(name, args)
        config.image.CopyFrom(spec)
        self.client.call_bytes("ImageService/ImageStatus", cri.message((1, spec.SerializeToString())))
        made = self.call(told, name + ".create", "CreateContainer", api.CreateContainerRequest(
            pod_sandbox_id=told["sandbox"], config=config, sandbox_config=self.config(told)),
            api.CreateContainerResponse)
        told["containers"][name] = made.container_id
        self.call(told, name + ".start", "StartContainer", api.ContainerRequest(container_id=made.container_id))

    def config(self, told):
        config = cri.pod_config(told["pod"], told["logs"])
        config.linux.cgroup_parent = told["cgroup"]
        return config

    def pod(self, name):
        uid = "uid-" + name
        told = {"pod": name, "times": {}, "containers": {}, "volumes": [], "cgroup": "/kubepods/besteffort/pod" + uid,
                "logs": os.path.join(self.directory, "logs", name)}
        os.makedirs(told["logs"])
        begin = time.monotonic_ns()
        for root in HIERARCHIES:
            os.makedirs(root + told["cgroup"], exist_ok=True)
        told["times"]["cgroup"] = [begin, time.monotonic_ns()]
        self.volume(told, uid, "kube-api-access")
        self.volume(told, uid, "settings")
        time.sleep(QUEUE_S)
        told["sandbox"] = self.call(told, "run", "RunPodSandbox", api.RunPodSandboxRequest(config=self.config(told)),
                                    api.RunPodSandboxResponse).pod_sandbox_id
        self.container(told, "setup", ["/service", "exit", "0"])
        time.sleep(INIT_LOOK_S)
        self.relist()
        self.container(told, "app", ["/service", "serve"])
        self.call(told, "hook", "ExecSync", api.ExecSyncRequest(  # postStart: without a limit, and nothing else meanwhile
            container_id=told["containers"]["app"], cmd=["/service", "exit", "0"]), api.ExecSyncResponse)
        self.container(told, "side", ["/service", "serve"])
        for c in "app", "side":
            cri.until("ready of " + name, lambda c=c: cri.said_ready(os.path.join(told["logs"], c + ".log")))
        self.pods[name] = told
        return told

    def stop(self, name):
        told = self.pods.pop(name)
        for c in "app", "side":
            self.call(told, c + ".stop", "StopContainer", api.StopContainerRequest(
                container_id=told["containers"][c], timeout=5))
        self.call(told, "stop", "StopPodSandbox", api.PodSandboxRequest(pod_sandbox_id=told["sandbox"]))
        for c in "setup", "app", "side":
            self.call(told, c + ".remove", "RemoveContainer", api.ContainerRequest(
                container_id=told["containers"][c]))
        self.call(told, "remove", "RemovePodSandbox", api.PodSandboxRequest(pod_sandbox_id=told["sandbox"]))
        for where in told["volumes"]:
            subprocess.run(["umount", where], check=True)
        for root in HIERARCHIES:
            remove(root + told["cgroup"])
        return told


def remove(cgroup):
    """And what it is in, if nobody else has anything there."""
    limit = time.monotonic() + cri.LIMIT_S
    while os.path.isdir(cgroup):
        for path, _, _ in os.walk(cgroup, topdown=False):
            try:
                os.rmdir(path)
            except OSError:
                if time.monotonic() > limit:
                    raise
                time.sleep(0.01)  # who was in it is about to leave
    for above in os.path.dirname(cgroup), os.path.dirname(os.path.dirname(cgroup)):
        try:
            os.rmdir(above)
        except OSError:
            return


def first(message):
    """Field 1 of a message, of fewer than 16384 bytes."""
    assert message[0] == 1 << 3 | 2
    at, size = (2, message[1]) if message[1] < 128 else (3, message[1] & 127 | message[2] << 7)
    return message[at:at + size]


def main():
    kubelet = Kubelet(*sys.argv[1:3])
    print(json.dumps({}), flush=True)
    while True:
        ready, _, _ = select.select([sys.stdin], [], [], RELIST_S)
        if not ready:
            kubelet.relist()
            continue
        order = sys.stdin.readline().split()
        if not order:
            return 0
        print(json.dumps({"pod": kubelet.pod, "stop": kubelet.stop}[order[0]](order[1])), flush=True)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (OSError, h2.exceptions.ProtocolError, cri.Refused, subprocess.CalledProcessError) as why:
        print("kubelet:", why, file=sys.stderr)
        sys.exit(1)
