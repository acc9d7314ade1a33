# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Strings that containers choose: control bytes, quotes, newlines, 4 KiB paths. Why the last of these failed is said in more
# than an event carries, which is lost to whoever traces beside it: alone.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

nasty=$'\e[2J\e]0;owned\a"q\'\\\n\r\t\x7f\xff{}<b>'
# docker's JSON has no place for bytes that are not UTF-8: the file's name has none
name=${nasty//$'\xff'/é}
segment=$(printf 'd%.0s' {1..200})
long=
for ((i = 0; i < 18; i++)); do
	long+=/$segment
done

# a program at the end of a path of more than 3.6 KB whose name is hostile
mkdir "$OUT/top"
(
	cd "$OUT/top" || exit
	mkdir -p "./$long"
	cd -P ".$long" 2> /dev/null || exit
	cp "$SERVICE" "$name"
) || fail "a long path is made"

trace_start trace --steps -o "table:$OUT/table" || exit 0
docker run --rm --name "${P}path" -v "$OUT/top:/top" --entrypoint "/top$long/$name" ct/service:1 exit 0 \
	> "$OUT/docker.path" 2>&1 || fail "docker runs the program at the long path" "$(head -c 300 "$OUT/docker.path")"
docker run --rm --name "${P}arg" -e "NASTY=$nasty" -l "nasty=$nasty" -w "/w$nasty" ct/busybox:1 \
	echo "$nasty" "${long:0:3500}" > /dev/null 2>&1 || fail "docker runs with hostile arguments"
docker run --rm --name "${P}missing" ct/busybox:1 "/no$nasty" > /dev/null 2>&1 &&
	fail "docker refuses a command that is not there"
docker run --rm --name "${P}toolong" ct/busybox:1 "/$(printf 'x%.0s' {1..4090})" > /dev/null 2>&1 &&
	fail "docker refuses a command of 4 KiB"
docker run --rm --pull never --name "${P}name" "ct/no-such:$nasty" > /dev/null 2>&1 &&
	fail "docker refuses such an image"
trace_stop

check "every line of the JSON parses" jq -e . "$JSON"
check "and is UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null "$JSON"
says "both runs are reported, ok" '["arg","path"]' \
	'[of("start"; "ok")[].name | ltrimstr($p)] | sort'
says "both refusals are reported, failed" '["missing","toolong"]' \
	'[of("start"; "failed")[].name | ltrimstr($p)] | sort'
# Why "toolong" failed is said twice in one header block of more than 4,096 bytes.
says "what is too long to be carried is counted" true '[.[] | select(.lost) | .lost.read] | last >= 1'
check "and said" grep -q 'not readable, or too' "$OUT/table"
says "phases tile each record" '[]' untiled
# no_controls FILE: nothing below space but newline, no DEL
no_controls()
{
	! LC_ALL=C tr -d '\n\40-\176\200-\377' < "$1" | od -An -tx1 | grep .
}
check "the table has text" test -s "$OUT/table"
check "no control byte in the table" no_controls "$OUT/table"
check "no control byte in the JSON" no_controls "$JSON"
check "no control byte in the messages" no_controls "$OUT/trace.err"
check "the table is UTF-8" iconv -f UTF-8 -t UTF-8 -o /dev/null "$OUT/table"
