# SPDX-License-Identifier: GPL-2.0-only
# runtime, load, phase, share: Fig. 5, of what the median restart consists. SVG.
{
	key = $1 ", " $2
	if (!(key in at)) { at[key] = ++keys; order[keys] = key }
	if (!($3 in phase_at)) { phase_at[$3] = ++phases; name[phases] = $3 }
	share[key, $3] = $4
}
END {
	w = 520; row = 24; left = 110; top = 30
	split("#4269d0 #efb118 #ff725c #bbbbbb #6cc5b0 #3ca951 #ff8ab7 #a463f2 #97bbf5", colour, " ")
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" font-family=\"sans-serif\" font-size=\"11\">\n", w + left + 20, keys * row + top + 40
	printf "<text x=\"%d\" y=\"16\" font-size=\"13\">share of each operation in the median restart</text>\n", left
	for (k = 1; k <= keys; k++) {
		x = left
		printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left - 6, top + row * (k - 1) + 15, order[k]
		for (p = 1; p <= phases; p++) {
			s = share[order[k], name[p]]
			printf "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>%s %.1f %%</title></rect>\n", x, top + row * (k - 1), w * s, row - 4, colour[p], name[p], 100 * s
			if (s > 0.07)
				printf "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\" fill=\"#fff\" font-size=\"9\">%.0f %%</text>\n", x + w * s / 2, top + row * (k - 1) + 14, 100 * s
			x += w * s
		}
	}
	for (p = 1; p <= phases; p++)
		printf "<text x=\"%d\" y=\"%d\" fill=\"%s\">%s</text>\n", left + (p - 1) * 62, top + keys * row + 20, colour[p], name[p]
	print "</svg>"
}
