# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Rootless Podman: a user who is nobody on this host, crun, no cgroups; without a network and with slirp4netns.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/podman.sh
. "$CT_LIB/podman.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

n=$(as_many 20 8)

for program in podman crun newuidmap slirp4netns; do
	if ! command -v $program > /dev/null; then
		cannot "rootless Podman" "'$program' is not installed"
		exit 0
	fi
done

# Inside the place: DIR PREFIX N
cat > "$OUT/runs" << 'END'
. "$CT_LIB/podman.sh"
podman_nobody "$1/home" "$(< "$1/as-nobody")" "$2" "$3"
cp "$1"/home/*.cid "$1"/home/*.begin "$1/"
END

# As the user: PREFIX N
cat > "$OUT/as-nobody" << 'END'
read -ra podman < <(podman_command /run/u crun)
mapfile -t limits < <(podman_limits crun | tr ' ' '\n')
for ((i = 0; i < $2; i++)); do
	network=none
	((i % 4)) || network=slirp4netns
	name=$1$network-$i
	date +%s%N > $name.begin
	"${podman[@]}" run --rm --cidfile $name.cid --name $name --network $network "${limits[@]}" ct/service:1 \
		/bin/service exit 7 < /dev/null > $name.out 2> $name.err
	(($? == 7)) || echo "$name did not exit with 7: $(< $name.err)"
done
END

# Whether it runs here at all is found out untraced.
mkdir -p "$OUT/try"
cp "$OUT/as-nobody" "$OUT/try/"
said=$(SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT" "$OUT/runs" "$OUT/try" try- 1 2>&1)
if [[ -n $said ]]; then
	cannot "rootless Podman" "$said"
	exit 0
fi

trace_start trace --steps || exit 0
said=$(SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT" "$OUT/runs" "$OUT" "$P" "$n" 2>&1)
same "everything that is run runs" "" "$said"
trace_stop
same "exit status" 0 "$CT_STATUS"
says "$n runs: as many starts and stops, and their exit code" "[$n,$n,[7]]" \
	'[of("start"; "ok"), of("stop"; "ok")] | [(.[] | length), (.[1] | map(.exit_code) | unique)]'
for cid in "$OUT/$P"*.cid; do
	printf '%s %s\n' "$(< "$cid")" "$(basename "$cid" .cid)"
done | sort > "$OUT/truth"
same "ids and names belong together" "$(< "$OUT/truth")" "$(ask 'of("start")[] | "\(.id) \(.name)"' | sort)"
says "identity" '["podman crun localhost/ct/service:1"]' '[mine | "\(.engine) \(.runtime) \(.image)"] | unique'
says "every start has all its phases" 0 \
	'[of("start"; "ok")[] | select(has_phases(["create", "attach", "start", "ready"]) | not)] | length'
says "every stop has all its phases" 0 \
	'[of("stop"; "ok")[] | select(has_phases(["die", "destroy"]) | not)] | length'
# Podman executes itself again in its user namespace: the start begins with the first of the two.
for begin in "$OUT/$P"*.begin; do
	printf '%s %s\n' "$(basename "$begin" .begin)" "$(< "$begin")"
done | sort > "$OUT/asked"
late=$(ask 'of("start")[] | "\(.name) \(.begin_time)"' | while read -r name time; do
	printf '%s %s\n' "$name" "$(date -d "$time" +%s%N)"
done | sort | join "$OUT/asked" - | awk '{ print int(($3 - $2) / 1000000) }' | sort -n |
	awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }')
if [[ $late =~ ^[0-9]+$ ]] && ((late <= 15)); then
	pass "a start begins when podman is executed ($late ms after it was asked to, median)"
else
	fail "a start begins when podman is executed" "${late:-unknown} ms after it was asked to, median"
fi
says "slirp4netns is a step of those that have it" $((n / 4)) \
	'[of("start")[] | select([.steps[]?.name] | index("user network"))] | length'
says "phases tile each record" '[]' untiled
says "nothing lost, nothing unknown" '[0,true,0]' '[lost, (summary | .complete), unknown]'
