# SPDX-License-Identifier: GPL-2.0-only
"""Text that somebody posts: Flask."""
import sys

import flask
import native
from werkzeug.serving import make_server

app = flask.Flask("text")


@app.post("/")
def post():
    return flask.jsonify(native.counts(flask.request.get_data()))


server = make_server("0.0.0.0", 8080, app)
print("ready", flush=True)
sys.stdout = sys.stderr
server.serve_forever()
