# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Pulls by the engines of Debian's unstable, on this kernel: Docker with either store for its images, and ctr of
# containerd 2, which lets containerd fetch (the transfer service), or fetches itself. Each is told once, with the
# layers that the registry has.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/generation.sh
. "$CT_LIB/generation.sh"
# shellcheck source=tests/lib/registry.sh
. "$CT_LIB/registry.sh"
# shellcheck source=tests/lib/pulls.sh
. "$CT_LIB/pulls.sh"

if ! command -v docker-registry > "$OUT/which"; then
	cannot "pulls by other generations" "docker-registry is not installed: apt-get install docker-registry"
	exit 0
fi
# The same as in 36: they are there then.
packages=(bash dash coreutils sed grep tar mount iproute2 procps busybox-static docker.io containerd runc nftables
	iptables ca-certificates docker-compose docker-cli)
if ! generation_make sid "$O/docker-sid" "${packages[@]}" 2> "$OUT/make.err"; then
	cannot "everything of sid" "its packages do not come: $(tail -n 1 "$OUT/make.err")"
	exit 0
fi

# What they pull, as a registry's files: each has its own, which it changes.
mkdir -p "$OUT/fs/bin" "$OUT/registry"
cp "$SERVICE" "$OUT/service"
cp "$SERVICE" "$OUT/fs/bin/service"
cp "$(command -v docker-registry)" "$OUT"
in_engine() { nsenter --net="/proc/$REGISTRY_NS/ns/net" "$@"; }
in_engine_becomes() { exec nsenter --net="/proc/$REGISTRY_NS/ns/net" "$@"; }
unshare --net sleep 600 &
REGISTRY_NS=$!
trap 'registry_stop; kill "$REGISTRY_NS"; rm -rf "$OUT"/{registry,docker,containerd}' EXIT
apart() { [[ ! /proc/$REGISTRY_NS/ns/net -ef /proc/self/ns/net ]]; }
await 20 apart || { fail "the registry gets a network of its own"; exit 0; }
PORT=5000 registry_start "$OUT" || { fail "the registry answers: $(tail -n 3 "$OUT/registry/log")"; exit 0; }
pushed five 1K 3M 6M 2M
pushed twelve 1K 300K 300K 300K 1M 1M 1M 2M 2M 2M 1K
pushed list index 1K 2M
for name in many1 many2 many3; do
	pushed "$name" 100K 1M 200K
done
pushed shared 3M 8M 5M
kill "$REGISTRY_PID"
wait "$REGISTRY_PID" 2> /dev/null
REGISTRY_PID=

# What a kubelet asks containerd 2 for, from outside its root: its socket is in a directory that both have.
kubelet()
{
	local name clients=() engine

	protoc --proto_path="$CT_LIB/../cri" --python_out="$OUT" api.proto
	rm -f "$OUT/up" "$OUT/over"
	generation_run "$O/docker-sid" "$OUT" as-here bash "$CT_LIB/pull_runs.sh" containerd "$OUT" "$P" cri 1 2>&1 &
	engine=$!
	await 30 test -e "$OUT/up" || echo "containerd is not up"
	for name in five five list twelve none; do
		"$CT_LIB/../cri/cri.py" "$OUT/containerd.sock" "$OUT" pull "$REGISTRY/test/$name:1" me "" > "$OUT/pull.$name" 2>&1
	done
	for name in many1 many2 many3; do
		"$CT_LIB/../cri/cri.py" "$OUT/containerd.sock" "$OUT" pull "$REGISTRY/test/$name:1" me "" > "$OUT/pull.$name" 2>&1 &
		clients+=($!)
	done
	wait "${clients[@]}"
	: > "$OUT/over"
	wait "$engine"
}

# run_row NAME STORE WHAT
run_row()
{
	local said

	trace_start "$1" --record "$OUT/$1.ct" || return
	if [[ $3 == cri ]]; then
		said=$(kubelet)
	else
		said=$(generation_run "$O/docker-sid" "$OUT" as-here bash "$CT_LIB/pull_runs.sh" "$2" "$OUT" "$P" "$3" 1 2>&1)
	fi
	same "$1: all runs" "" "$said"
	trace_stop
}

# row NAME STORE WHAT PULLS: each once, and so many have succeeded
row()
{
	local reads name

	run_row "$1" "$2" "$3" || return
	reads=$(ask 'summary | .lost.read')
	if ((reads)); then
		# What a client uploads may look like what it is not: then its name may not have been heard.
		echo "# $1: $reads requests were not heard: once more"
		run_row "$1" "$2" "$3" || return
		reads=$(ask 'summary | .lost.read')
	fi
	same "$1: exit status" $((reads ? 3 : 0)) "$CT_STATUS"
	pulled "$1: each pull is told once" "$4" '[pulls[] | (.image | capture("test/(?<name>[^:@]*)[:@]").name)
		+ (if .fetched.up_to_date then " there" elif .outcome != "ok" then " \(.outcome)" else "" end)] | sort'
	for name in five twelve list many1 many2 many3; do
		layered $name "$1: "
	done
	pulled "$1: each layer is fetched, then unpacked, then the next one" '[]' \
		'[pulls[] | .fetched.layers | . as $l | to_entries[] | select((.value.there | not) and (.value.fetched_ns == null
			or .value.unpacked_ns == null or .value.unpacked_ns < .value.fetched_ns
			or (.key > 0 and .value.unpacked_ns < $l[.key - 1].unpacked_ns))) | .value.id]'
	tiled "$1: "
	pulled "$1: a pull is all its phases" '[["download","register","resolve","unpack"]]' \
		'[pulls[] | select(.fetched.layers | length > 0) | .phases | keys] | unique'
	pulled "$1: what is not there has failed, and why is said" '[true]' \
		'[pulls[] | select(.outcome == "failed") | .failed.message | contains("not found")]'
}

# truth NAME [PROOF]: beside containerd's log; those with that proof are as true as they can be
truth()
{
	local what proof n signed median p99 most

	while read -r what proof n signed median p99 most; do
		echo "# $1: $what, by $proof, beside containerd's log: n $n, median $signed, p99 $p99, at most $most ms"
		[[ $proof != "${2:-}" ]] || check "$1: $what, by $proof: within 5 ms at the median" \
			awk -v ms="$median" 'BEGIN { print ms " ms"; exit !(ms <= 5) }'
	done < <("$CT_LIB/pull_truth.py" "$OUT/containerd.log" "$JSON")
}

docker='["five","five there","list","many1","many2","many3","none failed","shared","shared","twelve"]'
row overlay2 overlay2 docker "$docker"
row containerd containerd docker "$docker"
# shellcheck disable=SC2154
for name in containerd overlay2; do
	JSON=$OUT/$name.json
	pulled "$name: what two clients want at once comes once, and is told to both" '[8,4]' \
		'[pulls[] | select(.image | contains("shared")) | .fetched.layers[]]
			| [length, (map(select(.shared or .there | not)) | length)]'
	says "$name: the start that waited for its image has its pull as a phase" '[true]' "$pulls"'
		pulls as $all | [of("start"; "ok")[] | select(.name | endswith("run")) | . as $start
		| [$all[] | select(.begin_ns > $start.begin_ns and .end_ns < $start.end_ns and .outcome == "ok")]
		| length == 1 and .[0].total_ns == $start.phases.pull]' --arg registry "$REGISTRY/"
done
JSON=$OUT/containerd.json
# Of two that want the same at once dockerd asks for both: what is answered first is what there is.
pulled "containerd: what dockerd asks of it says when each layer was unpacked" '[["request","request"]]' \
	'[pulls[].fetched.layers[] | select(.there | not) | .proof | [.unpacking, .unpacked]] | unique'
pulled "containerd: and its database how large it is then" '[]' \
	'[pulls[].fetched.layers[] | select(.unpacked_size == null or .unpacked_size < .size) | .id]'
row ctr containerd ctr '["five","five","five there","list","many1","many2","many3","none failed","twelve"]'
pulled "ctr: its database says when each layer was whole, whatever was fetched at once" '[["database"]]' \
	'[pulls[] | select(.image | contains("many")) | [.fetched.layers[].proof.unpacked] | unique] | unique'
pulled "ctr: what another namespace has is unpacked again, and not fetched" '[[5,5,5]]' \
	'[pulls[] | select(.namespace == "other") | .fetched.layers
		| [length, (map(select(.stored and .unpacked_ns)) | length), (map(select(.first_ns == null)) | length)]]'
truth ctr request
if /usr/bin/python3 -c 'import h2.connection, google.protobuf' 2> /dev/null && command -v protoc > "$OUT/which"; then
	row cri containerd cri '["five","five there","list","many1","many2","many3","none failed","twelve"]'
	truth cri
else
	cannot "pulls under the CRI of sid" "protoc, python3-h2 or python3-protobuf is missing; run tools/deps.sh test"
fi
