# shellcheck shell=sh
# SPDX-License-Identifier: GPL-2.0-only
# sh nested.sh DIR PREFIX N: what runs in a container that has the host's programs and may mount: a
# dockerd of its own, N runs and a stop in it. DIR has image.tar; it gets the log and the ids.
dir=$1 p=$2 n=$3
export PATH=/usr/sbin:/usr/bin:/sbin:/bin DOCKER_HOST=unix:///run/docker.sock
mkdir -p /run/lock
mount -o remount,rw /sys/fs/cgroup
grep cgroup /proc/mounts | cut -d" " -f2 | while read -r at; do
	mount -o remount,rw,bind "$at"
done
echo '{ "deprecated-key-path": "/inner/key.json" }' > /run/daemon.json
dockerd --config-file /run/daemon.json --storage-driver vfs --iptables=false --ip6tables=false \
	--bridge=none --data-root /inner --exec-root /run/docker --host "$DOCKER_HOST" \
	--exec-opt native.cgroupdriver=cgroupfs > "$dir/log" 2>&1 &
pid=$!
tries=0
until docker version > /dev/null 2>&1; do
	sleep 0.1
	tries=$((tries + 1))
	[ $tries -lt 200 ] && kill -0 $pid && continue
	echo "dockerd in a container does not answer: $(tail -n 3 "$dir/log")"
	exit 1
done
docker load -q -i "$dir/image.tar" > /dev/null || echo "no image in it"
i=0
while [ $i -lt "$n" ]; do
	docker run --rm --network host --cidfile "$dir/$i.cid" --name "${p}inner" ct/service:1 exit 3 \
		> /dev/null 2> "$dir/$i.err"
	[ $? -eq 3 ] || echo "run $i in a container: $(tail -n 2 "$dir/$i.err")"
	i=$((i + 1))
done
docker run -d --network host --name "${p}inner" ct/service:1 > "$dir/stopped.cid" &&
	docker stop -t 2 "${p}inner" > /dev/null && docker rm "${p}inner" > /dev/null ||
	echo "stop in a container fails"
kill $pid
wait $pid
