# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# The registry of tests/lib/registry.sh by more doors, each with the same images, a name and a password.
#
#   hosts_start DIR SECRET   sets TLS, PLAIN, ASIDE to name:port: with TLS, without, and one that is somebody's mirror
#                            and asks for no password
#   hosts_names FILE         an /etc/hosts that has them
#   hosts_stop

# shellcheck source=tests/lib/registry.sh
. "$CT_LIB/registry.sh"

HOSTS_PIDS=()

# hosts_door NAME PORT CONFIG...
hosts_door()
{
	local dir=$HOSTS_DIR/$1

	printf '%s\n' 'version: 0.1' 'log: {level: warn, accesslog: {disabled: false}}' \
		"storage: {filesystem: {rootdirectory: $REGISTRY_DIR/data}}" "${@:3}" | sed "s/PORT/$2/" > "$dir.yml"
	(in_engine_becomes docker-registry serve "$dir.yml" > "$dir.log" 2>&1) &
	HOSTS_PIDS+=($!)
	await 20 in_engine curl -sk -o "$dir.answer" "http://127.0.0.1:$2/v2/"
}

hosts_names()
{
	echo 127.0.0.1 localhost reg.test plain.test mirror.test > "$1"
}

hosts_start()
{
	local users ports certificate=$1/hosts/r.crt

	HOSTS_DIR=$1/hosts
	mkdir -p "$HOSTS_DIR"
	registry_start "$1" || return
	read -ra ports < <(in_engine python3 -c 'import socket
all = [socket.socket() for _ in range(3)]
[s.bind(("127.0.0.1", 0)) for s in all]
print(*[s.getsockname()[1] for s in all])')
	# shellcheck disable=SC2034 # for who calls it
	TLS=reg.test:${ports[0]} PLAIN=plain.test:${ports[1]} ASIDE=mirror.test:${ports[2]}
	openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=reg.test -addext subjectAltName=DNS:reg.test \
		-keyout "$HOSTS_DIR/r.key" -out "$certificate" 2> "$HOSTS_DIR/openssl.err" || return
	python3 -W ignore -c 'import crypt, sys
print("me:" + crypt.crypt(sys.argv[1], crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))' "$2" > "$HOSTS_DIR/users"
	users="auth: {htpasswd: {realm: r, path: $HOSTS_DIR/users}}"
	hosts_door tls "${ports[0]}" "http: {addr: 127.0.0.1:PORT, tls: {certificate: $certificate, key: $HOSTS_DIR/r.key}}" "$users" &&
		hosts_door plain "${ports[1]}" 'http: {addr: 127.0.0.1:PORT}' "$users" &&
		hosts_door aside "${ports[2]}" 'http: {addr: 127.0.0.1:PORT}'
}

hosts_stop()
{
	ended "${HOSTS_PIDS[@]}"
	HOSTS_PIDS=()
	registry_stop
}
