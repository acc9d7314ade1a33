# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What Kubernetes asks of containerd, by a client in the place of a kubelet: pods of two containers,
# a network by CNI plugins. The client's own clock is the other witness.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"

if ! cri_missing=$(cri_can); then
	cannot "everything under the CRI" "$cri_missing"
	exit 0
fi
containerd_start && cri_prepare || exit 1

n=$(as_many 20 8)
trace_start pods --ready output || exit 0
cri_client pods "$P" $n > "$OUT/client" || fail "the client ends in order"
trace_stop
same "exit status" 0 "$CT_STATUS"
says "nothing lost" '[0,true]' '[lost, (summary | .complete)]'
says "nothing failed or cut" '[]' '[mine | select(.outcome != "ok") | "\(.kind) \(.outcome) \(.name)"]'
says "phases tile each record" '[]' untiled
says "no phase is unknown" '[]' '[mine | .phases | to_entries[] | select(.value == null) | .key]'

wanted=$(jq -r '.sandbox, .containers[]' "$OUT/client" | sort)
same "each sandbox and container starts once" "$wanted" "$(ask 'of("start"; "ok")[].id' | sort)"
same "each sandbox and container stops once" "$wanted" "$(ask 'of("stop"; "ok")[].id' | sort)"
says "no two have one first process" $((3 * n)) '[of("start")[].init_pid] | unique | length'
# shellcheck disable=SC2016
says "each is of its pod" '[]' '($client | split("\n") | map(select(. != "") | fromjson)
	| map({key: .sandbox, value: [.pod, null]}, (.pod as $p | .containers | to_entries[]
		| {key: .value, value: [$p, .key]})) | from_entries) as $of
	| [mine | select(.kind | . != "restart" and (startswith("pod") | not))
		| select([.pod.name, .pod.container] != $of[.id] or .pod.namespace != "ct-tests"
			or .pod.uid != "uid-" + .pod.name
			or .name != ([$of[.id][] | strings] | join("/"))) | .id]' --rawfile client "$OUT/client"
says "runtime, engine, namespace" '[["runc","containerd","k8s.io"]]' \
	'[mine | [.runtime, .engine, .namespace]] | unique'
says "image of the containers" '["docker.io/ct/service:1"]' \
	'[of("start")[] | select(.pod.container) | .image] | unique'

cri_phases "what the start of a pod consists of" '[["create","connect","start"]]' start null
cri_phases "and its stop" '[["stop","die","disconnect","destroy","client"]]' stop null
cri_phases "what the start of a container consists of" '[["create","start","ready","client"]]' start string
cri_phases "and its stop" '[["stop","die","destroy","client"]]' stop string

cri_truth "RunPodSandbox is sent" run 0 'select(.kind == "start" and .pod.container == null) | .begin_ns'
cri_truth "RunPodSandbox is answered" run 1 'select(.kind == "start" and .pod.container == null) | .end_ns'
cri_truth "CreateContainer is sent" create 0 'select(.kind == "start" and .pod.container) | .begin_ns' 2
cri_truth "CreateContainer is answered" create 1 'select(.kind == "start") | phase_end("create") | select($r.pod.container)' 2
cri_truth "StartContainer is answered" start 1 'select(.kind == "start" and .pod.container) | phase_end("start")' 2
cri_truth "StopContainer is sent" stop 0 'select(.kind == "stop" and .pod.container) | .begin_ns' 2
cri_truth "StopPodSandbox is answered" stop 1 'select(.kind == "stop" and .pod.container == null) | phase_end("disconnect")'
cri_truth "RemoveContainer is answered" remove 1 'select(.kind == "stop" and .pod.container) | .end_ns' 2
cri_truth "RemovePodSandbox is answered" remove 1 'select(.kind == "stop" and .pod.container == null) | .end_ns'

# The pod as a whole, from its sandbox until the last container is ready, by the client's clock.
same "each pod starts once" "$(jq -r .pod "$OUT/client" | sort)" "$(ask 'of("pod-start"; "ok")[].name' | sort)"
same "each pod stops once" "$(jq -r .pod "$OUT/client" | sort)" "$(ask 'of("pod-stop"; "ok")[].name' | sort)"
cri_phases "what the start of a pod's containers consists of" '[["sandbox","containers","kubelet"]]' pod-start null
cri_phases "and their stop" '[["sandbox","containers","kubelet"]]' pod-stop null
# pod_truth WHAT KIND JQ: what the record has beside the client's stamps of the same pod, $t
pod_truth()
{
	local count median

	# shellcheck disable=SC2016
	read -r count median < <(ask '
		($client | split("\n") | map(select(. != "") | fromjson | {key: .pod, value: .times}) | from_entries) as $at
		| [of("'"$2"'")[] | $at[.name] as $t | ('"$3"') | if . < 0 then -. else . end] as $d
		| "\($d | length) \(if ($d | length) > 0 then $d | quantile(0.5) else "none" end)"' --rawfile client "$OUT/client")
	awk -v ns="$median" -v what="$1" 'BEGIN { printf "# %s: median %.3f ms\n", what, ns / 1e6 }'
	same "$1: all are seen" $n "$count"
	check "$1: median within 2 ms" below "$median" 2000000
}
# shellcheck disable=SC2016
{
	pod_truth "a pod's start begins with its sandbox" pod-start '.begin_ns - $t.run[0]'
	pod_truth "its sandbox is there" pod-start '.begin_ns + .phases.sandbox - $t.run[1]'
	pod_truth "it stops when its first container is asked to" pod-stop \
		'.begin_ns - ([$t | to_entries[] | select(.key | endswith(".stop")) | .value[0]] | min)'
}
says "a pod is ready when the last of its containers is" '[]' '[of("start")[] | select(.pod.container)] as $starts
	| [of("pod-start")[] | . as $pod | [$starts[] | select(.pod.uid == $pod.id) | .end_ns] | max
		| select(. != $pod.end_ns)]'

# Several at once, and each plugin a step.
trace_start burst --steps --ready output || exit 0
for i in 1 2 3 4; do
	cri_client pods "${P}b$i-" 3 > "$OUT/client.$i" &
	clients[i]=$!
done
wait "${clients[@]}"
trace_stop
wanted=$(jq -r '.sandbox, .containers[]' "$OUT"/client.[1-4] | sort)
same "four clients: each starts once" "$wanted" "$(ask 'of("start"; "ok")[].id' | sort)"
same "four clients: each stops once" "$wanted" "$(ask 'of("stop"; "ok")[].id' | sort)"
says "four clients: nothing lost" '[0,true]' '[lost, (summary | .complete)]'
says "four clients: phases tile each record" '[]' untiled
says "each pod has its own plugins as steps of connect" '[["bridge","host-local","loopback"]]' \
	'[of("start")[] | select(.pod.container == null)
		| [.steps[] | select(.name == "network setup" and .phase == "connect") | .detail] | sort] | unique'
