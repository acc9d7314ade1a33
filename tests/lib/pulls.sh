# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the tests of pulls from a registry (registry.sh) share.

# pushed NAME [index] SIZE...: to $OUT/layers.NAME the digest and the size of each layer, in their order
pushed()
{
	in_engine "$CT_LIB/push.py" "$REGISTRY" "test/$1:1" "$SERVICE" "${@:2}" > "$OUT/pushed.$1" ||
		{ fail "image $1 is pushed"; exit 0; }
	jq -cRn '[inputs | split(" ") | [.[0], (.[1] | tonumber)]][:-2]' "$OUT/pushed.$1" > "$OUT/layers.$1"
	tail -n 1 "$OUT/pushed.$1" | cut -d ' ' -f 1 > "$OUT/digest.$1"
}

# rounds N AT-ONCE: so often each image of `names` is pulled, so many at once, and removed
rounds()
{
	local round name clients

	for ((round = 0; round < $1; round++)); do
		clients=()
		for name in "${names[@]}"; do
			docker pull -q "$REGISTRY/test/$name:1" > "$OUT/pull.$name" 2>&1 &
			clients+=($!)
			((${#clients[@]} % $2)) || wait "${clients[@]}"
		done
		wait "${clients[@]}"
		for name in "${names[@]}"; do
			docker rmi -f "$REGISTRY/test/$name:1"
		done > "$OUT/rmi" 2>&1
	done
}

# shellcheck disable=SC2016
pulls='def pulls: [records | select(.kind == "pull" and (.image | startswith($registry)))];'
# pulled WHAT WANTED FILTER [JQ-OPTION]...: what the filter says of `pulls`
pulled()
{
	says "$1" "$2" "$pulls $3" --arg registry "$REGISTRY/" "${@:4}"
}

# layered NAME [ROW]: its layers are told as they are in the registry
layered()
{
	pulled "${2:-}$1: layers in the order of the manifest, with digest and size" "[$(< "$OUT/layers.$1")]" \
		'[pulls[] | select((.image | contains("/" + $name + ":")) and (.fetched.layers | length > 0))
			| [.fetched.layers[] | [.digest, .size]]] | unique' --arg name "$1"
	pulled "${2:-}$1: its digest is that of the registry" "[\"$(< "$OUT/digest.$1")\"]" \
		'[pulls[] | select((.image | contains("/" + $name + ":")) and .outcome == "ok") | .fetched.digest] | unique' \
		--arg name "$1"
}

# all_well ROW N: so many pulls
all_well()
{
	same "$1: exit status" 0 "$CT_STATUS"
	pulled "$1: each is told, and has ended well" "[$2,[\"ok\"]]" '[(pulls | length), ([pulls[].outcome] | unique)]'
}

# tiled [ROW]: what is so of all pulls
tiled()
{
	pulled "${1:-}phases tile each pull" '[]' \
		'[pulls[] | select(([.segments[] | .end_ns - .begin_ns] | add) != .total_ns) | .image]'
	pulled "${1:-}no phase is unknown" '[]' '[pulls[].phases | to_entries[] | select(.value == null) | .key]'
}
