# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A registry of images on the loopback, for one test: Debian's docker-registry, in memory of nobody.
#
#   registry_start DIR       sets REGISTRY to host:port; docker takes 127.0.0.0/8 without TLS
#   registry_image NAME SIZE...
#                            pushes an image of ct/service's program and a layer for each size, and
#                            removes it from the engine; sets IMAGE
#   registry_hold, registry_let_go N
#                            who asks between them waits, and is answered when N have asked: so that they
#                            are there at once, however busy the machine is
#   registry_stop

# A private engine has a network of its own.
in_engine()
{
	local dir=${DOCKER_HOST#unix://}

	nsenter --net="/proc/$(< "${dir%/*}/pid")/ns/net" "$@"
}

# Instead of the shell that calls it: who ends that ends the command.
in_engine_becomes()
{
	local dir=${DOCKER_HOST#unix://}

	exec nsenter --net="/proc/$(< "${dir%/*}/pid")/ns/net" "$@"
}

registry_start()
{
	local port

	port=${PORT:-$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}
	REGISTRY=127.0.0.1:$port
	REGISTRY_DIR=$1/registry
	mkdir -p "$REGISTRY_DIR"
	printf '%s\n' 'version: 0.1' 'log: {level: warn, accesslog: {disabled: false}}' \
		"storage: {filesystem: {rootdirectory: $REGISTRY_DIR/data}}" "http: {addr: $REGISTRY}" \
		> "$REGISTRY_DIR/config.yml"
	in_engine ip link set lo up
	(in_engine_becomes docker-registry serve "$REGISTRY_DIR/config.yml" > "$REGISTRY_DIR/log" 2>&1) &
	REGISTRY_PID=$!
	await 20 in_engine curl -sf -o "$REGISTRY_DIR/answer" "http://$REGISTRY/v2/"
}

registry_image()
{
	local name=$1

	shift
	IMAGE=$REGISTRY/$name
	"$CT_LIB/image.py" "$IMAGE" "$SERVICE" "$@" | docker load > "$REGISTRY_DIR/load" 2>&1 || return
	docker push -q "$IMAGE" > "$REGISTRY_DIR/push" 2>&1 || return
	docker rmi "$IMAGE" > "$REGISTRY_DIR/rmi" 2>&1
}

registry_hold()
{
	kill -STOP "$REGISTRY_PID"
}

# registry_asked N: so many connections have a request that it has not read
registry_asked()
{
	local port at state queues asked=0

	printf -v port %04X "${REGISTRY##*:}"
	while read -r _ at _ state queues _; do
		[[ $state != 01 || $at != *:$port || $queues == *:00000000 ]] || asked=$((asked + 1))
	done < <(in_engine cat /proc/net/tcp)
	((asked >= $1))
}

registry_let_go()
{
	local status=0

	await 10 registry_asked "$1" || status=1
	kill -CONT "$REGISTRY_PID"
	return "$status"
}

registry_stop()
{
	[[ -n ${REGISTRY_PID:-} ]] || return 0
	kill "$REGISTRY_PID" 2> /dev/null
	kill -CONT "$REGISTRY_PID" 2> /dev/null
	wait "$REGISTRY_PID" 2> /dev/null
	rm -rf "$REGISTRY_DIR"
	REGISTRY_PID=
}
