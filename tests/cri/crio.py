#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""A stand-in for CRI-O, which no release of Debian packages: the Kubernetes runtime interface on a
socket, and behind it what CRI-O 1.26 does, with the real conmon, runtime and network plugins, called
as the recordings in tests/replay show. It holds no images: every container is TEMPLATE's.

crio.py SOCKET DIR TEMPLATE RUNTIME POD    POD: pause (a process of its own), or none

To be started under the name crio, which engines are known by: exec -a /DIR/crio /DIR/crio crio.py ...,
where that is a link to python3. DIR holds api_pb2.py, made by protoc. TEMPLATE is a bundle."""

import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import threading
import time

import h2.config
import h2.connection
import h2.events

SOCKET, DIR, TEMPLATE, RUNTIME, POD = sys.argv[1:6]
CNI_BIN = os.environ.get("CR_CNI_BIN", "/usr/lib/cni")
NETWORK = {"cniVersion": "0.4.0", "name": "crio", "type": "loopback"}
LIMIT_S = 30
SERVICE = ["/service", "serve"]

sys.path.insert(0, DIR)
import api_pb2 as api  # noqa: E402

things = {}  # pods and containers by id
lock = threading.Lock()


class Failed(Exception):
    pass


def run(*args, **more):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if done.returncode:
        raise Failed("%s: %s" % (" ".join(args), done.stdout.strip()))


def runtime(*args):
    run(RUNTIME, "--root", DIR + "/runc", *args)


class Thing:
    """A pod, or a container in one (pod is not None)."""

    def __init__(self, meta, pod):
        self.id, self.pod, self.meta = secrets.token_hex(32), pod, meta
        self.dir = "%s/overlay-containers/%s/userdata" % (DIR, self.id)
        self.process = self.stopped = False
        sandbox = (pod or self).meta
        self.name = "_".join(["k8s", meta.name if pod else "POD", sandbox.name, sandbox.namespace,
                              sandbox.uid, str(meta.attempt)])
        self.netns = pod.netns if pod else "%s/netns/%s" % (DIR, self.id)
        os.makedirs(self.dir)

    def annotations(self, image):
        sandbox = self.pod or self
        said = {"Name": self.name, "ContainerType": "container" if self.pod else "sandbox",
                "SandboxID": sandbox.id, "KubeName": sandbox.meta.name,
                "Namespace": sandbox.meta.namespace, "ImageName": image, "ContainerID": self.id}
        given = {"io.kubernetes.cri-o." + key: value for key, value in said.items()}
        given.update({"io.kubernetes.pod.name": sandbox.meta.name,
                      "io.kubernetes.pod.namespace": sandbox.meta.namespace,
                      "io.kubernetes.pod.uid": sandbox.meta.uid})
        if self.pod:
            given["io.kubernetes.container.name"] = self.meta.name
        return given

    def bundle(self, command, image):
        with open(TEMPLATE + "/config.json") as f:
            config = json.load(f)
        config["process"]["args"] = command
        config["root"]["path"] = TEMPLATE + "/rootfs"
        config["annotations"] = self.annotations(image)
        for ns in config["linux"]["namespaces"]:
            if ns["type"] == "network":
                ns["path"] = self.netns
        with open(self.dir + "/config.json", "w") as f:
            json.dump(config, f)

    def conmon(self, *args):
        """CRI-O's: one pipe says when it may begin, on the other it says what became of it."""
        said, tell = os.pipe()
        begin, go = os.pipe()
        env = dict(os.environ, _OCI_SYNCPIPE=str(tell), _OCI_STARTPIPE=str(begin))
        child = subprocess.Popen(
            ["/usr/bin/conmon", *args, "--socket-dir-path", DIR + "/sockets",
             "--runtime-arg", "--root=%s/runc" % DIR],
            pass_fds=(tell, begin), env=env, stdin=subprocess.DEVNULL)
        os.close(tell)
        os.close(begin)
        os.write(go, b"\0")
        os.close(go)
        with os.fdopen(said) as f:
            lines = f.readline()
            child.wait()
        return json.loads(lines) if lines.strip() else {"pid": -1, "message": "conmon says nothing"}

    def create(self, command, image, log):
        self.bundle(command, image)
        answer = self.conmon(
            "-b", self.dir, "-c", self.id, "--exit-dir", DIR + "/exits", "-l", log,
            "--log-level", "info", "-n", self.name, "-P", self.dir + "/conmon-pidfile",
            "-p", self.dir + "/pidfile", "--persist-dir", self.dir, "-r", RUNTIME,
            "-u", self.id)
        if answer.get("pid", answer.get("data", -1)) <= 0:
            subprocess.run([RUNTIME, "--root", DIR + "/runc", "delete", "--force", self.id],
                           stderr=subprocess.DEVNULL)
            raise Failed("container create failed: " + answer.get("message", ""))
        self.process = True
        self.save()

    def save(self):
        """As CRI-O does, behind each step."""
        if self.process:
            runtime("state", self.id)
        with open(self.dir + "/.tmp-state.json", "w") as f:
            f.write("{}")
            os.fsync(f.fileno())
        os.rename(self.dir + "/.tmp-state.json", self.dir + "/state.json")

    def start(self):
        runtime("start", self.id)
        self.save()

    def stop(self):
        if not self.process or self.stopped:
            return
        written = "%s/exits/%s" % (DIR, self.id)
        if not os.path.exists(written):
            runtime("kill", self.id, "TERM")
        limit = time.monotonic() + LIMIT_S
        while not os.path.exists(written):
            if time.monotonic() > limit:
                raise Failed("%s does not end" % self.id)
            time.sleep(0.001)
        self.save()
        self.stopped = True

    def probe(self, command):
        """ExecSync: another conmon, and `runc exec`; the exit code is what it says last."""
        with open(TEMPLATE + "/config.json") as f:
            process = dict(json.load(f)["process"], args=command)
        spec = "%s/exec-process-%s" % (DIR, secrets.token_hex(5))
        with open(spec, "w") as f:
            json.dump(process, f)
        answer = self.conmon(
            "-c", self.id, "-n", self.name, "-r", RUNTIME, "-p", spec + ".pid", "-e",
            "-l", spec + ".log", "--log-level", "info", "--sync", "-T", "10",
            "--exec-process-spec", spec)
        os.unlink(spec)
        return answer.get("exit_code", answer.get("data", 0))

    def plug(self, command):
        env = dict(os.environ, CNI_COMMAND=command, CNI_CONTAINERID=self.id, CNI_NETNS=self.netns,
                   CNI_IFNAME="lo", CNI_PATH=CNI_BIN,
                   CNI_ARGS="IgnoreUnknown=1;K8S_POD_NAMESPACE=%s;K8S_POD_NAME=%s;"
                            "K8S_POD_INFRA_CONTAINER_ID=%s;K8S_POD_UID=%s" %
                            (self.meta.namespace, self.meta.name, self.id, self.meta.uid))
        config = dict(NETWORK)
        if command != "ADD":
            config["prevResult"] = self.network
        done = subprocess.run([CNI_BIN + "/" + config["type"]], env=env, input=json.dumps(config),
                              stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise Failed("network %s: %s" % (command, done.stdout))
        if command == "ADD":
            self.network = json.loads(done.stdout)


def find(container):
    with lock:
        if container not in things:
            raise Failed("could not find %s" % container)
        return things[container]


def made(thing):
    with lock:
        things[thing.id] = thing


def run_pod(body):
    config = api.RunPodSandboxRequest.FromString(body).config
    pod = Thing(config.metadata, None)
    pod.logs = config.log_directory
    open(pod.netns, "w").close()
    run("unshare", "--net=" + pod.netns, "true")  # pinns
    pod.plug("ADD")
    pod.plug("CHECK")
    if POD == "pause":
        pod.create(SERVICE, "", pod.dir + "/ctr-log")
        pod.start()
    else:
        pod.save()
    made(pod)
    return api.RunPodSandboxResponse(pod_sandbox_id=pod.id)


def stop_pod(body):
    pod = find(api.PodSandboxRequest.FromString(body).pod_sandbox_id)
    if not pod.stopped:
        pod.plug("DEL")
        pod.stop()
        run("umount", pod.netns)
        os.unlink(pod.netns)
        pod.stopped = True
    return api.Empty()


def remove(body):
    thing = find(api.ContainerRequest.FromString(body).container_id)
    if thing.process:
        runtime("delete", "--force", thing.id)
    with lock:
        del things[thing.id]
    shutil.rmtree(os.path.dirname(thing.dir))
    return api.Empty()


def create(body):
    asked = api.CreateContainerRequest.FromString(body)
    pod = find(asked.pod_sandbox_id)
    c = Thing(asked.config.metadata, pod)
    c.create(list(asked.config.command), asked.config.image.image,
             os.path.join(pod.logs, asked.config.log_path))
    made(c)
    return api.CreateContainerResponse(container_id=c.id)


def start(body):
    find(api.ContainerRequest.FromString(body).container_id).start()
    return api.Empty()


def stop(body):
    find(api.StopContainerRequest.FromString(body).container_id).stop()
    return api.Empty()


def exec_sync(body):
    asked = api.ExecSyncRequest.FromString(body)
    return api.ExecSyncResponse(exit_code=find(asked.container_id).probe(list(asked.cmd)))


METHODS = {"Version": lambda body: api.Empty(), "RunPodSandbox": run_pod, "StopPodSandbox": stop_pod,
           "RemovePodSandbox": remove, "CreateContainer": create, "StartContainer": start,
           "StopContainer": stop, "RemoveContainer": remove, "ExecSync": exec_sync}


def answer(conn, stream, method, body):
    head = [(":status", "200"), ("content-type", "application/grpc")]
    try:
        told = METHODS[method](body[5:]).SerializeToString()
    except (Failed, OSError, KeyError) as why:
        text = re.sub("[^ -$&-~]", lambda c: "%%%02X" % ord(c[0]), str(why))
        conn.send_headers(stream, head + [("grpc-status", "2"), ("grpc-message", text)],
                          end_stream=True)
        return
    conn.send_headers(stream, head)
    conn.send_data(stream, b"\0" + len(told).to_bytes(4, "big") + told)
    conn.send_headers(stream, [("grpc-status", "0"), ("grpc-message", "")], end_stream=True)


def serve(sock):
    conn = h2.connection.H2Connection(h2.config.H2Configuration(client_side=False))
    conn.initiate_connection()
    sock.sendall(conn.data_to_send())
    methods, bodies = {}, {}
    while True:
        data = sock.recv(65536)
        if not data:
            return
        for event in conn.receive_data(data):
            if isinstance(event, h2.events.RequestReceived):
                fields = {str(k, "ascii") if isinstance(k, bytes) else k:
                          str(v, "ascii") if isinstance(v, bytes) else v for k, v in event.headers}
                methods[event.stream_id] = fields[":path"].rpartition("/")[2]
                bodies[event.stream_id] = b""
            elif isinstance(event, h2.events.DataReceived):
                bodies[event.stream_id] += event.data
                conn.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
            elif isinstance(event, h2.events.StreamEnded):
                stream = event.stream_id
                answer(conn, stream, methods.pop(stream), bodies.pop(stream))
            sock.sendall(conn.data_to_send())


def main():
    for name in "exits", "netns", "sockets", "runc":
        os.makedirs(os.path.join(DIR, name), exist_ok=True)
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(SOCKET)
    listener.listen()
    while True:
        sock, _ = listener.accept()
        threading.Thread(target=serve, args=(sock,), daemon=True).start()


main()
