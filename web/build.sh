#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# web/build.sh DIR HEADER: the report page into DIR, and a header that says where it is, or that
# it could not be built: coldtrace is then built without it. The library comes from the npm
# registry, in the versions of package-lock.json; WEB=0 leaves it out.
set -euo pipefail
dir=$1 header=$2
here=$(cd "$(dirname "$0")" && pwd)

say()
{
	printf '  WEB      %s\n' "$*" >&2
}

# settle CONTENT: what depends on the header is made again only if it says something new.
settle()
{
	mkdir -p "$(dirname "$header")"
	if ! cmp -s <(printf '%s\n' "$1") "$header"; then
		printf '%s\n' "$1" > "$header"
	fi
	exit 0
}

without()
{
	say "no charts in this build: $1"
	settle "#define CT_WEB_BUNDLED 0"
}

[[ ${WEB:-1} != 0 ]] || without "WEB=0"
for program in node npm; do
	command -v $program > /dev/null || without "$program is missing"
done
mkdir -p "$dir"
cp -r "$here"/{package.json,package-lock.json,build.mjs,page.html,style.css,style,src,licenses} "$dir/"
if ! cmp -s "$here/package-lock.json" "$dir/installed.json"; then
	rm -f "$dir/installed.json"
	(cd "$dir" && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 \
		--fetch-timeout=30000) > "$dir/npm.log" 2>&1 ||
		without "npm ci failed: $(grep -m 1 -E 'npm (error|ERR!)' "$dir/npm.log" || tail -n 1 "$dir/npm.log")"
	cp "$here/package-lock.json" "$dir/installed.json"
fi
(cd "$dir" && node build.mjs .)
sum=$(cat "$dir/head.html" "$dir/tail.html" | sha256sum | cut -c 1-16)
settle "#define CT_WEB_BUNDLED 1
#define CT_WEB_HEAD \"$dir/head.html\"
#define CT_WEB_TAIL \"$dir/tail.html\"
/* $sum */"
