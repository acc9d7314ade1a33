#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""paced.py HOST:PORT BYTES FILE: passes connections on to a server, whose answers come at so many bytes per second by each
of them, however many there are. Its address goes to FILE."""
import os
import socket
import sys
import threading
import time

STEP = 0.01  # s


def back(server, client, rate):
    due = time.monotonic()
    try:
        while data := server.recv(max(1, int(rate * STEP))):
            client.sendall(data)
            due = max(due, time.monotonic() - STEP) + len(data) / rate
            time.sleep(max(0, due - time.monotonic()))
        client.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def serve(client, to, rate):
    with client, socket.create_connection(to) as server:
        threading.Thread(target=back, args=(server, client, rate), daemon=True).start()
        try:
            while data := client.recv(1 << 16):
                server.sendall(data)
        except OSError:
            pass


def main():
    host, port = sys.argv[1].rsplit(":", 1)
    listener = socket.create_server(("127.0.0.1", 0))
    with open(sys.argv[3] + ".new", "w", encoding="ascii") as f:
        f.write("127.0.0.1:%d\n" % listener.getsockname()[1])
    os.rename(sys.argv[3] + ".new", sys.argv[3])
    while True:
        threading.Thread(target=serve, args=(listener.accept()[0], (host, int(port)), float(sys.argv[2])), daemon=True).start()


main()
