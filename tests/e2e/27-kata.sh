# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Kata Containers under containerd and by hand: not the real thing, but a STAND-IN (tests/kata) that has
# the programs, the system calls and the dialogues of one, in their order, and no virtual machine: of 1.x,
# as it was recorded (tests/replay/kata-*), and of 2.x and 3.x, as their sources are.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

n=$(as_many 20 6)
STANDIN_OWN=31
kata=$OUT/bin
mkdir -p "$kata"
gcc -std=gnu11 -O2 -Wall -Wextra -Wshadow -Werror -static -o "$kata/containerd-shim-kata-v2" \
	"$CT_LIB"/../kata/*.c || exit 1
for name in qemu-system-x86_64 cloud-hypervisor firecracker virtiofsd kata-runtime kata-proxy kata-shim; do
	ln -sf containerd-shim-kata-v2 "$kata/$name"
done

# machines VMM N VERSION: N containers that run and end by themselves, one that is killed
machines()
{
	local i set=$1-$3

	trace_start "$set" --steps --record "$OUT/$set.ct" || return
	for ((i = 0; i < $2; i++)); do
		cr_ctr run --rm --runtime io.containerd.kata.v2 docker.io/ct/service:1 "$P$set-run-$i" \
			/service exit 7 > "$OUT/run.out" 2>&1
		(($? == 7)) || fail "$set: run $i ends with 7" "$(tail -n 3 "$OUT/run.out")"
	done
	cr_ctr run -d --runtime io.containerd.kata.v2 docker.io/ct/service:1 "$P$set-killed" > "$OUT/run.out" 2>&1
	cr_ctr task kill "$P$set-killed"
	await 10 cr_stopped "$P$set-killed" || fail "$set: a kill ends it"
	cr_ctr task rm "$P$set-killed" > /dev/null 2>&1
	cr_ctr container rm "$P$set-killed"
	trace_stop
	same "$set (stand-in): exit status" 0 "$CT_STATUS"
	says "$set (stand-in): $2 starts and stops, each once, and their exit code" "[$2,$2,[7]]" \
		'[of("start"; "ok"), of("stop"; "ok") | map(select(.name | contains("-run-")))]
			| [(.[] | map(.id) | unique | length), (.[1] | map(.exit_code) | unique)]'
	says "$set (stand-in): a kill is a stop, with the end of the machine" '[1,[137]]' \
		'[of("stop"; "ok")[] | select((.name | endswith("-killed")) and has_phases(["stop", "die", "destroy"]))]
			| [length, map(.exit_code)]'
	says "$set (stand-in): identity" '[["containerd","kata","docker.io/ct/service:1"]]' \
		'[mine | [.engine, .runtime, .image]] | unique'
	says "$set (stand-in): what a start and a stop consist of" '[["create","start","ready","client"],["die","destroy","client"]]' \
		'[[of("start")[], of("stop")[] | select(.name | contains("-run-")) | .phases | keys_unsorted]
			| unique[] | if length > 3 then . else . end] | sort_by(-length)'
	files='"machine","machine"' boots='"guest boot","agent connected"'
	# its 9p server is in the machine; a serial port is there before the guest has booted
	[[ $3 != 1 ]] || files='"machine"' boots='"agent connected","guest boot"'
	says "$set (stand-in): the steps of the machine, in their order, in each start" "[$(($2 + 1)),[[\"shim spawn\",$files,$boots,\"sandbox created\",\"rootfs share\",\"guest details\",\"container created\",\"cpu and memory online\",\"workload started\"]]]" \
		'[of("start")[] | [.steps[] | select(.name | IN("shim spawn", "virtiofsd", "vmm", "agent connected", "guest boot",
			"rootfs share", "sandbox created", "guest details", "container created", "cpu and memory online", "workload started"))] | sort_by(if .name | IN("vmm", "virtiofsd") then .begin_ns else .end_ns // .begin_ns end)
			| reduce .[].name as $s ([]; if index([$s]) then . else . + [$s] end)
			| map(if IN("virtiofsd", "vmm") then "machine" else . end)] | [length, unique]'
	says "$set (stand-in): what the agent is asked to end" "[$(($2 + 1)),[[\"process signal\",\"container removed\",\"sandbox destroyed\"]]]" \
		'[of("stop")[] | [.steps[] | select(.name | IN("process signal", "container removed", "sandbox destroyed"))]
			| sort_by(.begin_ns) | reduce .[].name as $s ([]; if index([$s]) then . else . + [$s] end)] | [length, unique]'
	says "$set (stand-in): it exits before its machine is taken apart" '[]' \
		'[of("stop")[] | .service_end_ns as $exit | .steps[] | select(.name == "container removed" and .begin_ns < $exit)]'
	says "$set (stand-in): what the machine does is no step" '[]' '[of("start")[].steps[] | select(.name | IN("mounts", "memfd"))]'
	says "$set (stand-in): phases tile each record" '[]' untiled
	says "$set (stand-in): nothing lost, nothing unknown" '[0,true,0]' '[lost, (summary | .complete), unknown]'
}

cr_stopped()
{
	cr_ctr task ls | grep -q "^$1 .*STOPPED"
}

# The 9p server of 1.x: so many files, by who was executed as QEMU before it became a daemon
opens()
{
	trace_start opens --opens --record "$OUT/opens.ct" || return
	cr_ctr run --rm --runtime io.containerd.kata.v2 docker.io/ct/service:1 "${P}opens" \
		/service exit 7 > "$OUT/run.out" 2>&1
	trace_stop
	same "opens (stand-in): exit status" 0 "$CT_STATUS"
	"$COLDTRACE" report "$OUT/opens.ct" -c "${P}opens" -o csv-opens > "$OUT/opens.csv" 2> /dev/null
	same "opens (stand-in): 237 files are opened for the guest, all in the view of who serves them" \
		'host 237' "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
			$at["path"] ~ /served-[0-9]"?$/ { n[$at["view"]] += $at["count"] }
			END { for (v in n) print v, n[v] }' "$OUT/opens.csv" | tr -d '"')"
	same "opens (stand-in): and what the machine opens for itself is in one of its own" \
		"machine $STANDIN_OWN" "$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
			$at["path"] ~ /own-[0-9]"?$/ { n[$at["view"]] += $at["count"] }
			END { for (v in n) print v, n[v] }' "$OUT/opens.csv" | tr -d '"')"
}

# by_hand N: kata-runtime of 1.x, in a place of its own
cat > "$OUT/by-hand" << 'END'
run=$1/kata-runtime dir=$2 p=$3 n=$4
export STANDIN_VERSION=1
. "$CT_LIB/bundle.sh"
for ((i = 0; i < n; i++)); do
	bundle_args "$dir/bundle" service exit 7
	"$run" run --bundle "$dir/bundle" "${p}hand-run-$i" < /dev/null > /dev/null
	(($? == 7)) || echo "run $i did not exit with 7"
	bundle_args "$dir/bundle" service
	id=${p}hand-step-$i
	"$run" create --bundle "$dir/bundle" "$id" < /dev/null > /dev/null && "$run" start --bundle "$dir/bundle" "$id" ||
		echo "$id does not start"
	"$run" kill --bundle "$dir/bundle" "$id" KILL || echo "$id does not stop"
	"$run" delete --bundle "$dir/bundle" "$id" || echo "$id is not deleted"
done
END

by_hand()
{
	local dir=$OUT/hand set=hand-1

	mkdir -p "$dir"
	bundle_make "$dir/bundle" || { fail "$set: a bundle is made"; return; }
	trace_start "$set" --steps --record "$OUT/$set.ct" || return
	export CT_LIB
	said=$(place_run "$dir" "$OUT/by-hand" "$kata" "$dir" "$P" "$1" 2>&1)
	same "$set (stand-in): kata-runtime does what it is called for" '' "$said"
	trace_stop
	same "$set (stand-in): exit status" 0 "$CT_STATUS"
	says "$set (stand-in): $1 starts and stops by run and step by step, each once, and their exit codes" \
		"[[$1,$1,[7]],[$1,$1,[137]]]" '[("-run-", "-step-") as $how
			| [of("start"; "ok"), of("stop"; "ok") | map(select(.name | contains($how)))]
			| [(.[] | map(.id) | unique | length), (.[1] | map(.exit_code) | unique)]]'
	says "$set (stand-in): a start ends when kata-runtime start does" '[]' \
		'[of("start")[] | select(.name | contains("-step-")) | ([.steps[] | select(.name == "runtime start") | .end_ns][0]) as $over
			| [.segments[] | select(.phase == "start") | .end_ns | select(. != $over)] | .[]]'
	says "$set (stand-in): what kata-runtime asks the agent for" \
		"[[\"agent connected\",\"guest boot\",\"sandbox created\",\"guest details\",\"container created\",\"cpu and memory online\",\"workload started\"]]" \
		'[of("start")[] | select(.name | contains("-step-")) | [.steps[] | select(.name | IN("agent connected", "guest boot", "sandbox created",
			"guest details", "container created", "cpu and memory online", "workload started"))] | sort_by(.begin_ns) | map(.name)] | unique'
	says "$set (stand-in): what a kill takes apart is die" "$1" \
		'[of("stop")[] | select((.name | contains("-step-")) and has_phases(["stop", "die", "destroy"]))] | length'
	says "$set (stand-in): identity" '[["none","kata"]]' '[mine | [.engine, .runtime]] | unique'
	says "$set (stand-in): nothing lost, nothing unknown" '[0,true,0]' '[lost, (summary | .complete), unknown]'
}
by_hand "$(as_many 10 4)"

# by_docker N: the same below containerd's shim for runc, which reaps what kata-runtime leaves behind
by_docker()
{
	local i pid set=docker-1 name=${P}docker

	trace_start "$set" --steps --record "$OUT/$set.ct" || return
	for ((i = 0; i < $1; i++)); do
		docker run --rm --name "$name-run-$i" --runtime kata-runtime ct/service:1 exit 7 > "$OUT/run.out" 2>&1
		(($? == 7)) || fail "$set: run $i ends with 7" "$(tail -n 3 "$OUT/run.out")"
	done
	docker run -d --name "$name-up" --runtime kata-runtime ct/service:1 > "$OUT/run.out" 2>&1 &&
		pid=$(docker inspect -f '{{.State.Pid}}' "$name-up") &&
		docker restart -t 5 "$name-up" >> "$OUT/run.out" 2>&1 && docker kill "$name-up" >> "$OUT/run.out" 2>&1 &&
		docker rm "$name-up" >> "$OUT/run.out" 2>&1 || fail "$set: starts, restarts, is killed" "$(tail -n 3 "$OUT/run.out")"
	trace_stop
	same "$set (stand-in): exit status" 0 "$CT_STATUS"
	says "$set (stand-in): $1 starts and stops by run, each once, and their exit code; two of what is restarted" \
		"[[$1,$1,[7]],[2,2,[137]]]" '[("-run-", "-up") as $how
			| [of("start"; "ok"), of("stop"; "ok") | map(select(.name | contains($how)))]
			| [(.[] | length), (.[1] | map(.exit_code) | unique)]]'
	says "$set (stand-in): and a restart" '[["-up","ok"]]' \
		'[mine | select(.kind == "restart") | [(.name | capture("(?<at>-up)$").at), .outcome]]'
	says "$set (stand-in): nothing else is told" '["restart","start","stop"]' '[mine | .kind] | unique'
	says "$set (stand-in): the first process is kata-shim, as Docker says" "[${pid:-0}]" \
		'[of("start")[] | select(.name | endswith("-up")) | .init_pid][:1]'
	says "$set (stand-in): what kata-runtime asks the agent for" \
		"[[\"agent connected\",\"guest boot\",\"sandbox created\",\"guest details\",\"container created\",\"cpu and memory online\",\"workload started\"]]" \
		'[of("start")[] | [.steps[] | select(.name | IN("agent connected", "guest boot", "sandbox created",
			"guest details", "container created", "cpu and memory online", "workload started"))] | sort_by(.begin_ns) | map(.name)] | unique'
	says "$set (stand-in): phases tile each record" '[]' untiled
	says "$set (stand-in): identity" '[["docker","kata-runtime","ct/service:1"]]' '[mine | [.engine, .runtime, .image]] | unique'
	says "$set (stand-in): nothing lost, nothing unknown" '[0,true,0]' '[lost, (summary | .complete), unknown]'
}

if [[ -n ${ENGINE_DIR:-} ]]; then
	mkdir -p "$ENGINE_DIR/kata" && cp -P "$kata"/* "$ENGINE_DIR/kata/" && by_docker "$(as_many 10 4)"
else
	cannot "kata-runtime under Docker" "the engine is somebody else's"
fi

# Columns: version, machine; each once as often as the first of them.
while read -r version vmm <&3; do
	STANDIN_VERSION=$version STANDIN_VMM=$vmm STANDIN_OPENS=237 STANDIN_OWN=$STANDIN_OWN PATH=$kata:$PATH containerd_start || exit 1
	count=$n
	[[ $version$vmm == 1qemu* ]] || count=2 # what differs is who is asked, and the name of the machine's program
	machines "$vmm" $count "$version"
	[[ $version$vmm != 1qemu* ]] || opens
	containerd_stop
done 3<< 'END'
1 qemu-system-x86_64
2 qemu-system-x86_64
2 cloud-hypervisor
2 firecracker
3 qemu-system-x86_64
3 cloud-hypervisor
3 firecracker
END
