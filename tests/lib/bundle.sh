# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Bundles, and a place where runtimes run by themselves: their own mounts, /run, network and, on a
# host with both, only version 2 of cgroups (crun wants one or the other). The place ends with the
# script that runs in it, and everything in it does.
#
#   bundle_make DIR               a bundle with the root file system of the test images
#   bundle_args DIR ARGUMENT...   what its container executes
#   place_run DIR SCRIPT [ARG]... runs a bash script there; returns its status
#   runtime_command RUNTIME ROOT  prints the runtime's command with its options

CT_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

runtime_command()
{
	case $1 in
	runsc) echo "runsc --root $2 --platform=systrap --network=none --ignore-cgroups" ;;
	# it raises the memlock limit for its device filter, which not every machine lets it
	crun) echo "crun --root $2 --cgroup-manager=disabled" ;;
	*) echo "$1 --root $2" ;;
	esac
}

bundle_make()
{
	# where a runtime mounts: two that begin at once in it would both make them, and crun fails then
	mkdir -p "$1"/rootfs/{bin,tmp,proc,sys,dev} || return
	cp -L "$(command -v busybox)" "$1/rootfs/bin/busybox" || return
	ln -sf busybox "$1/rootfs/bin/sh"
	ln -sf busybox "$1/rootfs/bin/sleep"
	cp "$SERVICE" "$1/rootfs/bin/service" || return
	rm -f "$1/config.json"
	(cd "$1" && runc spec) || return
	bundle_args "$1" sh -c true
}

bundle_args()
{
	local dir=$1

	shift
	jq -c '.process.args = $ARGS.positional | .process.terminal = false | .root.readonly = true |
		.process.env = ["PATH=/bin"]' --args -- "$@" < "$dir/config.json" > "$dir/config.new" &&
		mv "$dir/config.new" "$dir/config.json"
}

place_run()
{
	local dir=$1

	shift
	[[ -x $dir/subreaper ]] || gcc -std=gnu11 -O2 -o "$dir/subreaper" "$CT_LIB/subreaper.c" || return
	# shellcheck disable=SC2016
	unshare --net --mount --propagation private sh -c '
		mount -t tmpfs -o mode=755 tmpfs /run &&
		umount -R /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec "$@"
	' sh "$dir/subreaper" "$BASHPID" bash "$@"
}
