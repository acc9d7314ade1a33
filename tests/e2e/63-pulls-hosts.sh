# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Which host an engine asks for by its connections: of TLS by its server name, else by the request, also where that is a
# mirror's or a proxy was asked for it. Passwords that go the same way are in nothing that is kept.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"
# shellcheck source=tests/lib/podman.sh
. "$CT_LIB/podman.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"
# shellcheck source=tests/lib/hosts.sh
. "$CT_LIB/hosts.sh"

for program in podman docker-registry openssl; do
	if ! command -v $program > "$OUT/which"; then
		cannot "hosts of pulls" "$program is not installed: apt-get install $program"
		exit 0
	fi
done
canary=Zq7$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
docker_pid=$(< "$(dirname "${DOCKER_HOST#unix://}")/pid")
# What the runner's dockerd is for is no name of these.
unnamed()
{
	nsenter --mount="/proc/$docker_pid/ns/mnt" umount /etc/hosts 2> "$OUT/umount.err"
}
trap 'hosts_stop; containerd_stop; unnamed' EXIT

# images NAME...: in the registry
images()
{
	local name

	for name; do
		in_engine "$CT_LIB/push.py" "$REGISTRY" "test/$P$name:1" "$SERVICE" 100K > "$OUT/pushed.$name" ||
			echo "image $name is not pushed"
	done
}

# named PID: names of hosts in the mounts of an engine. One that has looked there already does so again after 5 s.
named()
{
	nsenter --mount="/proc/$1/ns/mnt" mount --bind "$OUT/names" /etc/hosts || fail "an engine has names of hosts"
}

by_docker()
{
	local docker=(docker --config "$OUT/login") of

	mkdir -p "$OUT/docker"
	hosts_start "$OUT/docker" "$canary" || { echo "no registries"; return; }
	images tls plain local address
	for of in "$TLS" "$PLAIN"; do
		"${docker[@]}" login -u me --password-stdin "$of" <<< "$canary" > "$OUT/login.out" 2>&1 || cat "$OUT/login.out"
	done
	for of in "$TLS/test/${P}tls" "$PLAIN/test/${P}plain" "localhost:${REGISTRY#*:}/test/${P}local" "$REGISTRY/test/${P}address"; do
		"${docker[@]}" pull -q "$of:1" > "$OUT/pull" 2>&1 || cat "$OUT/pull"
		docker rmi -f "$of:1" > "$OUT/rmi" 2>&1
	done
	hosts_stop
}

by_containerd()
{
	local DOCKER_HOST=unix://$CR_SOCK

	echo "$CR_PID" > "$CR_DIR/pid"
	mkdir -p "$OUT/cri" "$CR_REGISTRIES"
	hosts_start "$OUT/cri" "$canary" || { echo "no registries"; return; }
	images tls local mirrored
	mkdir "$CR_REGISTRIES"/{"$TLS",up.test}
	printf '[host."https://%s"]\n  skip_verify = true\n' "$TLS" > "$CR_REGISTRIES/$TLS/hosts.toml"
	printf '[host."http://%s"]\n' "$ASIDE" > "$CR_REGISTRIES/up.test/hosts.toml"
	cri_client pull "$TLS/test/${P}tls:1" me "$canary"
	cri_client pull "localhost:${REGISTRY#*:}/test/${P}local:1" me ""
	cri_client pull "up.test/test/${P}mirrored:1" me ""
	hosts_stop
}

# What runs inside podman's place: DIR SECRET
cat > "$OUT/by_podman" << 'END'
dir=$1 OUT=$1
. "$CT_LIB/podman.sh"
. "$CT_LIB/engine.sh"
. "$CT_LIB/hosts.sh"
in_engine() { "$@"; }
in_engine_becomes() { exec "$@"; }
mkdir -p "$dir"/{containers,tmp,var} /var/lib/containers && mount --bind "$dir/containers" /var/lib/containers && mount --bind "$dir/var" /var/tmp || exit
trap 'kill $proxy; hosts_stop' EXIT
hosts_start "$dir" "$2" && mount --bind "$dir/names" /etc/hosts || { echo "no registries"; exit; }
"$CT_LIB/proxy.py" "$dir/proxied" 2> "$dir/proxy.log" &
proxy=$!
images tls plain local address mirrored proxied
await 20 test -s "$dir/proxied" || echo "no proxy: $(< "$dir/proxy.log")"
printf '[[registry]]\nlocation = "up.test"\n[[registry.mirror]]\nlocation = "%s"\ninsecure = true\n' "$ASIDE" > "$dir/registries.conf"
export CONTAINERS_REGISTRIES_CONF=$dir/registries.conf
read -ra podman < <(podman_command "$dir" runc)
pull()
{
	"${podman[@]}" pull -q --tls-verify=false "${@:2}" "$1:1" > "$dir/pull" 2>&1 || cat "$dir/pull"
}
pull "$TLS/test/${P}tls" --creds "me:$2"
pull "$PLAIN/test/${P}plain" --creds "me:$2"
pull "localhost:${REGISTRY#*:}/test/${P}local"
pull "$REGISTRY/test/${P}address"
"${podman[@]}" pull -q "up.test/test/${P}mirrored:1" > "$dir/pull" 2>&1 || cat "$dir/pull"
HTTPS_PROXY=http://$(< "$dir/proxied") pull "$TLS/test/${P}proxied" --creds "me:$2"
END
sed -n '/^images()/,/^}/p' "$0" >> "$OUT/images"
sed -i "s|^\. \"\$CT_LIB/hosts.sh\"|&\n. $OUT/images|" "$OUT/by_podman"

# hosts ENGINE WANTED: of each pull the image's name, the host that its name says, and which were asked for
hosts()
{
	says "$1: which hosts were asked for" "$2" '[records | select(.kind == "pull" and .engine == $engine and .outcome == "ok" and (.image | contains($p)))
		| [(.image | capture($p + "(?<name>[^/:]*):1$").name), (.fetched.registry | sub(":[0-9]+$"; "")),
			([.fetched.links.peers[].host | sub(":[0-9]+$"; "")] | unique | join(" "))]] | sort' --arg engine "$1"
}

cri_ran=
hosts_names "$OUT/names"
named "$docker_pid"
trace_start hosts --record "$OUT/hosts.ct" -o "html:$OUT/hosts.html" || exit 0
same "podman: everything that is pulled is there" "" \
	"$(P=$P SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT" "$OUT/by_podman" "$OUT" "$canary" 2>&1)"
if cri_missing=$(cri_can); then
	CR_REGISTRIES=$OUT/registries
	containerd_start && cri_prepare && named "$CR_PID" && cri_ran=1 &&
		same "containerd: everything that is pulled is there" "" "$(by_containerd 2>&1 > "$OUT/cri.log")"
else
	cannot "pulls under the CRI" "$cri_missing"
fi
same "docker: everything that is pulled is there" "" "$(by_docker 2>&1)"
sleep 0.5
trace_stop
same "exit status" 0 "$CT_STATUS"
plain='["address","127.0.0.1","127.0.0.1"],["local","localhost","localhost"]'
hosts docker "[$plain,"'["plain","plain.test","plain.test"],["tls","reg.test","reg.test"]]'
hosts podman "[$plain,"'["mirrored","up.test","mirror.test"],["plain","plain.test","plain.test"],["proxied","reg.test","reg.test"],["tls","reg.test","reg.test"]]'
[[ -z $cri_ran ]] ||
	hosts containerd '[["local","localhost","localhost"],["mirrored","up.test","mirror.test"],["tls","reg.test","reg.test"]]'
says "by what a host is known" '["connect","host","sni"]' \
	'[records | select(.kind == "pull" and (.image | contains($p))) | .fetched.links.peers[] | select(.host_by != "").host_by] | unique'
says "what a proxy was asked for is told with the port, which is not the proxy's" true \
	'[records | select(.kind == "pull" and (.image | contains($p + "proxied:"))) | (.image | split("/")[0]) as $at
		| .fetched.links.peers[] | .host == $at and .host_by == "connect"] | unique == [true]'
"$COLDTRACE" export "$OUT/hosts.ct" --format "otlp:$OUT/hosts.otlp,perfetto:$OUT/hosts.perfetto,csv-layers:$OUT/hosts.csv" > "$OUT/export" 2>&1
"$CT_LIB/raw.py" "$OUT/hosts.ct" > "$OUT/hosts.raw"
check "hosts are in the recording" grep -aq plain.test "$OUT/hosts.raw"
same "no password is" "" "$("$CT_LIB/canary.py" "$canary" "$OUT"/hosts.{ct,raw,json,html,otlp,perfetto,csv})"
same "nor is what stands beside a host" "" "$(grep -aoE 'Authorization|Basic |User-Agent: (docker|containerd|containers)/' "$OUT/hosts.raw" | sort -u)"
