# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# dockerd restarted while tracing is survived: what comes after is fully reported.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

if [[ -z $ENGINE_PID ]]; then
	cannot "dockerd restarted while tracing" "the engine is not this test's own"
	exit 0
fi
trace_start trace || exit 0
docker run --rm --name "${P}before" ct/service:1 exit 4 > /dev/null
docker run -d --name "${P}through" ct/service:1 > /dev/null
# The kernel gives the sockets of these to the engines that begin next: nothing is taken for what these said.
waiting=()
for ((i = 0; i < 100; i++)); do
	curl -s --unix-socket "${DOCKER_HOST#unix://}" -X POST "http://localhost/containers/${P}through/wait" \
		> /dev/null 2>&1 &
	waiting+=($!)
done
engine_restart || { fail "dockerd restarts"; exit 0; }
wait "${waiting[@]}"
say_missing_runtimes
for runtime in $(runtimes); do
	svc_up "${P}after-$runtime" --rm --runtime "$runtime" && svc_down "${P}after-$runtime"
done
docker start "${P}through" > /dev/null
docker stop -t 5 "${P}through" > /dev/null
docker rm "${P}through" > /dev/null
trace_stop
check "coldtrace went on" test "$CT_STATUS" = 0
says "before: one start, one stop" '["start","stop"]' \
	'[mine | select(.name == $p + "before") | .kind]'
says "the running container's stop by the restart, then a start and a stop" \
	'["start","stop","start","stop"]' \
	'[mine | select(.name == $p + "through" and (.kind == "start" or .kind == "stop")) | .kind]'
says "the first stop is dockerd's own doing, which nobody asks it for" '["engine","stop-request"]' \
	'[of("stop")[] | select(.name == $p + "through") | .cause]'
says "and lasts from its first signal on" true 'of("stop") | map(select(.name == $p + "through"))[0] | has_phases(["stop"])'
for runtime in $(runtimes); do
	one='[mine | select(.name == $p + "after-" + $r and .kind != "restart")]'
	says "after, $runtime: one start, one stop, ok" '["start ok","stop ok"]' \
		"$one | map(\"\\(.kind) \\(.outcome)\")" --arg r "$runtime"
	says "after, $runtime: all phases" '[true,true]' "$one"'
		| [(.[0] | has_phases(["create", "attach", "connect", "start", "ready"])),
		(.[1] | has_phases(["stop", "die", "disconnect", "destroy"]))]' --arg r "$runtime"
	says "after, $runtime: identity" "[\"ct/service:1\",\"$runtime\",\"docker\"]" \
		"$one | .[0] | [.image, .runtime, .engine]" --arg r "$runtime"
done
says "phases tile each record" '[]' untiled
says "nothing lost" 0 lost
