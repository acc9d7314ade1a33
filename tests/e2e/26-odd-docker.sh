# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Docker in other ways than `run` and `stop`: --init, --pid, --network, --restart; bursts of one
# client; two engines with the same names at once; several runtimes in one engine; an engine inside
# a container.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

n=$(as_many 20 8)
top=$(cd "$(dirname "$0")/../.." && pwd)
first=$DOCKER_HOST first_dir=$ENGINE_DIR first_pid=$ENGINE_PID

# Both have containers of this test; the second is its own.
cleanup()
{
	DOCKER_HOST=$first e2e_cleanup
	[[ $ENGINE_DIR == "$first_dir" ]] || engine_stop
}
trap cleanup EXIT

# runs MODE CODE OPTION...: N containers one after another. By their arguments those of one mode are
# successors of each other, so the codes differ.
runs()
{
	local mode=$1 code=$2 i

	shift 2
	for ((i = 0; i < n; i++)); do
		docker run --rm --name "$P$mode-$i" --cidfile "$OUT/$mode-$i.cid" "$@" ct/service:1 exit "$code" \
			< /dev/null > "$OUT/$mode-$i.out" 2>&1
		(($? == code)) || echo "$mode-$i does not exit with $code: $(tail -n 2 "$OUT/$mode-$i.out")"
	done
}

# together FILE COMMAND...: all at once; what they say is in the file
together()
{
	local file=$1 command pids=()

	shift
	for command; do
		# words of this test: no blanks in them
		# shellcheck disable=SC2086
		$command >> "$file" 2>&1 &
		pids+=($!)
	done
	touch "$file"
	wait "${pids[@]}"
}

# check_runs MODE CODE [PHASE]: each once, its own id, its phases
check_runs()
{
	local i

	says "$1: $n starts and stops" "[$n,$n]" \
		'[of("start"; "ok"), of("stop"; "ok") | map(select(.name | startswith($p + $m + "-")) | .id)
			| unique | length]' --arg m "$1"
	for ((i = 0; i < n; i++)); do
		printf '%s %s\n' "$(cat "$OUT/$1-$i.cid")" "$P$1-$i"
	done | sort > "$OUT/$1.truth"
	same "$1: ids and names belong together" "$(< "$OUT/$1.truth")" \
		"$(ask 'of("start")[] | select(.name | startswith($p + $m + "-")) | "\(.id) \(.name)"' \
			--arg m "$1" | sort)"
	says "$1: all phases, and the exit code" "[0,[$2]]" \
		'[mine | select(.name | startswith($p + $m + "-"))] | [(map(select(has_phases(if .kind == "start"
			then ["create", "start", "ready"] + ($c | split(" ")) else ["die", "disconnect", "destroy"] end)
			| not)) | length), (map(select(.kind == "stop") | .exit_code) | unique)]' --arg m "$1" --arg c "${3-connect}"
}

# whole NAME: nothing was lost. As in test 25, arguments of others too may not be in memory, or a file of theirs be gone.
whole()
{
	local reads

	reads=$(ask 'summary | .lost.read')
	((reads == 0)) || echo "# $1: $reads arguments or files were not read: $(grep -h '^coldtrace: ' "$OUT/$1.err" | head -n 3)"
	same "$1: exit status" $((reads ? 3 : 0)) "$CT_STATUS"
	says "$1: nothing else lost" "[{},$( ((reads)) && echo false || echo true)]" '[(losses | del(.read)), (summary | .complete)]'
}

# end_of_trace NAME: what is true of all of it
end_of_trace()
{
	trace_stop
	whole "$1"
	says "$1: phases tile each record" '[]' untiled
	# where a start by policy is connected, is not always seen
	says "$1: no phase unknown" '[]' '[mine | . as $r | .phases | to_entries[] | select(.value == null)
		| select($r.cause != "restart-policy" or .key != "connect") | "\($r.kind) \($r.name) \(.key)"]'
}

modes()
{
	docker run -d --name "${P}peer" --network none ct/service:1 > /dev/null
	trace_start modes || return
	together "$OUT/modes.said" "runs init 11 --init" "runs pid-host 12 --pid=host" \
		"runs net-none 13 --network=none" "runs net-host 14 --network=host" \
		"runs net-container 15 --network=container:${P}peer"
	same "five ways at once: everything that is run runs" "" "$(< "$OUT/modes.said")"
	for ((i = 0; i < 5; i++)); do
		docker run -d --restart=on-failure:3 --name "${P}again-$i" ct/service:1 exit 3 "$i" > /dev/null
	done
	await 30 again_gave_up
	end_of_trace modes
	check_runs init 11
	check_runs pid-host 12
	check_runs net-none 13
	check_runs net-host 14
	check_runs net-container 15 ''
	says "net-container: who is in another's network is not connected" '[]' \
		'[of("start")[] | select(.name | startswith($p + "net-container-")) | .phases | select(has("connect")) | .connect]'
	says "on-failure:3: each is started four times, once on request" '[20,5,15,20,15]' \
		'[of("start"; "ok")[] | select(.name | startswith($p + "again-"))] as $s
		| [($s | length), ($s | map(select(.cause == "request")) | length),
			($s | map(select(.cause == "restart-policy")) | length),
			([of("stop")[] | select((.name | startswith($p + "again-")) and .exit_code == 3)] | length),
			([of("restart"; "ok")[] | select(.name | startswith($p + "again-"))] | length)]'
	docker rm -f "${P}peer" > /dev/null
	for ((i = 0; i < 5; i++)); do
		docker rm "${P}again-$i" > /dev/null
	done
}

again_gave_up()
{
	[[ $(docker inspect -f '{{.RestartCount}} {{.State.Status}}' "${P}again-"{0,1,2,3,4} | sort -u) == "3 exited" ]]
}

burst()
{
	trace_start burst || return
	"$CT_LIB/burst.py" "${first#unix://}" "${P}burst-" 8 3 > "$OUT/burst.truth" 2> "$OUT/burst.err"
	same "one client creates, starts, stops and removes 8 at once, thrice" "" "$(< "$OUT/burst.err")"
	end_of_trace burst
	says "burst: 24 starts and stops, each once" '[24,24]' \
		'[of("start"; "ok"), of("stop"; "ok") | map(.id) | unique | length]'
	same "burst: ids and names belong together" "$(sort "$OUT/burst.truth")" \
		"$(ask 'of("start")[] | "\(.id) \(.name)"' | sort)"
	says "burst: all phases" 0 \
		'[mine | select(.kind == "start" or .kind == "stop") | select(has_phases(if .kind == "start" then
			["create", "connect", "start", "ready"] else ["stop", "die", "disconnect", "destroy"] end)
			| not)] | length'
}

# crun wants version 2 of cgroups alone, and a memlock limit that its device filter need not raise.
second_config()
{
	printf '#!/bin/sh\nexec unshare -m sh -c '\''umount -R /sys/fs/cgroup; mount -t cgroup2 cgroup2 /sys/fs/cgroup
exec crun --cgroup-manager=disabled "$@"'\'' sh "$@"\n' > "$ENGINE_DIR/crun"
	chmod +x "$ENGINE_DIR/crun"
	first_config | jq --arg crun "$ENGINE_DIR/crun" '.runtimes.crun = {path: $crun}'
}
eval "first_config() $(declare -f engine_config | tail -n +2)"

second_start()
{
	engine_config()
	{
		second_config
	}
	ENGINE_DIR='' ENGINE_PID=''
	engine_start && "$top/tools/images/make.sh" "$O/images" && second=$DOCKER_HOST && DOCKER_HOST=$first
}

# same_names ENGINE CODE: one name again and again, stopped and removed by that name
same_names()
{
	local i

	export DOCKER_HOST=$2
	for ((i = 0; i < n; i++)); do
		docker run -d --name "${P}same" --cidfile "$OUT/same-$1-$i.cid" --network none ct/service:1 > /dev/null &&
			docker stop -t 2 "${P}same" > /dev/null && docker rm "${P}same" > /dev/null ||
			echo "round $i of engine $1 fails"
	done
}

two_engines()
{
	local engine

	trace_start two || return
	together "$OUT/two.said" "same_names 1 $first" "same_names 2 $second"
	same "two engines: everything that is run runs" "" "$(< "$OUT/two.said")"
	end_of_trace two
	for engine in 1 2; do
		cat "$OUT/same-$engine-"*.cid | sed 's/$/ /' | tr -d '\n' > "$OUT/same-$engine.ids"
	done
	says "two engines: $n starts and stops in each" "[$n,$n,$n,$n]" \
		'[($one, $two) as $ids | of("start"; "ok"), of("stop"; "ok")
			| map(.id | select(. as $id | $ids | contains($id))) | unique | length]' \
		--rawfile one "$OUT/same-1.ids" --rawfile two "$OUT/same-2.ids"
	says "two engines: every stop was asked for, and nothing is there twice" "[$((2 * n)),$((2 * n))]" \
		'[of("stop")[] | select(has_phases(["stop", "die", "disconnect", "destroy"]))] | [length, (unique_by(.id) | length)]'
	says "two engines: nobody succeeds a container of the other" "[$((2 * n - 2)),0]" \
		'[of("restart")[]] | [length, (map(select((.id as $i | $one | contains($i))
			!= (.predecessor.id as $i | $one | contains($i)))) | length)]' --rawfile one "$OUT/same-1.ids"
}

# Each as fast as it goes, all at once, in one engine.
several_runtimes()
{
	local runtime i commands=()

	DOCKER_HOST=$second
	trace_start several || return
	for runtime in runc crun runsc; do
		if ! docker run --rm --runtime "$runtime" --network none --name "${P}probe" ct/service:1 exit 0 \
			> "$OUT/$runtime.probe" 2>&1; then
			cannot "$runtime in an engine with others" "$(tail -n 1 "$OUT/$runtime.probe")"
			continue
		fi
		some+=("$runtime")
		commands+=("runs $runtime $((21 + ${#some[@]})) --runtime $runtime --network none")
	done
	together "$OUT/several.said" "${commands[@]}"
	end_of_trace several
	DOCKER_HOST=$first
	same "several runtimes: everything that is run runs" "" "$(< "$OUT/several.said")"
	for ((i = 0; i < ${#some[@]}; i++)); do
		runtime=${some[i]}
		check_runs "$runtime" $((22 + i))
		says "$runtime: that is what they are said to have" "[\"$runtime\"]" \
			'[mine | select(.name | startswith($p + $m + "-")) | .runtime] | unique' --arg m "$runtime"
	done
}

# The engine inside has its own numbers for processes, and is made of processes of a container.
nested()
{
	local dir=$OUT/nested i rounds=5 cap caps=()

	mkdir -p "$dir"
	docker save -o "$dir/image.tar" ct/service:1
	for cap in SYS_ADMIN NET_ADMIN SYS_PTRACE; do
		caps+=(--cap-add "$cap")
	done
	trace_start nested || return
	docker run --rm --name "${P}outer" --cidfile "$dir/outer.cid" "${caps[@]}" --network none \
		--security-opt seccomp=unconfined --security-opt apparmor=unconfined \
		--security-opt systempaths=unconfined --tmpfs /run:exec --volume /inner \
		-v /usr:/usr:ro -v /lib:/lib:ro -v /lib64:/lib64:ro -v /etc:/etc:ro -v "$dir:$dir" \
		-v "$CT_LIB:$CT_LIB:ro" --entrypoint sh ct/busybox:1 "$CT_LIB/nested.sh" "$dir" "$P" $rounds \
		> "$OUT/nested.said" 2>&1
	trace_stop
	if grep -q "does not answer" "$OUT/nested.said"; then
		cannot "an engine in a container" "$(tail -n 1 "$OUT/nested.said")"
		return
	fi
	same "nested: everything that is run runs" "" "$(< "$OUT/nested.said")"
	whole nested
	for ((i = 0; i < rounds; i++)); do
		cat "$dir/$i.cid"
		echo
	done | cat - "$dir/stopped.cid" | sort > "$dir/truth"
	same "nested: the inner containers are reported with the ids that they have there" "$(< "$dir/truth")" \
		"$(ask 'of("start"; "ok")[] | select(.name == $p + "inner") | .id' | sort)"
	says "nested: their stops too, with their exit codes" "[[0,1],[3,$rounds]]" \
		'[of("stop"; "ok")[] | select(.name == $p + "inner") | .exit_code] | group_by(.) | map([.[0], length])'
	says "nested: the one that was stopped has all phases" 1 \
		'[of("stop"; "ok")[] | select(.name == $p + "inner" and has_phases(["stop", "die", "disconnect", "destroy"]))]
			| length'
	says "nested: the outer one is what it is" "[\"$(< "$dir/outer.cid")\",\"start\",\"stop\"]" \
		'[mine | select(.name == $p + "outer")] | [.[0].id, .[].kind]'
	says "nested: phases tile each record" '[]' untiled
	says "nested: nothing unknown" 0 unknown
}

# Why each has stopped: one of each, beside what docker says of its memory.
causes()
{
	local name

	up()
	{
		name=$1
		shift
		docker run -d --name "$P$name" "$@" > "$OUT/cause.out" 2>&1 || fail "causes: $name runs" "$(< "$OUT/cause.out")"
	}
	trace_start causes || return
	for name in stop kill restart; do
		up "$name" ct/busybox:1 sleep 100
	done
	docker stop -t 0 "${P}stop" > /dev/null
	docker kill "${P}kill" > /dev/null
	docker restart -t 0 "${P}restart" > /dev/null
	up policy --restart on-failure:1 ct/busybox:1 sh -c 'sleep 0.2; exit 1'
	up signal ct/busybox:1 sleep 100
	kill -9 "$(docker inspect -f '{{.State.Pid}}' "${P}signal")"
	up memory -m 20m --memory-swap 20m ct/busybox:1 sh -c 'sleep 0.2; exec tail -c 200m /dev/zero'
	up child -m 20m --memory-swap 20m ct/busybox:1 sh -c 'sleep 0.2; tail -c 200m /dev/zero; exit 3'
	docker wait "${P}memory" "${P}child" "${P}policy" > /dev/null
	sleep 0.5
	docker rm -f "${P}restart" > /dev/null
	trace_stop
	# docker does not say so when it hears of the exit first: the kernel's log then has the container's cgroup.
	if [[ $(docker inspect -f '{{.State.OOMKilled}}' "${P}memory") == true ]] ||
		dmesg | grep -q "oom-kill:.*$(docker inspect -f '{{.Id}}' "${P}memory")"; then
		says "causes: the kernel killed it for its memory; of another a child" '["oom-kill 137","exit 3"]' \
			'[("memory", "child") as $n | of("stop")[] | select(.name == $p + $n) | "\(.cause) \(.exit_code)"]'
	else
		cannot "a limit of memory" "neither docker nor the kernel says that something was killed: $(docker inspect -f '{{json .State}}' "${P}memory")"
	fi
	says "causes: each stop has its own" \
		'["kill kill-request","policy exit","policy exit","restart remove-request","restart restart-request","signal exit","stop stop-request"]' \
		'[of("stop")[] | .name[($p | length):] as $n | select($n != "memory" and $n != "child") | "\($n) \(.cause)"] | sort'
	says "causes: each start that was not asked for has its own" '["policy restart-policy","restart restart-request"]' \
		'[of("start")[] | select(.cause != "request") | "\(.name[($p | length):]) \(.cause)"] | sort'
	docker ps -aq --filter "name=^/$P" | xargs -r docker rm -f > /dev/null
}

some=()
causes
modes
burst
if second_start; then
	two_engines
	several_runtimes
	engine_stop
	ENGINE_DIR=$first_dir ENGINE_PID=$first_pid
	export DOCKER_HOST=$first
else
	fail "a second engine starts"
fi
nested
