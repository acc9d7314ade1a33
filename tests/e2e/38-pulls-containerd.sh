# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Images that containerd fetches from a registry: each pull is told once, whoever asked, with the layers of
# its manifest in their order; a pod that waited for one says so. The registry's manifests, the client's clock
# and containerd's own log are the other witnesses.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"
# shellcheck source=tests/lib/registry.sh
. "$CT_LIB/registry.sh"

if ! command -v docker-registry > "$OUT/which"; then
	cannot "pulls by containerd" "docker-registry is not installed: apt-get install docker-registry"
	exit 0
fi
if ! cri_missing=$(cri_can); then
	cannot "pulls under the CRI" "$cri_missing"
	exit 0
fi
containerd_start && cri_prepare || exit 1
trap 'registry_stop; containerd_stop' EXIT
echo "$CR_PID" > "$CR_DIR/pid"
DOCKER_HOST=unix://$CR_SOCK registry_start "$OUT" ||
	{ fail "the registry answers: $(tail -n 3 "$OUT/registry/log")"; exit 0; }

export DOCKER_HOST=unix://$CR_SOCK
# shellcheck source=tests/lib/pulls.sh
. "$CT_LIB/pulls.sh"

# whole: what is so of all pulls that fetched something
whole()
{
	pulled "each layer is fetched, then unpacked, then the next one" '[]' \
		'[pulls[].fetched.layers | . as $l | to_entries[] | select(.value.there | not)
			| select(.value.fetched_ns == null or (.value.first_ns == null and (.value.stored | not)) or .value.first_ns > .value.fetched_ns
				or .value.unpacked_ns == null or .value.unpacked_ns < .value.fetched_ns
				or (.key > 0 and .value.unpacked_ns < $l[.key - 1].unpacked_ns)) | .value.id]'
	tiled
	pulled "a pull is all its phases" '[["download","register","resolve","unpack"]]' \
		'[pulls[] | select(.fetched.layers | length > 0) | .phases | keys] | unique'
}

pushed five 1K 3M 6M 2M
pushed twelve 1K 300K 300K 300K 1M 1M 1M 2M 2M 2M 1K
pushed two 4M:none
pushed app 2M 1M
for name in at1 at2 at3; do
	pushed $name 300K 2M 1M
done

# A kubelet.
trace_start cri || exit 0
for name in five twelve five none; do
	cri_client pull "$REGISTRY/test/$name:1" me "" > "$OUT/pull.$name" 2>&1
done
cri_client pulled "$P" 2 "$REGISTRY/test/app:1" "$REGISTRY/test/two:1" > "$OUT/client" || fail "the pods run"
clients=()
registry_hold
for name in at1 at2 at3 at3; do
	cri_client pull "$REGISTRY/test/$name:1" me "" > "$OUT/pull.$name" 2>&1 &
	clients+=($!)
done
registry_let_go 4 || fail "four clients ask the registry"
wait "${clients[@]}"
sleep 0.5
trace_stop
same "exit status" 0 "$CT_STATUS"
pulled "each pull is told once" '["app","app","at1","at2","at3","at3","five","five","none","twelve","two","two"]' \
	'[pulls[].image | capture("test/(?<name>[^:]*):1").name] | sort'
pulled "what is there, what is up to date, what is not" '[8,3,1]' \
	'[(pulls | map(select(.outcome == "ok" and (.fetched.up_to_date | not))) | length),
	(pulls | map(select(.outcome == "ok" and .fetched.up_to_date)) | length),
	(pulls | map(select(.outcome == "failed" and (.failed.message | contains("not found")))) | length)]'
pulled "by containerd, for Kubernetes" '[["containerd","k8s.io"]]' '[pulls[] | [.engine, .namespace]] | unique'
for name in five twelve two app at1 at2 at3; do
	layered $name
done
whole
pulled "of images that are fetched at once the database says when each layer was whole" '["database"]' \
	'[pulls[] | select(.image | test("/at[12]:")) | .fetched.layers[].proof.unpacked] | unique'
pulled "what two pods want at once comes once, and is told to both" '[8,4]' \
	'[pulls[] | select(.image | contains("/at3:")) | .fetched.layers[]]
		| [length, (map(select(.shared or .there | not)) | length)]'
# shellcheck disable=SC2016
{
	says "the container that waited for its image begins with its pull" '[4,4]' "$pulls"'
		pulls as $all | [of("start"; "ok")[] | select(.phases.pull) | . as $start | [$all[]
			| select(.begin_ns == $start.begin_ns and .total_ns == $start.phases.pull and .image == $start.image)]
			| length] | [length, add]' --arg registry "$REGISTRY/"
	says "and so does what the pod consists of" '[["containers","kubelet","pull","sandbox"]]' \
		'[of("pod-start")[] | .phases | keys] | unique'
	says "a pod waits for its pulls, and for them alone" '[]' "$pulls"'
		pulls as $all | [of("pod-start")[] | . as $pod | [$all[] | select(.pod.uid == $pod.pod.uid) | .total_ns] | add
			| select(. != $pod.phases.pull)]' --arg registry "$REGISTRY/"
	says "a pull is as long as its client waits, within 3 ms at the median" true "$pulls"'
		($client | split("\n") | map(select(. != "") | fromjson | .times | to_entries[]
			| select(.key | endswith(".pull")) | .value[1] - .value[0]) | sort) as $waited
		| [pulls[] | select(.pod.uid) | .total_ns] | sort
		| [range(length) as $i | .[$i] - $waited[$i] | if . < 0 then -. else . end]
		| length == 4 and quantile(0.5) < 3000000' --arg registry "$REGISTRY/" --rawfile client "$OUT/client"
}
