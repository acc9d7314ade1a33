# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Runtimes that nobody but a command line asks: run, create and start, do; 200 as fast as they go.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

n=$(as_many 20 8)
many=$(as_many 200 80)
here=$PWD

# What runs inside the place: RUNTIME DIR PREFIX N MANY.
cat > "$OUT/runs" << 'END'
runtime=$1 dir=$2 p=$3 n=$4 many=$5
. "$CT_LIB/bundle.sh"
read -ra run < <(runtime_command "$runtime" "$dir/root")
bundle_args "$dir/bundle" service exit 7
cd "$dir/bundle" || exit
for ((i = 0; i < n; i++)); do
	# what nobody waits for wakes nobody: the reader is there first
	{ sleep 0.03 && "${run[@]}" run "$p$runtime-run-$i" < /dev/null 2> "$dir/err.$i"; } | cat > "$dir/run.$i"
	((PIPESTATUS[0] == 7)) || echo "run $i did not exit with 7: $(< "$dir/err.$i")"
done
bundle_args "$dir/bundle" service
for ((i = 0; i < n; i++)); do
	id=$p$runtime-step-$i
	"${run[@]}" create --bundle . "$id" < /dev/null > >(cat > "$dir/step.$i") 2>&1 &&
		"${run[@]}" start "$id" || echo "$id does not start"
	for ((try = 0; try < 250; try++)); do
		[[ -s $dir/step.$i ]] && break
		sleep 0.02
	done
	"${run[@]}" kill "$id" KILL || echo "$id does not stop"
	for ((try = 0; try < 100; try++)); do
		[[ $("${run[@]}" state "$id" | jq -r .status) == stopped ]] && break
		sleep 0.02
	done
	"${run[@]}" delete "$id" || echo "$id is not deleted"
done
[[ $runtime != runsc ]] || runsc --root "$dir/root" --platform=systrap --network=none \
	--ignore-cgroups do /bin/true || echo "do fails"
((many)) || exit 0
bundle_args "$dir/bundle" sh -c 'exit $(echo $0)' 0
seq 0 $((many - 1)) | xargs -P 8 -I% sh -c '
	"$@" run --bundle "'"$dir/bundle"'" "'"$p$runtime-many-%"'" < /dev/null > "'"$dir"'/many.%" 2>&1 ||
		echo "many % fails"
	' sh "${run[@]}"
END

for runtime in runc crun runsc; do
	if ! command -v "$runtime" > /dev/null; then
		cannot "everything under a bare $runtime" "it is not installed"
		continue
	fi
	count=$many
	[[ $runtime != runsc ]] || count=0 # seconds each: what matters of it is above
	dir=$OUT/$runtime
	mkdir -p "$dir/root"
	bundle_make "$dir/bundle" || { fail "$runtime: a bundle is made"; continue; }
	trace_start "$runtime" || continue
	said=$(SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$dir" "$OUT/runs" "$runtime" "$dir" "$P" "$n" "$count" 2>&1)
	same "$runtime: everything that is run runs" "" "$said"
	trace_stop
	same "$runtime: exit status" 0 "$CT_STATUS"
	says "$runtime: run: $n starts" $n '[of("start"; "ok")[] | select(.name | contains("-run-"))] | length'
	says "$runtime: run: $n stops, and their exit code" "[$n,[7]]" \
		'[of("stop"; "ok")[] | select(.name | contains("-run-"))] | [length, (map(.exit_code) | unique)]'
	says "$runtime: run: it starts, is ready and dies, and nothing else is said of it" \
		'["client","die","ready","start"]' \
		'[mine | select(.name | contains("-run-")) | .phases | keys[]] + ["client"] | unique'
	says "$runtime: create, start, kill, delete: $n starts and stops" "[$n,$n]" \
		'[of("start"; "ok"), of("stop"; "ok") | map(select(.name | contains("-step-"))) | length]'
	says "$runtime: they have all phases that are asked for by command" 0 \
		'[mine | select(.name | contains("-step-"))
			| select(has_phases(if .kind == "start" then ["create", "start", "ready"]
				else ["stop", "destroy"] end) | not)] | length'
	says "$runtime: identity" "[\"none $runtime\"]" \
		'[mine | "\(.engine) \(.runtime)"] | unique'
	says "$runtime: phases tile each record" '[]' untiled
	says "$runtime: nothing lost, nothing unknown" '[0,true,0]' \
		'[lost, (summary | .complete), unknown]'
	if ((count)); then
		says "$runtime: $count as fast as they go: each once" "[$count,$count]" \
			'[of("start"; "ok"), of("stop"; "ok")
				| map(select(.name | contains("-many-")) | .name) | unique | length]'
	else
		says "$runtime: do: it starts and stops under the id that runsc chose" '[1,1]' \
			'[["start", "stop"][] as $k | [records | select(.kind == $k and .runtime == "runsc"
				and (.id | test("^runsc-[0-9]+$")))] | length]'
		says "$runtime: and there is nobody else" '[]' \
			'[records | select(.engine == "none" and (.id | test("^(ct[0-9]+-|runsc-[0-9]+$)") | not)) | .id]'
	fi

	# The service's own clock: "ready REALTIME MONOTONIC", "end ...". Under gVisor the second is the
	# sandbox's.
	offset=$(python3 -c 'import time; print(time.time_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC))')
	for ((i = 0; i < n; i++)); do
		[[ ! -s $dir/run.$i ]] || awk -v id="$P$runtime-run-$i" '{ t[$1] = $2 } END { print id, t["ready"], t["end"] }' "$dir/run.$i"
	done > "$dir/stamps"
	ask '($stamps | split("\n") | map(select(. != "") | split(" ") | {key: .[0], value: .[1:]}) | from_entries) as $s
		| [of("start")[] | select($s[.id]) | (.ready.ns // 0) - (($s[.id][0] | tonumber) - $offset) | if . < 0 then -. else . end] as $was
		| [of("stop")[] | select($s[.id]) | .service_end_ns - (($s[.id][1] | tonumber) - $offset) | if . < 0 then -. else . end] as $gone
		| "\($was | quantile(0.5)) \($gone | quantile(0.5))"' --rawfile stamps "$dir/stamps" \
		--argjson offset "$offset" > "$dir/truth"
	read -r ready end < "$dir/truth"
	echo "# $runtime against the service's clock, n=$n: ready ${ready} ns, service end ${end} ns (medians)"
	# gVisor: writes of the sandbox's program reach the host through the Sentry; its end takes the
	# Sentry apart first.
	limit=2000000
	[[ $runtime != runsc ]] || limit=10000000
	check "$runtime: ready is when the service says, median within 2 ms" test "${ready:-x}" -le 2000000
	check "$runtime: its end too, median within $((limit / 1000000)) ms" test "${end:-x}" -le "$limit"
done
cd "$here" || exit
