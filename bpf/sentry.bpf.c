// SPDX-License-Identifier: GPL-2.0-only
/*
 * Opens in gVisor's Sentry: an object of its own, loaded only for --sentry-probes. Its three
 * programs are uprobes of one process each, put where user/source/sandbox/sentry_points.c says.
 *
 * Go passes arguments and results in registers (ABIInternal of Go 1.17 and later): linux.openat
 * has t in rax, dirfd in rbx, path in rcx, flags in rdi; r14 is the goroutine, which runs one task
 * and stays the same while its stack moves and its thread changes.
 */
#include "coldtrace.bpf.h"
#include "ct_opens.h"

/* As <asm/ptrace.h> has it; of what is here nothing can change. */
struct regs {
	__u64 r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
};

/* vfs.PathOperation, gVisor 2022-12 to 2026-08: where its Path has the string and "absolute". */
#define PATH_AT     32
#define ABSOLUTE_AT 56

struct sentry_key {
	__u64 goroutine;
	__u32 tgid;
	__u32 pad;
};

struct sentry_open {
	__u64 ts_ns;
	__u32 flags;
	__u32 path_len; /* 0: not seen; more than there is room: cut */
	char path[CT_OPENS_PATH_LEN];
};

/*
 * An open that fails before it reaches the file system does not leave: its entry is used again, or user space
 * deletes it with what else its sandbox left. Of any other entry the open is lost that has to make room: how
 * many were made and taken is counted, so that user space knows how many are neither, nor there.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct sentry_key);
	__type(value, struct sentry_open);
} sentry_opens SEC(".maps");

__u64 sentry_made = 0; /* counted when it is there */
__u64 sentry_taken = 0; /* counted while it still is: at no time fewer than are gone */

static __always_inline struct sentry_key key_of(const struct regs *regs)
{
	struct sentry_key key = {
		.goroutine = regs->r14,
		.tgid = bpf_get_current_pid_tgid() >> 32,
	};

	return key;
}

SEC("?uprobe")
int ct_sentry_enter(struct regs *regs)
{
	struct sentry_key key = key_of(regs);
	struct sentry_open open = { .flags = (__u32)regs->rdi };
	long r;

	open.ts_ns = bpf_ktime_get_ns();
	r = bpf_map_update_elem(&sentry_opens, &key, &open, BPF_NOEXIST);
	if (!r)
		__sync_fetch_and_add(&sentry_made, 1);
	else if (r == -CT_EEXIST)
		r = bpf_map_update_elem(&sentry_opens, &key, &open, BPF_ANY);
	if (r)
		ct_lose(CT_LOSS_CALLS);
	return 0;
}

SEC("?uprobe")
int ct_sentry_call(struct regs *regs)
{
	struct sentry_key key = key_of(regs);
	struct sentry_open *open = bpf_map_lookup_elem(&sentry_opens, &key);
	struct {
		__u64 at, len;
	} string;
	__u8 absolute;
	__u32 len;

	if (!open)
		return 0;
	if (bpf_probe_read_user(&string, sizeof(string), (void *)regs->rsi + PATH_AT) ||
	    bpf_probe_read_user(&absolute, sizeof(absolute), (void *)regs->rsi + ABSOLUTE_AT)) {
		ct_lose(CT_LOSS_READ);
		return 0;
	}
	len = string.len < CT_OPENS_PATH_LEN - 1 ? string.len : CT_OPENS_PATH_LEN - 1;
	open->path[0] = '/'; /* is not in the string */
	absolute = !!absolute;
	if (len && bpf_probe_read_user(open->path + absolute, len, (void *)string.at)) {
		ct_lose(CT_LOSS_READ);
		return 0;
	}
	open->path_len = string.len + absolute < 65536 ? string.len + absolute : 65535;
	return 0;
}

SEC("?uprobe")
int ct_sentry_leave(struct regs *regs)
{
	struct sentry_key key = key_of(regs);
	struct sentry_open *open = bpf_map_lookup_elem(&sentry_opens, &key);
	struct ct_event *e;
	__u32 error = 0, len;

	if (!open)
		return 0;
	__sync_fetch_and_add(&sentry_taken, 1);
	e = ct_reserve(CT_KIND_OPENED, CT_OPENS_PATH_LEN);
	if (!e)
		goto out;
	/* rbx: type of the error, nil if there is none; rcx: *errors.Error, which begins with errno. */
	if (regs->rbx && bpf_probe_read_user(&error, sizeof(error), (void *)regs->rcx))
		error = 5; /* EIO: it failed, why is not known */
	len = open->path_len < CT_OPENS_PATH_LEN ? open->path_len : CT_OPENS_PATH_LEN;
	if (!len)
		e->flags |= CT_F_NO_DATA;
	if (open->path_len > CT_OPENS_PATH_LEN)
		e->flags |= CT_F_TRUNCATED;
	__builtin_memcpy(e->tail, open->path, CT_OPENS_PATH_LEN);
	ct_tail_set(e, len);
	e->sub = CT_OPENS_SUB(CT_VIEW_SENTRY, CT_OPEN_OPEN);
	e->dur_ns = e->ts_ns - open->ts_ns;
	e->root = key.tgid;
	e->ret = -(__s32)error;
	e->obj = open->flags;
	ct_submit(e);
out:
	bpf_map_delete_elem(&sentry_opens, &key);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
