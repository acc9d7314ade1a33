# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A registry of images on the loopback, for one test: Debian's docker-registry, in memory of nobody.
#
#   registry_start DIR       sets REGISTRY to host:port; docker takes 127.0.0.0/8 without TLS
#   registry_image NAME SIZE...
#                            pushes an image of ct/service's program and a layer for each size, and
#                            removes it from the engine; sets IMAGE
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

registry_stop()
{
	[[ -n ${REGISTRY_PID:-} ]] || return 0
	kill "$REGISTRY_PID" 2> /dev/null
	wait "$REGISTRY_PID" 2> /dev/null
	rm -rf "$REGISTRY_DIR"
	REGISTRY_PID=
}
