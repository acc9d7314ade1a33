#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A client of the Kubernetes container runtime interface, in the place of a kubelet.

cri.py SOCKET DIR version             whether the runtime answers
cri.py SOCKET DIR pull IMAGE USER PASSWORD [GO]
                                      asks for an image with a password, fails if it is not there; when the file
                                      GO is there, on a connection on which it has asked for something before
cri.py SOCKET DIR remove IMAGE        removes it, as a kubelet does that needs the room
cri.py SOCKET DIR pulled PREFIX N IMAGE...
                                      N pods as below, whose containers have these images; each is asked for
                                      before its container, as a kubelet does that finds it missing
cri.py SOCKET DIR pods PREFIX N       N pods one after another, each with two containers, PREFIX1..N
cri.py SOCKET DIR probed PREFIX N     the same, with five exec probes in each container, one of which
                                      fails, and a third container that cannot be created
cri.py SOCKET DIR held PREFIX N       the same: when all of a pod runs it says "up" to stderr, and waits
                                      for a line on stdin

cri.py SOCKET DIR late PREFIX N GO    the same after the file GO is there, on a connection on which each of
                                      these requests was made before; PREFIX0 runs until the end

cri.py SOCKET DIR probing PREFIX N SECONDS GO
                                      N pods at once, of a container each; when the file GO is there each is
                                      probed once a second for so long; asks besides what a kubelet asks
                                      once a second
cri.py SOCKET DIR secrets PREFIX GO SECRET...
                                      for each of them a pod with it in all that it says of pod, container and
                                      commands, and in what a command answers: one more before the file GO is there

DIR holds api_pb2.py, made by protoc, and gets the logs of the containers. `pods` prints a JSON line
a pod: the ids, and begin and end of each request by CLOCK_MONOTONIC. As clients written in Go do,
it sends each request with one write on one connection. An answer is waited for CRI_LIMIT_S=30 seconds.
"""

import concurrent.futures
import json
import os
import socket
import sys
import time

import h2.connection
import h2.events

sys.path.insert(0, sys.argv[2])
import api_pb2 as api  # noqa: E402

LIMIT_S = int(os.environ.get("CRI_LIMIT_S", "30"))


class Refused(Exception):
    pass


class Client:
    def __init__(self, path):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect(path)
        self.conn = h2.connection.H2Connection()
        self.conn.initiate_connection()
        self.flush()

    def flush(self):
        data = self.conn.data_to_send()
        if data:
            self.sock.sendall(data)

    def call(self, method, request, answer):
        """The answer, and when the request was sent and the answer was there."""
        got, times = self.call_bytes("RuntimeService/" + method, request.SerializeToString())
        return answer.FromString(got), times

    def call_bytes(self, method, body):
        stream = self.conn.get_next_available_stream_id()
        self.conn.send_headers(stream, [
            (":method", "POST"), (":scheme", "http"),
            (":path", "/runtime.v1." + method), (":authority", "localhost"),
            ("content-type", "application/grpc"), ("user-agent", "coldtrace-tests"),
            ("te", "trailers")])
        self.conn.send_data(stream, b"\0" + len(body).to_bytes(4, "big") + body, end_stream=True)
        begin = time.monotonic_ns()
        self.flush()
        got, fields, ended = b"", {}, False
        while not ended:
            data = self.sock.recv(65536)
            if not data:
                raise Refused(method + ": the runtime hung up")
            for event in self.conn.receive_data(data):
                if isinstance(event, (h2.events.ResponseReceived, h2.events.TrailersReceived)):
                    fields.update((str(k, "ascii") if isinstance(k, bytes) else k,
                                   str(v, "utf-8") if isinstance(v, bytes) else v)
                                  for k, v in event.headers)
                elif isinstance(event, h2.events.DataReceived):
                    got += event.data
                    self.conn.acknowledge_received_data(event.flow_controlled_length, stream)
                elif isinstance(event, h2.events.StreamEnded):
                    ended = True
            end = time.monotonic_ns()
            self.flush()
        if fields.get("grpc-status", "0") != "0":
            raise Refused("%s: %s" % (method, fields.get("grpc-message")))
        return got[5:], [begin, end]


def message(*fields):
    """Bytes of protobuf: numbers of fields and what is in them, none longer than 16383."""
    return b"".join(bytes([number << 3 | 2]) + length(len(data)) + data for number, data in fields)


def length(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7])


def pull(client, image, user, password):
    # Behind many small frames, in one send: so it is where whoever reads several answers at once asks for more.
    for _ in range(200):
        client.conn.increment_flow_control_window(1)
    # PullImageRequest { 1: ImageSpec { 1: image }, 2: AuthConfig { 1: username, 2: password } }
    client.call_bytes("ImageService/PullImage", message(
        (1, message((1, image.encode()))),
        (2, message((1, user.encode()), (2, password.encode())))))


def remove(client, image):
    # RemoveImageRequest { 1: ImageSpec { 1: image } }
    client.call_bytes("ImageService/RemoveImage", message((1, message((1, image.encode())))))


def pull_for(client, image, config):
    # PullImageRequest { 1: ImageSpec { 1: image }, 3: PodSandboxConfig }; PullImageResponse { 1: image }
    answer, times = client.call_bytes("ImageService/PullImage", message(
        (1, message((1, image.encode()))), (3, config.SerializeToString())))
    return answer[2:].decode(), times


def until(what, happened):
    limit = time.monotonic() + LIMIT_S
    while not happened():
        if time.monotonic() > limit:
            raise Refused(what + ": it does not happen")
        time.sleep(0.005)


def in_thread(work, *args):
    """By another thread, which has a name of its own; what it raises is raised here."""
    def named():
        open("/proc/thread-self/comm", "w").write("a-worker")
        work(*args)

    with concurrent.futures.ThreadPoolExecutor(1) as one:
        one.submit(named).result()


def begin_when(go):
    open(go + ".waits", "w").close()
    until("begin", lambda: os.path.exists(go))


def said_ready(path):
    return os.path.exists(path) and "ready" in open(path).read()


def pod_config(name, logs):
    return api.PodSandboxConfig(
        metadata=api.PodSandboxMetadata(name=name, uid="uid-" + name, namespace="ct-tests", attempt=0),
        hostname=name, log_directory=logs,
        labels={"io.kubernetes.pod.name": name, "io.kubernetes.pod.namespace": "ct-tests",
                "io.kubernetes.pod.uid": "uid-" + name},
        linux=api.LinuxPodSandboxConfig(cgroup_parent=os.environ.get("CT_CGROUP", "")))


def container_config(name, args, image="docker.io/ct/service:1"):
    return api.ContainerConfig(
        metadata=api.ContainerMetadata(name=name), image=api.ImageSpec(image=image),
        command=args, labels={"io.kubernetes.container.name": name}, log_path=name + ".log")


def probe(client, container):
    for command in [["/bin/sh", "-c", ":"]] * 4 + [["/bin/sh", "-c", "exit 1"]]:
        answer, _ = client.call("ExecSync", api.ExecSyncRequest(
            container_id=container, cmd=command, timeout=1), api.ExecSyncResponse)
        if answer.exit_code != command[-1].endswith("1"):
            raise Refused("a probe of %s: %d" % (container, answer.exit_code))


def refused_create(client, pod, config):
    try:
        client.call("CreateContainer", api.CreateContainerRequest(
            pod_sandbox_id=pod, config=container_config("bad", ["/bin/nosuch"]),
            sandbox_config=config), api.CreateContainerResponse)
    except Refused as why:
        return str(why)
    raise Refused("what cannot be executed is created")


def caller(client, told):
    def call(key, method, request, answer=api.Empty):
        answer, told["times"][key] = client.call(method, request, answer)
        return answer
    return call


def start_pod(client, name, logs, images=()):
    os.makedirs(logs)
    config = pod_config(name, logs)
    told = {"pod": name, "times": {}}
    call = caller(client, told)
    pod = call("run", "RunPodSandbox", api.RunPodSandboxRequest(config=config),
               api.RunPodSandboxResponse).pod_sandbox_id
    told["sandbox"] = pod
    ids = told["containers"] = {}
    for i, c in enumerate(("app", "side")):
        of = container_config(c, ["/service", "serve"])
        if images:
            image, told["times"][c + ".pull"] = pull_for(client, images[i % len(images)], config)
            of = container_config(c, ["/service", "serve"], image)
        ids[c] = call(c + ".create", "CreateContainer", api.CreateContainerRequest(
            pod_sandbox_id=pod, config=of, sandbox_config=config), api.CreateContainerResponse).container_id
        call(c + ".start", "StartContainer", api.ContainerRequest(container_id=ids[c]))
        until("ready of " + name, lambda c=c: said_ready(os.path.join(logs, c + ".log")))
    return told


def stop_pod(client, told):
    call, ids = caller(client, told), told["containers"]
    for c in "side", "app":
        call(c + ".stop", "StopContainer", api.StopContainerRequest(container_id=ids[c], timeout=5))
        call(c + ".remove", "RemoveContainer", api.ContainerRequest(container_id=ids[c]))
    call("stop", "StopPodSandbox", api.PodSandboxRequest(pod_sandbox_id=told["sandbox"]))
    call("remove", "RemovePodSandbox", api.PodSandboxRequest(pod_sandbox_id=told["sandbox"]))
    return told


def one_pod(client, name, logs, probed=False, held=False, images=()):
    told = start_pod(client, name, logs, images)
    if held:
        print("up", file=sys.stderr, flush=True)
        sys.stdin.readline()
    if probed:
        for c in told["containers"].values():
            probe(client, c)
        told["refused"] = refused_create(client, told["sandbox"], pod_config(name, logs))
    return stop_pod(client, told)


def one_container_pod(client, name, logs):
    os.makedirs(logs)
    config = pod_config(name, logs)
    pod, _ = client.call("RunPodSandbox", api.RunPodSandboxRequest(config=config), api.RunPodSandboxResponse)
    made, _ = client.call("CreateContainer", api.CreateContainerRequest(
        pod_sandbox_id=pod.pod_sandbox_id, config=container_config("app", ["/service", "serve"]),
        sandbox_config=config), api.CreateContainerResponse)
    client.call("StartContainer", api.ContainerRequest(container_id=made.container_id), api.Empty)
    return {"pod": name, "sandbox": pod.pod_sandbox_id, "container": made.container_id, "times": []}


def probing(client, prefix, n, seconds, go, directory):
    """Each pod in a part of the second of its own, as the probes of a node are."""
    pods = [one_container_pod(client, prefix + str(i), os.path.join(directory, "logs", prefix + str(i)))
            for i in range(n)]
    print("up", file=sys.stderr, flush=True)
    while not os.path.exists(go):
        time.sleep(0.1)
    begin = time.monotonic()
    for second in range(seconds):
        for i, pod in enumerate(pods):
            time.sleep(max(0, begin + second + i / n - time.monotonic()))
            _, took = client.call("ExecSync", api.ExecSyncRequest(
                container_id=pod["container"], cmd=["/service", "exit", "0"], timeout=1), api.ExecSyncResponse)
            pod["times"].append(took)
        for method in "ListPodSandbox", "ListContainers":
            client.call(method, api.Empty(), api.Empty)
    print("probed", file=sys.stderr, flush=True)
    for pod in pods:
        client.call("StopContainer", api.StopContainerRequest(container_id=pod["container"], timeout=5), api.Empty)
        client.call("StopPodSandbox", api.PodSandboxRequest(pod_sandbox_id=pod["sandbox"]), api.Empty)
        client.call("RemovePodSandbox", api.PodSandboxRequest(pod_sandbox_id=pod["sandbox"]), api.Empty)
        print(json.dumps(pod), flush=True)


def secret_pod(client, name, directory, secret):
    logs = os.path.join(directory, "logs", name)
    os.makedirs(logs)
    config = pod_config(name, logs)
    config.annotations["pw"] = config.labels["pw"] = secret
    pod, _ = client.call("RunPodSandbox", api.RunPodSandboxRequest(config=config), api.RunPodSandboxResponse)
    of = container_config("app", ["/bin/sh", "-c", "exec /service serve"])
    of.args.extend(["--password", secret])
    of.envs.add(key="PW", value=secret)
    of.annotations["pw"] = of.labels["pw"] = secret
    made, _ = client.call("CreateContainer", api.CreateContainerRequest(
        pod_sandbox_id=pod.pod_sandbox_id, config=of, sandbox_config=config), api.CreateContainerResponse)
    client.call("StartContainer", api.ContainerRequest(container_id=made.container_id), api.Empty)
    for command in ["printf %s " + secret], ["printf %s \"$0\"; exit 1", secret], ["printf %s " + secret + " >&2"]:
        client.call("ExecSync", api.ExecSyncRequest(
            container_id=made.container_id, cmd=["/bin/sh", "-c"] + command, timeout=1), api.ExecSyncResponse)
    client.call("StopContainer", api.StopContainerRequest(container_id=made.container_id, timeout=5), api.Empty)
    client.call("StopPodSandbox", api.PodSandboxRequest(pod_sandbox_id=pod.pod_sandbox_id), api.Empty)
    client.call("RemovePodSandbox", api.PodSandboxRequest(pod_sandbox_id=pod.pod_sandbox_id), api.Empty)


def secrets(client, prefix, go, directory, given):
    """Each request has been made once before GO is there: names of methods are not said again."""
    secret_pod(client, prefix + "0", directory, given[0])
    open(go + ".waits", "w").close()
    until("begin", lambda: os.path.exists(go))
    for i, secret in enumerate(given, 1):
        secret_pod(client, prefix + str(i), directory, secret)


def main():
    path, directory, what = sys.argv[1:4]
    try:
        client = Client(path)
        if what == "version":
            client.call("Version", api.Empty(), api.Empty)
            return 0
        if what == "pull":
            if sys.argv[7:]:
                client.call("Version", api.Empty(), api.Empty)
                begin_when(sys.argv[7])
                in_thread(pull, client, *sys.argv[4:7])
                return 0
            pull(client, *sys.argv[4:7])
            return 0
        if what == "remove":
            remove(client, sys.argv[4])
            return 0
        if what == "secrets":
            secrets(client, sys.argv[4], sys.argv[5], directory, sys.argv[6:])
            return 0
        prefix, n = sys.argv[4], int(sys.argv[5])
        if what == "late":
            one_pod(client, prefix + "-", os.path.join(directory, "logs", prefix + "-"))
            before = start_pod(client, prefix + "0", os.path.join(directory, "logs", prefix + "0"))
            begin_when(sys.argv[6])
        if what == "probing":
            probing(client, prefix, n, int(sys.argv[6]), sys.argv[7], directory)
            return 0
        for i in range(1, n + 1):
            name = prefix + str(i)
            print(json.dumps(one_pod(client, name, os.path.join(directory, "logs", name),
                                     what in ("probed", "held"), what == "held",
                                     sys.argv[6:] if what == "pulled" else ())), flush=True)
        if what == "late":
            print(json.dumps(stop_pod(client, before)), flush=True)
    except (OSError, Refused) as why:
        print("cri:", why, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
