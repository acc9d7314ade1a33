#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# debian.sh DIR PACKAGE...: what images are built of, without a network: DIR/debian.tar, Debian 12 with Python;
# DIR/debian-slim.tar, the same without documentation; DIR/archive, an archive for apt with these packages
# and all that they depend on. Kept for a day.
set -euo pipefail
export LC_ALL=C
dir=$(realpath -m "$1")
shift
mapfile -t packages < <(printf '%s\n' "$@" | sort)
mkdir -p "$dir"
exec 9> "$dir/lock"
flock 9
if [[ "${packages[*]}" == "$(cat "$dir/packages" 2> /dev/null)" && -z $(find "$dir/packages" -mmin +1440) ]]; then
	exit 0
fi
# shellcheck disable=SC2016
mirror=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 2> /dev/null |
	awk '$2 == "bookworm" && $3 == "main" && !uri { uri = $1 } END { print uri }')
source="deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] ${mirror:-http://deb.debian.org/debian/} bookworm main"

# base NAME OPTION...: apt in it knows the archive that there will be, and dpkg that nobody needs what it was doing when
# the power failed
base()
{
	local name=$1

	shift
	[[ -z $(find "$dir/$name.tar" -mmin -1440 2> /dev/null) ]] || return 0
	# shellcheck disable=SC2016
	mmdebstrap --quiet --mode=root --variant=minbase --include=python3 --dpkgopt=force-unsafe-io \
		--customize-hook='echo "deb [trusted=yes] http://127.0.0.1:5001 ./" > "$1/etc/apt/sources.list"' \
		"$@" bookworm "$dir/$name.new.tar" - <<< "$source" >&2
	mv "$dir/$name.new.tar" "$dir/$name.tar"
}
[[ -z $(find "$dir/packages" -mmin +1440 2> /dev/null) ]] || rm -f "$dir"/*.tar
rm -rf "$dir"/{packages,archive,apt} "$dir"/*.new.tar
base debian
base debian-slim --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-exclude=/usr/share/man/*' \
	--dpkgopt='path-exclude=/usr/share/info/*' --dpkgopt='path-exclude=/usr/share/locale/*'

# The packages and what they depend on, less what the image has.
mkdir -p "$dir"/apt/{lists,cache/archives}/partial "$dir/archive"
tar -xOf "$dir/debian.tar" ./var/lib/dpkg/status > "$dir/apt/status"
printf '%s\n' "$source" > "$dir/apt/sources.list"
apt=(apt-get -qq -y -o "Dir::State=$dir/apt" -o "Dir::State::status=$dir/apt/status" -o "Dir::Cache=$dir/apt/cache"
	-o "Dir::Etc::sourcelist=$dir/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o Dir::Etc::preferencesparts=/dev/null -o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)
"${apt[@]}" update --error-on=any >&2
"${apt[@]}" install --download-only --no-install-recommends "${packages[@]}" >&2
mv "$dir"/apt/cache/archives/*.deb "$dir/archive"
(cd "$dir/archive" && dpkg-scanpackages -m . > Packages 2> /dev/null)
rm -rf "$dir/apt"
printf '%s\n' "${packages[*]}" > "$dir/packages"
