#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# tools/deps.sh build|demo|test|bench: installs from Debian 12 what building, the demo or the tests need
# and is missing.
# Quick and silent when nothing is. Starts no service and changes no engine that is installed.
set -euo pipefail

suite=bookworm
backports=/etc/apt/sources.list.d/coldtrace-backports.list
policy=/usr/sbin/policy-rc.d
# the runsc of 2022 has no systrap platform
runsc_min=20230601
# what bookworm itself has not, or too old
newer_names=' runsc python3-opentelemetry-proto '

# Columns: stage, package, program that serves instead of it (- for none), why.
rows='
build clang             -          compiles the BPF programs
build llvm              -          strips the BPF object
build libbpf-dev        -          loads and attaches them
build bpftool           bpftool    makes the skeleton of the BPF object
build libelf-dev        -          libbpf needs it
build zlib1g-dev        -          libbpf needs it
build libdeflate-dev    -          compresses their index, and reads older ones (zlib format)
build libzstd-dev       -          compresses recordings
build libjansson-dev    -          reads the JSON that engines keep
build libmicrohttpd-dev -       answers by HTTP: coldtrace serve
build libcurl4-openssl-dev -    sends to collectors: coldtrace serve --otlp
build uthash-dev        -          the hash tables of the core
build gcc               -          compiles coldtrace and the test service
build libc6-dev         -          the C library, also static for the test service
build make              make       builds
build pkg-config        pkg-config finds the libraries
build protobuf-c-compiler protoc-c generates the encoder of Perfetto traces
build libprotobuf-c-dev -          and the library that it uses
build nodejs            node       builds the report page; runs tests
build npm               npm        brings the charts of the page
test  libcriterion-dev  -          unit tests
demo  docker.io         dockerd    the engine that is traced
demo  containerd        containerd the engine below it
demo  runc              runc       the runtime of ordinary containers
demo  runsc             runsc      the runtime of gVisor
demo  iproute2          ip         the network of the private engine
demo  iptables          iptables   the network of the private engine
demo  busybox-static    -          what test images are made of
demo  binutils          readelf    checks that it is static
test  libclang-rt-14-dev -         the fuzzers
test  man-db            man        renders the man page
test  mandoc            mandoc     checks the man page
test  systemd           systemd-analyze checks the unit
test  libcap2-bin       setcap     gives capabilities to the program of a test
test  util-linux        setpriv    runs tests as another user
test  procps            pgrep      finds the runtime that a test kills
test  crun              crun       a runtime that is traced by itself
test  podman            podman     an engine without a daemon
test  docker-registry   docker-registry  a registry to pull from
test  docker-compose    docker-compose   projects of several containers
test  conmon            conmon     and its monitor
test  netavark          -          and its network
test  uidmap            newuidmap  lets it run without root
test  slirp4netns       slirp4netns and gives it a network then
test  aardvark-dns      -          and its names
test  jq                jq         checks what coldtrace prints
test  clang-format      -          format check
test  clang-tidy        -          lint
test  containernetworking-plugins - the network of pods
test  protobuf-compiler protoc   messages of the CRI client of the tests
test  python3-protobuf  -          the same
test  python3-h2        -          its HTTP/2
test  python3           -          checks the outputs
test  python3-opentelemetry-proto - the published definitions of OTLP
test  python3-jsonschema -         checks lines against the JSON Schema
test  python3-zstandard -         reads what coldtrace recorded, without it
test  libbpf-tools      -          what the benchmark compares with
test  linux-perf        perf       what the benchmark compares --why with
test  qemu-system-x86   qemu-system-x86_64 boots the kernels of the matrix
test  qemu-system-arm   qemu-system-aarch64 and the one for arm64
test  gcc-aarch64-linux-gnu - compiles the static build for arm64
test  libc6-dev-arm64-cross - and its C library
test  xfsprogs          mkfs.xfs   makes a file system to trace an engine on
test  btrfs-progs       mkfs.btrfs and another
test  valgrind          valgrind   counts instructions for the benchmark
test  cpio              cpio       packs what a guest boots
test  chromium          chromium   shows the report page to a test
test  curl              curl       asks what is served
test  fish              fish       completes what is installed
test  zsh               zsh        the same
test  debhelper         dh         makes the package
test  dpkg-dev          dpkg-buildpackage  the same
test  lintian           lintian    judges it
test  mmdebstrap        mmdebstrap makes the chroot that it is installed in
test  openssl           openssl    makes the certificate of a test
test  stress-ng         stress-ng  loads the node of an experiment
test  mmdebstrap        mmdebstrap makes the images of an experiment
test  dpkg-dev          dpkg-scanpackages and the archive that they are built of
bench redis-server      redis-server a program that people know, for make bench-macro
bench redis-tools       redis-benchmark and what asks it
bench nginx-light       nginx      another
bench wrk               wrk        and what asks it
bench sysbench          sysbench   and one that computes
bench rt-tests          hackbench  and one that sends
'

say()
{
	printf 'deps: %s\n' "$*"
}

die()
{
	printf 'deps: %s\n' "$*" >&2
	exit 1
}

installed()
{
	[[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2> /dev/null) == installed ]]
}

# Whether this runsc has systrap, by its date: of the package, else of the program.
runsc_is_new()
{
	local date

	date=$(dpkg-query -W -f '${Version}' runsc 2> /dev/null | grep -oE '20[0-9]{6}') ||
		date=$(runsc --version 2> /dev/null | grep -oE '20[0-9]{6}' | head -n 1) || return
	((date >= runsc_min))
}

# missing STAGE: "package why" per line
missing()
{
	local stage package instead why

	while read -r stage package instead why; do
		[[ -n $stage && ($stage == build || ($1 == test && $stage != bench) || $stage == "$1") ]] || continue
		if [[ $package == runsc ]]; then
			command -v runsc > /dev/null && runsc_is_new && continue
		elif installed "$package"; then
			continue
		elif [[ $instead != - ]] && command -v "$instead" > /dev/null; then
			continue
		fi
		printf '%s %s\n' "$package" "$why"
	done <<< "$rows"
}

is_debian()
(
	ID='' VERSION_CODENAME=''
	# shellcheck source=/dev/null
	[[ -r /etc/os-release ]] && . /etc/os-release
	[[ $ID == debian && $VERSION_CODENAME == "$suite" ]]
)

# Where this machine gets Debian from, so that its mirror also serves the backports.
mirror()
{
	local uri

	# shellcheck disable=SC2016
	uri=$(apt-get indextargets --format '$(REPO_URI) $(CODENAME) $(COMPONENT)' 2> /dev/null |
		awk -v suite=$suite '$2 == suite && $3 == "main" && !uri { uri = $1 } END { print uri }')
	printf '%s\n' "${uri:-http://deb.debian.org/debian/}"
}

add_backports()
{
	local uri

	# shellcheck disable=SC2016
	if apt-get indextargets --format '$(CODENAME)' 2> /dev/null |
		grep -x "$suite-backports" > /dev/null; then
		return
	fi
	uri=$(mirror)
	say "adds $backports: ${newer[*]} of $suite itself is missing or too old"
	printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s-backports main\n' \
		"$uri" "$suite" > "$backports"
}

kept=
forbid_services()
{
	if [[ -e $policy || -L $policy ]]; then
		kept=$(mktemp "$policy.XXXXXX")
		mv "$policy" "$kept"
	fi
	forbidden=yes
	printf '#!/bin/sh\nexit 101\n' > "$policy"
	chmod 755 "$policy"
}

forbidden=
# Runs at every end, also of an interrupted apt.
allow_services()
{
	rm -f "$log"
	[[ -n $forbidden ]] || return 0
	rm -f "$policy"
	[[ -z $kept ]] || mv "$kept" "$policy"
}

apt()
{
	DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o Acquire::Retries=3 "$@" \
		> "$log" 2>&1
}

# Of the packages that are missing, those that no list names.
without_candidate()
{
	local package

	for package in $names; do
		apt-cache policy "$package" | grep -q '^  Candidate: [^(]' || printf '%s\n' "$package"
	done
}

# give_up WHAT: says why, from apt's log
give_up()
{
	local why

	if grep -qE 'Failed to fetch|Could not (resolve|connect)|Temporary failure' "$log"; then
		why=$(grep -m 1 -oE '(Failed to fetch|Could not|Temporary failure).*' "$log")
		die "$1: the Debian mirror $(mirror) is unreachable; check the network and try again ($why)"
	fi
	die "$1: $(grep -m 1 '^E:' "$log" || tail -n 1 "$log")"
}

[[ ${1:-} =~ ^(build|demo|test|bench)$ ]] || {
	printf 'usage: tools/deps.sh build|demo|test|bench\n' >&2
	exit 2
}
todo=$(missing "$1")
[[ -n $todo ]] || exit 0

names=$(cut -d' ' -f1 <<< "$todo" | tr '\n' ' ')
is_debian || die "this is not Debian 12; install what these packages hold yourself: $names"
((EUID == 0)) || die "installing needs root; run: sudo $0 $1 (missing: $names)"

while read -r package why; do
	say "installs $package: $why"
done <<< "$todo"

log=$(mktemp)
trap allow_services EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
forbid_services
plain=()
newer=()
for package in $names; do
	if [[ $newer_names == *" $package "* ]]; then
		newer+=("$package")
	else
		plain+=("$package")
	fi
done
((${#newer[@]} == 0)) || add_backports
# a foreign source that fails is no reason to end, as long as Debian's own answer
apt update --error-on=any || [[ -z $(without_candidate) ]] || give_up "look for packages"
# --no-upgrade: an engine that is installed, and may run, stays as it is
((${#plain[@]} == 0)) || apt install --no-install-recommends --no-upgrade "${plain[@]}" ||
	give_up "install ${plain[*]}"
((${#newer[@]} == 0)) || apt install --no-install-recommends -t $suite-backports "${newer[@]}" ||
	give_up "install ${newer[*]}"

todo=$(missing "$1")
[[ -z $todo ]] || die "still missing after installing: $(cut -d' ' -f1 <<< "$todo" | tr '\n' ' ')"
say "done"
