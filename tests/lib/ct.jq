# SPDX-License-Identifier: GPL-2.0-only
# What the tests ask of coldtrace's JSON Lines. Input of all of these: the slurped array.
# Monotonic nanoseconds are exact in jq's doubles for the first 104 days after boot.

def records: .[] | select(.kind != "session" and .kind != "summary" and .kind != "opens");
# What was opened: one per run of a container and view.
def opens($view): [.[] | select(.kind == "opens" and .view == $view and (.name | startswith($ENV.P)))];
# Other engines of the machine are busy too. What holds of nothing at all is no finding: without one
# record of its own a test fails, unless it says maybe_mine.
def maybe_mine: records | select((.name | startswith($ENV.P)) or (.id | startswith($ENV.P)));
def mine: [maybe_mine] | if length > 0 then .[] else error("no record of this test") end;
def of($kind): [mine | select(.kind == $kind)];
def of($kind; $outcome): [mine | select(.kind == $kind and .outcome == $outcome)];
def summary: .[-1] | select(.kind == "summary");
# Phases of its own that are unknown; the summary counts those of everybody.
def unknown: [mine | .phases[] | nulls] | length;
# What was lost, by name; what came late was used all the same.
def losses: summary | .lost | del(.late) | with_entries(select(.value > 0));
def lost: losses | add // 0;

# Segments begin where the one before ended, from the begin to the end of the record, and both they
# and the phases add up to the total. Of a record whose first mark alone was heard there is no segment.
def tiles:
	. as $r
	| .begin_ns as $b | .end_ns as $e
	| ([$b] + [.segments[].end_ns]) as $ends
	| (.segments != [] or (.outcome == "cut" and .total_ns == 0))
	and all(range(.segments | length); $r.segments[.].begin_ns == $ends[.])
	and $ends[-1] == $e
	and all(.segments[]; .end_ns >= .begin_ns)
	and .total_ns == $e - $b
	and ([.segments[] | .end_ns - .begin_ns] | add // 0) == .total_ns
	and ([.phases[] | numbers] | add // 0) == .total_ns;
def untiled: [mine | select(tiles | not) | "\(.kind) of \(.name)"];

def has_phases($names): .phases as $p | all($names[]; $p[.] | type == "number");

# End of the last segment of a phase, null without one.
def phase_end($phase): [.segments[] | select(.phase == $phase) | .end_ns] | max;

# Nearest rank.
def quantile($q): sort | .[([(length * $q | ceil) - 1, 0] | max)];

# Of critical paths: a record's piece of time, ms, for what the filter selects of its pieces.
def path_ms(f): ([.causes[] | select(f) | .ns] | add // 0) / 1e6;
def phase_path_ms($phase; f): path_ms(.phase == $phase and f);
# Pieces tile the record, or of a restart what lies between its stop and its start; causes add up to it, and
# so do the parts of each step that has ended, and those of pieces that stand for several. Of a record whose
# first mark alone was heard there is no piece.
def path_tiles:
	. as $r
	| (.path == null and .outcome == "cut" and .total_ns == 0) or (
	(if .kind == "restart" then .path[0].begin_ns // .begin_ns else .begin_ns end) as $begin
	| ([$begin] + [.path[].end_ns]) as $ends
	| all(range(.path | length); $r.path[.].begin_ns == $ends[.])
	and (if .kind == "restart" then $begin >= .begin_ns and $ends[-1] <= .end_ns else $ends[-1] == .end_ns end)
	and ([.causes[].ns] | add) == .total_ns
	and all(.path[] | select(.pieces); .pieces > 1 and ([.why[]] | add) == .end_ns - .begin_ns)
	and ([.why[]] | add) == .total_ns
	and all(.steps[] | select(.end_ns); ([.why[]] | add // 0) == .end_ns - .begin_ns));
def untiled_paths: [mine | select(path_tiles | not) | "\(.kind) of \(.name)"];
# The worst phase of any record: its unexplained share in percent.
def unexplained_percent:
	[mine | . as $r | .phases | to_entries[] | select(.value and .value > 0 and .key != "unknown")
	| .key as $p | 100 * ($r | phase_path_ms($p; .reason == "unexplained")) / (.value / 1e6)]
	| max // 100;
def median: quantile(0.5);
