# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Every plan that this kernel can host, each beside the best one: of the same starts and stops both
# tell the same.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

n=5
tolerance_ns=5000000
beside=

# trace_kill ends the one in CT_PID, this the other
plans_cleanup()
{
	[[ -z $beside ]] || kill -KILL "$beside" 2> /dev/null
	e2e_cleanup
}
trap plans_cleanup EXIT

"$COLDTRACE" doctor --json > "$OUT/doctor.json"
same "doctor: status 0, for the plan that is used is possible" 0 $?
best=$(jq -r '.plans[0].plan' "$OUT/doctor.json")
check "doctor: it names the plan that is used" test -n "$best"

while IFS=$'\t' read -r plan lacks; do
	cannot "plan '$plan'" "$lacks"
	"$COLDTRACE" doctor --plan "$plan" > /dev/null
	same "doctor --plan $plan: status 1" 1 $?
	timeout 30 "$COLDTRACE" --plan "$plan" -d 1 > /dev/null 2> "$OUT/$plan.err"
	same "--plan $plan: status 1" 1 $?
	check "--plan $plan: says so" grep -q "^coldtrace: .* plan '$plan'" "$OUT/$plan.err"
done < <(jq -r '.choices[] | select(.possible | not) | "\(.plan)\t\(.lacks): \(.why_not)"' "$OUT/doctor.json")

# The records of a file that are ours, in order, by kind and container.
mine_of()
{
	jq -cs -L "$CT_LIB" 'include "ct"; [mine | select(.kind == "start" or .kind == "stop")]' "$1"
}

# beside_best PLAN: n starts and stops, both plans looking on
beside_best()
{
	local plan=$1 i best_json best_status

	trace_start "beside-$plan" --plan "$best" --ready output || return
	best_json=$JSON beside=$CT_PID
	if ! trace_start "$plan" --plan "$plan" --ready output; then
		return
	fi
	for ((i = 0; i < n; i++)); do
		svc_up "${P}$plan$i" --rm || break
		svc_down "${P}$plan$i" || break
	done
	trace_stop
	same "$plan: exit status" 0 "$CT_STATUS"
	CT_PID=$beside beside=
	trace_stop
	best_status=$CT_STATUS
	same "$plan: exit status of '$best' beside it" 0 "$best_status"
	JSON=$OUT/$plan.json

	says "$plan: $n starts and $n stops, ok" "[$n,$n]" \
		'[(of("start"; "ok") | length), (of("stop"; "ok") | length)]'
	says "$plan: every start has all its phases" 0 \
		'[of("start")[] | select(has_phases(["create", "attach", "connect", "start", "ready"]) | not)] | length'
	says "$plan: every stop has all its phases" 0 \
		'[of("stop")[] | select(has_phases(["stop", "die", "disconnect", "destroy"]) | not)] | length'
	says "$plan: phases tile each record" '[]' untiled
	says "$plan: nothing lost, nothing unknown" '[0,0,true]' \
		'[lost, unknown, (summary | .complete)]'
	same "$plan: the same records as by '$best'" "$(mine_of "$best_json" | jq -c 'map([.kind, .id])')" \
		"$(mine_of "$JSON" | jq -c 'map([.kind, .id])')"
	same "$plan: the same phases, to $((tolerance_ns / 1000000)) ms" '[]' \
		"$(jq -nc --argjson a "$(mine_of "$best_json")" --argjson b "$(mine_of "$JSON")" \
			--argjson most "$tolerance_ns" '[range($a | length) as $i | ($a[$i].phases + $b[$i].phases | keys[]) as $p
			| ($a[$i].phases[$p] // 0) - ($b[$i].phases[$p] // 0) | select(fabs > $most)
			| "\($a[$i].kind) \($i) \($p): \(. / 1e6) ms"]')"
	same "$plan: ready by the same sign" "$(mine_of "$best_json" | jq -c '[.[].ready.by]')" \
		"$(mine_of "$JSON" | jq -c '[.[].ready.by]')"
	[[ $plan == "$best" ]] && return
	check "$plan: said at the begin" grep -q "^On plan '$plan', which is weaker" "$OUT/$plan.err"
}

while IFS= read -r plan; do
	beside_best "$plan"
done < <(jq -r '.choices[] | select(.possible) | .plan' "$OUT/doctor.json")
