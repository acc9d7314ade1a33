#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""stamp.py: copies lines from stdin to stdout, each with the time at which it came before it: CLOCK_MONOTONIC, ns."""
import sys
import time

for line in sys.stdin:
    print(time.monotonic_ns(), line, end="", flush=True)
