# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Recordings for months: one recorder a file, files that follow one another, a disk that is full.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

disk=
unmount()
{
	[[ -z $disk ]] || umount "$disk"
	disk=
}
trap unmount EXIT

# record_start WHERE [OPTION]...: in the background, CT_PID, once it traces
record_start()
{
	local ready=$OUT/record.ready

	rm -f "$ready"
	mkfifo "$ready"
	"$COLDTRACE" record -o "$@" --ready-fd 9 9> "$ready" > /dev/null 2> "$OUT/record.err" &
	CT_PID=$!
	timeout 30 head -n 1 "$ready" > /dev/null
}

# record_end: CT_STATUS
record_end()
{
	kill -TERM "$CT_PID"
	wait "$CT_PID"
	CT_STATUS=$?
	CT_PID=
}

exit_of()
{
	"$@" > "$OUT/stdout" 2> "$OUT/stderr"
	echo $?
}

# told KIND NAME FILE...: how many such records that are whole, of containers whose names begin so
told()
{
	local kind=$1 name=$2

	shift 2
	"$COLDTRACE" report "$@" -o json 2> /dev/null | jq -s --arg p "$P$name" --arg kind "$kind" \
		'[.[] | select(.kind == $kind and .outcome == "ok" and (.name // "" | startswith($p)))] | length'
}

state_of()
{
	"$COLDTRACE" info --format json "$1" | jq -r .state
}

once()
{
	docker run --rm --name "$P$1" ct/service:1 exit 0 > /dev/null
}

# --- two recorders on one file

record_start "$OUT/one.ct"
ln "$OUT/one.ct" "$OUT/hard.ct"
ln -s one.ct "$OUT/soft.ct"
once first
for name in one hard soft; do
	same "a second recorder on $name.ct is refused" 1 \
		"$(exit_of "$COLDTRACE" record -o "$OUT/$name.ct" -d 1)"
	check "and the first is named" grep -q "another coldtrace (pid $CT_PID) is writing it" "$OUT/stderr"
done
same "--record too" 1 "$(exit_of "$COLDTRACE" --record "$OUT/one.ct" -d 1)"
sleep 2.5 # a block is written when its first event is a second old
same "what is being written is read: exit status" 0 "$(exit_of "$COLDTRACE" report "$OUT/one.ct")"
check "and said to be" grep -q "is still being written: it is read up to its last whole block" "$OUT/stderr"
same "with what is in it" 1 "$(told start first "$OUT/one.ct")"
same "info: it grows" growing "$(state_of "$OUT/one.ct")"
record_end
same "the first ends in order" 0 "$CT_STATUS"
same "and has lost nothing" 1 "$(told stop first "$OUT/one.ct")"
same "info: it is whole" whole "$(state_of "$OUT/one.ct")"

# --- what was there stays until tracing begins

cp "$OUT/one.ct" "$OUT/kept.ct"
chmod 600 "$OUT/kept.ct"
same "who cannot write an output does not begin" 2 \
	"$(exit_of "$COLDTRACE" --record "$OUT/kept.ct" -o "json:$OUT/kept.ct" -d 1)"
same "who may not trace does not begin" 1 "$(exit_of setpriv --bounding-set=-all --inh-caps=-all \
	--reuid=65534 --regid=65534 --clear-groups "$COLDTRACE" record -o "$OUT/kept.ct" -d 1)"
check "the recording of before is as it was" cmp "$OUT/one.ct" "$OUT/kept.ct"
: > "$OUT/empty.ct"
same "an empty one among several: exit status" 3 \
	"$(exit_of "$COLDTRACE" report "$OUT/empty.ct" "$OUT/one.ct")"
check "it is said" grep -q "empty.ct': it is empty; it is skipped" "$OUT/stderr"
same "the other is reported" 1 "$(told start first "$OUT/empty.ct" "$OUT/one.ct")"

# --- the arguments of a program are nobody's

"$COLDTRACE" record -o "$OUT/secret.ct" -- true canary-password > /dev/null 2>&1
check "only the name of the program is kept" \
	grep -q 'command .* -- true$' <("$COLDTRACE" info "$OUT/secret.ct")
same "not its arguments, in no byte" 0 "$(grep -c canary-password "$OUT/secret.ct")"

# --- files that follow one another

record_start "$OUT/many/" --rotate 2s
docker run -d --name "${P}long" ct/service:1 > /dev/null
for i in 1 2 3 4 5 6; do
	once "life$i"
	docker restart -t 1 "${P}long" > /dev/null
	((i % 3)) || sleep 2.5 # a quiet moment
done
docker rm -f "${P}long" > /dev/null
sleep 1.5
same "a directory that is being filled is read" 0 "$(exit_of "$COLDTRACE" report "$OUT"/many/*.ct)"
same "another recorder there is refused" 1 "$(exit_of "$COLDTRACE" record -o "$OUT/many" -d 1)"
record_end
same "rotating: exit status" 0 "$CT_STATUS"
files=("$OUT"/many/*.ct)
# how many depends on who else starts containers: what is under way is not cut
check "several files: ${#files[@]}" test "${#files[@]}" -ge 2
for file in "${files[@]}"; do
	[[ $(state_of "$file") == whole ]] || fail "whole: $file" "$(state_of "$file")"
done
same "together they tell every start once" 13 "$(told start "" "${files[@]}")"
same "every stop" 13 "$(told stop "" "${files[@]}")"
same "every restart of the service" 6 "$(told restart long "${files[@]}")"
same "nothing is missing" 0 "$(exit_of "$COLDTRACE" report "${files[@]}")"
last=${files[-1]}
check "the last one alone knows what it was told" \
	test "$("$COLDTRACE" info --format json "$last" | jq .carried)" -ge 3
same "and is whole" 0 "$(exit_of "$COLDTRACE" report "$last")"

# --- a small disk

disk=$OUT/disk
mkdir -p "$disk"
if mount -t tmpfs -o size=1m none "$disk"; then
	record_start "$disk/kept/" --rotate 64K --steps
	for i in 1 2 3 4 5 6 7 8 9 10; do
		once "early$i"
	done
	dd if=/dev/zero of="$disk/others" bs=4k status=none 2> /dev/null
	for i in 1 2 3; do
		once "full$i"
		sleep 0.7
	done
	check "a full disk: the oldest recordings make room" \
		grep -qE "the disk is full: removed the oldest|is full: nothing is recorded" "$OUT/record.err"
	check "and it goes on" kill -0 "$CT_PID"
	rm "$disk/others"
	sleep 2.5
	once late
	sleep 1.5
	record_end
	check "it ends in order: $CT_STATUS" test "$CT_STATUS" = 0 -o "$CT_STATUS" = 3
	same "what came when there was room again is there" 1 "$(told start late "$disk"/kept/*.ct)"
	for file in "$disk"/kept/*.ct; do
		[[ $(state_of "$file") == whole ]] || fail "whole: $file" "$(state_of "$file")"
	done
	unmount
else
	disk=
	cannot "fill a disk" "mount -t tmpfs failed"
fi
