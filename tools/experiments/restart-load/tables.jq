# SPDX-License-Identifier: GPL-2.0-only
# Restarts, slurped: how long, how much longer than without a load, and which reason and phase grew.
def quantile($q): sort | .[([(length * $q | ceil) - 1, 0] | max)];
def ms: . / 1e5 | round / 10;
def load: .labels.load // "-";
def place: load as $l | [(["none", "cpu", "mem", "disk"] | index($l | split("-")[0]) // 9), $l];
def pad($n): tostring | . + " " * ([$n - length, 0] | max);
def lpad($n): tostring | " " * ([$n - length, 0] | max) + .;
def signed: (. * 1000 | round / 10) as $p | if $p > 0 then "+\($p)" else "\($p)" end;
def median_of(f): [.[] | f // 0] | quantile(0.5);
def phases: ["die", "disconnect", "destroy", "client", "create", "attach", "connect", "start", "ready"];

group_by(.engine, .runtime)[]
| "\(.[0].engine) with \(.[0].runtime)" as $engine
| group_by(place) as $loads
| ($loads | map(select(.[0] | load == "none"))[0]) as $none
| ($none // $loads[0] | median_of(.total_ns)) as $base
| "restart of a Node.js service under \($engine), ms",
  ("load" | pad(9)) + (["n", "median", "q1", "q3", "min", "max", "change"] | map(lpad(9)) | join("")),
  ($loads[] | (.[0] | load | pad(9)) + ([length, (map(.total_ns) | quantile(0.5), quantile(0.25), quantile(0.75), min, max | ms)]
	| map(lpad(9)) | join("")) + ((median_of(.total_ns) / $base - 1 | signed) + " %" | lpad(9))),
  "",
  "mean of the medians of a kind of load, against none",
  ($loads | map({ kind: (.[0] | load | split("-")[0]), median: median_of(.total_ns), n: length }) | group_by(.kind)[] | select(.[0].kind != "none")
	| (.[0].kind | pad(9)) + ((map(.median) | add / length | ms) | lpad(9)) + (((map(.median) | add / length) / $base - 1 | signed) + " %" | lpad(10))
	+ "   n \(map(.n) | add), \(length) numbers of loaders"),
  "",
  "phases, medians, ms",
  ("load" | pad(9)) + (phases | map(lpad(11)) | join("")),
  ($loads[] | . as $g | (.[0] | load | pad(9)) + ([phases[] as $p | $g | median_of(.phases[$p]) | ms] | map(lpad(11)) | join(""))),
  (if any(.[]; .why) then
	"",
	"why: medians of what the restart waited for, ms, and what grew most against none",
	($loads[] | . as $g | (.[0] | load | pad(9)) + ([($g | map(.why // {} | keys[]) | unique[]) as $r | { r: $r, ns: ($g | median_of(.why[$r])),
		was: ($none // [] | if length > 0 then median_of(.why[$r]) else 0 end) }] as $w
		| ($w | sort_by(-.ns)[:5] | map("\(.r) \(.ns | ms)") | join(", "))
		+ (if ($g[0] | load) == "none" then "" else ($w | max_by(.ns - .was)
			| . as $m
			| ([$g[] | .causes[]? | select(.reason == $m.r) | { k: "\(.phase), \(if .step == "" then .actor else .step end)", ns: .ns }]
				| group_by(.k) | map({ k: .[0].k, ns: (map(.ns) | add) }) | max_by(.ns) // { k: "-" }) as $where
			| "; grew: \(.r) by \(.ns - .was | ms), most of it in \($where.k)") end)))
   else empty end),
  ""
