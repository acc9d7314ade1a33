#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""gateway.py NAME SOCKETS LEADS SECONDS...: calls functions NAME-1, NAME-2, ... one after another, each when the
one before has answered, and starts what is not there. A function takes so many SECONDS; the next is started so
long before it is over as LEADS says: seconds, of each later one, or one for all of them; 0: then."""
import os
import socket
import subprocess
import sys
import threading
import time

name, sockets = sys.argv[1:3]
leads = [float(s) for s in sys.argv[3].split(",")]
takes = [float(s) for s in sys.argv[4:]]
names = [f"{name}-{i + 1}" for i in range(len(takes))]
locks = [threading.Lock() for _ in takes]
started = [None] * len(takes)


def start(i):
    with locks[i]:
        if started[i]:
            return
        path = f"{sockets}/{names[i]}"
        if os.path.exists(path):
            os.unlink(path)
        started[i] = subprocess.Popen(
            ["docker", "run", "--rm", "--name", names[i], "--network", "none", "-v", f"{sockets}:/sockets",
             "ct/chain:1", "/bin/node", "/function.js", f"/sockets/{names[i]}", str(round(takes[i] * 1000))],
            stdout=subprocess.DEVNULL)


def call(i):
    start(i)
    until = time.monotonic() + 60
    while True:
        s = socket.socket(socket.AF_UNIX)
        try:
            s.connect(f"{sockets}/{names[i]}")
            break
        except OSError:
            s.close()
            if time.monotonic() > until:
                sys.exit(f"gateway: {names[i]} does not listen")
            time.sleep(0.002)
    lead = leads[i % len(leads)]
    if lead > 0 and i + 1 < len(takes):
        timer = threading.Timer(max(0, takes[i] - lead), start, [i + 1])
        timer.daemon = True
        timer.start()
    s.sendall(b"GET / HTTP/1.0\r\n\r\n")
    while s.recv(4096):
        pass
    s.close()


for i in range(len(takes)):
    call(i)
sys.exit(max(p.wait() for p in started))
