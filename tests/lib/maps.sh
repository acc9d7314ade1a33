# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A look into the tables of the coldtrace that traces ($CT_PID). Sourced; ends a test where there is no bpftool.

bpftool=$(PATH=$PATH:/usr/sbin type -P bpftool) || { cannot "a look into coldtrace's tables" "there is no bpftool"; exit 0; }

# map_id NAME: of its table of that name
map_id()
{
	local id

	for id in $(sed -n 's/^map_id:[[:space:]]*//p' "/proc/$CT_PID/fdinfo"/*); do
		[[ $("$bpftool" -j map show id "$id" | jq -r .name) != "$1" ]] || echo "$id"
	done | sort -un
}
