# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A hundred pulls by dockerd, twenty at once, of images of one to twenty layers: of one size, of one KiB, of 300 MB, and one
# that many of them have. Each is told once, each layer once, and as fetched as often as the registry has given it. The
# registry's manifests and its log, and dockerd's log at its level debug, are the other witnesses.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/registry.sh
. "$CT_LIB/registry.sh"
# shellcheck source=tests/lib/pulls.sh
. "$CT_LIB/pulls.sh"

if ! command -v docker-registry > "$OUT/which"; then
	cannot "a hundred pulls" "docker-registry is not installed: apt-get install docker-registry"
	exit 0
fi
registry_start "$OUT" || { fail "the registry answers: $(tail -n 3 "$OUT/registry/log")"; exit 0; }

# dockerd_says JQ: what its configuration is from now on
dockerd_says()
{
	jq "$1" "$OUT/daemon.json" > "$ENGINE_DIR/daemon.json"
	kill -HUP "$(< "$ENGINE_DIR/pid")"
}
cp "$ENGINE_DIR/daemon.json" "$OUT"
trap 'registry_stop; dockerd_says .' EXIT
dockerd_says '. + {debug: true}'

export SALT=$P
sizes=(1K 200K:random 200K:random 50K:same 300K)
for ((i = 0; i < 14; i++)); do
	sizes+=("$((i * 7 + 3))K")
done
names=(big equal)
pushed big 1K 300M:random
pushed equal 1M:none 1M:none 50K:same
for count in 1 2 5 7 12 20; do
	for copy in a b c; do
		names+=("n$count$copy")
		pushed "n$count$copy" "${sizes[@]:0:count - 1}"
	done
done

# given FROM: each layer, as often as the registry has given it, from that line of its log on
given()
{
	tail -n "+$1" "$OUT/registry/log" | grep -aoE '"GET /v2/test/[^ ]*/blobs/sha256:[0-9a-f]+' | grep -oE 'sha256:.*' |
		jq -cRn --argjson layers "$(jq -cs 'add | map(.[0])' "$OUT"/layers.*)" \
			'[inputs] | group_by(.) | map({(.[0]): length}) | add | with_entries(select(.key | IN($layers[])))'
}

# row WHAT ROUNDS AT-ONCE
row()
{
	local line=$(($(wc -l < "$OUT/registry/log") + 1)) name

	trace_start "$1" --record "$OUT/$1.ct" || exit 0
	rounds "$2" "$3"
	trace_stop 60
	all_well "$1" "$(($2 * 20))"
	for name in "${names[@]}"; do
		layered "$name" "$1: "
	done
	tiled "$1: "
	pulled "$1: each layer has been fetched as often as the registry has given it" "$(given "$line")" \
		'[pulls[].fetched.layers[] | select((.there or .shared) | not) | .digest] | group_by(.) | map({(.[0]): length}) | add'
	"$CT_LIB/pull_truth_docker.py" "$ENGINE_DIR/log" "$REGISTRY_DIR/data" "$JSON" > "$OUT/$1.truth" 2>&1
	sed "s/^/# $1: /" "$OUT/$1.truth"
}
row "at once" "$(as_many 5 1)" 20
row alone 1 1
while read -r what proof n _ median p99 _; do
	[[ $proof != bound ]] || continue
	check "alone: $what by $proof: within 5 ms of dockerd's log at the median, 50 at the 99th percentile" \
		awk -v median="$median" -v p99="$p99" -v n="$n" 'BEGIN { print n, median, p99; exit !(median <= 5 && p99 <= 50) }'
done < "$OUT/alone.truth"
