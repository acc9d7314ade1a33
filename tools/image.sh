#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/image.sh [ARCH]...: $O/image/coldtrace.tar, an OCI image layout that 'docker load', 'podman load' and
# 'ctr image import' read, of the static program for amd64 and arm64, or for those named. The same sources and
# compilers give the same bytes, wherever they lie: no time, no owner, no path is in it.
# https://github.com/opencontainers/image-spec: image-layout.md, image-index.md, config.md
set -euo pipefail
cd "$(dirname "$0")/.."
O=$(realpath -m "${O:-.output}")
out=$O/image
name=coldtrace
version=${CT_VERSION:-0.1-$(git describe --tags --always --dirty 2> /dev/null || echo unknown)}
declare -A machine=([amd64]=x86_64 [arm64]=aarch64)

die()
{
	printf 'image: %s\n' "$*" >&2
	exit 1
}

# Of the last commit: what it is of is no secret, and is always the same.
created=$(TZ=UTC0 git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ 2> /dev/null || echo 1970-01-01T00:00:00Z)

# blob FILE: moves it there; DIGEST and SIZE are its
blob()
{
	DIGEST=$(sha256sum < "$1")
	DIGEST=${DIGEST%% *}
	SIZE=$(stat -c %s "$1")
	mv "$1" "$layout/blobs/sha256/$DIGEST"
}

# strip_to MACHINE FILE: what differs by where it was compiled goes, and its number by which debuggers find that
strip_to()
{
	local strip=strip

	[[ $1 == "$(uname -m)" ]] || strip=$1-linux-gnu-strip
	command -v "$strip" > /dev/null || die "'$strip' is missing; run: make test-deps"
	"$strip" -s -R .note.gnu.build-id -o "$2" "$O/static/coldtrace-$1"
}

# add ARCH: its layer, configuration and manifest
add()
{
	local arch=$1 root=$scratch/root layer config

	rm -rf "$root"
	mkdir -p "$root/usr/sbin" "$root/var/lib/coldtrace" "$root/tmp"
	strip_to "${machine[$arch]}" "$root/usr/sbin/coldtrace"
	chmod 755 "$root" "$root/usr" "$root/usr/sbin" "$root/usr/sbin/coldtrace" "$root/var" "$root/var/lib"
	chmod 700 "$root/var/lib/coldtrace"
	chmod 1777 "$root/tmp"
	tar -C "$root" --owner=0 --group=0 --numeric-owner --sort=name --mtime=@0 --format=gnu -cf "$scratch/layer" .
	blob "$scratch/layer"
	layer=$DIGEST
	layer_size=$SIZE
	printf '{"created":"%s","architecture":"%s","os":"linux","config":{"Env":["PATH=/usr/sbin"],"Entrypoint":["/usr/sbin/coldtrace"],"WorkingDir":"/var/lib/coldtrace","Labels":{"org.opencontainers.image.title":"coldtrace","org.opencontainers.image.version":"%s","org.opencontainers.image.licenses":"GPL-2.0-only"}},"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},"history":[{"created":"%s","created_by":"make image"}]}' \
		"$created" "$arch" "$version" "$layer" "$created" > "$scratch/config"
	blob "$scratch/config"
	config=$DIGEST
	printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json","config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:%s","size":%d},"layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"sha256:%s","size":%d}]}' \
		"$config" "$SIZE" "$layer" "$layer_size" > "$scratch/manifest"
	blob "$scratch/manifest"
	manifests+=("$(printf '{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"sha256:%s","size":%d,"platform":{"architecture":"%s","os":"linux"},"annotations":{"io.containerd.image.name":"docker.io/library/%s:latest","org.opencontainers.image.ref.name":"latest"}}' \
		"$DIGEST" "$SIZE" "$arch" "$name")")
	# docker load of versions before 25 knows no layouts, but finds its way by this file
	[[ ${machine[$arch]} != "$(uname -m)" ]] ||
		printf '[{"Config":"blobs/sha256/%s","RepoTags":["%s:latest"],"Layers":["blobs/sha256/%s"]}]' \
			"$config" "$name" "$layer" > "$layout/manifest.json"
}

(($# > 0)) || set -- amd64 arm64
for arch in "$@"; do
	[[ -n ${machine[$arch]:-} ]] || die "no architecture is called '$arch'; there is amd64 and arm64"
	[[ -x $O/static/coldtrace-${machine[$arch]} ]] || die "'$O/static/coldtrace-${machine[$arch]}' is not built; run: make image"
done
mkdir -p "$out"
scratch=$(mktemp -d "$out/.scratch.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
layout=$scratch/layout
mkdir -p "$layout/blobs/sha256"
manifests=()
for arch in "$@"; do
	add "$arch"
done
printf '{"imageLayoutVersion":"1.0.0"}' > "$layout/oci-layout"
printf '{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":[%s]}' \
	"$(IFS=,; echo "${manifests[*]}")" > "$layout/index.json"
chmod -R u=rwX,go=rX "$layout"
tar -C "$layout" --owner=0 --group=0 --numeric-owner --sort=name --mtime=@0 --format=gnu -cf "$scratch/tar" .
mv "$scratch/tar" "$out/$name.tar"
printf '%s  %s\n' "$(sha256sum < "$out/$name.tar" | cut -d' ' -f1)" "$out/$name.tar"
