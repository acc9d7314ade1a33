# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Docker's and Podman's data on XFS and on Btrfs: the phases that end where a state file is saved or
# removed have their times there too, and what a file system does not tell is unknown, not wrong.

# In mounts of its own: when the last process of this test is gone, however it ends, so are the mounts
# and with them the loop devices.
[[ -n ${CT_OWN_MOUNTS:-} ]] ||
	exec env CT_OWN_MOUNTS=yes unshare --mount --propagation private bash "$0"

# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/podman.sh
. "$CT_LIB/podman.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

n=5
top=$(cd "$(dirname "$0")/../.." && pwd)
place=

# The engine of the runner is not ours.
cleanup()
{
	trace_kill
	[[ -z ${EVENTS_PID:-} ]] || kill "$EVENTS_PID" 2> /dev/null
	[[ -z $place ]] || leave
}
trap cleanup EXIT
ENGINE_DIR='' ENGINE_PID=''
unset DOCKER_HOST DOCKER_HOST_REUSE

# place_on FS: a new file system of this kind at $place. Says why not.
place_on()
{
	local said

	grep -qw "$1" /proc/filesystems || modprobe "$1" 2> /dev/null ||
		{ echo "this kernel has no $1"; return 1; }
	command -v "mkfs.$1" > /dev/null || { echo "mkfs.$1 is missing; run tools/deps.sh test"; return 1; }
	truncate -s 1G "$OUT/$1.image" || return
	said=$("mkfs.$1" -q "$OUT/$1.image" 2>&1) || { echo "mkfs.$1: $said"; return 1; }
	said=$(mount -o loop "$OUT/$1.image" "$place" 2>&1) || { echo "a loop mount: $said"; return 1; }
}

# leave: the engine, what is mounted at $place, $place itself
leave()
{
	[[ -z $ENGINE_DIR ]] || remove_containers
	engine_stop 2> "$OUT/leave.said" # it does not remove what is a subvolume, which goes with the image
	! mountpoint -q "$place" || umount "$place"
	rm -f "$OUT"/*.image
	rmdir "$place"
	place=
}

# Stopped and removed on request; ended by itself, started once more and removed later; ended by itself
# and removed with that.
runs()
{
	local i

	for ((i = 0; i < n; i++)); do
		svc_up "$P$1-asked-$i" && svc_down "$P$1-asked-$i"
		docker rm "$P$1-asked-$i" > /dev/null
		docker run --name "$P$1-kept-$i" ct/service:1 exit 7 < /dev/null > /dev/null 2>&1
		docker start -a "$P$1-kept-$i" > /dev/null 2>&1
		docker rm "$P$1-kept-$i" > /dev/null
		rm -f "$OUT/cid"
		docker run --rm --name "$P$1-rm-$i" --cidfile "$OUT/cid" ct/service:1 exit 8 < /dev/null > /dev/null 2>&1
	done
}

# on(FS; KIND; WHAT): the records of such containers
on='def on($kind; $what): [of($kind)[] | select(.name | startswith($p + $fs + "-" + $what))];'

# unlinks FS: whether it is seen there what is removed
unlinks()
{
	jq -e --arg hook "$1" '[.plans[0].probes[] | select(.on and (.program | startswith("ct_" + $hook + "_unlink")))]
		| length > 0' "$OUT/doctor.json" > /dev/null
}

docker_on()
{
	local fs=$1 real mono

	same "$fs: it is on $fs" "$fs" "$(stat -f -c %T "$ENGINE_DIR" | sed 's/.*btrfs.*/btrfs/')"
	read -r real mono < <(clocks)
	events_start "$fs"
	trace_start "$fs" || return
	runs "$fs"
	events_stop destroy "$(< "$OUT/cid")"
	trace_stop
	same "$fs: exit status" 0 "$CT_STATUS"
	says "$fs: $((4 * n)) starts and as many stops" "[$((4 * n)),$((4 * n))]" \
		"$on"' [(on("start"; "") | length), (on("stop"; "") | length)]' --arg fs "$fs"
	says "$fs: every start on request is connected" 0 \
		"$on"' [on("start"; "")[] | select(has_phases(["connect", "start"]) | not)] | length' --arg fs "$fs"
	says "$fs: stopped on request: every phase" 0 "$on"' [on("stop"; "asked")[]
		| select(has_phases(["stop", "die", "disconnect", "destroy"]) | not)] | length' --arg fs "$fs"
	says "$fs: kept at its end: every phase, saved before it is removed" 0 "$on"' [on("stop"; "kept")[]
		| select(has_phases(["die", "disconnect", "destroy"]) | not)] | length' --arg fs "$fs"
	says "$fs: connect and disconnect end when docker says so: the median is within 10 ms" '[true,true]' \
		"$on"' [$events[] | select(.Type == "network") | {id: .Actor.Attributes.container, action: .Action,
				t: (.timeNano - ($real | tonumber) + ($mono | tonumber))}] as $events
			| (on("start"; "") + on("stop"; "")) as $records
			| [("connect", "disconnect") as $what | [$events[] | select(.action == $what) | . as $e
				| [$records[] | select(.id == $e.id) | phase_end($what) | numbers | . - $e.t | fabs]
				| min] | length == 4 * ($n | tonumber) and median < 1e7]' \
		--arg fs "$fs" --arg n "$n" --arg real "$real" --arg mono "$mono" --slurpfile events "$EVENTS"
	says "$fs: phases tile each record" '[]' untiled
	says "$fs: nothing lost" 0 lost
	if unlinks "$fs"; then
		says "$fs: removed at its end: every phase, and that it is removed" "[$n,0,0]" "$on"' on("stop"; "rm")
			| [length, (map(select(has_phases(["die", "disconnect", "destroy"]) | not)) | length),
				(map(select(.removed | not)) | length)]' --arg fs "$fs"
		says "$fs: nothing unknown" '[0,true]' '[unknown, (summary | .complete)]'
	else
		cannot "$fs: the end of destroy when nobody asks" "$(jq -r --arg p "ct_${fs}_unlink" '[.plans[0].probes[]
			| select(.program | startswith($p)) | "\(.hook): \(.why_not)"] | join("; ")' "$OUT/doctor.json")"
		says "$fs: removed at its end: the end of destroy is not seen, and not guessed" "[$n,$n]" \
			"$on"' on("stop"; "rm") | [length, (map(select(has_phases(["die", "disconnect"])
				and .phases.destroy == null and .phases.unknown > 0)) | length)]' --arg fs "$fs"
	fi
}

# What runs inside a place. Podman wants a short path for its state.
cat > "$OUT/podman.runs" << 'END'
dir=/run/p name=$2
mkdir /run/p && mount --bind "$1" /run/p || exit
. "$CT_LIB/podman.sh"
podman_prepare "$dir" > "$dir/import" 2>&1 || { cat "$dir/import"; exit; }
read -ra podman < <(podman_command "$dir" runc)
mapfile -t limits < <(podman_limits runc | tr ' ' '\n')
"${podman[@]}" run --rm --name "$name" "${limits[@]}" ct/service:1 /bin/service exit 7 < /dev/null 2>&1 | cat
END

podman_on()
{
	trace_start "$1-podman" || return
	SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$place/podman" "$OUT/podman.runs" "$place/podman" "$P$1" \
		> "$OUT/$1-podman.said" 2>&1
	trace_stop
	says "$1: podman: the start and the stop have all their phases" '[true,true]' \
		'[(of("start")[] | has_phases(["create", "connect", "attach", "start"])),
			(of("stop")[] | has_phases(["die", "disconnect", "destroy"]))]'
	same "$1: podman: exit status" 0 "$CT_STATUS"
}

for fs in xfs btrfs; do
	# not below $OUT: the paths of an engine's sockets have 104 bytes at most
	place=$(mktemp -d "${TMPDIR:-/tmp}/ct-fs.XXXXXX") || exit
	# what it says last is why not
	if ! place_on "$fs" > "$OUT/$fs.said"; then
		cannot "everything on $fs" "$(tail -n 1 "$OUT/$fs.said")"
		leave
		continue
	fi
	"$COLDTRACE" doctor --json > "$OUT/doctor.json" # now that its module is loaded
	if TMPDIR=$place engine_start && "$top/tools/images/make.sh" "$O/images"; then
		docker_on "$fs"
	else
		fail "$fs: an engine starts on it"
	fi
	if command -v podman > /dev/null; then
		mkdir "$place/podman" && podman_on "$fs"
	else
		cannot "$fs: podman" "it is not installed"
	fi
	leave
done
