# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# record --runs: a program so often, what it starts and nothing else, while others start theirs.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

ct=$OUT/runs.ct
n=4

others()
{
	while [[ -e $OUT/others ]]; do
		docker run --rm --name "${P}other" ct/service:1 stamp > /dev/null 2>&1
	done
}
: > "$OUT/others"
others &
neighbour=$!

# Its parent is gone by the time it asks: in the background, from a shell that has ended.
cat > "$OUT/program" << END
#!/bin/bash
echo run >> "$OUT/ran"
docker run --rm --name "${P}mine" ct/service:1 stamp > /dev/null
(docker run --rm --name "${P}orphan" ct/service:1 stamp > "$OUT/orphan" 2>&1 &)
docker rm -f "${P}other" > /dev/null 2>&1
until [[ -s $OUT/orphan ]]; do sleep 0.05; done
rm "$OUT/orphan"
[[ \$(wc -l < "$OUT/ran") != 3 ]]
END
chmod +x "$OUT/program"
"$COLDTRACE" record -o "$ct" --runs $n --warmup 1 --label load=none -- "$OUT/program" \
	> "$OUT/said" 2> "$OUT/err"
same "exit status: that of the run that failed" 1 $?
rm "$OUT/others"
wait "$neighbour"
same "the program ran, and once before" $((n + 1)) "$(wc -l < "$OUT/ran")"
grep -q "$n of $n runs, 1 failed, .* $((2 * n)) containers" "$OUT/err" && pass "how it went is said" ||
	fail "how it went is said" "$(tail -n 2 "$OUT/err")"
grep -q "^start, runc: $((2 * n)) ok\$" "$OUT/said" && pass "what the runs say together" ||
	fail "what the runs say together" "$(head -n 4 "$OUT/said")"

JSON=$OUT/mine.jsonl
"$COLDTRACE" report "$ct" --only-mine -o "json:$JSON" 2> "$OUT/report.err"
says "two starts in each run, and its labels" \
	"[$(for ((i = 1; i <= n; i++)); do printf '%s[%d,2,["%smine","%sorphan"],"none"]' "${sep:-}" $i "$P" "$P"; sep=,; done)]" \
	'[of("start") | group_by(.run)[] | [.[0].run, length, (map(.name) | sort), .[0].labels.load]]'
says "nobody else's" '[]' '[.[] | select(.name? and (.name | endswith("other")))]'
"$COLDTRACE" report "$ct" -o "json:$OUT/all.jsonl" 2> "$OUT/report.err"
JSON=$OUT/all.jsonl
says "which are in the recording all the same" true '[.[] | select(.name? and (.name | endswith("other")))] | length > 0'
others="starts in runs of a program others have asked for: --only-mine leaves them out"
for what in "report" "export --format csv:/dev/null" "compare" "diff --a load=none --b load=none"; do
	read -ra what <<< "$what"
	"$COLDTRACE" "${what[@]}" "$ct" > /dev/null 2> "$OUT/$what.err"
	"$COLDTRACE" "${what[@]}" "$ct" --only-mine > /dev/null 2> "$OUT/$what.mine.err"
	grep -q "of [0-9]* $others" "$OUT/$what.err" && ! grep -q "$others" "$OUT/$what.mine.err" &&
		pass "$what says that there are others'" || fail "$what says that there are others'" "$(cat "$OUT/$what.err" "$OUT/$what.mine.err")"
done
"$COLDTRACE" info "$ct" > "$OUT/info"
grep -q '^  labels  *load=none$' "$OUT/info" && pass "info says the labels" || fail "info says the labels" "$(cat "$OUT/info")"

# Ctrl-C while it warms up: nothing is run any more.
printf '#!/bin/bash\necho run >> "%s"\nsleep 1\n' "$OUT/warm" > "$OUT/program"
: > "$OUT/warm"
env --default-signal=INT setsid "$COLDTRACE" record -o "$ct" --runs 3 --warmup 3 -- "$OUT/program" > "$OUT/said" 2> "$OUT/err" &
tracer=$!
await 60 test -s "$OUT/warm"
kill -INT "$tracer"
wait "$tracer"
same "Ctrl-C while it warms up: exit status, runs and what is said" "0 1 0 of 3 runs" \
	"$? $(wc -l < "$OUT/warm") $(grep -o '[0-9]* of 3 runs' "$OUT/err")"

# Ctrl-C: what has been recorded is whole.
printf '#!/bin/bash\ndocker run --rm --name "%smany" ct/service:1 stamp && echo run >> "%s"\n' \
	"$P" "$OUT/many" > "$OUT/program"
env --default-signal=INT setsid "$COLDTRACE" record -o "$ct" --runs 1000 -- "$OUT/program" \
	> "$OUT/said" 2> "$OUT/err" &
tracer=$!
thrice()
{
	(($(wc -l < "$OUT/many") >= 3))
}
: > "$OUT/many"
await 60 thrice
kill -INT "$tracer"
wait "$tracer"
"$COLDTRACE" report "$ct" --only-mine -o "json:$OUT/cut.jsonl" 2> "$OUT/report.err"
JSON=$OUT/cut.jsonl
says "Ctrl-C leaves what there was" true '[of("start"; "ok") | length >= 2, (summary | .complete)] | all'
