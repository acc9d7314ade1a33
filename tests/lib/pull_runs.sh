# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Pulls by engines of another generation, inside its root (generation.sh), from a registry whose files are in
# DIR/registry (pulls.sh). Says what goes wrong, and nothing else.
#   pull_runs.sh STORE DIR PREFIX WHAT N
# STORE: overlay2, or containerd for Docker's image store. WHAT: docker, ctr, or cri, which waits for DIR/over.
# shellcheck source=tests/lib/docker_runs.sh
CT_SOURCED=1 . "${BASH_SOURCE[0]%/*}/docker_runs.sh"
# shellcheck source=tests/lib/registry.sh
. "${BASH_SOURCE[0]%/*}/registry.sh"
registry=127.0.0.1:5000
REGISTRY=$registry

# It is in its network, and waits as its own runs do.
in_engine() { "$@"; }
await() { within "${@:2}"; }

registry_up()
{
	busybox ip link set lo up
	printf '%s\n' 'version: 0.1' 'log: {level: warn, accesslog: {disabled: true}}' \
		"storage: {filesystem: {rootdirectory: $dir/registry/data}}" "http: {addr: $registry}" > "$dir/registry/config.yml"
	"$dir/docker-registry" serve "$dir/registry/config.yml" > "$dir/registry/log" 2>&1 &
	REGISTRY_PID=$!
	within busybox wget -q -O /dev/null "http://$registry/v2/" || say "the registry does not answer" "$dir/registry/log"
}

containerd_up()
{
	rm -rf "$dir/containerd"
	mkdir -p "$dir/containerd"
	printf '%s\n' 'version = 3' "root = '$dir/containerd/root'" "state = '/run/containerd-state'" \
		'[debug]' "  level = 'debug'" '[grpc]' "  address = '$dir/containerd.sock'" > "$dir/containerd.toml"
	containerd --config "$dir/containerd.toml" > "$dir/containerd.log" 2>&1 &
	daemon=$!
	within ctr -a "$dir/containerd.sock" version || say "containerd does not answer" "$dir/containerd.log"
}

# Two clients want the same at once: they do when the registry has been asked by all of them.
run_docker()
{
	local image clients=()

	try "docker pull five" docker pull "$registry/test/five:1"
	try "docker pull five, again" docker pull -q "$registry/test/five:1"
	try "docker pull twelve" docker pull -q "$registry/test/twelve:1"
	try "docker pull list" docker pull -q "$registry/test/list:1"
	! docker pull "$registry/test/none:1" > "$dir/try.out" 2>&1 || say "what is not there is not pulled" "$dir/try.out"
	registry_hold
	for image in many1 many2 shared shared; do
		docker pull -q "$registry/test/$image:1" > "$dir/pull.$image" 2>&1 &
		clients+=($!)
	done
	registry_let_go 4 || say "four clients ask the registry" "$dir/registry/log"
	wait "${clients[@]}"
	try "docker run" docker run --rm --name "${p}run" "$registry/test/many3:1" exit 0
}

ctr_pull()
{
	try "ctr images pull $1" ctr -a "$dir/containerd.sock" images pull --plain-http "${@:2}" "$registry/test/$1:1"
}

run_ctr()
{
	local image clients=()

	ctr_pull five
	ctr_pull five
	ctr_pull list
	ctr_pull twelve --local
	! ctr -a "$dir/containerd.sock" images pull --plain-http "$registry/test/none:1" > "$dir/try.out" 2>&1 ||
		say "what is not there is not pulled" "$dir/try.out"
	for image in many1 many2 many3; do
		ctr -a "$dir/containerd.sock" images pull --plain-http "$registry/test/$image:1" > "$dir/pull.$image" 2>&1 &
		clients+=($!)
	done
	wait "${clients[@]}"
	# what another namespace has is not fetched
	sleep 0.5
	try "ctr images pull for another namespace" ctr -n other -a "$dir/containerd.sock" images pull --plain-http \
		"$registry/test/five:1"
}

run_cri()
{
	: > "$dir/up"
	within test -e "$dir/over"
}

registry_up
case $what in
docker) engine_up && run_docker ;;
ctr | cri) containerd_up && "run_$what" ;;
esac
# what it has written down of the last ones is looked at behind their end
sleep 0.5
engine_down
