# SPDX-License-Identifier: GPL-2.0-only
# runtime, load, ms, sorted: Fig. 4, medians, with the least and the greatest. SVG.
{
	key = $1 ", " $2
	if (!(key in n)) order[++keys] = key
	v[key, ++n[key]] = $3
	if ($3 > most) most = $3
}
END {
	w = 60 * keys; h = 300; left = 50; top = 30
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", w + left + 20, h + top + 110
	printf "<text x=\"%d\" y=\"16\" font-size=\"13\">restart time: median, least and greatest</text>\n", left
	for (i = 0; i <= 4; i++) {
		y = top + h - h * i / 4
		printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.1f s</text>\n", left, left + w, y, y, left - 6, y + 4, most * i / 4 / 1000
	}
	for (k = 1; k <= keys; k++) {
		key = order[k]
		x = left + 60 * (k - 1) + 12
		m = v[key, int((n[key] + 1) / 2)]
		if (k == 1)
			printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#888\" stroke-dasharray=\"4 3\"/>\n", left, left + w, top + h - h * m / most, top + h - h * m / most
		printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"36\" height=\"%.1f\" fill=\"#4269d0\"/>\n", x, top + h - h * m / most, h * m / most
		printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#222\"/>\n", x + 18, x + 18, top + h - h * v[key, 1] / most, top + h - h * v[key, n[key]] / most
		printf "<text x=\"%.1f\" y=\"%d\" transform=\"rotate(45 %.1f %d)\">%s (n %d)</text>\n", x + 8, top + h + 14, x + 8, top + h + 14, key, n[key]
	}
	print "</svg>"
}
