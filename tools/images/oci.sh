#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/images/oci.sh DIR [COMPILED]: the test images as archives that `ctr image import` reads, one
# OCI image layout each: docker.io/ct/{busybox,service,pause}:1. COMPILED (.output/images) keeps what
# is compiled. https://github.com/opencontainers/image-spec, image-layout.md, config.md.
set -euo pipefail

# shellcheck source=tools/images/roots.sh
. "$(dirname "${BASH_SOURCE[0]}")/roots.sh"
dir=${1:?oci.sh DIR [COMPILED]}
compiled=${2:-${O:-.output}/images}

# blob LAYOUT FILE: moves it there, says "DIGEST SIZE"
blob()
{
	local sum size

	sum=$(sha256sum < "$2")
	sum=${sum%% *}
	size=$(stat -c %s "$2")
	mv "$2" "$1/blobs/sha256/$sum"
	printf 'sha256:%s %s\n' "$sum" "$size"
}

# pack NAME ROOT CONFIG: CONFIG is the object "config" of the image's configuration
pack()
{
	local layout=$dir/$1.layout arch layer size config config_size manifest manifest_size

	case $(uname -m) in
	x86_64) arch=amd64 ;;
	aarch64) arch=arm64 ;;
	*) arch=$(uname -m) ;;
	esac
	mkdir -p "$layout/blobs/sha256"
	tar -C "$2" --owner=0 --group=0 --sort=name --mtime=@0 -cf "$dir/layer" .
	read -r layer size < <(blob "$layout" "$dir/layer")
	printf '{"architecture":"%s","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["%s"]}}' \
		"$arch" "$3" "$layer" > "$dir/config"
	read -r config config_size < <(blob "$layout" "$dir/config")
	cat > "$dir/manifest" <<-END
		{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",
		 "config":{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"$config","size":$config_size},
		 "layers":[{"mediaType":"application/vnd.oci.image.layer.v1.tar","digest":"$layer","size":$size}]}
	END
	read -r manifest manifest_size < <(blob "$layout" "$dir/manifest")
	printf '{"imageLayoutVersion":"1.0.0"}' > "$layout/oci-layout"
	cat > "$layout/index.json" <<-END
		{"schemaVersion":2,"manifests":[
		 {"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"$manifest","size":$manifest_size,
		  "annotations":{"io.containerd.image.name":"docker.io/ct/$1:1","org.opencontainers.image.ref.name":"1"}}]}
	END
	tar -C "$layout" -cf "$dir/$1.tar" .
	rm -rf "$layout"
}

mkdir -p "$dir"
images_compile "$compiled"
roots=$(mktemp -d "$dir/root.XXXXXX")
trap 'rm -rf "$roots"' EXIT
images_roots "$compiled" "$roots"
pack busybox "$roots/busybox" '{"Env":["PATH=/bin"],"Cmd":["sh"]}'
pack service "$roots/service" '{"Env":["PATH=/bin"],"Entrypoint":["/service"],"Cmd":["serve"]}'
pack pause "$roots/pause" '{"Entrypoint":["/pause"]}'
