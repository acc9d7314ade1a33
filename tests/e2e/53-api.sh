# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Docker's API by hand: what a client leaves out is what dockerd makes of it.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

# api METHOD PATH [BODY]
api()
{
	curl -sS --max-time 30 --unix-socket "${DOCKER_HOST#unix://}" -X "$1" -H 'Content-Type: application/json' \
		${3:+-d "$3"} "http://docker$2"
}

trace_start api
api POST "/containers/create?name=${P}bare" '{"Image":"ct/service:1","Cmd":["exit","0"]}' > "$OUT/made"
api POST "/containers/${P}bare/start"
api POST "/containers/${P}bare/wait" > "$OUT/waited"
api DELETE "/containers/${P}bare"
api POST "/containers/create?name=${P}none" '{"Image":"ct/none:1"}' > "$OUT/refused"
sleep 0.5
trace_stop
says "a create without HostConfig: whose it is, and by which runtime" '["start","docker","runc","ct/service:1"]' \
	'[mine | select(.name == $p + "bare" and .kind == "start")][0] | [.kind, .engine, .runtime, .image]'
says "so is its stop" '["stop","docker","runc"]' \
	'[mine | select(.name == $p + "bare" and .kind == "stop")][0] | [.kind, .engine, .runtime]'
says "one that is refused has an engine, and no runtime had a part in it" '["failed","docker","","ct/none:1"]' \
	'[mine | select(.name == $p + "none")][0] | [.outcome, .engine, .runtime, .image]'
