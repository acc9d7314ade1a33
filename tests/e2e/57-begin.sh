# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Tracing begins while containers come and go: from begin_ns on not one is missed, and what began before is not told as if it
# had been seen from its begin. Of each container the clock is read before its runtime is executed.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

runs=
begin_end()
{
	rm -f "$OUT/go"
	[[ -z $runs ]] || wait "$runs"
	trace_kill
}
trap begin_end EXIT

# Two at a time, as long as there is a file; a line per container: its name, the time before it, its status.
cat > "$OUT/runs" <<'END'
dir=$1 p=$2 service=$3
for who in a b; do
	(
		for ((i = 0; i < 5000; i++)); do
			[[ -e $dir/go ]] || break
			at=$("$service" stamp)
			runc --root "$dir/root" run --bundle "$dir/bundle" "$p$who$i" < /dev/null > /dev/null 2>> "$dir/runc.err"
			echo "$p$who$i ${at##* } $?" >> "$dir/ran.$who"
		done
	) &
done
wait
END

some_ran()
{
	[[ -s $OUT/ran.a && -s $OUT/ran.b ]]
}

bundle_make "$OUT/bundle" && bundle_args "$OUT/bundle" service exit 7 || { fail "a bundle is made"; exit 0; }
for ((round = 1; round <= $(as_many 10 2); round++)); do
	touch "$OUT/go"
	place_run "$OUT" "$OUT/runs" "$OUT" "$P$round" "$SERVICE" > "$OUT/place.out" 2>&1 &
	runs=$!
	await 20 some_ran || { fail "containers run" "$(tail -n 3 "$OUT/runc.err" "$OUT/place.out")"; exit 0; }
	before=$(clocks) before=${before##* }
	trace_start "begin$round" || exit 0
	after=$(clocks) after=${after##* }
	sleep 2
	rm "$OUT/go"
	wait "$runs"
	runs=
	sleep 0.5
	trace_stop
	sort "$OUT/ran.a" "$OUT/ran.b" > "$OUT/ran"
	rm "$OUT/ran.a" "$OUT/ran.b"
	# shellcheck disable=SC2016
	truth='($ran | split("\n") | map(select(. != "") | split(" ") | {name: .[0], at: (.[1] | tonumber), status: .[2]})) as $ran
		| (.[0] | .begin_ns) as $begin | [$ran[] | select(.at >= $begin)] as $all'
	says "round $round: it begins when it says, by another clock" '[true,true,true]' \
		'.[0] | [.begin_ns - .attach_ns >= '"$before"', .attach_ns > 0, .begin_ns <= '"$after"']'
	says "round $round: containers ran before, and some from then on" '[true,true,["7"]]' \
		"$truth"' | [($ran | length) > ($all | length), ($all | length) > 4, ($ran | map(.status) | unique)]' --rawfile ran "$OUT/ran"
	for kind in start stop; do
		# shellcheck disable=SC2016
		says "round $round: from then on each $kind is told, once and whole" '[]' "$truth"'
			| [maybe_mine | select(.kind == "'$kind'")] as $told
			| [$all[] | .name as $n | [$told[] | select(.name == $n) | .outcome] | select(. != ["ok"]) | "\($n): \(.)"]' \
			--rawfile ran "$OUT/ran"
	done
	# shellcheck disable=SC2016
	says "round $round: what began before is told as cut, or not at all" '[]' "$truth"'
		| [maybe_mine | select(.begin_ns < $begin and .outcome != "cut") | "\(.kind) of \(.name): \(.outcome)"]' --rawfile ran "$OUT/ran"
	says "round $round: nothing is lost in the ring" 0 'summary.lost.ring'
	# shellcheck disable=SC2016
	echo "# round $round: $(ask "$truth"' | (.[0].attach_ns / 1e6 | floor) as $ms
		| "\($ms) ms to attach, \($ran | length) containers, \($all | length) from then on, \([maybe_mine | select(.outcome == "cut")] | length) records are cut"' --rawfile ran "$OUT/ran")"
done
