# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# For tests of images that clients of containerd fetch: a containerd and a registry of their own, until the test ends.
# A test that sources it ends here where there is no registry.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "${BASH_SOURCE[0]}")/ctr_runs.sh"
# shellcheck source=tests/lib/registry.sh
. "$CT_LIB/registry.sh"

if ! command -v docker-registry > "$OUT/which"; then
	cannot "pulls by ctr" "docker-registry is not installed: apt-get install docker-registry"
	exit 0
fi
containerd_start || exit 1
trap 'registry_stop; ctr_cleanup' EXIT
echo "$CR_PID" > "$CR_DIR/pid"
export DOCKER_HOST=unix://$CR_SOCK
registry_start "$OUT" || { fail "the registry answers: $(tail -n 3 "$OUT/registry/log")"; exit 0; }
# shellcheck source=tests/lib/pulls.sh
. "$CT_LIB/pulls.sh"
