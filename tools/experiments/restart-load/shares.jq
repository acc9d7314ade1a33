# SPDX-License-Identifier: GPL-2.0-only
# engine and runtime, load, phase, share: of the restart whose time is the median
def load: .labels.load // "-";
def place: load as $l | [(["none", "cpu", "mem", "disk"] | index($l | split("-")[0]) // 9), $l];
group_by(.engine, .runtime, place)[] | sort_by(.total_ns) | .[((length + 1) / 2 | floor) - 1]
| . as $r | ["die", "disconnect", "destroy", "client", "create", "attach", "connect", "start", "ready"][] as $p
| ["\($r.engine) \($r.runtime)", ($r | load), $p, ($r.phases[$p] // 0) / $r.total_ns] | @tsv
