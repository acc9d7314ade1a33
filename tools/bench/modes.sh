# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What may run beside what is measured. A mode is a function start_MODE that fills pids and returns when
# everything is attached. Who sources it sets coldtrace, scratch and ready, a file descriptor of a FIFO, and
# has die().
# shellcheck disable=SC2154,SC2034

pids=()

start_none()
{
	:
}

start_coldtrace()
{
	local begin=$EPOCHREALTIME

	"$coldtrace" "$@" --ready-fd "$ready" </dev/null >/dev/null 2>"$scratch/stderr" &
	pids=($!)
	until read -r -t 0.5 -u "$ready" _; do
		kill -0 "${pids[0]}" 2>/dev/null && ((${EPOCHREALTIME%.*} - ${begin%.*} < 20)) && continue
		die "coldtrace${*:+ $*}: not ready: $(tail -n 3 "$scratch/stderr")"
	done
	ready_us=$((${EPOCHREALTIME/./} - ${begin/./}))
}

start_phases()
{
	start_coldtrace
}

start_steps()
{
	start_coldtrace --steps
}

start_why()
{
	start_coldtrace --why
}

start_opens()
{
	start_coldtrace --opens
}

stop_mode()
{
	local pid

	for pid in "${pids[@]}"; do
		kill -INT "$pid" 2>/dev/null || true # a shell's background job may ignore it
		kill -TERM "$pid" 2>/dev/null || true
	done
	for pid in "${pids[@]}"; do
		wait "$pid" 2>/dev/null || true
	done
	pids=()
	sleep 0.2 # programs and maps are freed after a grace period
}

interleave_for=0 # seconds; 0: as long as it takes

# interleave FUNCTION ROUNDS MODE...: each round begins with another mode. No round begins that would end after
# interleave_for seconds, if it is as long as those before.
interleave()
{
	local function=$1 n=$2 round i begin=$SECONDS

	shift 2
	for ((round = 0; round < n; round++)); do
		((!interleave_for || !round || (SECONDS - begin) * (round + 1) / round <= interleave_for)) || break
		for ((i = 0; i < $#; i++)); do
			"$function" "${@:(i + round) % $# + 1:1}" "$round"
		done
		printf 'bench: %s %d of %d\n' "${function%_round}" $((round + 1)) "$n" >&2
	done
}
