#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""halts.py HOST:PORT BYTES FILE [ends]: a server that stops in the middle. Passes on each connection to HOST:PORT, of
its answer BYTES and no more, and keeps it open, or ends it. Its own address is then in FILE."""
import socket
import sys
import threading


def pass_on(source, to, bytes_max):
    passed = 0
    while passed < bytes_max:
        data = source.recv(min(65536, bytes_max - passed))
        if not data:
            to.shutdown(socket.SHUT_WR)
            return
        to.sendall(data)
        passed += len(data)
    if sys.argv[4:] == ["ends"]:
        to.shutdown(socket.SHUT_RDWR)


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    listener = socket.create_server(("127.0.0.1", 0))
    with open(sys.argv[3], "w") as f:
        f.write("127.0.0.1:%d\n" % listener.getsockname()[1])
    kept = []
    while True:
        client = listener.accept()[0]
        server = socket.create_connection((host, int(port)))
        kept.append((client, server))
        for source, to, bytes_max in (client, server, 1 << 62), (server, client, int(sys.argv[2])):
            threading.Thread(target=pass_on, args=(source, to, bytes_max), daemon=True).start()


main()
