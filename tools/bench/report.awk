# SPDX-License-Identifier: GPL-2.0-only
#
# Summarises the samples of tools/bench/run. Two inputs, tab-separated: key and value of the
# machine; metric, mode, round and value of each sample. format: table, json or check.
#
# A ratio of a bystander's calls is the median of those of each round, to the same round without anything: the
# machine is faster at times. Of docker run it is median over median. How far to trust it says its 95 % interval, found
# by drawing the rounds, or both sets of samples, anew, with replacement, many times (bootstrap, fixed seed).

BEGIN {
	FS = "\t"
	draws = 2000
	srand(1)
	n_modes = split("none floor phases steps why libbpf_tools perf_sched offcputime", modes, " ")
	n_own = split("phases steps why", own, " ")
	title["none"] = "nothing"
	title["floor"] = "empty programs on its hooks"
	title["phases"] = "coldtrace"
	title["steps"] = "coldtrace --steps"
	title["why"] = "coldtrace --why"
	title["perf_sched"] = "perf sched record"
	title["offcputime"] = "offcputime"
	title["libbpf_tools"] = "libbpf-tools"
	n_limited = split("getppid open_close pipe", limited, " ")
	n_calls = split("getppid open_close pipe unix unix_message unix_named pipe_ping_pong process " \
		"tcp tcp_large tcp_connect udp netlink write_page fsync unlink cgroup", calls, " ")
	title["getppid"] = "getppid"
	title["open_close"] = "open + close"
	title["pipe"] = "pipe, 1 byte: write + read"
	title["unix"] = "unix socket, 1 byte: send + recv"
	title["unix_message"] = "unix socket, 64 bytes: send + recv"
	title["unix_named"] = "unix socket by path, 64 bytes: send + recv"
	title["pipe_ping_pong"] = "pipe ping-pong of two processes"
	title["process"] = "fork + exec + exit of /bin/true"
	title["tcp"] = "TCP on loopback, 64 bytes: send + recv"
	title["tcp_large"] = "TCP on loopback, 1 MiB: send + recv"
	title["tcp_connect"] = "TCP: listen, connect, accept, close"
	title["udp"] = "UDP on loopback, 64 bytes: send + recv"
	title["netlink"] = "netlink, about one interface: send + recv"
	title["write_page"] = "write of a page of a file"
	title["fsync"] = "the same + fsync"
	title["unlink"] = "create + unlink of a file"
	title["cgroup"] = "mkdir + rmdir of a cgroup"
}

FNR == 1 { input++ }
input == 1 {
	gsub(/["\\]/, "", $2)
	machine[$1] = $2
	machine_order[++n_machine] = $1
	next
}
{
	if (!($1 in known)) {
		known[$1] = 1
		metrics[++n_metrics] = $1
	}
	key = $1 SUBSEP $2
	value[key, ++n[key]] = $4
	in_round[key, $3] = $4
	round_of[key, n[key]] = $3
}

function sift(from, count,    child, x)
{
	x = sorted[from]
	while ((child = 2 * from) <= count) {
		if (child < count && sorted[child + 1] > sorted[child])
			child++
		if (sorted[child] <= x)
			break
		sorted[from] = sorted[child]
		from = child
	}
	sorted[from] = x
}

function heap_sort(count,    i, x)
{
	for (i = int(count / 2); i >= 1; i--)
		sift(i, count)
	for (i = count; i > 1; i--) {
		x = sorted[i]
		sorted[i] = sorted[1]
		sorted[1] = x
		sift(1, i - 1)
	}
}

# Puts the values of a metric and mode into sorted[]; drawn: as many, drawn with replacement.
function load(metric, mode, drawn,    i, key, count)
{
	key = metric SUBSEP mode
	count = n[key]
	split("", sorted)
	for (i = 1; i <= count; i++)
		sorted[i] = value[key, drawn ? int(rand() * count) + 1 : i] + 0
	heap_sort(count)
	return count
}

# Nearest rank, the median of an even number between its two neighbours.
function quantile(count, q,    rank)
{
	if (q == 0.5 && count % 2 == 0)
		return (sorted[count / 2] + sorted[count / 2 + 1]) / 2
	rank = int(q * count)
	if (rank < q * count || rank < 1)
		rank++
	return sorted[rank]
}

function median(metric, mode, drawn)
{
	return quantile(load(metric, mode, drawn), 0.5)
}

# The ratios of a metric and mode, one a round, in pair[]; returns how many.
function pairs(metric, mode,    i, key, none, count)
{
	key = metric SUBSEP mode
	none = metric SUBSEP "none"
	split("", pair)
	for (i = 1; i <= n[key]; i++)
		if ((none, round_of[key, i]) in in_round)
			pair[++count] = value[key, i] / in_round[none, round_of[key, i]]
	return count
}

# The median of pair[]; drawn: of as many, drawn with replacement.
function median_pair(count, drawn,    i)
{
	split("", sorted)
	for (i = 1; i <= count; i++)
		sorted[i] = pair[drawn ? int(rand() * count) + 1 : i]
	heap_sort(count)
	return quantile(count, 0.5)
}

# drawn: of samples drawn anew. paired: how many are in pair[], 0: they are no pairs.
function one_ratio(metric, mode, paired, drawn)
{
	if (paired)
		return median_pair(paired, drawn)
	return median(metric, mode, drawn) / median(metric, "none", drawn)
}

# Sets low and high, the 95 % interval.
function ratio(metric, mode,    i, paired)
{
	paired = metric ~ /_ns$/ ? pairs(metric, mode) : 0
	split("", drawn_ratio)
	for (i = 1; i <= draws; i++)
		drawn_ratio[i] = one_ratio(metric, mode, paired, 1)
	split("", sorted)
	for (i = 1; i <= draws; i++)
		sorted[i] = drawn_ratio[i]
	heap_sort(draws)
	low = quantile(draws, 0.025)
	high = quantile(draws, 0.975)
	return one_ratio(metric, mode, paired, 0)
}

function ratio_cell(metric, mode,    all)
{
	if (!((metric SUBSEP mode) in n))
		return "-"
	all = ratio(metric, mode)
	return sprintf("%.3f (%.3f to %.3f)", all, low, high)
}

function rounds(    i)
{
	for (i = 1; i <= n_calls; i++)
		if (((calls[i] "_ns") SUBSEP "none") in n)
			return n[calls[i] "_ns", "none"]
	return 0
}

function table()
{
	table_of_calls()
	if (("docker_run_ms" SUBSEP "none") in n)
		table_of_containers()
}

function table_of_calls(    i, m, mode)
{
	printf "\nMeasured %s: Linux %s, %s, %d CPUs, load %s; docker %s.\n", machine["date"],
		machine["kernel"], machine["cpu"], machine["cpus"], machine["load"], machine["docker"]

	printf "\nBystander: median time of an untraced process's calls, as a ratio to nothing attached"
	printf " (95 %% interval), n = %d rounds.\n\n", rounds()
	printf "| call | nothing |"
	for (i = 2; i <= n_modes; i++)
		printf " %s |", title[modes[i]]
	printf "\n| --- | ---: |"
	for (i = 2; i <= n_modes; i++)
		printf " ---: |"
	print ""
	for (i = 1; i <= n_calls; i++) {
		m = calls[i] "_ns"
		if (!((m SUBSEP "none") in n))
			continue
		printf "| %s | %.0f ns |", title[calls[i]], median(m, "none", 0)
		for (mode = 2; mode <= n_modes; mode++)
			printf " %s |", ratio_cell(m, modes[mode])
		print ""
	}
}

function table_of_containers(    i, mode, count)
{
	printf "\n`docker run --rm` of `true`:\n\n"
	print "| with | p50 | p25 to p75 | ratio of p50 (95 % interval) | n |"
	print "| --- | ---: | ---: | ---: | ---: |"
	for (i = 1; i <= n_modes; i++) {
		mode = modes[i]
		if (!(("docker_run_ms" SUBSEP mode) in n))
			continue
		count = load("docker_run_ms", mode, 0)
		printf "| %s | %.1f ms | %.1f to %.1f ms | ", title[mode], quantile(count, 0.5),
			quantile(count, 0.25), quantile(count, 0.75)
		printf "%s | %d |\n", (mode == "none" ? "1" : ratio_cell("docker_run_ms", mode)), n["docker_run_ms", mode]
	}

	printf "\ncoldtrace itself: medians, the largest in brackets.\n\n"
	print "| | exec to tracing | resident at most | CPU per container | CPU while none starts |"
	print "| --- | ---: | ---: | ---: | ---: |"
	for (i = 1; i <= n_own; i++) {
		mode = own[i]
		printf "| %s | %s ms | %s MiB | %s ms | %s %% |\n", title[mode],
			cell("ready_ms", mode, 1, 0), cell("resident_kib", mode, 1024, 1),
			cell("container_cpu_us", mode, 1000, 1), cell("idle_cpu_ppm", mode, 10000, 2)
	}
	print ""
}

function cell(metric, mode, unit, digits,    count)
{
	count = load(metric, mode, 0)
	return sprintf("%.*f (%.*f)", digits, quantile(count, 0.5) / unit, digits,
		       sorted[count] / unit)
}

function json(    i, j, m, mode, count, first)
{
	printf "{\"schema\":\"coldtrace.bench/1\",\"machine\":{"
	for (i = 1; i <= n_machine; i++)
		printf "%s\"%s\":\"%s\"", (i > 1 ? "," : ""), machine_order[i], machine[machine_order[i]]
	printf "},\"results\":["
	for (i = 1; i <= n_metrics; i++) {
		for (j = 1; j <= n_modes; j++) {
			m = metrics[i]
			mode = modes[j]
			if (!((m SUBSEP mode) in n))
				continue
			count = load(m, mode, 0)
			printf "%s\n{\"metric\":\"%s\",\"mode\":\"%s\",\"n\":%d", (first++ ? "," : ""), m,
				mode, count
			printf ",\"min\":%.6g,\"p25\":%.6g,\"p50\":%.6g,\"p75\":%.6g,\"max\":%.6g", sorted[1],
				quantile(count, 0.25), quantile(count, 0.5), quantile(count, 0.75),
				sorted[count]
			if (mode != "none" && (m SUBSEP "none") in n) {
				printf ",\"ratio\":%.4f", ratio(m, mode)
				printf ",\"ratio_low\":%.4f,\"ratio_high\":%.4f", low, high
			}
			printf "}"
		}
	}
	print "\n]}"
}

# Failed is what is certainly above its limit; what the noise hides is said, and no failure.
function limit(what, is, at_least, most,    verdict)
{
	verdict = is <= most ? "ok" : at_least <= most ? "NOT CERTAIN" : "NOT OK"
	printf "bench: %s: %s: %.3f, at most %.3f", verdict, what, is, most
	if (verdict == "NOT CERTAIN")
		printf " (may be as low as %.3f: measure on a quieter machine)", at_least
	print ""
	failed += verdict == "NOT OK"
}

function largest(metric, mode)
{
	return sorted[load(metric, mode, 0)]
}

# What a call may cost: the target; where programs that return at once are above it already, a tenth more than they.
function may_cost(metric, target,    floor)
{
	if (!((metric SUBSEP "floor") in n))
		return target
	floor = ratio(metric, "floor")
	return floor > target ? 1 + (floor - 1) * 1.1 : target
}

# list: calls and their targets
function check_calls(mode, list,    parts, count, i, m, is, at_least)
{
	count = split(list, parts, " ")
	for (i = 1; i < count; i += 2) {
		m = parts[i] "_ns"
		if (!((m SUBSEP mode) in n))
			continue
		is = ratio(m, mode)
		at_least = low
		limit(title[parts[i]] ", " title[mode] ", ratio", is, at_least, may_cost(m, parts[i + 1]))
	}
}

# The whole interval is to be below.
function check_docker(mode, most,    is)
{
	if (!(("docker_run_ms" SUBSEP mode) in n))
		return
	is = ratio("docker_run_ms", mode)
	limit("docker run, " title[mode] ", ratio of p50, end of its interval", high, low, most)
}

function check_own(mode, mib, ms,    is)
{
	if (!(("resident_kib" SUBSEP mode) in n))
		return
	is = largest("resident_kib", mode) / 1024
	limit("resident, " title[mode] ", MiB", is, is, mib)
	is = median("ready_ms", mode, 0)
	limit("exec to tracing, " title[mode] ", ms", is, is, ms)
}

function check(    i, m, is, at_least)
{
	check_calls("phases", "unix 1.03 unix_message 1.03 unix_named 1.03 pipe_ping_pong 1.03 process 1.01 " \
		"tcp 1.02 tcp_large 1.02 udp 1.02 netlink 1.02 write_page 1.02 fsync 1.02 unlink 1.02 cgroup 1.02")
	check_calls("why", "pipe_ping_pong 1.05")
	check_docker("phases", 1.02)
	check_docker("steps", 1.03)
	check_docker("why", 1.03)
	check_own("phases", 12, 100)
	check_own("why", 32, 150)
	if (("container_cpu_us" SUBSEP "phases") in n) {
		is = median("container_cpu_us", "phases", 0) / 1000
		limit("CPU of a start and a stop, ms", is, is, 1)
	}
	is = median("idle_cpu_ppm", "phases", 0) / 10000
	limit("CPU while none starts, %", is, is, 0.05)
	for (i = 1; i <= n_limited; i++) {
		m = limited[i] "_ns"
		if (!((m SUBSEP "libbpf_tools") in n))
			continue
		is = ratio(m, "phases")
		at_least = low
		limit(title[limited[i]] ", ratio against libbpf-tools", is, at_least,
		      ratio(m, "libbpf_tools"))
	}
	return failed != 0
}

END {
	if (format == "json")
		json()
	else if (format == "check")
		exit check()
	else
		table()
}
