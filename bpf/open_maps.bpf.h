/* SPDX-License-Identifier: GPL-2.0-only */
/* Opened files: the maps in which is counted. */
#pragma once

#include "coldtrace.bpf.h"
#include "ct_opens.h"
#include "open_types.bpf.h"

#define CT_NO_PREALLOC 1 /* BPF_F_NO_PREALLOC */

/* Who opens: processes of one container that share a first process, or one process that serves. */
struct ct_opener {
	__u32 root;
	__u8 view;
	__u8 call;
	__u8 epoch;
	__u8 pad;
};

struct ct_opens_sum {
	struct ct_opens_counts counts;
	__u64 unkept; /* of these, whose path found no room */
	__u32 errors[CT_OPENS_ERRNOS];
	__u32 buckets[CT_OPENS_BUCKETS];
};

struct ct_opens_path_key {
	__u64 hash; /* of the path and of the directory it begins at */
	struct ct_opener opener; /* epoch 0: a path is counted as a whole */
};

struct ct_opens_path {
	struct ct_opens_counts counts;
	__u64 where;
	__u64 mount; /* key in open_dirs, 0: not known */
	__u64 base; /* likewise: the directory of a relative path */
	__u32 error;
	__u32 flags;
	char path[CT_OPENS_PATH_LEN];
};

/* Names of a directory and those above it, the innermost first, each with its NUL. */
#define CT_OPENS_DIR_LEN   256
#define CT_OPENS_DIR_DEPTH 24
#define CT_OPENS_NAME_LEN  256 /* NAME_MAX, and a NUL */
struct ct_opens_dir {
	__u32 end; /* here and not in a register: the verifier then sees one state per round */
	__u32 cut; /* there are more above them */
	__u64 stamp; /* of the directory that was called so */
	char names[CT_OPENS_DIR_LEN + CT_OPENS_NAME_LEN];
};

struct ct_opening {
	__u64 ts_ns; /* 0: none */
	__u64 path;
	__u64 flags;
	__s32 dir;
	__u32 call;
};

#define CT_OPENERS_MAX    512
#define CT_OPEN_PATHS_MAX 16384

struct open_sums {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CT_OPENERS_MAX);
	__type(key, struct ct_opener);
	__type(value, struct ct_opens_sum);
} open_sums_a SEC(".maps"), open_sums_b SEC(".maps");

struct open_paths {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, CT_OPEN_PATHS_MAX);
	__type(key, struct ct_opens_path_key);
	__type(value, struct ct_opens_path);
} open_paths_a SEC(".maps"), open_paths_b SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct open_sums);
} open_sums SEC(".maps") = { .values = { &open_sums_a } };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1);
	__type(key, __u32);
	__array(values, struct open_paths);
} open_paths SEC(".maps") = { .values = { &open_paths_a } };

/*
 * Nobody says that a directory is not used any more: the oldest have to make room for others. Of one that a
 * path still refers to user space says so, when it looks for it (join_dir() of open_maps.c).
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct ct_opens_dir);
} open_dirs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, CT_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ct_opening);
} opening SEC(".maps");

/*
 * Too large for the stack: new entries are made here. One per thread that opens, not one per CPU:
 * fentry programs are preempted, and the next thread on that CPU would write into it, too.
 */
struct ct_opens_scratch {
	struct ct_opens_path path;
	struct ct_opens_dir dir;
};
struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, CT_NO_PREALLOC);
	__type(key, int);
	__type(value, struct ct_opens_scratch);
} open_scratch SEC(".maps");

/* Never written. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ct_opens_sum);
} open_nothing SEC(".maps");
