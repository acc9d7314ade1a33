# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
# Programs that are called like engines, shims and runtimes and are none: of a user, of a container, of a
# container with the host's pid namespace. What they say is nobody's record, and they are counted.
# shellcheck source=tests/lib/e2e.sh
. "$(dirname "$0")/../lib/e2e.sh"

nobody=65534
victim=${P}victim
id=$(printf 'f%.0s' {1..64})

# A place of its own: nobody may not go into that of the test.
place=$(mktemp -d)
chmod 755 "$place"
for name in dockerd containerd-shim runc; do
	cp "$SERVICE" "$place/$name"
done
chown $nobody "$place/dockerd"
chmod 777 "$place/runc"
mkdir "$place/links"
ln -s "$SERVICE" "$place/links/crun"

# As who, what: takes a name, with arguments that speak about the victim.
takes()
{
	setpriv --reuid "$1" --regid "$1" --clear-groups "$2" exit 0 create --bundle /x "$id" > /dev/null 2>&1
}

trace_start trace || exit 0
docker run -d --name "$victim" ct/service:1 > "$OUT/victim.id"
for _ in {1..5}; do
	takes $nobody "$place/dockerd"       # his own file
	takes $nobody "$place/runc"          # others may write it
	takes $nobody "$place/links/crun"    # a link to root's program
	"$place/dockerd" exit 0 > /dev/null  # root executes what another may change
done
for pid in '' --pid=host; do
	# shellcheck disable=SC2086
	docker run --rm $pid --name "${P}forger${pid:+-host}" -v "$SERVICE:/bin/dockerd:ro" -v "$SERVICE:/bin/runc:ro" \
		--entrypoint /bin/dockerd ct/service:1 exit 0 > /dev/null
done
docker stop -t 1 "$victim" > /dev/null
trace_stop
rm -rf "$place"

says "the victim is told once, whole" '["ok","ok"]' \
	"[.[] | select(.name == \"$victim\" and (.kind == \"start\" or .kind == \"stop\")) | .outcome]"
says "nobody has made a container by his argument" '[]' "[.[] | select(.id == \"$id\")]"
