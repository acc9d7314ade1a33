# SPDX-License-Identifier: GPL-2.0-only
# Pulls, slurped: how long, what bounded them, and what more layers at once brought.
def quantile($q): sort | .[([(length * $q | ceil) - 1, 0] | max)];
def s: . / 1e7 | round / 100;
def share: . * 100 | round | "\(.) %";
def pad($n): tostring | . + " " * ([$n - length, 0] | max);
def lpad($n): tostring | " " * ([$n - length, 0] | max) + .;
def bits: capture("^(?<n>[0-9]+)(?<u>[kmg])bit$") | (.n | tonumber) * { k: 1e3, m: 1e6, g: 1e9 }[.u];
def at_once: .labels.downloads | tonumber;
def setting: [.labels.rate, .engine, (.labels.rtt | tonumber), (.labels.mb | tonumber)];
def medians: group_by(at_once) | map({ n: (.[0] | at_once), ns: (map(.total_ns) | quantile(0.5)) });
# of those whose layers' times are all known
def mean_of($part): [.[] | select(.fetched.bound) | .fetched.bound[$part] / .total_ns] | if length > 0 then add / length else null end;
def most_often: group_by(.) | max_by(length) | "\(.[0] // "not known") (\(length))";
def percent: if . == null then "?" else share end;

"pulls of images of 10 layers, s; shares are of the pull's time, means; what bounded most of them (how many)",
("rate" | pad(9)) + ("engine" | pad(12)) + (["RTT", "MB", "at once", "n", "median", "q1", "q3", "min", "max"] | map(lpad(8)) | join(""))
+ (["of the line", "network", "slots", "unpack"] | map(lpad(13)) | join("")) + "  bounded by",
(group_by(setting + [at_once])[]
	| (.[0].labels.rate | bits) as $bits
	| (.[0].labels.rate | pad(9)) + (.[0].engine | pad(12))
	+ ([.[0].labels.rtt, .[0].labels.mb, .[0].labels.downloads, length, (map(.total_ns) | quantile(0.5), quantile(0.25), quantile(0.75), min, max | s)]
		| map(lpad(8)) | join(""))
	+ ([([.[] | select(.fetched.bound.fetching_ns // 0 > 0) | .fetched.bound.bytes * 8e9 / .fetched.bound.fetching_ns / $bits]
			| if length > 0 then quantile(0.5) else null end),
		mean_of("network_ns"), mean_of("slots_ns"), mean_of("unpack_ns")] | map(percent | lpad(13)) | join(""))
	+ "  " + (map(.fetched.bound.by) | most_often)),
"",
"slowest against fastest number at once, by their medians: Table 1 of the paper",
("rate" | pad(9)) + ("engine" | pad(12)) + ("RTT" | lpad(6)) + ([.[].labels.mb | tonumber] | unique | map("\(. * 10) MB" | lpad(26)) | join("")),
([.[].labels.mb | tonumber] | unique) as $sizes
| (group_by(setting[:3])[]
	| . as $place
	| (.[0].labels.rate | pad(9)) + (.[0].engine | pad(12)) + (.[0].labels.rtt | lpad(6))
	+ ([$sizes[] as $mb | $place | map(select(.labels.mb | tonumber == $mb)) | medians
		| if length < 2 then "-" else (max_by(.ns)) as $slow | (min_by(.ns)) as $fast
			| "+\(($slow.ns / $fast.ns - 1) * 10000 | round / 100) % (\($fast.n) before \($slow.n))" end
		| lpad(26)] | join(""))),
"",
"what coldtrace says of pulls of one layer at a time could have been gained, and what was",
("rate" | pad(9)) + ("engine" | pad(12)) + (["RTT", "MB"] | map(lpad(6)) | join("")) + (["one, s", "at least", "at most", "best, s", "gained"] | map(lpad(10)) | join("")),
(group_by(setting)[]
	| medians as $medians
	| ($medians | map(select(.n == 1))[0]) as $one
	| select($one and ($medians | length > 1))
	| ($medians | map(select(.n > 1)) | min_by(.ns)) as $best
	| map(select(at_once == 1) | .fetched.bound | select(.)) as $said
	| def said($part): if $said == [] then "?" else ($said | map(.[$part]) | quantile(0.5)) / $one.ns | share end;
	(.[0].labels.rate | pad(9)) + (.[0].engine | pad(12)) + ([.[0].labels.rtt, .[0].labels.mb] | map(lpad(6)) | join(""))
	+ ([($one.ns | s), said("gain_no_limit_least_ns"), said("gain_no_limit_ns"), ($best.ns | s), (1 - $best.ns / $one.ns | share)]
		| map(lpad(10)) | join(""))),
""
