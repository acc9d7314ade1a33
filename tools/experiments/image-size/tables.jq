# SPDX-License-Identifier: GPL-2.0-only
# Records, slurped, and $read, what read_part.py has written.
def quantile($q): sort | .[([(length * $q | ceil) - 1, 0] | max)];
def round2: . * 100 | round / 100;
def pad($n): tostring | . + " " * ([$n - length, 0] | max);
def lpad($n): tostring | " " * ([$n - length, 0] | max) + .;
def percent: . * 1000 | round / 10 | "\(.) %";
def change($from): (. / $from - 1) * 1000 | round / 10 | if . > 0 then "+\(.) %" else "\(.) %" end;
def median_of(f): [.[] | f | select(. != null)] | if length > 0 then quantile(0.5) else null end;
def spread($unit): if length == 0 then "?" else "\(quantile(0.5) / $unit | round2) (\(min / $unit | round2) .. \(max / $unit | round2))" end;
def place: [.labels.service, (if .labels.build == "single" then 0 else 1 end)];

($read | split("\n") | map(select(. != "") | split("\t")
	| { service: .[0], build: .[1], layer: (.[2] | tonumber), bytes: (.[3] | tonumber), files: (.[4] | tonumber),
		read: (.[5] | tonumber), read_files: (.[6] | tonumber) })) as $layers
| [.[] | select((.labels.service and .outcome == "ok" or .kind == "opens") and (.image // "" | startswith("198.18.")))] as $all
| ($all | map(select(.kind == "pull")) | group_by(place)) as $pulls
| ($all | map(select(.kind == "start")) | group_by(place)) as $starts
| def layers_of($r): $layers | map(select(.service == $r.labels.service and .build == $r.labels.build));
"images: MB of files, of what is pulled, and of which files were ever opened until they were removed",
(["service", "build"] | map(pad(10)) | join("")) + (["layers", "files, MB", "pulled, MB", "files", "opened", "opened, MB", "of the image"] | map(lpad(13)) | join("")),
($pulls[] | .[0] as $p | layers_of($p) as $l
	| (($l | map(.bytes) | add) / 1e6) as $mb
	| ([$p.labels.service, $p.labels.build] | map(pad(10)) | join(""))
	+ ([($p.fetched.layers | length), ($mb | round2), (([$p.fetched.layers[].size | select(.)] | add) / 1e6 | round2),
		($l | map(.files) | add), ($l | map(.read_files) | add), (($l | map(.read) | add) / 1e6 | round2),
		(($l | map(.read) | add) / ($l | map(.bytes) | add) | percent)] | map(lpad(13)) | join(""))),
"",
"pulls, s: median (least .. greatest), and its phases, medians",
(["service", "build"] | map(pad(10)) | join("")) + ("n" | lpad(4)) + ("pull" | lpad(28)) + (["change", "download", "unpack", "rest"] | map(lpad(12)) | join("")) + "  bounded by",
($pulls[] | . as $g | .[0] as $p
	| ($pulls | map(select(.[0].labels.service == $p.labels.service and .[0].labels.build == "single"))[0]) as $single
	| ([$p.labels.service, $p.labels.build] | map(pad(10)) | join("")) + (length | lpad(4))
	+ ([.[].total_ns] | spread(1e9) | lpad(28))
	+ ([(if $single and $p.labels.build != "single" then median_of(.total_ns) | change($single | median_of(.total_ns)) else "" end),
		(median_of(.phases.download) // 0 | . / 1e9 | round2), (median_of(.phases.unpack) // 0 | . / 1e9 | round2),
		(median_of((.phases.resolve // 0) + (.phases.register // 0)) / 1e9 | round2)] | map(lpad(12)) | join(""))
	+ (if any(.[]; any(.fetched.layers[]; .there)) then "  not all layers were fetched!" else "" end)
	+ "  " + (map(.fetched.bound.by // "not known") | group_by(.) | max_by(length) | "\(.[0]) (\(length) of \($g | length))")),
"",
"starts of what was pulled, ms: median (least .. greatest), and its phases, medians",
(["service", "build"] | map(pad(10)) | join("")) + ("n" | lpad(4)) + ("create to ready" | lpad(32)) + (["create", "start", "ready", "opens", "opening"] | map(lpad(10)) | join("")),
($starts[] | . as $g | .[0] as $s
	| ([$all[] | select(.kind == "opens" and .view == "native" and .image == $s.image)] ) as $opens
	| ([$s.labels.service, $s.labels.build] | map(pad(10)) | join("")) + (length | lpad(4))
	+ ([.[].total_ns] | spread(1e6) | lpad(32))
	+ ([(median_of(.phases.create) // 0 | . / 1e6 | round2), (median_of(.phases.start) // 0 | . / 1e6 | round2), (median_of(.phases.ready) // 0 | . / 1e6 | round2)]
		| map(lpad(10)) | join(""))
	+ ([($opens | median_of(.until_ready.count)), ($opens | median_of(.until_ready.total_ns) | if . then . / 1e6 | round2 else "?" end)] | map(. // "?" | lpad(10)) | join(""))),
"",
"layers: MB of files, and of those that were ever opened",
(["service", "build"] | map(pad(10)) | join("")) + (["layer", "MB", "opened, MB", "share"] | map(lpad(12)) | join("")),
($layers[] | select(.bytes > 0)
	| ([.service, .build] | map(pad(10)) | join("")) + ([.layer, (.bytes / 1e6 | round2), (.read / 1e6 | round2), (.read / .bytes | percent)] | map(lpad(12)) | join(""))),
""
