# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# report --chains: a gateway that is far above who asks for its members: scripts that call scripts, one of which asks for
# two of them, su with a terminal of its own. Beside it, and as far above, one that has no order.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/chains.sh
. "$CT_LIB/chains.sh"
# shellcheck source=tests/lib/containerd.sh
. "$CT_LIB/containerd.sh"
trap 'e2e_cleanup; containerd_stop' EXIT

# DEPTH COMMAND...: so many processes between it and the command
cat > "$OUT/between" << 'END'
#!/bin/bash
depth=$1
shift
if ((depth > 0)); then "$0" $((depth - 1)) "$@"; else "$@"; fi
exit $?
END
cat > "$OUT/member" << END
#!/bin/bash
docker run --rm --name "$P\$1" ct/service:1 stamp > /dev/null < /dev/null
exit \$?
END
# MEMBER MEMBER
cat > "$OUT/both" << END
#!/bin/bash
"$OUT/between" 1 "$OUT/member" "\$1" && "$OUT/between" 1 "$OUT/member" "\$2"
exit \$?
END
chmod +x "$OUT/between" "$OUT/member" "$OUT/both"

# gateway KIND HOW ORDER...
gateway()
{
	local kind=$1 how=$2 order member

	shift 2
	for order in "$@"; do
		for member in $order; do
			"ask_$how" "$kind-$member" || echo "$kind-$member does not run"
		done
	done
}
# So far below that there are more above than are told.
ask_scripts()
{
	"$OUT/between" 11 "$OUT/member" "$1"
}
# What one of them is asked for through is one more.
ask_uneven()
{
	"$OUT/between" $((${#1} % 2 + 3)) "$OUT/member" "$1"
}
# One script asks for the first two in order; for the third who has called it does.
ask_both()
{
	case $1 in
	*-line-one) "$OUT/between" 2 "$OUT/both" "$1" "${1%one}two" ;;
	*-line-two) ;;
	*) "$OUT/between" 3 "$OUT/member" "$1" ;;
	esac
}
ask_su()
{
	su --pty --whitelist-environment=DOCKER_HOST,PATH root -c "'$OUT/between' 1 '$OUT/member' '$1'" < /dev/null
}

# Of whom nobody says when it exits. Ids are no names: they are told apart by what they execute.
ask_ctr()
{
	cr_in "$OUT/between" 3 ctr -a "$CR_SOCK" run --rm docker.io/ct/busybox:1 "$P$1" echo "$1" > /dev/null
}

# try NAME HOW [REST WANTED OF]: what is in order is found, with who has none beside it
try()
{
	local name=$1 how=$2

	trace_start "$name" --record "$OUT/$name.ct" || return
	gateway "$name-line" "$how" "one two three" "one two three" "one two three" > "$OUT/$name.said" 2>&1 &
	gateway "$name-any" "$how" "one two" "two one" "two one" "one two" "two one" > "$OUT/$name.any" 2>&1
	wait $!
	same "$name: everything that is run runs" "" "$(cat "$OUT/$name.said" "$OUT/$name.any")"
	trace_stop
	chains_are "$name" "$P$name-${3-*}" "${4:-[[\"$P$name-line-one > $P$name-line-two > $P$name-line-three\",3,3]]}" "${5:-.name}"
}

try scripts scripts
try uneven uneven
try both both
if su --help 2>&1 | grep -q -- --pty; then
	try su su
else
	cannot "chains through su with a terminal of its own" "this su has none"
fi
if containerd_start; then
	try ctr ctr "" "[[3,3,3]]" "(.members | length)"
else
	cannot "chains of ctr" "containerd does not start here"
fi
