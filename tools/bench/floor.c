// SPDX-License-Identifier: GPL-2.0-only
/*
 * The least that hooks cost: a program that returns at once on each hook that is named as `coldtrace doctor`
 * names it, until it is killed. Writes a line to stdout when all are attached.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/perf_event.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TYPES_MAX (32u << 20)

static void die(const char *doing, const char *what)
{
	fprintf(stderr, "floor: %s '%s': %s\n", doing, what, strerror(errno));
	exit(1);
}

/* What a type is followed by: include/uapi/linux/btf.h. */
static size_t tail_len(const struct btf_type *t)
{
	size_t n = BTF_INFO_VLEN(t->info);

	switch (BTF_INFO_KIND(t->info)) {
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case 17: /* BTF_KIND_DECL_TAG */
		return 4;
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	case 19: /* BTF_KIND_ENUM64 */
		return n * 12;
	}
	return 0;
}

/* The number of a function among the types of the kernel. */
static uint32_t function_id(const char *name)
{
	static char bytes[TYPES_MAX];
	const struct btf_header *h = (const struct btf_header *)bytes;
	const char *at, *end, *strings;
	FILE *file = fopen("/sys/kernel/btf/vmlinux", "r");
	uint32_t id = 1;

	if (!file || fread(bytes, 1, sizeof(bytes), file) < sizeof(*h))
		die("read the types of the kernel for", name);
	fclose(file);
	at = bytes + h->hdr_len + h->type_off;
	end = at + h->type_len;
	strings = bytes + h->hdr_len + h->str_off;
	for (; at < end; id++) {
		const struct btf_type *t = (const struct btf_type *)at;

		if (BTF_INFO_KIND(t->info) == BTF_KIND_FUNC && !strcmp(strings + t->name_off, name))
			return id;
		at += sizeof(*t) + tail_len(t);
	}
	errno = ENOENT;
	die("find the function", name);
	return 0;
}

/* return 0 */
static int empty_program(enum bpf_prog_type type, uint32_t attach_type, uint32_t function)
{
	struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type,
		.expected_attach_type = attach_type,
		.attach_btf_id = function,
		.insns = (uintptr_t)insns,
		.insn_cnt = sizeof(insns) / sizeof(insns[0]),
		.license = (uintptr_t) "GPL",
	};

	int fd = (int)syscall(SYS_bpf, BPF_PROG_LOAD, &attr, sizeof(attr));

	if (fd < 0)
		die("load", "an empty program");
	return fd;
}

/* A tracepoint by its name, or, without one, what the program itself is made for. */
static int attach_raw(int program, const char *name)
{
	union bpf_attr attr = {
		.raw_tracepoint.name = (uintptr_t)name,
		.raw_tracepoint.prog_fd = (__u32)program,
	};

	return (int)syscall(SYS_bpf, BPF_RAW_TRACEPOINT_OPEN, &attr, sizeof(attr));
}

static int number_in(const char *path)
{
	FILE *file = fopen(path, "r");
	int n = -1;

	if (!file || fscanf(file, "%d", &n) != 1)
		die("read", path);
	fclose(file);
	return n;
}

static int attach_event(int program, struct perf_event_attr *attr)
{
	int fd;

	attr->size = sizeof(*attr);
	attr->sample_period = 1;
	fd = (int)syscall(SYS_perf_event_open, attr, -1, 0, -1, 0);
	return fd < 0 || ioctl(fd, PERF_EVENT_IOC_SET_BPF, program) ||
			       ioctl(fd, PERF_EVENT_IOC_ENABLE, 0)
		       ? -1
		       : fd;
}

static int attach_kprobe(int program, const char *name, int returns)
{
	struct perf_event_attr attr = {
		.type = (__u32)number_in("/sys/bus/event_source/devices/kprobe/type"),
		.config = (__u64)returns, /* format/retprobe: bit 0 */
		.config1 = (uintptr_t)name,
	};

	return attach_event(program, &attr);
}

static int attach_tracepoint(int program, const char *name)
{
	char path[256];
	struct perf_event_attr attr = { .type = PERF_TYPE_TRACEPOINT };

	snprintf(path, sizeof(path), "/sys/kernel/tracing/events/%s/id", name);
	attr.config = (__u64)number_in(path);
	return attach_event(program, &attr);
}

/* An iterator is no hook: it runs once. */
static int attach(const char *hook)
{
	const char *name = strchr(hook, '/');

	name = name ? name + 1 : hook;
	if (!strncmp(hook, "tp_btf/", 7) || !strncmp(hook, "raw_tp/", 7))
		return attach_raw(empty_program(BPF_PROG_TYPE_RAW_TRACEPOINT, 0, 0), name);
	if (!strncmp(hook, "fentry/", 7))
		return attach_raw(
			empty_program(BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY, function_id(name)),
			NULL);
	if (!strncmp(hook, "fexit/", 6))
		return attach_raw(
			empty_program(BPF_PROG_TYPE_TRACING, BPF_TRACE_FEXIT, function_id(name)),
			NULL);
	if (!strncmp(hook, "kprobe/", 7) || !strncmp(hook, "kretprobe/", 10))
		return attach_kprobe(empty_program(BPF_PROG_TYPE_KPROBE, 0, 0), name,
				     hook[1] == 'r');
	if (!strncmp(hook, "tracepoint/", 11))
		return attach_tracepoint(empty_program(BPF_PROG_TYPE_TRACEPOINT, 0, 0), name);
	if (!strncmp(hook, "iter/", 5))
		return 0;
	errno = EINVAL;
	return -1;
}

int main(int argc, char **argv)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };

	if (argc < 2) {
		fprintf(stderr, "usage: floor HOOK...\n");
		return 2;
	}
	setrlimit(RLIMIT_MEMLOCK, &all); /* before 5.11 programs are counted */
	for (int i = 1; i < argc; i++)
		if (attach(argv[i]) < 0)
			die("attach an empty program to", argv[i]);
	puts("attached");
	fflush(stdout);
	pause();
	return 0;
}
