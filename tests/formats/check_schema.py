#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-only
#
# check_schema.py SCHEMA FILE.jsonl...: every line is valid against the JSON Schema that coldtrace prints,
# and has no field that it does not list: users may ignore those, we may not forget them. That the schema
# refuses what is wrong is tried on lines that are made wrong.
import copy
import json
import sys

import jsonschema


def strict(node):
    """No other fields than those listed."""
    if isinstance(node, dict):
        if "properties" in node and "required" in node and "additionalProperties" not in node and "allOf" not in node:
            node["additionalProperties"] = False
        for value in node.values():
            strict(value)
    elif isinstance(node, list):
        for value in node:
            strict(value)


def paths(value, at=()):
    yield at
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, at + (key,))


def spoilt(line):
    """The line with one field less, renamed, or of another type, for every field of it."""
    for path in paths(line):
        if not path or not isinstance(path[-1], str):
            continue
        for how in ("gone", "added", "array in its place"):
            wrong = copy.deepcopy(line)
            holder = wrong
            for key in path[:-1]:
                holder = holder[key]
            if how == "gone":
                del holder[path[-1]]
            elif how == "added":
                holder[path[-1] + "_x"] = 1
            else:
                holder[path[-1]] = [[]]
            yield f"{'.'.join(map(str, path))} {how}", wrong


# What may be left out: it is there only if there is something. What a kind of line is called after, it has.
OPTIONAL = ("attach_ns", "fetched", "link", "links", "probes", "why", "causes", "path", "pieces", "beyond_share", "forgers", "unheard", "deaf", "unknown_orders", "program", "node",
            "runtime", "engine", "image", "container", "pod", "namespace", "project", "service")


def free(kind, what):
    """Left out, or of a table of names."""
    path, _, how = what.rpartition(" ") if what.endswith((" gone", " added")) else (what, "", "")
    names = path.split(".")
    if how == "gone":
        return (names[-1] in OPTIONAL and names[-1] != kind) or (len(names) > 1 and names[-2] in ("phases", "why", "lost", "unseen", "errors"))
    if how == "added":
        return len(names) > 1 and names[-2] == "errors"
    return False


def main():
    schema = json.load(open(sys.argv[1]))
    jsonschema.Draft202012Validator.check_schema(schema)
    strict(schema)
    validator = jsonschema.Draft202012Validator(schema)
    lines, tried, kinds = 0, 0, {}
    for name in sys.argv[2:]:
        for number, text in enumerate(open(name, encoding="utf-8"), 1):
            line = json.loads(text)
            error = jsonschema.exceptions.best_match(validator.iter_errors(line))
            if error:
                sys.exit(f"{name}:{number}: {'.'.join(map(str, error.absolute_path))}: {error.message[:300]}")
            lines += 1
            if len(text) < 20000 and len(text) > kinds.get(line["kind"], ("", 0))[1]:
                kinds[line["kind"]] = (line, len(text))
    for kind, (line, _) in kinds.items():
        seen = set()
        for what, wrong in spoilt(line):
            sort = ".".join(part for part in what.split(".") if not part.isdigit())
            if sort in seen or free(kind, what):
                continue
            seen.add(sort)
            tried += 1
            if validator.is_valid(wrong):
                sys.exit(f"a line of kind {kind} with {what} should not be valid")
    if not {"session", "summary", "start", "stop", "restart"} <= set(kinds):
        sys.exit(f"too few kinds of lines: {sorted(kinds)}")
    print(f"ok - {lines} lines of {len(kinds)} kinds are valid against the JSON Schema, {tried} spoilt ones are not")


main()
