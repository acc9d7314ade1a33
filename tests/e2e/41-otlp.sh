# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# coldtrace serve --otlp: what a collector is sent, read by the published definitions, is what the recordings of
# the same run say; one that is away gets it when it is back.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

receiver=
got=$OUT/got
end_all()
{
	[[ -z $receiver ]] || kill "$receiver" 2> /dev/null
	trace_kill
}
trap end_all EXIT
port=$((20000 + RANDOM % 20000))
receive()
{
	/usr/bin/python3 "$(dirname "$0")/../lib/otlp_receiver.py" "$port" "$got" 2> "$OUT/receiver.err" &
	receiver=$!
}

# serve_start NAME=VALUE...: CT_PID
serve_start()
{
	: > "$OUT/serve.err"
	: > "$got"
	mkdir -p "$OUT/kept"
	env --default-signal=INT,QUIT OTEL_EXPORTER_OTLP_HEADERS=X-Token=a%20word OTEL_METRIC_EXPORT_INTERVAL=2000 \
		OTEL_RESOURCE_ATTRIBUTES=deployment.environment.name=test,service.namespace=a%2Cb "$@" \
		setsid "$COLDTRACE" serve --listen 0 --otlp "http://127.0.0.1:$port" --steps -c "$P*" --record "$OUT/kept/" \
		> /dev/null 2> "$OUT/serve.err" &
	CT_PID=$!
	await 30 grep -q '^Serving' "$OUT/serve.err" || fail "serve begins" "$(tail -n 5 "$OUT/serve.err")"
	url=$(sed -n 's|^Serving \(http[^ ]*\) .*|\1|p' "$OUT/serve.err")
}

value()
{
	curl -s --max-time 10 "${url}metrics" | awk -v s="$1" '$1 == s { print $2 }'
}

# of QUERY: asked of all that was received; spans is a list of all, by trace
of()
{
	jq -rs 'def attribute(k): .attributes // [] | map(select(.key == k) | .value | .stringValue // .intValue) | first;
		def spans: [.[] | select(.path == "/v1/traces") | .data.resourceSpans[].scopeSpans[].spans[]];
		def roots: [spans[] | select(.parentSpanId == null)];
		def points(n): [.[] | select(.path == "/v1/metrics") | .data.resourceMetrics[].scopeMetrics[].metrics[] | select(.name == n)];
		'"$1" "$got"
}
has_starts()
{
	[[ $(of '[roots[] | select(.name == "container start")] | length') == "$1" ]]
}
report()
{
	"$COLDTRACE" report "$OUT"/kept/*.ct -c "$P*" -o json 2> /dev/null | jq -s "$1"
}
once()
{
	docker run --rm --name "$P$1" ct/service:1 exit 0 > /dev/null
}

# --- cumulative, with a collector that goes away

receive
serve_start
for i in 1 2 3; do
	once "one-$i"
done
await 30 has_starts 3 || fail "three traces arrive" "$(value 'coldtrace_otlp_failed_requests_total')"
touch "$got.down"
for i in 4 5; do
	once "one-$i"
done
failed()
{
	(($(value coldtrace_otlp_failed_requests_total) > 0))
}
await 20 failed || fail "that it is away is counted"
kill "$receiver"
wait "$receiver" 2> /dev/null
once one-6
sleep 2
rm "$got.down"
receive
await 40 has_starts 6 || fail "what waited arrives" "$(of '[roots[].name]')"
same "nothing was dropped" "0 0" "$(value 'coldtrace_otlp_dropped_total{signal="traces"}') $(value 'coldtrace_otlp_dropped_total{signal="metrics"}')"
trace_stop
same "it ends when it is told to" 0 "$CT_STATUS"
same "the definitions know every field" 0 "$(of '[.[].unknown] | add')"
same "gzip, and the headers that were asked for" "true a word" "$(of '"\([.[].gzip] | all) \([.[].token] | unique | join(","))"')"
same "every record is a trace, once" "$(report '[.[] | select(.kind == "start" or .kind == "stop" or .kind == "restart") | "\(.kind) \(.name)"] | sort')" \
	"$(of '[roots[] | "\(.name | ltrimstr("container ")) \(attribute("container.name"))"] | sort' | jq .)"
same "each is as long as the recording says" "$(report '[.[] | select(.kind == "start") | .total_ns] | sort')" \
	"$(of '[roots[] | select(.name == "container start") | (.endTimeUnixNano | tonumber) - (.startTimeUnixNano | tonumber)] | length' > /dev/null
	python3 - "$got" <<- 'END' | jq .
		import json, sys
		spans = [s for line in open(sys.argv[1]) for r in json.loads(line)["data"].get("resourceSpans", [])
		         for scope in r["scopeSpans"] for s in scope["spans"] if s["name"] == "container start"]
		print(json.dumps(sorted(int(s["endTimeUnixNano"]) - int(s["startTimeUnixNano"]) for s in spans)))
	END
	)"
same "steps are spans too" true "$(of '[spans[].name] | any(. == "runtime create")')"
same "resource: who and where" "coldtrace $(cat /etc/machine-id 2> /dev/null) $(uname -n) test a,b" \
	"$(of '[.[] | .data | (.resourceSpans // .resourceMetrics)[].resource | "\(attribute("service.name")) \(attribute("host.id") // "") \(attribute("host.name")) \(attribute("deployment.environment.name")) \(attribute("service.namespace"))"] | map(select(contains("null") | not)) | unique | join(";")')"
same "the last metrics count all starts" 6 \
	"$(of '[points("coldtrace.record.duration")[-1].exponentialHistogram.dataPoints[] | select(attribute("coldtrace.record.type") == "start") | .count | tonumber] | add')"
same "cumulative" AGGREGATION_TEMPORALITY_CUMULATIVE "$(of '[points("coldtrace.record.duration")[].exponentialHistogram.aggregationTemporality] | unique | join(",")')"
same "restarts link their stop and start" true \
	"$(of '[roots[].traceId] as $ids | [roots[] | select(.name == "container restart") | (.links | length == 2) and (.links | all(.traceId as $t | $ids | index($t)))] | all')"

# --- delta

rm -r "$OUT/kept"
serve_start OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=delta OTEL_EXPORTER_OTLP_COMPRESSION=none
once two-1
await 30 has_starts 1 || fail "a trace arrives"
sleep 2.5
once two-2
await 30 has_starts 2 || fail "another arrives"
trace_stop
same "delta: all points together are all starts" 2 \
	"$(of '[points("coldtrace.record.duration")[].exponentialHistogram.dataPoints[]? | select(attribute("coldtrace.record.type") == "start") | .count | tonumber] | add')"
same "delta, not compressed" "AGGREGATION_TEMPORALITY_DELTA false" \
	"$(of '"\([points("coldtrace.record.duration")[].exponentialHistogram.aggregationTemporality] | unique | join(",")) \([.[].gzip] | any)"')"
same "a protocol that is not spoken is refused" 1 \
	"$(OTEL_EXPORTER_OTLP_PROTOCOL=grpc "$COLDTRACE" serve --listen 0 --otlp http://127.0.0.1:1 > /dev/null 2>&1; echo $?)"
