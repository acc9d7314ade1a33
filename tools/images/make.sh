#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/images/make.sh [DIR]: makes the images that tests and the demo run, ct/busybox:1 and
# ct/service:1, in the engine of DOCKER_HOST. No registry: a tar is imported. DIR (.output/images)
# keeps what is compiled. Nothing is done when the engine has them already.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
dir=${1:-${O:-.output}/images}

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

# import IMAGE ROOT CHANGE...
import()
{
	local image=$1 root=$2 sum change changes=()

	shift 2
	sum=$({ (cd "$root" && find . -type f -exec sha256sum {} + | sort); printf '%s\n' "$@"; } |
		sha256sum | cut -d' ' -f1)
	[[ $(docker image inspect -f '{{ index .Config.Labels "ct.sum" }}' "$image" 2> /dev/null) != \
		"$sum" ]] || return 0
	for change in "LABEL ct.sum=$sum" "$@"; do
		changes+=(--change "$change")
	done
	tar -C "$root" --owner=0 --group=0 -c . | docker import "${changes[@]}" - "$image" > /dev/null ||
		die "import '$image': the engine refused it"
}

command -v docker > /dev/null || die "docker is missing; run tools/deps.sh test"
mkdir -p "$dir"
busybox=$(static_busybox)
if [[ ! -x $dir/service || $here/service.c -nt $dir/service ]]; then
	gcc -std=gnu11 -O2 -Wall -Wextra -Wshadow -Werror -static -o "$dir/service.new" \
		"$here/service.c"
	mv "$dir/service.new" "$dir/service"
fi

root=$(mktemp -d "$dir/root.XXXXXX")
trap 'rm -rf "$root"' EXIT
mkdir -p "$root"/{busybox,service}/{bin,dev,etc,proc,root,sys,tmp}
cp "$busybox" "$root/busybox/bin/busybox"
cp "$busybox" "$root/service/bin/busybox"
for applet in $("$busybox" --list); do
	[[ $applet == busybox ]] || ln -s busybox "$root/busybox/bin/$applet"
done
ln -s busybox "$root/service/bin/sh"
cp "$dir/service" "$root/service/service"
path='ENV PATH=/bin'
import ct/busybox:1 "$root/busybox" "$path" 'CMD ["sh"]'
import ct/service:1 "$root/service" "$path" 'ENTRYPOINT ["/service"]' 'CMD ["serve"]'
