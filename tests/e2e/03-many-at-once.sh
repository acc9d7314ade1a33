# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# 20 containers started at once, 10 times with LONG=1: each reported once, none mixed up.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

rounds=$(as_many 10 4)
width=20
total=$((rounds * width))

# every container has an exit code of its own, none of those that docker or a shell give
code_of()
{
	local code=$(($1 + 1))

	((code < 120)) || code=$((code + 20))
	echo "$code"
}

mkdir "$OUT/cid"
trace_start trace || exit 0
for ((round = 0; round < rounds; round++)); do
	pids=()
	for ((i = round * width; i < (round + 1) * width; i++)); do
		docker run --rm --name "$P$i" --cidfile "$OUT/cid/$i" ct/service:1 \
			exit "$(code_of $i)" > "$OUT/docker.$i" 2>&1 &
		pids+=($!)
	done
	for ((i = 0; i < width; i++)); do
		wait "${pids[i]}"
		status=$?
		wanted=$(code_of $((round * width + i)))
		((status == wanted)) || fail "docker run $((round * width + i)) exits $wanted, not $status"
	done
done
trace_stop
same "exit status" 0 "$CT_STATUS"

# What docker says it did: id, name, exit code.
for ((i = 0; i < total; i++)); do
	printf '%s %s %s\n' "$(cat "$OUT/cid/$i")" "$P$i" "$(code_of $i)"
done | sort > "$OUT/truth"
says "$total starts" $total 'of("start"; "ok") | length'
says "$total stops" $total 'of("stop"; "ok") | length'
same "each start once, id and name belong together" "$(cut -d' ' -f1,2 "$OUT/truth")" \
	"$(ask 'of("start")[] | "\(.id) \(.name)"' | sort)"
same "each stop once, id, name and exit code belong together" "$(cat "$OUT/truth")" \
	"$(ask 'of("stop")[] | "\(.id) \(.name) \(.exit_code)"' | sort)"
says "every init pid is of one container" 0 \
	'[of("start") | group_by(.init_pid)[] | select(length > 1)] | length'
says "nothing is a restart or else" 0 '[mine | select(.kind != "start" and .kind != "stop")] | length'
says "phases tile each record" '[]' untiled
says "every start has all its phases" 0 \
	'[of("start")[] | select(has_phases(["create", "attach", "connect", "start", "ready"]) | not)] | length'
says "every stop has all its phases" 0 \
	'[of("stop")[] | select(has_phases(["die", "disconnect", "destroy"]) | not)] | length'
says "nothing lost" '[0,true]' '[lost, (summary | .complete)]'
