# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# What tests of chains ask of a recording.

# chains_are NAME CONTAINERS WANTED [WHICH]: of $OUT/NAME.ct what is found among these containers, each as WHICH (a filter of jq;
# its name), how many times it came and how many it began; and nobody is told of as one of whom it is not known who asked.
chains_are()
{
	local name=$1

	JSON=$OUT/$name.json
	"$COLDTRACE" report "$OUT/$name.ct" -c "$2" --chains --json > "$JSON" 2> "$OUT/$name.report.err"
	says "$name: who starts one after another is found, who has no order is not" "$3" "[.[] | [${4:-.name}, .times, .begun]]"
	same "$name: of all it is known who asked" "" "$(grep "who asked" "$OUT/$name.report.err")"
}
