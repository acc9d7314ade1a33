// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that hooks cost: a program that returns at once on each raw tracepoint that is named, until
 * it is killed. Writes a line to stdout when all are attached.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static void die(const char *doing, const char *what)
{
	fprintf(stderr, "floor: %s '%s': %s\n", doing, what, strerror(errno));
	exit(1);
}

/* return 0 */
static int empty_program(void)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = BPF_PROG_TYPE_RAW_TRACEPOINT,
		.insns = (uintptr_t)insns,
		.insn_cnt = sizeof(insns) / sizeof(insns[0]),
		.license = (uintptr_t) "GPL",
	};

	return (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: floor RAW-TRACEPOINT...\n");
		return 2;
	}
	for (int i = 1; i < argc; i++) {
		int program = empty_program();
		union bpf_attr attr = {
			.raw_tracepoint.name = (uintptr_t)argv[i],
			.raw_tracepoint.prog_fd = (__u32)program,
		};

		if (program < 0)
			die("load a program for", argv[i]);
		if (syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr)) < 0)
			die("attach to", argv[i]);
	}
	puts("attached");
	fflush(stdout);
	pause();
	return 0;
}
