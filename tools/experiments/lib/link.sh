# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Distance between two network namespaces of this machine: a line that delays (delayline.c) and a rate (TBF).
# Addresses are of 198.18.0.0/15, which is there for such tests (RFC 2544).
#
#   link_start NAME PID ADDRESS PID ADDRESS
#                         a line from the network namespace of the one process to that of the other
#   link_set NAME RTT_MS RATE
#                         how far, and how wide in each direction: "10mbit"; "-": as wide as it is
#   link_rtts NAME PORT   what says of the distance: ping's min, avg, max, then the kernel's least RTT of a
#                         TCP connection from the first to a server at the other end, ms
#   link_stop             all lines
#
# A router that holds packets back holds LINK_QUEUE_MS of them; what comes then is lost.

LINK_QUEUE_MS=${LINK_QUEUE_MS:-50}
LINK_DIR=
declare -A LINK_PID=() LINK_TO=() LINK_NEAR=() LINK_FAR=() LINK_PEER=() LINK_DEVICE=()

link_say()
{
	printf 'link: %s\n' "$*" >&2
}

# link_in PID COMMAND...: in the network namespace of a process
link_in()
{
	nsenter --net="/proc/$1/ns/net" "${@:2}"
}

link_began()
{
	[[ -s $LINK_DIR/$1.said ]] || ! kill -0 "${LINK_PID[$1]}" 2> /dev/null
}

# link_start NAME PID ADDRESS PID ADDRESS
link_start()
{
	local name=$1 near=$2 far=$4 device=ct-line${#LINK_PID[@]} fd

	[[ -n $LINK_DIR ]] || LINK_DIR=$(mktemp -d "${TMPDIR:-/tmp}/ct-link.XXXXXX") || return
	[[ -x $LINK_DIR/delayline ]] ||
		gcc -std=gnu11 -O2 -Wall -Wextra -o "$LINK_DIR/delayline" \
			"$(dirname "${BASH_SOURCE[0]}")/delayline.c" || return
	mkfifo "$LINK_DIR/$name" || return
	"$LINK_DIR/delayline" $$ "/proc/$near/ns/net" ct-line "/proc/$far/ns/net" "$device" 0 \
		< "$LINK_DIR/$name" > "$LINK_DIR/$name.said" 2> "$LINK_DIR/$name.err" &
	LINK_PID[$name]=$!
	exec {fd}> "$LINK_DIR/$name"
	LINK_TO[$name]=$fd
	if ! await 10 link_began "$name" || [[ ! -s $LINK_DIR/$name.said ]]; then
		link_say "$(tail -n 1 "$LINK_DIR/$name.err")"
		return 1
	fi
	LINK_NEAR[$name]=$near
	LINK_FAR[$name]=$far
	LINK_PEER[$name]=$5
	LINK_DEVICE[$name]=$device
	link_in "$near" ip link set lo up && link_in "$far" ip link set lo up &&
		link_in "$near" ip addr add "$3" peer "$5" dev ct-line &&
		link_in "$near" ip link set ct-line up &&
		link_in "$far" ip addr add "$5" peer "$3" dev "$device" &&
		link_in "$far" ip link set "$device" up
}

# link_bits RATE: of "10mbit"
link_bits()
{
	case $1 in
	*gbit) echo $((${1%gbit} * 1000000000)) ;;
	*mbit) echo $((${1%mbit} * 1000000)) ;;
	*kbit) echo $((${1%kbit} * 1000)) ;;
	*) return 1 ;;
	esac
}

# link_set NAME RTT_MS RATE
link_set()
{
	local name=$1 rate=$3 bits burst

	awk -v ms="$2" 'BEGIN { printf "%d\n", ms * 500 }' >&"${LINK_TO[$name]}"
	link_in "${LINK_NEAR[$name]}" tc qdisc del dev ct-line root 2> /dev/null
	link_in "${LINK_FAR[$name]}" tc qdisc del dev "${LINK_DEVICE[$name]}" root 2> /dev/null
	[[ $rate != - ]] || return 0
	bits=$(link_bits "$rate") || { link_say "'$rate' is no rate: 10mbit, 1gbit"; return 1; }
	burst=$((bits / 800)) # 10 ms of it
	((burst > 16000)) || burst=16000
	set -- root tbf rate "$rate" burst "${burst}b" latency "${LINK_QUEUE_MS}ms"
	link_in "${LINK_NEAR[$name]}" tc qdisc add dev ct-line "$@" &&
		link_in "${LINK_FAR[$name]}" tc qdisc add dev "${LINK_DEVICE[$name]}" "$@"
}

# link_rtts NAME PORT
link_rtts()
{
	local peer=${LINK_PEER[$1]} near=${LINK_NEAR[$1]} ping tcp

	ping=$(link_in "$near" busybox ping -q -c 5 -i 0.2 -W 2 "$peer" |
		sed -n 's|.*= \([0-9.]*\)/\([0-9.]*\)/\([0-9.]*\) ms|\1 \2 \3|p')
	# shellcheck disable=SC2016
	tcp=$(link_in "$near" timeout 10 bash -c '
		for i in 1 2 3; do
			exec 3<> "/dev/tcp/$0/$1"
			printf "GET / HTTP/1.0\r\n\r\n" >&3
			read -r line <&3
			ss -tinpH "dst $0:$1" | awk -v me="pid=$$," "{ if (mine && match(\$0, /minrtt:[0-9.]+/)) print substr(\$0, RSTART + 7, RLENGTH - 7); mine = index(\$0, me) }"
			exec 3>&-
		done' "$peer" "$2" | sort -n | head -n 1)
	[[ -n $ping && -n $tcp ]] || { link_say "$1: '$peer' does not answer"; return 1; }
	printf '%s %s\n' "$ping" "$tcp"
}

link_stop()
{
	local name fd

	for name in "${!LINK_PID[@]}"; do
		fd=${LINK_TO[$name]:-}
		[[ -z $fd ]] || exec {fd}>&-
		kill "${LINK_PID[$name]}" 2> /dev/null
		wait "${LINK_PID[$name]}" 2> /dev/null
		[[ ! -s $LINK_DIR/$name.err ]] || cat "$LINK_DIR/$name.err" >&2
	done
	LINK_PID=() LINK_TO=()
	[[ -z $LINK_DIR ]] || rm -rf "$LINK_DIR"
	LINK_DIR=
}
