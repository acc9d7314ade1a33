# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Who asks containerd for an image, by the name that the kernel has for its program: also of who was connected before
# tracing began, and says nothing of itself. And what a client that fetches by itself never told its engine of: an image that is
# not there. The clients' exit status and clocks, and what the registry was asked, are the other witnesses.
# shellcheck source=tests/lib/ctr_pulls.sh
. "$(dirname "$0")/../lib/ctr_pulls.sh"

# ctr_asks NAME [GLOBAL-OPTION]...: with a password among its options; its times, by CLOCK_MONOTONIC, to $OUT/NAME.times
ctr_asks()
{
	local begin end status

	begin=$(clocks)
	in_engine nsenter --mount="/proc/$CR_PID/ns/mnt" -- ctr -a "$CR_SOCK" "${@:2}" images pull --plain-http \
		-user "me:$SECRET" "$REGISTRY/test/$1:1" > "$OUT/pull.$1" 2>&1
	status=$?
	end=$(clocks)
	echo "${begin#* } ${end#* }" > "$OUT/$1.times"
	return "$status"
}

SECRET=ct67canary$RANDOM$RANDOM
pushed three 1K 2M 1M
cri=
if cri_missing=$(cri_can) && cri_prepare; then
	cri=yes
	cri_client pull "$REGISTRY/test/three:1" me "" "$OUT/go" > "$OUT/pull.late" 2>&1 &
	late=$!
	await 20 test -e "$OUT/go.waits" || fail "a client of the CRI is connected"
else
	cannot "a client of the CRI" "$cri_missing"
fi
trace_start ctr --record "$OUT/asked.ct" || exit 0
ctr_asks three || fail "ctr images pull" "$(< "$OUT/pull.three")"
ctr_asks none && fail "an image that is not there is refused"
ctr_asks gone -n other && fail "another is refused, for another namespace"
cr_ctr images pull --no-such-option "$REGISTRY/test/never:1" > "$OUT/pull.never" 2>&1 && fail "ctr refuses an option that it does not have"
cr_ctr images ls > "$OUT/ls"
cr_ctr version > "$OUT/version"
# It is ended while it waits for the registry.
registry_hold
(in_engine_becomes nsenter --mount="/proc/$CR_PID/ns/mnt" -- \
	ctr -a "$CR_SOCK" i pull -plain-http "$REGISTRY/test/ended:1" > "$OUT/pull.ended" 2>&1) &
ended=$!
await 10 registry_asked 1 || fail "ctr asks the registry"
kill -KILL "$ended"
wait "$ended" 2> "$OUT/killed"
registry_let_go 0
if [[ $cri ]]; then
	: > "$OUT/go"
	wait "$late" || fail "the client of the CRI gets the image" "$(< "$OUT/pull.late")"
	cri_client pull "$REGISTRY/test/none:1" me "" > "$OUT/pull.cri" 2>&1
fi
sleep 0.5
trace_stop
same "exit status" 0 "$CT_STATUS"
# shellcheck disable=SC2016
{
	pulled "who asked, and by what that is known" \
		"[[\"ctr\",\"program\"]${cri:+,[\"cri.py\",\"program\"]}]" \
		'[pulls[] | [.fetched.client, .fetched.client_by]] | unique | sort_by(.[0] != "ctr")'
	pulled "each pull is told once, by its name, in its namespace, and how it went" \
		'[["ended","default","failed"],["gone","other","failed"],["none","default","failed"],["three","default","ok"]]' \
		'[pulls[] | select(.fetched.client == "ctr")
			| [(.image | capture("test/(?<name>[^:]*):1").name), .namespace, .outcome]] | sort'
	pulled "what ctr says on its standard error alone is not told, but that it does" \
		'["its client has given up: why is said on its standard error alone"]' \
		'[pulls[] | select(.image | test("/(none|gone):")) | select(.fetched.client == "ctr") | .failed.message] | unique'
	pulled "all of it was resolving, and nothing was fetched" '[[["resolve"],0,"resolve"]]' \
		'[pulls[] | select(.fetched.client == "ctr" and .outcome == "failed")
			| [(.phases | keys), (.fetched.layers | length), .failed.phase]] | unique'
	pulled "who is killed has interrupted it" '[["ended",true]]' \
		'[pulls[] | select(.fetched.interrupted) | [(.image | capture("test/(?<name>[^:]*):1").name), .fetched.interrupted]]'
	for name in three none; do
		pulled "$name: it lasts while ctr does, and no longer" true \
			'[pulls[] | select(.fetched.client == "ctr" and (.image | contains("/" + $name + ":")))] | length == 1 and
			(.[0] | .begin_ns > ($times[0] | tonumber) and .begin_ns + .total_ns < ($times[1] | tonumber) and .total_ns > 0)' \
			--arg name "$name" --argjson times "$(jq -cR 'split(" ")' "$OUT/$name.times")"
	done
}
same "a password among its options is nowhere" "" "$("$CT_LIB/canary.py" "$SECRET" "$OUT"/asked.ct "$JSON")"
same "the recording says the same of who asked" "$(ask '[records | select(.kind == "pull") | [.image, .fetched.client, .outcome]] | sort')" \
	"$("$COLDTRACE" report "$OUT/asked.ct" -o json | jq -cs '[.[] | select(.kind == "pull") | [.image, .fetched.client, .outcome]] | sort')"
