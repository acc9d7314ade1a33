# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# SIGKILL of coldtrace leaves no program attached.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

programs_of()
{
	cat "/proc/$1"/fdinfo/* 2> /dev/null | awk '$1 == "prog_id:" { print $2 }' | sort -un
}

names_of()
{
	local id

	for id in $1; do
		bpftool -j prog show id "$id" 2> /dev/null | jq -r '.name // empty'
	done
}

unloaded()
{
	[[ -z $(names_of "$programs") ]]
}

command -v bpftool > /dev/null || { cannot "look at loaded programs" "bpftool is missing"; exit 0; }
# adds_up FILE: the parts of the time until it traces are all of it
adds_up()
{
	awk '/ ms  until it traces$/ { total = $1 } / ms  / { parts += $1; n++ }
		END { exit !(n == 8 && total > 1 && (parts - 2 * total) ^ 2 < 0.5) }' "$1"
}

trace_start trace --steps -v || exit 0
check "-v says where the time went until it traces" adds_up "$OUT/trace.err"
programs=$(programs_of "$CT_PID")
check "its programs are loaded" grep -q ^ct_ <(names_of "$programs")
docker run --rm --name "${P}one" ct/service:1 exit 0 > /dev/null
kill -KILL "$CT_PID"
wait "$CT_PID" 2> /dev/null
CT_PID=
await 20 unloaded
same "none is left after SIGKILL" "" "$(names_of "$programs")"
check "nothing is pinned" sh -c '! find /sys/fs/bpf -name "ct_*" 2> /dev/null | grep .'
check "docker goes on" docker run --rm --name "${P}two" ct/service:1 exit 0

trace_start again || exit 0
docker run --rm --name "${P}three" ct/service:1 exit 0 > /dev/null
trace_stop
says "the next coldtrace works" 1 'of("start"; "ok") | length'
