# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What a node may lack or forbid: an exit status, one sentence with what, why and what to do, and
# nothing left behind. (What only another kernel can lack is in the matrix of kernels.)
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

here=$(dirname "$0")
unprivileged=(setpriv --reuid 65534 --regid 65534 --clear-groups)

# The build directory may be closed to others.
open_dir=/tmp/$P
mkdir -m 755 "$open_dir" && cp "$COLDTRACE" "$open_dir/coldtrace" && chmod 755 "$open_dir/coldtrace"
declare -A saved
tracefs_was=
cleanup()
{
	local name

	for name in "${!saved[@]}"; do
		echo "${saved[$name]}" > "/proc/sys/kernel/$name"
	done
	[[ -z $tracefs_was ]] || tracefs_options "$tracefs_was"
	rm -rf "${open_dir:?}"
	e2e_cleanup
}
trap cleanup EXIT

if ! gcc -O2 -Wall -Wextra -o "$open_dir/without" "$here/../lib/without.c"; then
	fail "tests/lib/without.c compiles"
	exit 0
fi
chmod 755 "$open_dir/without"

# apart SCRIPT COMMAND...: in a mount namespace of its own, which goes with the program
# shellcheck disable=SC2016
apart()
{
	local before=$1

	shift
	unshare --mount --propagation private sh -c "$before"' && exec "$@"' sh "$@"
}

# with_caps CAP,CAP,... COMMAND...: an ordinary user with these, and tracefs mounted as on most nodes
with_caps()
{
	local caps

	caps=-all,+${1//,/,+}
	shift
	apart '{ mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing; }' \
		"${unprivileged[@]}" --inh-caps="$caps" --ambient-caps="$caps" --bounding-set="$caps" "$@"
}

# BPF objects of this program that somebody still holds. Those of others come and go meanwhile.
left_behind()
{
	bpftool prog show 2> /dev/null | grep -c ' name ct_fork '
}

# ends WHAT STATUS LINES REGEX COMMAND...: that status, that many lines that are the program's
# sentences on stderr, all of which match
ends()
{
	local what=$1 wanted=$2 lines=$3 regex=$4 status

	shift 4
	"$@" > "$OUT/ends.out" 2> "$OUT/ends.err" < /dev/null
	status=$?
	same "$what: exit status, and sentences on stderr" "$wanted, $lines" \
		"$status, $(grep -c '^coldtrace: ' "$OUT/ends.err")"
	check "$what: what, why, what to do" \
		test "$(grep '^coldtrace: ' "$OUT/ends.err" | grep -cE "$regex")" = "$lines"
	((wanted == 0)) || same "$what: nothing on stdout" 0 "$(wc -c < "$OUT/ends.out")"
}

programs_before=$(left_behind)
trace=(timeout 30 "$open_dir/coldtrace" -d 0.2)

# --- who may

ends "an ordinary user" 1 1 'trace this node: CAP_BPF and CAP_PERFMON missing.*sudo.*PRIVILEGES' \
	"${unprivileged[@]}" "${trace[@]}"
ends "CAP_BPF alone" 1 1 'trace this node: CAP_PERFMON missing.*sudo' with_caps bpf "${trace[@]}"
ends "root without them" 1 1 'CAP_BPF and CAP_PERFMON missing' \
	setpriv --bounding-set=-bpf,-perfmon,-sys_admin "${trace[@]}"
ends "root of a user namespace" 1 1 'in a user namespace CAP_BPF .* do not count; run it .* on the host' \
	unshare --user --map-root-user "${trace[@]}"
own_pids="runs in a container's pid namespace.*nothing would be found; run it in the host's"
ends "a pid namespace of its own, as in a container" 1 1 "$own_pids" \
	unshare --pid --fork --mount-proc "${trace[@]}"
ends "a pid namespace of its own, with the host's /proc" 1 1 "$own_pids" \
	unshare --pid --fork "${trace[@]}"
ends "a pid namespace of its own: record" 1 1 "$own_pids" \
	unshare --pid --fork --mount-proc "$open_dir/coldtrace" record -o "$OUT/never.ct" -d 0.2
same "a pid namespace of its own: no recording" "" "$(ls "$OUT/never.ct" 2> /dev/null)"
ends "a /proc that does not show it" 1 1 '/proc does not show this process .*; mount the host' \
	apart 'mount -t tmpfs none /proc' "${trace[@]}"
ends "the host's pid namespace, with a /proc and root of its own" 0 0 '^$' \
	apart 'mount -t proc proc /proc' "${trace[@]}"
ends "CAP_BPF and CAP_PERFMON alone: it traces, and says what it does not see" 0 2 \
	'without CAP_(SYS_PTRACE|DAC_READ_SEARCH) it does not see .*; run it with sudo, or grant it' \
	with_caps bpf,perfmon "${trace[@]}"
ends "all four: nothing to say" 0 0 '^$' \
	with_caps bpf,perfmon,sys_ptrace,dac_read_search "${trace[@]}"
ends "CAP_SYS_ADMIN serves as the first two" 0 0 '^$' \
	with_caps sys_admin,sys_ptrace,dac_read_search "${trace[@]}"

# --- what doctor says is what then happens

# happens FEATURE COMMAND...: whether it traces that, with the system calls that it is made of
happens()
{
	local feature=$1 args=(-d 0.2)

	shift
	case $feature in
	steps | why) args+=("--$feature") ;;
	opens) args=(opens -d 0.2) ;;
	esac
	"$@" timeout 60 "$open_dir/coldtrace" "${args[@]}" > "$OUT/happens.out" 2>&1 < /dev/null
	[[ $? == [03] ]] && # a busy node may lose some
		! grep -qE 'no (system call|opened file) can be' "$OUT/happens.out"
}

# verdict WHAT COMMAND...: doctor's, run by that command, of all features; and its first line
verdict()
{
	local what=$1 feature works status

	shift
	"$@" "$open_dir/coldtrace" doctor --json > "$OUT/verdict.json" 2> "$OUT/verdict.err"
	status=$?
	same "doctor, $what: exit status" "$([[ $(jq .verdict.works "$OUT/verdict.json") == true ]]; echo $?)" \
		"$status"
	check "doctor, $what: the verdict comes first" grep -qE "$( ((status == 0)) &&
		echo '^coldtrace works here: phases' || echo '^coldtrace does not work here$')" \
		<("$@" "$open_dir/coldtrace" doctor 2>&1 | head -1)
	while read -r feature works; do
		same "doctor, $what: $feature" "$works" \
			"$(happens "$feature" "$@" && echo true || echo false)"
	done < <(jq -r '.verdict.features[] | "\(.feature) \(.works)"' "$OUT/verdict.json")
	same "doctor, $what: what does not work has a reason, and what to do" 0 "$(jq '[.verdict.features[] |
		select((.works | not) and (.because == null or .do == null))] | length' "$OUT/verdict.json")"
	same "doctor, $what: no probe is on of what does not work" 0 "$(jq '[.plans[] |
		select(.possible | not) | .probes[] | select(.on and .only_for == null)] | length' "$OUT/verdict.json")"
}

verdict "root" env
verdict "the four" with_caps bpf,perfmon,sys_ptrace,dac_read_search
verdict "the four and CAP_SYSLOG" with_caps bpf,perfmon,sys_ptrace,dac_read_search,syslog
verdict "CAP_BPF and CAP_PERFMON" with_caps bpf,perfmon
verdict "nothing" with_caps chown
verdict "a pid namespace of its own" unshare --pid --fork --mount-proc
same "doctor: the limit that it names is this user's, not what a trial raised it to" 65536 \
	"$(prlimit --memlock=65536: "$COLDTRACE" doctor --json | jq .privileges.memlock_bytes)"
ends "--why without CAP_SYSLOG" 1 1 "'/proc/kallsyms' hides their addresses: CAP_SYSLOG missing; run it" \
	with_caps bpf,perfmon,sys_ptrace,dac_read_search "${trace[@]}" --why
ends "--why with CAP_SYSLOG" 0 0 '^$' \
	with_caps bpf,perfmon,sys_ptrace,dac_read_search,syslog "${trace[@]}" --why

# --- what the kernel forbids

for error in EPERM ENOSYS; do
	ends "seccomp: bpf(2) fails with $error" 1 1 \
		'load the BPF programs: .*: a seccomp filter forbids bpf\(2\).*; run it on the host' \
		"$open_dir/without" bpf $error "${trace[@]}"
done
ends "seccomp: no perf_event_open(2): phases need none" 0 0 '^$' \
	"$open_dir/without" perf_event_open EPERM "${trace[@]}"
ends "seccomp: no perf_event_open(2): steps do" 0 1 \
	'no system call can be traced.*perf_event_open\(2\) is forbidden by a seccomp filter' \
	"$open_dir/without" perf_event_open EPERM "${trace[@]}" --steps

# Since Linux 5.11 maps are no locked memory.
ends "nothing may be locked in memory" 0 0 '^$' prlimit --memlock=0:0 "${trace[@]}"
ends "nothing may be locked in memory, an ordinary user" 0 0 '^$' \
	prlimit --memlock=0:0 setpriv --reuid 65534 --regid 65534 --clear-groups \
	--inh-caps=-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search \
	--ambient-caps=-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search "${trace[@]}"

# sysctl_is NAME VALUE: put back at the end
sysctl_is()
{
	saved[$1]=${saved[$1]:-$(cat "/proc/sys/kernel/$1")}
	if ! echo "$2" 2> /dev/null > "/proc/sys/kernel/$1"; then
		cannot "kernel.$1 is $2" "it may not be set"
		return 1
	fi
}

# What matters is the capability: neither helps without it, or hurts with it.
for value in -1 3 4; do
	sysctl_is perf_event_paranoid $value || continue
	ends "perf_event_paranoid is $value, CAP_PERFMON" 0 0 '^$' \
		with_caps bpf,perfmon,sys_ptrace,dac_read_search "${trace[@]}" --steps
	ends "perf_event_paranoid is $value, no CAP_PERFMON" 1 1 'CAP_PERFMON missing' \
		with_caps bpf,sys_ptrace,dac_read_search "${trace[@]}" --steps
done
for value in 0 2; do
	sysctl_is unprivileged_bpf_disabled $value || continue
	ends "unprivileged_bpf_disabled is $value, the capabilities" 0 0 '^$' \
		with_caps bpf,perfmon,sys_ptrace,dac_read_search "${trace[@]}"
	ends "unprivileged_bpf_disabled is $value, no capability" 1 1 'CAP_BPF and CAP_PERFMON missing' \
		"${unprivileged[@]}" "${trace[@]}"
done

# --- what is not there

no_tracefs='while umount /sys/kernel/tracing 2> /dev/null; do :; done; true'

ends "no BTF" 1 1 \
	"read the types of this kernel: '/sys/kernel/btf/vmlinux': No such file.*CONFIG_DEBUG_INFO_BTF" \
	apart 'mount -t tmpfs none /sys/kernel/btf' "${trace[@]}"
check "no BTF: doctor says so" grep -q 'BTF .*No such file' <(
	apart 'mount -t tmpfs none /sys/kernel/btf' "$COLDTRACE" doctor)
ends "tracefs not mounted, root: it is used all the same" 0 0 '^$' \
	apart "$no_tracefs" "${trace[@]}" --steps
same "tracefs not mounted: nor is it afterwards" "" \
	"$(apart "$no_tracefs" sh -c "'$open_dir/coldtrace' -d 0.2 --steps > /dev/null 2>&1
		grep tracefs /proc/self/mounts")"
ends "tracefs not mounted, an ordinary user, phases: nothing to say" 0 0 '^$' \
	apart "$no_tracefs" setpriv --reuid 65534 --regid 65534 --clear-groups \
	--inh-caps=-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search \
	--ambient-caps=-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search "${trace[@]}"
ends "tracefs not mounted, an ordinary user, steps" 0 1 \
	"no system call can be traced.*tracefs is not mounted and cannot be; as root, 'mount" \
	apart "$no_tracefs" setpriv --reuid 65534 --regid 65534 --clear-groups \
	--inh-caps=-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search \
	--ambient-caps=-all,+bpf,+perfmon,+sys_ptrace,+dac_read_search "${trace[@]}" --steps
ends "tracefs mounted for root alone, an ordinary user without CAP_DAC_READ_SEARCH" 0 2 \
	'its tracepoint in tracefs may not be read; .*CAP_DAC_READ_SEARCH|without CAP_DAC_READ_SEARCH' \
	apart "$no_tracefs; mount -t tracefs tracefs /sys/kernel/tracing" \
	setpriv --reuid 65534 --regid 65534 --clear-groups \
	--inh-caps=-all,+bpf,+perfmon,+sys_ptrace --ambient-caps=-all,+bpf,+perfmon,+sys_ptrace \
	"${trace[@]}" --steps
# There is one tracefs: its options hold in all namespaces.
# tracefs_options OPTIONS, in a mount namespace of its own
tracefs_options()
{
	apart "$no_tracefs; mount -t tracefs tracefs /sys/kernel/tracing" \
		mount -o "remount,$1" /sys/kernel/tracing
}
tracefs_was=$(apart "$no_tracefs; mount -t tracefs tracefs /sys/kernel/tracing" \
	stat -c 'mode=%a,gid=%g' /sys/kernel/tracing)
ends "tracefs mounted for a group, which they have" 0 1 'without CAP_DAC_READ_SEARCH' \
	apart "$no_tracefs; mount -t tracefs -o mode=750,gid=65534 tracefs /sys/kernel/tracing" \
	setpriv --reuid 65534 --regid 65534 --clear-groups \
	--inh-caps=-all,+bpf,+perfmon,+sys_ptrace --ambient-caps=-all,+bpf,+perfmon,+sys_ptrace \
	"${trace[@]}" --steps

if command -v bpftool > /dev/null; then
	# the kernel frees programs a moment after the last descriptor
	none_left()
	{
		(($(left_behind) <= programs_before))
	}
	check "none of its programs is left in the kernel" await 10 none_left
fi
