# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What is seen inside gVisor's sandboxes: opens counted exactly, other people's sessions left alone,
# every sandbox boots whatever is traced, and nothing is left behind.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

if ! have_runtime runsc; then
	cannot "everything inside gVisor" "the engine has no runtime 'runsc'"
	exit 0
fi

# opens_run NAME FILES PASSES: what the program in a new container says
opens_run()
{
	docker run --rm --name "$1" --runtime runsc ct/service:1 opens "$2" "$3" > "$OUT/$1.said" 2>&1
}

# counted VIEW: "name count failed" of each container of ours, in the order of names
counted()
{
	ask '[.[] | select(.kind == "opens" and .view == $view and (.name | startswith($p)))
		| "\(.name) \(.calls.open.count) \(.calls.open.failed)"] | sort[]' --arg view "$1"
}

said()
{
	local name

	for name in "$@"; do
		printf '%s %s\n' "$name" "$(sed -n 's/^opens \([0-9]* [0-9]*\) .*/\1/p' "$OUT/$name.said")"
	done | sort
}

# A prime number of files, by one container and by many at once.
exact()
{
	local at_once=$1 i names=() pids=()

	trace_start "exact-$at_once" --opens --runtime runsc || return
	for ((i = 0; i < at_once; i++)); do
		names+=("$P$at_once-$i")
		opens_run "$P$at_once-$i" $((997 + 2 * i)) 3 &
		pids+=($!)
	done
	wait "${pids[@]}"
	trace_stop
	same "$at_once at once: coldtrace ends in order" 0 "$CT_STATUS"
	same "$at_once at once: every open is counted, and every failure" "$(said "${names[@]}")" \
		"$(counted application)"
	# its messages to coldtrace are not what its program writes
	says "$at_once at once: it is not ready before it says something, at its end" true \
		'[.[] | select(.kind == "opens" and .view == "application" and (.name | startswith($p)))
			| .until_ready.count == .calls.open.count] | length > 0 and all'
	# late is not lost: between reading its clock and sending, a sandbox may have to wait for a CPU
	says "$at_once at once: nothing lost" 0 'summary.lost | del(.late) | add'
}

for count in 1 4 16; do
	exact "$count"
done

# waiting NAME: a sandbox whose program opens files when it is told to
waiting()
{
	docker run -d --name "$1" --runtime runsc --entrypoint sh ct/service:1 \
		-c 'until [ -e /tmp/go ]; do sleep 0.1; done; /service opens 997 3; /service serve' > /dev/null
}

# go NAME: it is told, and has done it
go()
{
	docker exec "$1" sh -c ': > /tmp/go'
	await 30 sh -c "docker logs $1 2> /dev/null | grep -q ready"
	docker logs "$1" > "$OUT/$1.said" 2> /dev/null
}

# below_tmp RECORDING [VIEW]: opens of our container below /tmp/opens
below_tmp()
{
	"$COLDTRACE" report "$1" --group 'ours=/tmp/opens/*' -o "json:$OUT/below.json" &&
		JSON=$OUT/below.json ask '[.[] | select(.kind == "opens" and .view == $view
			and (.name | startswith($p))) | .groups[] | select(.name == "ours") |
			"\(.count) \(.failed)"] | add' --arg view "${2:-application}"
}

# told NAME: how many it opened, and how many of them in vain
told()
{
	said "$1" | cut -d' ' -f2,3
}

# The Sentry's view, on the kernel's clock. The probes come when a stub has left runsc's memory: a
# program that opens files at once may have opened some before. From then on every open counts.
sentry_view()
{
	local name=${P}sentry before

	trace_start sentry --opens --sentry-probes --runtime runsc --record "$OUT/sentry.ct" || return
	before=$(perf_events)
	waiting "$name"
	check "--sentry-probes: the sandbox gets its probes" await 20 has_probes "$before"
	go "$name"
	trace_stop
	docker rm -f "$name" > /dev/null
	same "--sentry-probes: every open is counted, and every failure" "$(told "$name")" \
		"$(below_tmp "$OUT/sentry.ct" sentry)"
	same "--sentry-probes: so does the application's view" "$(told "$name")" \
		"$(below_tmp "$OUT/sentry.ct")"
	same "--sentry-probes: no sandbox is left out" "" "$(grep "no view" "$OUT/sentry.err")"
	says "--sentry-probes: the Sentry takes less than its application waits" true '
		([.[] | select(.kind == "opens" and (.name | startswith($p)))
			| {key: .view, value: .calls.open.p50_ns}] | from_entries)
		| .sentry > 500 and .sentry < .application'
}
sentry_view

sandbox_pid()
{
	docker inspect -f '{{.State.Pid}}' "$1"
}

# sandbox_runsc CONTAINER COMMAND...: runsc as its engine would call it
sandbox_runsc()
{
	local pid id=$1 root

	pid=$(sandbox_pid "$1")
	id=$(docker inspect -f '{{.Id}}' "$1")
	root=$(tr '\0' '\n' < "/proc/$pid/cmdline" | sed -n 's/^--root=//p' | head -n 1)
	shift
	nsenter --mount --target "$(cat "$ENGINE_DIR/pid")" runsc --root "$root" "$@" "$id" 2>&1
}

has_session()
{
	sandbox_runsc "$1" trace list | grep -q Default
}

no_session()
{
	! has_session "$1"
}

# A container that ran before, and opens its files when it is told to.
running_before()
{
	local name=${P}before

	waiting "$name"
	check "no session before" no_session "$name"
	trace_start before --opens --record "$OUT/before.ct" --runtime runsc || return
	check "a session while tracing" await 10 has_session "$name"
	go "$name"
	kill -TERM "$CT_PID"
	trace_wait 20
	same "a sandbox that ran before: its opens are counted" "$(told "$name")" \
		"$(below_tmp "$OUT/before.ct")"
	check "no session is left when coldtrace is terminated" no_session "$name"
	docker rm -f "$name" > /dev/null
}

# Somebody else holds the session: another coldtrace, which goes on hearing.
held()
{
	local name=${P}held first

	waiting "$name"
	trace_start holder --opens --record "$OUT/holder.ct" --runtime runsc || return
	first=$CT_PID
	check "somebody holds a session" await 10 has_session "$name"
	trace_start held --opens --runtime runsc || return
	check "it is said" await 10 grep -q "no view 'application': somebody else holds" "$OUT/held.err"
	trace_stop
	same "coldtrace ends in order beside it" 0 "$CT_STATUS"
	says "it is said with the opens that are seen" true '
		[.[] | select(.kind == "opens" and (.name | startswith($p)))] | length > 0 and
		all(.view != "application" and (.unseen.application | startswith("somebody else holds")))'
	check "it is left alone" has_session "$name"
	CT_PID=$first JSON=$OUT/holder.json
	go "$name"
	trace_stop
	same "who holds it has heard every open" "$(told "$name")" \
		"$(below_tmp "$OUT/holder.ct")"
	docker rm -f "$name" > /dev/null
}

# What the host does not see: the program's own exec, its first system call, its end.
life()
{
	trace_start life --steps --seccheck --runtime runsc || return
	docker run --rm --name "${P}life" --runtime runsc ct/service:1 exit 9 > /dev/null 2>&1
	trace_stop
	says "the exit status is the program's" 9 'mine | select(.kind == "stop").exit_code'
	says "its exec and its first system call are steps" true '
		mine | select(.kind == "start") | [.steps[].name] | contains(["exec", "program load"])'
	says "its own end is before the sandbox's" true '
		[mine | select(.kind == "stop")] | length == 1'
	same "without opens none are asked for" 0 "$(ask '[.[] | select(.kind == "opens")] | length')"
}

# boot NUMBER OPTION...: how sandboxes ended that were booted at once, $at_once of them, in $codes
boot()
{
	local i pids=()

	codes=
	trace_start "boots$1" --runtime runsc "${@:2}" || return
	for ((i = 0; i < at_once; i++)); do
		timeout -k 5 60 docker run --rm --name "${P}boot-$1-$i" --runtime runsc ct/service:1 exit 7 \
			> /dev/null 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do
		wait "$i"
		codes+="$? "
	done
	trace_stop
}

# boots AT_ONCE NUMBER OPTION...: what a probe on runsc breaks it breaks in each sandbox that boots meanwhile
# (docs/gvisor.md): not one may hang.
boots()
{
	local at_once=$1 codes all

	shift
	all=$(printf '7 %.0s' $(seq "$at_once"))
	boot "$@"
	same "sandboxes boot, run and end, $at_once at once: ${*:2}" "$all" "$codes"
}

held
running_before
life
few=$(as_many 10 4)
boots "$few" 1
boots "$few" 2 --steps
boots "$few" 3 --opens
boots "$few" 4 --seccheck
boots "$few" 5 --sentry-probes
boots 10 6 --steps --opens --seccheck --sentry-probes

same "no process of coldtrace is left" "" "$(pgrep -P $$ -x coldtrace)"
