# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Images that a client of containerd fetches itself, as ctr of containerd 1.6 does: each pull is told once, with
# the layers of its manifest in their order, and when each was fetched and unpacked, also where several clients
# fetch at once. The registry's manifests and the clients' clocks are the other witnesses.
# shellcheck source=tests/lib/ctr_pulls.sh
. "$(dirname "$0")/../lib/ctr_pulls.sh"

# ctr_pull NAME [OPTION]...
ctr_pull()
{
	in_engine nsenter --mount="/proc/$CR_PID/ns/mnt" -- \
		ctr -a "$CR_SOCK" "${@:2}" images pull --plain-http "$REGISTRY/test/$1:1" > "$OUT/pull.$1" 2>&1
}

pushed five 1K 3M 6M 2M
pushed twelve 1K 300K 300K 300K 1M 1M 1M 2M 2M 2M 1K
pushed list index 1K 2M
for ((i = 1; i <= 5; i++)); do
	pushed "many$i" 100K 1M 200K
done
trace_start ctr || exit 0
ctr_pull five || fail "ctr images pull" "$(< "$OUT/pull.five")"
ctr_pull twelve || fail "ctr images pull" "$(< "$OUT/pull.twelve")"
ctr_pull list || fail "ctr images pull of a list" "$(< "$OUT/pull.list")"
ctr_pull five || fail "ctr images pull, again"
ctr_pull five -n other || fail "ctr images pull for another namespace"
clients=()
for ((i = 1; i <= 5; i++)); do
	ctr_pull "many$i" &
	clients+=($!)
done
wait "${clients[@]}"
trace_stop
same "exit status" 0 "$CT_STATUS"
pulled "each pull is told once" '["five","five","five","list","many1","many2","many3","many4","many5","twelve"]' \
	'[pulls[].image | capture("test/(?<name>[^:]*):1").name] | sort'
pulled "all have succeeded, one was up to date" '[10,1]' \
	'[(pulls | map(select(.outcome == "ok")) | length), (pulls | map(select(.fetched.up_to_date)) | length)]'
pulled "by containerd, for each namespace" '[["containerd","default"],["containerd","other"]]' \
	'[pulls[] | [.engine, .namespace]] | unique'
for name in five twelve list many1 many2 many3 many4 many5; do
	layered $name
done
pulled "all is fetched before anything is unpacked, one layer after the other" '[]' \
	'[pulls[] | select(.namespace == "default") | .fetched.layers | . as $l | to_entries[]
		| select(.value.fetched_ns == null or .value.unpacking_ns < ($l | map(.fetched_ns) | max)
		or .value.unpacked_ns < .value.unpacking_ns
		or (.key > 0 and .value.unpacking_ns < $l[.key - 1].unpacked_ns)) | .value.id]'
pulled "what the other namespace had is unpacked again, and not fetched" '[[5,5,0]]' \
	'[pulls[] | select(.namespace == "other") | .fetched.layers
		| [length, (map(select(.stored and .unpacked_ns)) | length), (map(select(.first_ns)) | length)]]'
tiled
pulled "a pull is all its phases" '[["download","register","resolve","unpack"]]' \
	'[pulls[] | select(.namespace == "default" and (.fetched.layers | length > 0)) | .phases | keys] | unique'
