# SPDX-License-Identifier: GPL-2.0-only
# What the tests ask of coldtrace's JSON Lines. Input of all of these: the slurped array.
# Monotonic nanoseconds are exact in jq's doubles for the first 104 days after boot.

def records: .[] | select(.kind != "session" and .kind != "summary");
def mine: records | select(.name | startswith($ENV.P));
def of($kind): [mine | select(.kind == $kind)];
def of($kind; $outcome): [mine | select(.kind == $kind and .outcome == $outcome)];
def summary: .[-1] | select(.kind == "summary");
def lost: summary | [.lost[]] | add // 0;

# Segments begin where the one before ended, from the begin to the end of the record, and both they
# and the phases add up to the total.
def tiles:
	. as $r
	| .begin_ns as $b | .end_ns as $e
	| ([$b] + [.segments[].end_ns]) as $ends
	| (.segments | length > 0)
	and all(range(.segments | length); $r.segments[.].begin_ns == $ends[.])
	and $ends[-1] == $e
	and all(.segments[]; .end_ns >= .begin_ns)
	and .total_ns == $e - $b
	and ([.segments[] | .end_ns - .begin_ns] | add) == .total_ns
	and ([.phases[] | numbers] | add) == .total_ns;
def untiled: [mine | select(tiles | not) | "\(.kind) of \(.name)"];

def has_phases($names): .phases as $p | all($names[]; $p[.] | type == "number");

# End of the last segment of a phase, null without one.
def phase_end($phase): [.segments[] | select(.phase == $phase) | .end_ns] | max;

# Nearest rank.
def quantile($q): sort | .[([(length * $q | ceil) - 1, 0] | max)];
