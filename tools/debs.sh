#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/debs.sh [--follow REGEX] [--only GLOB] SUITE ARCH DIR PACKAGE...: files of Debian packages, any
# suite and architecture, unpacked below DIR/files. Nothing is installed: apt verifies and downloads
# with lists of its own, beside DIR, and this machine's apt is left as it is. --follow: in place of
# a package that depends on others whose names match, those. --only: files whose paths match. The
# versions are in DIR/versions. Quick if it has been done already and the packages have not changed;
# lists are kept for a day.
set -euo pipefail

keyring=/usr/share/keyrings/debian-archive-keyring.gpg

die()
{
	printf 'debs: %s\n' "$*" >&2
	exit 1
}

follow='' only='*'
while [[ ${1:-} == --* && $# -gt 1 ]]; do
	case $1 in
	--follow) follow=$2 ;;
	--only) only=$2 ;;
	*) break ;;
	esac
	shift 2
done
if (($# < 4)) || [[ $1 == -* ]]; then
	printf 'usage: tools/debs.sh [--follow REGEX] [--only GLOB] SUITE ARCH DIR PACKAGE...\n' >&2
	exit 2
fi
suite=$1 arch=$2 dir=$3
shift 3
for program in apt-get dpkg-deb flock; do
	command -v $program > /dev/null || die "unpack Debian packages: '$program' is missing"
done
[[ -r $keyring ]] || die "verify Debian packages: '$keyring' is missing; install debian-archive-keyring"

dir=$(realpath -m "$dir")
apt=$(dirname "$dir")/apt-$suite-$arch
mkdir -p "$dir" "$apt/lists/partial" "$apt/cache/archives/partial"
exec 9> "$apt/lock"
flock 9

# Where this machine gets Debian from; a suite of security has a place of its own.
mirror()
{
	local like=debian uri

	[[ $suite != *-security ]] || like=debian-security
	# shellcheck disable=SC2016
	uri=$(apt-get indextargets --format '$(REPO_URI) $(ORIGIN) $(LABEL)' 2> /dev/null |
		awk -v like="/$like/\$" '$2 == "Debian" && $1 ~ like && !uri { uri = $1 } END { print uri }')
	printf '%s\n' "${uri:-http://deb.debian.org/$like/}"
}

private=(-qq -o "Dir::State=$apt" -o "Dir::State::status=/dev/null" -o "Dir::Cache=$apt/cache"
	-o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
	-o Dir::Etc::preferencesparts=/dev/null -o "APT::Architecture=$arch" -o "APT::Architectures=$arch"
	-o APT::Sandbox::User=root -o Acquire::Languages=none -o Acquire::Retries=3)

update()
{
	local list=$apt/sources.list new said

	new="deb [signed-by=$keyring] $(mirror) $suite main"
	if [[ $new == "$(cat "$list" 2> /dev/null)" && -z $(find "$list" -mmin +1440) ]]; then
		return
	fi
	printf '%s\n' "$new" > "$list"
	said=$(apt-get "${private[@]}" update --error-on=any 2>&1) || {
		rm -f "$list"
		die "lists of '$suite' for $arch: $(grep -m 1 '^E:' <<< "$said" || tail -n 1 <<< "$said")"
	}
}

# field PACKAGE NAME: of its newest version; nothing if there is no such package
field()
{
	{ apt-cache "${private[@]}" show --no-all-versions "$1" 2> /dev/null || true; } |
		sed -n "s/^$2: //p"
}

# The names that a package depends on, of those that are followed.
depends()
{
	[[ -z $follow ]] || field "$1" Depends | tr , '\n' | sed 's/[(|].*//; s/ //g' | grep -xE "$follow"
}

declare -A wanted=()
# want PACKAGE...
want()
{
	local package version more

	for package in "$@"; do
		[[ -z ${wanted[$package]:-} ]] || continue
		version=$(field "$package" Version)
		[[ -n $version ]] || die "'$suite' has no package '$package' for $arch"
		mapfile -t more < <(depends "$package")
		if ((${#more[@]} > 0)); then
			want "${more[@]}"
		else
			wanted[$package]=$version
		fi
	done
}

# look PACKAGE...: what is wanted, "package version" per line, into $list
look()
{
	local package

	wanted=()
	update
	want "$@"
	list=$(for package in "${!wanted[@]}"; do echo "$package ${wanted[$package]}"; done | sort)
}

download()
{
	rm -rf "$dir/versions" "$dir/files" "$dir/debs"
	mkdir "$dir/files" "$dir/debs"
	cd "$dir/debs"
	# shellcheck disable=SC2046
	said=$(apt-get "${private[@]}" download $(tr ' ' = <<< "$list") 2>&1)
}

look "$@"
[[ $list != "$(cat "$dir/versions" 2> /dev/null)" ]] || exit 0
if ! download; then
	# the archive keeps no version that a list of yesterday names
	rm -f "$apt/sources.list"
	look "$@"
	download ||
		die "download of '$suite' for $arch: $(grep -m 1 '^E:' <<< "$said" || tail -n 1 <<< "$said")"
fi
for deb in *.deb; do
	dpkg-deb --fsys-tarfile "$deb" | tar -C "$dir/files" -x --wildcards --no-anchored "$only" ||
		die "unpack '$only' of '$deb'"
done
rm -rf "$dir/debs"
printf '%s\n' "$list" > "$dir/versions"
