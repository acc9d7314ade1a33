# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# The same with gVisor below the shim for runc.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"

if ! command -v runsc > /dev/null; then
	cannot "everything under runsc" "runsc is not installed"
	exit 0
fi
containerd_start || exit 1
n=$(as_many 20 8)
ctr_restarts runsc $n --runc-binary "$CR_DIR/bin/runsc" && ctr_counts $n runsc && ctr_truth $n
