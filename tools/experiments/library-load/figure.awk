# SPDX-License-Identifier: GPL-2.0-only
# The same as bars: a panel per library, a bar per runtime and number at once. SVG.
function median(   m) {
	if (n)
		value[lib SUBSEP runtime SUBSEP many] = v[int((n + 1) / 2)] / 1e6
	n = 0
}
$1 SUBSEP $2 SUBSEP $3 != last {
	median()
	last = $1 SUBSEP $2 SUBSEP $3
	if (!($1 in libs)) { libs[$1] = 1; lib_at[++lib_count] = $1 }
	if (!($2 in runtimes)) { runtimes[$2] = 1; runtime_at[++runtime_count] = $2 }
	if (!($3 in manys)) { manys[$3] = 1; many_at[++many_count] = $3 }
}
{ lib = $1; runtime = $2; many = $3; v[++n] = $4 }
END {
	median()
	for (i = 1; i <= many_count; i++)
		for (j = i + 1; j <= many_count; j++)
			if (many_at[j] + 0 < many_at[i] + 0) {
				t = many_at[i]; many_at[i] = many_at[j]; many_at[j] = t
			}
	for (k in value)
		if (value[k] > most)
			most = value[k]
	split("#4269d0 #efb118 #ff725c #6cc5b0 #3ca951", colour, " ")
	panel = 260; height = 220
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", \
		lib_count * panel + 20, height + 90
	printf "<text x=\"10\" y=\"16\" font-size=\"13\">time to load a library, ms (median)</text>\n"
	for (l = 1; l <= lib_count; l++) {
		x0 = 20 + (l - 1) * panel
		printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x0 + panel / 2 - 10, height + 62, lib_at[l]
		w = (panel - 40) / many_count / (runtime_count + 0.6)
		for (m = 1; m <= many_count; m++) {
			for (r = 1; r <= runtime_count; r++) {
				x = x0 + ((m - 1) * (runtime_count + 0.6) + r - 1) * w
				h = value[lib_at[l] SUBSEP runtime_at[r] SUBSEP many_at[m]] / most * (height - 20)
				printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"/>\n", \
					x, height + 30 - h, w * 0.9, h, colour[r]
				printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"8\">%.0f</text>\n", \
					x + w / 2, height + 27 - h, value[lib_at[l] SUBSEP runtime_at[r] SUBSEP many_at[m]]
			}
			printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%d</text>\n", \
				x0 + ((m - 1) * (runtime_count + 0.6) + runtime_count / 2) * w, height + 45, many_at[m]
		}
	}
	for (r = 1; r <= runtime_count; r++) {
		printf "<rect x=\"%d\" y=\"%d\" width=\"10\" height=\"10\" fill=\"%s\"/>\n", 20 + (r - 1) * 90, height + 72, colour[r]
		printf "<text x=\"%d\" y=\"%d\">%s</text>\n", 34 + (r - 1) * 90, height + 81, runtime_at[r]
	}
	print "</svg>"
}
