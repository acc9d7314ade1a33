# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-only
#
# A service manager for tests: systemd, as a user's, with a directory of its own, beside whatever runs here. It is one of
# the host's processes, which a systemd in a container is not: coldtrace traces where pids are the host's alone.
#
#   manager_start DIR             becomes ready, or fails; MANAGER is its pid
#   manager_unit DIR FILE         a unit of systemd/ as one of it: what only the manager of a system can do is left out
#   ctl DIR ARGUMENT...           systemctl
#   manager_stop                  what it ran has been stopped before

MANAGER=
MANAGER_GROUP=/sys/fs/cgroup/systemd

ctl()
{
	local dir=$1

	shift
	XDG_RUNTIME_DIR=$dir/run systemctl --user --no-pager "$@"
}

manager_answers()
{
	[[ $(ctl "$1" is-active ct.target 2> /dev/null) == active ]]
}

manager_start()
{
	local dir=$1

	mkdir -p -m 700 "$dir" "$dir/run" "$dir/home" "$dir/units"
	printf '[Unit]\nDescription=Tests\n' > "$dir/units/ct.target"
	[[ -d $MANAGER_GROUP ]] || MANAGER_GROUP=/sys/fs/cgroup
	MANAGER_GROUP=$MANAGER_GROUP/ct-manager-$$
	mkdir "$MANAGER_GROUP" || return
	# shellcheck disable=SC2016
	unshare --mount --propagation private sh -c '
		mount -t tmpfs none /run/systemd && mkdir /run/systemd/system && echo $$ > "$2/cgroup.procs" &&
		exec env -i PATH="$PATH" HOME="$1/home" XDG_RUNTIME_DIR="$1/run" SYSTEMD_UNIT_PATH="$1/units" SYSTEMD_LOG_TARGET=console \
			/lib/systemd/systemd --user --unit=ct.target
	' sh "$dir" "$MANAGER_GROUP" > "$dir/log" 2>&1 &
	MANAGER=$!
	await 20 manager_answers "$dir"
}

manager_unit()
{
	local unit=$1/units/$(basename "$2")

	# There is no basic.target that it could come after.
	printf '[Unit]\nDefaultDependencies=no\n' > "$unit"
	sed -E '/^(Environment|ExecStart|Type|Restart|RestartSec|SuccessExitStatus|FileDescriptorStoreMax)=|^\[Service\]/!d' "$2" \
		>> "$unit"
}

manager_gone()
{
	! kill -0 "$MANAGER" 2> /dev/null
}

manager_stop()
{
	local group

	[[ -n $MANAGER ]] || return 0
	# Told to end in order it starts a target that there is not.
	kill -s RTMIN+24 "$MANAGER" 2> /dev/null
	await 5 manager_gone || kill -KILL "$MANAGER"
	wait "$MANAGER"
	MANAGER=
	[[ ! -d $MANAGER_GROUP ]] || find "$MANAGER_GROUP" -depth -type d | while read -r group; do rmdir "$group"; done
}
