# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Images that dockerd fetches from a registry: each pull is told once, with its layers in the order of
# the manifest and their sizes, and a start that waited for one begins with it. The registry's manifests
# and the client's words are the other witnesses.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/registry.sh
. "$CT_LIB/registry.sh"

if ! command -v docker-registry > "$OUT/which"; then
	cannot "pulls" "docker-registry is not installed: apt-get install docker-registry"
	exit 0
fi
trap 'registry_stop' EXIT
registry_start "$OUT" || { fail "the registry answers: $(tail -n 3 "$OUT/registry/log")"; exit 0; }

# pushed NAME SIZE...: its layers, as the registry has them, to $OUT/layers.NAME: digits and size
pushed()
{
	local name=$1

	registry_image "test/$name:1" "${@:2}" || { fail "image $name is pushed"; exit 0; }
	in_engine curl -sf -H 'Accept: application/vnd.docker.distribution.manifest.v2+json' \
		"http://$REGISTRY/v2/test/$name/manifests/1" |
		jq -c '[.layers[] | [.digest[7:19], .size]]' > "$OUT/layers.$name"
}
pushed five 1K 3M 6M 2M
pushed twelve 1K 300K 300K 300K 1M 1M 1M 2M 2M 2M 1K
pushed one
pushed both 3M 8M 5M
five=$REGISTRY/test/five:1

trace_start pulls || exit 0
docker pull "$five" > "$OUT/pull.first" 2>&1 || fail "docker pull"
docker pull -q "$five" > "$OUT/pull.again" 2>&1 || fail "docker pull, again"
docker pull "$REGISTRY/test/none:1" > "$OUT/pull.none" 2>&1 && fail "a pull of what is not there fails"
docker rmi "$five" > "$OUT/rmi" 2>&1
docker run --rm --name "${P}run" "$five" exit 0 > "$OUT/run" 2>&1 || fail "docker run of a missing image"
docker rmi "$five" > "$OUT/rmi" 2>&1
# Two clients want the last at once.
registry_hold
for name in five twelve one both both; do
	docker pull -q "$REGISTRY/test/$name:1" > "$OUT/pull.$name" 2>&1 &
	clients+=($!)
done
registry_let_go 5 || fail "five clients ask the registry"
wait "${clients[@]}"
trace_stop
same "exit status" 0 "$CT_STATUS"
# shellcheck disable=SC2016
pulls='def pulls: [records | select(.kind == "pull" and (.image | startswith($registry)))];'
pulled()
{
	says "$1" "$2" "$pulls $3" --arg registry "$REGISTRY/" "${@:4}"
}
pulled "each pull is told once" '["both","both","five","five","five","five","none","one","twelve"]' \
	'[pulls[].image | capture("test/(?<name>[^:]*):1").name] | sort'
pulled "what is there, what is up to date, what is not" '[7,1,1]' \
	'[(pulls | map(select(.outcome == "ok" and (.fetched.up_to_date | not))) | length),
	(pulls | map(select(.outcome == "ok" and .fetched.up_to_date)) | length),
	(pulls | map(select(.outcome == "failed" and (.failed.message | contains("not found")))) | length)]'
for name in five twelve one both; do
	pulled "$name: layers in the order of the manifest, with their sizes" "[$(< "$OUT/layers.$name")]" \
		"[pulls[] | select((.image | contains(\"/$name:\")) and (.fetched.layers | length > 0))
			| [.fetched.layers[] | [.id, .size]]] | unique | map(
				. as \$told | \$want | to_entries | map([.value[0], (\$told[.key][1] // .value[1])])) | unique" \
		--argjson want "$(< "$OUT/layers.$name")"
done
pulled "each layer is fetched, then unpacked, then the next one" '[]' \
	'[pulls[].fetched.layers | . as $l | to_entries[] | select((.value.there | not) and (.value.fetched_ns == null
		or .value.unpacked_ns == null or .value.unpacked_ns < .value.fetched_ns
		or (.key > 0 and .value.unpacked_ns < $l[.key - 1].unpacked_ns))) | .value.id]'
# Who comes to a layer when the other has it, finds it there.
pulled "and there is nothing but what another client had fetched" '[]' \
	'[pulls[] | select(.image | contains("/both:") | not) | .fetched.layers[] | select(.there) | .id]'
pulled "what two clients want at once is told to both, and came once" '[[4,4],4]' \
	'[pulls[] | select(.image | contains("/both:")) | .fetched.layers]
		| [map(length), (map(.[] | select(.shared or .there | not)) | length)]'
jq -r '.[][0]' "$OUT/layers.both" | while read -r id; do
	grep -c "GET /v2/test/both/blobs/sha256:$id" "$OUT/registry/log"
done > "$OUT/fetched.both"
same "and the registry has given each of its layers once" "1 1 1 1" "$(paste -sd ' ' "$OUT/fetched.both")"
pulled "phases tile each pull" '[]' \
	'[pulls[] | select(([.segments[] | .end_ns - .begin_ns] | add) != .total_ns) | .image]'
pulled "no phase is unknown" '[]' '[pulls[].phases | to_entries[] | select(.value == null) | .key]'
pulled "a pull is all its phases" '[["download","register","resolve","unpack"]]' \
	'[pulls[] | select(.fetched.layers | length > 0) | .phases | keys] | unique'
pulled "who asked is Docker's client, which is the one that runs a container of it" \
	"[[\"docker\",\"agent\",null],[\"docker\",\"agent\",\"${P}run\"]]" \
	'[pulls[].fetched | [.client, .client_by, .container]] | unique'
pulled "a program of dockerd's, or that itself, has unpacked each layer, unless another is unpacked meanwhile" '[true,[]]' \
	'[pulls[] | select(.image | contains("/five:")) | select(.fetched.links.shared == false) | .fetched.layers[] | select(.there | not)]
		| [length > 0, map(select(.proof.unpacked != "file" or (.unpacker.name | IN("docker-untar", "dockerd") | not)
			or .registered_ns < .unpacked_ns or .unpacked_ns < .unpacking_ns))]'
pulled "its digest is that of the registry" "[\"$(sed -n 's/^Digest: //p' "$OUT/pull.first")\"]" \
	'[pulls[] | select(.outcome == "ok" and (.image | contains("five"))) | .fetched.digest] | unique'
# What the registry's log says that it gave, and the kernel that it received.
pulled "connections are the registry's, all were made, and have ended" "[[\"${REGISTRY%:*}\",${REGISTRY#*:},0,0]]" \
	'[pulls[] | select(.outcome == "ok" and (.fetched.up_to_date | not)) | .fetched.links.peers[]
		| [.address, .port, .failed, .open]] | unique'
pulled "what no other pull was beside has come by them: its layers, and 1 % and 16 KiB at most" '[true,[]]' \
	'[pulls[] | select((.fetched.layers | length > 0) and (.fetched.up_to_date | not) and (.fetched.links.shared | not))
		| {size: (.fetched.layers | map(.size // 0) | add), got: .fetched.links.peers[0].received}]
		| [length >= 2, map(select(.got == null or .got < .size or .got > .size * 1.01 + 16384))]'
pulled "a layer whose size no other has is known by its connection" '[true,[]]' \
	'[pulls[] | select((.image | contains("/five:")) and (.fetched.links.shared == false)) | .fetched.layers[] | select((.there | not) and .size > 1500000)]
		| [length >= 6, map(select(.link == null or .proof.first != "socket" or .link.received - .size > 40000
			or .link.end_ns > .fetched_ns + 5000000))]'
pulled "a round trip on this machine is shorter than 5 ms, and so is connecting, at the median" '[]' \
	'[pulls[].fetched.links.peers[]? | select(.rtt_ns > 5000000 or .connect_ns > 5000000)]'
says "what was refused for want of the image is part of that start" '[]' \
	'[of("start"; "failed")[] | select(.image | startswith($registry))]' --arg registry "$REGISTRY/"
says "the start that waited for its image has its pull as a phase" '[true,true]' \
	"$pulls"' (of("start"; "ok")[] | select(.name | endswith("run"))) as $start
	| [pulls[] | select(.begin_ns > $start.begin_ns and .end_ns < $start.end_ns and (.fetched.up_to_date | not))]
	| [length == 1, .[0].total_ns == $start.phases.pull]' \
	--arg registry "$REGISTRY/"

# A client that goes: nobody says how it ended.
trace_start left || exit 0
pushed slow 20M 20M 20M
docker pull -q "$REGISTRY/test/slow:1" > "$OUT/pull.slow" 2>&1 &
client=$!
sleep 0.3
{ kill -KILL "$client" && wait "$client"; } 2> /dev/null
left_ns=$(awk '{ printf "%.0f", $1 * 1e9 }' /proc/uptime)
await 5 grep -q interrupted "$JSON" || fail "that its client has left is told at once"
docker run --rm --name "${P}never" --pull never "$REGISTRY/test/none:1" > "$OUT/never" 2>&1
trace_stop
pulled "a pull ends with its client" '[["failed",true,true]]' \
	'[pulls[] | select(.image | contains("slow")) | [.outcome, .fetched.interrupted,
		(.end_ns - $left | if . < 0 then -. else . end) < 100000000]]' --argjson left "$left_ns"
says "what is refused for want of an image, and asks for none, is a start that failed" '[["create",true]]' \
	'[of("start"; "failed")[] | select(.image | endswith("test/none:1"))
		| [.failed.phase, (.failed.message | startswith("No such image"))]]'
docker rmi -f "$five" "$REGISTRY/test/twelve:1" "$REGISTRY/test/one:1" "$REGISTRY/test/both:1" > "$OUT/rmi" 2>&1
# shellcheck source=tests/lib/pulls_long.sh
[[ -z ${LONG:-} ]] || . "$CT_LIB/pulls_long.sh"
