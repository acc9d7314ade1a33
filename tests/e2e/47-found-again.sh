# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# An engine and containers that began while events were lost are found again: what comes after is told whole.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

if [[ -z $ENGINE_PID ]]; then
	cannot "an engine that begins while events are lost" "the engine is not this test's own"
	exit 0
fi
trace_start trace --ring 65536 || exit 0
# a stopped reader leaves the ring to fill, and nothing of what comes then is heard
kill -STOP "$CT_PID"
for ((i = 0; i < 4; i++)); do
	docker run --rm ct/service:1 exit 0 > /dev/null 2>&1
done
engine_restart || { fail "dockerd restarts"; kill -CONT "$CT_PID"; exit 0; }
docker run -d --name "${P}meanwhile" ct/service:1 > /dev/null
kill -CONT "$CT_PID"
sleep 3
svc_up "${P}after" --rm && svc_down "${P}after"
docker stop -t 5 "${P}meanwhile" > /dev/null
docker rm "${P}meanwhile" > /dev/null
trace_stop
same "what was lost is said" 3 "$CT_STATUS"
says "after: one start, one stop, ok" '["start ok","stop ok"]' \
	'[mine | select(.name == $p + "after" and .kind != "restart") | "\(.kind) \(.outcome)"]'
says "after: all phases" '[true,true]' '[mine | select(.name == $p + "after" and .kind != "restart")]
	| [(.[0] | has_phases(["create", "attach", "connect", "start", "ready"])),
	(.[1] | has_phases(["stop", "die", "disconnect", "destroy"]))]'
says "after: identity" '["ct/service:1","docker"]' \
	'mine | select(.name == $p + "after" and .kind == "start") | [.image, .engine]'
says "the stop of what started meanwhile" '["stop ok"]' \
	'[mine | select(.name == $p + "meanwhile") | "\(.kind) \(.outcome)"]'
says "phases tile each record" '[]' untiled
