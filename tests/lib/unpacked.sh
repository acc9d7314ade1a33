# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only

# unpacked DIR PACKAGE PROGRAM...: programs of a package of Debian in DIR: unpacked and not installed, for the
# package would set up a service. Only the programs stay: make takes directories that end in .d for lists of
# dependencies.
unpacked()
{
	local dir=$1 package=$2 scratch deb program have=yes

	shift 2
	for program; do
		[[ -x $dir/$program ]] || have=
	done
	[[ -z $have ]] || return 0
	mkdir -p "$dir"
	scratch=$(mktemp -d)
	(cd "$scratch" && apt-get -qq -o APT::Sandbox::User=root download "$package") || {
		echo "apt-get could not download the package $package; run: apt-get update" >&2
		return 1
	}
	deb=("$scratch/$package"_*.deb)
	dpkg-deb -x "${deb[0]}" "$scratch"
	for program; do
		mv "$scratch/usr/bin/$program" "$dir"
	done
	rm -rf "$scratch"
}
