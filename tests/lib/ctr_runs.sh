# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests of ctr share: a service started and stopped by `ctr run`, and containerd's own
# events beside it.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "${BASH_SOURCE[0]}")/e2e.sh"
# shellcheck source=tests/lib/containerd.sh
. "$(dirname "${BASH_SOURCE[0]}")/containerd.sh"

ctr_cleanup()
{
	e2e_cleanup
	[[ -z ${CR_EVENTS_PID:-} ]] || kill "$CR_EVENTS_PID" 2> /dev/null
	containerd_stop
}
trap ctr_cleanup EXIT

# ctr_events_start NAME: containerd's events, from now on, into $CR_EVENTS
ctr_events_start()
{
	CR_EVENTS=$OUT/$1.events
	cr_ctr events > "$CR_EVENTS" &
	CR_EVENTS_PID=$!
	# it does not say when it listens: something happens until it has said so
	await 10 ctr_events_heard "$1" || fail "ctr events says what happens"
}

ctr_events_heard()
{
	cr_ctr -n "ct-$1" namespaces label "ct-$1" heard= > /dev/null 2>&1 ||
		cr_ctr namespaces create "ct-$1"
	grep -q /namespaces/ "$CR_EVENTS"
}

ctr_event_seen()
{
	grep -qE "$1.*\"$2\"" "$CR_EVENTS"
}

# ctr_events_stop TOPIC ID: when that one has come
ctr_events_stop()
{
	await 10 ctr_event_seen "$1" "$2" || fail "ctr events has the $1 of $2"
	kill "$CR_EVENTS_PID"
	wait "$CR_EVENTS_PID" 2> /dev/null
	CR_EVENTS_PID=
}

# ctr_up ID [OPTION]...: a service in an attached `ctr run`; returns when it has said it is ready.
ctr_up()
{
	local id=$1 word

	shift
	exec {SVC_FD}< <(cr_ctr run --rm "$@" docker.io/ct/service:1 "$id" 2>&1)
	read -rt 60 -u "$SVC_FD" word READY_REAL READY_MONO
	[[ $word == ready ]] && return
	fail "service '$id' starts" "$word $READY_REAL $READY_MONO"
	svc_gone
	return 1
}

# ctr_down ID: kill, then until the client of ctr_up is gone, which has removed all.
ctr_down()
{
	local word

	cr_ctr task kill "$1" > /dev/null
	read -rt 60 -u "$SVC_FD" word END_REAL END_MONO
	svc_gone
	[[ $word == end ]] && return
	fail "service '$1' ends in order" "$word"
	return 1
}

# ctr_restarts NAME N [OPTION]...: N services one after another, ids ${P}1..N
ctr_restarts()
{
	local name=$1 n=$2 i

	shift 2
	read -r CLOCK_REAL CLOCK_MONO < <(clocks)
	ctr_events_start "$name"
	trace_start "$name" --ready output || return
	for ((i = 1; i <= n; i++)); do
		ctr_up "$P$i" "$@" && ctr_down "$P$i" || break
	done
	ctr_events_stop /containers/delete "$P$((i - 1))"
	trace_stop
	((i > n)) && return
	fail "$n services under $name" "only $((i - 1))"
	return 1
}

# The matching boundaries of coldtrace and of containerd's events. Columns: topic, phase, which of
# its segments.
ctr_boundaries='/containers/create create 0
/tasks/create create -1
/tasks/start start 0
/tasks/exit die 0
/containers/delete destroy -1'

# ctr_truth N: differences at each boundary, and that their medians are small
ctr_truth()
{
	local topic phase which n median
	local offset=$((CLOCK_REAL - CLOCK_MONO))

	while read -r topic phase which; do
		# 2026-11-22 07:59:39.83 +0000 UTC NAMESPACE TOPIC JSON
		awk -v topic="$topic" '$6 == topic { print $1 "T" $2 "Z", $0 }' "$CR_EVENTS" |
			grep -oE '^[^ ]+|"(container_id|id)":"[^"]*"' |
			awk '/^2/ { time = $0; next } !seen[time]++ { split($0, part, "\""); print time, part[4] }' |
			while read -r time id; do
				printf '%s %s\n' "$id" $(($(date -d "$time" +%s%N) - offset))
			done > "$OUT/boundary"
		read -r n median < <(ask '
			($events | split("\n") | map(select(. != "") | split(" ") | {key: .[0], value: (.[1] | tonumber)})
				| from_entries) as $at
			| [mine | select($at[.id]) | [.id, (.segments | map(select(.phase == $phase)) | .[$which].end_ns)]
				| select(.[1]) | .[1] - $at[.[0]] | if . < 0 then -. else . end] as $d
			| "\($d | length) \(if ($d | length) > 0 then $d | quantile(0.5) else "none" end)"' \
			--rawfile events "$OUT/boundary" --arg phase "$phase" --argjson which "$which")
		awk -v ns="$median" -v what="$topic, end of $phase" \
			'BEGIN { printf "# %s: median %.3f ms\n", what, ns / 1e6 }'
		same "$topic of all $1 are seen as the end of $phase" "$1" "$n"
		# containerd tells it later than it was; of few the median is anywhere
		limit=$(as_many 2 4)
		check "$topic: median within $limit ms" below "$median" "${limit}000000"
	done <<< "$ctr_boundaries"
}

# below NS LIMIT
below()
{
	awk -v ns="$1" -v limit="$2" 'BEGIN { print ns / 1e6 " ms"; exit !(ns ~ /^[0-9]/ && ns + 0 <= limit) }'
}

# ctr_counts N RUNTIME: what must hold of N services that were started and stopped
ctr_counts()
{
	local ids

	ids=$(printf "$P%s\n" $(seq "$1"))
	same "exit status" 0 "$CT_STATUS"
	same "the ids, in order: starts" "$ids" "$(ask 'of("start"; "ok")[].id')"
	same "the ids, in order: stops" "$ids" "$(ask 'of("stop"; "ok")[].id')"
	says "nothing failed or cut" '[]' '[mine | select(.outcome != "ok") | "\(.kind) \(.outcome)"]'
	says "nothing lost" '[0,true]' '[lost, (summary | .complete)]'
	says "phases tile each record" '[]' untiled
	says "no phase is unknown" '[]' '[mine | .phases | to_entries[] | select(.value == null) | .key]'
	says "what a start consists of" '[["create","start","ready","client"]]' \
		'[of("start")[] | .phases | keys_unsorted] | unique'
	says "what a stop consists of" '[["stop","die","destroy","client"]]' \
		'[of("stop")[] | .phases | keys_unsorted] | unique'
	says "runtime, image, engine" "[[\"$2\",\"docker.io/ct/service:1\",\"containerd\"]]" \
		'[mine | [.runtime, .image, .engine]] | unique'
	says "all are gone" '[true]' '[of("stop")[] | .removed] | unique'
}

# Why there can be no client of the CRI on this machine, and a status that says so.
cri_can()
{
	command -v protoc > /dev/null || { echo "protoc is missing; run tools/deps.sh test"; return 1; }
	[[ -x $CR_CNI_BIN/bridge ]] || { echo "containernetworking-plugins are missing; run tools/deps.sh test"; return 1; }
	/usr/bin/python3 -c 'import h2.connection, google.protobuf' 2> /dev/null ||
		{ echo "python3-h2 or python3-protobuf is missing; run tools/deps.sh test"; return 1; }
}

cri_prepare()
{
	export CT_CGROUP=/${CR_DIR##*/}
	protoc --proto_path="$CT_LIB/../cri" --python_out="$CR_DIR" api.proto
}

# cri_client COMMAND...: see tests/cri/cri.py
cri_client()
{
	"$CT_LIB/../cri/cri.py" "$CR_SOCK" "$CR_DIR" "$@"
}

# cri_truth WHAT REQUEST SIDE FILTER [TIMES]: of n pods, as often in each, the client's stamp of a request
# (side 0: sent, 1: answered) beside what the filter takes from the record of the same container
cri_truth()
{
	local count median wanted=$((n * ${5:-1}))

	# shellcheck disable=SC2016
	read -r count median < <(ask '
		($client | split("\n") | map(select(. != "") | fromjson)
			| map(.times as $t | {key: .sandbox, value: $t[$request]},
				(.containers | to_entries[] | {key: .value, value: $t["\(.key).\($request)"]}))
			| from_entries) as $at
		| [mine | select($at[.id]) | . as $r | ('"$4"') | select(. != null)
			| . - $at[$r.id][$side] | if . < 0 then -. else . end] as $d
		| "\($d | length) \(if ($d | length) > 0 then $d | quantile(0.5) else "none" end)"' \
		--rawfile client "$OUT/client" --arg request "$2" --argjson side "$3")
	awk -v ns="$median" -v what="$1" 'BEGIN { printf "# %s: median %.3f ms\n", what, ns / 1e6 }'
	same "$1: all are seen" "$wanted" "$count"
	check "$1: median within 2 ms" below "$median" 2000000
}

# cri_phases WHAT WANTED KIND OF: of the pods (null), or of what is in them (string)
cri_phases()
{
	says "$1" "$2" "[of(\"$3\")[] | select(.pod.container | type == \"$4\") | .phases | keys_unsorted] | unique"
}
