#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""redirects.py PORT SECRET: a registry that sends everybody on to where nobody listens, with a secret in the address: as one
does whose layers a store of objects has, which is asked with a signature."""
import http.server
import sys


class Registry(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/v2/":
            self.send_response(200)
        else:
            self.send_response(307)
            self.send_header("Location", "http://me:%s@127.0.0.1:1/x?signature=%s" % (sys.argv[2], sys.argv[2]))
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET

    def log_message(self, *args):
        pass


http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Registry).serve_forever()
