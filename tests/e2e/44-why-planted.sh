# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What is planted into a start is what it is said to have waited for, and how long, within 5 %: hooks that
# sleep, burn and sync, a quota, a limit of memory, engines that are stopped at five moments.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

work=$ENGINE_DIR/planted
stopped=
delayacct=/proc/sys/kernel/task_delayacct
delays=
[[ ! -w $delayacct ]] || delays=$(< $delayacct)
trap '[[ -z $stopped ]] || kill -CONT "$stopped"; e2e_cleanup; rm -rf "$work" "$ENGINE_DIR/hook"
	[[ -z $delays ]] || echo "$delays" > $delayacct' EXIT
mkdir -p "$work"
gcc -std=gnu11 -O2 -static -o "$work/planted" "$CT_LIB/planted.c" || fail "planted.c is compiled"
times=$(as_many 5 2)

# runs NAME DOCKER-RUN-ARG...
runs()
{
	local name=$1 i

	shift
	for ((i = 0; i < times; i++)); do
		docker run --rm --name "$P$name$i" --network none "$@" > /dev/null || fail "docker run"
	done
}

# truth NAME COLUMN: what the planted program said of itself, ms, all times together
truth()
{
	awk -v column="$2" '{ sum += $column } END { printf "%.3f\n", sum / 1e6 }' "$work/$1"
}

# within_5 WHAT FILTER TRUTH [JQ-OPTION]...: a number of each start, summed up
within_5()
{
	local truth=$3

	says "$1" true "[of(\"start\") | .[] | $2] | add as \$said | (\$truth | tonumber) as \$true
		| if \$said >= 0.95 * \$true and \$said <= 1.05 * \$true and \$true > 50 then true
		else \"\(\$said) ms are \(\$true)\" end" --arg truth "$truth" "${@:4}"
}

# Pieces of the path while a program of the container ran, by its own stamps.
meanwhile='def meanwhile($log; f): ($log | split("\n") | map(select(. != "") | split(" ") | map(tonumber? // 0))) as $ran
	| .path | [.[] | select(f) | . as $p | $ran[]
	| ([$p.end_ns, .[4]] | min) - ([$p.begin_ns, .[3]] | max) | select(. > 0)] | (add // 0) / 1e6; '

for what in sleep:300 burn:100 sync:100; do
	name=${what%:*}
	echo "$work/planted $name ${what#*:} $work/$name" > "$ENGINE_DIR/hook"
	trace_start "hook-$name" --why || exit 0
	runs "hook-$name" --runtime hook ct/busybox:1 echo ready
	trace_stop
	case $name in
	sleep) within_5 "a hook that sleeps: sleep" 'path_ms(.actor == "planted" and .reason == "sleep")' "$(truth sleep 2)" ;;
	burn) within_5 "a hook that burns: on CPU" 'path_ms(.actor == "planted" and .reason == "cpu")' "$(truth burn 3)" ;;
	sync) # In the call it also does its own part, and waits for a CPU, which is most of it where a disk is fast
		# and an idle CPU slow to wake.
		says "a hook that syncs: disk sync, no more than the calls took, and they no more than all" true \
			'[of("start") | .[] | path_ms(.actor == "planted" and (.reason == "disk_sync" or .reason == "disk"))] as $disk
			| [of("start") | .[] | path_ms(.actor == "planted" and .reason != "sleep")] as $all | ($truth | tonumber) as $true
			| if all($disk[]; . > 1) and ($disk | add) < 1.05 * $true and ($all | add) > 0.95 * $true then true
			else [$disk, $all, $true] end' --arg truth "$(truth sync 2)" ;;
	esac
	says "paths add up" '[]' untiled_paths
done

# A quota. The kernel's cpu.stat is the other clock.
trace_start quota --why --path-pieces all || exit 0
runs quota --cpus 0.05 -v "$work:$work" ct/busybox:1 sh -c "$work/planted burn 40 $work/quota; echo ready"
trace_stop
within_5 "a quota of 5 %: throttled" "$meanwhile"'meanwhile($log; .reason == "throttled")' \
	"$(truth quota 6)" --arg log "$(< "$work/quota")"
within_5 "what is left of its time is the run queue's" "$meanwhile"'meanwhile($log; .reason == "throttled" or .reason == "runqueue" or .reason == "cpu")' \
	"$(truth quota 2)" --arg log "$(< "$work/quota")"
says "the cgroup is the container's" true 'of("start") | all(.[]; .id[:12] as $id
	| [.path[] | select(.reason == "throttled") | .what] | unique == [$id])'
says "paths add up" '[]' untiled_paths

# A limit of memory, and a file without a block on the disk: what is read of it has to go again. How long that
# takes the kernel's accounting of delays knows, which is off most of the time, and memory.pressure of a cgroup
# of version 2, which has no limit here, and nobody else in it. It begins when the engine has answered: until then
# the path may be that of the engine.
[[ -z $delays ]] || echo 1 > $delayacct
truncate -s 32M "$work/memory.big" "$work/free.big"
trace_start memory --why --path-pieces all || exit 0
runs free -v "$work:$work" ct/busybox:1 sh -c "$work/planted touch 32 $work/free; echo ready"
for ((i = 0; i < times; i++)); do
	rm "$work/memory.big"
	truncate -s 32M "$work/memory.big"
	docker run --rm --name "${P}memory$i" --network host --cap-add NET_ADMIN --cap-add SYS_ADMIN --security-opt apparmor=unconfined \
		--memory 8m -v "$work:$work" ct/busybox:1 sh -c "sleep 0.3; $work/planted touch 32 $work/memory; echo ready" > /dev/null || fail "docker run"
done
trace_stop
memory_is='meanwhile($log; .reason == "memory")'
says "without a limit no memory is reclaimed" 0 \
	'[of("start") | .[] | select(.name | startswith($p + "free")) | path_ms(.reason == "memory")] | add'
if [[ $(truth memory 7) == 0.000 ]]; then
	cannot "how long memory is reclaimed" "the kernel does not account for delays"
else
	within_5 "with one: memory, by the accounting of delays" "$meanwhile$memory_is" "$(truth memory 7)" --arg log "$(< "$work/memory")"
fi
if [[ $(truth memory 8) == 0.000 ]]; then
	cannot "how long the cgroup was stalled" "the kernel does not account for pressure"
else
	within_5 "with one: memory, by memory.pressure" "$meanwhile$memory_is" "$(truth memory 8)" --arg log "$(< "$work/memory")"
fi
says "paths add up" '[]' untiled_paths

# Engines that are stopped. What others still do then is theirs; the rest of the stop is waited for the
# engine, and nothing for who sent the signals.
stop_ms=$(as_many 1500 900)
trace_start stops --why --path-pieces all || exit 0
containerd=$(pgrep -P "$(cat "$ENGINE_DIR/pid")" -x containerd)
: > "$work/stops"
for who in "dockerd $(cat "$ENGINE_DIR/pid")" "containerd $containerd"; do
	for at in 0.01 0.04 0.08 0.12 0.16; do
		docker create --name "$P${who% *}$at" --network none ct/busybox:1 echo ready > /dev/null
		docker start "$P${who% *}$at" > /dev/null &
		client=$!
		sleep "$at"
		stopped=${who#* }
		kill -STOP "$stopped"
		read -r _ from < <(clocks)
		sleep "$(awk -v ms="$stop_ms" 'BEGIN { print ms / 1000 }')"
		read -r _ to < <(clocks)
		kill -CONT "$stopped"
		stopped=
		wait "$client"
		echo "$P${who% *}$at ${who% *} $from $to" >> "$work/stops"
	done
done
trace_stop
stops='def stops: [$log | split("\n")[] | select(. != "") | split(" ") | { name: .[0], who: .[1], from: (.[2] | tonumber), to: (.[3] | tonumber) }]; '
# Of each stop: how long it is, how much of it is a peer (of the client, who is not traced: that it was
# stopped), how much somebody else did something.
parts='def parts: of("start") as $starts | stops | map(. as $s | $starts[] | select(.name == $s.name) | . as $r
	| def within(f): [.path[] | select(f) | ([.end_ns, $s.to] | min) - ([.begin_ns, $s.from] | max) | select(. > 0)] | (add // 0);
	$s + { ms: (([$s.to, .end_ns] | min) - ([$s.from, .begin_ns] | max)),
	peer: within((.reason == "peer" and (.what == $s.who or .what == "client"))
		or (.what == "stopped" and .actor == $s.who)),
	others: within(.actor != $s.who and .reason != "peer" and .reason != "unexplained" and .reason != "other"),
	signal: ([.path[] | select(.what == "bash") | .end_ns - .begin_ns] | (add // 0)) }
	| select(.ms > 0)); '
says "of a stop each moment is the stopped engine's, or of who was not done" '[]' "$stops$parts"'
	[parts[] | select((.peer + .others) < 0.95 * .ms or (.peer + .others) > 1.05 * .ms)]' --arg log "$(< "$work/stops")"
says "of ten stops at least six were met" true "$stops$parts"'[parts[] | select(.peer > 0.5 * .ms)] | length > 5' \
	--arg log "$(< "$work/stops")"
says "nothing is who sent the signal" '[]' "$stops$parts"'[parts[] | select(.signal > 2e6)]' \
	--arg log "$(< "$work/stops")"
says "paths add up" '[]' untiled_paths
cut -d' ' -f1 "$work/stops" | xargs docker rm -f > /dev/null
