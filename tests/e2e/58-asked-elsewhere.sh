# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# An engine that is asked on another socket than its first is heard there; one that listens on TCP, with TLS, is
# not, and says so: what runs is told all the same, and nothing is called complete.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

top=$(cd "$(dirname "$0")/../.." && pwd)
port=23760
tls=$OUT/tls
first=$DOCKER_HOST first_dir=$ENGINE_DIR

cleanup()
{
	DOCKER_HOST=$first e2e_cleanup
	[[ $ENGINE_DIR == "$first_dir" ]] || engine_stop
}
trap cleanup EXIT

# own_engine OPTION...: in place of the runner's
own_engine()
{
	ENGINE_DIR='' ENGINE_PID='' ENGINE_ALSO=("$@")
	if ! engine_start || ! "$top/tools/images/make.sh" "$O/images"; then
		fail "an engine with ${*:-no options} starts"
		return 1
	fi
}

# asked HOST OPTION...: a container that ends by itself, asked for there, in the engine's network
asked()
{
	local host=$1

	shift
	nsenter --net="/proc/$ENGINE_PID/ns/net" docker --host "$host" "$@"
}

# ask_for "NUMBER..." HOST [OPTION]...: containers one after another
ask_for()
{
	local i numbers=$1

	shift
	for i in $numbers; do
		asked "$@" run --rm --name "$P$i" ct/service:1 exit "$i" > "$OUT/said" 2>&1
		(($? == i)) || fail "a container runs that is asked for at $1" "$(tail -n 2 "$OUT/said")"
	done
}

ended()
{
	[[ $(docker inspect --format '{{.State.Status}}' "$1") == exited ]]
}

whole='[[of("start"; "ok")[] | select(has_phases(["create", "connect", "start", "ready"])) | .name],
	[of("stop"; "ok")[] | select(has_phases(["die", "disconnect", "destroy"])) | [.name, .exit_code]]]'
all="[[\"${P}1\",\"${P}2\",\"${P}3\"],[[\"${P}1\",1],[\"${P}2\",2],[\"${P}3\",3]]]"

# Of both sockets the request is the first that is said there since tracing began: nobody has said hello before.
own_engine --host "unix://$OUT/other.sock" || exit 0
for i in 1 2; do
	docker create --name "$P$i" ct/service:1 exit "$i" > "$OUT/said" 2>&1 || fail "a container is made" "$(< "$OUT/said")"
done
trace_start first
curl -sS --unix-socket "$OUT/other.sock" -X POST "http://d/containers/${P}1/start" 2> "$OUT/curl.err"
curl -sS --unix-socket "${DOCKER_HOST#unix://}" -X POST "http://d/containers/${P}2/start" 2>> "$OUT/curl.err"
await 10 ended "${P}1" && await 10 ended "${P}2"
trace_stop
docker rm "${P}1" "${P}2" > "$OUT/said" 2>&1
same "the first word on either socket: it is sent" '' "$(< "$OUT/curl.err")"
says "the first word on either socket is heard" "[[\"${P}1\",\"request\",true],[\"${P}2\",\"request\",true]]" \
	'[of("start"; "ok")[] | [.name, .cause, has_phases(["connect", "start", "ready"])]] | sort'

trace_start other
ask_for "1 2" "unix://$OUT/other.sock"
ask_for 3 "$DOCKER_HOST"
trace_stop
same "another socket: exit status" 0 "$CT_STATUS"
says "another socket: three starts and stops, two of them and one of the first, whole" "$all" "$whole"
says "another socket: nobody is deaf, nothing was misunderstood" '[true,null,null]' 'summary | [.complete, .deaf, .unheard]'
engine_stop

mkdir -p "$tls"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
	-keyout "$tls/key.pem" -out "$tls/cert.pem" 2> "$OUT/openssl" || fail "a certificate is made" "$(tail -n 1 "$OUT/openssl")"
own_engine --host "127.0.0.1:$port" --tls --tlscacert "$tls/cert.pem" --tlscert "$tls/cert.pem" --tlskey "$tls/key.pem" || exit 0
nsenter --net="/proc/$ENGINE_PID/ns/net" ip link set lo up
trace_start tls -o table
ask_for "1 2 3" "tcp://127.0.0.1:$port" --tlsverify --tlscacert "$tls/cert.pem" \
	--tlscert "$tls/cert.pem" --tlskey "$tls/key.pem"
trace_stop
same "TLS: exit status" 3 "$CT_STATUS"
says "TLS: each is told and named: its start as cut, for what was asked is not known, its stop whole" \
	"[[[\"${P}1\",\"cut\"],[\"${P}2\",\"cut\"],[\"${P}3\",\"cut\"]],[[\"${P}1\",1],[\"${P}2\",2],[\"${P}3\",3]]]" \
	'[[of("start")[] | [.name, .outcome]], [of("stop"; "ok")[] | select(has_phases(["die", "disconnect", "destroy"])) | [.name, .exit_code]]]'
says "TLS: the engine is named" "[false,[[\"docker\",$(< "$ENGINE_DIR/pid"),1]]]" \
	'summary | [.complete, [.deaf[] | [.engine, .pid, .count]]]'
check "TLS: the summary says so" grep -q "asked on TCP, which is not heard: docker $(< "$ENGINE_DIR/pid")" "$OUT/tls.out"
