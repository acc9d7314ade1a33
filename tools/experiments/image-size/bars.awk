# SPDX-License-Identifier: GPL-2.0-only
# service, build, value, least, greatest, n: two bars for each service. SVG.
{
	if (!($1 in at)) { at[$1] = ++services; name[services] = $1 }
	v[$1, $2] = $3; low[$1, $2] = $4; high[$1, $2] = $5; n[$1, $2] = $6
	if ($5 > most) most = $5
}
END {
	w = 170; h = 240; left = 60; top = 34
	split("single multi", build, " ")
	split("#4269d0 #3ca951", colour, " ")
	width = left + w * services + 20
	if (width < 420) width = 420
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n", width, h + top + 50, width, h + top + 50
	printf "<text x=\"%d\" y=\"16\" font-size=\"13\">%s</text>\n", left, title
	for (i = 0; i <= 4; i++) {
		y = top + h - h * i / 4
		printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g %s</text>\n", left, left + w * services, y, y, left - 6, y + 4, most * i / 4, unit
	}
	for (s = 1; s <= services; s++) {
		for (b = 1; b <= 2; b++) {
			key = name[s] SUBSEP build[b]
			if (!(key in v)) continue
			x = left + w * (s - 1) + 20 + (b - 1) * 65
			printf "<rect x=\"%d\" y=\"%.1f\" width=\"55\" height=\"%.1f\" fill=\"%s\"><title>%s, %s: %.3g %s%s</title></rect>\n", x, top + h - h * v[key] / most, h * v[key] / most, colour[b], name[s], build[b], v[key], unit, n[key] ? " (n " n[key] ")" : ""
			if (high[key] > low[key])
				printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#222\"/>\n", x + 27, x + 27, top + h - h * low[key] / most, top + h - h * high[key] / most
			printf "<text x=\"%d\" y=\"%.1f\" text-anchor=\"middle\" fill=\"#fff\">%.3g</text>\n", x + 27, top + h - 6, v[key]
		}
		printf "<text x=\"%d\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", left + w * (s - 1) + 80, top + h + 16, name[s]
	}
	for (b = 1; b <= 2; b++)
		printf "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s-stage</text>\n", left + (b - 1) * 100, top + h + 38, colour[b], build[b]
	print "</svg>"
}
