# SPDX-License-Identifier: GPL-2.0-only
# service, build, layer, bytes, files, bytes opened, files opened: of which layers an image consists; dark is what was
# ever opened of each. SVG.
{
	key = $1 ", " $2
	if (!(key in sum)) order[++images] = key
	sum[key] += $4
	if (sum[key] > most) most = sum[key]
	bytes[key, ++layers[key]] = $4
	read[key, layers[key]] = $6
	number[key, layers[key]] = $3
}
END {
	w = 640; row = 30; left = 120; top = 30
	split("#97bbf5 #efb118 #ff8ab7 #6cc5b0 #a463f2 #cccccc", colour, " ")
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"11\">\n", left + w + 90, top + row * images + 30, left + w + 90, top + row * images + 30
	printf "<text x=\"%d\" y=\"16\" font-size=\"13\">layers of each image; dark: files that were ever opened</text>\n", left
	for (k = 1; k <= images; k++) {
		key = order[k]
		x = left; y = top + row * (k - 1)
		printf "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">%s</text>\n", left - 6, y + 16, key
		for (l = 1; l <= layers[key]; l++) {
			lw = w * bytes[key, l] / most
			printf "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"><title>layer %d: %.1f MB, %.1f MB of it opened</title></rect>\n", x, y, lw, row - 8, colour[(l - 1) % 6 + 1], number[key, l], bytes[key, l] / 1e6, read[key, l] / 1e6
			printf "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#222\"/>\n", x, y, w * read[key, l] / most, row - 8
			x += lw
		}
		printf "<text x=\"%.1f\" y=\"%d\">%.0f MB</text>\n", x + 5, y + 16, sum[key] / 1e6
	}
	print "</svg>"
}
