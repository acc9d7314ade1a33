# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A password that passes by, in each way that was seen, is in no recording and in no output.
# shellcheck source=tests/lib/ctr_runs.sh
. "$(dirname "$0")/../lib/ctr_runs.sh"
# shellcheck source=tests/lib/podman.sh
. "$CT_LIB/podman.sh"
# shellcheck source=tests/lib/bundle.sh
. "$CT_LIB/bundle.sh"
# shellcheck source=tests/lib/registry.sh
. "$CT_LIB/registry.sh"

canary=Zq7$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
nowhere=127.0.0.1:1
api=${DOCKER_HOST#unix://}

# What is searched for would be found: each form of it, in a file of its own.
"$CT_LIB/canary.py" --forms "$canary" > "$OUT/forms"
i=0
while read -r form; do
	i=$((i + 1))
	{ printf 'before'; xxd -r -p <<< "$form"; printf 'behind'; } > "$OUT/form.$i"
done < "$OUT/forms"
same "each form of the password would be found" "$i" \
	"$("$CT_LIB/canary.py" "$canary" "$OUT"/form.* | cut -d: -f1 | sort -u | wc -l)"
rm -f "$OUT"/form.*

post()
{
	curl -sS -m 10 --unix-socket "$api" -o "$OUT/curl.out" -X POST "$@"
}

with_docker()
{
	export DOCKER_CONFIG=$OUT/config DOCKER_BUILDKIT=0
	mkdir -p "$DOCKER_CONFIG" "$OUT/context"
	printf '{ "auths": { "%s": { "auth": "%s" } } }\n' $nowhere \
		"$(printf 'me:%s' "$canary" | base64 -w0)" > "$DOCKER_CONFIG/config.json"
	printf 'FROM %s/base:1\nARG PW\n' $nowhere > "$OUT/context/Dockerfile"
	docker pull $nowhere/secret:1
	docker tag ct/service:1 $nowhere/pushed:1 && docker push $nowhere/pushed:1
	docker build --build-arg "PW=$canary" -t "${P}built" "$OUT/context"
	docker login -u me -p "$canary" $nowhere
	docker run --name "${P}env" -e "PW=$canary" --label "pw=$canary" ct/service:1 exit 0
	docker run --rm --name "${P}args" ct/service:1 exit 0 --password "$canary" "-p$canary"
	docker create --name "${P}made" -e "PW=$canary" ct/service:1 exit 0 "$canary"
	docker run -d --name "${P}exec" ct/service:1 serve
	docker exec -e "PW=$canary" "${P}exec" /service exit 0 "$canary"
	docker rm -f "${P}env" "${P}made" "${P}exec"
	post -H "X-Registry-Config: $(printf '{"r":{"password":"%s"}}' "$canary" | base64 -w0)" \
		"http://d/build?remote=http://me:$canary@$nowhere/x&buildargs=%7B%22PW%22%3A%22$canary%22%7D"
	post -H 'Content-Type: application/json' http://d/auth \
		-d "{\"username\":\"me\",\"password\":\"$canary\",\"serveraddress\":\"$nowhere\"}"
	post -H 'Content-Type: application/json' http://d/secrets/create \
		-d "{\"Name\":\"n\",\"Data\":\"$(printf %s "$canary" | base64 -w0)\"}"
	post -H 'Content-Type: application/json' http://d/swarm/join \
		-d "{\"JoinToken\":\"$canary\",\"RemoteAddrs\":[\"$nowhere\"]}"
	post -H "Authorization: Bearer $canary" "http://d/images/create?fromImage=$nowhere/x&tag=1"
	post -H 'Content-Type: application/json' "http://d/containers/create?name=${P}odd" \
		-d "{\"Image\":\"ct/none\",\"Env\":[\"PW=$canary\"],\"Cmd\":[\"$canary\"]}"
	docker logout $nowhere
	with_sentences
} > "$OUT/docker.log" 2>&1

# Why something failed is told, with what an engine quotes of what it was given.
with_sentences()
{
	local port=15000

	in_engine ip link set lo up
	(in_engine_becomes "$CT_LIB/redirects.py" $port "$canary") &
	redirects=$!
	await 10 in_engine curl -s -o "$OUT/curl.out" "http://127.0.0.1:$port/v2/"
	docker pull "127.0.0.1:$port/secret:1"
	kill $redirects
	wait $redirects
	docker volume create --opt type=ceph --opt device=127.0.0.1:/x --opt "o=name=me,secret=$canary" "${P}volume"
	docker run --rm --name "${P}ceph" -v "${P}volume:/x" ct/service:1 exit 0
	docker volume rm "${P}volume"
	docker run --rm --name "${P}log" --log-driver splunk --log-opt "splunk-token=$canary" \
		--log-opt "splunk-url=http://127.0.0.1:1/x?token=$canary" ct/service:1 exit 0
	docker run --rm --name "${P}fluent" --log-driver fluentd --log-opt "fluentd-address=x://me:$canary@127.0.0.1:1" \
		ct/service:1 exit 0
	docker run --rm --name "${P}path" --entrypoint "/x?y=$canary" ct/service:1
	post "http://d/images/create?fromImage=me:$canary@$nowhere/x&tag=1"
	post -H 'Content-Type: application/json' "http://d/containers/create?name=${P}image" \
		-d "{\"Image\":\"http://me:$canary@$nowhere/x\"}"
}

with_containerd()
{
	cri_client pull "$nowhere/secret:1" me "$canary"
	cri_client pull "me:$canary@$nowhere/secret:1" me "$canary"
	cr_ctr images pull -u "me:$canary" $nowhere/secret:1
	cr_ctr images pull "me:$canary@$nowhere/secret:1"
	cr_ctr run --rm docker.io/ct/service:1 "${P}path" "/x?y=$canary"
	cr_ctr run --rm --env "PW=$canary" --label "pw=$canary" docker.io/ct/service:1 "${P}ctr" \
		/bin/service exit 0 --password "$canary"
} > "$OUT/containerd.log" 2>&1

cat > "$OUT/podman.bash" << 'END'
dir=$1 p=$2 canary=$3 nowhere=127.0.0.1:1
. "$CT_LIB/podman.sh"
podman_prepare "$dir" || exit
read -ra podman < <(podman_command "$dir" runc)
mapfile -t limits < <(podman_limits runc | tr ' ' '\n')
"${podman[@]}" pull --creds "me:$canary" $nowhere/secret:1
"${podman[@]}" pull "docker://me:$canary@$nowhere/secret:1"
"${podman[@]}" create --name "${p}made" -e "PW=$canary" "${limits[@]}" ct/service:1 /bin/service exit 0 "$canary"
"${podman[@]}" login -u me -p "$canary" $nowhere
"${podman[@]}" run --rm --name "${p}podman" -e "PW=$canary" --env "PX=$canary" "${limits[@]}" ct/service:1 \
	/bin/service exit 0 --password "$canary"
printf 'FROM %s/base:1\n' $nowhere > "$dir/Containerfile"
"${podman[@]}" build --build-arg "PW=$canary" --creds "me:$canary" -f "$dir/Containerfile" "$dir"
printf %s "$canary" | "${podman[@]}" secret create "${p}secret" -
true
END

docker_ran=1 containerd_ran='' podman_ran=''
command -v curl > /dev/null || docker_ran=
trace_start live --steps --why --opens --record "$OUT/live.ct" -o "html:$OUT/live.html" -v || exit 0
limit=$(awk '/^Max core file size/ { print $5 }' "/proc/$CT_PID/limits")
same "no core dump is written" 0 "$limit"
if [[ $docker_ran ]]; then
	with_docker
else
	cannot "passwords of Docker's API" "curl is not installed"
fi
if cri_missing=$(cri_can); then
	containerd_start && cri_prepare && containerd_ran=1 && with_containerd
else
	cannot "passwords of the CRI" "$cri_missing"
fi
if command -v podman > /dev/null; then
	podman_ran=1
	SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT" "$OUT/podman.bash" "$OUT" "$P" "$canary" \
		> "$OUT/podman.log" 2>&1
else
	cannot "passwords of podman" "it is not installed"
fi
sleep 1
trace_stop

# It has passed by, and what marks need of it was heard.
"$CT_LIB/raw.py" "$OUT/live.ct" > "$OUT/live.raw"
heard()
{
	check "heard: $1" grep -aq -- "$1" "$OUT/live.raw"
}
if [[ $docker_ran ]]; then
	for line in 'POST /v[0-9.]*/auth HTTP' 'POST /v[0-9.]*/images/create?fromImage=' \
		'POST /v[0-9.]*/build?t=' 'POST /auth HTTP' 'POST /secrets/create HTTP' 'POST /swarm/\* HTTP' \
		"POST /v[0-9.]*/containers/create?name=${P}env HTTP" '"Image":"ct/service:1"' \
		'User-Agent: Docker-Client/'; do
		heard "$line"
	done
	says "starts of Docker's containers" 3 '[of("start"; "ok")[] | select(.engine == "docker")] | length'
fi
if [[ $containerd_ran ]]; then
	heard "$nowhere/secret:1"
	says "start of ctr's container" 1 '[mine | select(.kind == "start" and .engine == "containerd" and .id == $p + "ctr")] | length'
fi
[[ -z $podman_ran ]] ||
	says "start of podman's container" 1 '[mine | select(.kind == "start" and .engine == "podman")] | length'

same "the recording says that it was distilled" true \
	"$("$COLDTRACE" info "$OUT/live.ct" --format json | jq -r '.. | .distilled? // empty' | head -n 1)"
same "nothing is said of passwords" "" "$("$COLDTRACE" report "$OUT/live.ct" 2>&1 > /dev/null | grep -i password)"
for format in $("$COLDTRACE" completion bash | sed -n 's/.*--format) _coldtrace_list//p' | head -n 1 | cut -d';' -f1); do
	"$COLDTRACE" export "$OUT/live.ct" --format "$format:$OUT/live.$format" > "$OUT/live.$format.said" 2>&1
	status=$?
	((status == 0 || status == 3)) || # on a busy machine something may be lost
		fail "export to $format" "$(< "$OUT/live.$format.said")"
done
"$COLDTRACE" report "$OUT/live.ct" --steps --why > "$OUT/live.txt" 2>&1
files=("$OUT"/live.*)
check "there are outputs of many formats" test ${#files[@]} -ge 15
same "the password is in no recording and in no output" "" "$("$CT_LIB/canary.py" "$canary" "${files[@]}")"
