# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Whether more layers at once would bring anything: of a line that is full nothing, of a registry that gives each connection so
# much, all of it. What is said of a pull with few of them at once is held against pulls with ten.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/registry.sh
. "$CT_LIB/registry.sh"
# shellcheck source=tests/lib/pulls.sh
. "$CT_LIB/pulls.sh"

if ! command -v docker-registry > "$OUT/which"; then
	cannot "how wide a line is" "docker-registry is not installed: apt-get install docker-registry"
	exit 0
fi
engine=$(dirname "${DOCKER_HOST#unix://}")
cp "$engine/daemon.json" "$OUT/daemon.json"
paced=
over()
{
	[[ -z $paced ]] || ended "$paced"
	in_engine tc qdisc del dev lo root 2> "$OUT/tc.err"
	cp "$OUT/daemon.json" "$engine/daemon.json"
	kill -HUP "$(< "$engine/pid")"
	registry_stop
}
trap over EXIT
registry_start "$OUT" || { fail "the registry answers: $(tail -n 3 "$OUT/registry/log")"; exit 0; }
# Of different sizes, and the last is the largest: it is fetched while others are, and alone.
SERVICE=- pushed wide 3500K:random 3M:random 2500K:random 2M:random 1500K:random 2M:random 1M:random \
	1500K:random 3M:random 4M:random
(in_engine_becomes "$CT_LIB/paced.py" "$REGISTRY" 1500000 "$OUT/paced" > "$OUT/paced.log" 2>&1) &
paced=$!
await 20 test -s "$OUT/paced" || { fail "a server that gives each connection so much: $(< "$OUT/paced.log")"; exit 0; }

# at_once N: dockerd has heard it when it says so
reloaded()
{
	docker events --since "$1" --until "$(date +%s.%N)" --filter type=daemon --filter event=reload --format '{{json .Actor.Attributes}}' |
		grep -q "\"max-concurrent-downloads\":\"$2\""
}
at_once()
{
	local since

	since=$(date +%s.%N)
	jq ". + { \"max-concurrent-downloads\": $1 }" "$OUT/daemon.json" > "$engine/daemon.json"
	kill -HUP "$(< "$engine/pid")"
	await 20 reloaded "$since" "$1" || fail "dockerd fetches $1 layers at once"
}

# pull_with N REGISTRY: with so many at once
pull_with()
{
	at_once "$1"
	docker pull -q "$2/test/wide:1" > "$OUT/pull" 2>&1 || fail "docker pull: $(< "$OUT/pull")"
	docker rmi "$2/test/wide:1" > "$OUT/rmi" 2>&1
}

# shellcheck disable=SC2016
line='def pulls: [records | select(.kind == "pull" and (.image | endswith("/test/wide:1")))];
	def said($n): pulls | map(select(.fetched.bound))[$n] | .total_ns as $total | .fetched.bound
		| { by, is: .line.is, why: .line.why, least: (.gain_no_limit_least_ns / $total), most: (.gain_no_limit_ns / $total) };
	def gained($n; $m): 1 - pulls[$m].total_ns / pulls[$n].total_ns;
	def last: pulls | length - 1;'

# row NAME REGISTRY N...: pulls, one with each number at once
row()
{
	local n

	trace_start "$1" --record "$OUT/$1.ct" || return
	for n in "${@:3}"; do
		pull_with "$n" "$2"
	done
	trace_stop
	same "$1: exit status" 0 "$CT_STATUS"
	echo "# $1, gained with ten: $(ask "$line"' [range(pulls | length - 1) as $n | gained($n; -1) * 100 | round]'), said: $(ask "$line"' [range(pulls | length - 1) as $n | said($n)]')"
	"$COLDTRACE" report "$OUT/$1.ct" --pulls > "$OUT/$1.pulls" 2> "$OUT/$1.err"
}

# Three times with three, and then with one and ten, to see whether what is said to be gained is there: an upper bound. On a busy
# machine connections take turns as they like, and nobody knows; the wrong thing is never said.
numbers=(3 3 3)
[[ -z ${LONG:-} ]] || numbers+=(1 10)
gains()
{
	[[ -n ${LONG:-} ]] || return 0
	says "$1: with ten at once no more is gained than was said" '[]' \
		"$line"' [range(last) as $n | { said: said($n), gained: gained($n; last) } | select(.gained > .said.most + 0.1)]'
	says "$1: one at a time: nobody knows of the line" '["unknown","same"]' "$line"' said(3) | [.is, .why]'
}

in_engine tc qdisc add dev lo root tbf rate 32mbit burst 256kb latency 100ms || fail "the network is slow"
row full "$REGISTRY" "${numbers[@]}"
says "a full line is never said to have room, nor the engine's limit to be what bounds it" '[true,true,[]]' \
	"$line"' [range(3) as $n | said($n)] | [all(.is != "room"), any(.is == "full" and .why == "together"),
		map(select(.is == "full" and (.by == "slots" or .most > 0.15)))]'
check "a full line: the report says so" grep -q '^  line  *full  [12] to 3 at once, .*: no more came when more' "$OUT/full.pulls"
gains "a full line"
in_engine tc qdisc del dev lo root
row each "$(< "$OUT/paced")" "${numbers[@]}"
says "a limit for each connection is never said to be a full line" '[true,true]' \
	"$line"' [range(3) as $n | said($n)] | [all(.is != "full"), any(.is == "room" and .why == "each")]'
check "a limit for each connection: the report says so" grep -q '^  line  *room  .*: each layer came as fast' "$OUT/each.pulls"
gains "a limit for each connection"
