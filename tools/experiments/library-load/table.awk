# SPDX-License-Identifier: GPL-2.0-only
# library, runtime, at once, ns, view, opens, ns of them; sorted by these. Prints medians and ratios.
function flush(   q1, q3) {
	if (!n)
		return
	q1 = v[int((n + 3) / 4)]
	q3 = v[int((3 * n + 3) / 4)]
	median[key] = v[int((n + 1) / 2)]
	printf "%-8s %-8s %7d %9.1f %17s %8d %9.2f  %s\n", lib, runtime, many, median[key] / 1e6,
		sprintf("%.1f to %.1f", q1 / 1e6, q3 / 1e6), opens / n, open_ns / n / 1e6, view
	order[++keys] = lib SUBSEP runtime SUBSEP many
	n = opens = open_ns = 0
}
BEGIN {
	printf "%-8s %-8s %7s %9s %17s %8s %9s  %s\n", "library", "runtime", "at once", "load, ms",
		"quartiles", "opens", "in opens", "view of opens"
}
$1 SUBSEP $2 SUBSEP $3 SUBSEP $5 != last { flush(); last = $1 SUBSEP $2 SUBSEP $3 SUBSEP $5 }
{
	lib = $1; runtime = $2; many = $3; view = $5
	key = lib SUBSEP runtime SUBSEP many
	v[++n] = $4
	opens += $6
	open_ns += $7
}
END {
	flush()
	printf "\nratio to runc, of medians:\n"
	for (i = 1; i <= keys; i++) {
		split(order[i], k, SUBSEP)
		base = median[k[1] SUBSEP "runc" SUBSEP k[3]]
		if (k[2] != "runc" && base)
			printf "%-8s %-8s %7d %8.2fx\n", k[1], k[2], k[3], median[order[i]] / base
	}
}
