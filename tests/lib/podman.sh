# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A private Podman: its own storage, state and network, in a place of tests/lib/bundle.sh.
#
#   podman_prepare DIR          imports the image ct/service:1 into the storage of DIR
#   podman_command DIR RUNTIME  prints podman with its options
#   podman_limits RUNTIME       prints the options of `run` that this machine needs

CT_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

podman_command()
{
	echo "podman --root $1/storage --runroot $1/runroot --tmpdir $1/tmp" \
		"--cgroup-manager cgroupfs --events-backend file --runtime $2"
}

# Podman asks for more descriptors and processes than a container host may have, and for limits
# of controllers that version 2 of cgroups may not have here. crun sets up a device filter with a
# raised memlock limit, but without cgroups it does not.
podman_limits()
{
	echo "--pids-limit 0 --ulimit nofile=1024:1024 --ulimit nproc=1000:1000"
	[[ $1 != crun ]] || echo "--cgroups=disabled"
}

podman_prepare()
{
	local podman

	read -ra podman < <(podman_command "$1" runc)
	mkdir -p "$1/fs/bin" "$1/tmp" || return
	cp "$SERVICE" "$1/fs/bin/service" || return
	tar -C "$1/fs" -c . | "${podman[@]}" import -q - ct/service:1
}
