# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A private containerd for tests, without Docker: own root, state, socket, /run, network and mounts.
# Nothing of the host's is seen or touched, and nothing stays.
#
#   containerd_start   returns when it answers, with the test images imported
#   containerd_stop    stops it and removes everything; also from the trap of whoever started it
#   containerd_restart with the configuration that the variables below say, the same state
#   cr_ctr ARG...      ctr, in its mounts (the fifos of ctr are below /run)
#   cr_in COMMAND...   any command in its mounts
#
# CR_DOWNLOADS=3 layers of an image are fetched at once; CR_REGISTRIES is a directory of hosts.toml.
# Its CRI has a bridge and the loopback of containernetworking-plugins, if these are installed.

# shellcheck source=tests/lib/engine.sh
. "$(dirname "${BASH_SOURCE[0]}")/engine.sh"

CR_DIR=
CR_PID=
CR_SOCK=
CR_CNI_BIN=/usr/lib/cni

containerd_need()
{
	local what

	((EUID == 0)) || { engine_say "containerd: a private containerd needs root; run it with sudo"; return 1; }
	for what in containerd ctr containerd-shim-runc-v2 runc unshare nsenter gcc; do
		command -v "$what" > /dev/null && continue
		engine_say "containerd: '$what' is missing; run tools/deps.sh test"
		return 1
	done
}

containerd_config()
{
	local cri='plugins."io.containerd.grpc.v1.cri"'

	cat <<-END
		version = 2
		root = "$CR_DIR/root"
		state = "$CR_DIR/state"
		[grpc]
		  address = "$CR_SOCK"
		[plugins."io.containerd.internal.v1.opt"]
		  path = "$CR_DIR/opt"
		[$cri]
		  sandbox_image = "docker.io/ct/pause:1"
		  stream_server_port = "0"
		  disable_apparmor = true
		  # a lower score needs CAP_SYS_RESOURCE, which a test may lack
		  restrict_oom_score_adj = true
		  max_concurrent_downloads = ${CR_DOWNLOADS:-3}
		[$cri.cni]
		  bin_dir = "$CR_CNI_BIN"
		  conf_dir = "$CR_DIR/cni"
	END
	[[ -z ${CR_REGISTRIES:-} ]] || printf '[%s.registry]\n  config_path = "%s"\n' "$cri" "$CR_REGISTRIES"
}

# What containerd's shim is given as runsc: it has no place for options of the runtime.
containerd_runsc()
{
	printf '#!/bin/sh\nexec %s --platform=systrap --network=host --ignore-cgroups "$@"\n' \
		"$(command -v runsc || echo false)"
}

cni_config()
{
	cat <<-END
		{ "cniVersion": "0.4.0", "name": "ct", "plugins": [
		  { "type": "bridge", "bridge": "ct0", "isGateway": true,
		    "ipam": { "type": "host-local", "dataDir": "$CR_DIR/ipam",
		              "ranges": [[{ "subnet": "10.97.0.0/16" }]] } } ] }
	END
}

cr_in()
{
	nsenter --mount="/proc/$CR_PID/ns/mnt" -- "$@"
}

cr_ctr()
{
	cr_in ctr -a "$CR_SOCK" "$@"
}

containerd_answers()
{
	cr_ctr version > /dev/null 2>&1
}

containerd_answers_or_died()
{
	containerd_answers || ! kill -0 "$CR_PID" 2> /dev/null
}

containerd_start()
{
	local image ns

	containerd_need || return
	CR_DIR=$(private_dir containerd) || return
	CR_SOCK=$CR_DIR/containerd.sock
	mkdir "$CR_DIR/cni" "$CR_DIR/opt" "$CR_DIR/bin"
	containerd_runsc > "$CR_DIR/bin/runsc" && chmod +x "$CR_DIR/bin/runsc"
	containerd_config > "$CR_DIR/config.toml"
	cni_config > "$CR_DIR/cni/10-ct.conflist"
	private_start "$CR_DIR" containerd --config "$CR_DIR/config.toml" && CR_PID=$!
	[[ -z $CR_PID ]] || await 60 containerd_answers_or_died
	if ! containerd_answers; then
		private_silent "$CR_DIR" containerd
		containerd_stop
		return 1
	fi
	"$CT_LIB/../../tools/images/oci.sh" "$CR_DIR/images" "${O:-.output}/images" || return
	for image in "$CR_DIR"/images/*.tar; do
		for ns in default k8s.io; do
			cr_ctr -n "$ns" image import "$image" > /dev/null || return
		done
	done
}

containerd_is_new()
{
	local pid

	pid=$(pgrep -P "$CR_PID" -x containerd) && [[ $pid != "$1" ]] && containerd_answers
}

containerd_restart()
{
	local old

	old=$(pgrep -P "$CR_PID" -x containerd) || return
	containerd_config > "$CR_DIR/config.toml"
	kill -HUP "$CR_PID"
	await 60 containerd_is_new "$old" && return
	private_silent "$CR_DIR" "after its restart containerd"
	return 1
}

containerd_stop()
{
	[[ -n $CR_DIR ]] || return 0
	private_stop "$CR_DIR" "$CR_PID"
	CR_DIR=
	CR_PID=
	return 0
}
