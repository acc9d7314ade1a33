# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Restarts in a row under runc, 100 with LONG=1: each reported once. 04 reads what this leaves.
# shellcheck source=tests/lib/restarts.sh
. "$(dirname "$0")/../lib/restarts.sh"

n=$(as_many 100 30)
restarts runc $n || exit 0
same "exit status" 0 "$CT_STATUS"
says "$n starts, ok" $n 'of("start"; "ok") | length'
says "$n stops, ok" $n 'of("stop"; "ok") | length'
says "$((n - 1)) restarts, ok" $((n - 1)) 'of("restart"; "ok") | length'
says "nothing failed or cut" '[]' '[mine | select(.outcome != "ok") | "\(.kind) \(.outcome)"]'
says "nothing lost" '[0,true]' '[lost, (summary | .complete)]'
says "phases tile each record" '[]' untiled
says "every start has all its phases" 0 \
	'[of("start")[] | select(has_phases(["create", "attach", "connect", "start", "ready"]) | not)] | length'
says "every stop has all its phases" 0 \
	'[of("stop")[] | select(has_phases(["stop", "die", "disconnect"]) | not)] | length'
says "every restart succeeds the container before it" 0 \
	'of("start") as $s | of("restart") as $r | [range($r | length)
	| select($r[.].id != $s[. + 1].id or $r[.].predecessor.id != $s[.].id)] | length'

ids=$(cut -f1 "$STAMPS")
same "the ids that docker gave, in order: starts" "$ids" "$(ask 'of("start")[].id')"
same "the ids that docker gave, in order: stops" "$ids" "$(ask 'of("stop")[].id')"
same "docker events names the same starts" "$ids" \
	"$(jq -r 'select(.Type == "container" and .Action == "start") | .Actor.ID' "$EVENTS")"
same "docker events names the same deaths" "$ids" \
	"$(jq -r 'select(.Type == "container" and .Action == "die") | .Actor.ID' "$EVENTS")"
