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
trace_start trace || exit 0
for runtime in $(runtimes); do
	docker stop -t 5 "$P$runtime" > /dev/null
	docker rm "$P$runtime" > /dev/null
done
trace_stop
same "exit status" 0 "$CT_STATUS"
same "every stop says whose it is" "${truth%$'\n'}" \
	"$(ask 'of("stop"; "ok")[] | "\(.id) \(.name) \(.image) \(.runtime) \(.engine) \(.init_pid) \(.exit_code)"')"
says "nothing started" 0 'of("start") | length'
says "phases tile each record" '[]' untiled
says "nothing lost" 0 lost
