/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Opened files: what the kernel side counts, and the tails of the events in which user space puts
 * these counts into the stream. Rules as for the event: append-only numbers, fixed widths, no
 * padding that is not written.
 */
#pragma once

#include "ct_types.h"

/*
 * Who asked, and who answered: the same file may be counted in two views, and no view is the sum
 * of others. Columns: number, symbol, name, what is counted. The last two never are: an OPENED with one
 * of them says that there may be such opens, once of each container.
 */
#define CT_VIEWS(X) \
	X(0, NATIVE, "native", "opens of the container's processes, by the kernel they run on") \
	X(1, HOST, "host", "opens of the host by who serves the container its files") \
	X(2, APPLICATION, "application", "opens of the application, as its sandbox saw them") \
	X(3, SENTRY, "sentry", "opens in the sandbox's kernel, from its entry to its return") \
	X(4, MACHINE, "machine", "opens of a virtual machine's program for itself") \
	X(5, RING, "io_uring", "opens by io_uring: not counted") \
	X(6, COMPAT, "compat", "opens of 32-bit programs: not counted")

enum ct_view {
#define X(number, symbol, name, doc) CT_VIEW_##symbol = number,
	CT_VIEWS(X)
#undef X
	CT_VIEW_MAX
};

/* Columns: number, symbol, name. */
#define CT_OPEN_CALLS(X) \
	X(0, OPEN, "open") \
	X(1, EXEC, "exec")

enum ct_open_call {
#define X(number, symbol, name) CT_OPEN_##symbol = number,
	CT_OPEN_CALLS(X)
#undef X
	CT_OPEN_CALL_MAX
};

/* sub of OPENED, OPENS and OPENS_PATH. */
#define CT_OPENS_SUB(view, call) ((__u16)((view) | (call) << 8))
#define CT_OPENS_VIEW(sub)       ((sub)&0xff)
#define CT_OPENS_CALL(sub)       ((sub) >> 8)

/* What the kernel's function of a system call is called, up to the call: asm/syscall_wrapper.h. */
#if defined(__TARGET_ARCH_arm64) || defined(__aarch64__)
#define CT_CALL_FUNCTION "__arm64_sys_"
#else
#define CT_CALL_FUNCTION "__x64_sys_"
#endif

/*
 * Where a file lies: arg of OPENED, where member. 0: not known (it was not opened).
 * The magic is that of <linux/magic.h>, the device as in struct super_block.
 */
#define CT_OPENS_WHERE(device, magic) ((__u64)(device) << 32 | (__u32)(magic))
#define CT_OPENS_MAGIC(where)         ((__u32)(where))
#define CT_OPENS_DEVICE(where)        ((__u32)((where) >> 32))

/*
 * Latencies: buckets as in user/util/hist, 1/128 wide. Below CT_OPENS_EXACT ns each value has its
 * own; above, each power of two has CT_OPENS_SUB_BUCKETS. The last bucket takes all that is longer.
 */
#define CT_OPENS_SUB_BITS    6
#define CT_OPENS_SUB_BUCKETS (1 << CT_OPENS_SUB_BITS)
#define CT_OPENS_EXACT       (2 * CT_OPENS_SUB_BUCKETS)
#define CT_OPENS_POWERS      29 /* up to 2^36 ns, 68 s */
#define CT_OPENS_BUCKETS     (CT_OPENS_EXACT + CT_OPENS_POWERS * CT_OPENS_SUB_BUCKETS)
#define CT_OPENS_ERRNOS      136 /* EHWPOISON is 133; what is beyond counts as the last */
#define CT_OPENS_PATH_LEN    256 /* with its NUL; what is longer is cut, and flagged */
#define CT_OPENS_CUT         "..." /* in place of the first directories of a path that has too many */
#define CT_OPENS_EPOCHS      8

/* Both are what OPENS and OPENS_PATH say about one opener. */
struct ct_opens_counts {
	__u64 count;
	__u64 failed;
	__u64 ns; /* time in the calls, sum */
	__u64 max_ns;
	__u64 first_ns; /* CLOCK_MONOTONIC, when the first of them ended */
	__u64 last_ns;
};

/*
 * Tail of OPENS: counts, then pairs. A tail that has no room for all pairs is followed by another
 * with counts of zero. obj: opens whose path was not kept, of these; arg: epoch (a number that
 * grows when the opener shows a sign of being ready: what was before is apart from what came after).
 */
struct ct_opens_pair {
	__u32 what; /* a bucket, or CT_OPENS_ERRNO | errno */
	__u32 count;
};
#define CT_OPENS_ERRNO 0x80000000u

/* Tail of OPENS_PATH: this, then the path, then NUL, then the mount's directory ("" if unknown). */
struct ct_opens_path_tail {
	struct ct_opens_counts counts;
	__u64 where;
	__u32 error; /* errno of the last that failed */
	__u32 flags; /* CT_OPENS_F_* */
};

enum ct_opens_flag {
	CT_OPENS_F_CUT = 1 << 0, /* the path was longer */
	CT_OPENS_F_RELATIVE = 1 << 1, /* it begins at a directory that is not known */
	CT_OPENS_F_UNREADABLE = 1 << 2, /* paths that could not be read, together */
	CT_OPENS_F_BEGIN_CUT = 1 << 3 /* it lies deeper: it begins with CT_OPENS_CUT */
};
