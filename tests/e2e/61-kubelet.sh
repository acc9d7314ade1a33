# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A node of Kubernetes, with a stand-in for its kubelet (tests/cri/kubelet.py), which has one connection for the whole
# test: tracing begins before it does, when it has been connected for long, and goes on while containerd is restarted.
# What is told of a pod must be the same each time, what its kubelet did for it before it asked included.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"

if ! cri_missing=$(cri_can); then
	cannot "everything under the CRI" "$cri_missing"
	exit 0
fi

kubelet_cleanup()
{
	[[ -z ${KUBELET_PID:-} ]] || kill "$KUBELET_PID" 2> /dev/null
	ctr_cleanup
	find /sys/fs/cgroup -depth -type d -path "*/kubepods/besteffort/poduid-$P*" -exec rmdir {} + 2> /dev/null
	find /sys/fs/cgroup -mindepth 2 -maxdepth 3 -depth -type d -path '*/kubepods*' -empty -exec rmdir {} + 2> /dev/null
}
trap kubelet_cleanup EXIT

# order ORDER NAME: what the stand-in answers, into $OUT/$ROUND.client
order()
{
	local line

	echo "$1 $2" >&"${KUBELET[1]}"
	read -rt 60 -u "${KUBELET[0]}" line || { fail "the kubelet has done '$1 $2'" "$(cat "$OUT/kubelet.err")"; return 1; }
	[[ $1 != stop ]] || echo "$line" >> "$OUT/$ROUND.client"
}

kubelet_start()
{
	coproc KUBELET { exec nsenter --mount="/proc/$CR_PID/ns/mnt" -- "$CT_LIB/../cri/kubelet.py" "$CR_SOCK" "$CR_DIR" 2> "$OUT/kubelet.err"; }
	read -rt 60 -u "${KUBELET[0]}" _ || fail "the kubelet is there" "$(cat "$OUT/kubelet.err")"
}

# What is told of the pods of this round, without what is another one's each time.
shapes()
{
	# shellcheck disable=SC2016
	ask '[mine | [.kind, .outcome, .cause, (.name | sub("^[^/]*-"; "")), .image, (.phases | keys_unsorted | sort)]]
		| sort | map(tojson) | .[]'
}

# within WHAT KIND JQ: [what the record of each pod of this round has, least, most], by its kubelet's stamps $t, which it
# takes around what is done: between these it must be. How far it is from the nearer one goes into $OUT/WHAT.off
within()
{
	# shellcheck disable=SC2016
	ask '($client | split("\n") | map(select(. != "") | fromjson | {key: .pod, value: .times}) | from_entries) as $at
		| [of("'"$2"'")[] | select($at[.name]) | $at[.name] as $t | ('"$3"')] as $d
		| "\($d | length) \([$d[] | select(.[0] < .[1] or .[0] > .[2])])",
			($d[] | [.[0] - .[1], .[2] - .[0]] | min)' --rawfile client "$OUT/$ROUND.client" > "$OUT/within"
	same "$ROUND: $1, of each pod" "$PODS []" "$(head -n 1 "$OUT/within")"
	tail -n +2 "$OUT/within" >> "$OUT/$1.off"
}

# A round is told of.
told()
{
	trace_stop
	same "$ROUND: exit status" 0 "$CT_STATUS"
	says "$ROUND: nothing lost, nothing misunderstood" '[0,true]' '[lost, (summary | .complete)]'
	says "$ROUND: phases tile each record" '[]' untiled
	says "$ROUND: the image as the user named it" '["docker.io/ct/service:1"]' \
		'[mine | select(.pod.container) | .image] | unique'
	# shellcheck disable=SC2016
	{
		within "a pod begins with its cgroup" pod-start '[.begin_ns, $t.cgroup[]]'
		within "its volumes" pod-start '[.phases.volumes, 0,
			($t | to_entries | map(select(.key | startswith("mount")) | .value[1] - .value[0]) | add)]'
		within "it waits for its kubelet" pod-start '[([.segments[] | select(.phase == "sandbox") | .begin_ns][0]
			- ([.segments[] | select(.phase == "volumes") | .end_ns] | max)),
			$t.run[0] - $t["mount.settings"][1], $t.run[1] - $t["mount.settings"][0]]'
		within "its hook is no time of its kubelet's" pod-start '($t.hook[1] - $t.hook[0]) as $took
			| [([.segments[] | select(.phase == "containers")
				| ([.end_ns, $t.hook[1]] | min) - ([.begin_ns, $t.hook[0]] | max) | select(. > 0)] | add // 0),
				$took / 2, $took]'
		within "its sandbox" pod-start '[[.segments[] | select(.phase == "sandbox")][0].end_ns, $t.run[]]'
		PODS=$ENDS within "it has stopped" pod-stop '[.end_ns, $t.stop[]]'
	}
	shapes > "$OUT/$ROUND.shapes"
}

containerd_start && cri_prepare || exit 1
n=$(as_many 4 1)

# Tracing first.
ROUND=before PODS=$n ENDS=$n
trace_start before --ready output || exit 0
kubelet_start
for ((i = 1; i <= n; i++)); do order pod "${P}a-$i" && order stop "${P}a-$i"; done
told

# The kubelet has been connected for long, and a pod runs.
order pod "${P}b-0"
ROUND=middle
trace_start middle --ready output || exit 0
for ((i = 1; i <= n; i++)); do order pod "${P}b-$i" && order stop "${P}b-$i"; done
told
same "tracing begins in the middle: the same is told" "$(cat "$OUT/before.shapes")" "$(cat "$OUT/middle.shapes")"

# containerd is restarted; what ran goes on, and stops behind it.
ROUND=restart
trace_start restart --ready output || exit 0
check "containerd is restarted" containerd_restart
for ((i = 1; i <= n; i++)); do order pod "${P}c-$i" && order stop "${P}c-$i"; done
order stop "${P}b-0"
ENDS=$((n + 1))
told
same "what ran before stops once, with its pod" "$(printf '%s\n' "pod-stop ${P}b-0" "stop ${P}b-0" "stop ${P}b-0/app" "stop ${P}b-0/side" | sort)" \
	"$(jq -r --arg pod "${P}b-0" 'select((.kind == "stop" or .kind == "pod-stop") and .outcome == "ok" and .pod.name == $pod) | "\(.kind) \(.name)"' "$JSON" | sort)"
same "containerd is restarted: the same is told of the others" "$(cat "$OUT/before.shapes")" "$(grep -v '"[a-z-]*0[/"]' "$OUT/restart.shapes")"

# The kubelet's stamps are taken around what is done, by a program that must get a processor first.
for what in "a pod begins with its cgroup" "its sandbox" "it has stopped"; do
	median=$(sort -n "$OUT/$what.off" | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }')
	printf '# %s: median %.3f ms of %d\n' "$what" "$(awk -v ns="$median" 'BEGIN { print ns / 1e6 }')" "$(wc -l < "$OUT/$what.off")"
	limit=$(as_many 5 20) # of few the median is anywhere
	check "$what: median within $limit ms" below "$median" "${limit}000000"
done
