# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# CRI-O under a kubelet: not the real thing, which no release of Debian has, but a STAND-IN for it
# (tests/cri/crio.py) that does what recordings of CRI-O 1.26 show, with the real conmon, runc and a
# network plugin: pods with a process of their own and without, exec probes, a container that cannot
# be created. The client's own clock is the other witness.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

if ! missing=$(cri_can); then
	cannot "everything under CRI-O" "$missing"
	exit 0
fi
if [[ ! -x /usr/bin/conmon ]]; then
	cannot "everything under CRI-O" "conmon is missing; run tools/deps.sh test"
	exit 0
fi

CR_DIR=$OUT/crio.d CR_SOCK=$OUT/crio.sock
n=$(as_many 20 6)
server=
mkdir -p "$CR_DIR"
bundle_make "$OUT/template" && cp "$SERVICE" "$OUT/template/rootfs/service" && cri_prepare || exit 1
ln -sf /usr/bin/python3 "$OUT/crio"

# Where it keeps what, as an administrator says it: what is in the directory counts more.
mkdir "$OUT/crio.conf.d"
printf '[crio]\nroot = "%s"\nrunroot = "/run/nowhere"\n' "$OUT/storage" > "$OUT/crio.conf"
printf '[crio]\nrunroot = "%s"\n' "$OUT/run" > "$OUT/crio.conf.d/10-run.conf"

# crio_start POD: pause, or none
crio_start()
{
	rm -f "$CR_SOCK"
	(export CR_CNI_BIN && exec -a "$OUT/crio" "$OUT/crio" "$CT_LIB/../cri/crio.py" "$CR_SOCK" "$CR_DIR" \
		"$OUT/template" "$(command -v runc)" "$1" --config "$OUT/crio.conf" --config-dir "$OUT/crio.conf.d") > "$OUT/crio.$1.log" 2>&1 &
	server=$!
	await 10 test -S "$CR_SOCK" || fail "the stand-in listens" "$(tail -n 5 "$OUT/crio.$1.log")"
}

crio_stop()
{
	[[ -n $server ]] || return 0
	kill "$server" 2> /dev/null
	wait "$server" 2> /dev/null
	server=
}

# What a client that failed has left.
crio_leftovers()
{
	local id

	for id in $(runc --root "$CR_DIR/runc" list -q 2> /dev/null); do
		runc --root "$CR_DIR/runc" delete --force "$id"
	done
	for id in "$CR_DIR"/netns/*; do
		[[ ! -e $id ]] || umount "$id" 2> /dev/null
	done
}
trap 'crio_stop; crio_leftovers; e2e_cleanup' EXIT

for pod in none pause; do
	crio_start $pod || continue
	same "$pod: doctor has read crio.conf and what is beside it" "$OUT/storage $OUT/run $CR_SOCK" \
		"$("$COLDTRACE" doctor --json | jq -r --argjson pid "$server" '.engines[] | select(.pid == $pid) | "\(.data_root) \(.exec_root) \(.sockets[0])"')"
	trace_start "$pod" --ready output -e crio --record "$OUT/$pod.ct" || exit 0
	cri_client probed "$P$pod-" "$n" > "$OUT/client" || fail "$pod: the client ends in order" "$(cat "$OUT/crio.$pod.log")"
	sleep 2.5 # a stop waits two seconds for a removal
	trace_stop
	crio_stop
	same "$pod: exit status" 0 "$CT_STATUS"
	says "$pod: nothing lost" '[0,true]' '[lost, (summary | .complete)]'
	says "$pod: nothing is cut, nothing fails but what cannot be executed" '[["start","failed","bad"]]' \
		'[mine | select(.outcome != "ok" and .kind != "pod-start") | [.kind, .outcome, .pod.container]] | unique'
	says "$pod: phases tile each record" '[]' untiled
	says "$pod: no phase is unknown" '[]' \
		'[mine | .name as $n | .phases | to_entries[] | select(.value == null) | "\($n) \(.key)"]'
	wanted=$(jq -r '.sandbox, .containers[]' "$OUT/client" | sort)
	same "$pod: each sandbox and container starts once, and no probe does" "$wanted" \
		"$(ask 'of("start"; "ok")[].id' | sort)"
	same "$pod: each sandbox and container stops once, and no probe does" "$wanted" \
		"$(ask 'of("stop"; "ok")[].id' | sort)"
	says "$pod: each is removed with its stop" '[true]' '[of("stop")[].removed] | unique'
	says "$pod: what cannot be executed fails once a pod, with the reason" "[$n,true]" \
		'of("start"; "failed") | [length, all(.[].failed; .phase == "create" and
			.step == "runtime create" and (.message | contains("/bin/nosuch")))]'
	says "$pod: exit codes" '[0]' '[of("stop")[] | select(.pod.container) | .exit_code] | unique'
	# shellcheck disable=SC2016
	says "$pod: each is of its pod" '[]' '($client | split("\n") | map(select(. != "") | fromjson)
		| map({key: .sandbox, value: [.pod, null]}, (.pod as $p | .containers | to_entries[]
			| {key: .value, value: [$p, .key]})) | from_entries) as $of
		| [mine | select(.outcome == "ok" and (.kind | . != "restart" and (startswith("pod") | not)))
			| select([.pod.name, .pod.container] != $of[.id] or .pod.namespace != "ct-tests"
				or .pod.uid != "uid-" + .pod.name
				or .name != ([$of[.id][] | strings] | join("/"))) | .id]' --rawfile client "$OUT/client"
	# What could not be executed was asked for last: by then they had not started but for it.
	says "$pod: each pod is told, from its sandbox to what failed in it, and its end" "[$n,$n,[\"failed\"],[\"ok\"]]" \
		'[of("pod-start")] as $starts | [of("pod-stop")] as $stops | [($starts[0] | map(.name) | unique | length),
			($stops[0] | map(.name) | unique | length), ($starts[0] | map(.outcome) | unique), ($stops[0] | map(.outcome) | unique)]'
	says "$pod: engine, namespace" '[["crio",""]]' '[mine | [.engine, .namespace]] | unique'
	says "$pod: runtime and image of the containers" '[["runc","docker.io/ct/service:1"]]' \
		'[of("start")[] | select(.pod.container) | [.runtime, .image]] | unique'
	if [[ $pod == none ]]; then
		start='["create","connect"]' stop='["stop","disconnect","destroy"]' init=null
	else
		start='["create","connect","start"]' stop='["stop","die","disconnect","destroy"]' init=number
	fi
	cri_phases "$pod: what the start of a pod consists of" "[$start]" start null
	says "$pod: and its stop" "[$stop]" \
		'[of("stop")[] | select(.pod.container == null) | .phases | del(.client) | keys_unsorted] | unique'
	says "$pod: whether a pod has a first process" "[\"$init\"]" \
		'[of("stop")[] | select(.pod.container == null) | .init_pid | type] | unique'
	# who asks for the removal at once leaves nothing between
	says "$pod: what the stop of a container consists of" '[["stop","die","destroy"]]' \
		'[of("stop")[] | select(.pod.container) | .phases | del(.client) | keys_unsorted] | unique'
	cri_truth "$pod: RunPodSandbox is sent" run 0 'select(.kind == "start" and .pod.container == null) | .begin_ns'
	cri_truth "$pod: RunPodSandbox is answered" run 1 'select(.kind == "start" and .pod.container == null) | .end_ns'
	cri_truth "$pod: CreateContainer is sent" create 0 'select(.kind == "start" and .pod.container) | .begin_ns' 2
	cri_truth "$pod: CreateContainer is answered" create 1 'select(.kind == "start") | phase_end("create") | select($r.pod.container)' 2
	cri_truth "$pod: StartContainer is answered" start 1 'select(.kind == "start" and .pod.container) | phase_end("start")' 2
	cri_truth "$pod: StopContainer is sent" stop 0 'select(.kind == "stop" and .pod.container) | .begin_ns' 2
	cri_truth "$pod: StopContainer is answered" stop 1 'select(.kind == "stop" and .pod.container) | phase_end("die")' 2
	cri_truth "$pod: StopPodSandbox is sent" stop 0 'select(.kind == "stop" and .pod.container == null) | .begin_ns'
	cri_truth "$pod: RemovePodSandbox is answered" remove 1 'select(.kind == "stop" and .pod.container == null) | .end_ns'
done

# What runs when tracing begins: whose it is says conmon's name for it, its image the bundle. The pod
# has a process here, and so is known, too.
crio_start pause || exit 0
coproc held { cri_client held "${P}held-" 1 2>&1 > "$OUT/client"; }
# shellcheck disable=SC2154 # set by coproc
read -rt 30 up <&"${held[0]}"
same "held: a pod runs before tracing does" up "$up"
trace_start held --ready output -e crio --record "$OUT/held.ct" || exit 0
echo on >&"${held[1]}"
# shellcheck disable=SC2154
wait "$held_PID" || fail "held: the client ends in order" "$(cat "$OUT/crio.pause.log")"
sleep 2.5
trace_stop
crio_stop
wanted=$(jq -r '.sandbox, .containers[]' "$OUT/client" | sort)
same "held: each stops once, and no probe does" "$wanted" "$(ask 'of("stop"; "ok")[].id' | sort)"
says "held: no probe is a start, and one container fails" '["failed"]' '[of("start")[].outcome]'
says "held: names, exit codes" '[["app",0],["side",0]]' \
	'[of("stop")[] | select(.pod.container) | [.pod.container, .exit_code]] | sort'
says "held: the image is the bundle's" '["docker.io/ct/service:1"]' \
	'[of("stop")[] | select(.pod.container) | .image] | unique'
says "held: engine" '["crio"]' '[mine | .engine] | unique'
