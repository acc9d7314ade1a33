// SPDX-License-Identifier: GPL-2.0-only
/*
 * The one object: every probe is optional ("?"), user space turns on what the plan of this kernel
 * and the options ask for. One translation unit, because bpftool 7.1 loses the offsets of maps
 * that are declared in one object and defined in another.
 */
#include "coldtrace.bpf.h"
#include "process.bpf.h"
#include "api.bpf.h"
#include "sends.bpf.h"
#include "ready.bpf.h"
#include "files.bpf.h"
#include "calls.bpf.h"
#include "opens.bpf.h"
#include "missed.bpf.h"
#include "sched.bpf.h"

char LICENSE[] SEC("license") = "GPL";
