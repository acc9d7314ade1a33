#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/demo.sh [N]: restarts a small service N times (10) under runc and N under runsc, traced live,
# and prints the table and the breakdown. A running dockerd is used as it is; without one, or where
# it knows no runsc, a private one is started and removed again.
set -u

top=$(cd "$(dirname "$0")/.." && pwd)
O=$(realpath -m "${O:-$top/.output}")
name=coldtrace-demo
runtimes="runc runsc"

# shellcheck source=tests/lib/engine.sh
. "$top/tests/lib/engine.sh"

die()
{
	printf 'demo: %s\n' "$*" >&2
	exit 1
}

# restart RUNTIME HOST: one life of the service, in an attached docker run, as its user would see it
restart()
{
	local word rest fd

	export DOCKER_HOST=$2
	exec {fd}< <(exec docker run --name "$name" --runtime "$1" ct/service:1 2>&1)
	read -rt 60 -u "$fd" word rest
	[[ $word == ready ]] || die "the service does not start under $1: $word $rest"
	docker stop -t 5 "$name" > /dev/null || die "docker stop: failed"
	# its output ends when the client does
	while read -rt 30 -u "$fd" rest; do :; done
	exec {fd}<&-
	docker rm "$name" > /dev/null || die "docker rm: failed"
}

# What is traced. The engines come from the demo below: DEMO_RUNC, DEMO_RUNSC.
workload()
{
	local runtime host i

	for runtime in $runtimes; do
		host=DEMO_${runtime^^}
		for ((i = 0; i < $1; i++)); do
			restart "$runtime" "${!host}"
		done
	done
}

knows_runsc()
{
	[[ -n $(docker info -f '{{ with .Runtimes.runsc }}yes{{ end }}' 2> /dev/null) ]]
}

private_engine()
{
	engine_start || die "no engine to show"
	"$top/tools/images/make.sh" "$O/images" || die "no images to run"
	private=yes
}

# In an engine that is not ours, the images that were not there before go again.
used=
images=
private=
finish()
{
	local image

	# the workload may have been interrupted
	[[ -z $private ]] || docker rm -f "$name" > /dev/null 2>&1
	engine_stop
	if [[ -n $used ]]; then
		export DOCKER_HOST=$used
		docker rm -f "$name" > /dev/null 2>&1
		for image in $images; do
			docker rmi "$image" > /dev/null 2>&1
		done
	fi
}

if [[ ${1:-} == workload ]]; then
	workload "$2"
	exit
fi

n=${1:-10}
[[ $n =~ ^[1-9][0-9]*$ ]] || die "'$n' is no number of restarts"
((EUID == 0)) || die "tracing needs root; run: sudo make demo"
[[ -x $O/coldtrace ]] || die "'$O/coldtrace' is not built; run: make"
command -v docker > /dev/null || die "docker is missing; run: tools/deps.sh demo"
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

if engine_answers; then
	used=${DOCKER_HOST:-unix:///var/run/docker.sock}
	docker inspect "$name" > /dev/null 2>&1 && used='' &&
		die "the engine at '${DOCKER_HOST:-/var/run/docker.sock}' has a container '$name' already; remove it first"
	printf 'demo: uses the dockerd that runs (%s), untouched\n' "$used" >&2
	for image in ct/busybox:1 ct/service:1; do
		docker image inspect "$image" > /dev/null 2>&1 || images+="$image "
	done
	"$top/tools/images/make.sh" "$O/images" || die "no images to run"
	export DEMO_RUNC=$used DEMO_RUNSC=$used
	if ! knows_runsc; then
		printf 'demo: it knows no runsc: that half runs in a private dockerd\n' >&2
		private_engine
		export DEMO_RUNSC=$DOCKER_HOST
	fi
else
	unset DOCKER_HOST
	private_engine
	export DEMO_RUNC=$DOCKER_HOST DEMO_RUNSC=$DOCKER_HOST
	printf 'demo: no dockerd runs: uses a private one, removed at the end\n' >&2
fi

printf 'demo: restarts a service %d times under runc and %d times under runsc\n' "$n" "$n" >&2
"$O/coldtrace" --container "$name" -- "$0" workload "$n"
