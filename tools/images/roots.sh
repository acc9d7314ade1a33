# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What the test images hold, for those who pack them (make.sh for Docker, oci.sh for containerd).
#
#   images_compile DIR    DIR/service and DIR/pause, if they are not there already
#   images_roots DIR TO   TO/busybox, TO/service, TO/pause: their root file systems

images_here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

die()
{
	printf 'images: %s\n' "$*" >&2
	exit 1
}

static_busybox()
{
	local path

	path=$(command -v busybox) || die "busybox is missing; run tools/deps.sh test"
	# a dynamic one finds no libraries in an image
	if readelf -l "$path" 2> /dev/null | grep -q INTERP; then
		die "'$path' is not static; run tools/deps.sh test"
	fi
	printf '%s\n' "$path"
}

images_compile()
{
	local name

	mkdir -p "$1"
	for name in service pause; do
		[[ ! -x $1/$name || $images_here/$name.c -nt $1/$name ]] || continue
		gcc -std=gnu11 -O2 -Wall -Wextra -Wshadow -Werror -static -o "$1/$name.$$" \
			"$images_here/$name.c"
		mv "$1/$name.$$" "$1/$name"
	done
}

images_roots()
{
	local busybox applet

	busybox=$(static_busybox)
	mkdir -p "$2"/{busybox,service}/{bin,dev,etc,proc,root,sys,tmp} "$2/pause"
	cp "$busybox" "$2/busybox/bin/busybox"
	cp "$busybox" "$2/service/bin/busybox"
	for applet in $("$busybox" --list); do
		[[ $applet == busybox ]] || ln -s busybox "$2/busybox/bin/$applet"
	done
	ln -s busybox "$2/service/bin/sh"
	cp "$1/service" "$2/service/service"
	cp "$1/pause" "$2/pause/pause"
}
