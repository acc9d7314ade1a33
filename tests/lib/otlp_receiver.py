# SPDX-License-Identifier: GPL-2.0-only
"""otlp_receiver.py PORT FILE: a collector: takes OTLP over HTTP, parses it by the published definitions,
and writes a line of JSON to FILE for each request. While FILE.down is there it answers 503."""
import gzip
import http.server
import json
import os
import sys

from google.protobuf import json_format
from opentelemetry.proto.collector.metrics.v1 import metrics_service_pb2
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2

MESSAGES = {"/v1/traces": trace_service_pb2.ExportTraceServiceRequest,
            "/v1/metrics": metrics_service_pb2.ExportMetricsServiceRequest}


def unknown_fields(message):
    """What the definitions do not have would be parsed in silence."""
    n = len(message.UnknownFields())
    for field, value in message.ListFields():
        if field.type == field.TYPE_MESSAGE:
            for one in value if field.label == field.LABEL_REPEATED else [value]:
                n += unknown_fields(one)
    return n


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = 503 if os.path.exists(sys.argv[2] + ".down") else 200
        if status == 200:
            assert self.headers["Content-Type"] == "application/x-protobuf"
            if self.headers["Content-Encoding"] == "gzip":
                body = gzip.decompress(body)
            message = MESSAGES[self.path]()
            message.ParseFromString(body)
            said = {"path": self.path, "token": self.headers.get("X-Token"),
                    "unknown": unknown_fields(message), "bytes": len(body),
                    "gzip": self.headers["Content-Encoding"] == "gzip",
                    "data": json_format.MessageToDict(message)}
            with open(sys.argv[2], "a") as f:
                f.write(json.dumps(said) + "\n")
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass


http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
