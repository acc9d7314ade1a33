# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Where the time went: every phase is explained, and what is planted is found.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

load=()

load_stop()
{
	[[ ${#load[@]} -eq 0 ]] || kill -CONT "${load[@]}" 2> /dev/null
	[[ ${#load[@]} -eq 0 ]] || kill -KILL "${load[@]}" 2> /dev/null
	wait "${load[@]}" 2> /dev/null
	load=()
}
trap 'load_stop; e2e_cleanup; rm -rf "$ENGINE_DIR/load" "$ENGINE_DIR/lock"' EXIT

# runs NAME COUNT DOCKER-RUN-OPTION...
runs()
{
	local name=$1 count=$2 i

	shift 2
	for ((i = 0; i < count; i++)); do
		docker run --rm --name "$P$name$i" "$@" ct/busybox:1 echo ready > /dev/null || fail "docker run"
	done
}

# All of it is explained, and adds up.
trace_start idle --why --steps -o table || exit 0
for runtime in $(runtimes); do
	runs "$runtime" 4 --runtime "$runtime" --network host
done
runs net 3
trace_stop
say_missing_runtimes
says "nothing is missing" true 'summary | .complete'
says "every path and every step adds up" '[]' untiled_paths
says "at most 1 % of any phase is unexplained" true 'unexplained_percent <= 1'
check "the table says how much is not" grep -q unexplained "$OUT/trace.out" "$OUT/idle.out"
says "medians over many are in the summary" true \
	'summary | .why | any(.records > 2 and .causes[0].median_ns > 0)'

# A hook that sleeps.
trace_start hook --why --record "$OUT/hook.ct" || exit 0
runs hook 3 --runtime slow-hook --network none
trace_stop
says "a hook that sleeps 200 ms is that on the path" true \
	'of("start") | length == 3 and all(path_ms(.actor == "sleep" and .reason == "sleep") | . > 195 and . < 205)'
says "and a child of the runtime's create" true \
	'of("start") | length == 3 and all([.steps[] | select(.name == "runtime create") | .why.child] | max | . >= 195e6)'
says "paths add up" '[]' untiled_paths

# A lock whose holder is stopped.
trace_start lock --why --path-pieces all || exit 0
flock "$ENGINE_DIR/lock" sleep 30 &
load=($!)
await 5 flock --nonblock --conflict-exit-code 7 "$ENGINE_DIR/lock" false
sleep 0.2
kill -STOP "${load[0]}"
docker run --rm --name "${P}lock" --runtime locked --network none ct/busybox:1 echo ready > /dev/null &
client=$!
sleep 1
read -r _ free < <(clocks)
pkill -KILL -P "${load[0]}" sleep
load_stop
wait "$client"
trace_stop
says "a lock that a stopped process holds is a lock until it is free" true '
	of("start") | length == 1 and all(
	[.path[] | select(.reason == "lock" and .what == "file" and .actor == "flock")]
	| (map(.end_ns - .begin_ns) | add / 1e6) as $ms | (map(.end_ns) | max) as $last
	| $ms > 400 and $last > ($free | tonumber) and $last < ($free | tonumber) + 150e6)' --arg free "$free"

# An engine that does not answer.
containerd=$(pgrep -P "$(cat "$ENGINE_DIR/pid")" -x containerd)
docker create --name "${P}stop" --network none ct/busybox:1 echo ready > /dev/null
trace_start stopped --why --path-pieces all --record "$OUT/stopped.ct" || exit 0
kill -STOP "$containerd"
docker start "${P}stop" > /dev/null &
client=$!
sleep 0.3
read -r _ awake < <(clocks)
kill -CONT "$containerd"
wait "$client"
trace_stop
# It is asked when the phase start begins. How long its client took before that is the machine's.
says "a containerd that is stopped is a peer from the request until it goes on" true '
	of("start") | length == 1 and all(
	(.segments[] | select(.phase == "start") | .begin_ns) as $asked
	| ((($awake | tonumber) - $asked) / 1e6) as $stopped
	| [.path[] | select(.reason == "peer" and .what == "containerd")] as $peer
	| ($peer | map(.end_ns - .begin_ns) | add / 1e6) as $ms
	| $stopped > 100 and $ms > $stopped - 10 and $ms < $stopped + 20)' \
	--arg awake "$awake"
docker rm -f "${P}stop" > /dev/null

# A program that waits for the disk before it is ready.
mkdir -p "$ENGINE_DIR/load"
dd if=/dev/urandom of="$ENGINE_DIR/load/big" bs=1M count=192 conv=fsync status=none
dd if="$ENGINE_DIR/load/big" iflag=nocache count=0 status=none
trace_start disk-bound --why || exit 0
docker run --rm --name "${P}read" --network none -v "$ENGINE_DIR/load:/load" ct/busybox:1 \
	sh -c 'cat /load/big > /dev/null; echo ready' > /dev/null
trace_stop
says "a program that reads from the disk waits for it" true \
	'of("start") | length == 1 and all(phase_path_ms("ready"; true) as $all
	| $all > 20 and phase_path_ms("ready"; .reason == "disk" or .reason == "page_fault") > 0.3 * $all)'

# One that waits more often than each wait is told by itself. Each of the two waits for the other when the pipe is
# full or empty: some 50,000 times a second where there are two CPUs.
trace_start busy --why --ready listen || exit 0
docker run -d --name "${P}busy" --network none ct/busybox:1 sh -c \
	'dd if=/dev/zero bs=64k count=30000 2> /dev/null | dd of=/dev/null bs=64k 2> /dev/null; exec nc -l -p 80' > /dev/null
await 20 docker exec "${P}busy" sh -c "grep -q :0050 /proc/net/tcp /proc/net/tcp6"
docker rm -f "${P}busy" > /dev/null
trace_stop
says "no wait of a busy thread is left out" true \
	'(of("start") | length == 1) and summary.lost.waits == 0 and summary.complete'
says "and what it waited for is known" true 'of("start") | all(phase_path_ms("ready"; true) as $all
	| $all > 200 and phase_path_ms("ready"; .reason == "unexplained") < 0.01 * $all)'
says "paths add up" '[]' untiled_paths

# Load. What grows is what is loaded.
trace_start calm --why --record "$OUT/calm.ct" || exit 0
runs calm 10 --network none
trace_stop
calm=$JSON
trace_start disk --why || exit 0
for i in 1 2 3 4; do
	# past the page cache: it takes the disk and hardly any CPU
	while :; do
		dd if=/dev/zero of="$ENGINE_DIR/load/$i" bs=4M count=64 oflag=direct status=none
	done &
	load+=($!)
done
runs disk 8 --network none
load_stop
trace_stop
JSON=$OUT/both.json
cat "$calm" "$OUT/disk.json" > "$JSON"
says "under disk load, the growth of create is disk" true '
	def created($name): [records | select(.kind == "start" and (.name | startswith($ENV.P + $name)))];
	(created("disk") | map(.phases.create / 1e6) | median) as $loaded
	| (created("calm") | map(.phases.create / 1e6) | median) as $calm
	| (created("disk") | map(phase_path_ms("create"; .reason == "disk" or .reason == "disk_sync")) | median) as $disk
	| (created("calm") | map(phase_path_ms("create"; .reason == "disk" or .reason == "disk_sync")) | median) as $less
	| $loaded > $calm and $disk - $less > 0.5 * ($loaded - $calm)'
trace_start cpu --why --record "$OUT/cpu.ct" || exit 0
# Each in a session of its own: together in one they share what the scheduler gives a session (autogroup),
# and the engine's hardly notices.
for ((i = 0; i < 4 * $(nproc); i++)); do
	setsid sh -c 'while :; do :; done' &
	load+=($!)
done
sleep 0.5
runs cpu 10 --network none
load_stop
trace_stop
# On a machine that has no CPU left anyway, more load tells nothing.
JSON=$calm
busy=$(ask '[of("start")[] | path_ms(.reason == "runqueue") / (.total_ns / 1e6)] | median > 0.35')
if [[ $busy == true ]]; then
	cannot "tell what CPU load does" "other work takes a third of every start already"
	exit 0
fi
cat "$calm" "$OUT/cpu.json" > "$OUT/both.json"
JSON=$OUT/both.json
says "under CPU load, the growth of a start is the run queue" true '
	def started($name): [records | select(.kind == "start" and (.name | startswith($ENV.P + $name)))];
	(started("cpu") | map(.total_ns / 1e6) | median) as $loaded
	| (started("calm") | map(.total_ns / 1e6) | median) as $calm
	| (started("cpu") | map(path_ms(.reason == "runqueue")) | median) as $queue
	| (started("calm") | map(path_ms(.reason == "runqueue")) | median) as $less
	| $loaded > $calm and $queue - $less > 0.5 * ($loaded - $calm)'
"$COLDTRACE" diff --why --json -c "$P*" "$OUT/calm.ct" "$OUT/cpu.ct" > "$OUT/diff.json"
same "diff names the reason that grew" '["runqueue"]' "$(jq -c '[.groups[] | select(.kind == "start")
	| .changes[] | select(.phase == "total") | .grew.reason]' "$OUT/diff.json")"
