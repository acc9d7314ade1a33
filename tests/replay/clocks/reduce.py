#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
"""reduce.py LOG: what CRI-O's own log at level debug says of its requests, a line each.

That is an independent clock of a run: check.py compares records with it. Columns: request, first
twelve digits of the id ("-": it made none), wall clock of request and answer in ns, whether it went
well, NAMESPACE/POD[/CONTAINER] of what is made. Lines "exit" have the exit code of a container, the
line "probes" how many processes were executed in containers."""
import calendar
import re
import sys

VERBS = {"RunPodSandbox", "StopPodSandbox", "RemovePodSandbox",
         "CreateContainer", "StartContainer", "StopContainer", "RemoveContainer"}
MAKES = {"RunPodSandbox", "CreateContainer"}
LINE = re.compile(r'time="(\d+)-(\d+)-(\d+) (\d+):(\d+):(\d+)(?:\.(\d+))?Z" level=\w+ '
                  r'msg="(Request|Response error|Response): .* id=(\S+) name=/[\w.]+/(\w+)\s*$')
POD = re.compile(r'PodSandboxMetadata\{Name:([^,]+),Uid:[^,]+,Namespace:([^,]+),')
CONTAINER = re.compile(r'ContainerMetadata\{Name:([^,]+),')
STATUS = re.compile(r'ContainerStatus\{Id:([0-9a-f]{64}),.*State:CONTAINER_EXITED,.*?ExitCode:(\d+),')
ID = re.compile(r'\b[0-9a-f]{64}\b')

asked, told, exits, probes = {}, [], {}, 0
for line in open(sys.argv[1], errors="replace"):
    match = LINE.match(line)
    if not match:
        continue
    *date, part, kind, call, verb = match.groups()
    at = calendar.timegm(tuple(map(int, date))) * 10**9 + int(((part or "") + "0" * 9)[:9])
    status = STATUS.search(line)
    if kind == "Response" and status:
        exits[status[1]] = status[2]
    probes += kind == "Request" and verb == "ExecSync"
    if verb not in VERBS:
        continue
    if kind == "Request":
        asked[call] = (at, line)
    elif call in asked:
        begin, request = asked.pop(call)
        ids = ID.findall(line if verb in MAKES else request)
        ok = kind == "Response"
        name = "-"
        if verb in MAKES:
            pod, container = POD.search(request), CONTAINER.search(request)
            name = "/".join([pod[2], pod[1]] + ([container[1]] if container else []))
        told.append((begin, verb, ids[0][:12] if ids and (ok or verb not in MAKES) else "-", at,
                     "ok" if ok else "failed", name))
for begin, verb, container, end, how, name in sorted(told):
    print(verb, container, begin, end, how, name, sep="\t")
for container, code in sorted(exits.items()):
    print("exit", container[:12], code, sep="\t")
print("probes", probes, sep="\t")
