# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The long form of 37, behind its short one: a hundred pulls, twenty at once; a registry with TLS and a password; one
# that is slow; one that ends in the middle. What the registry has is the witness.
# shellcheck source=tests/lib/pulls.sh
. "$CT_LIB/pulls.sh"

# also_at NAME CONFIG...: another registry with the same files. Its address is in $OUT/NAME.address.
also_at()
{
	local name=$1 port

	port=$(in_engine python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	printf '%s\n' 'version: 0.1' 'log: {level: warn, accesslog: {disabled: true}}' \
		"storage: {filesystem: {rootdirectory: $REGISTRY_DIR/data}}" "${@:2}" | sed "s/PORT/$port/" > "$OUT/$name.yml"
	(in_engine_becomes docker-registry serve "$OUT/$name.yml" > "$OUT/$name.log" 2>&1) &
	others+=($!)
	echo "127.0.0.1:$port" > "$OUT/$name.address"
	await 20 in_engine curl -sk -o "$OUT/$name.answer" "https://127.0.0.1:$port/v2/" ||
		fail "registry '$name' answers: $(tail -n 3 "$OUT/$name.log")"
}

others=()
long_over()
{
	kill "${others[@]}" 2> "$OUT/kill.err"
	in_engine tc qdisc del dev lo root 2> "$OUT/tc.err"
	registry_stop
}
trap long_over EXIT

# pull_at ADDRESS NAME [OPTION]...
pull_at()
{
	docker "${@:3}" pull -q "$1/test/$2:1" > "$OUT/pull.$2" 2>&1
}

# exact NAME: its layers as they are in the registry, wherever it was pulled from
exact()
{
	says "$1: layers in the order of the manifest, with digest and size" "[$(< "$OUT/layers.$1")]" \
		'[records | select(.kind == "pull" and .outcome == "ok" and (.image | contains("/test/" + $name + ":")))
			| [.fetched.layers[] | [.digest, .size]]] | unique' --arg name "$1"
}

names=()
for ((i = 1; i <= 20; i++)); do
	names+=("at$i")
	pushed "at$i" "$((i * 10))K" 1M 300K
done
trace_start hundred --record "$OUT/hundred.ct" || exit 0
rounds 5 20
trace_stop 60
all_well "a hundred" 100
for name in "${names[@]}"; do
	exact "$name"
done
pulled "a hundred: each layer is fetched, then unpacked, then the next one" '[]' \
	'[pulls[].fetched.layers | . as $l | to_entries[] | select((.value.there | not) and (.value.fetched_ns == null
		or .value.unpacked_ns == null or .value.unpacked_ns < .value.fetched_ns
		or (.key > 0 and .value.unpacked_ns < $l[.key - 1].unpacked_ns))) | .value.id]'
# the first layer is the same service in each
pulled "a hundred: each layer of its own is fetched in each round" '[300]' \
	'[[pulls[].fetched.layers[1:][] | select((.there or .shared) | not)] | length]'
tiled "a hundred: "

# Two of one size, one of 1 KiB, one of 300 MB, through 50 MB/s.
pushed big 1K 4M:random 4M:random 300M:random
pushed ends 5M:random 1K
pushed secret 2M:random 1M
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=reg.test -keyout "$OUT/r.key" -out "$OUT/r.crt" 2> "$OUT/openssl.err"
python3 -W ignore -c 'import crypt; print("me:" + crypt.crypt("no-one-knows-37", crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' > "$OUT/users"
also_at secret "http: {addr: 127.0.0.1:PORT, tls: {certificate: $OUT/r.crt, key: $OUT/r.key}}" \
	"auth: {htpasswd: {realm: r, path: $OUT/users}}"
secret=$(< "$OUT/secret.address")
for how in "2000000 ends" "100000 fails"; do
	(in_engine_becomes "$CT_LIB/halts.py" "$REGISTRY" "${how% *}" "$OUT/${how#* }.address" ends > "$OUT/${how#* }.log" 2>&1) &
	others+=($!)
	await 20 test -s "$OUT/${how#* }.address" || fail "a server that ends in the middle: $(< "$OUT/${how#* }.log")"
done
trace_start odd --record "$OUT/odd.ct" || exit 0
in_engine tc qdisc add dev lo root tbf rate 400mbit burst 256kb latency 100ms || fail "the network is slow"
pull_at "$REGISTRY" big || fail "docker pull of 300 MB: $(< "$OUT/pull.big")"
in_engine tc qdisc del dev lo root
docker --config "$OUT/login" login -u me --password-stdin "$secret" <<< no-one-knows-37 > "$OUT/login.out" 2>&1 ||
	fail "docker login: $(< "$OUT/login.out")"
pull_at "$secret" secret --config "$OUT/login" || fail "docker pull with a password: $(< "$OUT/pull.secret")"
pull_at "$secret" five && fail "docker pull without one"
pull_at "$(< "$OUT/ends.address")" ends || fail "docker pull that is retried: $(< "$OUT/pull.ends")"
docker rmi -f "$(< "$OUT/ends.address")/test/ends:1" > "$OUT/rmi" 2>&1
pull_at "$(< "$OUT/fails.address")" one || fail "docker pull that is retried: $(< "$OUT/pull.one")"
trace_stop
same "odd registries: exit status" 0 "$CT_STATUS"
for name in big secret ends; do
	exact "$name"
done
says "300 MB: what bounds it is the network, and it is not faster than that" '[true,true]' \
	'[records | select(.kind == "pull" and (.image | contains("/big:"))) | . as $p | .fetched.layers
		| (([.[] | select(.there | not) | .fetched_ns] | max) - $p.begin_ns) as $ns
		| ((map(select(.there | not) | .size) | add) / $ns * 1000 | . < 51), ($p.phases.download > $p.total_ns / 2)]'
says "a password: the one that has it, the one that has not" '[["five","failed"],["secret","ok"]]' \
	'[records | select(.kind == "pull" and (.image | startswith($secret))) | [(.image | capture("test/(?<n>.*):1").n), .outcome]] | sort' \
	--arg secret "$secret/"
"$CT_LIB/raw.py" "$OUT/odd.ct" > "$OUT/odd.raw" 2> "$OUT/raw.err"
check "a password: the recording is read, and has what was asked for" grep -aqF "$secret/test/secret" "$OUT/odd.raw"
same "a password: it is not in it" "" "$(grep -aoE "no-one-knows-37|$(printf 'me:no-one-knows-37' | base64)" "$OUT/odd.raw")"
# So often does a layer of that size not fit into one answer.
says "what ends in the middle is fetched again, and how often is said" '[["ends",2],["one",3]]' \
	'[records | select(.kind == "pull" and (.image | test("/(ends|one):")))
		| [(.image | capture("test/(?<n>.*):1").n), ([.fetched.layers[].retries] | add)]] | sort'
