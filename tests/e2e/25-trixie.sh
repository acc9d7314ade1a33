# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A newer generation of engines and runtimes than the one that is installed: Debian's next release,
# unpacked beside it and run on this kernel.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/generation.sh
. "$CT_LIB/generation.sh"

suite=trixie
# What they need at run time, what the scripts in there use, and what packages do not ask for.
packages=(bash dash coreutils sed grep tar mount iproute2 procps jq busybox-static docker.io docker-cli containerd runc
	crun podman conmon netavark aardvark-dns passt nftables iptables ca-certificates)

begin=$SECONDS
if ! generation_make "$suite" "$O/$suite" "${packages[@]}" 2> "$OUT/make.err"; then
	cannot "everything of $suite" "its packages do not come: $(tail -n 1 "$OUT/make.err")"
	exit 0
fi
echo "# $suite: $((SECONDS - begin)) s to get it, $(du -sm "$O/$suite" | cut -f1) MiB"
check "$suite comes within 90 s" test $((SECONDS - begin)) -le 90
mkdir -p "$OUT/fs/bin" "$OUT/tmp"
cp "$SERVICE" "$OUT/service"
cp "$SERVICE" "$OUT/fs/bin/service"
chroot "$O/$suite/root" /bin/sh -c 'dockerd --version; containerd --version; runc --version | head -n 1
	crun --version | head -n 1; podman --version' 2> /dev/null | sed 's/^/# /'

# row WHAT CGROUPS N
row()
{
	local said reads

	trace_start "$1" --steps --record "$OUT/$1.ct" || return
	said=$(generation_run "$O/$suite" "$OUT" "$2" bash "$CT_LIB/generation_runs.sh" "$1" "$OUT" "$P" "$3" 2>&1)
	same "$1: everything that is run runs" "" "$said"
	trace_stop
	# Strings of programs that were unpacked a moment ago may not be in memory: a probe cannot wait for them.
	reads=$(ask 'summary | .lost.read')
	((reads == 0)) || echo "# $1: $reads arguments were not in memory"
	same "$1: exit status" $((reads ? 3 : 0)) "$CT_STATUS"
	says "$1: phases tile each record" '[]' untiled
	says "$1: nothing else lost, nothing unknown" "[{},$( ((reads)) && echo false || echo true),0]" \
		'[(losses | del(.read)), (summary | .complete), unknown]'
}

# starts WHAT N IDENTITY START-PHASES STOP-PHASES: N starts and stops of names with WHAT-run-
starts()
{
	says "$1: $2 starts and stops, each once, with their exit code" "[$2,$2,[7]]" \
		'[of("start"; "ok"), of("stop"; "ok") | map(select(.name | startswith($p + $w + "-run-")))]
			| [(.[] | map(.id) | unique | length), (.[1] | map(.exit_code) | unique)]' --arg w "$1"
	says "$1: identity" "[\"$3\"]" '[mine | select(.name | startswith($p + $w + "-run-"))
		| "\(.engine) \(.runtime)"] | unique' --arg w "$1"
	says "$1: every start and stop has the phases that the older generation has" 0 \
		'[mine | select(.name | startswith($p + $w + "-run-"))
			| select((.kind == "start" and (has_phases($start | split(" ")) | not))
				or (.kind == "stop" and (has_phases($stop | split(" ")) | not)))] | length' \
		--arg w "$1" --arg start "$4" --arg stop "$5"
}

many=$(as_many 20 5) few=$(as_many 10 3)
row docker as-here "$many"
starts docker "$many" "docker runc" "create attach connect start ready" "die disconnect destroy"
says "docker: run, stop, start, restart, rm: three starts, three stops, two restarts" '[3,3,2]' \
	'[["start", "stop", "restart"][] as $k | [of($k; "ok")[] | select(.name == $p + "docker-twice")] | length]'
row containerd as-here "$few"
starts ctr "$few" "containerd runc" "create start ready" "die"
row bare 2 "$few"
starts runc "$few" "none runc" "start ready" "die"
starts crun "$few" "none crun" "start ready" "die"
row podman 2 "$few"
for runtime in runc crun; do
	starts "podman-$runtime" "$few" "podman $runtime" "create connect attach start ready" "die disconnect destroy"
done
