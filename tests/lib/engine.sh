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
# the runtimes "runsc" (if installed), "broken", which fails whatever it is asked, "slow-hook", "hook"
# and "locked", which are runc with an odd-runtime before it: see there. Whatever a test puts there is
# "kata-runtime": $ENGINE_DIR/kata/kata-runtime. The lock is $ENGINE_DIR/lock, the
# words of the hook are in $ENGINE_DIR/hook.

CT_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# a test that the runner starts may restart the runner's engine, only the owner stops it
ENGINE_DIR=${ENGINE_DIR:-}
ENGINE_PID=${ENGINE_PID:-}
ENGINE_OWNER=
ENGINE_ALSO=() # more options of dockerd's
ENGINE_SOCKET=/exec/containerd/containerd-debug.sock # the longest path below its directory

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

# ended PID...: they are told to end, and waited for
ended()
{
	local pid

	for pid; do
		kill "$pid" 2> /dev/null
		wait "$pid" 2> /dev/null
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
	printf ' "slow-hook": { "path": "%s", "runtimeArgs": ["hook"] },' "$CT_LIB/odd-runtime"
	printf ' "hook": { "path": "%s", "runtimeArgs": ["hook:%s/hook"] },' "$CT_LIB/odd-runtime" \
		"$ENGINE_DIR"
	printf ' "locked": { "path": "%s", "runtimeArgs": ["lock:%s/lock"] },' "$CT_LIB/odd-runtime" \
		"$ENGINE_DIR"
	printf ' "kata-runtime": { "path": "%s/kata/kata-runtime" },' "$ENGINE_DIR"
	printf ' "broken": { "path": "%s" } } }\n' "$(type -P false)"
}

# A private daemon: its directory, ct-KIND.XXXXXX, says whose it is; its processes have a network,
# mounts and a /run of their own, and end with the subreaper.

# private_dir KIND: makes the directory, when what killed runners left behind is removed
private_dir()
{
	local dir owner

	for dir in "${TMPDIR:-/tmp}/ct-$1".??????; do
		owner=$(cat "$dir/owner" 2> /dev/null) || continue
		kill -0 "$owner" 2> /dev/null || private_remove "$dir"
	done
	dir=$(mktemp -d "${TMPDIR:-/tmp}/ct-$1.XXXXXX") || return
	echo $$ > "$dir/owner"
	printf '%s\n' "$dir"
}

# private_remove DIR: the cgroups of its containers, and all of its state
private_remove()
{
	find /sys/fs/cgroup -depth -type d -path "*/${1##*/}*" -exec rmdir {} + 2> /dev/null
	rm -rf --one-file-system "$1"
}

# private_start DIR COMMAND...: its pid is in $!, its words in DIR/log
private_start()
{
	local dir=$1

	shift
	if ! gcc -std=gnu11 -O2 -o "$dir/subreaper" "$CT_LIB/subreaper.c"; then
		engine_say "${dir##*/}: compile subreaper.c: failed"
		return 1
	fi
	# /run is private too: shim sockets, fifos, runtime state and locks have fixed names there.
	# shellcheck disable=SC2016
	unshare --net --mount --propagation private sh -c '
		mount -t tmpfs -o mode=755 tmpfs /run && exec "$@"
	' sh "$dir/subreaper" $$ "$@" > "$dir/log" 2>&1 < /dev/null &
}

# private_silent DIR WHAT: it does not answer. What its gRPC tries again says nothing of why.
private_silent()
{
	engine_say "$2 does not answer; the end of its log:"
	grep -v ' module=grpc$' "$1/log" | tail -n 15 >&2
}

# private_stop DIR PID: with the subreaper every process of it is gone, with them its namespaces
# and mounts
private_stop()
{
	if [[ -n $2 ]]; then
		kill -TERM "$2" 2> /dev/null
		while kill -0 "$2" 2> /dev/null; do
			wait "$2"
		done
	fi
	private_remove "$1"
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
	ENGINE_OWNER=$$
	ENGINE_DIR=$(private_dir engine) || return
	if ((${#ENGINE_DIR} + ${#ENGINE_SOCKET} > 104)); then
		engine_say "engine: containerd refuses sockets with paths of more than 104 bytes:" \
			"'$ENGINE_DIR$ENGINE_SOCKET'; set TMPDIR to a shorter one"
		engine_stop
		return 1
	fi
	engine_config > "$ENGINE_DIR/daemon.json"
	export DOCKER_HOST=unix://$ENGINE_DIR/docker.sock

	private_start "$ENGINE_DIR" dockerd \
		--config-file "$ENGINE_DIR/daemon.json" \
		--data-root "$ENGINE_DIR/root" --exec-root "$ENGINE_DIR/exec" \
		--pidfile "$ENGINE_DIR/pid" --host "$DOCKER_HOST" \
		--exec-opt native.cgroupdriver=cgroupfs \
		--cgroup-parent "/${ENGINE_DIR##*/}" "${ENGINE_ALSO[@]}" && ENGINE_PID=$!
	[[ -z $ENGINE_PID ]] || await 60 engine_answers_or_died
	engine_answers && return
	private_silent "$ENGINE_DIR" "engine: dockerd"
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
	private_silent "$ENGINE_DIR" "engine: after its restart dockerd"
	return 1
}

engine_stop()
{
	[[ $ENGINE_OWNER == "$$" && -n $ENGINE_DIR ]] || return 0
	private_stop "$ENGINE_DIR" "$ENGINE_PID"
	ENGINE_DIR=
	ENGINE_PID=
	unset DOCKER_HOST
	return 0
}
