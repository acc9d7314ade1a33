#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Mutation testing of the core: makes one-line mistakes in it, one at a time, and tells which of
them neither the unit tests nor the recordings see. `make mutate` builds what it needs and runs it;
MUTATE= passes it options:

    --list FILE       mutants made by hand: tests/mutate/list; "none" for none
    --generated N     so many more, made by the operators below from all files of the core
    --seed N          which ones
    --floor PERCENT   fewer killed than that: exit code 1
    --again FILE      of all of these only what survived in FILE, the output of another run
    -j N              at the same time
    --quick           what survives until then does not meet the slow tests, outputs that draw, and
                      the sanitizers
    --show            the mutants, without running them
    FILE...           only mutants of these files, by their base names

Each mutant goes through the unit tests, but those that take a tenth of the whole time each; then the
recordings; then those tests; then all tests once more with the sanitizers that `make unit` has.
It is a line: killed by unit, killed by replay, hang, SURVIVED. One that does not compile
is not counted, nor is one that tests/mutate/equivalent gives a reason for. Nothing is changed in
the tree: each worker has a copy of the sources, and what it compiles goes there too.

A line of the list: FILE | FROM ~> TO. FILE is a base name, of the core if it has one of that name;
where two folders have it, FOLDER/NAME.
FROM occurs exactly once in it, whatever blanks and new lines are between its words; else the
list is out of date, and nothing is run. A line of `equivalent` has | REASON at its end, and its
FROM is whole lines.
"""
import argparse
import concurrent.futures
import os
import queue
import random
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(HERE))
# Without a library: five times as quick as with one. What is not initialized is no zero.
SANITIZE = ["-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
ENV = {
    "PATH": os.environ["PATH"],
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "MALLOC_PERTURB_": "165",
    # Its strstr() measures the whole text for each call: nine tenths of the time of all tests.
    "ASAN_OPTIONS": "detect_leaks=1:strict_string_checks=1:intercept_strstr=0",
}
SLOW = 0.1  # of the whole time: such tests run when all others have let it pass


class Mutant:
    def __init__(self, name, path, begin, end, to, text):
        self.path, self.begin, self.end, self.to = path, begin, end, to
        self.name, self.line = name, text.count("\n", 0, begin) + 1
        self.after = text[:begin] + to + text[end:]
        old, new = self.around(text, end), self.around(self.after, begin + len(to))
        self.change = f"{name} | {old} ~> {new}"

    def around(self, text, end):
        """The lines that it changes, without needless blanks."""
        first = text.rfind("\n", 0, self.begin) + 1
        last = text.find("\n", end)
        return " ".join(text[first : last if last >= 0 else len(text)].split())

    def __str__(self):
        return f"{self.path}:{self.line}: {self.change.split(' | ', 1)[1]}"


def sources(tree):
    """Files by what they are called; what the core has goes before what others have."""
    found = {}
    for top in ("user/core", "user"):
        here = {}
        for at, _, names in os.walk(os.path.join(tree, top)):
            for name in names:
                here.setdefault(name, []).append(os.path.relpath(os.path.join(at, name), tree))
        for name, paths in here.items():
            names = [name] if len(paths) == 1 else [
                os.path.join(os.path.basename(os.path.dirname(path)), name) for path in paths]
            if name not in found and not found.keys() & set(names):
                found.update(zip(names, paths))
    return found


def lines_of(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as f:
        return [line.strip() for line in f if line.strip() and not line.startswith("#")]


def read_list(name, files, texts):
    mutants, wrong = [], []
    for line in lines_of(name):
        parts = re.fullmatch(r"(\S+) \| (.*?) ~> ?(.*)", line)
        if not parts:
            wrong.append(f"no mutant: {line}")
            continue
        base, old, new = parts.groups()
        if base not in files:
            wrong.append(f"no file of that name: {line}")
            continue
        text = texts(files[base])
        pattern = r"\s+".join(re.escape(word) for word in old.split())
        found = list(re.finditer(pattern, text))
        if len(found) != 1:
            wrong.append(f"occurs {len(found)} times: {line}")
            continue
        mutants.append(Mutant(base, files[base], found[0].start(), found[0].end(), new, text))
    for what in wrong:
        print(f"{name}: {what}", file=sys.stderr)
    if wrong:
        sys.exit(2)
    return mutants


def read_equivalent(files, texts):
    """The changes that change nothing; what has gone meanwhile is out of date."""
    same, wrong = set(), []
    for line in lines_of("equivalent"):
        change = " | ".join(line.split(" | ")[:-1])
        base, old = change.split(" ~> ")[0].split(" | ", 1)
        if base not in files or old not in " ".join(texts(files[base]).split()):
            wrong.append(line)
        same.add(change)
    for line in wrong:
        print(f"equivalent: is not there: {line}", file=sys.stderr)
    if wrong:
        sys.exit(2)
    return same


def masked(text):
    """Of the same length, with blanks for what is no code: comments, strings, what is asserted of the
    sources when they are compiled."""

    def blank(found):
        return re.sub(r"[^\n]", " ", found.group())

    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|#include[^\n]*"
                  r"|_Static_assert\(.*?\);",
                  blank, text, flags=re.S)


# Columns: what is looked for in the code, what group 1 of it becomes.
OPERATORS = [
    (r"(?<=\s)(<=|>=|<|>|==|!=)(?=\s)",
     {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "=="}),
    (r"(&&|\|\|)", {"&&": "||", "||": "&&"}),
    (r"(?<=[\w\])] )([+-])(?= [\w(*])", {"+": "-", "-": "+"}),
    (r"(?<=[\w\])])( [+-] 1)\b(?!\w)", lambda _: ""),
    (r"\b(?:if|while) \((.*)\)(?= \{\n|\n)", lambda old: f"!({old})"),
    (r"\n\t+(\w+\([^\n]*\);)(?=\n)", lambda _: ";"),
    (r"\n\t+([\w>.\[\]-]+(?:\+\+|--|(?: [|+-]?=) [^\n]*);)(?=\n)", lambda _: ";"),
    (r"\breturn (true|false|0|1|NULL);",
     {"true": "false", "false": "true", "0": "1", "1": "0", "NULL": "(void *)1"}),
    (r"#define [A-Z]\w+\s+\(?(\d+)", lambda old: str(2 * int(old))),
]


def generate(files, texts):
    mutants = []
    for name, path in files:
        text = texts(path)
        code = masked(text)
        for pattern, become in OPERATORS:
            for found in re.finditer(pattern, code):
                begin, end = found.span(1)
                old = text[begin:end]
                to = become(old) if callable(become) else become[old]
                # A pointer to nowhere is no mistake that anybody makes: only a truth is one.
                if to != "(void *)1":
                    mutants.append(Mutant(name, path, begin, end, to, text))
    return mutants


class Trial:
    """What a worker needs: a copy of the sources, and what is not mutated, built."""

    def __init__(self, args, work):
        self.args, self.work = args, work
        os.makedirs(work)
        for top in ("user", "include", "tests/unit", "tests/quick"):
            shutil.copytree(os.path.join(TREE, top), os.path.join(work, top))
        for top in ("docs", "tests/replay"):  # which are read
            os.symlink(os.path.join(TREE, top), os.path.join(work, top))
        self.cc = shlex.split(args.cc)[-1:]
        self.flags = [
            re.sub(r"^-I(?!/)", f"-I{work}/", flag).replace(f"{work}/{args.gen}",
                                                            f"{TREE}/{args.gen}")
            for flag in shlex.split(args.flags)
        ]
        self.libs = shlex.split(args.libs)
        self.sanitizers = shlex.split(args.sanitizers)

    def object_of(self, path, sanitized=False):
        return os.path.join(TREE, self.args.objects, "san" if sanitized else "", path[:-2] + ".o")

    def users_of(self, path):
        """What is to be compiled anew: of a header, what includes it."""
        if path.endswith(".c"):
            return [path]
        users = []
        for source in self.args.core + self.args.unit:
            with open(self.object_of(source)[:-2] + ".d", encoding="utf-8") as f:
                if path in f.read().split():
                    users.append(source)
        return users

    def compile(self, path, sanitized=False):
        """Objects by source; None: it does not compile."""
        objects = {}
        for source in self.users_of(path):
            to = os.path.join(self.work, source[:-2].replace("/", "-") + ".mutant.o")
            command = self.cc + self.flags + ["-c", source, "-o", to]
            command += self.sanitizers if sanitized else SANITIZE
            if subprocess.run(command, cwd=self.work, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False).returncode:
                return None
            objects[source] = to
        return objects

    def link(self, name, listed, objects, sanitized=False):
        to = os.path.join(self.work, name)
        inputs = [objects.get(s) or self.object_of(s, sanitized) for s in listed]
        flags = self.args.linker + (self.sanitizers if sanitized else [])
        subprocess.run(self.cc + flags + inputs + ["-o", to] + self.libs
                       + (["-lm"] if "-lm" not in self.libs else []), check=True)
        return to

    def play(self, command, seconds, cwd, env=None):
        """Exit code and output; None: it hangs. Seconds are those of its CPU: a machine that others use is slow,
        and what survives on it has not hung. Who waits for something uses none."""
        with subprocess.Popen(command, cwd=cwd, env=dict(ENV, **(env or {})), stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              start_new_session=True) as run:
            try:
                resource.prlimit(run.pid, resource.RLIMIT_CPU, (int(seconds) + 1, int(seconds) + 1))
            except ProcessLookupError:
                pass
            try:
                out, _ = run.communicate(timeout=20 * seconds)
                return None if run.returncode in (-signal.SIGXCPU, -signal.SIGKILL) else (run.returncode, out)
            except subprocess.TimeoutExpired:
                os.killpg(run.pid, signal.SIGKILL)
                run.communicate()
                return None

    def unit(self, objects, seconds, order=(), sanitized=False):
        binary = self.link("unit", self.args.unit + self.args.core, objects, sanitized)
        # What is told has been compared without them, which takes a tenth of the time.
        return self.play([binary, *order], seconds, self.work, {"TOLD_NONE": "1"} if sanitized else {})

    def views(self, recordings):
        """What the reader is asked of each recording: its steps, its table, its reasons; at last what
        draws all that there is."""
        for recording in recordings:
            why = ["--why"] if os.path.basename(recording).startswith("why-") else []
            yield ["report", recording, "--steps", "-o", "json"] + why
            yield ["report", recording] + why
        if self.args.quick:
            return
        for recording in recordings:
            yield ["export", recording, "--format", "perfetto"]
            yield ["report", recording, "-o", "opens"]

    def replay(self, objects, recordings, expected, seconds):
        """What tells it from the core as it is; `expected` is filled when it is empty."""
        binary = self.link("reader", self.args.reader + self.args.core, objects)
        fill = not expected
        for view in self.views(recordings):
            answer = self.play([binary] + view, seconds, self.work)
            if fill:
                expected[tuple(view)] = answer
            elif answer is None:
                return "hang"
            elif answer != expected[tuple(view)]:
                return "killed by replay"
        return "SURVIVED"


def judge(trial, mutant, limits, recordings, expected):
    at = os.path.join(trial.work, mutant.path)
    with open(at, encoding="utf-8") as f:
        whole = f.read()
    try:
        with open(at, "w", encoding="utf-8") as f:
            f.write(mutant.after)
        objects = trial.compile(mutant.path)
        if objects is None:
            return "does not compile", ""
        ran = trial.unit(objects, limits["unit"], [limits["order"]])
        if ran is None:
            return "hang", ""
        if ran[0]:
            said = ran[1].decode(errors="replace").split("tests/unit/")
            return "killed by unit", said[1].strip() if len(said) > 1 else "it crashed"
        what = trial.replay(objects, recordings, expected, limits["replay"])
        if what == "SURVIVED" and not trial.args.quick:
            ran = trial.unit(objects, limits["rest"], [limits["slow"]])
            if ran and not ran[0]:
                objects = trial.compile(mutant.path, True)
                ran = trial.unit(objects, limits["rest"], [limits["order"]], True)
            what = "hang" if ran is None else "killed by unit" if ran[0] else what
        return what, ""
    finally:
        with open(at, "w", encoding="utf-8") as f:
            f.write(whole)


def options():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("files", nargs="*", metavar="FILE")
    p.add_argument("--list", default="list")
    p.add_argument("--generated", type=int, default=0, metavar="N")
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--floor", type=float, default=90)
    p.add_argument("-j", dest="jobs", type=int, default=2)
    p.add_argument("--again", metavar="FILE")
    p.add_argument("--quick", action="store_true")
    p.add_argument("--show", action="store_true")
    for name in ("objects", "cc", "flags", "libs", "sanitizers"):
        p.add_argument("--" + name, default="", help=argparse.SUPPRESS)
    for name in ("unit", "reader", "core"):
        p.add_argument("--" + name, default=[], type=str.split, help=argparse.SUPPRESS)
    args = p.parse_args()
    args.gen = os.path.join(os.path.dirname(args.objects), "gen")
    args.linker = ["-fuse-ld=lld"] if shutil.which("ld.lld") else []
    return args


def chosen(args):
    """The mutants to be run, and the changes that are known to change nothing."""
    cache = {}

    def texts(path):
        if path not in cache:
            with open(os.path.join(TREE, path), encoding="utf-8") as f:
                cache[path] = f.read()
        return cache[path]

    files = sources(TREE)
    mutants = [] if args.list == "none" else read_list(args.list, files, texts)
    core = sorted(((name, path) for name, path in files.items()
                   if path.startswith("user/core/") and path.endswith(".c")),
                  key=lambda file: file[1])
    for name in args.files:
        if name not in files:
            sys.exit(f"mutate: there is no file '{name}' below user")
    if args.files:
        mutants = [m for m in mutants if m.name in args.files]
        core = [file for file in core if file[0] in args.files]
    made = generate(core, texts)
    listed = {m.change for m in mutants}
    made = [m for m in made if m.change not in listed]
    random.Random(args.seed).shuffle(made)
    same = read_equivalent(files, texts)
    mutants = [m for m in mutants + made[: args.generated] if m.change not in same]
    if args.again:
        with open(args.again, encoding="utf-8") as f:
            before = {re.sub(r"^.*?:.*?:\d+: ", "", line.strip()) for line in f
                      if line.startswith("SURVIVED: ")}
        mutants = [m for m in mutants if m.change.split(" | ", 1)[1] in before]
    return mutants


def main():
    args = options()
    mutants = chosen(args)
    if args.show:
        print("\n".join(str(m) for m in mutants))
        return 0
    if not args.objects:
        sys.exit("mutate: what it links is not built; use 'make mutate'")
    work = tempfile.mkdtemp(prefix="mutate.")
    try:
        return run(args, mutants, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)


def order_of(times, path):
    """Files that name the tests, the quickest first, and those that are slow."""
    took = sorted((float(line.split()[0]), line.split()[1]) for line in times.splitlines()
                  if re.match(r"\d+\.\d+ \S+$", line))
    whole = sum(seconds for seconds, _ in took)
    for to, slow in ((path, False), (path + ".slow", True)):
        with open(to, "w", encoding="utf-8") as f:
            f.writelines(f"{name}\n" for seconds, name in took
                         if (seconds > SLOW * whole) == slow)
    return path, path + ".slow"


def run(args, mutants, work):
    recordings = []
    for name in sorted(os.listdir(os.path.join(TREE, "tests/replay"))):
        path = os.path.join(TREE, "tests/replay", name)
        if name.endswith(".ct.gz"):
            to = os.path.join(work, name[:-3])
            with open(to, "wb") as f:
                subprocess.run(["gzip", "-dc", path], stdout=f, check=True)
            recordings.append(to)
        elif name.endswith(".ct"):
            recordings.append(path)
    trials = [Trial(args, os.path.join(work, str(i))) for i in range(args.jobs)]
    expected = {}
    begin = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    ran = trials[0].unit({}, 300)
    if ran is None or ran[0]:
        print("the tests fail without any mutant:", ran and ran[1].decode(), file=sys.stderr)
        return 2
    whole = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - begin
    limits = {"unit": 15 + 3 * whole, "rest": 30 + 20 * whole, "replay": 20}
    limits["order"], limits["slow"] = order_of(ran[1].decode(), os.path.join(work, "order"))
    trials[0].replay({}, recordings, expected, 60)
    idle = queue.SimpleQueue()
    for trial in trials:
        idle.put(trial)

    def one(mutant):
        trial = idle.get()
        try:
            return judge(trial, mutant, limits, recordings, expected)
        finally:
            idle.put(trial)

    counts = {}
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        for mutant, (what, why) in zip(mutants, pool.map(one, mutants)):
            counts[what] = counts.get(what, 0) + 1
            print(f"{what}: {mutant}" + (f" [{why}]" if why else ""), flush=True)
    ruled = sum(n for what, n in counts.items() if what != "does not compile")
    killed = ruled - counts.get("SURVIVED", 0)
    percent = 100 * killed / ruled if ruled else 100.0
    print(f"{killed} of {ruled} killed: {percent:.1f} %; "
          + ", ".join(f"{n} {what}" for what, n in sorted(counts.items())))
    return 0 if percent >= args.floor else 1


sys.exit(main())
