# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# An ordinary user with the capabilities of the unit sees what root sees; privileges are gone once
# tracing has begun; a traced program has those of the caller.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
unit=$top/systemd/coldtrace.service
declare -i user=65534

# The build directory may be closed to others.
open_dir=/tmp/$P
mkdir -m 755 "$open_dir" && cp "$COLDTRACE" "$open_dir/coldtrace" && chmod 755 "$open_dir/coldtrace"
mkdir -m 1777 "$open_dir/out"
declare -A pids
cleanup()
{
	local pid

	for pid in "${pids[@]}"; do
		kill -KILL "$pid" 2> /dev/null
	done
	rm -rf "${open_dir:?}"
	e2e_cleanup
}
trap cleanup EXIT

# "CAP_BPF CAP_PERFMON" as setpriv writes them
caps=$(sed -n 's/^AmbientCapabilities=//p' "$unit" | tr '[:upper:]' '[:lower:]' | sed 's/cap_/+/g; s/ /,/g')
as_user=(setpriv --reuid "$user" --regid "$user" --clear-groups
	--inh-caps="-all,$caps" --ambient-caps="-all,$caps" --bounding-set="-all,$caps")
as_root=(env)

begun()
{
	[[ -s $open_dir/out/$1.ready ]] || ! kill -0 "${pids[$1]}" 2> /dev/null
}

# start NAME WHO... -- OPTION...: with tracefs mounted as on most nodes; returns when it traces
start()
{
	local name=$1 who=()

	shift
	while [[ $1 != -- ]]; do
		who+=("$1")
		shift
	done
	shift
	# shellcheck disable=SC2016
	env --default-signal=INT,QUIT unshare --mount --propagation private sh -c '
		mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
		exec "$@"
	' sh "${who[@]}" "$open_dir/coldtrace" --ready-fd 8 -o "json:$open_dir/out/$name.json" "$@" \
		8> "$open_dir/out/$name.ready" > "$OUT/$name.out" 2> "$OUT/$name.err" &
	pids[$name]=$!
	await 30 begun "$name"
	[[ -s $open_dir/out/$name.ready ]] && return
	fail "$name: it begins to trace" "$(cat "$OUT/$name.err")"
	return 1
}

# stop NAME: its exit status is in $status
stop()
{
	kill -INT "${pids[$1]}"
	wait "${pids[$1]}"
	status=$?
	unset "pids[$1]"
}

# rights_of PID: what it may do
rights_of()
{
	grep -E '^(Uid|Cap(Inh|Prm|Eff|Amb)|NoNewPrivs):' "/proc/$1/status" | tr -s '\t ' ' '
}

# rights UID MASK: the same, as it should be
rights()
{
	local mask

	mask=$(printf '%016x' "$2")
	printf 'Uid: %s %s %s %s\nCapInh: %016x\nCapPrm: %s\nCapEff: %s\nCapAmb: %016x\nNoNewPrivs: 1' \
		"$1" "$1" "$1" "$1" 0 "$mask" "$mask" 0
}

# What a run has seen of this test, without its times. What the two share in time they may see in
# another order; a restart may be told of a stop of somebody else's container of this image. Each has a clock
# reading of its own of every call, microseconds apart: calls that lie just as far apart as those of one step may
# are one step for one of them and two for the other, so that the calls are counted, not the steps.
seen()
{
	jq -c -S -L "$CT_LIB" --arg p "$P" 'select(.kind == "start" or .kind == "stop" or .kind == "create")
		| select(.name // "" | startswith($p))
		| [.kind, .outcome, .cause, .name, .id, .image, .runtime, .engine, .init_pid, .exit_code,
			.failed, .ready.by, (.phases | map_values(type))],
			(.name as $name | .kind as $kind | .steps | group_by([.name, .actor, .pid, .detail])[] |
				[$kind, $name, (first | .name, .actor, .pid, .detail), (map(.count) | add)])' "$1" |
		sort
}

# The kernel's numbers: CAP_DAC_READ_SEARCH 2, CAP_KILL 5, CAP_SYS_PTRACE 19.
kept=$((1 << 2 | 1 << 19))

# --- the same seen

docker run -d --name "${P}before" ct/service:1 serve > /dev/null
start root "${as_root[@]}" -- --steps || exit 0
start user "${as_user[@]}" -- --steps || exit 0
same "root: what it keeps while it traces" "$(rights 0 $kept)" "$(rights_of "${pids[root]}")"
same "root: the bounding set is empty" "CapBnd: 0000000000000000" \
	"$(grep CapBnd "/proc/${pids[root]}/status" | tr '\t' ' ')"
same "user: what it keeps while it traces" "$(rights $user $kept)" "$(rights_of "${pids[user]}")"
same "user: nothing to say about privileges" 0 "$(grep -c '^coldtrace:' "$OUT/user.err")"
docker stop -t 5 "${P}before" > /dev/null
docker rm "${P}before" > /dev/null
while read -r runtime; do
	docker run --rm --name "$P$runtime" --runtime "$runtime" ct/service:1 exit 3 > /dev/null 2>&1
	sleep 0.5 # its layer is removed: whose step that is does not depend on who comes next
done < <(runtimes)
docker run --rm --name "${P}broken" --runtime broken ct/service:1 exit 0 > /dev/null 2>&1
sleep 2.5 # a stop is told when no removal can follow any more
# As in test 25, for whoever runs beside this one: strings of a program that was unpacked a moment ago may not
# be in memory, and a probe cannot wait for them. reads NAME: how many of them that run has not seen
reads()
{
	JSON=$open_dir/out/$1.json ask 'summary | .lost.read'
}
stop root
reads=$(reads root)
same "root: ends in order" $((reads ? 3 : 0)) $status
stop user
reads=$(reads user)
same "user: ends in order" $((reads ? 3 : 0)) $status
JSON=$open_dir/out/user.json
says "user: engine and runtime of what was started" '["docker","docker","docker"]' \
	'[mine | select(.kind == "start") | .engine] | sort'
says "user: the end of what ran before" '["docker","runc",true]' \
	'mine | select(.kind == "stop" and .name == "\($p)before") | [.engine, .runtime, .removed]'
says "user: mounts, so system calls are traced" true \
	'[mine | .steps[] | select(.name == "mounts")] | length > 0'
says "user: nothing else lost" "[{},$( ((reads)) && echo false || echo true)]" \
	'[(losses | del(.read)), (summary | .complete)]'
same "user and root have seen the same records, phases and steps" "$(seen "$open_dir/out/root.json")" \
	"$(seen "$open_dir/out/user.json")"

# --- what is missing is not seen, and said

start less setpriv --reuid $user --regid $user --clear-groups --inh-caps=-all,+bpf,+perfmon \
	--ambient-caps=-all,+bpf,+perfmon -- || exit 0
same "CAP_BPF and CAP_PERFMON alone: nothing is kept" "$(rights $user 0)" \
	"$(rights_of "${pids[less]}")"
docker run --rm --name "${P}less" ct/service:1 exit 0 > /dev/null
sleep 2.5
stop less
JSON=$open_dir/out/less.json
says "CAP_BPF and CAP_PERFMON alone: every phase, no runtime" \
	'["docker","",["attach","client","connect","create","ready","start"]]' \
	'mine | select(.kind == "start") | [.engine, .runtime, ([.phases | to_entries[] |
		select(.value != null) | .key] | sort)]'

# --- a traced program

# shellcheck disable=SC2016
show='grep -E "^(Uid|Gid|Groups|Cap...|NoNewPrivs):" /proc/self/status > "$1"'
while read -r who; do
	declare -n prefix=as_$who
	"${prefix[@]}" sh -c "$show" sh "$open_dir/out/$who.alone"
	"${prefix[@]}" "$open_dir/coldtrace" -- sh -c "$show" sh "$open_dir/out/$who.traced" \
		> /dev/null 2>&1
	same "a program that $who has traced may do what it may without" \
		"$(cat "$open_dir/out/$who.alone")" "$(cat "$open_dir/out/$who.traced")"
done << EOF2
root
user
EOF2
start command "${as_root[@]}" -- -d 1 -- setpriv --reuid $user --clear-groups sleep 300 || exit 0
child_runs()
{
	child=$(pgrep -P "$(pgrep -d , -P "${pids[command]}")" -x sleep) # there is a runner between
}
await 10 child_runs
same "with a traced program: what root keeps to end it" "$(rights 0 $((kept | 1 << 5)))" \
	"$(rights_of "${pids[command]}")"
wait "${pids[command]}"
same "a traced program that has become another user is ended" "0, gone" "$?, $(
	kill -0 "$child" 2> /dev/null && echo "runs" || echo gone)"
unset 'pids[command]'

# --- capabilities of the file

cp "$open_dir/coldtrace" "$open_dir/granted"
if setcap "${caps//+/cap_}=ep" "$open_dir/granted" 2> "$OUT/setcap.err"; then
	plain=(setpriv --reuid "$user" --regid "$user" --clear-groups)
	check "capabilities of the file: it traces" \
		"${plain[@]}" "$open_dir/granted" -d 0.2 -o "json:$open_dir/out/granted.json"
	check "capabilities of the file: it counts opens" "${plain[@]}" "$open_dir/granted" opens -d 0.2
	"${plain[@]}" "$open_dir/granted" -- sh -c "$show" sh "$open_dir/out/granted.traced" > /dev/null 2>&1
	same "capabilities of the file: a traced program has none of them" "CapEff: 0000000000000000" \
		"$(grep CapEff "$open_dir/out/granted.traced" | tr '\t' ' ')"
	install -m 600 "$top/docs/readme-runc.ct" "$open_dir/secret.ct"
	"${plain[@]}" "$open_dir/granted" report "$open_dir/secret.ct" > "$OUT/secret.out" 2> "$OUT/secret.err"
	same "capabilities of the file: what the user may not read is not reported" "1, 0, 1" \
		"$?, $(wc -c < "$OUT/secret.out"), $(grep -c 'secret.ct.*Permission denied' "$OUT/secret.err")"
	setcap "${caps//+/cap_},cap_dac_override=ep" "$open_dir/granted"
	"${plain[@]}" "$open_dir/granted" record -o "$open_dir/secret.ct" -d 0.1 2> "$OUT/secret.err"
	same "capabilities of the file: what the user may not write is not overwritten" "1, 1, same" "$?, $(
		grep -c 'secret.ct.*Permission denied' "$OUT/secret.err"), $(
		cmp "$top/docs/readme-runc.ct" "$open_dir/secret.ct" && echo same)"
	chmod 644 "$open_dir/secret.ct"
	check "capabilities of the file: what the user may read is" \
		"${plain[@]}" "$open_dir/granted" report "$open_dir/secret.ct"
else
	cannot "capabilities of the file" "$(cat "$OUT/setcap.err")"
fi

# --- what the unit runs, with its user's rights and without a network

mkdir -m 777 "$open_dir/state"
# "ROTATE=1d ..." as one command of sed for each
values=$(sed -n 's/^Environment=//p' "$unit" | tr ' ' '\n' | sed -E 's/^([A-Z_]+)=(.*)$/s|\${\1}|\2|;/')
read -ra exec_start < <(sed -n "s/^ExecStart=//p" "$unit" |
	sed "s|/usr/sbin|$open_dir|; $values s/ \$COLDTRACE_OPTIONS//")
python3 - "$open_dir/out/notify" > "$OUT/notified" << 'PY' &
import os, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
os.chmod(sys.argv[1], 0o777)
s.settimeout(30)
print(s.recv(100).decode())
PY
pids[notify]=$!
await 10 test -S "$open_dir/out/notify"
(cd "$open_dir/state" && NOTIFY_SOCKET=$open_dir/out/notify exec env --default-signal=INT,TERM \
	unshare --net "${as_user[@]}" "${exec_start[@]}") 2> "$OUT/unit.err" &
pids[unit]=$!
wait "${pids[notify]}"
unset 'pids[notify]'
same "unit: systemd is told when it traces" READY=1 "$(cat "$OUT/notified")"
docker run --rm --name "${P}unit" ct/service:1 exit 0 > /dev/null
sleep 0.5
kill -TERM "${pids[unit]}"
wait "${pids[unit]}"
same "unit: ends in order" 0 $?
unset 'pids[unit]'
recording=$(echo "$open_dir/state"/coldtrace-*.ct)
same "unit: a recording, for its owner alone" 600 "$(stat -c %a "$recording")"
"$COLDTRACE" report "$recording" -o "json:$OUT/unit.json" 2> /dev/null
JSON=$OUT/unit.json
says "unit: the recording has the start, its engine and runtime" '["docker","runc","ok"]' \
	'mine | select(.kind == "start") | [.engine, .runtime, .outcome]'
