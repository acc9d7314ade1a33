# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What is lost is said: in JSON, in the table, in the exit status.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

trace_start trace --ring 4096 -o table --record "$OUT/lost.ct" || exit 0
# of this one something is told, whatever becomes of the others
docker run --rm --name "${P}told" ct/service:1 exit 0 > /dev/null 2>&1
# a stopped reader leaves the ring to fill
kill -STOP "$CT_PID"
pids=()
for ((i = 0; i < 8; i++)); do
	docker run --rm --name "$P$i" ct/service:1 exit 0 > /dev/null 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
kill -CONT "$CT_PID"
trace_stop
same "exit status 3" 3 "$CT_STATUS"
says "lost is counted" true 'lost > 0'
says "the summary is not complete" false 'summary | .complete'
check "the table says so" grep -qi lost "$OUT/trace.out"
check "and what to do about it" grep -q -- --ring "$OUT/trace.out" "$OUT/trace.err"
# What is drawn of it later has no summary of its own. All may be lost: then there is nothing to compare, which is said.
for command in "report --chains" compare; do
	# shellcheck disable=SC2086
	"$COLDTRACE" $command "$OUT/lost.ct" > "$OUT/later.out" 2> "$OUT/later.err"
	status=$? wanted=3
	! grep -q "no record is what was asked for" "$OUT/later.err" || wanted=1
	same "$command: exit status $wanted" "$wanted" "$status"
	check "$command says why" grep -q "INCOMPLETE: [0-9]* lost: ring buffer full" "$OUT/later.err"
done
# of its own there may be nothing left
says "what is reported tiles all the same" '[]' '[maybe_mine | select(tiles | not) | .name]'
says "a phase whose mark was lost is null, not zero" 0 \
	'[maybe_mine | select(.phases | .unknown == 0)] | length'

# A small ring wakes its reader when a quarter of it is unread: it looks by itself ten times a second, and eight starts at
# once write as much as the ring has room for meanwhile.
trace_start small --ring 65536 || exit 0
pids=()
for ((i = 0; i < 8; i++)); do
	docker run --rm --name "${P}small$i" ct/service:1 exit 0 > /dev/null 2>&1 &
	pids+=($!)
done
wait "${pids[@]}"
trace_stop
same "a small ring: nothing is lost" 0 "$CT_STATUS"
says "and all is told" 8 '[mine | select(.kind == "stop")] | length'
