# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The package is upgraded while what it has installed traces, and containers are started all the time: each start is told, or counted.
# Sourced by run, with the package in the chroot $root, an engine, and what run has.

: "${scratch:?}" "${root:?}"
SPOOL=/var/lib/coldtrace

# record_within: as the unit runs it, RECORDER, once it traces. Its mounts are gone when it is.
record_within()
{
	: > "$scratch/ready"
	# shellcheck disable=SC2016 # of the other shell
	unshare --mount --propagation private sh -c 'mount --rbind /proc "$1/proc" && mount --rbind /sys "$1/sys" &&
		exec chroot "$1" sh -c "cd $2 && exec /usr/sbin/coldtrace record -o . --rotate 1d,256M --ready-fd 9"' \
		record "$root" "$SPOOL" 9>> "$scratch/ready" > "$scratch/recorder" 2>&1 &
	RECORDER=$!
	await 60 test -s "$scratch/ready"
}

recorder_ends()
{
	kill -TERM "$RECORDER"
	wait "$RECORDER"
}

# What 'systemctl try-restart' does, but that between the two a container is started for certain.
restart_within()
{
	recorder_ends
	docker run -d --name "up-between" ct/service:1 > /dev/null
	record_within
}

start_many()
{
	local i

	for ((i = 0; i < 300; i++)); do
		[[ ! -e $scratch/enough ]] && docker run -d --name "up-$i" ct/service:1 > /dev/null || return
	done
}

# starts OUTCOME: of containers of this test, in all recordings
starts()
{
	jq -rs --arg outcome "$1" '[.[] | select(.kind == "start" and .outcome == $outcome and (.name // "" | startswith("up-"))) | .name] | unique[]' \
		"$scratch/upgraded.jsonl"
}

within dpkg --force-confdef --force-confold -i /this.deb > /dev/null 2>&1
mkdir -p "$root$SPOOL"
rm -rf "$scratch/enough" "${root:?}$SPOOL"/*
record_within
same "what was installed traces" 0 $?
start_many &
many=$!
sleep 2
check "it is upgraded while it traces" within dpkg --force-confdef --force-confold -i /next.deb
restart_within
same "and what goes on is the new program" 0 $?
sleep 2
touch "$scratch/enough"
wait "$many"
sleep 1
recorder_ends
mapfile -t begun < <(docker ps -a --filter name=up- --format '{{.Names}}' | sort)
cp -r "$root$SPOOL" "$scratch/spool"
"$O/coldtrace" report "$scratch/spool" -o json > "$scratch/upgraded.jsonl" 2> "$scratch/said"
same "each recorder wrote a recording" 2 "$(find "$scratch/spool" -name '*.ct' | wc -l)"
# Of those that were under way both may tell a half.
told=$(sort -u <(starts ok) <(starts cut) <(starts failed))
missing=$(comm -23 <(printf '%s\n' "${begun[@]}") - <<< "$told")
check "most starts are told ($(wc -l <<< "$told") of ${#begun[@]})" test "$(wc -l <<< "$told")" -ge $((${#begun[@]} / 2))
same "what began while nobody traced is not" up-between "$(grep -x up-between <<< "$missing")"
counted=$(sed -n "s/.*nobody traced for .* between .*: \([0-9]*\) containers\? began then.*/\1/p" "$scratch/said")
# Others' containers begin then too.
check "and is counted: $(wc -w <<< "$missing") of these starts are not told, ${counted:-none} began unseen" \
	test "${counted:-0}" -ge "$(wc -w <<< "$missing")"
same "and in JSON, too" "${counted:-0}" "$(jq -s '[.[] | select(.kind == "summary") | .untraced[]?.containers] | add' "$scratch/upgraded.jsonl")"
check "with how long that was" grep -q "nobody traced for [0-9.]* m\?s between" "$scratch/said"
docker ps -aq --filter name=up- | xargs -r docker rm -f > /dev/null
within dpkg -P coldtrace > /dev/null 2>&1
