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

# random N: so many letters and digits
random()
{
	tr -dc A-Za-z0-9 < /dev/urandom | head -c "$1"
}
canary=Zq7$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')
# Others: a short and a long one, and one that looks like the id of a container.
canaries=("$canary" "$(random 8)" "$(random 300)" "$(od -An -N32 -v -tx1 /dev/urandom | tr -d ' \n')")

# some NUMBER...: those, or all of them with LONG
some()
{
	[[ -z ${LONG:-} ]] || set -- "${!canaries[@]}"
	local i
	for i; do
		echo "${canaries[i]}"
	done
}
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
	for canary in $(some 0 2); do
		with_sentences
	done
	for canary in $(some 1 3); do
		with_others
	done
} > "$OUT/docker.log" 2>&1

# Builds with secrets, projects, input of a command, requests that have more than one way to say it.
with_others()
{
	printf '%s' "$canary" > "$OUT/secret"
	printf '%s\n' 'FROM ct/busybox:1' 'ARG PW' 'RUN --mount=type=secret,id=pw cat /run/secrets/pw > /dev/null' \
		"RUN echo $canary \$PW" > "$OUT/context/Dockerfile"
	PATH=/usr/bin:$PATH PW=$canary DOCKER_BUILDKIT=1 docker build --no-cache --secret "id=pw,src=$OUT/secret" \
		--secret id=env,env=PW --build-arg PW --build-arg "PX=$canary" --label "pw=$canary" -t "${P}kit" "$OUT/context"
	printf 'FROM %s/base:1\n' $nowhere > "$OUT/context/Dockerfile"
	PATH=/usr/bin:$PATH DOCKER_BUILDKIT=1 docker build -t "${P}kit" "$OUT/context"
	printf '%s\n' "$canary" "POST /$canary HTTP/1.1" "{\"Image\":\"$canary\"}" |
		docker run --rm -i --name "${P}stdin" --entrypoint cat ct/busybox:1
	docker run --rm --name "${P}file" --env-file <(echo "PW=$canary") --health-cmd "echo $canary" ct/service:1 exit 0
	with_compose
	"$CT_LIB/pieces.py" "$api" "${P}pieces" "$canary"
	docker rm -f "${P}pieces"
	docker volume create --opt type=cifs --opt "device=//me:$canary@127.0.0.1/x" --opt "o=username=me,password=$canary" "${P}cifs"
	docker run --rm --name "${P}cifs" -v "${P}cifs:/x" ct/service:1 exit 0
	docker volume rm "${P}cifs"
	post "http://d/images/create?fromSrc=http://me:$canary@$nowhere/x&message=$canary"
	post -H "X-Registry-Auth: $(printf '{"password":"%s"}' "$canary" | base64 -w0)" \
		"http://d/images/ct/service/push?tag=1"
	post -H "X-Registry-Auth: $canary" "http://d/plugins/pull?remote=me:$canary@$nowhere/x&name=y"
	post -H 'Content-Type: application/json' "http://d/services/create" \
		-d "{\"TaskTemplate\":{\"ContainerSpec\":{\"Image\":\"x\",\"Env\":[\"PW=$canary\"]}}}"
	post -H 'Content-Type: application/json' "http://d/configs/create" \
		-d "{\"Name\":\"n\",\"Data\":\"$(printf %s "$canary" | base64 -w0)\"}"
	post "http://d/commit?container=${P}none&changes=ENV%20PW%3D$canary&comment=$canary&author=me:$canary"
	post -H 'Content-Type: application/json' "http://d/v1.41/containers/create?name=${P}bad" \
		-d "{\"Image\":\"ct/none\",\"Env\":[\"=$canary\"]}"
	post -H 'Content-Type: application/json' "http://d/v1.41/containers/create?name=${P}bad" \
		-d "{\"Image\":\"ct/none\",\"Env\":\"$canary\",\"HostConfig\":{\"Runtime\":\"x\"}}"
}

with_compose()
{
	command -v docker-compose > /dev/null || return
	echo "PX=$canary" > "$OUT/context/env"
	cat > "$OUT/context/docker-compose.yml" <<- END
		version: "3.5"
		secrets: { pw: { file: $OUT/secret } }
		services:
		  app:
		    image: ct/service:1
		    command: ["exit", "0", "$canary"]
		    environment: { PW: "$canary" }
		    env_file: $OUT/context/env
		    secrets: [pw]
		    labels: { pw: "$canary" }
		  built:
		    build: { context: $OUT/context, args: { PW: "$canary" } }
	END
	docker-compose -p "${P}compose" -f "$OUT/context/docker-compose.yml" up --no-build app
	docker-compose -p "${P}compose" -f "$OUT/context/docker-compose.yml" build built
	docker-compose -p "${P}compose" -f "$OUT/context/docker-compose.yml" run --rm -e "PW=$canary" app exit 0
	docker-compose -p "${P}compose" -f "$OUT/context/docker-compose.yml" down -t 1
}

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
	: > "$OUT/go"
	wait "$cri" || fail "a client that was connected before makes pods" "$(< "$OUT/cri.log")"
	for canary in $(some 1); do
		cri_client pull "$nowhere/secret:1" me "$canary"
		cr_ctr images pull --user "me:$canary" $nowhere/secret:1
		cr_ctr images push --user "me:$canary" $nowhere/secret:1 docker.io/ct/service:1
		cr_ctr content fetch --user "me:$canary" $nowhere/secret:1
		cr_ctr run -d --env "PW=$canary" docker.io/ct/service:1 "${P}ctr-exec" /service serve
		cr_ctr tasks exec --exec-id "${P}exec" "${P}ctr-exec" /service exit 0 "$canary"
		cr_ctr tasks kill -s KILL "${P}ctr-exec"
		sleep 0.3
		cr_ctr containers delete "${P}ctr-exec"
	done
} > "$OUT/containerd.log" 2>&1

cat > "$OUT/podman.bash" << 'END'
dir=$1 p=$2 canary=$3 nowhere=127.0.0.1:1
shift 2
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
bundle_make "$dir/bundle"
bundle_args "$dir/bundle" service serve
n=0
for canary; do
	n=$((n + 1))
	printf %s "$canary" | "${podman[@]}" secret create "${p}s$n" -
	"${podman[@]}" run -d --name "${p}pe" --env-file <(echo "PW=$canary") --secret "${p}s$n,type=env,target=PY" \
		"${limits[@]}" ct/service:1 /bin/service serve
	"${podman[@]}" exec -e "PW=$canary" --env "PX=$canary" "${p}pe" /bin/service exit 0 "$canary"
	"${podman[@]}" rm -f -t 0 "${p}pe"
	"${podman[@]}" run --rm -e="PW=$canary" "-ePX=$canary" --creds "me:$canary" --creds="me:$canary" -d $nowhere/x:1
	"${podman[@]}" run --rm "me:$canary@$nowhere/x:1"
	"${podman[@]}" pull --authfile "/$canary" $nowhere/pushed:1
	"${podman[@]}" volume create -o type=cifs -o "device=//me:$canary@127.0.0.1/x" -o "o=username=me,password=$canary" "${p}v$n"
	"${podman[@]}" login --username run --password "$canary" $nowhere
	"${podman[@]}" login --username=me "--password=$canary" $nowhere
	"${podman[@]}" login -u me "-p$canary" $nowhere
	printf '%s\n' 'apiVersion: v1' 'kind: Pod' "metadata: {name: ${p}kube}" 'spec: {containers: [{name: a, image: ct/none, env: [{name: PW, value: "'"$canary"'"}]}]}' > "$dir/kube.yml"
	"${podman[@]}" play kube --creds "me:$canary" "$dir/kube.yml"
	for runtime in runc crun; do
		command -v $runtime > /dev/null || continue
		read -ra run < <(runtime_command $runtime "$dir/root")
		jq -c '.process.env += ["PW=" + $pw] | .annotations = {pw: $pw}' --arg pw "$canary" < "$dir/bundle/config.json" > "$dir/bundle/config.new"
		mv "$dir/bundle/config.new" "$dir/bundle/config.json"
		"${run[@]}" run -d --bundle "$dir/bundle" "${p}b" < /dev/null > "$dir/bare.out" 2>&1
		"${run[@]}" exec -e "PW=$canary" --env "PX=$canary" "-ePY=$canary" "${p}b" /bin/service exit 0 "$canary"
		"${run[@]}" delete -f "${p}b"
	done
	for tool in skopeo buildah; do
		command -v $tool > /dev/null || continue
		case $tool in
		skopeo)
			skopeo copy --src-creds "me:$canary" --dest-creds="me:$canary" docker://$nowhere/x:1 "dir:$dir/x"
			skopeo copy "docker://me:$canary@$nowhere/x:1" "dir:$dir/x"
			skopeo inspect --creds "me:$canary" docker://$nowhere/x:1
			skopeo login -u me -p "$canary" $nowhere
			skopeo sync --src-creds "me:$canary" --src docker --dest dir $nowhere/x:1 "$dir"
			;;
		buildah)
			buildah --root "$dir/bs" --runroot "$dir/br" from --creds "me:$canary" $nowhere/x:1
			buildah --root "$dir/bs" --runroot "$dir/br" login -u me -p "$canary" $nowhere
			buildah --root "$dir/bs" --runroot "$dir/br" bud --build-arg "PW=$canary" --creds "me:$canary" -f "$dir/Containerfile" "$dir"
			;;
		esac
	done
done
true
END

for tool in skopeo buildah; do
	command -v $tool > /dev/null || cannot "passwords of $tool" "it is not installed"
done
docker_ran=1 containerd_ran='' podman_ran=''
command -v curl > /dev/null || docker_ran=
if cri_missing=$(cri_can) && containerd_start && cri_prepare; then
	containerd_ran=1
	# shellcheck disable=SC2046
	CRI_LIMIT_S=240 cri_client secrets "${P}cri" "$OUT/go" $(some 1 3) > "$OUT/cri.log" 2>&1 &
	cri=$!
	await 30 test -e "$OUT/go.waits"
fi
trace_start live --steps --why --opens --record "$OUT/live.ct" -o "html:$OUT/live.html" -v || exit 0
limit=$(awk '/^Max core file size/ { print $5 }' "/proc/$CT_PID/limits")
same "no core dump is written" 0 "$limit"
if [[ $docker_ran ]]; then
	with_docker
else
	cannot "passwords of Docker's API" "curl is not installed"
fi
if [[ $containerd_ran ]]; then
	with_containerd
else
	cannot "passwords of the CRI" "$cri_missing"
fi
if command -v podman > /dev/null; then
	podman_ran=1
	# shellcheck disable=SC2046
	SERVICE=$SERVICE CT_LIB=$CT_LIB place_run "$OUT" "$OUT/podman.bash" "$OUT" "$P" $(some 0 1) \
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
	says "starts of Docker's containers" 3 \
		'[of("start"; "ok")[] | select(.engine == "docker" and (.name | ltrimstr($p) | IN("env", "args", "exec")))] | length'
fi
if [[ $containerd_ran ]]; then
	heard "$nowhere/secret:1"
	says "start of ctr's container" 1 '[mine | select(.kind == "start" and .engine == "containerd" and .id == $p + "ctr")] | length'
fi
[[ -z $podman_ran ]] ||
	says "start of podman's container" 1 '[mine | select(.kind == "start" and .engine == "podman" and .name == $p + "podman")] | length'

# The passwords of coldtrace itself, which it is given to serve.
echo "me:$canary" > "$OUT/password"
serves=http://127.0.0.1:19917
OTEL_EXPORTER_OTLP_HEADERS="Authorization=Basic%20$canary" "$COLDTRACE" serve -v --listen 127.0.0.1:19917 \
	--record "$OUT/served/" --otlp "http://me:$canary@127.0.0.1:1/x?key=$canary" --password "$OUT/password" \
	> "$OUT/live.serve.out" 2> "$OUT/live.serve.err" &
serve=$!
await 60 curl -s -o "$OUT/curl.out" $serves/readyz || fail "it serves" "$(tail -n 3 "$OUT/live.serve.err")"
for path in metrics events '' nothing; do
	curl -s -m 2 -u "me:$canary" "$serves/$path" > "$OUT/live.serve.$path"
	curl -s -m 2 -u "$canary:$canary" "$serves/$path?$canary" > "$OUT/live.serve.refused.$path"
done
kill -INT $serve
wait $serve
check "it has served" grep -q coldtrace_otlp_failed_requests_total "$OUT/live.serve.metrics"
"$COLDTRACE" info "$OUT"/served/*.ct > "$OUT/live.served.info" 2>&1
check "its command is told, without whom it sends as" grep -qF "http://*@127.0.0.1:1/*" "$OUT/live.served.info"
for url in "me:$canary@a:4318" "x://me:$canary@a"; do
	"$COLDTRACE" serve --otlp "$url"
done > "$OUT/live.serve.urls" 2>&1
check "what is no URL is told so" grep -qF "'*@a:4318/*' is no URL" "$OUT/live.serve.urls"

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
files=("$OUT"/live.* "$OUT"/served/*.ct)
check "there are outputs of many formats" test ${#files[@]} -ge 15
same "the password is in no recording and in no output" "" "$("$CT_LIB/canary.py" "$(IFS=,; echo "${canaries[*]}")" "${files[@]}")"
