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
#   record NAME COMMAND...  coldtrace record -o $dir/NAME.ct; what goes wrong is said, and does not end it
#
# Of those that take long, in batches (--out DIR, --resume, --minutes N):
#
#   keep_option OPTION VALUE   whether it is one of these, and how many words it has
#   keep_begin              $dir is made, and empty but with --resume
#   have KIND NAME          how many the recordings NAME-0.ct, NAME-1.ct, ... hold that have ended well
#   missing KIND NAME GOAL  whether any are missing; how many is in `lack`
#   may_begin               whether a batch may begin: not when it would not be over by --minutes
#   keep_batch NAME COMMAND...  record, under the first number that NAME has none of; and how long the batch took
#   keep_end                says that the minutes are over
#
# Ctrl-C sets `interrupted`: what is being recorded then is kept, and the tables are made of what there is.
set -euo pipefail
export LC_ALL=C

experiment=$(basename "$here")
top=$(cd "$here/../../.." && pwd)
# These are read by the experiments.
# shellcheck disable=SC2034
out=$(realpath -m "${O:-$top/.output}/$experiment")
dir=$out/runs resume='' minutes=''
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
	"$coldtrace" record -o "$dir/$name.ct" "$@" > "$out/said" 2> "$out/err" || [[ -n $interrupted ]] ||
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

# keep_option OPTION VALUE: what it has taken is in `taken`
keep_option()
{
	taken=2
	case $1 in
	--out) dir=$(realpath -m "${2:?}") ;;
	--minutes)
		minutes=${2:?}
		number --minutes "$minutes"
		;;
	--resume)
		resume=1
		taken=1
		;;
	*) return 1 ;;
	esac
}

keep_begin()
{
	if [[ -z $resume && $dir != "$out/runs" ]] && compgen -G "$dir/*.ct" > /dev/null; then
		die "there are recordings in '$dir': --resume goes on with them, --report tells of them"
	fi
	[[ -n $resume || $dir != "$out/runs" ]] || rm -rf "${dir:?}"
	mkdir -p "$dir"
	began=$SECONDS longest=0 batches=0 batch_at=$SECONDS stopped='' left=''
}

# What has been counted is not read again.
have()
{
	local file n sum=0

	for file in "$dir/$2"-[0-9]*.ct; do
		[[ -s $file ]] || continue
		if [[ ! $file.n -nt $file ]]; then
			n=$("$coldtrace" report "$file" --only-mine --kind "$1" --outcome ok -o json 2> /dev/null | grep -c "\"kind\":\"$1\"" || true)
			echo "$n" > "$file.n"
		fi
		sum=$((sum + $(< "$file.n")))
	done
	echo "$sum"
}

missing()
{
	lack=$(($3 - $(have "$1" "$2")))
	((lack > 0))
}

may_begin()
{
	batch_at=$SECONDS
	[[ -z $interrupted ]] || return
	[[ -z $minutes ]] || ((SECONDS - began + longest <= minutes * 60)) || stopped=1
	[[ -z $stopped ]]
}

keep_batch()
{
	local number=0

	while [[ -e $dir/$1-$number.ct ]]; do
		number=$((number + 1))
	done
	record "$1-$number" "${@:2}"
	batches=$((batches + 1))
	((SECONDS - batch_at <= longest)) || longest=$((SECONDS - batch_at))
	left=$(printf '; %d s a batch' $(((SECONDS - began) / batches)))
}

keep_end()
{
	say_progress ''
	[[ -z $stopped ]] || printf '%s: %d minutes are over; go on with --resume --out %s\n' "$experiment" "$minutes" "$dir" >&2
	((batches == 0)) || printf '%d batches in %d s, the longest %d s\n' "$batches" $((SECONDS - began)) "$longest" >> "$dir/machine.txt"
}
