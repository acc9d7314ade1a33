# SPDX-License-Identifier: GPL-2.0-only
# runtime, load, ms, sorted: Fig. 3, the share of restarts that took at most so long. SVG.
{
	key = $1 ", " $2
	if (!(key in n)) order[++keys] = key
	v[key, ++n[key]] = $3
	if ($3 > most) most = $3
}
END {
	w = 640; h = 320; left = 50; top = 30
	split("#222222 #4269d0 #6f8fe0 #9cb4ef #c4d3f8 #3ca951 #67c077 #95d5a0 #c0e8c7 #ff725c #ff9484 #ffb5aa #ffd5cf", colour, " ")
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", w + left + 180, h + top + 40
	printf "<text x=\"%d\" y=\"16\" font-size=\"13\">share of restarts that took at most so long</text>\n", left
	for (i = 0; i <= 4; i++) {
		y = top + h - h * i / 4
		printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%d %%</text>\n", left, left + w, y, y, left - 6, y + 4, 25 * i
		printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%.1f s</text>\n", left + w * i / 4, top + h + 16, most * i / 4 / 1000
	}
	for (k = 1; k <= keys; k++) {
		key = order[k]
		c = colour[(k - 1) % 13 + 1]
		path = ""
		for (i = 1; i <= n[key]; i++) {
			x = left + w * v[key, i] / most
			path = path sprintf("%s%.1f,%.1f L%.1f,%.1f ", i == 1 ? "M" : "L", x, top + h - h * (i - 1) / n[key], x, top + h - h * i / n[key])
		}
		printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", path, c
		printf "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s (n %d)</text>\n", left + w + 14, top + 12 + 16 * k, c, key, n[key]
	}
	print "</svg>"
}
