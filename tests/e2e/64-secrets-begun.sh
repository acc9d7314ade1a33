# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# As 31: passwords of what runs when tracing begins, of builds whose steps say them, with spaces, of sandboxes that tell
# their arguments, of Podman's API, of a swarm; and what a client or a container sends that looks like a message of an engine.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/podman.sh
. "$CT_LIB/podman.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"

canary=Zq7$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
spaced="my own $canary or so"
api=${DOCKER_HOST#unix://}
# Debian's own client has BuildKit without a plugin.
export PATH=/usr/bin:$PATH DOCKER_CONFIG=$OUT/config

cleanup()
{
	touch "$OUT/stop"
	[[ -z ${podman:-} ]] || wait "$podman"
	docker swarm leave --force > /dev/null 2>&1
	e2e_cleanup
}
trap cleanup EXIT

# What runs already is found again by its command line and its engine's files.
begin_docker()
{
	docker run -d --name "${P}early" -e "PW=$canary" --label "pw=$canary" ct/busybox:1 sh -c "sleep 600; echo $canary" "$canary"
	docker run -d --name "${P}exec" -e "PW=$canary" ct/busybox:1 sleep 600
	docker exec -d -e "PX=$canary" "${P}exec" sh -c "sleep 600; echo $canary"
	docker create -i --name "${P}pieces-in" --entrypoint cat ct/busybox:1
	docker start "${P}pieces-in"
} > "$OUT/begin.log" 2>&1

end_docker()
{
	docker exec "${P}early" sh -c "echo $canary"
	docker restart -t 0 "${P}early"
	docker rm -f "${P}early" "${P}exec"
}

# build NUMBER LINE...: steps that end well, and one that does not, whose text is in the reason
build()
{
	local kit

	printf '%s\n' 'FROM ct/busybox:1' 'ARG PW' "ENV PE=$canary" "LABEL pw=$canary" \
		"RUN echo $canary \$PW" "RUN wget -q -O - http://me:$canary@127.0.0.1:1/ # $canary" > "$OUT/context/Dockerfile"
	printf '%s\n' 'FROM ct/busybox:1' "RUN [\"/bin/none\", \"-p\", \"$canary\"]" > "$OUT/context/lacks"
	printf '%s\n' 'FROM ct/busybox:1' "ADD http://me:$canary@127.0.0.1:1/x?key=$canary /x" "COPY $canary /x" > "$OUT/context/adds"
	for kit in 0 1; do
		for file in Dockerfile lacks adds; do
			DOCKER_BUILDKIT=$kit docker build --no-cache --force-rm --build-arg "PW=$canary" -f "$OUT/context/$file" "$OUT/context"
		done
	done
}

# On a terminal what a container writes goes to the client as it is; so does what is copied.
with_streams()
{
	printf 'HTTP/1.1 500 Error\r\n\r\n{"message":"%s"}\n{"status":"%s","id":"%s"}\n{"errorDetail":{"message":"%s"}}\n{"Id":"%s"}\n' \
		"$canary" "$canary" "$canary" "$canary" "$canary" > "$OUT/forged"
	docker run -t --name "${P}tty" -v "$OUT/forged:/forged:ro" ct/busybox:1 cat /forged
	docker logs "${P}tty"
	docker start -a "${P}tty"
	docker rm -f "${P}tty"
	docker exec -t "${P}pieces-in" sh -c "printf 'HTTP/1.1 500 Error\r\n\r\n{\"message\":\"$canary\"}'"
	docker exec -t "${P}pieces-in" echo "{\"Image\":\"$canary\"}"
	docker run --rm -t --name "${P}tty" ct/busybox:1 echo "{\"Image\":\"$canary\"}"
	docker cp "$OUT/forged" "${P}pieces-in:/forged"
	docker cp "${P}pieces-in:/forged" - > "$OUT/copied"
	docker run --rm -i --name "${P}stdin" --entrypoint cat ct/busybox:1 < "$OUT/forged"
	"$CT_LIB/forged.py" "$api" "${P}pieces" "$canary"
	docker rm -f "${P}pieces-in" "${P}pieces"
}

with_spaces()
{
	docker volume create --opt type=cifs --opt "device=//me:$spaced@127.0.0.1/x" --opt "o=addr=127.0.0.1,username=me,password=$spaced" "${P}cifs"
	docker run --rm --name "${P}cifs" -v "${P}cifs:/x" ct/service:1 exit 0
	docker volume rm "${P}cifs"
	docker run --rm --name "${P}path" --entrypoint "/x?y=$spaced" ct/service:1
	docker run --rm --name "${P}workdir" -w "/service/x=$spaced" ct/service:1 exit 0
	curl -sS -m 10 --unix-socket "$api" -X POST -H 'Content-Type: application/json' "http://d/v1.41/containers/create?name=${P}bad" \
		-d "{\"Image\":\"ct/none\",\"Env\":[\"=$spaced\"]}"
	docker run --rm --name "${P}fluent" --log-driver fluentd --log-opt "fluentd-address=x://me:$spaced@127.0.0.1:1" ct/service:1 exit 0
	docker run --rm --name "${P}opt" --log-driver json-file --log-opt "pass=$spaced" ct/service:1 exit 0
	docker run --rm --name "${P}sysctl" --sysctl "kernel.x=$spaced" ct/service:1 exit 0
	docker network create -d bridge --opt "com.docker.network.bridge.host_binding_ipv4=$spaced" "${P}net"
}

with_swarm()
{
	docker swarm join --token "SWMTKN-1-$canary" 127.0.0.1:1
	docker swarm init --advertise-addr 127.0.0.1 || return
	docker swarm join-token --rotate worker
	printf %s "$canary" | docker secret create "${P}secret" -
	printf %s "$canary" | docker config create "${P}config" -
	docker service create --detach --name "${P}service" --secret "${P}secret" --config "${P}config" -e "PW=$canary" \
		--label "pw=$canary" --restart-condition none --network host ct/service:1 exit 0 "$canary"
	sleep 3
	docker service rm "${P}service"
	docker plugin install --grant-all-permissions "127.0.0.1:1/x:1" "PW=$canary"
	docker swarm leave --force
}

with_sandboxes()
{
	docker run --rm --runtime runsc --name "${P}runsc" -e "PW=$canary" ct/busybox:1 sh -c "PX=$canary exec true $canary"
	docker run -d --runtime runsc --name "${P}sandbox" -e "PW=$canary" ct/busybox:1 sleep 600
	docker exec -e "PX=$canary" "${P}sandbox" sh -c "true $canary"
	docker rm -f "${P}sandbox"
}

cat > "$OUT/podman.bash" << 'END'
dir=$1 p=$2 canary=$3 nowhere=127.0.0.1:1
. "$CT_LIB/podman.sh"
podman_prepare "$dir" || exit
read -ra podman < <(podman_command "$dir" runc)
mapfile -t limits < <(podman_limits runc | tr ' ' '\n')
"${podman[@]}" run -d --name "${p}early" -e "PW=$canary" --label "pw=$canary" "${limits[@]}" ct/service:1 /bin/service serve --password "$canary"
"${podman[@]}" system service -t 0 "unix:///run/api" &
service=$!
until [[ -S /run/api ]]; do sleep 0.1; done
touch "$dir/podman.waits"
until [[ -e $dir/go ]]; do sleep 0.1; done
post()
{
	curl -sS -m 10 --unix-socket /run/api -X POST "$@"
	echo
}
base=http://d/v4.0.0/libpod
auth=$(printf '{"username":"me","password":"%s"}' "$canary" | base64 -w0)
post -H "X-Registry-Auth: $auth" "$base/images/pull?reference=$nowhere/x:1"
post "$base/images/pull?reference=me:$canary@$nowhere/x:1"
post "$base/images/pull?reference=docker://me:$canary@$nowhere/x:1"
post -H 'Content-Type: application/octet-stream' "$base/secrets/create?name=${p}s" --data-binary "$canary"
post -H 'Content-Type: application/json' "$base/containers/create" \
	-d "{\"name\":\"${p}api\",\"image\":\"ct/service:1\",\"command\":[\"/bin/service\",\"exit\",\"0\",\"$canary\"],\"env\":{\"PW\":\"$canary\"},\"labels\":{\"pw\":\"$canary\"}}"
post "$base/containers/${p}api/start"
post -H 'Content-Type: application/json' "$base/containers/${p}early/exec" -d "{\"Cmd\":[\"/bin/service\",\"exit\",\"0\",\"$canary\"],\"Env\":[\"PW=$canary\"]}"
post -H 'Content-Type: application/json' "http://d/v1.41/auth" -d "{\"username\":\"me\",\"password\":\"$canary\",\"serveraddress\":\"$nowhere\"}"
post -H "X-Registry-Config: $auth" "http://d/v1.41/build?remote=http://me:$canary@$nowhere/x&buildargs=%7B%22PW%22%3A%22$canary%22%7D"
post -H 'Content-Type: application/json' "http://d/v1.41/containers/create?name=${p}compat" -d "{\"Image\":\"ct/service:1\",\"Env\":[\"PW=$canary\"],\"Cmd\":[\"$canary\"]}"
printf '%s\n' 'apiVersion: v1' 'kind: Secret' 'metadata: {name: pw}' "data: {pw: $(printf %s "$canary" | base64 -w0)}" --- \
	'apiVersion: v1' 'kind: Pod' "metadata: {name: ${p}kube}" \
	'spec: {containers: [{name: a, image: ct/none, env: [{name: PW, valueFrom: {secretKeyRef: {name: pw, key: pw}}}], args: ["'"$canary"'"]}]}' > "$dir/kube.yml"
post -H 'Content-Type: text/yaml' --data-binary "@$dir/kube.yml" "$base/play/kube"
"${podman[@]}" play kube "$dir/kube.yml"
"${podman[@]}" exec -e "PW=$canary" "${p}early" /bin/service exit 0 "$canary"
"${podman[@]}" restart -t 0 "${p}early"
"${podman[@]}" rm -f -t 0 "${p}early"
printf 'FROM ct/service:1\nENV PE=%s\nRUN ["/bin/service", "exit", "7", "%s"]\n' "$canary" "$canary" > "$dir/Containerfile"
"${podman[@]}" build --build-arg "PW=$canary" -f "$dir/Containerfile" "$dir"
"${podman[@]}" run --rm --name "${p}path" "${limits[@]}" ct/service:1 "/x?y=my $canary"
kill $service
wait $service
until [[ -e $dir/stop ]]; do sleep 0.1; done
END

mkdir -p "$DOCKER_CONFIG" "$OUT/context"
echo '{ "auths": {} }' > "$DOCKER_CONFIG/config.json"
rm -f "$OUT/stop" "$OUT/go" "$OUT/podman.waits"
podman=
if command -v podman > /dev/null; then
	SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT" "$OUT/podman.bash" "$OUT" "$P" "$canary" > "$OUT/podman.log" 2>&1 &
	podman=$!
	await 30 test -e "$OUT/podman.waits" || fail "Podman's service begins" "$(tail -n 5 "$OUT/podman.log")"
else
	cannot "passwords of Podman's API" "it is not installed"
fi
begin_docker
seccheck=--seccheck
have_runtime runsc || { cannot "passwords of sandboxes" "the engine has no runtime 'runsc'"; seccheck=; }
trace_start live --steps --why --opens $seccheck --record "$OUT/live.ct" -o "html:$OUT/live.html" -v || exit 0
touch "$OUT/go"
{
	end_docker
	build
	with_streams
	with_spaces
	[[ -z $seccheck ]] || with_sandboxes
	with_swarm
} > "$OUT/docker.log" 2>&1
touch "$OUT/stop"
[[ -z $podman ]] || wait "$podman"
podman=
sleep 1
trace_stop
"$COLDTRACE" record -o "$OUT/live.own.ct" -- sh -c "true $canary" "$canary" > "$OUT/live.own.out" 2> "$OUT/live.own.err"
OTEL_EXPORTER_OTLP_ENDPOINT="http://me:$canary@127.0.0.1:1/x?k=$canary" OTEL_EXPORTER_OTLP_HEADERS="a=$canary" \
	timeout 3 "$COLDTRACE" serve -v --listen 127.0.0.1:0 --record "$OUT/served/" > "$OUT/live.serve.out" 2> "$OUT/live.serve.err"

says "what ran before is told to start again" '["docker","podman"]' \
	'[.[] | select(.kind == "start" and .name == $p + "early") | .engine] | sort'
says "so is what failed to build" true '[.[] | select(.kind == "build")] | length >= 4'
for format in json csv openmetrics otlp perfetto; do
	"$COLDTRACE" export "$OUT/live.ct" --format "$format:$OUT/live.$format" > "$OUT/live.$format.said" 2>&1
done
"$COLDTRACE" report "$OUT/live.ct" --steps --why > "$OUT/live.txt" 2>&1
for why in 'address x://\*@127.0.0.1:1: too many colons' 'stat /x?\*: no such file' 'invalid environment variable: =\*'; do
	check "why it failed is told without: $why" grep -aq "$why" "$OUT/live.txt"
done
same "the password is in no recording and in no output" "" \
	"$("$CT_LIB/canary.py" "$canary" "$OUT"/live.* "$OUT"/served/*.ct)"
