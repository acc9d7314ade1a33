# SPDX-License-Identifier: GPL-2.0-only
# lead, s, n, path, cold path, predicted saving, low, high, idle: how long the path takes, as measured and as predicted from
# the cold runs. SVG.
{
	name[NR] = $1 == "cold" ? "cold" : sprintf("%s: %.2f s", $1, $2)
	path[NR] = $4 / 1e9; said[NR] = ($5 - $6) / 1e9; low[NR] = ($5 - $8) / 1e9; high[NR] = ($5 - $7) / 1e9; n[NR] = $3
	if (path[NR] > most) most = path[NR]
	if (high[NR] > most) most = high[NR]
}
END {
	w = 220; h = 240; left = 60; top = 34
	split("#4269d0 #efb118", colour, " ")
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n", left + w * NR + 20, h + top + 50, left + w * NR + 20, h + top + 50
	printf "<text x=\"%d\" y=\"16\" font-size=\"13\">first request until the last function has answered, medians, by lead</text>\n", left
	for (i = 0; i <= 4; i++) {
		y = top + h - h * i / 4
		printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g s</text>\n", left, left + w * NR, y, y, left - 6, y + 4, most * i / 4
	}
	for (k = 1; k <= NR; k++) {
		x = left + w * (k - 1) + 20
		printf "<rect x=\"%d\" y=\"%.1f\" width=\"55\" height=\"%.1f\" fill=\"%s\"><title>%.3f s (n %d)</title></rect>\n", x, top + h - h * path[k] / most, h * path[k] / most, colour[1], path[k], n[k]
		printf "<rect x=\"%d\" y=\"%.1f\" width=\"55\" height=\"%.1f\" fill=\"%s\"><title>predicted: %.3f s</title></rect>\n", x + 65, top + h - h * said[k] / most, h * said[k] / most, colour[2], said[k]
		printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#222\"/>\n", x + 92, x + 92, top + h - h * low[k] / most, top + h - h * high[k] / most
		printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s (n %d)</text>\n", x + 60, top + h + 16, name[k], n[k]
	}
	printf "<text x=\"%d\" y=\"%d\" fill=\"%s\">measured</text><text x=\"%d\" y=\"%d\" fill=\"%s\">predicted from the cold runs, and its 95 %% interval</text>\n", left, top + h + 38, colour[1], left + 80, top + h + 38, colour[2]
	print "</svg>"
}
