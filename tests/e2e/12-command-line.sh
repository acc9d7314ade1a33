# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The command line: refusals are one sentence, ends are orderly, filters filter.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

# refused WHAT STATUS COMMAND...: that exit status, one sentence on stderr, nothing on stdout
refused()
{
	local what=$1 wanted=$2 status

	shift 2
	timeout 30 "$@" > "$OUT/refused.out" 2> "$OUT/refused.err" < /dev/null
	status=$?
	same "$what: status $wanted, one sentence" "$wanted, 1 line, 0 on stdout, coldtrace: " \
		"$status, $(wc -l < "$OUT/refused.err") line, $(wc -c < "$OUT/refused.out") on stdout, $(
			head -c 11 "$OUT/refused.err")"
}

for options in --nonsense "-n nine" "-n 0" "-d -1" "--ready never" "-o xml" "--ring 5000" \
	"--ready-fd x" -n nonsense; do
	# shellcheck disable=SC2086
	refused "bad options ($options)" 2 "$COLDTRACE" $options
done
timeout 30 "$COLDTRACE" -o "json:$OUT/x" -- /no/such/command 2> "$OUT/command.err"
same "a command that does not exist: status 1" 1 $?
check "a command that does not exist: a sentence that names it" \
	grep -q "^coldtrace: .*'/no/such/command'.*No such file" "$OUT/command.err"

for options in --help --version doctor; do
	check "$options succeeds" timeout 30 "$COLDTRACE" $options
done

for options in --help "report --help" --version; do
	# shellcheck disable=SC2086
	"$COLDTRACE" $options > /dev/full 2> "$OUT/help.err"
	same "$options on a full disk: status 1 and why" \
		"1, coldtrace: write to 'stdout': No space left on device" "$?, $(cat "$OUT/help.err")"
done
refused "help of what is no command" 2 "$COLDTRACE" nonsense --help

# The build directory may be closed to others.
mkdir -m 755 "/tmp/$P" && cp "$COLDTRACE" "/tmp/$P/coldtrace" && chmod 755 "/tmp/$P/coldtrace"
refused "not root" 1 setpriv --reuid 65534 --regid 65534 --clear-groups --no-new-privs \
	--inh-caps=-all --bounding-set=-all "/tmp/$P/coldtrace"
install -m 666 "$(dirname "$0")/../../docs/readme.ct" "/tmp/$P/kept.ct"
refused "not root, with a recording" 1 setpriv --reuid 65534 --regid 65534 --clear-groups \
	--no-new-privs --inh-caps=-all --bounding-set=-all "/tmp/$P/coldtrace" record -o "/tmp/$P/kept.ct"
check "and the recording that was there is still the same" \
	cmp "/tmp/$P/kept.ct" "$(dirname "$0")/../../docs/readme.ct"
rm -r "/tmp/${P:?}"

one()
{
	docker run --rm --name "$P$1" "${@:2}" > /dev/null
}

trace_start count -n 2 --container "${P}b" --container "${P}c" || exit 0
for name in a b c d; do
	one $name ct/service:1 exit 0
done
trace_wait 20
same "-n 2: ends by itself" 0 "$CT_STATUS"
says "-n 2 with --container: these two starts" "[\"${P}b\",\"${P}c\"]" '[of("start")[].name]'

# what nohup(1) does, and what a terminal that is closed does
(trap '' HUP && exec "$COLDTRACE" --ready-fd 8 -o "json:$OUT/nohup.json" -d 20 8> "$OUT/nohup.ready") \
	> /dev/null 2>&1 &
pid=$!
await 20 test -s "$OUT/nohup.ready"
kill -HUP "$pid"
sleep 0.5
check "nohup: it traces on" kill -0 "$pid"
kill -TERM "$pid"
wait "$pid"
same "SIGTERM: an orderly end" 0 $?

begin=$SECONDS
trace_start seconds -d 2 || exit 0
trace_wait 20
same "-d 2: ends by itself" 0 "$CT_STATUS"
check "-d 2: after 2 s" test $((SECONDS - begin)) -ge 1 -a $((SECONDS - begin)) -le 6
check "no container: the table says so or is empty" test -e "$OUT/seconds.out"

trace_start command -- docker run --rm --name "${P}command" ct/service:1 exit 7 || exit 0
trace_wait 60
same "-- COMMAND: its exit status" 7 "$CT_STATUS"
says "-- COMMAND: its container" '["start","stop"]' '[mine | .kind]'
trace_start signalled -- sh -c 'kill -TERM $$' || exit 0
trace_wait 30
same "-- COMMAND: killed by SIGTERM is 143, as in a shell" 143 "$CT_STATUS"

# filter WHAT WANTED OPTION...: of four containers, the names that get through
filter()
{
	local what=$1 wanted=$2

	shift 2
	trace_start filter "$@" || return
	one service ct/service:1 exit 0
	one busybox ct/busybox:1 true
	have_runtime runsc && one gvisor --runtime runsc ct/busybox:1 true
	trace_stop
	# what the filter leaves may be nothing: wanted says so
	says "$what" "$wanted" '[maybe_mine | select(.kind == "start") | .name | ltrimstr($p)] | join(" ")'
}

filter "--image GLOB" service --image 'ct/serv*'
filter "--container NAME" busybox --container "${P}busybox"
filter "two filters: both must hold" "" --image 'ct/serv*' --container "${P}busybox"
filter "--engine docker" "service busybox$(have_runtime runsc && echo ' gvisor')" --engine docker
filter "--engine of another name" "" --engine podman
if have_runtime runsc; then
	filter "--runtime runsc" gvisor --runtime runsc
	filter "--runtime twice" "service busybox gvisor" --runtime runsc --runtime runc
else
	cannot "--runtime runsc" "the engine has no runtime 'runsc'"
fi
filter "--ready exec" "service busybox$(have_runtime runsc && echo ' gvisor')" --ready exec
says "--ready exec: ready by exec" '["exec"]' '[of("start")[] | select(.runtime == "runc") | .ready.by] | unique'

# a reader that goes away
timeout 60 "$COLDTRACE" -o json -d 20 -- docker run --rm --name "${P}pipe" ct/service:1 exit 0 \
	2> "$OUT/pipe.err" | head -n 1 > "$OUT/pipe.out"
status=${PIPESTATUS[0]}
check "closed pipe: the first line came through" jq -e '.kind == "session"' "$OUT/pipe.out"
check "closed pipe: it ends, and not as killed or hung (status $status)" test "$status" -le 3
refused_lines=$(grep -c '^coldtrace: ' "$OUT/pipe.err")
check "closed pipe: at most one sentence" test "$refused_lines" -le 1

timeout 60 "$COLDTRACE" -o json:/dev/full -d 5 -- docker run --rm --name "${P}full" ct/service:1 exit 0 \
	> /dev/null 2> "$OUT/full.err"
same "full disk: status 1" 1 $?
check "full disk: a sentence that names it" grep -q "^coldtrace: .*/dev/full.*No space left" "$OUT/full.err"

# the two outputs of one run tell of the same
trace_start both -o "table:$OUT/both.table" || exit 0
one both ct/service:1 exit 0
trace_stop
check "table and JSON of one run" grep -q "${P}both" "$OUT/both.table"
says "and the JSON" '["start","stop"]' '[mine | .kind]'
