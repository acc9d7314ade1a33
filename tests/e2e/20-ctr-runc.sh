# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# containerd without Docker, its shim for runc, `ctr` as the client.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"

none_left()
{
	[[ -z $(cr_ctr container ls -q) ]]
}

has_stopped()
{
	cr_ctr task ls | grep -q "^$1 .*STOPPED"
}

containerd_start || exit 1
n=$(as_many 20 8)
ctr_restarts runc $n && ctr_counts $n runc && ctr_truth $n

# As fast as the machine can, at most so many at once as it has processors twice over.
n=$(as_many 50 20)
trace_start burst --ready exec || exit 0
seq $n | cr_in xargs -P 4 -I{} ctr -a "$CR_SOCK" run --rm docker.io/ct/busybox:1 "${P}b{}" true
await 10 none_left || fail "burst: none is left"
trace_stop
wanted=$(printf "${P}b%s\n" $(seq $n) | sort)
same "burst: exit status" 0 "$CT_STATUS"
same "burst: each start once" "$wanted" "$(ask 'of("start"; "ok")[].id' | sort)"
same "burst: each stop once" "$wanted" "$(ask 'of("stop"; "ok")[].id' | sort)"
says "burst: nothing lost" '[0,true]' '[lost, (summary | .complete)]'
says "burst: phases tile each record" '[]' untiled
says "burst: no two have one first process" $n '[of("start")[].init_pid] | unique | length'
says "burst: a start and its stop are of one process" 0 \
	'[mine | {id, init_pid}] | unique | length - ('$n')'

# The same id in two namespaces: two containers.
trace_start namespaces --ready exec || exit 0
cr_ctr -n k8s.io image ls -q > "$OUT/images"
for ns in ct-one ct-two; do
	cr_ctr namespaces create "$ns"
	cr_ctr -n "$ns" image import "$CR_DIR/images/busybox.tar" > "$OUT/import.$ns"
done
cr_ctr -n ct-one run --rm docker.io/ct/busybox:1 "${P}same" sleep 1 &
one=$!
cr_ctr -n ct-two run --rm docker.io/ct/busybox:1 "${P}same" sleep 0.3
wait $one
trace_stop
# runc makes a cgroup per namespace, and removes the container's alone
for ns in ct-one ct-two; do
	find /sys/fs/cgroup -maxdepth 2 -type d -name "$ns" -exec rmdir {} + 2> /dev/null
done
same "no cgroup of theirs is left" "" "$(find /sys/fs/cgroup -maxdepth 2 -name 'ct-one' -o -maxdepth 2 -name 'ct-two')"
says "one id in two namespaces: two starts, two stops" '[2,2]' '[of("start"), of("stop") | length]'
says "each with its own process" 2 '[of("start")[].init_pid] | unique | length'
says "nobody succeeds the other" 0 'of("restart") | length'
says "the shorter one ends first" true \
	'[of("stop")[] | .run_ns] | sort | .[0] < 700000000 and .[1] > 700000000'

# What is told to read its configuration anew, and ends by itself later.
trace_start reload --ready exec || exit 0
cr_ctr run -d docker.io/ct/busybox:1 "${P}reload" sh -c 'trap "" HUP; sleep 2' > "$OUT/run.reload" 2>&1
cr_ctr task kill -s SIGHUP "${P}reload" || fail "ctr task kill -s SIGHUP"
await 10 has_stopped "${P}reload" || fail "it ends"
cr_ctr container rm "${P}reload" > "$OUT/rm.reload" 2>&1
trace_stop
says "a signal that is not sent to end begins no stop" '[null]' '[of("stop")[].phases.stop]'

# A start that fails says so.
trace_start failed || exit 0
cr_ctr run --rm docker.io/ct/busybox:1 "${P}none" nothing-of-that-name 2> "$OUT/said" && fail "it fails"
trace_stop
says "a program that is not there: one failed start" '[["start","failed","create"]]' \
	'[mine | select(.kind != "remove") | [.kind, .outcome, .failed.phase]]'
says "with containerd's words" true 'of("start")[0].failed.message | test("executable file not found")'

# Begun while events were lost: found again, and its end is told with what it ended with.
trace_start meanwhile --ring 65536 --ready exec || exit 0
kill -STOP "$CT_PID"
for ((i = 0; i < 8; i++)); do
	cr_ctr run --rm docker.io/ct/busybox:1 "${P}noise$i" true
done
cr_ctr run -d docker.io/ct/busybox:1 "${P}meanwhile" sleep 300
kill -CONT "$CT_PID"
sleep 3
cr_ctr task kill -s KILL "${P}meanwhile"
await 10 has_stopped "${P}meanwhile" || fail "meanwhile: it stops"
cr_ctr task rm "${P}meanwhile" > /dev/null 2>&1
cr_ctr container rm "${P}meanwhile"
trace_stop
same "meanwhile: what was lost is said" 3 "$CT_STATUS"
says "meanwhile: its end, once" '["ok",137]' \
	'[mine | select(.id == $p + "meanwhile" and .kind == "stop")] | if length == 1 then .[0] | [.outcome, .exit_code] else length end'
