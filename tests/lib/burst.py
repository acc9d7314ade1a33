#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""burst.py SOCKET PREFIX N ROUNDS: one client that creates, starts, stops and removes N containers
at once, as `docker compose up` and `down` do: a request on each of several connections at a time,
which are kept. Prints "id name" of each."""
import concurrent.futures
import http.client
import json
import queue
import socket
import sys


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)


def main(path, prefix, n, rounds):
    idle = queue.SimpleQueue()

    def ask(method, target, wanted, body=None):
        try:
            conn = idle.get_nowait()
        except queue.Empty:
            conn = Unix(path)
        conn.request(method, "/v1.41" + target, json.dumps(body) if body else None,
                     {"Content-Type": "application/json"})
        answer = conn.getresponse()
        text = answer.read()
        idle.put(conn)
        if answer.status != wanted:
            raise SystemExit(f"{method} {target}: {answer.status} {text!r}")
        return json.loads(text) if text else {}

    def create(name):
        made = ask("POST", f"/containers/create?name={name}", 201,
                   {"Image": "ct/service:1", "HostConfig": {"NetworkMode": "none"}})
        return made["Id"], name

    with concurrent.futures.ThreadPoolExecutor(n) as pool:
        for i in range(rounds):
            made = list(pool.map(create, [f"{prefix}{i}-{k}" for k in range(n)]))
            list(pool.map(lambda c: ask("POST", f"/containers/{c[1]}/start", 204), made))
            list(pool.map(lambda c: ask("POST", f"/containers/{c[1]}/stop?t=2", 204), made))
            list(pool.map(lambda c: ask("DELETE", f"/containers/{c[1]}", 204), made))
            for container in made:
                print(*container)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
