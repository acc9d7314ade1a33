# SPDX-License-Identifier: GPL-2.0-only
# rate, RTT, engine, MB, at once, s, sorted: Fig. 3 to 5, pulls by the number of layers at once, a panel for each size. SVG.
$1 == rate && $2 == rtt {
	if (!($4 in panel)) { panel[$4] = ++panels; mb[panels] = $4 }
	if (!($3 in line)) { line[$3] = ++lines; engine[lines] = $3 }
	key = $4 SUBSEP $3 SUBSEP $5
	if (!($4 SUBSEP $5 in tick)) { tick[$4, $5] = ++ticks[$4]; number[$4, ticks[$4]] = $5 }
	v[key, ++n[key]] = $6
	if ($6 > most[$4]) most[$4] = $6
}
END {
	w = 250; h = 200; left = 52; top = 44; gap = 70
	split("#4269d0 #ff725c #3ca951", colour, " ")
	width = panels * (w + gap) + 20
	if (width < 560) width = 560
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n", width, h + top + 60, width, h + top + 60
	printf "<text x=\"%d\" y=\"16\" font-size=\"13\">pulls over %s, RTT %s ms: median, least and greatest, by layers fetched at once</text>\n", left, rate, rtt
	for (p = 1; p <= panels; p++) {
		x0 = left + (p - 1) * (w + gap)
		m = mb[p]
		printf "<text x=\"%d\" y=\"%d\">%d MB</text>\n", x0, top - 8, 10 * m
		for (i = 0; i <= 4; i++) {
			y = top + h - h * i / 4
			printf "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/><text x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%.3g s</text>\n", x0, x0 + w, y, y, x0 - 5, y + 4, most[m] * i / 4
		}
		for (t = 1; t <= ticks[m]; t++)
			printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>\n", x0 + w * (t - 0.5) / ticks[m], top + h + 15, number[m, t]
		for (l = 1; l <= lines; l++) {
			path = ""
			for (t = 1; t <= ticks[m]; t++) {
				key = m SUBSEP engine[l] SUBSEP number[m, t]
				if (!n[key]) continue
				x = x0 + w * (t - 0.5) / ticks[m] + (l - (lines + 1) / 2) * 5
				y = top + h - h * v[key, int((n[key] + 1) / 2)] / most[m]
				path = path sprintf("%s%.1f,%.1f ", path == "" ? "M" : "L", x, y)
				printf "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%.1f\" y2=\"%.1f\" stroke=\"%s\"/><circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"><title>%s, %s at once: %.2f s (n %d)</title></circle>\n", x, x, top + h - h * v[key, 1] / most[m], top + h - h * v[key, n[key]] / most[m], colour[l], x, y, colour[l], engine[l], number[m, t], v[key, int((n[key] + 1) / 2)], n[key]
			}
			printf "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"/>\n", path, colour[l]
		}
	}
	for (l = 1; l <= lines; l++)
		printf "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", left + (l - 1) * 90, top + h + 40, colour[l], engine[l]
	print "</svg>"
}
