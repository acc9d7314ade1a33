# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Kata Containers under containerd: not the real thing, but a STAND-IN (tests/kata) that has the
# programs, the system calls and the dialogues of one, in their order, and no virtual machine.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"

n=$(as_many 20 10)
kata=$OUT/bin
mkdir -p "$kata"
gcc -std=gnu11 -O2 -Wall -Wextra -Wshadow -Werror -static -o "$kata/containerd-shim-kata-v2" \
	"$CT_LIB"/../kata/*.c || exit 1
for name in qemu-system-x86_64 cloud-hypervisor firecracker virtiofsd; do
	ln -sf containerd-shim-kata-v2 "$kata/$name"
done

# machines VMM N: N containers that run and end by themselves, one that is killed
machines()
{
	local i

	trace_start "$1" --steps --record "$OUT/$1.ct" || return
	for ((i = 0; i < $2; i++)); do
		cr_ctr run --rm --runtime io.containerd.kata.v2 docker.io/ct/service:1 "$P$1-run-$i" \
			/service exit 7 > "$OUT/run.out" 2>&1
		(($? == 7)) || fail "$1: run $i ends with 7" "$(tail -n 3 "$OUT/run.out")"
	done
	cr_ctr run -d --runtime io.containerd.kata.v2 docker.io/ct/service:1 "$P$1-killed" > "$OUT/run.out" 2>&1
	cr_ctr task kill "$P$1-killed"
	await 10 cr_stopped "$P$1-killed" || fail "$1: a kill ends it"
	cr_ctr task rm "$P$1-killed" > /dev/null 2>&1
	cr_ctr container rm "$P$1-killed"
	trace_stop
	same "$1 (stand-in): exit status" 0 "$CT_STATUS"
	says "$1 (stand-in): $2 starts and stops, each once, and their exit code" "[$2,$2,[7]]" \
		'[of("start"; "ok"), of("stop"; "ok") | map(select(.name | contains("-run-")))]
			| [(.[] | map(.id) | unique | length), (.[1] | map(.exit_code) | unique)]'
	says "$1 (stand-in): a kill is a stop, with the end of the machine" '[1,[143]]' \
		'[of("stop"; "ok")[] | select((.name | endswith("-killed")) and has_phases(["stop", "die", "destroy"]))]
			| [length, map(.exit_code)]'
	says "$1 (stand-in): identity" '[["containerd","kata","docker.io/ct/service:1"]]' \
		'[mine | [.engine, .runtime, .image]] | unique'
	says "$1 (stand-in): what a start and a stop consist of" '[["create","start","ready","client"],["die","destroy","client"]]' \
		'[[of("start")[], of("stop")[] | select(.name | contains("-run-")) | .phases | keys_unsorted]
			| unique[] | if length > 3 then . else . end] | sort_by(-length)'
	says "$1 (stand-in): the steps of the machine, in their order, in each start" "[$(($2 + 1)),[[\"shim spawn\",\"machine\",\"machine\",\"agent connected\",\"rootfs share\",\"sandbox created\",\"container created\",\"workload started\"]]]" \
		'[of("start")[] | [.steps[] | select(.name | IN("shim spawn", "virtiofsd", "vmm", "agent connected",
			"rootfs share", "sandbox created", "container created", "workload started"))] | sort_by(.end_ns // .begin_ns)
			| reduce .[].name as $s ([]; if index([$s]) then . else . + [$s] end)
			| map(if IN("virtiofsd", "vmm") then "machine" else . end)] | [length, unique]'
	says "$1 (stand-in): phases tile each record" '[]' untiled
	says "$1 (stand-in): nothing lost, nothing unknown" '[0,true,0]' '[lost, (summary | .complete), unknown]'
}

cr_stopped()
{
	cr_ctr task ls | grep -q "^$1 .*STOPPED"
}

for vmm in qemu-system-x86_64 cloud-hypervisor firecracker; do
	STANDIN_VMM=$vmm PATH=$kata:$PATH containerd_start || exit 1
	count=$n
	[[ $vmm == qemu* ]] || count=3 # what differs is the name of the machine's program
	machines $vmm $count
	containerd_stop
done
