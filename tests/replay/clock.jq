# What coldtrace tells of a recording (JSON Lines, slurped) against what the engine said of itself in the same
# run ($clock, NAME.clock.tsv). Prints what is wrong, a line each; nothing: all is right.

# ns from the base of the file; both are below 2^53 then.
def since: (sub("\\.[0-9]+"; "") | fromdate) as $s |
	($s - ("2026-11-23T04:00:00Z" | fromdate)) * 1000000000 + (capture("\\.(?<ns>[0-9]+)").ns | tonumber);
def number: if . == "-" then null else tonumber end;
def median: sort | .[length / 2 | floor];
def abs: if . < 0 then -. else . end;

(map(select(.kind == "session"))[0] | (.begin_time | since) - .begin_ns) as $base |
map(select(.engine == "containerd")) as $recs |
[$clock | split("\n")[] | select(length > 0 and (startswith("#") | not)) | split("\t") |
	{ id: .[0], pod: .[1], ns: .[2], container: (if .[3] == "-" then null else .[3] end),
	  created: (.[4] | number), task: (.[5] | number), started: (.[6] | number), exited: (.[7] | number),
	  deleted: (.[8] | number), removed: (.[9] | number), status: (.[10] | number) } |
	. as $row |
	. + ([$recs[] | select(.id == $row.id)] |
		{ start: map(select(.kind == "start")), stop: map(select(.kind == "stop")),
		  remove: map(select(.kind == "remove" or (.kind == "stop" and .removed))) })] as $rows |

def close($phase): [.segments[] | select(.phase == $phase)] | last | .end_ns + $base;
def open($phase): [.segments[] | select(.phase == $phase)] | first | .begin_ns + $base;
def at($row): "\($row.pod)/\($row.container // "") \($row.id[0:12]): ";
# Who they are; where nobody has said a container's name there is its id in place of it.
def identity($row): select([.pod.name, .pod.namespace] != [$row.pod, $row.ns] or
		(if $row.created then .pod.container != $row.container else .pod.container and .pod.container != $row.container end)) |
	at($row) + "\(.kind) of \(.pod)";
def known($row): select(.outcome == "cut" or ([.phases[] | select(. == null)] | length > 0) or (.phases.unknown // 0) > 0) |
	at($row) + "\(.kind) \(.outcome) \(.phases)";
def within($row; $what; $from; $to): select(. < $from or . > $to) |
	at($row) + "\($what) \(($from - .) / 1e6) to \(($to - .) / 1e6) ms away";

([$recs[] | select(.kind | IN("start", "stop", "remove")) | .id] - [$rows[].id] | .[] | "\(.): the engine does not know it"),
($rows[] | . as $row | (.start, .stop, .remove)[] | identity($row), known($row)),
($rows[] | . as $row |
	(if .created then 1 else 0 end) as $starts |
	(if .exited then 1 else 0 end) as $stops |
	(select((.start | length) != $starts) | at($row) + "\(.start | length) starts"),
	(select((.stop | length) != $stops) | at($row) + "\(.stop | length) stops"),
	(select($row.removed and (.remove | length) == 0) | at($row) + "not removed"),
	(.start[] | select((.outcome == "ok") != ($row.started != null)) | at($row) + "start \(.outcome)"),
	(.start[] | select(.outcome == "failed" and (.failed.message | length) == 0) | at($row) + "failed for no reason"),
	(.stop[] | select(.exit_code != $row.status) | at($row) + "exit \(.exit_code)"),
	# What the engine says of a container lies within the phase.
	(select(.container) | .start[] | . as $r | $row.created | within($row; "create"; ($r | open("create")); ($r | close("create")))),
	(select(.started) | .start[] | . as $r | $row.started | within($row; "start"; ($r | open("start")); ($r | close("start")))),
	(.stop[] | . as $r | $row.exited | within($row; "exit"; ($r | open("die")); ($r | close("die"))))),
# What both have: their medians.
({
	"pod, task created": [$rows[] | select(.container | not) | . as $row | .start[] | close("create") - $row.task],
	"task deleted": [$rows[] | . as $row | .stop[] | close("die") - $row.deleted],
	"pod removed": [$rows[] | select(.container | not) | . as $row | .remove[] | close("destroy") - $row.removed]
} | to_entries[] | (.value | map(abs) | median) as $median |
	select((.value | length) < 10 or $median > 1000000) |
	"\(.key): \(.value | length) times, median \($median / 1e6) ms"),
($counts | to_entries[] | . as $want |
	({ pods: [$rows[] | select(.container | not) | .start[]], containers: [$rows[] | select(.container) | .start[]],
	   failed: [$rows[].start[] | select(.outcome == "failed")],
	   restarts: [$recs[] | select(.kind == "restart")] }[$want.key] | length) |
	select(. != $want.value) | "\(.) \($want.key), not \($want.value)"),
(.[-1] | select(.complete | not) | "it is said to be incomplete")
