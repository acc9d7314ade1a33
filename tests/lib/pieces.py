#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""pieces.py SOCKET NAME SECRET: requests to Docker's API that come in several sends, each split where what is in front
of the split would look like something else than it is: in a password, in front of an "@", in front of a body."""
import socket
import sys
import time

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


def ask(pieces):
    """What comes behind the answer's head is of no interest."""
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(10)
        s.connect(PATH)
        for piece in pieces:
            s.sendall(piece.encode())
            time.sleep(0.02)
        print(s.recv(4096).split(b"\r\n")[0].decode(), pieces[0].split(" HTTP")[0][:60])


for request in REQUESTS:
    ask(request)
