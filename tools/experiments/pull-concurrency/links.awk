# SPDX-License-Identifier: GPL-2.0-only
# engine, rate, RTT, ping's min, avg, max, TCP's: how far it was indeed, over all times that it was asked
{
	key = $1 "\t" $2 "\t" $3
	if (!(key in n)) order[++keys] = key
	if (!n[key]++ || $4 < least[key]) least[key] = $4
	sum[key] += $5
	if ($6 > most[key]) most[key] = $6
	if (!(key in tcp) || $7 < tcp[key]) tcp[key] = $7
}
END {
	print ""
	print "the line: RTT, ms"
	printf "%-12s%10s%8s%6s%26s%12s\n", "engine", "rate", "RTT", "n", "ping: min, mean, max", "TCP, least"
	for (k = 1; k <= keys; k++) {
		key = order[k]
		split(key, at, "\t")
		printf "%-12s%10s%8s%6d%26s%12.1f\n", at[1], at[2], at[3], n[key], sprintf("%.1f, %.1f, %.1f", least[key], sum[key] / n[key], most[key]), tcp[key]
	}
	print ""
}
