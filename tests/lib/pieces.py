#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pieces.py SOCKET NAME SECRET: requests to Docker's API that come in several sends, each split where what is in front
of the split would look like something else than it is: in a password, in front of an "@", in front of a body."""
import sys

sys.dont_write_bytecode = True
from sends import ask  # beside this

PATH, NAME, SECRET = sys.argv[1:4]
HOST = "127.0.0.1:1"


def body(text):
    return " HTTP/1.1\r\nHost: d\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len("".join(text))


def with_body(path, *text):
    return ["POST " + path + body(text)] + list(text)


CREATE = "/containers/create?name=" + NAME
REQUESTS = [
    ["POST /images/create?fromImage=me:" + SECRET, "@" + HOST + "/x&tag=1 HTTP/1.1\r\nHost: d\r\n\r\n"],
    ["POST /images/create?fromImage=" + HOST + "/x&tag=1 HTTP/1.1\r\nHost: d\r\nX-Registry-Auth: ", SECRET, "\r\n\r\n"],
    ["POST /images/create?fromImage=" + HOST + "/x&tag=1 HTTP/1.1\r\nHost: d\r\nUser-Agent: x\r\nX-Registry-Auth: ",
     "POST /" + SECRET + " HTTP/1.1\r\n\r\n"],
    with_body(CREATE, '{"Image":"ct/none","Env":["PW=', SECRET, '"]}'),
    with_body(CREATE, '{"Image":"http://me:' + SECRET, "@" + HOST + '/x"}'),
    with_body(CREATE, "{", '"Image":"ct/none","Env":["PW=' + SECRET + '"]}'),
    with_body(CREATE, '{"Image":"ct/none","Env":["=' + SECRET + '"]}'),
    with_body(CREATE, '{"Image":"ct/none","Env":["PW=', '{"Image":"' + SECRET + '"}', '"]}'),
    with_body("/auth", '{"username":"me","password":"', SECRET, '","serveraddress":"' + HOST + '"}'),
    with_body("/auth", '{"Image":"' + SECRET + '","serveraddress":"' + HOST + '"}'),
    with_body("/containers/" + NAME + "/exec", '{"Env":["PW=' + SECRET, '"],"Cmd":["', SECRET, '"]}'),
]


for request in REQUESTS:
    ask(PATH, request, 10)
