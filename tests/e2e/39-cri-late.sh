# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Tracing begins when the client of the CRI has been connected for long, as on every node of Kubernetes:
# no request says its name any more. What is told must be what it would have been from the first.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"

if ! cri_missing=$(cri_can); then
	cannot "everything under the CRI" "$cri_missing"
	exit 0
fi
containerd_start && cri_prepare || exit 1

n=$(as_many 10 3)
cri_client late "$P" $n "$OUT/go" > "$OUT/client" &
client=$!
for ((i = 0; i < 600; i++)); do
	[[ -e $OUT/go.waits ]] && break
	sleep 0.1
done
trace_start late --ready output || exit 0
: > "$OUT/go"
wait $client || fail "the client ends in order"
trace_stop
same "exit status" 0 "$CT_STATUS"
says "nothing lost, nothing misunderstood" '[0,true]' '[lost, (summary | .complete)]'
says "nothing failed or cut" '[]' '[mine | select(.outcome != "ok") | "\(.kind) \(.outcome) \(.name)"]'
says "no phase is unknown" '[]' '[mine | .phases | to_entries[] | select(.value == null) | .key]'

wanted=$(jq -r '.sandbox, .containers[]' "$OUT/client" | sort)
before=$(tail -n 1 "$OUT/client" | jq -r '.sandbox, .containers[]' | sort)
same "each that started starts once" "$(comm -23 <(echo "$wanted") <(echo "$before"))" "$(ask 'of("start"; "ok")[].id' | sort)"
same "each stops once, what ran before too" "$wanted" "$(ask 'of("stop"; "ok")[].id' | sort)"
# shellcheck disable=SC2016
says "each is of its pod" '[]' '($client | split("\n") | map(select(. != "") | fromjson)
	| map({key: .sandbox, value: [.pod, null]}, (.pod as $p | .containers | to_entries[]
		| {key: .value, value: [$p, .key]})) | from_entries) as $of
	| [mine | select(.kind | . != "restart" and (startswith("pod") | not))
		| select([.pod.name, .pod.container] != $of[.id] or .pod.namespace != "ct-tests"
			or .pod.uid != "uid-" + .pod.name) | "\(.kind) \(.name)"]' --rawfile client "$OUT/client"
says "image of the containers" '["docker.io/ct/service:1"]' \
	'[mine | select(.pod.container) | .image] | unique'
says "what the start of a container consists of" '[["create","start","ready","client"]]' \
	'[of("start")[] | select(.pod.container) | .phases | keys_unsorted] | unique'
says "what the start of a pod consists of" '[["create","connect","start"]]' \
	'[of("start")[] | select(.pod.container == null) | .phases | keys_unsorted] | unique'

# Exec probes, by a client that was connected before tracing began: no request of it says what it is.
cri_client probing "${P}p" 3 5 "$OUT/probe" > "$OUT/client" 2> "$OUT/up" &
client=$!
await 60 grep -qs up "$OUT/up" || fail "pods to be probed start" "$(cat "$OUT/up")"
trace_start probed || exit 0
: > "$OUT/probe"
wait $client || fail "the client ends in order" "$(cat "$OUT/up")"
trace_stop
same "exit status with probes" 0 "$CT_STATUS"
says "each probe is counted" '[[5,0,0]]' \
	'[of("stop"; "ok")[] | select(.pod.container).probes[0] | [.count, .failed, .unheard]] | unique'
# shellcheck disable=SC2016
says "the shortest took as long as by the client's clock, within 5 ms" true '($client | split("\n")
	| map(select(. != "") | fromjson.times[] | .[1] - .[0]) | min) as $took
	| ([of("stop")[] | select(.pod.container).probes[0].min_ns] | min) - $took
	| . < 5000000 and . > -5000000' --rawfile client "$OUT/client"
