# SPDX-License-Identifier: GPL-2.0-only
# engine and runtime, load, ms: in the order of the paper's figures, then by time
def load: .labels.load // "-";
def place: load as $l | [(["none", "cpu", "mem", "disk"] | index($l | split("-")[0]) // 9), $l];
sort_by(.engine, .runtime, place, .total_ns)[] | ["\(.engine) \(.runtime)", load, .total_ns / 1e6] | @tsv
