# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What every end-to-end test uses. tests/e2e/run sets, for each test file:
#   COLDTRACE  the program       SERVICE  the service, for the host    OUT  directory of this test
#   TEST       its number        P        what its containers' names begin with
#   RESULTS    one line per check is added here: passed, failed or impossible

# What these functions set is read by the tests.
# shellcheck disable=SC2034

# shellcheck source=tests/lib/engine.sh
. "$(dirname "${BASH_SOURCE[0]}")/engine.sh"
: "${COLDTRACE:?run tests by tests/e2e/run}" "${SERVICE:?}" "${OUT:?}" "${TEST:?}" "${P:?}" "${RESULTS:?}"

CT_PID=
CT_STATUS=
SVC_FD=

pass()
{
	printf 'ok %s - %s\n' "$TEST" "$1"
	echo passed >> "$RESULTS"
}

# fail WHAT [DETAIL]
fail()
{
	printf 'not ok %s - %s\n' "$TEST" "$1"
	[[ -z ${2:-} ]] || printf '%s\n' "$2" | sed 's/^/#   /'
	echo failed >> "$RESULTS"
}

# may_miss WHAT: whether tests/e2e/allowed-missing has it
may_miss()
{
	local number what

	while read -r number what; do
		what=${what%%[[:space:]]#*}
		# shellcheck disable=SC2254 # a pattern
		[[ $number == "$TEST" || $number == '*' ]] && case $1 in $what) return 0 ;; esac
	done < <(grep -v '^#' "$CT_LIB/../e2e/allowed-missing")
	return 1
}

# What this machine cannot do is said and counted, and fails unless it is known to be fine.
cannot()
{
	if may_miss "$1"; then
		printf 'cannot %s - %s: %s\n' "$TEST" "$1" "$2"
		echo impossible >> "$RESULTS"
	else
		fail "$1 can be done here, or is in tests/e2e/allowed-missing" "$2"
	fi
}

# as_many FULL SHORT: how often a happy path is gone: FULL times with LONG=1, as make test-long has it
as_many()
{
	if [[ -n ${LONG:-} ]]; then echo "$1"; else echo "$2"; fi
}

# check WHAT COMMAND...
check()
{
	local what=$1 said

	shift
	if said=$("$@" 2>&1); then
		pass "$what"
	else
		fail "$what" "$(printf '%s: %s' "$*" "$said" | head -c 1200)"
	fi
}

# same WHAT WANTED GOT
same()
{
	if [[ $2 == "$3" ]]; then
		pass "$1"
	elif ((${#2} + ${#3} > 1200)); then
		fail "$1" "wanted < > got: $(diff <(printf '%s\n' "$2") <(printf '%s\n' "$3") | head -c 2400)"
	else
		fail "$1" "wanted: $(head -c 600 <<< "$2")
got: $(head -c 600 <<< "$3")"
	fi
}

# ask FILTER [JQ-OPTION]...: what the filter says about $JSON, all lines in one array
ask()
{
	local filter=$1

	shift
	jq -rcs -L "$CT_LIB" --arg p "$P" "$@" "include \"ct\"; $filter" "$JSON" 2>&1
}

# says WHAT WANTED FILTER [JQ-OPTION]...
says()
{
	local what=$1 wanted=$2

	shift 2
	same "$what" "$wanted" "$(ask "$@")"
}

have_runtime()
{
	[[ -n $(docker info -f "{{ with index .Runtimes \"$1\" }}yes{{ end }}" 2> /dev/null) ]]
}

# The runtimes that the tests are about, less what this machine lacks.
runtimes()
{
	local runtime

	for runtime in runc runsc; do
		have_runtime "$runtime" && echo "$runtime"
	done
}

say_missing_runtimes()
{
	local runtime

	for runtime in runc runsc; do
		have_runtime "$runtime" || cannot "everything under $runtime" "the engine has no runtime '$runtime'"
	done
}

begun_or_dead()
{
	[[ -s $OUT/$1.ready ]] || ! kill -0 "$CT_PID" 2> /dev/null
}

# trace_start NAME [OPTION]...: returns when tracing has begun. JSON lines go to $JSON, stdout and
# stderr to $OUT/NAME.{out,err}.
trace_start()
{
	local name=$1

	shift
	JSON=$OUT/$name.json
	: > "$OUT/$name.ready"
	# A shell starts its background jobs with SIGINT ignored, a user's terminal does not. A session
	# of its own: the scheduler shares processors among sessions (autogroup), and a test has many
	# processes in its one.
	env --default-signal=INT,QUIT setsid "$COLDTRACE" --ready-fd 8 -o "json:$JSON" "$@" \
		8>> "$OUT/$name.ready" > "$OUT/$name.out" 2> "$OUT/$name.err" &
	CT_PID=$!
	if ! await 30 begun_or_dead "$name" || [[ ! -s $OUT/$name.ready ]]; then
		fail "coldtrace begins to trace" "$(tail -n 5 "$OUT/$name.err")"
		trace_kill
		return 1
	fi
}

trace_gone()
{
	! kill -0 "$CT_PID" 2> /dev/null
}

# Ends tracing as Ctrl-C does. CT_STATUS becomes its exit status.
trace_stop()
{
	[[ -n $CT_PID ]] || return 0
	kill -INT "$CT_PID" 2> /dev/null
	trace_wait "${1:-20}"
}

# Waits until coldtrace ends by itself.
trace_wait()
{
	if ! await "$1" trace_gone; then
		fail "coldtrace ends within $1 s"
		kill -KILL "$CT_PID"
	fi
	wait "$CT_PID"
	CT_STATUS=$?
	CT_PID=
}

trace_kill()
{
	[[ -n $CT_PID ]] || return 0
	kill -KILL "$CT_PID" 2> /dev/null
	wait "$CT_PID" 2> /dev/null
	CT_PID=
}

# svc_up NAME DOCKER-RUN-OPTION...: a service in an attached `docker run`; returns when it has said
# that it is ready, with its own stamps in READY_REAL and READY_MONO and the id in SVC_ID.
svc_up()
{
	local name=$1 word

	shift
	rm -f "$OUT/cid"
	exec {SVC_FD}< <(exec docker run --name "$name" --cidfile "$OUT/cid" "$@" ct/service:1 serve 2>&1)
	read -rt 60 -u "$SVC_FD" word READY_REAL READY_MONO
	SVC_ID=$(cat "$OUT/cid" 2> /dev/null)
	[[ $word == ready ]] && return
	fail "service '$name' starts" "$word $READY_REAL $READY_MONO"
	svc_gone
	return 1
}

# svc_down NAME: docker stop, then until the client of svc_up is gone. Stamps: END_REAL, END_MONO.
svc_down()
{
	local word

	docker stop -t 5 "$1" > /dev/null
	read -rt 60 -u "$SVC_FD" word END_REAL END_MONO
	svc_gone
	[[ $word == end ]] && return
	fail "service '$1' ends in order" "$word"
	return 1
}

svc_gone()
{
	local rest

	while read -rt 30 -u "$SVC_FD" rest; do :; done
	exec {SVC_FD}<&-
}

# The host's clocks now, "REALTIME_NS MONOTONIC_NS".
clocks()
{
	"$SERVICE" stamp | cut -d' ' -f2-
}

# events_start NAME: docker's own events, from now on, into $OUT/NAME.events
events_start()
{
	EVENTS=$OUT/$1.events
	# --since makes the engine send what happened before it had subscribed
	docker events --since "$(date +%s.%N)" --format '{{json .}}' > "$EVENTS" &
	EVENTS_PID=$!
}

event_seen()
{
	grep -qE "\"Action\":\"$1\".*\"ID\":\"$2\"" "$EVENTS"
}

# events_stop ACTION ID: when that one has come
events_stop()
{
	await 10 event_seen "$1" "$2" || fail "docker events has the $1 of $2"
	kill "$EVENTS_PID"
	wait "$EVENTS_PID" 2> /dev/null
}

# How many perf events coldtrace has: system calls that it traces, and what --sentry-probes has on each sandbox.
perf_events()
{
	find "/proc/$CT_PID/fd" -lname 'anon_inode:*perf_event*' | wc -l
}

# has_probes BEFORE: whether another sandbox has its three, that many were there without it
has_probes()
{
	(($(perf_events) >= $1 + 3))
}

remove_containers()
{
	local ids

	ids=$(docker ps -aq --filter "name=^$P")
	# shellcheck disable=SC2086
	[[ -z $ids ]] || docker rm -f $ids > /dev/null 2>&1
}

e2e_cleanup()
{
	trace_kill
	[[ -z ${EVENTS_PID:-} ]] || kill "$EVENTS_PID" 2> /dev/null
	remove_containers
}
trap e2e_cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
