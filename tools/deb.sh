#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/deb.sh [ARCH]...: packages of Debian 12 in $O/deb, of amd64 and arm64 or of those named. What git knows
# of is built, as it is now. The version is how many commits there are and which was the last, so that each
# is an upgrade of those before it; DEB_VERSION is another.
#
# Another architecture than this is compiled with Debian's cross compiler against libraries that are unpacked
# from its packages; nothing of it is installed. It depends on what the package of this one depends on.
set -euo pipefail
cd "$(dirname "$0")/.."
O=$(realpath -m "${O:-.output}")
out=$O/deb
src=$out/src
own=$(dpkg --print-architecture)

die()
{
	printf 'deb: %s\n' "$*" >&2
	exit 1
}

for program in dpkg-buildpackage dh git; do
	command -v "$program" > /dev/null || die "'$program' is missing; run: make test-deps"
done

version=${DEB_VERSION:-0.1+r$(git rev-list --count HEAD).g$(git rev-parse --short HEAD)}

# Each file with its own time: what has not changed is not compiled again.
copy()
{
	rm -rf "$src"
	mkdir -p "$src"
	git ls-files -z | while IFS= read -rd '' file; do
		[[ ! -e $file ]] || printf '%s\0' "$file"
	done | tar --null -T - -c | tar -C "$src" -x
	printf 'coldtrace (%s) unstable; urgency=medium\n\n  * As of %s.\n\n -- %s  %s\n' "$version" \
		"$(git log -1 --format=%h)" "$(sed -n 's/^Maintainer: //p' debian/control)" \
		"$(git log -1 --format=%cD)" > "$src/debian/changelog"
}

gnu()
{
	dpkg-architecture -A "$1" -q DEB_HOST_GNU_CPU
}

# build ARCH [NAME=VALUE]...
build()
{
	local arch=$1 log=$out/$1.log

	shift
	(
		cd "$src"
		unset MAKEFLAGS MAKELEVEL O V CFLAGS CPPFLAGS LDFLAGS
		env BUILD="$out/build-$arch" DEB_BUILD_OPTIONS="nocheck parallel=2 noautodbgsym" "$@" \
			dpkg-buildpackage -a "$arch" -b -us -uc -d
	) > "$log" 2>&1 || die "package of $arch: $(grep -m 3 -iE 'error|\*\*\*' "$log" || tail -n 3 "$log"); all of it is in '$log'"
	printf '%s\n' "$out/coldtrace_${version}_$arch.deb"
}

# cross ARCH
cross()
{
	local arch=$1 gcc shlibs sysroot=$O/debs/deb-$1 triplet

	triplet=$(gnu "$arch")-linux-gnu
	gcc=$triplet-gcc
	command -v "$gcc" > /dev/null || die "'$gcc' is missing; run: make test-deps"
	tools/debs.sh bookworm "$arch" "$sysroot" libbpf-dev libbpf1 libelf-dev libelf1 zlib1g-dev zlib1g libdeflate-dev \
		libdeflate0 libzstd-dev libzstd1 libjansson-dev libjansson4 libmicrohttpd-dev libmicrohttpd12 libcurl4-openssl-dev libcurl4 \
		libprotobuf-c-dev libprotobuf-c1 uthash-dev
	shlibs=$(dpkg-deb -f "$out/coldtrace_${version}_$own.deb" Depends)
	build "$arch" SHLIBS="$shlibs" COMPLETER="$out/build-$own/coldtrace" CROSS_CC="$gcc \
		-isystem $sysroot/files/usr/include -isystem $sysroot/files/usr/include/$triplet \
		-L$sysroot/files/usr/lib/$triplet -L$sysroot/files/lib/$triplet -Wl,--allow-shlib-undefined"
}

mkdir -p "$out"
exec 9> "$out/lock"
flock 9
copy
(($# > 0)) || set -- amd64 arm64
[[ " $* " != *" $own "* ]] || build "$own"
for arch in "$@"; do
	[[ $arch == "$own" ]] && continue
	[[ -e $out/coldtrace_${version}_$own.deb ]] || build "$own" > /dev/null
	cross "$arch"
done
