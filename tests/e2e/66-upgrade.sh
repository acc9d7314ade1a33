# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The service is restarted, as an upgrade does it, while containers come and go: what begins, and ends, while its process is
# another one is told as all else, once. With a real service manager, and the unit as it is.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"
# shellcheck source=tests/lib/manager.sh
. "$CT_LIB/manager.sh"

manager=$OUT/manager
spool=$OUT/spool
runs=
upgrade_end()
{
	rm -f "$OUT/go"
	[[ -z $runs ]] || wait "$runs"
	ctl "$manager" stop coldtrace.service 2> /dev/null
	manager_stop
	remove_containers
}
trap upgrade_end EXIT

# As long as there is a file; a line per container: its name, the time before it, the time behind it, its status.
cat > "$OUT/runs" <<'END'
dir=$1 p=$2 service=$3
for ((i = 0; i < 5000; i++)); do
	[[ -e $dir/go ]] || break
	at=$("$service" stamp)
	runc --root "$dir/root" run --bundle "$dir/bundle" "${p}bare-$i" < /dev/null > /dev/null 2>> "$dir/runc.err"
	status=$? by=$("$service" stamp)
	echo "${p}bare-$i ${at##* } ${by##* } $status" >> "$dir/ran.bare"
done
END

docker_runs()
{
	local i at by status

	for ((i = 0; i < 5000; i++)); do
		[[ -e $OUT/go ]] || break
		at=$(clocks)
		docker run --rm --name "${P}docker-$i" ct/service:1 exit 7 > /dev/null 2>> "$OUT/docker.err"
		status=$? by=$(clocks)
		echo "${P}docker-$i ${at##* } ${by##* } $status" >> "$OUT/ran.docker"
	done
}

# One that begins while there is no process, and goes on.
stays()
{
	local at by

	sleep 0.6
	at=$(clocks)
	docker run -d --name "${P}docker-stays-$1" ct/service:1 serve > /dev/null 2>> "$OUT/docker.err"
	by=$(clocks)
	echo "${P}docker-stays-$1 ${at##* } ${by##* } 0" >> "$OUT/ran.stays"
}

some_ran()
{
	[[ -s $OUT/ran.bare && -s $OUT/ran.docker ]]
}

# The programs that it has attached, by their numbers.
programs()
{
	cat "/proc/$1/fdinfo"/* 2> /dev/null | sed -n 's/^prog_id:[[:space:]]*//p' | sort -un
}

main_pid()
{
	ctl "$manager" show -P MainPID coldtrace.service
}

gone()
{
	local id

	while read -r id; do
		! bpftool prog show id "$id" > /dev/null 2>&1 || return
	done < "$1"
}

# Somebody says that there are more descriptors than there can be.
# shellcheck disable=SC2016
check "two thousand million descriptors take no time" timeout 10 bash -c \
	'LISTEN_PID=$$ LISTEN_FDS=2000000000 LISTEN_FDNAMES=coldtrace-page:x exec "$COLDTRACE" -d 0.2 > "$OUT/many.out" 2>&1'

manager_start "$manager" || { cannot "a service manager" "$(tail -n 3 "$manager/log")"; exit 0; }
bundle_make "$OUT/bundle" && bundle_args "$OUT/bundle" service exit 7 || { fail "a bundle is made"; exit 0; }
mkdir "$spool"
manager_unit "$manager" "$CT_LIB/../../systemd/coldtrace.service"
mkdir "$manager/units/coldtrace.service.d"
# Its process is away for as long as a slow machine takes.
printf '[Service]\nExecStart=\nExecStart=%s record -o . --rotate ${ROTATE} --keep-size ${KEEP_SIZE} --keep-age ${KEEP_AGE} %s\nWorkingDirectory=%s\nExecStartPre=sleep 1.5\n%s\n' \
	"$COLDTRACE" "" "$spool" "StandardError=append:$OUT/service.err" > "$manager/units/coldtrace.service.d/test.conf"
ctl "$manager" daemon-reload
check "the unit is started" ctl "$manager" start coldtrace.service
begin=$(clocks) begin=${begin##* }
touch "$OUT/go"
place_run "$OUT" "$OUT/runs" "$OUT" "$P" "$SERVICE" > "$OUT/place.out" 2>&1 &
runs=$!
docker_runs &
runs+=" $!"
await 30 some_ran || { fail "containers run" "$(tail -n 3 "$OUT/runc.err" "$OUT/place.out")"; exit 0; }
restarts=$(as_many 10 3)
for ((i = 1; i <= restarts; i++)); do
	programs "$(main_pid)" > "$OUT/before"
	from=$(clocks)
	stays "$i" &
	stays=$!
	check "restart $i" ctl "$manager" restart coldtrace.service
	by=$(clocks)
	echo "${from##* } ${by##* }" >> "$OUT/restarts"
	wait "$stays"
	sleep 1
	check "restart $i: the probes of before are gone" await 10 gone "$OUT/before"
done
rm "$OUT/go"
# shellcheck disable=SC2086
wait $runs
runs=
sleep 0.5
programs "$(main_pid)" > "$OUT/before"
check "the unit is stopped" ctl "$manager" stop coldtrace.service
check "stopped for good: no probe stays" await 10 gone "$OUT/before"
same "each goes on where the one before ended" "$restarts" "$(grep -c 'went on where another coldtrace ended' "$OUT/service.err")"

cat "$OUT/ran.bare" "$OUT/ran.docker" "$OUT/ran.stays" > "$OUT/ran"
JSON=$OUT/all.json
"$COLDTRACE" report "$spool" -o "json:$JSON" > "$OUT/report.out" 2> "$OUT/report.err"
same "nobody says that nobody traced" 0 "$(grep -c 'nobody traced' "$OUT/report.err")"
# A restart is under way when the containers' begin lies before what it says, or they end behind it.
# shellcheck disable=SC2016
truth='($ran | split("\n") | map(select(. != "") | split(" ") | {name: .[0], at: (.[1] | tonumber), by: (.[2] | tonumber)})) as $ran
	| ($restarts | split("\n") | map(select(. != "") | split(" ") | map(tonumber))) as $gaps
	| [maybe_mine | select(.kind == "start")] as $told'
given=(--rawfile ran "$OUT/ran" --rawfile restarts "$OUT/restarts")
says "some began and ended while there was no process" true \
	"$truth"' | [$ran[] | select(. as $r | any($gaps[]; .[0] + 2e8 < $r.at and $r.by < .[0] + 14e8))] | length >= ($gaps | length)' "${given[@]}"
for engine in bare docker; do
	says "$engine: these are told, whole, and once" '[]' "$truth"'
		| [$ran[] | select((.name | contains("'$engine'")) and (. as $r | any($gaps[]; .[0] + 2e8 < $r.at and $r.by < .[0] + 14e8)))
		| .name as $n | [$told[] | select(.name == $n) | .outcome] | select(. != ["ok"]) | "\($n): \(.)"]' "${given[@]}"
	# Of one that was asked for before and has gone since nobody may know the name.
	says "$engine: no start is missing, and none is told as whole twice" '[]' "$truth"'
		| [records | select(.kind == "start" and .outcome == "cut" and .name == "") | .begin_ns] as $unnamed
		| [$ran[] | select(.name | contains("'$engine'")) | . as $r | [$told[] | select(.name == $r.name) | .outcome]
		| select((length == 0 and (any($unnamed[]; $r.at < . and . < $r.by) | not)) or (map(select(. == "ok")) | length) > 1)
		| "\($r.name): \(.)"]' "${given[@]}"
done
# It may have been slower than the restart; but each is known whole.
says "what began then and goes on is told, whole, and once" '[]' "$truth"'
	| [$ran[] | select(.name | contains("stays")) | .name as $n | [$told[] | select(.name == $n) | .outcome]
	| select(. != ["ok"]) | "\($n): \(.)"]' "${given[@]}"
# Of connections that go on, too. What others take beyond their share is theirs.
says "nothing is lost" '[0,0,0]' 'summary.lost | [.ring, .read, .talk]'
# shellcheck disable=SC2016
echo "# $(ask "$truth"' | "\($ran | length) containers, \([$ran[] | select(. as $r | any($gaps[]; .[0] < $r.by and $r.at < .[1]))] | length) of them about restarts; \([$told[] | select(.outcome == "cut")] | length) starts are cut"' "${given[@]}")"
grep 'went on' "$OUT/service.err" | sed 's/^/# /'
