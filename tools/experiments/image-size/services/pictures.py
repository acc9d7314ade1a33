# SPDX-License-Identifier: GPL-2.0-only
"""Pictures that are made smaller: Pillow."""
import http.server
import io

import native
from PIL import Image, ImageFilter


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        content = self.rfile.read(int(self.headers["Content-Length"]))
        native.counts(content)
        out = io.BytesIO()
        Image.open(io.BytesIO(content)).resize((64, 64)).filter(ImageFilter.BLUR).save(out, "PNG")
        self.send_response(200)
        self.end_headers()
        self.wfile.write(out.getvalue())


Image.init()
server = http.server.ThreadingHTTPServer(("0.0.0.0", 8080), Handler)
print("ready", flush=True)
server.serve_forever()
