# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Programs with the names of engines and shims, whose files are there to do harm: FIFOs, devices,
# farms of links, a file of a terabyte, circles, a file system that never answers. Tracing begins at
# once, real containers are told whole, and nothing is left.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

d=$(mktemp -d /tmp/coldtrace-hostile.XXXXXX)
chmod 755 "$d"
pids=()

end_hostile()
{
	((${#pids[@]} == 0)) || kill -KILL "${pids[@]}" 2> /dev/null
	pids=()
}
trap 'end_hostile; rm -rf "$d"' EXIT

id_of()
{
	printf '%064x' "$1"
}

# as_nobody NAME ARG...: a program that is called so, with these arguments, until it is killed; the
# same as root of a pid namespace of its own: in_container
as_nobody()
{
	local name=$1

	shift
	ln -sf /bin/sh "$d/$name"
	(cd "$d/cwd" && exec setpriv --reuid 65534 --regid 65534 --clear-groups \
		"$d/$name" -c "read x <> $d/hold" "$name" "$@") &
	pids+=($!)
	disown $!
}

in_container()
{
	local name=$1

	shift
	ln -sf /bin/sh "$d/$name"
	(cd "$d/cwd" && exec unshare --pid --fork --kill-child \
		"$d/$name" -c "read x <> $d/hold" "$name" "$@") &
	pids+=($!)
	disown $!
}

# The last resort of who wants to keep others waiting. What is mounted goes with its program.
behind_silence()
{
	SILENT_FUSE=$d/fuse unshare --pid --fork --kill-child "$d/silent" "$d/silence/containers" \
		"$d/dockerd" -c "read x <> $d/hold" dockerd --data-root "$d/silence" > "$d/said" &
	pids+=($!)
	disown $!
	await 5 grep -q ready "$d/said"
}

make_files()
{
	local i

	mkdir -p "$d/cwd" "$d"/{links,huge,pipe,silence}/containers "$d/circle"
	mkfifo -m 666 "$d/hold" "$d/cwd/init.pid"
	mknod -m 666 "$d/node" c 4095 4095
	mknod -m 666 "$d/fuse" c 10 229
	ln -s containers "$d/circle/containers"
	{ printf '{"Name":"/links"}'; head -c 250000 /dev/zero | tr '\0' ' '; } > "$d/links/file"
	for ((i = 0; i < 1000; i++)); do
		mkdir "$d/links/containers/$(id_of "$i")"
		ln "$d/links/file" "$d/links/containers/$(id_of "$i")/config.v2.json"
	done
	mkdir "$d/huge/containers/$(id_of 1)" "$d/pipe/containers/$(id_of 1)"
	truncate -s 1T "$d/huge/containers/$(id_of 1)/config.v2.json"
	mkfifo -m 666 "$d/pipe/containers/$(id_of 1)/config.v2.json"
}

start_hostile()
{
	local how

	for how in as_nobody in_container; do
		$how containerd-shim -namespace k8s.io -id abc
		$how dockerd --config-file "$d/node"
		$how dockerd --config-file "$d/cwd/init.pid"
		$how dockerd --data-root "$d/links"
		$how dockerd --data-root "$d/huge"
		$how dockerd --data-root "$d/pipe"
		$how dockerd --data-root "$d/circle"
	done
}

# run_some PREFIX: three containers that remove themselves, as fast as they can
run_some()
{
	local i

	for i in 1 2 3; do
		docker run --rm --name "$P$1$i" ct/service:1 /bin/service exit 7 > /dev/null 2>&1
	done
}

# Milliseconds until tracing begins.
begin_to_trace()
{
	local begin=$EPOCHREALTIME

	trace_start "$1" || exit 0
	TOOK=$(((${EPOCHREALTIME/./} - ${begin/./}) / 1000))
}

begin_to_trace quiet
quiet=$TOOK
trace_stop
make_files
ln -sf /bin/sh "$d/dockerd"
gcc -O1 -D_GNU_SOURCE -o "$d/silent" "$CT_LIB/silent.c" || fail "the silent file system is built"
start_hostile
if behind_silence; then
	silent=yes
else
	cannot "a file system that never answers" "$(< "$d/said")"
	silent=
fi

begin_to_trace trace
check "tracing begins at once: after $TOOK ms, without them $quiet" test "$TOOK" -lt $((quiet + 2000))
run_some before
scouts=$(pgrep -P "$CT_PID" | tr '\n' ' ')
start_hostile # and while it runs
[[ -z $silent ]] || behind_silence
run_some during
sleep 4 # until all have been looked at
run_some after
trace_stop 5
for when in before during after; do
	same "$when: every start and stop is told, with its name" "$P${when}1 $P${when}2 $P${when}3" \
		"$(ask '[of("start"; "ok"), of("stop"; "ok") | map(.name | select(startswith($q))) | sort]
			| if .[0] == .[1] then .[0] | join(" ") else tostring end' --arg q "$P$when")"
done
says "nothing else is told to have started" 9 'of("start") | length'
check "it was seen to the end" test "$CT_STATUS" = 0 -o "$CT_STATUS" = 3
if [[ -n $silent ]]; then
	check "who does not answer is named" grep -q 'keep whoever reads them waiting' "$OUT/trace.err"
fi
same "nobody is told more often than it is there" "" \
	"$(grep -c 'of its files not read' "$OUT/trace.err" | awk '$1 > 40')"
end_hostile
gone()
{
	# shellcheck disable=SC2086
	! kill -0 $scouts 2> /dev/null
}
check "nothing is left of it" await 5 gone
