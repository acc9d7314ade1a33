#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""canary.py CANARY[,CANARY]... FILE...: says in which files a password is, or a part of it, however it is coded.

As it is, in base64 at each of three places, in hexadecimal, percent-coded and, at each of eight
bits, by the Huffman code of HPACK. Recordings are searched as tests/lib/raw.py decompresses them.
canary.py --forms CANARY: each form on a line of hexadecimal, for who wants to see one found."""
import base64
import os
import subprocess
import sys

from hpack.huffman_constants import REQUEST_CODES, REQUEST_CODES_LENGTH


def huffman(text):
    bits = "".join(format(REQUEST_CODES[c], "0%db" % REQUEST_CODES_LENGTH[c]) for c in text)
    for shift in range(8):
        whole = bits[shift:]
        yield bytes(int(whole[i:i + 8], 2) for i in range(0, len(whole) - 7, 8))


def base64s(text):
    for before in range(3):
        coded = base64.b64encode(b"\0" * before + text)
        # what depends on neighbours is no part of it
        yield coded[(before * 8 + 5) // 6:(before + len(text)) * 8 // 6]


def forms(text):
    found = {"as it is": text, "hexadecimal": text.hex().encode(),
             "percent-coded": b"".join(b"%%%02X" % c for c in text), "reversed": text[::-1]}
    for i, coded in enumerate(base64s(text)):
        found["base64 at %d" % i] = coded
        found["base64url at %d" % i] = coded.replace(b"+", b"-").replace(b"/", b"_")
    for i, coded in enumerate(huffman(text)):
        found["Huffman at bit %d" % i] = coded
    return found


PART = 12


def parts(text):
    """What is cut off by whoever keeps only so much."""
    if len(text) <= PART:
        return {text}
    return {text[:PART], text[(len(text) - PART) // 2:][:PART], text[-PART:]}


def read(name):
    with open(name, "rb") as f:
        data = f.read()
    if data[:8] == b"coldtrac":
        raw = os.path.join(os.path.dirname(os.path.abspath(__file__)), "raw.py")
        data += subprocess.run([sys.executable, raw, name], check=True, stdout=subprocess.PIPE).stdout
    return data


def main():
    if sys.argv[1] == "--forms":
        for coded in forms(sys.argv[2].encode()).values():
            print(coded.hex())
        return
    searched = {}
    for canary in sys.argv[1].encode().split(b","):
        searched.update((part, "a part of it") for part in parts(canary))
        searched.update((coded, form) for form, coded in forms(canary).items())
    for name in sys.argv[2:]:
        data = read(name)
        for coded, form in searched.items():
            at = data.find(coded)
            if at >= 0:
                print("%s: %s at %d: %r" % (name, form, at, data[max(0, at - 60):at + 40]))


main()
