# SPDX-License-Identifier: GPL-2.0-only
"""A model that is asked: NumPy and SciPy."""
import http.server

import native
import numpy
from scipy import linalg

model = linalg.inv(numpy.eye(64) + numpy.ones((64, 64)) / 64)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        text = self.rfile.read(int(self.headers["Content-Length"]))
        answer = model @ numpy.array(native.counts(text)[:64], dtype=float)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(repr(answer.tolist()).encode())


server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler)
print("ready", flush=True)
server.serve_forever()
