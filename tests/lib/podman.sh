# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A private Podman: its own storage, state and network, in a place of tests/lib/bundle.sh.
#
#   podman_prepare DIR          imports the image ct/service:1 into the storage of DIR
#   podman_command DIR RUNTIME  prints podman with its options
#   podman_limits RUNTIME       prints the options of `run` that this machine needs
#   podman_nobody DIR BASH [ARG]...  in a place, as root: runs a piece of bash as a user who is nobody
#                               on this host, with DIR as his home in /run/u; returns its status

CT_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# Podman before 5.1 refuses a runroot of more than 50 characters, wherever the tests are: it is below /run,
# of which each place has its own.
podman_command()
{
	local runroot=/run/${1##*/}-runroot

	[[ $1 != /run/* ]] || runroot=$1/runroot
	echo "podman --root $1/storage --runroot $runroot --tmpdir $1/tmp" \
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

# The host's files say nothing of him: copies of them do, in this place. His home is on the file system
# of DIR, and below no directory that is closed to others.
podman_nobody()
{
	local uid=54321 file home=$1 what=$2

	shift 2
	mkdir -p "$home" /run/u /run/etc /run/dev /run/user/$uid && mount --bind "$home" /run/u || return
	for file in passwd group subuid subgid; do
		cp /etc/$file /run/etc/$file || return
	done
	echo "ctrootless:x:$uid:$uid::/run/u:/bin/sh" >> /run/etc/passwd
	echo "ctrootless:x:$uid:" >> /run/etc/group
	echo "ctrootless:2000000:65536" | tee -a /run/etc/subuid >> /run/etc/subgid
	for file in passwd group subuid subgid; do
		mount --bind /run/etc/$file /etc/$file || return
	done
	mknod -m 666 /run/dev/tun c 10 200 && mount --bind /run/dev/tun /dev/net/tun || return
	cp "$SERVICE" /run/u/service && cp "$CT_LIB/podman.sh" /run/u/ || return
	chown -R $uid:$uid /run/u /run/user/$uid && chmod 700 /run/user/$uid || return
	# shellcheck disable=SC2016
	(cd /run/u && exec setpriv --reuid $uid --regid $uid --clear-groups --inh-caps=-all env -i HOME=/run/u \
		PATH="$PATH" XDG_RUNTIME_DIR=/run/user/$uid SERVICE=/run/u/service \
		bash -c '. ./podman.sh && podman_prepare /run/u > import 2>&1 || { cat import; exit 1; }
			'"$what" podman "$@")
}
