# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Starts that fail: shown as failed, with the phase they died in and what the engine said.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

# fails NAME STATUS DOCKER-RUN-ARGUMENT...
fails()
{
	local name=$1 wanted=$2 status

	shift 2
	timeout 60 docker run --rm --name "$P$name" "$@" > "$OUT/docker.$name" 2>&1
	status=$?
	((status == wanted)) || fail "docker run ($name) exits $wanted, not $status" "$(cat "$OUT/docker.$name")"
}

# Kills the first `runc create` of a container that is seen; 1 if the container ran before.
kill_runc()
{
	local pid

	while kill -0 "$1" 2> /dev/null; do
		for pid in $(pgrep -x runc); do
			tr '\0' ' ' < "/proc/$pid/cmdline" 2> /dev/null | grep -q "$ENGINE_DIR.* create " || continue
			kill -KILL "$pid" && return 0
		done
	done
	return 1
}

trace_start trace || exit 0
fails command 127 ct/busybox:1 /no/such/command
fails longer 127 ct/busybox:1 "$(printf '/no%.0s' {1..200})"
fails image 125 --pull never ct/no-such-image:1
fails mount 127 --tmpfs /proc/x ct/busybox:1 true
fails workdir 125 -w /bin/busybox ct/busybox:1 true
have_runtime broken && fails broken 127 --runtime broken ct/busybox:1 true
have_runtime runsc && fails gvisor 127 --runtime runsc ct/busybox:1 /no/such/command

killed=
if [[ -n $ENGINE_DIR ]]; then
	for ((try = 0; try < 8; try++)); do
		docker run --rm --name "${P}killed$try" ct/service:1 exit 0 > "$OUT/docker.killed" 2>&1 &
		client=$!
		kill_runc $client && hit=yes || hit=
		wait $client && continue
		[[ -n $hit ]] && killed=killed$try && break
	done
fi
fails_after=$(docker run --rm --name "${P}after" ct/service:1 exit 0 2>&1) || fail "a run after all that" "$fails_after"
trace_stop

# failed NAME PHASE PATTERN: one record, of a failed start (or create), with phase and message
failed()
{
	says "$1: one failed record, in phase $2" "[[\"$2\",true]]" \
		'[mine | select(.name == $p + $n and (.kind == "start" or .kind == "create"))
		| select(.outcome == "failed") | [.failed.phase, (.failed.message | test($m))]]' \
		--arg n "$1" --arg m "$3"
	says "$1: never reported as started or ready" '[]' \
		'[mine | select(.name == $p + $n and .kind == "start" and .outcome == "ok")]' --arg n "$1"
}

failed command start "no such file"
failed longer start "/no/no/no"
failed image create "[Nn]o such image"
failed mount start "/proc"
failed workdir create "not a directory"
if have_runtime broken; then
	failed broken start "."
else
	cannot "a runtime that always fails" "this engine has no runtime 'broken'"
fi
if have_runtime runsc; then
	failed gvisor start "."
fi
if [[ -n $killed ]]; then
	failed "$killed" start "."
	says "$killed: the step it died in" true \
		'[mine | select(.name == $p + $n and .outcome == "failed") | .failed | has("step")][0]' \
		--arg n "$killed"
else
	cannot "runc killed half-way" "no 'runc create' was caught in 8 tries"
fi
says "a missing command is exit code 127 or none, not 0" true \
	'[mine | select(.name == $p + "command" and .outcome == "failed") | .exit_code != 0] | length > 0 and all'
says "the next start is ok" 1 '[of("start"; "ok")[] | select(.name == $p + "after")] | length'
says "phases tile each record" '[]' untiled
says "nothing lost" 0 lost
