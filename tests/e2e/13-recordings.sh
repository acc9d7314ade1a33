# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A recording of a real engine: what was live is what is reported, whatever became of the file.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

tmpfs=
unmount()
{
	[[ -z $tmpfs ]] || umount "$tmpfs"
	tmpfs=
}
trap unmount EXIT

# once NAME [OPTION...]: one container, recorded into $OUT/NAME.ct
once()
{
	local name=$1

	shift
	"$COLDTRACE" record -o "$OUT/$name.ct" "$@" -- \
		docker run --rm --name "$P$name" ct/service:1 exit 0 \
		> "$OUT/$name.out" 2> "$OUT/$name.err"
}

# record_start FILE: in the background, CT_PID, once it traces
record_start()
{
	local ready=$OUT/record.ready

	rm -f "$ready"
	mkfifo "$ready"
	"$COLDTRACE" record -o "$1" --ready-fd 9 9> "$ready" > /dev/null 2> "$1.err" &
	CT_PID=$!
	timeout 30 head -n 1 "$ready" > /dev/null
}

report()
{
	"$COLDTRACE" report "$@"
}

starts_in()
{
	report "$1" -o json 2> /dev/null | jq -s '[.[] | select(.kind == "start" and .outcome == "ok")] | length'
}

exit_of()
{
	"$@" > "$OUT/stdout" 2> "$OUT/stderr"
	echo $?
}

# What is live is what is reported.
"$COLDTRACE" --steps --record "$OUT/both.ct" -o "json:$OUT/live.jsonl" -o "table:$OUT/live.txt" -- \
	docker run --rm --name "${P}both" ct/service:1 exit 0 > /dev/null 2> "$OUT/both.err"
same "recorded while live: exit status" 0 $?
report --steps "$OUT/both.ct" -o "json:$OUT/again.jsonl" -o "table:$OUT/again.txt"
check "the report has the numbers of live, byte for byte" cmp "$OUT/live.jsonl" "$OUT/again.jsonl"
check "and its table" cmp "$OUT/live.txt" "$OUT/again.txt"
check "not only a summary" test "$(starts_in "$OUT/both.ct")" -ge 1

once alone
same "record -- PROGRAM: exit status" 0 $?
check "and says what it has" grep -q "^Recorded '$OUT/alone.ct': .* events, 0 lost\.$" "$OUT/alone.err"
same "a recording is nobody else's to read" 600 "$(stat -c %a "$OUT/alone.ct")"

# What cannot be begun leaves what was there, and nothing where nothing was.
cp "$OUT/alone.ct" "$OUT/kept.ct"
for program in nosuch "$OUT/nosuch" "$OUT" "$OUT/alone.ct"; do
	same "record -- ${program##*/}: exit status" 1 "$(exit_of "$COLDTRACE" record -o "$OUT/kept.ct" -- "$program")"
	check "with its reason" grep -q "start '$program': \\(No such file\\|Permission denied\\)" "$OUT/stderr"
	"$COLDTRACE" record -o "$OUT/none.ct" -- "$program" 2> /dev/null
done
check "what was recorded before is kept" cmp "$OUT/alone.ct" "$OUT/kept.ct"
check "no file is left of nothing" test ! -e "$OUT/none.ct"

# Many files. They are of one boot: one clock.
once second
own='select(.name != null and (.name | startswith($p)) and .kind == "start") | .name'
same "several files are merged" "${P}alone ${P}second" \
	"$(report "$OUT/alone.ct" "$OUT/second.ct" -o json | jq -r --arg p "$P" "$own" | xargs)"
same "the same twice is refused" 1 "$(exit_of report "$OUT/alone.ct" "$OUT/alone.ct")"
check "with its reason" grep -q "would count twice" "$OUT/stderr"

# Another node whose clock was never set: its boot and machine ids (offsets 136 and 144 of the
# header), and a clock of 1970. The header's last 4 bytes are its CRC-32.
/usr/bin/python3 - "$OUT/second.ct" "$OUT/unset.ct" <<-'END'
	import struct, sys, zlib
	bytes = bytearray(open(sys.argv[1], "rb").read())
	length = struct.unpack_from("=H", bytes, 14)[0]
	struct.pack_into("=q", bytes, 16, 0)
	struct.pack_into("=QQ", bytes, 136, 1, 2)
	struct.pack_into("=I", bytes, length - 4, zlib.crc32(bytes[:length - 4]))
	open(sys.argv[2], "wb").write(bytes)
END
same "a clock that was not set is refused" 1 "$(exit_of report "$OUT/alone.ct" "$OUT/unset.ct")"
check "with its reason" grep -q "the clock of its node was not set" "$OUT/stderr"
same "alone it is reported" 0 "$(exit_of report "$OUT/unset.ct")"
same "steps and no steps together are refused" 1 \
	"$(exit_of report --steps "$OUT/both.ct" "$OUT/alone.ct")"
check "with its reason" grep -q "recorded without steps" "$OUT/stderr"

# A later minor version adds fields before the CRC; an older one lacks those that were added since.
/usr/bin/python3 - "$OUT/alone.ct" "$OUT/minor.ct" <<-'END'
	import struct, sys, zlib
	bytes = bytearray(open(sys.argv[1], "rb").read())
	length = struct.unpack_from("=H", bytes, 14)[0]
	head = bytes[:length - 4] + b"\xff" * 64
	struct.pack_into("=H", head, 14, length + 64)
	struct.pack_into("=H", head, 36, 7)
	head += struct.pack("=I", zlib.crc32(head))
	tail = bytes[length:]
	at = struct.unpack_from("=Q", tail, len(tail) - 16)[0]
	struct.pack_into("=Q", tail, len(tail) - 16, at + 64)
	open(sys.argv[2], "wb").write(head + tail)
END
report "$OUT/alone.ct" -o json > "$OUT/alone.jsonl"
report "$OUT/minor.ct" -o json > "$OUT/minor.jsonl"
check "another minor version: the same report" cmp "$OUT/alone.jsonl" "$OUT/minor.jsonl"
same "version 1 is read" 0 "$(exit_of report "$(dirname "$0")/../replay/docker-runc.ct")"

# A byte in the middle has changed.
/usr/bin/python3 - "$OUT/both.ct" "$OUT/damaged.ct" <<-'END'
	import struct, sys
	bytes = bytearray(open(sys.argv[1], "rb").read())
	at, blocks = struct.unpack_from("=H", bytes, 14)[0], []
	while bytes[at:at + 4] == b"ctbk":
	    blocks.append(at)
	    at += 40 + struct.unpack_from("=I", bytes, at + 8)[0]
	bytes[blocks[0] + 60] ^= 1
	open(sys.argv[2], "wb").write(bytes)
END
same "a damaged block: exit status 3" 3 "$(exit_of report "$OUT/damaged.ct")"
check "what was skipped is said" grep -qE "is damaged: [0-9]+ bytes in 1 place were skipped \([0-9]+ events\), the first: block 0" "$OUT/stderr"
check "and the summary is there" grep -q "^INCOMPLETE: not all of 1 recording could be read" "$OUT/stdout"

# SIGKILL: up to the last whole block.
record_start "$OUT/killed.ct"
docker run --rm --name "${P}killed" ct/service:1 exit 0 > /dev/null
sleep 2.5 # a block is written when its first event is a second old
kill -KILL "$CT_PID"
wait "$CT_PID" 2> /dev/null
CT_PID=
same "killed: exit status of its report" 3 "$(exit_of report "$OUT/killed.ct")"
check "it says that it was cut off" grep -q "was cut off: it is read up to its last whole block" "$OUT/stderr"
check "what came before is there" test "$(starts_in "$OUT/killed.ct")" -ge 1

# Ctrl-C ends it as if it had been asked to.
record_start "$OUT/interrupted.ct"
docker run --rm --name "${P}int" ct/service:1 exit 0 > /dev/null
kill -INT "$CT_PID"
wait "$CT_PID"
same "Ctrl-C: exit status" 0 $?
CT_PID=
same "and the recording is whole" 0 "$(exit_of report "$OUT/interrupted.ct")"
check "with what was traced" grep -q "${P}int" "$OUT/stdout"

# A full disk.
tmpfs=$OUT/small
mkdir -p "$tmpfs"
if mount -t tmpfs -o size=8k none "$tmpfs"; then
	"$COLDTRACE" record --steps -o "$tmpfs/full.ct" -- sh -c "
		for i in 1 2 3; do docker run --rm --name ${P}full\$i ct/service:1 exit 0; sleep 1; done" \
		> /dev/null 2> "$OUT/full.err"
	same "full disk: exit status" 1 $?
	check "and why" grep -q "write recording '$tmpfs/full.ct': No space left on device" "$OUT/full.err"
	same "what was written is intact" 3 "$(exit_of report "$tmpfs/full.ct")"
	check "and said to be cut off" grep -q "was cut off" "$OUT/stderr"
	unmount
else
	tmpfs=
	cannot "fill a disk" "mount -t tmpfs failed"
fi

# A closed pipe.
{
	"$COLDTRACE" record -o - -- sh -c "sleep 0.3; docker run --rm --name ${P}pipe ct/service:1 exit 0; sleep 1.5" \
		2> "$OUT/pipe.err"
	echo $? > "$OUT/pipe.status"
} | true
same "closed pipe: exit status" 1 "$(cat "$OUT/pipe.status")"
check "and why" grep -q "Broken pipe" "$OUT/pipe.err"
same "a pipe is read" 0 "$(exit_of report - < "$OUT/alone.ct")"

# A comparison for CI: ten of each, and as many with a slowdown that was put there.
series()
{
	"$COLDTRACE" record -o "$OUT/$1.ct" -- sh -c "
		for i in 1 2 3 4 5 6 7 8 9 10; do
			docker run --rm --name $P$1\$i ct/busybox:1 sh -c '$2' > /dev/null
		done" > /dev/null 2> "$OUT/$1.err"
}
series before "echo"
series after "sleep 0.5; echo"
same "a planted slowdown fails" 1 \
	"$(exit_of "$COLDTRACE" diff "$OUT/before.ct" "$OUT/after.ct" --fail-if-slower 5)"
check "and is named" grep -qE "^B IS .*SLOWER.*ready" "$OUT/stdout"
same "a recording is not slower than itself" 0 \
	"$(exit_of "$COLDTRACE" diff "$OUT/before.ct" "$OUT/before.ct" --fail-if-slower 5)"
same "too few to tell is no success" 3 \
	"$(exit_of "$COLDTRACE" diff "$OUT/alone.ct" "$OUT/second.ct" --fail-if-slower 5)"

# Every format from one file.
mkdir -p "$OUT/exported"
same "export: exit status" 0 "$(exit_of "$COLDTRACE" export "$OUT/both.ct" \
	--format json,jsonl,csv,openmetrics,hdr,perfetto,otlp,html -d "$OUT/exported")"
for file in "$OUT"/exported/*; do
	check "$(basename "$file") is not empty" test -s "$file"
done
check "JSON of the export is that of the report" cmp "$OUT/exported/both.jsonl" "$OUT/again.jsonl"
