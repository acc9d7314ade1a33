# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# A project of Docker Compose is told as a whole: up, more of it, down; by whom it was asked for, not by names.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

if ! command -v docker-compose > /dev/null; then
	cannot "projects of Docker Compose" "docker-compose is missing; run tools/deps.sh test"
	exit 0
fi
project=${P}shop
mkdir "$OUT/compose"
cat > "$OUT/compose/docker-compose.yml" << END
services:
  db: { image: ct/service:1, command: serve }
  job: { image: ct/service:1, command: exit 0, depends_on: [db] }
  web: { image: ct/service:1, command: serve, depends_on: { job: { condition: service_completed_successfully } } }
END
compose()
{
	docker-compose -p "$project" -f "$OUT/compose/docker-compose.yml" "$@" > "$OUT/compose.out" 2>&1 ||
		fail "docker-compose $1" "$(tail -n 3 "$OUT/compose.out")"
}

trace_start up --ready output --record "$OUT/up.ct" || exit 0
docker run -d --name "${P}other" --label com.docker.compose.service=web ct/service:1 > /dev/null
compose up -d
read -r _ upped < <(clocks)
compose up -d --scale web=2
compose restart -t 5
compose down -t 5
docker rm -f "${P}other" > /dev/null
sleep 5 # a stop waits two seconds for a removal, and then for the others
trace_stop
same "exit status" 0 "$CT_STATUS"
says "up, one more, down" '["project-start ok","project-start ok","project-stop ok"]' \
	'[mine | select(.kind | startswith("project")) | "\(.kind) \(.outcome)"]'
says "phases tile each record" '[]' untiled
# shellcheck disable=SC2016
says "it is there when the last that was asked for is" '[]' \
	'[of("start")[] | select(.cause == "request" and .project)] as $starts
	| [of("project-start")[] | . as $up | [$starts[] | select(.begin_ns >= $up.begin_ns and .end_ns <= $up.end_ns)]
		| select(length == 0 or (map(.begin_ns) | min) != $up.begin_ns or (map(.end_ns) | max) != $up.end_ns) | $up.begin_ns]'
says "who goes up is done before its client is" true "of(\"project-start\")[0].end_ns < $upped"
says "a job that the next has waited for" '["client","containers","init"]' 'of("project-start")[0].phases | keys'
# shellcheck disable=SC2016
says "it is gone when the last is that was asked to stop" '[true,true]' \
	'of("project-stop")[0] as $down | [of("stop")[] | select(.project and .cause == "stop-request")]
	| [(map(.begin_ns) | min) == $down.begin_ns and (map(.end_ns) | max) == $down.end_ns, $down.removed]'
says "id, name, engine, runtime" "[[\"$project\",\"$project\",\"docker\",\"runc\",null]]" \
	'[mine | select(.kind | startswith("project")) | [.id, .name, .engine, .runtime, .project.service]] | unique'
says "services of the containers" '["db","job","web"]' '[of("start")[] | .project.service // empty] | unique'
says "who is of none has none" '[null]' '[mine | select(.name == $p + "other") | .project] | unique'

"$COLDTRACE" report "$OUT/up.ct" -c "$project" -o "json:$OUT/only.json" > "$OUT/only.out" 2> "$OUT/only.err"
JSON=$OUT/only.json
says "-c PROJECT is all of it, and nothing else" "[\"$project\"]" '[records | .project.name] | unique'
says "its containers too" true '[records | select(.kind == "start")] | length >= 7'
"$COLDTRACE" report "$OUT/up.ct" --by project > "$OUT/by.out" 2> "$OUT/by.err"
check "--by project sums up" grep -q "^start, $project: " "$OUT/by.out"

# What runs when tracing begins is known by what its engine keeps.
compose up -d
trace_start down --ready output || exit 0
compose down -t 5
sleep 5
trace_stop
same "tracing begins late: exit status" 0 "$CT_STATUS"
says "tracing begins late: it goes down" "[[\"project-stop\",\"$project\",\"ok\"]]" \
	'[mine | select(.kind | startswith("project")) | [.kind, .name, .outcome]]'
