# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Tables of the kernel's side that forget what is oldest, and tell nobody: what was lost by that is counted, to one, and said.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

# shellcheck source=tests/lib/maps.sh
. "$CT_LIB/maps.sh"

# places NAME: how many its table of that name has
places()
{
	"$bpftool" -j map show id "$(map_id "$1")" | jq .max_entries
}

mkdir -p "$OUT/bin"
gcc -O2 -static -pthread -o "$OUT/bin/forgotten" "$CT_LIB/forgotten.c" || fail "the program that opens too many files is built"

# ours NAME VIEW: by its recording, how many opens were of files of ours by their path, of files of ours whose directory was
# forgotten, of files whose path found no room, and how many were lost, of whomever
ours()
{
	JSON=$OUT/$1.groups.json
	"$COLDTRACE" report "$OUT/$1.ct" --group 'ours=/d/*' --group forgotten=new -o "json:$JSON"
	# shellcheck disable=SC2016
	ask '[.[] | select(.kind == "opens" and .view == $view and .name == $name)] as $o
		| def of($group): [$o[].groups[] | select(.name == $group) | .count] | add // 0;
		"\(of("ours")) \(of("forgotten")) \([$o[].path_error] | add) \(lost)"' --arg view "$2" --arg name "$P$1"
}

# Nobody reads meanwhile: what is too many for the table is known beforehand.
# dirs NAME N
dirs()
{
	trace_start "$1" --opens --record "$OUT/$1.ct" || exit 0
	max=$(places open_dirs)
	kill -STOP "$CT_PID"
	docker run --rm --name "$P$1" --entrypoint /t/forgotten -v "$OUT/bin:/t:ro" --tmpfs /d ct/service:1 dirs /d "$2" \
		> "$OUT/$1.said" 2>&1
	kill -CONT "$CT_PID"
	trace_stop
	same "$2 directories: the program opened what it should" "opened $2" "$(cat "$OUT/$1.said")"
	read -r seen forgotten more lost <<< "$(ours "$1" native)"
}

dirs few 12000
same "as many directories as are kept: nothing lost" "12000 0 0 0 0" "$seen $forgotten $more $lost $CT_STATUS"
dirs many 30000
same "each is seen by its path, without its directory, or without its path" 30000 $((seen + forgotten + more))
check "paths are left whose directories had to make room for $((30000 - max)) more ($forgotten)" \
	test "$forgotten" -ge $(((30000 - max) / 2))
# more are of whoever else opens files meanwhile
check "those without are lost ($lost)" test "$lost" -ge "$forgotten"
same "that directories were forgotten is said" 3 "$CT_STATUS"

# too_many_at_once NAME: more tasks of a sandbox are in the middle of an open than are kept
too_many_at_once()
{
	local max n probes

	trace_start "$1" --opens --sentry-probes --runtime runsc --processes 2048 --record "$OUT/$1.ct" || return
	max=$(places sentry_opens)
	probes=$(perf_events)
	n=$((max + 300))
	docker run -d --name "$P$1" --runtime runsc --entrypoint sh -v "$OUT/bin:/t:ro" --tmpfs /d ct/service:1 \
		-c "until [ -e /tmp/go ]; do sleep 0.1; done; /t/forgotten fifo /d/fifo $n; /service serve" > /dev/null
	check "the sandbox gets its probes" await 20 has_probes "$probes"
	docker exec "$P$1" sh -c ': > /tmp/go'
	await 60 sh -c "docker logs $P$1 2> /dev/null | grep -q ready"
	docker logs "$P$1" > "$OUT/$1.said" 2>&1
	docker rm -f "$P$1" > /dev/null
	trace_stop
	same "$n at once: the program opened what it should" "opened $n" "$(grep opened "$OUT/$1.said")"
	read -r seen forgotten more lost <<< "$(ours "$1" sentry)"
	same "of opens whose begin was forgotten each is lost or seen" $((n + 1)) $((seen + lost))
	check "more are lost than $max are kept ($lost)" test "$lost" -ge $((n - max))
	same "that opens were forgotten is said" 3 "$CT_STATUS"
}

if ! have_runtime runsc; then
	cannot "opens inside gVisor that are forgotten" "the engine has no runtime 'runsc'"
elif [[ $(uname -m) != x86_64 ]]; then
	cannot "opens inside gVisor that are forgotten" "--sentry-probes are for x86_64"
else
	too_many_at_once sandbox
fi

# Where the next frame begins on a connection: the kernel keeps what is used, so that it is forgotten here as it would be there.
trace_start frames || exit 0
docker run --rm --name "${P}before" ct/service:1 exit 0 > /dev/null
frames=$(map_id h2_host)
"$bpftool" -j map dump id "$frames" | jq -r '.[].key | join(" ")' > "$OUT/keys"
check "engines speak to each other" test -s "$OUT/keys"
while read -ra key; do
	"$bpftool" map delete id "$frames" key "${key[@]}"
done < "$OUT/keys"
docker run --rm --name "${P}after" ct/service:1 exit 0 > /dev/null
trace_stop
same "that a connection was forgotten which goes on is said" 3 "$CT_STATUS"
says "it is counted" true 'summary.lost.talk > 0'

# rest NAME [FORGET]: a connection of which nothing begins with a frame any more once its first send was heard
rest()
{
	local cookie key

	trace_start "$1" || exit 0
	docker run --rm --name "$P$1" ct/service:1 exit 0 > /dev/null
	coproc "$CT_LIB/frames.py" "$ENGINE_DIR/exec/containerd/containerd.sock"
	read -rt 10 -u "${COPROC[0]}" cookie
	# shellcheck disable=SC2046
	key=$(printf '%016x' "$cookie" | sed 's/../& /g' | xargs -n 1 | tac | sed 's/^/0x/' | xargs)
	[[ -z ${2:-} ]] || # shellcheck disable=SC2086
		check "$1: where its next frame begins was known" "$bpftool" map delete id "$(map_id h2_host)" key $key
	echo >&"${COPROC[1]}"
	wait "$COPROC_PID"
	trace_stop
}

rest whole
same "a frame that goes on in the next send, with another behind it: nothing lost" "0 0" "$CT_STATUS $(ask lost)"
rest halved forget
same "it is forgotten, and ends with what begins nowhere: that is said" 3 "$CT_STATUS"
says "it is counted, once" 1 'summary.lost.talk'
