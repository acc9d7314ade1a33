# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# docker exec, pause, health checks, docker restart and restart policies are no starts of their own
# kind, what is thrown away is no output: exact counts.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

checked_twice()
{
	local n

	n=$(docker inspect -f '{{ len .State.Health.Log }}' "$1" 2> /dev/null) && ((n >= 2))
}

gave_up()
{
	[[ $(docker inspect -f '{{ .RestartCount }} {{ .State.Running }}' "$1") == "2 false" ]]
}

said_ready()
{
	docker logs "$1" 2> /dev/null | grep -q ready
}

trace_start trace || exit 0
busy=${P}busy
docker run -d --name "$busy" --health-cmd '/service healthy' --health-interval 1s ct/service:1 > /dev/null
for ((i = 0; i < 3; i++)); do
	docker exec "$busy" /service healthy || fail "docker exec"
done
docker exec "$busy" /service stamp > /dev/null || fail "docker exec with output"
docker pause "$busy" > /dev/null
docker unpause "$busy" > /dev/null
await 20 checked_twice "$busy" || fail "two health checks ran"
docker restart -t 5 "$busy" > /dev/null
await 20 said_ready "$busy" || fail "the service is ready again"
docker stop -t 5 "$busy" > /dev/null
docker rm "$busy" > /dev/null

reload=${P}reload
docker run -d --name "$reload" ct/busybox:1 sh -c 'trap "" HUP; echo ready; sleep 2' > /dev/null
docker kill -s HUP "$reload" > /dev/null || fail "docker kill -s HUP"
docker wait "$reload" > /dev/null
docker rm "$reload" > /dev/null

policy=${P}policy
docker run -d --name "$policy" --restart on-failure:2 ct/service:1 exit 3 > /dev/null
await 30 gave_up "$policy" || fail "the restart policy gives up after 2"
docker rm "$policy" > /dev/null

quiet=${P}quiet
docker run --rm --name "$quiet" ct/busybox:1 \
	sh -c 'for i in 1 2 3 4 5 6 7 8; do cat /bin/busybox /bin/busybox > /dev/null; done; sleep 1; echo ready' > /dev/null

idle=${P}idle
docker create --name "$idle" ct/service:1 > /dev/null
docker rm "$idle" > /dev/null
trace_stop
same "exit status" 0 "$CT_STATUS"

# kinds NAME: how many of what
kinds='[mine | select(.name == $n and .kind != "remove")
	| if .kind == "stop" or .kind == "create" then .kind else "\(.kind) \(.cause)" end]
	| group_by(.) | map("\(length) \(.[0])") | join(", ")'
says "exec, pause, health checks are nothing; docker restart is a start by request" \
	"1 restart restart-request, 1 start request, 1 start restart-request, 2 stop" "$kinds" \
	--arg n "$busy"
says "on-failure:2 is one start by request and two by policy" \
	"2 restart restart-policy, 1 start request, 2 start restart-policy, 3 stop" "$kinds" \
	--arg n "$policy"
says "a signal that is not sent to end begins no stop" '[null]' \
	'[of("stop")[] | select(.name == $n) | .phases.stop]' --arg n "$reload"
says "each of them died with its exit code" '[3,3,3]' \
	'[of("stop")[] | select(.name == $n) | .exit_code]' --arg n "$policy"
says "a restart of the same container creates nothing" 0 \
	'[of("start")[] | select(.cause != "request") | select(.phases.create // 0 > 0)] | length'
# it says "ready" last of all, a second after what it threw away: what is seen early leaves a long run
says "what goes to /dev/null is no output" '["output",true]' \
	'[[of("start")[] | select(.name == $n)][0].ready.by,
	([of("stop")[] | select(.name == $n)] | length == 1 and all(.run_ns < 8e8))]' --arg n "$quiet"
says "created and never started: a create, no start" "1 create" "$kinds" --arg n "$idle"
says "all is ok" '[]' '[mine | select(.outcome != "ok") | "\(.kind) \(.outcome) \(.name)"]'
says "phases tile each record" '[]' untiled
says "nothing lost" 0 lost
