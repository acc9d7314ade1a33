# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# report --chains: what one client starts one after another is found, in another order each time it is not.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

# program ORDER...: which of its members it starts, in each run; +NAME: beside what comes next
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
	if [[ \$member == +* ]]; then
		docker run --rm --name "$P\${member#+}" ct/service:1 stamp > /dev/null &
	else
		docker run --rm --name "$P\$member" ct/service:1 stamp > /dev/null || exit
	fi
done
wait
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

says "what is lost beside stops is said, or that it is not known" true \
	'.[0].contention | .beside_starts + .alone == 9 and (.beside_stops >= 3) == (.lost_beside_stops != null) and (.lost_beside_stops // 0) < 1'

# What was found, as records beside all others.
JSON=$OUT/found.jsonl
"$COLDTRACE" report "$OUT/chain.ct" --only-mine --chains -o "json:$JSON" 2> "$OUT/report.err"
says "each time of what was found is a record" "[[\"${P}one > ${P}two > ${P}three\",[\"${P}one\",\"${P}two\",\"${P}three\"],[1,2,3],3,3]]" \
	'[of("group")[] | [.name, [.members[].name], .found.times, .found.begun]] | group_by(.[0]) | map([.[0][0], .[0][1], [range(1; length + 1)], .[0][2], .[0][3]])'
says "it says how much they vary" true '[of("group")[].found.variation] | unique | length == 1 and .[0] > 0 and .[0] < 3'
says "the starts are there too" 9 'of("start") | length'
says "found phases tile them" '[]' untiled

# The same as records of what the user has named.
JSON=$OUT/groups.jsonl
"$COLDTRACE" report "$OUT/chain.ct" --only-mine --chain "${P}shop=${P}one,${P}two,${P}three" -o "json:$JSON" 2> "$OUT/report.err"
says "each time is a record of kind group" "[[\"${P}one\",\"${P}two\",\"${P}three\"],3,[1,2,3]]" \
	'of("group") | [(map([.members[].name]) | unique | .[0]), length, map(.run)]'
says "it ends with its last member, and all have ended" true \
	'[of("group")[] | .end_ns == (.members | map(.exit_ns) | max) and .begin_ns == .members[0].begin_ns] | all'
says "its phases tile it" '[]' untiled
says "cold, run and client are what its members say" true \
	'[of("group")[] | .phases.cold == (.members | map(.cold_ns) | add) and (.phases.run // 0) == (.members | map(.run_ns) | add)
		and (.phases.client // 0) == (.members | map(.gap_ns // 0) | add)] | all'
"$COLDTRACE" report "$OUT/chain.ct" --only-mine --chain "${P}shop=${P}two,${P}one" -o "json:$JSON" 2> "$OUT/report.err"
says "in another order it is none" '[]' 'of("group")'

program "one two three" "three one two" "two three one" "two one three" "one three two"
says "in a random order: none" 0 length
"$COLDTRACE" report "$OUT/chain.ct" --only-mine --chain "x=${P}one,${P}two" --json > "$JSON" 2> "$OUT/report.err"
says "what is named is told all the same" '["x",true]' '.[] | [.name, .named]'

# Tracing begins when the first member of the first time has gone; between two times the client pauses.
gateway()
{
	local time member

	for time in 1 2 3 4; do
		for member in one two three; do
			docker run --rm --name "$P$member" ct/service:1 stamp > /dev/null
			touch "$OUT/first"
			await 30 test -s "$OUT/late.ready"
		done
		sleep 2
	done
}
gateway &
gate=$!
await 30 test -e "$OUT/first" || fail "the first has ended"
trace_start late --record "$OUT/late.ct"
wait "$gate"
trace_stop
JSON=$OUT/late.json
"$COLDTRACE" report "$OUT/late.ct" -c "$P*" --chains --json > "$JSON" 2> "$OUT/report.err"
says "one that is begun in the middle" "[\"${P}one > ${P}two > ${P}three\",3,3]" '.[] | [.name, .times, .begun]'

# Who has the engine's socket asks for the next one: a container. Each time somebody else has asked for the first.
docker=$(command -v docker)
trace_start inside --record "$OUT/inside.ct" || exit 0
for ((time = 0; time < 3; time++)); do
	# shellcheck disable=SC2016
	bash -c '"$@" < /dev/null > /dev/null; true' sh docker run --rm --name "${P}front" -v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro \
		-v "$ENGINE_DIR:$ENGINE_DIR" --entrypoint /usr/bin/sh ct/service:1 -c \
		"echo up && '$docker' -H '$DOCKER_HOST' run --rm --name '${P}back' ct/service:1 stamp" 2> "$OUT/inside.docker" || fail "a container runs a client" "$(< "$OUT/inside.docker")"
done
trace_stop
JSON=$OUT/inside.json
"$COLDTRACE" report "$OUT/inside.ct" -c "$P*" --chains --json > "$JSON" 2> "$OUT/report.err"
says "what a member asks for itself" "[\"${P}front > ${P}back\",3,3]" '.[] | [.name, .times, .begun]'

[[ -n ${LONG:-} ]] || exit 0
five="one two three four five"
program "$five" "$five" "$five"
says "a chain of five" "[[\"${P}one > ${P}two > ${P}three > ${P}four > ${P}five\",3,3]]" '[.[] | [.name, .times, .begun]]'
program "one +two +three +four" "one +four +two +three" "one +three +four +two"
says "a fan-out of three, in whatever order" "[[\"${P}one > ${P}four + ${P}three + ${P}two\",3]]" '[.[] | [.name, .times]]'
