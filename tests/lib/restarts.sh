# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# restarts RUNTIME N [OPTION]...: restarts a service N times, traced, and collects what else tells the time:
#   $JSON     coldtrace's records
#   $EVENTS   docker events
#   $STAMPS   per restart: id, the host's clocks before it, the service's own at ready and at end
#             (realtime and monotonic each), separated by tabs
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "${BASH_SOURCE[0]}")/e2e.sh"

one_restart()
{
	local clocks

	clocks=$(clocks)
	svc_up "$2" --runtime "$1" || return
	svc_down "$2" || return
	docker rm "$2" > /dev/null || return
	printf '%s\t%s\t%s\t%s\t%s\t%s\t%s\n' "$SVC_ID" "${clocks% *}" "${clocks#* }" \
		"$READY_REAL" "$READY_MONO" "$END_REAL" "$END_MONO" >> "$STAMPS"
}

restarts()
{
	local i

	STAMPS=$OUT/$1.stamps
	: > "$STAMPS"
	events_start "$1"
	trace_start "$1" --ready output "${@:3}" || return
	for ((i = 0; i < $2; i++)); do
		one_restart "$1" "${P}svc" || break
	done
	events_stop destroy "$SVC_ID"
	trace_stop
	((i == $2)) && return
	fail "$2 restarts under $1" "only $i"
	return 1
}
