# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# What experiments share. Who includes it has set `here`, the experiment's folder, and calls
# experiment_begin when it has read its options.
#
#   die SENTENCE            ends it
#   usage                   says the options, which are lines "#   --..." of its head
#   need PROGRAM...         ends it where one is missing
#   number NAME VALUE       ends it where the value is no number above 0
#   experiment_traps        clean_up() of the experiment is called when all ends
#   experiment_engine       the same, and a private dockerd, or that of DOCKER_HOST
#   machine                 what was measured on, and how busy that was
#   say_progress SENTENCE   on a terminal
#   record NAME COMMAND...  coldtrace record -o $out/runs/NAME.ct; what goes wrong is said, and does not end it
#
# Ctrl-C sets `interrupted`: what is being recorded then is kept, and the tables are made of what there is.
set -euo pipefail
export LC_ALL=C

experiment=$(basename "$here")
top=$(cd "$here/../../.." && pwd)
# These are read by the experiments.
# shellcheck disable=SC2034
out=$(realpath -m "${O:-$top/.output}/$experiment")
coldtrace=${COLDTRACE:-${O:-$top/.output}/coldtrace}
interrupted=
lib=$top/tools/experiments/lib

die()
{
	printf '%s: %s\n' "$experiment" "$*" >&2
	exit 1
}

usage()
{
	sed -n '/^#   --/,/^# *$/s/^#   //p' "$0" >&2
	exit 2
}

need()
{
	local program

	for program in "$@"; do
		type -P "$program" > /dev/null || die "'$program' is missing; run tools/deps.sh test"
	done
}

number()
{
	[[ $2 =~ ^[1-9][0-9]*$ ]] || die "$1: '$2' is no number above 0"
}

clean_up()
{
	:
}

experiment_end()
{
	trap - INT TERM
	clean_up || true
	[[ -n ${DOCKER_GIVEN:-} ]] || engine_stop
}

experiment_begin()
{
	[[ -x $coldtrace ]] || die "'$coldtrace' is not built; run make"
	need jq
}

experiment_traps()
{
	((EUID == 0)) || die "needs root: sudo $0"
	trap experiment_end EXIT
	trap 'interrupted=1' INT
	trap 'exit 143' TERM
}

experiment_engine()
{
	experiment_traps
	# shellcheck source=../../../tests/lib/engine.sh
	. "$top/tests/lib/engine.sh"
	DOCKER_GIVEN=${DOCKER_HOST:-}
	[[ -z $DOCKER_GIVEN ]] || export DOCKER_HOST_REUSE=$DOCKER_HOST
	engine_start || die "the engine does not start"
}

machine()
{
	printf 'machine: %s, %s CPUs, Linux %s, load average %s\n' "$(uname -m)" "$(nproc)" "$(uname -r)" \
		"$(cut -d ' ' -f 1-3 /proc/loadavg)"
	printf 'begin: %s\n' "$(date -u +%FT%TZ)"
}

say_progress()
{
	[[ ! -t 2 ]] || printf '\r\033[K%s' "$*" >&2
}

# record NAME COLDTRACE'S-WORDS...
record()
{
	local name=$1

	shift
	"$coldtrace" record -o "$out/runs/$name.ct" "$@" > "$out/said" 2> "$out/err" || [[ -n $interrupted ]] ||
		printf '\n%s: %s: %s\n' "$experiment" "$name" "$(grep -v '^$' "$out/err" | tail -n 2)" >&2
}

# records DIR REPORT'S-WORDS...: all of its recordings, as JSON lines
records()
{
	local dir=$1

	shift
	compgen -G "$dir/*.ct" > /dev/null || die "no recordings in '$dir'"
	"$coldtrace" report "$dir"/*.ct "$@" -o json 2> "$dir/report.err" ||
		(($? == 3)) || # something was lost, which report has said
		die "$(tail -n 1 "$dir/report.err")"
}
