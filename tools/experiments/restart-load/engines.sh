# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the engines that restart-load drives have in common, and how each does it. Each is private (tests/lib), but for
# the docker of DOCKER_HOST.
#
#   engine_up ENGINE                 it answers, and has the image, which is in $out/root
#   engine_down ENGINE
#   engine_says ENGINE               its name and version
#   engine_command ENGINE RUNTIME    its client, with options
#   engine_options ENGINE RUNTIME    those of `run` that this machine needs
#   loaders_up ENGINE LOAD           "none" or KIND-N
#   remove_all ENGINE                service and loaders

# shellcheck source=../../../tests/lib/containerd.sh
. "$top/tests/lib/containerd.sh"
# shellcheck source=../../../tests/lib/podman.sh
. "$top/tests/lib/podman.sh"
RL_IMAGE=ct/restart-load:1
DOCKER_GIVEN=${DOCKER_HOST:-}
PODMAN_DIR=
PODMAN_PID=

# The image as `ctr image import` reads it: what `docker save` writes.
image_archive()
{
	local dir=$out/archive sum

	mkdir -p "$dir"
	tar -C "$out/root" --owner=0 --group=0 -cf "$dir/layer.tar" .
	sum=$(sha256sum < "$dir/layer.tar")
	printf '{"architecture":"%s","os":"linux","config":{},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]}}' \
		"$(dpkg --print-architecture 2> /dev/null || echo amd64)" "${sum%% *}" > "$dir/config.json"
	printf '[{"Config":"config.json","RepoTags":["docker.io/%s"],"Layers":["layer.tar"]}]' "$RL_IMAGE" > "$dir/manifest.json"
	tar -C "$dir" -cf "$out/image.tar" manifest.json config.json layer.tar
	rm -rf "$dir"
}

podman_up()
{
	PODMAN_DIR=$(private_dir podman) || return
	mkdir -p "$PODMAN_DIR/tmp"
	# on a host with both versions of cgroups only the second: podman wants one
	private_start "$PODMAN_DIR" sh -c 'umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && ip link set lo up; exec sleep infinity' &&
		PODMAN_PID=$!
	await 10 podman_in true || return
	tar -C "$out/root" --owner=0 --group=0 -c . | eval "$(engine_command podman runc) import -q - $RL_IMAGE" > /dev/null
}

podman_in()
{
	nsenter --mount="/proc/$PODMAN_PID/ns/mnt" --net="/proc/$PODMAN_PID/ns/net" -- "$@"
}

engine_up()
{
	case $1 in
	docker)
		need docker
		[[ -z $DOCKER_GIVEN ]] || export DOCKER_HOST_REUSE=$DOCKER_HOST
		engine_start || return
		tar -C "$out/root" --owner=0 --group=0 -c . | docker import - "$RL_IMAGE" > /dev/null
		;;
	containerd)
		containerd_start || return
		image_archive && cr_ctr image import "$out/image.tar"
		;;
	podman)
		need podman nsenter
		podman_up
		;;
	esac
}

engine_down()
{
	case $1 in
	docker) [[ -n $DOCKER_GIVEN ]] || engine_stop ;;
	containerd) containerd_stop ;;
	podman) [[ -z $PODMAN_DIR ]] || private_stop "$PODMAN_DIR" "$PODMAN_PID" ;;
	esac
}

engine_says()
{
	local client

	read -ra client <<< "$(engine_command "$1" runc)"
	case $1 in
	docker) printf 'docker %s\n' "$(docker version -f '{{.Server.Version}}')" ;;
	containerd) printf 'containerd %s\n' "$("${client[@]}" version | awk '/^Server/ { s = 1 } s && /Version/ { print $2 }')" ;;
	podman) "${client[@]}" --version ;;
	esac
}

engine_command()
{
	case $1 in
	docker) echo docker ;;
	containerd) echo "nsenter --mount=/proc/$CR_PID/ns/mnt -- ctr -a $CR_SOCK" ;;
	podman) echo "nsenter --mount=/proc/$PODMAN_PID/ns/mnt --net=/proc/$PODMAN_PID/ns/net -- $(podman_command "$PODMAN_DIR" "$2")" ;;
	esac
}

engine_options()
{
	case $1 in
	docker) ;;
	containerd) [[ $2 != runsc ]] || echo "--runc-binary $CR_DIR/bin/runsc" ;;
	podman) podman_limits "$2" ;;
	esac
}

loaders_up()
{
	local engine=$1 i kind=${2%-*} n=${2#*-} stress client options

	case $kind in
	none) return ;;
	cpu) stress=(-c "$(nproc)") ;;
	mem) stress=(--vm "$(nproc)" --vm-bytes 20m) ;;
	disk) stress=(-i "$(nproc)" --hdd "$(nproc)" --hdd-bytes 32m) ;;
	esac
	read -ra client <<< "$(engine_command "$engine" runc)"
	read -ra options <<< "$(engine_options "$engine" runc)"
	for ((i = 0; i < n; i++)); do
		if [[ $engine == containerd ]]; then
			"${client[@]}" run -d --cwd /tmp "docker.io/$RL_IMAGE" "rl-load-$i" /bin/stress-ng --temp-path /tmp "${stress[@]}" > /dev/null
		else
			"${client[@]}" run -d --name "rl-load-$i" --network none "${options[@]}" -w /tmp "$RL_IMAGE" \
				/bin/stress-ng --temp-path /tmp "${stress[@]}" > /dev/null
		fi || return
	done
	sleep 1
}

remove_all()
{
	local client id

	read -ra client <<< "$(engine_command "$1" runc)"
	case $1 in
	docker)
		[[ -z ${DOCKER_HOST:-} ]] || docker ps -aq --filter name=^rl- 2> /dev/null | xargs -r docker rm -f > /dev/null 2>&1
		;;
	containerd)
		[[ -n $CR_PID ]] || return 0
		for id in $("${client[@]}" container ls -q 2> /dev/null); do
			"${client[@]}" task rm -f "$id" > /dev/null 2>&1 || true
			"${client[@]}" container rm "$id" > /dev/null 2>&1 || true
		done
		;;
	podman)
		[[ -z $PODMAN_PID ]] || "${client[@]}" rm -af -t 0 > /dev/null 2>&1
		;;
	esac
	return 0
}
