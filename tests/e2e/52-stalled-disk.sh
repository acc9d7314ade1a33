# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A disk that stalls while it is recorded: nobody waits for it. What happens meanwhile is told at once, and is
# in the recording when the disk goes on.
# In mounts of its own: when the last process of this test is gone, so are they.
if [[ ${CT_OWN_MOUNTS:-} != yes ]]; then
	exec env CT_OWN_MOUNTS=yes unshare --mount --propagation private bash "$0"
fi
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

disk=$OUT/disk
declare -i i many

many=$(as_many 60 15) # of 30 KB each: more than ring, block and disk have room for
leave()
{
	fsfreeze -u "$disk" 2> /dev/null
	! mountpoint -q "$disk" || umount "$disk"
	rm -f "$OUT/disk.image"
}
trap leave EXIT

once()
{
	docker run --rm --name "$P$1" ct/service:1 exit 0 > /dev/null
}

# told KIND: how many of ours the live table has told of
told()
{
	grep -cE "^[0-9:.]+ +$1 +$P" "$OUT/live"
}

mkdir -p "$disk"
truncate -s 64M "$OUT/disk.image"
if ! mkfs.ext4 -q "$OUT/disk.image" 2> "$OUT/mkfs.err" || ! mount -o loop "$OUT/disk.image" "$disk" 2> "$OUT/mkfs.err"; then
	cannot "freeze a file system" "$(head -n 1 "$OUT/mkfs.err")"
	exit
fi
mkfifo "$OUT/ready"
"$COLDTRACE" record --live --ring 128K -o "$disk/run.ct" --ready-fd 9 9> "$OUT/ready" > "$OUT/live" 2> "$OUT/record.err" &
CT_PID=$!
timeout 60 head -n 1 "$OUT/ready" > /dev/null
once before
fsfreeze -f "$disk" || fail "the disk stalls"
for ((i = 0; i < many; i++)); do
	once "$i"
done
sleep 1
check "$many containers are told while the disk stalls" [ "$(told stop)" -ge $((many + 1)) ]
fsfreeze -u "$disk"
once behind
sleep 0.5
kill -TERM "$CT_PID"
wait "$CT_PID"
same "nothing is lost: exit status" 0 $?
CT_PID=
"$COLDTRACE" report "$disk/run.ct" -o json > "$OUT/report.json" 2> "$OUT/report.err"
same "nothing is lost: report" 0 $?
for kind in start stop; do
	same "each $kind is in the recording, once" $((many + 2)) \
		"$(jq -s --arg p "$P" --arg k $kind '[.[] | select(.kind == $k and .outcome == "ok" and (.name // "" | startswith($p))) | .name] | unique | length' "$OUT/report.json")"
done
