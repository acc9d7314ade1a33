# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every generation of Docker, and both stores for images: each boundary beside docker's own events.
# Engines of other Debian releases are unpacked beside this one's and run on this kernel.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/generation.sh
. "$CT_LIB/generation.sh"

packages=(bash dash coreutils sed grep tar mount iproute2 procps busybox-static docker.io containerd runc nftables
	iptables ca-certificates docker-compose)
n=$(as_many 40 5)
# of few the 99th percentile would be the worst
tail=$(as_many 99 90)

# Columns: Debian's suite, store for images, packages that only it has.
generations=(
	"sid overlay2 docker-cli"
	"sid containerd docker-cli"
)
# That of this release is what all other tests run on; trixie's is in test 25, too.
[[ -z ${LONG:-} ]] || generations+=("bookworm overlay2" "trixie overlay2 docker-cli" "trixie containerd docker-cli")

# The engine's events against the ends of phases, ns: of one container and one phase the first event
# belongs to the first record that has that phase, and so on.
# shellcheck disable=SC2016
differences='
	($clocks | split("\n") | map(select(. != "") | split(" ")
		| {key: .[0], value: ((.[1] | tonumber) - (.[2] | tonumber))}) | from_entries) as $offset
	| [mine | select(.kind != "restart")] as $records
	| [$events[] | select(.Type == "container" or .Type == "network")
		| {id: (if .Type == "network" then .Actor.Attributes.container else .Actor.ID end),
			action: .Action, t: .timeNano} | select(.id != null and $offset[.id])] as $events
	| ["create", "attach", "connect", "start", "die", "disconnect", "destroy"]
	| map(. as $action | {key: $action, value: [
		$offset | to_entries[] | .key as $id | .value as $o
		| [$events[] | select(.id == $id and .action == $action) | .t - $o] as $true
		| [$records[] | select(.id == $id and (.phases | has($action))
			and ($action != "destroy" or .removed)) | phase_end($action)] as $told
		| if ($true | length) != ($told | length) then "of \($true | length) events \($told | length)"
			else range($true | length) | $told[.] as $at | if $at == null then null else $at - $true[.] end end]})
	| from_entries'

below()
{
	[[ -n $1 ]] && awk -v ns="$1" -v limit="$2" 'BEGIN { print ns / 1e6 " ms"; exit !(ns <= limit) }'
}

# slow NAME: the tail is somebody else's load more often than ours, on the disk above all
slow()
{
	awk -F'\t' '$6 > 1e7 { found = 1 } END { exit !found }' "$OUT/$1.tsv"
}

# measure NAME: writes the table, and prints it
measure()
{
	ask "$differences | to_entries[] | .key as \$k | (.value | map(strings)) as \$odd | (.value | map(numbers)) as \$d
		| (\$d | map(if . < 0 then -. else . end)) as \$a
		| [\$k, (\$d | length), ([.value[] | nulls] | length), (\$odd | length), (\$a | quantile(0.5)), (\$a | quantile(0.$tail)),
			(\$d | quantile(0.5))] | @tsv" --rawfile clocks "$OUT/$1/clocks" --slurpfile events "$OUT/$1/events" > "$OUT/$1.tsv"
	awk -F'\t' -v name="$1" -v tail="$tail" '
		BEGIN { printf "%s against docker events, ms\n%-12s %5s %6s %5s %9s %9s %9s\n", name, "boundary", "n", "unseen", "odd",
			"median", "p" tail, "signed" }
		{ printf "%-12s %5d %6d %5d %9.3f %9.3f %+9.3f\n", $1, $2, $3, $4, $5 / 1e6, $6 / 1e6, $7 / 1e6 }
	' "$OUT/$1.tsv" | tee "$O/e2e/truth-$1.txt" | sed 's/^/# /'
}

# judge NAME
judge()
{
	local name boundary said median worst

	# a run is created, attached to and destroyed once, and started and stopped three times
	for name in create:1 attach:1 connect:3 start:3 die:3 disconnect:3 destroy:1; do
		boundary=${name%:*}
		IFS=$'\t' read -r said median worst < <(awk -F'\t' -v name="$boundary" -v OFS='\t' \
			'$1 == name { print $2 " " $3 " " $4, $5, $6 }' "$OUT/$1.tsv")
		same "$1: $boundary: all are seen" "$((n * ${name#*:})) 0 0" "$said"
		check "$1: $boundary: median within 1 ms" below "${median:-}" 1000000
		check "$1: $boundary: p$tail within 10 ms" below "${worst:-}" 10000000
	done
}

# run_traced SUITE STORE WHAT
run_traced()
{
	local name=$1-$2 said reads

	trace_start "$name" --ready output || return
	said=$(generation_run "$O/docker-$1" "$OUT/$name" as-here bash "$CT_LIB/docker_runs.sh" "$2" "$OUT/$name" "$P" "$3" "$n" 2>&1)
	same "$name: all of $3 runs" "" "$said"
	trace_stop
	measure "$name"
	# Strings of programs that were unpacked a moment ago may not be in memory: a probe cannot wait for them.
	reads=$(ask 'summary | .lost.read')
	((reads == 0)) || echo "# $name: $reads arguments were not in memory"
	same "$name: $3: exit status" $((reads ? 3 : 0)) "$CT_STATUS"
	says "$name: $3: phases tile each record" '[]' untiled
	says "$name: $3: nothing else lost, nothing unknown" "[$reads,0]" '[lost, unknown]'
}

# composed SUITE STORE: three services, up, restart, two more of one, down. Which is which is in the names.
composed()
{
	local project name=$1-$2

	run_traced "$1" "$2" compose || return
	project=${P}project
	says "$name: compose: each service by its name, started and stopped as often as it was" \
		'["cache-1 start 2","cache-1 stop 2","db-1 start 2","db-1 stop 2","web-1 start 2","web-1 stop 2","web-2 start 1","web-2 stop 1","web-3 start 1","web-3 stop 1"]' \
		'[mine | select((.kind | . != "restart" and (startswith("project") | not)) and .outcome == "ok") | "\(.name[($project | length) + 1:] | gsub("_"; "-")) \(.kind)"]
			| group_by(.) | map("\(.[0]) \(length)")' --arg project "$project"
	says "$name: compose: each of the first three is restarted, by request" '["cache-1","db-1","web-1"]' \
		'[of("restart"; "ok")[] | select(.cause == "restart-request") | .name[($project | length) + 1:] | gsub("_"; "-")] | sort' \
		--arg project "$project"
	says "$name: compose: three stops are part of a restart, five are asked for" '{"restart-request":3,"stop-request":5}' \
		'[of("stop")[] | .cause] | group_by(.) | map({key: .[0], value: length}) | from_entries'
	says "$name: compose: the project goes up, more of it does, and down" '["project-start ok","project-start ok","project-stop ok"]' \
		'[mine | select(.kind | startswith("project")) | "\(.kind) \(.outcome)"]'
	says "$name: compose: identity" '["docker runc ct/service:1"]' \
		'[mine | select(.kind | startswith("project") | not) | "\(.engine) \(.runtime) \(.image)"] | unique'
	says "$name: compose: every start and stop has its phases" 0 \
		'[mine | select((.kind == "start" and (has_phases(["connect", "start", "ready"]) | not))
			or (.kind == "stop" and (has_phases(["stop", "die", "disconnect", "destroy"]) | not)))] | length'
}

# modes SUITE STORE: whatever the network, it is joined and let go of, and the order is one that is known
modes()
{
	local name=$1-$2 said

	trace_start "$name" || return
	said=$(generation_run "$O/docker-$1" "$OUT/$name" as-here bash "$CT_LIB/docker_runs.sh" "$2" "$OUT/$name" "$P" modes 1 2>&1)
	same "$name: without a network, and with the host's" "" "$said"
	trace_stop
	says "$name: either is started and stopped, and has its phases" '[2,2,0,null]' \
		'[(of("start"; "ok"), of("stop"; "ok") | length), ([mine | select(has_phases(if .kind == "start" then ["connect", "start"]
			else ["die", "disconnect", "destroy"] end) | not)] | length), (summary | .unknown_orders)]'
}

# generation SUITE STORE PACKAGE...
generation()
{
	local suite=$1 store=$2 name=$1-$2

	shift 2
	if ! generation_make "$suite" "$O/docker-$suite" "${packages[@]}" "$@" 2> "$OUT/make.err"; then
		cannot "everything of $suite" "its packages do not come: $(tail -n 1 "$OUT/make.err")"
		return
	fi
	mkdir -p "$OUT/$name/fs/bin"
	cp "$SERVICE" "$OUT/$name/service"
	cp "$SERVICE" "$OUT/$name/fs/bin/service"
	truncate -s 1G "$OUT/$name/data.img"
	mkfs.ext4 -q "$OUT/$name/data.img" 2> /dev/null || rm -f "$OUT/$name/data.img"
	[[ $store != overlay2 ]] || composed "$suite" "$store"
	[[ -z ${LONG:-} ]] || modes "$suite" "$store"
	run_traced "$suite" "$store" restarts || return
	if slow "$name"; then
		echo "# a p$tail is beyond 10 ms: measured once more"
		run_traced "$suite" "$store" restarts || return
	fi
	says "$name: starts, stops, and restarts of one container" "[$((n * 3)),$((n * 3)),$((n * 2))]" \
		'[of("start"; "ok"), of("stop"; "ok"), [of("restart"; "ok")[] | select(.id == .predecessor.id)] | length]'
	says "$name: each stop has its own cause" \
		"{\"kill-request\":$n,\"restart-request\":$n,\"stop-request\":$n}" \
		'[of("stop")[] | .cause] | group_by(.) | map({key: .[0], value: length}) | from_entries'
	says "$name: identity" '["docker runc ct/service:1"]' '[mine | "\(.engine) \(.runtime) \(.image)"] | unique'
	judge "$name"
	rm -rf "$OUT/$name/docker" "$OUT/$name/data.img"
}

for row in "${generations[@]}"; do
	read -ra row <<< "$row"
	generation "${row[@]}"
done
