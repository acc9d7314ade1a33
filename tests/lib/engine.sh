# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A private dockerd for tests and the demo: its own state, socket, network and mounts, so that
# nothing of the host's is seen or touched, and nothing stays.
#
#   engine_start       sets DOCKER_HOST, returns when it answers
#   engine_restart     stops dockerd and starts it again, same state
#   engine_stop        stops it and removes everything; also from the trap of whoever started it
#
# DOCKER_HOST_REUSE=unix:///... uses that engine instead and leaves it alone. Besides runc it knows
# the runtimes "runsc" (if installed) and "broken", which fails whatever it is asked.

CT_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# a test that the runner starts may restart the runner's engine, only the owner stops it
ENGINE_DIR=${ENGINE_DIR:-}
ENGINE_PID=${ENGINE_PID:-}
ENGINE_OWNER=

engine_say()
{
	printf '%s\n' "$*" >&2
}

# await SECONDS COMMAND...: until it succeeds, at most that long.
await()
{
	local deadline=$((SECONDS + $1))

	shift
	until "$@"; do
		((SECONDS < deadline)) || return 1
		sleep 0.02
	done
}

engine_answers()
{
	docker version --format '{{.Server.Version}}' > /dev/null 2>&1
}

engine_answers_or_died()
{
	engine_answers || ! kill -0 "$ENGINE_PID" 2> /dev/null
}

engine_need()
{
	local what

	((EUID == 0)) || { engine_say "engine: a private dockerd needs root; run it with sudo"; return 1; }
	for what in dockerd docker containerd runc unshare gcc; do
		command -v "$what" > /dev/null && continue
		engine_say "engine: '$what' is missing; run tools/deps.sh test"
		return 1
	done
}

engine_config()
{
	local runsc args='"--platform=systrap", "--network=host", "--ignore-cgroups"'

	runsc=$(command -v runsc || true)
	printf '{ "deprecated-key-path": "%s/key.json", "runtimes": {' "$ENGINE_DIR"
	[[ -z $runsc ]] || printf ' "runsc": { "path": "%s", "runtimeArgs": [%s] },' "$runsc" "$args"
	printf ' "broken": { "path": "%s" } } }\n' "$(type -P false)"
}

# What a runner that was killed could not remove; its engine died with it.
engine_sweep()
{
	local dir owner

	for dir in "${TMPDIR:-/tmp}"/ct-engine.??????; do
		owner=$(cat "$dir/owner" 2> /dev/null) || continue
		kill -0 "$owner" 2> /dev/null || engine_remove "$dir"
	done
}

# engine_remove DIR: its cgroups and all of its state
engine_remove()
{
	find /sys/fs/cgroup -depth -type d -path "*/${1##*/}*" -exec rmdir {} + 2> /dev/null
	rm -rf --one-file-system "$1"
}

engine_start()
{
	if [[ -n ${DOCKER_HOST_REUSE:-} ]]; then
		export DOCKER_HOST=$DOCKER_HOST_REUSE
		engine_answers && return
		engine_say "engine: no engine answers at '$DOCKER_HOST'"
		return 1
	fi
	engine_need || return
	engine_sweep
	ENGINE_OWNER=$$
	ENGINE_DIR=$(mktemp -d "${TMPDIR:-/tmp}/ct-engine.XXXXXX") || return
	echo $$ > "$ENGINE_DIR/owner"
	if ! gcc -std=gnu11 -O2 -o "$ENGINE_DIR/subreaper" "$CT_LIB/subreaper.c"; then
		engine_say "engine: compile subreaper.c: failed"
		engine_stop
		return 1
	fi
	engine_config > "$ENGINE_DIR/daemon.json"
	export DOCKER_HOST=unix://$ENGINE_DIR/docker.sock

	# /run is private too: shim sockets, runtime state and locks are kept there by fixed names.
	# shellcheck disable=SC2016
	unshare --net --mount --propagation private sh -c '
		mount -t tmpfs -o mode=755 tmpfs /run && exec "$@"
	' sh "$ENGINE_DIR/subreaper" $$ dockerd \
		--config-file "$ENGINE_DIR/daemon.json" \
		--data-root "$ENGINE_DIR/root" --exec-root "$ENGINE_DIR/exec" \
		--pidfile "$ENGINE_DIR/pid" --host "$DOCKER_HOST" \
		--exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/${ENGINE_DIR##*/}" \
		> "$ENGINE_DIR/log" 2>&1 < /dev/null &
	ENGINE_PID=$!
	await 60 engine_answers_or_died
	engine_answers && return
	engine_say "engine: dockerd does not answer; the end of its log:"
	tail -n 15 "$ENGINE_DIR/log" >&2
	engine_stop
	return 1
}

engine_new_pid()
{
	local pid

	pid=$(cat "$ENGINE_DIR/pid" 2> /dev/null) && [[ -n $pid && $pid != "$1" ]] && engine_answers
}

engine_restart()
{
	local old

	[[ -n $ENGINE_PID ]] || return
	old=$(cat "$ENGINE_DIR/pid") || return
	kill -HUP "$ENGINE_PID"
	await 60 engine_new_pid "$old" && return
	engine_say "engine: dockerd does not answer after its restart; the end of its log:"
	tail -n 15 "$ENGINE_DIR/log" >&2
	return 1
}

# With the subreaper every process of the engine is gone, with them its namespaces and mounts.
engine_stop()
{
	[[ $ENGINE_OWNER == "$$" && -n $ENGINE_DIR ]] || return 0
	if [[ -n $ENGINE_PID ]]; then
		kill -TERM "$ENGINE_PID" 2> /dev/null
		while kill -0 "$ENGINE_PID" 2> /dev/null; do
			wait "$ENGINE_PID"
		done
	fi
	engine_remove "$ENGINE_DIR"
	ENGINE_DIR=
	ENGINE_PID=
	unset DOCKER_HOST
	return 0
}
