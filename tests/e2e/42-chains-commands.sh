# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# report --chains where no engine is asked: podman, and runtimes by themselves. Two gateways at the same time: one
# that starts its members in one order, one that has no order.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/chains.sh
. "$CT_LIB/chains.sh"
# shellcheck source=tests/lib/podman.sh
. "$CT_LIB/podman.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

# Starts NAME, with whatever command starts a container here, and returns when it has ended.
cat > "$OUT/podman" << 'END'
read -ra podman < <(podman_command "$dir" "$runtime")
mapfile -t limits < <(podman_limits "$runtime" | tr ' ' '\n')
begin() { "${podman[@]}" run --rm --network none --name "$1" "${limits[@]}" ct/service:1 /bin/service exit 0; }
END
cat > "$OUT/bare" << 'END'
read -ra run < <(runtime_command "$runtime" "$dir/root")
bundle_args "$dir/bundle" service exit 0
begin() { "${run[@]}" run --bundle "$dir/bundle" "$1"; }
END

# What runs inside the place: HOW RUNTIME DIR PREFIX
cat > "$OUT/gateways" << 'END'
how=$1 runtime=$2 dir=$3 p=$4
. "$CT_LIB/podman.sh"
. "$CT_LIB/bundle.sh"
. "${BASH_SOURCE[0]%/*}/$how"
gateway()
{
	local kind=$1 order member

	shift
	for order in "$@"; do
		for member in $order; do
			begin "$p-$kind-$member" < /dev/null 2> "$dir/err.$kind-$member" | cat > "$dir/out.$kind-$member"
			((!PIPESTATUS[0])) || echo "$kind-$member does not run: $(< "$dir/err.$kind-$member")"
		done
	done
}
gateway line "one two three" "one two three" "one two three" "one two three" &
gateway any "one two" "two one" "two one" "one two" "two one"
wait
END

try()
{
	local how=$1 runtime=$2 name=$1-$2 said

	trace_start "$name" --record "$OUT/$name.ct" || return
	said=$(SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT/$name.d" "$OUT/gateways" "$how" "$runtime" "$OUT/$name.d" "$P$name" 2>&1)
	same "$name: everything that is run runs" "" "$said"
	trace_stop
	chains_are "$name" "$P$name-*" "[[\"$P$name-line-one > $P$name-line-two > $P$name-line-three\",4,4]]"
}

for runtime in runc crun; do
	if ! command -v podman "$runtime" > /dev/null; then
		cannot "chains of podman with $runtime" "one of them is not installed"
		continue
	fi
	mkdir -p "$OUT/podman-$runtime.d"
	echo 'podman_prepare "$1"' > "$OUT/prepare"
	sed -i '1i . "$CT_LIB/podman.sh"' "$OUT/prepare"
	SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT/podman-$runtime.d" "$OUT/prepare" "$OUT/podman-$runtime.d" \
		> "$OUT/import" 2>&1 || { fail "an image for podman" "$(< "$OUT/import")"; continue; }
	try podman "$runtime"
done

for runtime in runc crun runsc; do
	if ! command -v "$runtime" > /dev/null; then
		cannot "chains of a bare $runtime" "it is not installed"
		continue
	fi
	mkdir -p "$OUT/bare-$runtime.d/root"
	bundle_make "$OUT/bare-$runtime.d/bundle" || { fail "$runtime: a bundle is made"; continue; }
	try bare "$runtime"
done

# Without root podman executes itself once more, as a child of its own: who asked is who called the first.
cat > "$OUT/rootless" << 'END'
. "$CT_LIB/podman.sh"
podman_nobody "$1/home" "$(< "$1/as-nobody")" "$2" "$3"
END
mkdir -p "$OUT/rootless.d"
cat > "$OUT/rootless.d/as-nobody" << 'END'
read -ra podman < <(podman_command /run/u crun)
mapfile -t limits < <(podman_limits crun | tr ' ' '\n')
for ((i = 0; i < $2; i++)); do
	for member in one two three; do
		"${podman[@]}" run --rm --network none --name "$1-$member" "${limits[@]}" ct/service:1 /bin/service exit 0 \
			< /dev/null > out 2> err || echo "$1-$member does not run: $(< err)"
	done
done
END
place_rootless()
{
	SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT/rootless.d" "$OUT/rootless" "$OUT/rootless.d" "$P-rootless" "$1" 2>&1
}
# Whether it runs here at all is found out untraced, as in 28.
if ! command -v podman crun > /dev/null || [[ -n $(place_rootless 1) ]]; then
	cannot "chains of podman without root" "it does not run here"
	exit 0
fi
trace_start rootless --record "$OUT/rootless.ct" || exit 0
said=$(place_rootless 3)
same "rootless: everything that is run runs" "" "$said"
trace_stop
chains_are rootless "$P-rootless-*" "[[\"$P-rootless-one > $P-rootless-two > $P-rootless-three\",3,3]]"
