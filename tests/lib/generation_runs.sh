# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What runs inside another generation's root, see generation.sh. Says what goes wrong, nothing else.
#   generation_runs.sh docker|containerd|bare|podman DIR PREFIX N
set -u
what=$1 dir=$2 p=$3 n=$4
export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root DOCKER_HOST=unix:///run/docker.sock
export SERVICE=$dir/service
# shellcheck source=tests/lib/bundle.sh
. "${BASH_SOURCE[0]%/*}/bundle.sh"

say()
{
	echo "$1: $(tail -n 3 "$2" 2> /dev/null)"
}

answers()
{
	local tries

	for ((tries = 0; tries < 300; tries++)); do
		"$@" > /dev/null 2>&1 && return
		sleep 0.1
	done
	return 1
}

docker_runs()
{
	local i

	mkdir -p "$dir/docker"
	printf '{ "runtimes": { "crun": { "path": "/usr/bin/crun" } } }\n' > /run/daemon.json
	dockerd --config-file /run/daemon.json --data-root "$dir/docker" --exec-root /run/docker \
		--host "$DOCKER_HOST" --exec-opt native.cgroupdriver=cgroupfs --cgroup-parent "/${p}docker" \
		> "$dir/dockerd.log" 2>&1 &
	daemon=$!
	answers docker version || { say "dockerd does not answer" "$dir/dockerd.log"; return; }
	tar -C "$dir/fs" -c . | docker import --change 'ENTRYPOINT ["/bin/service"]' - ct/service:1 \
		> /dev/null || { say "docker import" "$dir/dockerd.log"; return; }
	for ((i = 0; i < n; i++)); do
		docker run --rm --cidfile "$dir/docker-run-$i.cid" --name "${p}docker-run-$i" ct/service:1 exit 7 \
			> "$dir/docker.out" 2>&1
		(($? == 7)) || say "docker run $i" "$dir/docker.out"
	done
	docker run -d --name "${p}docker-twice" ct/service:1 > "$dir/docker.out" 2>&1 &&
		docker stop -t 2 "${p}docker-twice" >> "$dir/docker.out" 2>&1 &&
		docker start "${p}docker-twice" >> "$dir/docker.out" 2>&1 &&
		docker restart -t 2 "${p}docker-twice" >> "$dir/docker.out" 2>&1 && sleep 0.2 &&
		docker rm -f "${p}docker-twice" >> "$dir/docker.out" 2>&1 || say "docker stop" "$dir/docker.out"
	docker save -o "$dir/image.tar" ct/service:1
	kill $daemon
	wait $daemon
}

containerd_runs()
{
	local i

	containerd --root "$dir/containerd" --state /run/containerd --address /run/containerd/c.sock \
		> "$dir/containerd.log" 2>&1 &
	daemon=$!
	ctr() { command ctr --address /run/containerd/c.sock "$@"; }
	answers ctr version || { say "containerd does not answer" "$dir/containerd.log"; return; }
	ctr image import "$dir/image.tar" > "$dir/ctr.out" 2>&1 || { say "ctr image import" "$dir/ctr.out"; return; }
	for ((i = 0; i < n; i++)); do
		ctr run --rm docker.io/ct/service:1 "${p}ctr-run-$i" /bin/service exit 7 > "$dir/ctr.out" 2>&1
		(($? == 7)) || say "ctr run $i" "$dir/ctr.out"
	done
	kill $daemon
	wait $daemon
}

bare_runs()
{
	local i runtime run

	# its own runc writes the configuration
	bundle_make "$dir/bundle" || echo "no bundle"
	bundle_args "$dir/bundle" service exit 7
	cd "$dir/bundle" || exit
	for runtime in runc crun; do
		read -ra run < <(runtime_command "$runtime" "$dir/$runtime")
		for ((i = 0; i < n; i++)); do
			# what nobody waits for wakes nobody: the reader is there first
			{ sleep 0.03 && "${run[@]}" run "$p$runtime-run-$i" < /dev/null 2> "$dir/bare.err"; } |
				cat > "$dir/bare.out"
			((PIPESTATUS[0] == 7)) || say "$runtime run $i" "$dir/bare.err"
		done
	done
}

podman_runs()
{
	local i runtime podman limits

	# shellcheck source=tests/lib/podman.sh
	. "${BASH_SOURCE[0]%/*}/podman.sh"
	podman_prepare "$dir" > "$dir/podman.out" 2>&1 || { say "podman import" "$dir/podman.out"; return; }
	for runtime in runc crun; do
		read -ra podman < <(podman_command "$dir" "$runtime")
		mapfile -t limits < <(podman_limits "$runtime" | tr ' ' '\n')
		for ((i = 0; i < n; i++)); do
			"${podman[@]}" run --rm --cidfile "$dir/podman-$runtime-run-$i.cid" --name "${p}podman-$runtime-run-$i" \
				"${limits[@]}" ct/service:1 /bin/service exit 7 < /dev/null 2> "$dir/podman.err" | cat > "$dir/podman.out"
			((PIPESTATUS[0] == 7)) || say "podman run $i" "$dir/podman.err"
		done
	done
}

"${what}_runs" 2>&1
