#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/images/make.sh [DIR]: makes the images that tests and the demo run, ct/busybox:1 and
# ct/service:1, in the engine of DOCKER_HOST. No registry: a tar is imported. DIR (.output/images)
# keeps what is compiled. Nothing is done when the engine has them already.
set -euo pipefail

# shellcheck source=tools/images/roots.sh
. "$(dirname "${BASH_SOURCE[0]}")/roots.sh"
dir=${1:-${O:-.output}/images}

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
images_compile "$dir"
root=$(mktemp -d "$dir/root.XXXXXX")
trap 'rm -rf "$root"' EXIT
images_roots "$dir" "$root"
path='ENV PATH=/bin'
import ct/busybox:1 "$root/busybox" "$path" 'CMD ["sh"]'
import ct/service:1 "$root/service" "$path" 'ENTRYPOINT ["/service"]' 'CMD ["serve"]'
