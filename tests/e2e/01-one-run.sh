# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# One service per runtime: every phase is there, and they add up.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

trace_start trace || exit 0
say_missing_runtimes
for runtime in $(runtimes); do
	svc_up "$P$runtime" --rm --runtime "$runtime" && svc_down "$P$runtime"
done
trace_stop
same "exit status" 0 "$CT_STATUS"

for runtime in $(runtimes); do
	# the second succeeds the first, which ran the same: that restart is 02's matter
	one='[mine | select(.runtime == $r and .kind != "restart")]'
	says "$runtime: one start and one stop, ok" '["start ok","stop ok"]' \
		"$one | map(\"\\(.kind) \\(.outcome)\")" --arg r "$runtime"
	says "$runtime: the start has all its phases" true \
		"$one | .[0] | has_phases([\"create\", \"attach\", \"connect\", \"start\", \"ready\"])" \
		--arg r "$runtime"
	says "$runtime: the stop has all its phases" true \
		"$one | .[1] | has_phases([\"stop\", \"die\", \"disconnect\", \"destroy\"])" \
		--arg r "$runtime"
	says "$runtime: identity" "[\"${P}$runtime\",\"ct/service:1\",\"docker\",true]" \
		"$one | .[0] | [.name, .image, .engine, .init_pid > 1]" --arg r "$runtime"
	says "$runtime: the stop is removed, exit code 0" '[true,0]' \
		"$one | .[1] | [.removed, .exit_code]" --arg r "$runtime"
	says "$runtime: ready because it wrote" '"output"' "$one | .[0].ready.by | tojson" \
		--arg r "$runtime"
done
says "phases tile each record" '[]' untiled
says "first line is the session, last the summary" '["session","summary"]' '[.[0].kind, .[-1].kind]'
says "nothing lost" '[0,true]' '[lost, (summary | .complete)]'
says "nothing unknown" 0 unknown
