# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# report --chains: what one client starts one after another is found, in another order each time it is not.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

# program ORDER...: which of its members it starts, in each run
program()
{
	local run=0 order

	for order in "$@"; do
		printf '%s\n' "$order" > "$OUT/order.$((++run))"
	done
	cat > "$OUT/program" << END
#!/bin/bash
run=\$(cat "$OUT/run" 2> /dev/null || echo 1)
echo \$((run + 1)) > "$OUT/run"
date +%s%N > "$OUT/began.\$run"
for member in \$(< "$OUT/order.\$run"); do
	docker run --rm --name "$P\$member" ct/service:1 stamp > /dev/null || exit
done
date +%s%N > "$OUT/ended.\$run"
END
	chmod +x "$OUT/program"
	rm -f "$OUT/run"
	"$COLDTRACE" record -o "$OUT/chain.ct" --runs $# -- "$OUT/program" > "$OUT/said" 2> "$OUT/err"
	JSON=$OUT/chain.json
	"$COLDTRACE" report "$OUT/chain.ct" --only-mine --chains --what-if prewarm --json > "$JSON" 2> "$OUT/report.err"
}

program "one two three" "one two three" "one two three"
says "a chain of three" "[\"${P}one > ${P}two > ${P}three\",3,3]" '.[] | [.name, .times, .begun]'
longest=0
for ((run = 1; run <= 3; run++)); do
	took=$(($(< "$OUT/ended.$run") - $(< "$OUT/began.$run")))
	((took < longest)) || longest=$took
done
says "its path is within the program's own time" true ".[0].path_ns.max < $longest and .[0].path_ns.min > 0"
says "members start for most of it" true '.[0].cold_share.median > 0.3 and .[0].cold_share.max <= 1'
says "what starting two of them earlier would save is less than their starts and the gaps before them" true \
	'.[0] | .what_if[-1].saved_ns.median as $s | $s > 0 and
	$s <= ([.members[1, 2] | .start_ns.max + .gap_ns.max] | add)'

program "one two three" "three one two" "two three one" "two one three" "one three two"
says "in a random order: none" 0 length
"$COLDTRACE" report "$OUT/chain.ct" --only-mine --chain "x=${P}one,${P}two" --json > "$JSON" 2> "$OUT/report.err"
says "what is named is told all the same" '["x",true]' '.[] | [.name, .named]'
