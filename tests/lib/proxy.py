#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""proxy.py FILE: a proxy on the loopback that knows CONNECT and nothing else. Its address goes to FILE."""
import os
import socket
import sys
import threading


def pass_on(source, to):
    try:
        while data := source.recv(1 << 16):
            to.sendall(data)
        to.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client):
    head = b""
    while b"\r\n\r\n" not in head:
        head += client.recv(4096) or sys.exit()
    host, port = head.split()[1].decode().rsplit(":", 1)
    with client, socket.create_connection((host, int(port))) as server:
        client.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        back = threading.Thread(target=pass_on, args=(server, client))
        back.start()
        pass_on(client, server)
        back.join()


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    with open(sys.argv[1] + ".new", "w", encoding="ascii") as f:
        f.write("127.0.0.1:%d\n" % listener.getsockname()[1])
    os.rename(sys.argv[1] + ".new", sys.argv[1])
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()


main()
