# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The container programs of another Debian release, unpacked into a directory that is used as a
# root: nothing is installed, no script of a package runs. From the mirrors that apt uses here.
#
#   generation_make SUITE DIR PACKAGE...   DIR/root is that; nothing is done when it is there
#   generation_run DIR PLACE CGROUPS COMMAND...
#                                          runs a command in it: its own mounts, /run and network,
#                                          PLACE and tests/lib at the same paths, cgroups as here or
#                                          (2) only their version 2; all that it starts ends with it

CT_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

# generation_apt SUITE DIR: a state of apt's own, with no package installed
generation_apt()
{
	local mirror

	mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2> /dev/null |
		grep -E '/debian/?$' | head -n 1)
	mkdir -p "$2/apt/lists/partial" "$2/apt/archives/partial" "$2/apt/parts" || return
	: > "$2/apt/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]" \
		"${mirror:-http://deb.debian.org/debian} $1 main" > "$2/apt/sources.list"
	cat > "$2/apt/apt.conf" << END
Dir::State "$2/apt";
Dir::State::status "$2/apt/status";
Dir::Cache "$2/apt";
Dir::Etc::sourcelist "$2/apt/sources.list";
Dir::Etc::sourceparts "$2/apt/parts";
Dir::Etc::preferencesparts "$2/apt/parts";
APT::Install-Recommends "false";
APT::Sandbox::User "root";
Acquire::Languages "none";
Acquire::Retries "3";
END
}

# The files of packages alone; where a release has /bin below /usr, the packages lack the links.
generation_unpack()
{
	local package dir

	for dir in bin sbin lib lib64; do
		mkdir -p "$1/usr/$dir"
		ln -sfn "usr/$dir" "$1/$dir"
	done
	mkdir -p "$1"/{etc,proc,sys,dev,run,tmp,root,var/lib,var/tmp}
	ln -sfn ../run "$1/var/run"
	for package in "$2"/*.deb; do
		# documentation, and what only a package manager needs
		dpkg-deb --fsys-tarfile "$package" | tar -C "$1" -x --keep-directory-symlink --no-same-owner \
			--exclude='./usr/share/doc*' --exclude='./usr/share/locale*' \
			--exclude='./usr/share/man*' || return
	done
	echo "root:x:0:0:root:/root:/bin/sh" > "$1/etc/passwd"
	echo "root:x:0:" > "$1/etc/group"
	ldconfig -r "$1"
	# what an update-alternatives of iptables would have chosen
	for dir in iptables ip6tables iptables-restore ip6tables-restore; do
		[[ -e $1/usr/sbin/$dir ]] || ln -s xtables-nft-multi "$1/usr/sbin/$dir"
	done
}

generation_make()
{
	local suite=$1 dir=$2

	shift 2
	[[ -e $dir/made && $(< "$dir/made") == "$suite $*" ]] && return
	rm -rf "$dir/root"
	mkdir -p "$dir/root"
	generation_apt "$suite" "$dir" || return
	APT_CONFIG=$dir/apt/apt.conf apt-get -qq update &&
		APT_CONFIG=$dir/apt/apt.conf apt-get -qq -y --download-only install "$@" > /dev/null &&
		generation_unpack "$dir/root" "$dir/apt/archives" || return
	rm -rf "$dir/apt"
	echo "$suite $*" > "$dir/made"
}

generation_run()
{
	local dir=$1 place=$2 cgroups=$3

	shift 3
	gcc -std=gnu11 -O2 -static -o "$place/subreaper" "$CT_LIB/subreaper.c" || return
	# shellcheck disable=SC2016
	CT_ROOT=$dir/root CT_PLACE=$place CT_CGROUPS=$cgroups CT_LIB=$CT_LIB \
		unshare --net --mount --propagation private sh -c '
		mount --bind "$CT_ROOT" "$CT_ROOT" && cd "$CT_ROOT" &&
		mkdir -p .host &&
		mount -t tmpfs -o mode=755 tmpfs run && mount -t tmpfs tmpfs tmp &&
		mkdir -p ".$CT_PLACE" ".$CT_LIB" &&
		mount --bind "$CT_PLACE" ".$CT_PLACE" && mount --bind "$CT_LIB" ".$CT_LIB" &&
		mount -t proc proc proc && mount -t sysfs -o ro sysfs sys && mount --rbind /dev dev &&
		if [ "$CT_CGROUPS" = 2 ]; then mount -t cgroup2 cgroup2 sys/fs/cgroup; else
			mount --rbind /sys/fs/cgroup sys/fs/cgroup; fi &&
		pivot_root . .host && umount -l /.host && cd / && exec "$@"
	' sh "$place/subreaper" "$BASHPID" "$@"
}
