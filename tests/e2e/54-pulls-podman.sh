# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Images that podman fetches from a registry, which no daemon does for it: each pull is told once, with the layers of
# its manifest in their order; what was there, what is refused, what is interrupted. The registry's manifests and podman's
# own log are the other witnesses.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/podman.sh
. "$CT_LIB/podman.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

for program in podman docker-registry; do
	if ! command -v $program > "$OUT/which"; then
		cannot "pulls by podman" "$program is not installed: apt-get install $program"
		exit 0
	fi
done

# What runs inside the place: DIR
cat > "$OUT/runs" << 'END'
dir=$1
. "$CT_LIB/podman.sh"
. "$CT_LIB/registry.sh"
. "$CT_LIB/engine.sh"
in_engine() { "$@"; }
in_engine_becomes() { exec "$@"; }
mkdir -p "$dir"/{containers,tmp,var} /var/lib/containers && mount --bind "$dir/containers" /var/lib/containers && mount --bind "$dir/var" /var/tmp || exit
export REGISTRY_LOG_LEVEL=info
registry_start "$dir" || { echo "no registry: $(tail -n 3 "$dir/registry/log")"; exit; }
"$CT_LIB/halts.py" "$REGISTRY" 4000000 "$dir/halting" > "$dir/halts.log" 2>&1 &
halts=$!
trap 'kill $halts; cp "$dir/registry/log" "$dir/registry.log"; registry_stop' EXIT
await 20 test -s "$dir/halting" || { echo "no server that halts: $(< "$dir/halts.log")"; exit; }
echo "$REGISTRY" > "$dir/address"
read -ra podman < <(podman_command "$dir" runc)
read -ra limits < <(podman_limits runc)
# pushed NAME SIZE...: to $dir/layers.NAME digest and size of each layer
pushed()
{
	"$CT_LIB/push.py" "$REGISTRY" "test/$1:1" "$SERVICE" "${@:2}" > "$dir/pushed.$1" || echo "image $1 is not pushed"
	jq -cRn '[inputs | split(" ") | [.[0], (.[1] | tonumber)]][:-2]' "$dir/pushed.$1" > "$dir/layers.$1"
	tail -n 1 "$dir/pushed.$1" | cut -d ' ' -f 1 > "$dir/digest.$1"
}
# pull NAME [OPTION]...: its log, each line with its time, to $dir/log
pull()
{
	"${podman[@]}" --log-level debug pull --tls-verify=false "${@:2}" "$REGISTRY/test/$1:1" 2>&1 > "$dir/out.$1" |
		"$CT_LIB/stamp.py" >> "$dir/log"
	return "${PIPESTATUS[0]}"
}
pushed one
pushed two 2M
pushed five 1K 3M 6M 2M
pushed equal 1M:none 1M:none
pushed has 100K 50K:same
pushed reuses 200K 50K:same
pushed slow 60M
pushed run 1K 2M
pushed made 300K
pushed pair1 100K
pushed pair2 200K 1M
# its last words: the log of the pull that has failed
last_words() { tail -n 3 "$dir/log" | cut -d ' ' -f 2-; }
for name in one two five equal; do
	pull $name --creds "me:$SECRET" || echo "podman pull $name: $(last_words)"
done
for name in has reuses; do
	"${podman[@]}" pull --quiet --tls-verify=false "$REGISTRY/test/$name:1" > "$dir/out.$name" 2>&1 ||
		echo "podman pull $name: $(< "$dir/out.$name")"
done
pull five --quiet || echo "podman pull five, again: $(last_words)"
pull none && echo "what is not there is pulled"
"${podman[@]}" pull --quiet --tls-verify=false "$REGISTRY/test/pair1:1" "$REGISTRY/test/pair2:1" > "$dir/out.pairs" 2>&1 ||
	echo "podman pull of two: $(< "$dir/out.pairs")"
# made(COMMAND, IMAGE, OPTION...): a container of what is not there
made()
{
	"${podman[@]}" "$1" --tls-verify=false --network none "${limits[@]}" -e "PASSWORD=$SECRET" "${@:3}" "$REGISTRY/test/$2:1" exit 0 > "$dir/out.$1" 2>&1
}
made run run --rm --name "${P}run" || echo "podman run: $(< "$dir/out.run")"
made run run --rm --name "${P}again" || echo "podman run, again: $(< "$dir/out.run")"
made create made --name="${P}made" || echo "podman create: $(< "$dir/out.create")"
made run none --name "${P}none" && echo "what is not there runs"
"${podman[@]}" pull -q --tls-verify=false "$(< "$dir/halting")/test/slow:1" > "$dir/out.slow" 2>&1 &
await 20 compgen -G "/var/tmp/*storage[0-9]*/1" > "$dir/slow" || echo "the slow pull has no layer: $(< "$dir/out.slow")"
kill -TERM $!
wait $!
END

trace_start trace --record "$OUT/trace.ct" || exit 0
said=$(P=$P SERVICE=$SERVICE CT_LIB=$CT_LIB SECRET=canary-$P place_run "$OUT" "$OUT/runs" "$OUT" 2>&1)
same "everything that is run runs" "" "$said"
trace_stop
same "exit status" 0 "$CT_STATUS"
# Both of its addresses: the other one halts.
REGISTRIES=$(jq -cnR '[inputs + "/"]' "$OUT/address" "$OUT/halting")
# shellcheck disable=SC2016
pulls='def pulls: [records | select(.kind == "pull" and (.image as $image | any($registries[]; . as $r | $image | startswith($r))))];
	def whole: [pulls[] | select(.outcome == "ok" and (.fetched.up_to_date | not))];'
pulled()
{
	says "$1" "$2" "$pulls $3" --argjson registries "$REGISTRIES" "${@:4}"
}
pulled "each pull is told once" '["equal","five","five","has","made","none","none","one","pair1","pair2","reuses","run","slow","two"]' \
	'[pulls[].image | capture("test/(?<name>[^:]*):1").name] | sort'
pulled "what is there, what is up to date, what is not, what is interrupted" '[10,1,2,1]' \
	'[(whole | length),
	(pulls | map(select(.outcome == "ok" and .fetched.up_to_date)) | length),
	(pulls | map(select(.outcome == "failed" and (.fetched.interrupted | not))) | length),
	(pulls | map(select(.outcome == "failed" and .fetched.interrupted)) | length)]'
for name in one two five equal run made pair1 pair2 has reuses; do
	pulled "$name: layers in the order of the manifest, with digest and size" "[$(< "$OUT/layers.$name")]" \
		'[pulls[] | select((.image | contains("/" + $name + ":")) and .outcome == "ok")
			| [.fetched.layers[] | [.digest, .size]]] | unique' --arg name "$name"
	pulled "$name: its digest is that of the registry" "[\"$(< "$OUT/digest.$name")\"]" \
		'[pulls[] | select(.image | contains("/" + $name + ":")) | .fetched.digest] | unique' --arg name "$name"
done
pulled "its connections have brought its layers, and 1 % at most and some KiB beside" '[]' \
	'[whole[] | (.fetched.layers | map(select(.stored | not) | .size) | add) as $size | .fetched.links.peers | map(.received) | add
		| select(. == null or . < $size or . > $size * 1.01 + 24576)]'
pulled "each layer is fetched, then unpacked, then the next one" '[]' \
	'[whole[].fetched.layers | . as $l | to_entries[] | select((.value.first_ns == null and (.value.stored | not)) or
		.value.fetched_ns < .value.first_ns or .value.unpacking_ns < .value.fetched_ns or
		.value.unpacked_ns < .value.unpacking_ns or
		(.key > 0 and .value.unpacking_ns < $l[.key - 1].unpacked_ns)) | .value.id]'
pulled "what another image has is taken from that, and unpacked" '[["has",[false,false,false]],["reuses",[false,false,true]]]' \
	'[whole[] | select(.image | test("/(has|reuses):"))
		| [(.image | capture("test/(?<name>[^:]*):1").name), [.fetched.layers[].stored]]]'
same "and the registry has given it once" 1 \
	"$(grep -c '"'"GET .*/blobs/$(jq -r '.[2][0]' "$OUT/layers.has")" "$OUT/registry.log")"
pulled "what is there already is known" '[[true,true,true,true,true]]' \
	'[pulls[] | select(.fetched.up_to_date) | [.fetched.layers[].there]]'
pulled "phases tile each pull" '[]' \
	'[pulls[] | select(([.segments[] | .end_ns - .begin_ns] | add) != .total_ns) | .image]'
pulled "no phase of what was fetched is unknown" '[["download","register","resolve","unpack"]]' \
	'[whole[].phases | keys] | unique'
# shellcheck disable=SC2154
pulled "the start that waited for its image has its pull as a phase, and what was before as create" '[[true,true,true]]' \
	'pulls as $all | [of("start"; "ok")[] | select(.name == $p + "run") | . as $start
		| ($all[] | select(.image | contains("/run:"))) as $pull
		| [.phases.pull == $pull.total_ns, .begin_ns < $pull.begin_ns, .segments[0].phase == "create" and .segments[2].phase == "create"]]' \
	--arg p "$P"
pulled "that which did not wait has none" '[false]' \
	'[of("start"; "ok")[] | select(.name == $p + "again") | .phases | has("pull")]' --arg p "$P"
pulled "a start whose image does not come has failed in its pull" '[["podman","pull","none"]]' \
	'[of("start"; "failed")[] | [.engine, .failed.phase, (.image | capture("test/(?<name>[^:]*):1").name)]]'
check "no password of a command line is in the recording" \
	bash -c '"$0" "$1" > "$3" && grep -qaF test/one:1 "$3" && ! grep -qaF "$2" "$3"' \
	"$CT_LIB/raw.py" "$OUT/trace.ct" "canary-$P" "$OUT/raw"

# Beside podman's own log, and the registry's.
sed -n 's/^\([0-9]*\) .*Applying tar in .*/\1/p' "$OUT/log" | jq -cn '[inputs]' > "$OUT/applying"
sed -n 's/^time="\([^"]*\)".*response completed.*method=GET.*blobs\/\(sha256:[0-9a-f]*\)".*/\2 \1/p' "$OUT/registry.log" |
	while read -r digest at; do echo "[\"$digest\",$(date -d "$at" +%s%N)]"; done | jq -cn '[inputs]' > "$OUT/sent"
# shellcheck disable=SC2016
both='([$applying, ([whole[] | select(.image | test("/(one|two|five|equal):")) | .fetched.layers[].unpacking_ns] | sort)] | transpose | map((.[1] - .[0]) / 1e6)) as $unpacks
	| ([.[] | select(.kind == "session")][0] | (.begin_time_ns // 0)) as $wall'
pulled "unpacking begins when podman says that it does, within 50 ms at the median" true \
	"$both"' | ($unpacks | length) == 11 and ($unpacks | map(fabs) | quantile(0.5)) < 50' --argjson applying "$(< "$OUT/applying")"
ask "$pulls $both"' | "# unpack begin after the log, ms: n \($unpacks | length), median \($unpacks | quantile(0.5)), \($unpacks | min) .. \($unpacks | max)"' \
	--argjson registries "$REGISTRIES" --argjson applying "$(< "$OUT/applying")"
