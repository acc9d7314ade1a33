#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
#
# Writes vmlinux/ARCH/vmlinux_VERSION.h: of a kernel's types, those that bpf/ uses, and of their
# members, those that it reads. Run it again after bpf/ has begun to use another one.
set -euo pipefail
export LC_ALL=C

usage()
{
	cat >&2 <<-END
	usage: vmlinux/generate.sh ARCH VERSION SOURCE
	  ARCH     x86_64 or arm64
	  VERSION  of the kernel, as it will stand in the file name: 6.18
	  SOURCE   its BTF: /sys/kernel/btf/vmlinux, or an uncompressed kernel Image
	END
	exit 2
}

[ $# -eq 3 ] || usage
arch=$1 version=$2 source=$3
case $arch in
x86_64) target=x86 ;;
arm64) target=arm64 ;;
*) usage ;;
esac
top=$(cd "$(dirname "$0")/.." && pwd)
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# Cuts the BTF out of an Image: it begins with the magic, version 1, flags 0, header length 24.
btf_of_image()
{
	local at

	while IFS=: read -r at _; do
		# shellcheck disable=SC2046
		set -- "$1" $(od -A n -t u4 -j $((at + 16)) -N 8 "$1")
		tail -c +$((at + 1)) "$1" | head -c $((24 + $2 + $3)) >"$scratch/btf" || true
		bpftool btf dump file "$scratch/btf" format c >"$scratch/test" 2>&1 || continue
		grep -q '^struct task_struct {' "$scratch/test" && return
	done < <(grep -obUaP '\x9f\xeb\x01\x00\x18\x00\x00\x00' "$1")
	echo "generate.sh: no BTF of a kernel in '$1'; is it an uncompressed Image?" >&2
	exit 1
}

compile()
{
	clang -g -O2 -target bpf "-D__TARGET_ARCH_$target" -D__bpf__ -Wall -Werror "-I$1" \
		"-I$top/include" -c "$top/bpf/coldtrace.bpf.c" -o "$2"
}

if [ "$(head -c 2 "$source" | od -A n -t x1 | tr -d ' ')" = 9feb ]; then
	cat "$source" >"$scratch/btf"
else
	btf_of_image "$source"
fi

# Everything, to compile against once; what the object then wants relocated is what it reads.
mkdir "$scratch/full" "$scratch/small"
bpftool btf dump file "$scratch/btf" format c >"$scratch/full/vmlinux.h"
compile "$scratch/full" "$scratch/full.o"
bpftool gen min_core_btf "$scratch/btf" "$scratch/min_btf" "$scratch/full.o"
bpftool btf dump file "$scratch/min_btf" format c >"$scratch/min.h"

# The words of the program, without comments: they name what is used without a relocation.
cat "$top"/bpf/*.[ch] "$top"/include/*.h | sed 's,//.*,,' | tr '\n' ' ' |
	sed 's,/\*[^*]*\*\+\([^/*][^*]*\*\+\)*/, ,g' >"$scratch/words"
# What libbpf's own headers take for granted.
echo "__u8 __s8 __u16 __s16 __u32 __s32 __u64 __s64 __be16 __be32 __wsum bool" >>"$scratch/words"

out=$top/vmlinux/$arch/vmlinux_$version.h
mkdir -p "$(dirname "$out")"
awk -v version="$version" -v arch="$arch" -f "$top/vmlinux/select.awk" \
	"$scratch/min.h" "$scratch/words" "$scratch/full/vmlinux.h" >"$scratch/small/vmlinux.h"
compile "$scratch/small" "$scratch/small.o"
cat "$scratch/small/vmlinux.h" >"$out"
ln -sf "vmlinux_$version.h" "$top/vmlinux/$arch/vmlinux.h"
echo "$out: $(wc -l <"$out") lines"
