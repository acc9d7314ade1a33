#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""forged.py SOCKET NAME SECRET: requests to Docker's API whose bodies are coded or look like other messages: chunked,
asked for first, several on one connection, input of a container that is an answer, a request or a line of a pull."""
import sys

sys.dont_write_bytecode = True
from sends import ask  # beside this

PATH, NAME, SECRET = sys.argv[1:4]
JSON = "Host: d\r\nContent-Type: application/json\r\n"
CREATE = "POST /containers/create?name=" + NAME + " HTTP/1.1\r\n" + JSON
BODY = '{"Image":"ct/none","Env":["PW=' + SECRET + '"],"Cmd":["' + SECRET + '"]}'
ANSWER = 'HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\n\r\n{"message":"' + SECRET + '"}\n'


def chunk(text):
    return "%x\r\n%s\r\n" % (len(text), text)


CHUNKED = "Transfer-Encoding: chunked\r\n\r\n"
SIZED = "Content-Length: %d\r\n\r\n" % len(BODY)
REQUESTS = [
    [CREATE + CHUNKED + chunk(BODY) + chunk("")],
    [CREATE + CHUNKED, chunk(BODY), chunk("")],
    [CREATE + CHUNKED, chunk('{"Image":"'), chunk('ct/none","Env":["PW='), chunk(SECRET), chunk('"]}'), chunk("")],
    [CREATE + "Expect: 100-continue\r\n" + SIZED, BODY],
    ["GET /_ping HTTP/1.1\r\nHost: d\r\n\r\n" + CREATE + SIZED + BODY + "GET /" + SECRET + " HTTP/1.1\r\nHost: d\r\n\r\n"],
    [CREATE + SIZED, BODY[:30], BODY[30:], "GET /images/me:" + SECRET + "@h/x/json HTTP/1.1\r\nHost: d\r\n\r\n"],
    ["DELETE /images/me:" + SECRET + "@h/x HTTP/1.1\r\nHost: d\r\n\r\n"],
    ["GET /distribution/me:" + SECRET + "@h/x/json HTTP/1.1\r\nHost: d\r\n\r\n"],
    ["POST /images/ct/service/tag?repo=me:" + SECRET + "@h/x HTTP/1.1\r\nHost: d\r\nContent-Length: 0\r\n\r\n"],
    ["GET /containers/json?filters=%7B%22label%22%3A%5B%22pw%3D" + SECRET + "%22%5D%7D HTTP/1.1\r\nHost: d\r\n\r\n"],
    ["POST /swarm/unlock HTTP/1.1\r\n" + JSON + "Content-Length: %d\r\n\r\n" % (len(SECRET) + 16), '{"UnlockKey":"' + SECRET + '"}'],
    ["POST /images/load HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\n" + CHUNKED, chunk(ANSWER), chunk(CREATE + SIZED + BODY),
     chunk('{"status":"' + SECRET + '"}\r\n'), chunk("")],
    ["POST /containers/" + NAME + "-in/attach?stdin=1&stream=1&stdout=1 HTTP/1.1\r\nHost: d\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n",
     ANSWER, CREATE + SIZED, BODY, '{"Image":"' + SECRET + '"}\n', '{"status":"Downloading","id":"' + SECRET + '"}\n', SECRET],
]


for request in REQUESTS:
    try:
        ask(PATH, request, 5)
    except OSError as err:
        print(err, request[0][:60])
