# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# More requests than the kernel's side has places for, each on a connection of its own that nobody says is closed: room is
# made before a table is full, so what comes next is heard. And who is an actor is one in the table that probes ask first.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

# shellcheck source=tests/lib/maps.sh
. "$CT_LIB/maps.sh"

# places NAME: how many are not free
places()
{
	"$bpftool" -j map dump id "${ids[$1]}" 2> /dev/null | jq length
}

# few MOST NAME...: no more than that of each
few()
{
	local name most=$1

	for name in "${@:2}"; do
		(($(places "$name") <= most)) || return 1
	done
}

# alike: whether as many actors are counted, by the remainder of their pid, as there are in their table
alike()
{
	"$bpftool" -j map dump id "${ids[actors]}" > "$OUT/actors"
	"$bpftool" -j map dump id "${ids[coldtrac.bss]}" > "$OUT/bss"
	jq -en --slurpfile actors "$OUT/actors" --slurpfile bss "$OUT/bss" '
		($bss[0][0].formatted.value[".bss"] | map(.ct_actors_alike // empty)[0]) as $counted
		| [range($counted | length) | 0] as $none
		| reduce $actors[0][].formatted.key as $pid ($none; .[$pid % length] += 1) | . == $counted' > /dev/null
}

declare -A ids
trace_start tables || exit 0
for name in bodies streams actors coldtrac.bss; do
	ids[$name]=$(map_id "$name")
done
max=$("$bpftool" -j map show id "${ids[bodies]}" | jq .max_entries)
check "so many ask at once" "$CT_LIB/asks.py" "${DOCKER_HOST#unix://}" $((max + max / 4))
check "an eighth of the $max places is free again" await 20 few $((max / 8 * 7)) bodies streams
same "a create whose body comes late is answered" "HTTP/1.1 201 Created" \
	"$("$CT_LIB/asks.py" "${DOCKER_HOST#unix://}" slowly "${P}late" ct/service:1)"
docker start "${P}late" > /dev/null
docker wait "${P}late" > /dev/null
docker rm "${P}late" > /dev/null
sleep 0.5
check "of actors, those that probes ask for first are as many as there are" await 20 alike
trace_stop
same "that requests were forgotten is said" 3 "$CT_STATUS"
says "what came then is whole" '["docker","runc","ct/service:1","ok",true]' \
	'of("start")[0] | [.engine, .runtime, .image, .outcome, has_phases(["create", "start"])]'
