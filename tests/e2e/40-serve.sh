# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# coldtrace serve: what Debian's Prometheus scrapes each second, as text and as protobuf, is what the recordings of
# the same run say; a page is shown live; clients that are slow, hang or do not read change nothing.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"
# shellcheck source=tests/lib/unpacked.sh
. "$(dirname "$0")/../lib/unpacked.sh"

tools=$O/formats
unpacked "$tools" prometheus prometheus promtool || fail "Prometheus is there"
pids=()
end_all()
{
	ended "${pids[@]}"
	trace_kill
}
trap end_all EXIT

# serve_start [OPTION]...: CT_PID, and its address in url
serve_start()
{
	: > "$OUT/serve.err"
	env --default-signal=INT,QUIT setsid "$COLDTRACE" serve --listen 127.0.0.1:0 "$@" > /dev/null 2> "$OUT/serve.err" &
	CT_PID=$!
	await 30 grep -q '^Serving' "$OUT/serve.err" || fail "serve begins" "$(tail -n 5 "$OUT/serve.err")"
	url=$(sed -n 's|^Serving \(http[^ ]*\) .*|\1|p' "$OUT/serve.err")
}

get()
{
	curl -sk --max-time 10 "$@"
}

code()
{
	get -o /dev/null -w '%{http_code}' "$@"
}

# value SERIES: of a sample, by its whole name
value()
{
	get "${url}metrics" | awk -v s="$1" '$1 == s { print $2 }'
}

once()
{
	docker run --rm --name "$P$1" ct/service:1 exit 0 > /dev/null
}

# --- who is answered, and who is not

printf 'me:secret: word\n' > "$OUT/password"
openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=localhost -days 1 -keyout "$OUT/key.pem" -out "$OUT/cert.pem" 2> /dev/null
serve_start --tls-cert "$OUT/cert.pem" --tls-key "$OUT/key.pem" --password "$OUT/password"
same "https: without the password" 401 "$(code "${url}metrics")"
same "with another" 401 "$(code -u 'me:secret' "${url}metrics")"
same "with it" 200 "$(code -u 'me:secret: word' "${url}metrics")"
same "whether it lives is told to all" 200 "$(code "${url}healthz")"
trace_stop
same "it ends when it is told to" 0 "$CT_STATUS"
same "a certificate without its key is refused" 1 \
	"$("$COLDTRACE" serve --tls-cert "$OUT/cert.pem" --listen 0 > /dev/null 2>&1; echo $?)"

# What was recorded: as report does.
replays=$(dirname "$0")/../replay
: > "$OUT/empty.ct"
serve_start "$replays/docker-runc.ct" "$OUT/empty.ct" -d 3 -r none --chain 'restarted=*,*'
check "of recordings too it says what filters keep out" await 10 grep -q "records none passes the filters; runtime: runc" "$OUT/serve.err"
check "and what is skipped" grep -q "empty.ct': it is empty; it is skipped" "$OUT/serve.err"
trace_wait 10
same "it ends after as long as it was told" 0 "$CT_STATUS"
serve_start "$replays/docker-runc.ct" --chain 'again=*,*'
has_group()
{
	get "${url}metrics" | grep -q '^coldtrace_records_total{.*type="group",outcome="ok"} 1'
}
check "a group is a record of it" await 10 has_group
# A page of it is as long as what it shows, today and next week.
same "its page ends where its last record does" "$("$COLDTRACE" report "$replays/docker-runc.ct" -o json 2> /dev/null |
	jq -s '[.[] | select(.kind != "session" and .kind != "summary") | .end_ns | numbers] | max')" \
	"$(timeout 3 curl -sN "${url}events" | sed -n '/^event: summary/{ n; s/^data: //p; q; }' | jq .end_ns)"
trace_stop
OTEL_EXPORTER_OTLP_ENDPOINT='' serve_start "$replays/docker-runc.ct"
same "a collector that is empty is none" "" "$(value coldtrace_otlp_queue_bytes)"
trace_stop
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 OTEL_SDK_DISABLED=true serve_start "$replays/docker-runc.ct"
same "nor is one that is disabled" "" "$(value coldtrace_otlp_queue_bytes)"
trace_stop
OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1 serve_start "$replays/docker-runc.ct"
check "else there is one" test -n "$(value coldtrace_otlp_queue_bytes)"
trace_stop

# libmicrohttpd 0.9.75 aborts the program when it is stopped and a connection waits, as a live page does
stops=
for tls in "" "--tls-cert $OUT/cert.pem --tls-key $OUT/key.pem"; do
	for _ in {1..10}; do
		# shellcheck disable=SC2086 # words
		serve_start $tls "$(dirname "$0")/../replay/docker-runc.ct"
		for _ in {1..8}; do
			get -N -o /dev/null "${url}events" &
			pids+=($!)
		done
		sleep 0.5
		trace_stop
		stops+="$CT_STATUS "
		for pid in "${pids[@]}"; do
			wait "$pid"
		done
		pids=()
	done
done
same "it ends when it is told to, 20 times with live pages" "$(printf '0 %.0s' {1..20})" "$stops"

mkdir "$OUT/kept"
serve_start --record "$OUT/kept/" --rotate 64K -c "$P*"
same "it is ready" 200 "$(code "${url}readyz")"
same "another name that leads here is refused" 421 "$(code -H 'Host: evil.example' "$url")"
same "a path that is none" 404 "$(code "${url}etc/passwd")"
same "a method that is none" 405 "$(code -X POST -d x=y "$url")"
same "promtool has nothing to say" "" "$(get "${url}metrics" | "$tools/promtool" check metrics 2>&1)"

# --- two Prometheus, each second: text, and protobuf with native histograms

base=$((20000 + RANDOM % 20000))
for form in plain native; do
	feature=()
	[[ $form == plain ]] || feature=(--enable-feature=native-histograms)
	mkdir "$OUT/$form"
	cat > "$OUT/$form.yml" <<- END
		global: { scrape_interval: 1s }
		scrape_configs:
		  - job_name: coldtrace
		    static_configs: [ { targets: [ "${url:7:-1}" ] } ]
	END
	"$tools/prometheus" --config.file="$OUT/$form.yml" --storage.tsdb.path="$OUT/$form" \
		--web.listen-address="127.0.0.1:$base" "${feature[@]}" > "$OUT/$form.log" 2>&1 &
	pids+=($!)
	declare "$form=http://127.0.0.1:$base"
	base=$((base + 1))
done

# --- a page that is shown live, clients that hang, and containers

rm -f "$OUT/wanted" "$OUT/wanted.open"
LIVE_URL=$url LIVE_FILE=$OUT/wanted LIVE_NAME=$P tests/web/run live > "$OUT/live.out" 2>&1 &
live=$!
python3 - "${url:7:-1}" > "$OUT/clients" <<- 'END' &
	import socket, sys, time
	host, port = sys.argv[1].split(":")
	def client(said):
	    s = socket.create_connection((host, int(port)))
	    s.sendall(said)
	    return s
	silent = [client(b"") for _ in range(4)]
	slow = [client(b"GET /") for _ in range(4)]
	deaf = [client(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(4)]
	begin, gone = time.time(), set()
	while time.time() < begin + 25 and len(gone) < 8:
	    for s in slow + silent:
	        try:
	            s.settimeout(0.01)
	            if s in slow and s not in gone:
	                s.send(b"a")
	            if s.recv(1) == b"":
	                gone.add(s)
	        except socket.timeout:
	            pass
	        except OSError:
	            gone.add(s)
	    time.sleep(0.5)
	print(len(gone))
END
clients=$!
await 60 test -e "$OUT/wanted.open" || fail "the page opens" "$(tail -n 20 "$OUT/live.out")"
n=$(as_many 60 20)
begin=$(value process_cpu_seconds_total)
since=$(date +%s%N)
for ((i = 0; i < n; i++)); do
	once "run-$i" &
	sleep 0.25
done
# in_page [KIND]: records of the page
in_page()
{
	get "$url" | python3 -c 'import json, re, sys
page = sys.stdin.read()
records = json.loads(re.search(r"id=\"data\">([^<]*)", page)[1])["records"] if page else []
print(sum(r["kind"] == sys.argv[1] or sys.argv[1] == "" for r in records))' "${1:-}"
}
all_there()
{
	[[ $(in_page start) == "$n" && $(in_page stop) == "$n" ]]
}
await 30 all_there || fail "all records are in the page" "$(in_page start) starts, $(in_page stop) stops of $n"
cpu=$(awk -v a="$begin" -v b="$(value process_cpu_seconds_total)" -v ns=$(($(date +%s%N) - since)) 'BEGIN { printf "%.1f", (b - a) * 1e11 / ns }')
echo "# $n starts, scrapes each second by two, 2 pages: $cpu % of a CPU, $(value process_resident_memory_bytes) bytes resident"
in_page > "$OUT/wanted.new" && mv "$OUT/wanted.new" "$OUT/wanted"
wait "$live"
status=$?
((status == 0)) || tail -n 40 "$OUT/live.out"
same "the page: every record, no error, wide and narrow, light and dark" 0 "$status"
wait "$clients"
same "who is silent or slow is ended" 8 "$(cat "$OUT/clients")"
same "no record is lost to that" 0 "$(value coldtrace_unserved_records_total)"
check "a CPU below 20 %, with a Chromium beside it" awk -v cpu="$cpu" 'BEGIN { exit !(cpu < 20) }'

# --- what they were told is what the recordings say

ask_prometheus()
{
	get --data-urlencode "query=$2" "$1/api/v1/query" | jq -r '.data.result[0].value[1] // "none"'
}
fresh()
{
	[[ $(ask_prometheus "$1" 'sum(coldtrace_records_total{type="start",outcome="ok"})') == "$(get "${url}metrics" |
		awk '/^coldtrace_records_total.*type="start",outcome="ok"/ { n += $2 } END { print n }')" ]]
}
for form in plain native; do
	await 20 fresh "${!form}" || fail "$form: Prometheus has the last scrape" "$(tail -n 3 "$OUT/$form.log")"
	suffix=
	[[ $form == native ]] || suffix=_bucket
	for q in 0.5 0.9; do
		ask_prometheus "${!form}" "histogram_quantile($q, sum by ($([[ $form == native ]] || echo le)) (coldtrace_record_duration_seconds$suffix{type=\"start\"}))"
	done > "$OUT/$form.told"
	same "$form: all scrapes went well" 1 "$(ask_prometheus "${!form}" 'min_over_time(up[1h])')"
done
trace_stop
"$COLDTRACE" report "$OUT"/kept/*.ct -c "$P*" -o json 2> /dev/null | jq -s '[.[] | select(.kind == "start" and .outcome == "ok") | .total_ns] | sort
	| .[(0.5 * length | ceil) - 1, (0.9 * length | ceil) - 1] / 1e9' > "$OUT/exact"
for form in plain native; do
	check "$form: quantiles are no more than 5 % off: $(paste -sd' ' "$OUT/exact") told as $(paste -sd' ' "$OUT/$form.told")" \
		awk 'NR == FNR { exact[FNR] = $1; next } { d = $1 / exact[FNR] - 1; if (d > 0.05 || d < -0.05 || $1 !~ /^[0-9]/) exit 1; n++ } END { exit n != 2 }' "$OUT/exact" "$OUT/$form.told"
done
