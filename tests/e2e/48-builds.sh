# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# docker build, by the legacy builder and by BuildKit: each RUN is one record, beside docker's own events.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

cleanup()
{
	e2e_cleanup
	docker rmi -f "${P}image" > /dev/null 2>&1
}
trap cleanup EXIT

mkdir -p "$OUT/context"
printf '%s\n' 'FROM ct/busybox:1' 'RUN true' 'ENV a=b' 'RUN sleep 0.2' 'RUN true' > "$OUT/context/Dockerfile"
printf '%s\n' 'FROM ct/busybox:1' 'RUN exit 7' > "$OUT/context/fails"
printf '%s\n' 'FROM ct/busybox:1' 'RUN ["/bin/nothing-of-that-name"]' > "$OUT/context/lacks"
# And another container, of an image that is asked for without a name.
cat > "$OUT/program" << END
#!/bin/bash
docker build --no-cache --force-rm -t ${P}image "$OUT/context" || exit
! docker build --no-cache --force-rm -f "$OUT/context/fails" "$OUT/context" || exit
! docker build --no-cache --force-rm -f "$OUT/context/lacks" "$OUT/context" || exit
docker run --rm --name ${P}beside \$(docker inspect -f '{{.Id}}' ct/busybox:1) true
END
chmod +x "$OUT/program"

# Debian's own: a newer client has BuildKit only with a plugin
export PATH=/usr/bin:$PATH

# built NAME DOCKER_BUILDKIT
built()
{
	JSON=$OUT/$1.json
	docker events --since "$(date +%s.%N)" --format '{{json .}}' > "$OUT/$1.events" &
	events=$!
	DOCKER_BUILDKIT=$2 "$COLDTRACE" record --only-mine -o "$OUT/$1.ct" -- "$OUT/program" > "$OUT/$1.out" 2>&1
	same "$1: builds, and is traced: exit status" 0 $?
	sleep 0.3
	kill "$events"
	wait "$events" 2> /dev/null
	"$COLDTRACE" report --only-mine "$OUT/$1.ct" -o "json:$JSON" 2> "$OUT/$1.err"
	says "$1: three steps, one that fails, each by its engine and its runtime" '[["docker","runc",0,3],["docker","runc",7,1]]' \
		'[.[] | select(.kind == "build" and .outcome == "ok") | [.engine, .runtime, .exit_code]] | group_by(.)
			| map(.[0] + [length])'
	says "$1: one cannot be started" '[["docker","start"]]' \
		'[.[] | select(.kind == "build" and .outcome == "failed") | [.engine, .failed.phase]]'
	says "$1: all have a name" 0 '[.[] | select(.kind == "build" and .name == "")] | length'
	says "$1: no step is a start, and no start is a step" '[["start",1],["stop",1]]' \
		'[records | select(.kind != "build") | .kind] | group_by(.) | map([.[0], length])'
	says "$1: the step that sleeps runs for 200 ms" 1 \
		'[.[] | select(.kind == "build" and .phases.run >= 2e8 and .phases.run < 3e8)] | length'
	says "$1: phases tile each record" '[]' '[records | select(tiles | not) | "\(.kind) of \(.name)"]'
	says "$1: nothing lost, nothing unknown" '[0,0]' '[lost, ([records | .phases[] | nulls] | length)]'
}

built legacy 0
# The time of events is the wall clock's; a record says its begin by both clocks.
# shellcheck disable=SC2016
says "legacy: as docker's events, within 1 ms at the median and 50 at most" \
	'[["connect",4,true,true],["die",4,true,true],["disconnect",4,true,true],["destroy",4,true,true]]' '
	def wall: (.begin_time[0:19] + "Z" | fromdate) * 1e9 + (.begin_time[20:29] | tonumber) - .begin_ns;
	[$events[] | {id: (if .Type == "network" then .Actor.Attributes.container else .Actor.ID end), action: .Action, t: .timeNano}] as $e
	| [.[] | select(.kind == "build" and .outcome == "ok")] as $r
	| ["connect", "die", "disconnect", "destroy"] | map(. as $a
		| [$r[] | . as $rec | $e[] | select(.id == $rec.id and .action == $a)
			| .t - ($rec | phase_end($a) + wall) | if . < 0 then -. else . end] as $d
		| [$a, ($d | length), ($d | quantile(0.5)) <= 1e6, ($d | max) <= 5e7])' \
	--slurpfile events "$OUT/legacy.events"
built buildkit 1
