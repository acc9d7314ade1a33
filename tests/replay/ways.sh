# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2154 # sourced by run, whose variables and functions these use
#
# What replaying must do besides telling the same: with recordings that are cut or damaged, with options that
# contradict, with disks that are full and readers that leave, however many are read at once.

# What the recordings themselves must be: small, and of no home directory.
fit() {
	size=$(wc -c < "$1")
	if [ "$size" -ge 409600 ]; then
		echo "$size bytes" > "$work/why"
		not_ok "$2.ct is small"
	elif grep -aoE '(^|[^[:alnum:]._/-])/(root|home|work)/[[:alnum:]._/-]*' "$work/before/$2.ct" \
		> "$work/why"; then
		not_ok "$2.ct holds no path of somebody's home"
	else
		ok "$2.ct is fit to be kept"
	fi
}

# A recording that is cut is read up to there, and said to be cut.
cut_short() {
	words=$(($(wc -c < "$work/$1.ct") / 16))
	head -c "$((words * 8 + 4))" "$work/$1.ct" > "$work/cut.ct"
	LC_ALL=C "$program" report "$work/cut.ct" > /dev/null 2> "$work/why"
	code=$?
	echo "exit code $code" >> "$work/why"
	if [ $code -eq 3 ] && grep -q "was cut off" "$work/why"; then
		ok "$1.ct cut in the middle of an event"
	else
		not_ok "$1.ct cut in the middle of an event"
	fi
	rm -f "$work/cut.ct"
}

# damage NAME FROM_END: to $work/cut.ct, with one byte changed that is so far from the end.
damage() {
	at=$(($(wc -c < "$work/$1.ct") - $2))
	byte=$(od -An -tu1 -j "$at" -N 1 "$work/$1.ct")
	{
		head -c "$at" "$work/$1.ct"
		# shellcheck disable=SC2059 # an octal escape
		printf "\\$(printf %o $((byte ^ 64)))"
		tail -c "$(($2 - 1))" "$work/$1.ct"
	} > "$work/cut.ct"
}

# partly WHAT LINE COMMAND...: of $work/cut.ct; its result is printed, LINE is in it.
partly() {
	what=$1 line=$2
	shift 2
	(cd "$work" && LC_ALL=C "$program" "$@") > "$work/part" 2> "$work/said"
	code=$?
	{ echo "exit code $code"; cat "$work/said" "$work/part"; } > "$work/why"
	if [ $code -eq 3 ] && [ "$(wc -l < "$work/said")" -eq 1 ] && grep -q "$line" "$work/part"; then
		ok "$what: $*"
	else
		not_ok "$what: $*"
	fi
	rm -f "$work/part"
}

# Whatever is wrong with it, what could be read is said, and that it is not all.
not_whole() {
	incomplete="^INCOMPLETE: not all of 1 recording could be read\. Nothing unmatched"
	for from_end in 1 16 20; do
		damage "$1" $from_end
		partly "the end is damaged" "$incomplete" report cut.ct
		partly "the end is damaged" "^A .*, depth '[a-z]*', NOT READ WHOLE$" diff cut.ct "$1.ct"
	done
	head -c "$(($(wc -c < "$work/$1.ct") - 4))" "$work/$1.ct" > "$work/cut.ct"
	partly "the end is cut off" "$incomplete" report cut.ct -o timeline
	partly "the end is cut off" "^coldtrace_unread_recordings 1$" report cut.ct -o openmetrics
	partly "the end is cut off" "^B .*, depth '[a-z]*', NOT READ WHOLE$" diff "$1.ct" cut.ct
	rm -f "$work/cut.ct"
}

# What was asked for and not recorded is said, once a recording. $1: the lines, '' none.
shallow() {
	wanted=$1
	shift
	(cd "$work" && LC_ALL=C "$program" "$@") > /dev/null 2> "$work/why"
	code=$?
	if [ $code -eq 0 ] && [ "$(cat "$work/why")" = "$wanted" ]; then
		ok "what was not recorded is said: $*"
	else
		echo "exit code $code" >> "$work/why"
		not_ok "what was not recorded is said: $*"
	fi
}

# as_exported FORMAT NAME: an output that draws steps takes those of the recording, unless they are
# not wanted.
as_exported() {
	: > "$work/why"
	print C.UTF-8 exported export "$2.ct" --format "$1"
	print C.UTF-8 reported report "$2.ct" -o "$1"
	cmp "$work/exported" "$work/reported" > "$work/why" 2>&1 || code=1
	print C.UTF-8 phases report "$2.ct" -o "$1" --phases
	if cmp -s "$work/phases" "$work/reported"; then
		echo "--phases changes nothing" >> "$work/why"
	fi
	if [ $code -eq 0 ] && ! [ -s "$work/why" ] && ! [ -s "$work/stderr" ]; then
		ok "report $2.ct draws the steps of -o $1"
	else
		not_ok "report $2.ct draws the steps of -o $1"
	fi
}

# beside NAME OPTION...: the table and the lines are what they are without an output that draws steps.
beside() {
	name=$1
	shift
	print C.UTF-8 table report "$name.ct" "$@"
	print C.UTF-8 lines report "$name.ct" -o json "$@"
	print C.UTF-8 drawn report "$name.ct" "$@" -o table:table2 -o json:lines2 -o opens:opens \
		-o timeline --html page
	{
		cmp "$work/table" "$work/table2"
		cmp "$work/lines" "$work/lines2"
		[ -s "$work/drawn" ] || echo "no timeline"
	} > "$work/why" 2>&1
	if [ $code -eq 0 ] && ! [ -s "$work/why" ]; then
		ok "only outputs that draw steps take them: $name.ct $*"
	else
		not_ok "only outputs that draw steps take them: $name.ct $*"
	fi
}

# What cannot be had together, and what was there before is still there.
refused() {
	cp "$work/burst-20.ct" "$work/old" && ln -s old "$work/link" && ln "$work/old" "$work/hard"
	(cd "$work" && LC_ALL=C "$program" "$@") > "$work/out" 2> "$work/why"
	code=$?
	if [ $code -eq 2 ] && [ "$(wc -l < "$work/why")" -eq 1 ] && ! [ -s "$work/out" ] &&
		cmp -s "$work/burst-20.ct" "$work/old"; then
		ok "refused: $*"
	else
		echo "exit code $code" >> "$work/why"
		not_ok "refused: $*"
	fi
	rm -f "$work/old" "$work/link" "$work/hard" "$work/new"
}

# What was typed and what a file is called goes to the terminal escaped, in one line.
escaped() {
	what=$1
	shift
	(cd "$work" && LC_ALL=C.UTF-8 "$program" "$@") > /dev/null 2> "$work/why"
	if [ "$(wc -l < "$work/why")" -eq 1 ] && grep -q '\\x1b\[31m' "$work/why" &&
		! LC_ALL=C grep -q '[[:cntrl:]]' "$work/why"; then
		ok "a sentence is escaped: $what"
	else
		not_ok "a sentence is escaped: $what"
	fi
}

# Who reads goes before the first byte is written, as head does after the last that it wants.
closed_pipe() {
	mkfifo "$work/gone"
	{
		cat "$work/gone" > "$work/why"
		code=0
		(cd "$work" && LC_ALL=C "$program" "$@") 2>> "$work/why" || code=$?
		echo "$code" > "$work/code"
	} | {
		exec <&-
		: > "$work/gone"
	}
	code=$(cat "$work/code")
	if [ "$code" -eq 0 ] && ! [ -s "$work/why" ]; then
		ok "$1 to a closed pipe: $*"
	else
		echo "exit code $code" >> "$work/why"
		not_ok "$1 to a closed pipe: $*"
	fi
	rm -f "$work/gone"
}

full_disk() {
	wanted=$1
	shift
	(cd "$work" && LC_ALL=C "$program" "$@") > /dev/full 2> "$work/why"
	code=$?
	if [ $code -eq "$wanted" ] && [ "$(wc -l < "$work/why")" -eq 1 ] &&
		grep -q "^coldtrace: .*'stdout': No space left on device$" "$work/why"; then
		ok "$1 to a full disk: $*"
	else
		echo "exit code $code" >> "$work/why"
		not_ok "$1 to a full disk: $*"
	fi
}

file_limit() {
	(cd "$work" && ulimit -f 2 && LC_ALL=C "$program" "$@") > /dev/null 2> "$work/why"
	code=$?
	if [ $code -eq 1 ] && grep -q "^coldtrace: .*'large': File too large$" "$work/why"; then
		ok "$1 beyond the limit of the file size: $*"
	else
		echo "exit code $code" >> "$work/why"
		not_ok "$1 beyond the limit of the file size: $*"
	fi
	rm -f "$work/large"
}

# Of files no more than those that are read are open.
open_files() {
	(cd "$work" && ulimit -n 12 && LC_ALL=C "$program" report docker-*.ct why-*.ct c*r*.ct) \
		> "$work/few" 2> "$work/why"
	code=$?
	(cd "$work" && LC_ALL=C "$program" report docker-*.ct why-*.ct c*r*.ct) > "$work/out" 2>&1
	if ! grep -q "open files" "$work/why" && cmp "$work/few" "$work/out" >> "$work/why" 2>&1; then
		ok "more recordings than files may be open"
	else
		echo "exit code $code" >> "$work/why"
		not_ok "more recordings than files may be open"
	fi
}

# How many are read at once changes no byte, not even where one of them is damaged.
at_once() {
	what=$1
	shift
	for jobs in 1 2 5 16; do
		(cd "$work" && LC_ALL=C.UTF-8 "$program" report --jobs $jobs "$@") > "$work/jobs.$jobs" 2>&1
		echo "exit code $?" >> "$work/jobs.$jobs"
		cmp "$work/jobs.1" "$work/jobs.$jobs"
	done > "$work/why" 2>&1
	if [ -s "$work/jobs.1" ] && ! [ -s "$work/why" ]; then
		ok "the same bytes however many are read at once: $what"
	else
		not_ok "the same bytes however many are read at once: $what"
	fi
	rm -f "$work"/jobs.*
}

# Likewise of the other commands that read several.
compared_at_once() {
	command=$1
	shift
	for jobs in 1 2 5; do
		# shellcheck disable=SC2086 # a command and its options
		(cd "$work" && LC_ALL=C.UTF-8 "$program" $command --jobs $jobs "$@") > "$work/jobs.$jobs" 2>&1
		echo "exit code $?" >> "$work/jobs.$jobs"
		cmp "$work/jobs.1" "$work/jobs.$jobs"
	done > "$work/why" 2>&1
	if [ "$(wc -l < "$work/jobs.1")" -gt 1 ] && ! [ -s "$work/why" ]; then
		ok "the same bytes however many are read at once: $command $*"
	else
		not_ok "the same bytes however many are read at once: $command $*"
	fi
	rm -f "$work"/jobs.*
}

other_is_whole() {
	if cmp -s "$work/kept.json" "$work/left.json"; then
		ok "the other output is whole $1"
	else
		echo "left.json differs" > "$work/why"
		not_ok "the other output is whole $1"
	fi
	rm -f "$work/left.json"
}

# Their outputs are many, their ways out few.
ways_out() {
	for options in "--steps" "--timeline $1" "--cdf" "-o json" "-o html" "-o opens"; do
		# shellcheck disable=SC2086 # several words
		closed_pipe report "$2.ct" $options
		# shellcheck disable=SC2086
		full_disk 1 report "$2.ct" $options
	done
	for format in csv jsonl openmetrics hdr perfetto otlp-traces; do
		closed_pipe export --format $format "$2.ct"
		full_disk 1 export --format $format "$2.ct"
	done
	for option in --steps --json; do
		closed_pipe diff "$2.ct" "$3.ct" $option
		full_disk 2 diff "$2.ct" "$3.ct" $option
	done
	# Nobody wants to know how it ends: what is wrong there is not come to.
	{ cat "$work/$2.ct" && echo damaged; } > "$work/damaged.ct"
	closed_pipe report damaged.ct -o timeline
	rm -f "$work/damaged.ct"
	for limited in "report $2.ct -o json:large" "report $2.ct --html large" "export $2.ct --format jsonl:large"; do
		# shellcheck disable=SC2086
		file_limit $limited
	done
	print C "kept.json" report "$2.ct" -o json
	closed_pipe report "$2.ct" -o table -o json:left.json
	other_is_whole "where who read one left"
	full_disk 1 report "$2.ct" -o table -o json:left.json
	other_is_whole "where the disk of one was full"
}
