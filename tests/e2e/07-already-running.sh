# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Containers that run when tracing begins are known: their stop has name, image and runtime.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

say_missing_runtimes
truth=
for runtime in $(runtimes); do
	id=$(docker run -d --name "$P$runtime" --runtime "$runtime" ct/service:1)
	pid=$(docker inspect -f '{{ .State.Pid }}' "$id")
	truth+="$id $P$runtime ct/service:1 $runtime docker $pid 0"$'\n'
done

# peak_below MIB: of what coldtrace had resident until now
peak_below()
{
	local kib

	kib=$(awk '/^VmHWM:/ { print $2 }' "/proc/$CT_PID/status")
	check "$2: $((kib / 1024)) MiB resident at most, $1 are allowed" test "$kib" -lt $(($1 * 1024))
}

# Waits as well, for a moment: it is what takes most.
trace_start why --why || exit 0
peak_below 32 "with --why"
trace_stop

trace_start trace || exit 0
for runtime in $(runtimes); do
	docker stop -t 5 "$P$runtime" > /dev/null
	docker rm "$P$runtime" > /dev/null
done
peak_below 12 "phases"
trace_stop
same "exit status" 0 "$CT_STATUS"
same "every stop says whose it is" "${truth%$'\n'}" \
	"$(ask 'of("stop"; "ok")[] | "\(.id) \(.name) \(.image) \(.runtime) \(.engine) \(.init_pid) \(.exit_code)"')"
says "nothing started" 0 'of("start") | length'
says "phases tile each record" '[]' untiled
says "nothing lost" 0 lost
