#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""frames.py SOCKET: a client of gRPC whose sends do not end where frames do. It says which socket it is (its cookie),
and waits for a line; then it sends the rest of a frame with a request behind it, and is gone."""
import socket
import struct
import sys

SO_COOKIE = 57


def frame(kind, flags, stream, payload):
    return struct.pack(">I", len(payload))[1:] + struct.pack(">BBI", kind, flags, stream) + payload


def text(s):
    return bytes([len(s)]) + s.encode()


def asks(stream, path):
    block = b"\x83\x86" + b"\x44" + text(path) + b"\x41" + text("localhost") + b"\x5f" + text("application/grpc")
    return frame(1, 4, stream, block)


s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
message = frame(0, 0, 1, b"\0" + struct.pack(">I", 4000) + b"\x0a" + bytes(3999))
s.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(4, 0, 0, b""))
s.sendall(asks(1, "/containerd.services.tasks.v1.Tasks/Start") + message[:1000])
print(int.from_bytes(s.getsockopt(socket.SOL_SOCKET, SO_COOKIE, 8), sys.byteorder), flush=True)
sys.stdin.readline()
s.sendall(message[1000:] + asks(3, "/containerd.services.tasks.v1.Tasks/Kill"))
