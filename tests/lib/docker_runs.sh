# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs on a Docker of another generation, inside its root (generation.sh). Says what goes wrong,
# and nothing else.
#   docker_runs.sh STORE DIR PREFIX WHAT N
# STORE: overlay2, or containerd for its image store. WHAT: restarts (and beside them DIR/events,
# DIR/clocks), compose, modes (of networks), builds, one (of each, for a recording).
set -u
store=$1 dir=$2 p=$3 what=$4 n=$5
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DOCKER_HOST=unix:///run/docker.sock
image=ct/service:1

say()
{
	echo "$1: $(tail -n 3 "$2" 2> /dev/null)"
}

# try WHAT COMMAND...
try()
{
	local what=$1

	shift
	"$@" > "$dir/try.out" 2>&1 || say "$what" "$dir/try.out"
}

within()
{
	local tries

	for ((tries = 0; tries < 600; tries++)); do
		"$@" > /dev/null 2>&1 && return
		sleep 0.05
	done
	return 1
}

engine_up()
{
	local features=

	[[ $store == containerd ]] && features='"features": { "containerd-snapshotter": true },'
	rm -rf "$dir/docker" && mkdir -p "$dir/docker"
	# A file system in memory: to save a state would else take as long as the disk of whoever else is there.
	if [[ -s $dir/data.img ]]; then
		cp --sparse=always "$dir/data.img" /run/data.img && mount -o loop /run/data.img "$dir/docker" 2> /dev/null
	fi
	printf '{ %s "userland-proxy": false }\n' "$features" > /run/daemon.json
	dockerd --config-file /run/daemon.json --data-root "$dir/docker" --exec-root /run/docker \
		--host "$DOCKER_HOST" --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/${p}docker" \
		> "$dir/dockerd.log" 2>&1 &
	daemon=$!
	within docker version || { say "dockerd does not answer" "$dir/dockerd.log"; return 1; }
	tar -C "$dir/fs" -c . | docker import --change 'ENTRYPOINT ["/bin/service"]' - "$image" \
		> "$dir/try.out" 2>&1 || { say "docker import" "$dir/try.out"; return 1; }
}

engine_down()
{
	kill "$daemon" && wait "$daemon"
}

# up NAME: an attached `docker run` of a service, until that has said that it is ready
up()
{
	"$dir/service" stamp | cut -d' ' -f2- > "$dir/clocks.now"
	rm -f "$dir/cid" "$dir/up.out"
	timeout 60 docker run --name "$1" --cidfile "$dir/cid" "$image" serve > "$dir/up.out" 2>&1 &
	client=$!
	within grep -q ready "$dir/up.out" || say "docker run $1" "$dir/up.out"
	echo "$(< "$dir/cid") $(< "$dir/clocks.now")" >> "$dir/clocks"
}

# A start, a stop, a start, a restart and a removal.
one_restart()
{
	up "$1"
	try "docker stop" docker stop -t 5 "$1"
	wait "$client"
	# 26 answers a stop before it has saved it; who starts it again until then cuts it
	sleep 0.2
	try "docker start" docker start "$1"
	try "docker restart" docker restart -t 5 "$1"
	try "docker kill" docker kill "$1"
	try "docker rm" docker rm "$1"
}

events_begin()
{
	: > "$dir/clocks"
	docker events --since "$(date +%s.%N)" --format '{{json .}}' > "$dir/events" &
	events=$!
}

events_end()
{
	sleep 1
	kill "$events"
	wait "$events" 2> /dev/null
}

# run_restarts: beside docker's own events
run_restarts()
{
	local i

	events_begin
	for ((i = 0; i < n; i++)); do
		one_restart "${p}again-$i"
	done
	events_end
}

# One of each, as short as it can be: what a recording is of.
run_one()
{
	one_restart "${p}a"
}

# With no network, and with the host's.
run_modes()
{
	local mode

	for mode in none host; do
		try "docker run --network $mode" docker run --rm --network $mode --name "$p$mode" "$image" exit 0
	done
}

# Three services, a network and a volume.
run_compose()
{
	local project=${p}project

	mkdir -p "$dir/compose"
	printf '%s\n' "version: '3.7'" 'services:' \
		"  db: { image: '$image', command: serve, volumes: ['data:/data'], networks: [back] }" \
		"  cache: { image: '$image', command: serve, networks: [back] }" \
		"  web: { image: '$image', command: serve, networks: [back], depends_on: [db, cache] }" \
		'networks: { back: {} }' 'volumes: { data: {} }' > "$dir/compose/docker-compose.yml"
	cd "$dir/compose" || exit
	compose() { docker-compose -p "$project" "$@"; }
	events_begin
	try "compose up" compose up -d
	try "compose restart" compose restart -t 5
	try "compose up --scale" compose up -d --scale web=3
	docker ps -q --no-trunc --filter "name=$project" > "$dir/ids"
	try "compose down" compose down -v -t 5
	events_end
	sed "s/\$/ $("$dir/service" stamp | cut -d' ' -f2-)/" "$dir/ids" > "$dir/clocks"
	cd /
}

# Three steps and one that fails, by the legacy builder, and by BuildKit where there is a client for that.
run_builds()
{
	local kit

	mkdir -p "$dir/context"
	printf '%s\n' "FROM $image" 'RUN ["/bin/service", "exit", "0"]' 'ENV a=b' \
		'RUN ["/bin/service", "burst", "2000"]' 'RUN ["/bin/service", "exit", "0"]' > "$dir/context/Dockerfile"
	sed '$s/"0"/"7"/' "$dir/context/Dockerfile" > "$dir/context/fails"
	printf '%s\n' "FROM $image" 'RUN ["/bin/nothing-of-that-name"]' > "$dir/context/lacks"
	events_begin
	for kit in 0 1; do
		export DOCKER_BUILDKIT=$kit
		try "docker build ($kit)" docker build --no-cache -t "ct/built:$kit" "$dir/context"
		! docker build --no-cache -f "$dir/context/fails" "$dir/context" > "$dir/try.out" 2>&1 || say "it fails" "$dir/try.out"
		! docker build --no-cache -f "$dir/context/lacks" "$dir/context" > "$dir/try.out" 2>&1 || say "it fails" "$dir/try.out"
	done
	# beside a build another container is one
	try "docker run" docker run --rm --name "${p}beside" "$image" exit 0
	events_end
	unset DOCKER_BUILDKIT
}

[[ -z ${CT_SOURCED:-} ]] || return 0
if engine_up; then
	# shellcheck disable=SC1090
	"run_$what" 2>&1
fi
engine_down
