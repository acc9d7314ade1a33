# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Podman, conmon and netavark, with runc and with crun: run, stop, start, restart, kill, rm, --rm;
# with a network, with the host's, with none.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/podman.sh
. "$CT_LIB/podman.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

n=$(as_many 20 8)

if ! command -v podman > /dev/null; then
	cannot "everything under podman" "it is not installed"
	exit 0
fi

# What runs inside the place: DIR PREFIX N RUNTIME...
cat > "$OUT/runs" << 'END'
dir=$1 prefix=$2 n=$3
shift 3
. "$CT_LIB/podman.sh"
podman_prepare "$dir" > "$dir/import" 2>&1 || { cat "$dir/import"; exit; }
for runtime in "$@"; do
	read -ra podman < <(podman_command "$dir" "$runtime")
	mapfile -t limits < <(podman_limits "$runtime" | tr ' ' '\n')
	p=$prefix
	for ((i = 0; i < n; i++)); do
		name=$p$runtime-run-$i
		"${podman[@]}" run --rm --cidfile "$dir/$name.cid" --name "$name" "${limits[@]}" ct/service:1 \
			/bin/service exit 7 < /dev/null 2> "$dir/$name.err" | cat > "$dir/$name.out"
		((PIPESTATUS[0] == 7)) || echo "$name did not exit with 7: $(< "$dir/$name.err")"
	done
	name=$p$runtime-twice
	{
		"${podman[@]}" run -d --name "$name" "${limits[@]}" ct/service:1 /bin/service &&
			sleep 0.2 && "${podman[@]}" volume create "$name" && "${podman[@]}" volume rm "$name" && # no container
			"${podman[@]}" stop -t 2 "$name" && "${podman[@]}" start "$name" &&
			sleep 0.2 && "${podman[@]}" restart -t 2 "$name" && sleep 0.2 && "${podman[@]}" rm -f "$name"
	} > "$dir/$name.out" 2>&1 || echo "$name: $(< "$dir/$name.out")"
	# Whoever checks its health ends it: a timer of systemd would call that.
	name=$p$runtime-ill
	{
		DISABLE_HC_SYSTEMD=true "${podman[@]}" run -d --name "$name" "${limits[@]}" --network none \
			--health-cmd '["CMD", "/bin/service", "exit", "1"]' --health-retries 1 --health-on-failure kill \
			ct/service:1 /bin/service && sleep 0.2 && ! "${podman[@]}" healthcheck run "$name" && sleep 0.5 &&
			"${podman[@]}" rm "$name"
	} > "$dir/$name.out" 2>&1 || echo "$name: $(< "$dir/$name.out")"
	for network in none host; do
		name=$p$runtime-$network
		{
			"${podman[@]}" run -d --network $network --name "$name" "${limits[@]}" ct/service:1 \
				/bin/service && sleep 0.2 && "${podman[@]}" kill "$name" && sleep 0.5 &&
				"${podman[@]}" rm "$name"
		} > "$dir/$name.out" 2>&1 || echo "$name: $(< "$dir/$name.out")"
	done
	# Gone a few hundredths of a second after it has failed, and the next begins.
	for ((i = 0; i < 5; i++)); do
		"${podman[@]}" run --name "$p$runtime-fails-$i" "${limits[@]}" ct/service:1 /bin/nothing \
			> "$dir/fails.out" 2>&1 && echo "what does not exist is executed"
		"${podman[@]}" rm -f "$p$runtime-fails-$i" > "$dir/fails.rm" 2>&1
	done
done
END

trace_start trace || exit 0
said=$(SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT" "$OUT/runs" "$OUT" "$P" "$n" runc crun 2>&1)
same "everything that is run runs" "" "$said"
trace_stop
same "exit status" 0 "$CT_STATUS"

for runtime in runc crun; do
	p=$P$runtime
	says "$runtime: $n runs: as many starts and stops, and their exit code" "[$n,$n,[7]]" \
		'[of("start"; "ok"), of("stop"; "ok") | map(select(.name | startswith($r + "-run-")))]
			| [(.[] | length), (.[1] | map(.exit_code) | unique)]' --arg r "$p"
	for ((i = 0; i < n; i++)); do
		printf '%s %s\n' "$(< "$OUT/$p-run-$i.cid")" "$p-run-$i"
	done | sort > "$OUT/$runtime.truth"
	same "$runtime: ids and names belong together" "$(< "$OUT/$runtime.truth")" \
		"$(ask 'of("start")[] | select(.name | startswith($r + "-run-")) | "\(.id) \(.name)"' \
			--arg r "$p" | sort)"
	says "$runtime: every start has all its phases" 0 \
		'[of("start"; "ok")[] | select(.name | startswith($r + "-run-"))
			| select(has_phases(["create", "connect", "attach", "start", "ready"]) | not)] | length' --arg r "$p"
	says "$runtime: every stop has all its phases" 0 \
		'[of("stop")[] | select(.name | startswith($r + "-run-"))
			| select(has_phases(["die", "disconnect", "destroy"]) | not)] | length' --arg r "$p"
	says "$runtime: run, stop, start, restart, rm: three starts, three stops, two restarts" '[3,3,2]' \
		'[["start", "stop", "restart"][] as $k | [of($k; "ok")[] | select(.name == $r + "-twice")] | length]' \
		--arg r "$p"
	says "$runtime: how they were asked for" '["request","request","restart-request"]' \
		'[of("start")[] | select(.name == $r + "-twice") | .cause] | sort' --arg r "$p"
	says "$runtime: what a health check has found ill is stopped by it" '["probe",true]' \
		'[of("stop"; "ok")[] | select(.name == $r + "-ill") | .cause, has_phases(["stop", "die", "destroy"])]' --arg r "$p"
	says "$runtime: without a network of its own it is not connected" '[2,2,0]' \
		'[of("start"; "ok"), of("stop"; "ok")
			| map(select(.name == $r + "-none" or .name == $r + "-host"))] | [(.[] | length),
			([.[][] | select(.phases.connect != null or .phases.disconnect != null)] | length)]' --arg r "$p"
	says "$runtime: kill, then rm: stop and destroy are seen" 0 \
		'[of("stop")[] | select(.name == $r + "-none")
			| select(has_phases(["stop", "die", "destroy"]) | not)] | length' --arg r "$p"
	says "$runtime: what cannot be executed has failed in its start" '[5,[["failed","start"]]]' \
		'[of("start")[] | select(.name | startswith($r + "-fails-")) | [.outcome, .failed.phase]]
			| [length, unique]' --arg r "$p"
done
says "identity" '["podman crun ct/service:1","podman runc ct/service:1"]' \
	'[mine | "\(.engine) \(.runtime) \(.image | sub("^localhost/"; ""))"] | unique'
says "phases tile each record" '[]' untiled
says "nothing lost, nothing unknown" '[0,true,0]' '[lost, (summary | .complete), unknown]'
