# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# While coldtrace begins, again and again, containers start all the time: every start that is asked for
# from begin_ns on is told whole; one that began before is told as cut, or not at all, and never as whole.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

declare -i rounds round seconds

rounds=$(as_many 20 6)
touch "$OUT/go"
# Each round has a few whole starts, however slow the machine is: 3 seconds, or as long as six take.
seconds=$SECONDS
for i in 1 2 3; do
	docker run --rm --name "${P}a$i" ct/service:1 exit 0 > /dev/null 2>&1
done
seconds=$((2 * (SECONDS - seconds)))
((seconds >= 3)) || seconds=3

# A line for each container, when it is over: its name, when it was asked for, when that was.
starts()
{
	local -i i=0 asked

	while [[ -e $OUT/go ]]; do
		asked=$(date +%s%N)
		docker run --rm --name "${P}b$i" ct/service:1 exit 0 > /dev/null 2>&1
		echo "${P}b$i $asked $(date +%s%N)"
		i+=1
	done
}

starts > "$OUT/starts" &
loop=$!
for ((round = 0; round < rounds; round++)); do
	"$COLDTRACE" -d "$seconds" -o "json:$OUT/begins-$round.json" > /dev/null 2>&1
done
rm "$OUT/go"
wait $loop

python3 - "$OUT" "$rounds" > "$OUT/judged" << 'PY'
import json, os, sys
from datetime import datetime, timezone

out, rounds = sys.argv[1], int(sys.argv[2])
truth = [(n, int(a), int(d)) for n, a, d in map(str.split, open(out + "/starts"))]
wrong, whole, cut, gaps = [], 0, 0, []

def wall(text):
    seconds, ns = text.rstrip("Z").split(".")
    at = datetime.fromisoformat(seconds).replace(tzinfo=timezone.utc)
    return int(at.timestamp()) * 10**9 + int(ns.ljust(9, "0"))

for i in range(rounds):
    lines = [json.loads(line) for line in open(f"{out}/begins-{i}.json")]
    session, summary = lines[0], lines[-1]
    begin, end = wall(session["begin_time"]), wall(summary["end_time"])
    gaps.append(session["attach_ns"] / 1e6)
    if not summary["complete"]:
        continue  # the machine is busy: it says so
    for name, asked, done in truth:
        told = [r for r in lines if r["kind"] == "start" and r["name"] == name]
        if begin <= asked and done + 500_000_000 <= end:
            whole += 1
            if len(told) != 1 or told[0]["outcome"] != "ok" or None in told[0]["phases"].values() \
                    or not {"create", "start"} <= told[0]["phases"].keys():
                wrong.append((i, name, "is not told whole", told))
        for r in told:
            if asked < begin and r["outcome"] == "ok" and r["begin_ns"] < session["begin_ns"]:
                wrong.append((i, name, "is told as if it were whole", r))
            cut += asked < begin and r["outcome"] == "cut"
print(whole, cut, len(wrong))
print(f"# attached in {min(gaps):.0f} to {max(gaps):.0f} ms, {whole} starts after it, {cut} cut", file=sys.stderr)
for w in wrong:
    print("#", json.dumps(w)[:900], file=sys.stderr)
PY
read -r whole _ wrong < "$OUT/judged"
check "starts are asked for after coldtrace has begun" test "$whole" -ge 5
same "every one of them is told whole, and none that began before as if it were" 0 "$wrong"
