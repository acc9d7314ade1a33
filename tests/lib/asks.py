#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""asks.py SOCKET COUNT: so many connections, each with a POST about a container that there is not, and gone.
asks.py SOCKET slowly NAME IMAGE: a create whose body is sent half a second behind its header."""
import json
import socket
import sys
import time


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    return s


def create(name, image):
    body = json.dumps({"Image": image, "Cmd": ["exit", "0"]})
    s = connect()
    s.sendall(("POST /v1.41/containers/create?name=%s HTTP/1.1\r\nHost: docker\r\nContent-Type: application/json\r\n"
               "Content-Length: %d\r\n\r\n" % (name, len(body))).encode())
    time.sleep(0.5)
    s.sendall(body.encode())
    print(s.recv(4096).split(b"\r\n")[0].decode())


if sys.argv[2] == "slowly":
    create(*sys.argv[3:])
else:
    for i in range(int(sys.argv[2])):
        s = connect()
        s.sendall(b"POST /v1.41/containers/none/wait HTTP/1.1\r\nHost: docker\r\nContent-Length: 0\r\n\r\n")
        s.close()
