# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A project on one connection that is kept: a network, a volume and three containers are made, as
# `docker compose up` does, started and removed. Each record is about whom it says.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

socket=${DOCKER_HOST#unix://}

# request METHOD PATH [BODY]: words of one request of curl
request()
{
	[[ ${#words[@]} == 0 ]] || words+=(--next)
	words+=(-s --unix-socket "$socket" -X "$1" "http://localhost/v1.41$2")
	[[ -z ${3:-} ]] || words+=(-H 'Content-Type: application/json' -d "$3")
}

cleanup()
{
	e2e_cleanup
	docker network rm "${P}net" > /dev/null 2>&1
	docker volume rm "${P}vol" > /dev/null 2>&1
}
trap cleanup EXIT

trace_start project || exit 0
words=()
request GET /containers/json
request POST /networks/create "{\"Name\":\"${P}net\"}"
request POST /volumes/create "{\"Name\":\"${P}vol\"}"
for name in a b c; do
	request GET "/containers/$P$name/json"
	request POST "/containers/create?name=$P$name" \
		'{"Image":"ct/service:1","Cmd":["serve"],"HostConfig":{"NetworkMode":"none"}}'
done
for name in a b c; do
	request POST "/containers/$P$name/start"
done
# of this one nothing is said but what is in it
request POST "/containers/create?name=${P}d" '{"Image":"ct/busybox:1","Cmd":["true"]}'
request POST "/containers/${P}d/start"
request POST "/containers/${P}d/wait"
request DELETE "/containers/${P}d"
curl "${words[@]}" > "$OUT/up.said" 2>&1
for name in a b c; do
	docker inspect -f '{{.Id}} {{.Name}}' "$P$name" | tr -d /
done | sort > "$OUT/truth"
words=()
request POST "/containers/${P}b/restart?t=2"
for name in a b c; do
	request POST "/containers/$P$name/stop?t=2"
	request DELETE "/containers/$P$name"
done
request DELETE "/networks/${P}net"
curl "${words[@]}" > "$OUT/down.said" 2>&1
# An archive may begin as a header block of HTTP/2 does: it is no dialogue of that kind, so nothing was missed.
python3 - "$socket" > "$OUT/load.said" 2>&1 <<'END'
import socket, sys, time

body = bytes([0, 0, 32, 1, 0, 0, 0, 0, 1]) + b"*" * 4000
s = socket.socket(socket.AF_UNIX)
s.connect(sys.argv[1])
s.sendall(b"POST /v1.41/images/load HTTP/1.1\r\nHost: d\r\nContent-Type: application/x-tar\r\n"
          b"Content-Length: %d\r\n\r\n" % len(body))
time.sleep(0.1)
s.sendall(body)
print(s.recv(100).decode())
END
trace_stop

same "what looks like HTTP/2 was sent" 1 "$(grep -c '^HTTP/1.1 ' "$OUT/load.said")"

same "three containers were made" 3 "$(wc -l < "$OUT/truth")"
same "ids and names belong together" "$(< "$OUT/truth")" \
	"$(ask 'of("start"; "ok")[] | select(.name != $p + "d") | "\(.id) \(.name)"' | sort -u)"
says "a runtime that nobody named is the one that Docker took" '["runc"]' \
	'[of("start"; "ok")[] | select(.name == $p + "d") | .runtime]'
says "each is started once, and one once more, because that was asked for" \
	'[["request",4],["restart-request",1]]' \
	'[of("start"; "ok")[] | .cause] | group_by(.) | map([.[0], length])'
# On a busy machine the starts before its own may take so long that a create is told by itself.
says "each create took its time, and has an engine" '[]' \
	'[mine | select(.kind == "create") | .id] as $apart |
	 [mine | select(.kind == "create" or (.kind == "start" and .outcome == "ok" and .cause == "request" and (.id | IN($apart[]) | not))) |
	  select((.phases.create // 0) < 500000 or .engine != "docker") | .name]'
says "and is told once" 4 \
	'[mine | select(.kind == "create" or (.kind == "start" and .cause == "request")) | select(.phases.create) | .id] | length'
says "each is removed" 4 '[mine | select(.removed) | .id] | unique | length'
says "each is stopped and removed" 3 '[of("stop"; "ok")[] | select(has_phases(["stop", "destroy"])) | .id] | unique | length'
says "phases tile each record" '[]' untiled
says "nothing lost" '[0,true]' '[lost, (summary | .complete)]'
