// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where sends are heard by kprobes (before Linux 6.3, without fentry): who has entered and was not heard to return, of
 * whom the kernel side does not know because he has not entered again. See send_enter() in bpf/sends.bpf.h.
 */
#include <stdio.h>
#include <sys/syscall.h>

#include "source/live/live_state.h"
#include "source/proc/procfs.h"
#include "util/mem.h"

/* So many are inside at once, on a node where all is well: those that wait, which are few. */
#define SENDING_MAX 4096

/* Calls that come to the two functions (net/socket.c, fs/splice.c of 5.10). */
static const long senders[] = {
	SYS_write,  SYS_writev,   SYS_sendto,   SYS_sendmsg,        SYS_sendmmsg,
	SYS_splice, SYS_sendfile, SYS_pwritev2, SYS_io_uring_enter,
};

/*
 * Whether that thread may be inside of such a call. The kernel has the number of the call that a thread waits in, and of
 * one that has a CPU it says that it is running.
 */
static bool may_send(uint32_t tid)
{
	own_file FILE *f = ct_proc_file(tid, "syscall");
	long call;

	if (!f)
		return false; /* it is gone */
	if (fscanf(f, "%ld", &call) != 1)
		return true;
	for (size_t i = 0; i < CT_ARRAY_SIZE(senders); i++) {
		if (call == senders[i])
			return true;
	}
	return false;
}

/* He may have returned while he was looked at, and have entered again: then it is another time. */
static bool missed(int fd, uint32_t tid)
{
	struct ct_live_sending before, after;

	return !bpf_map_lookup_elem(fd, &tid, &before) && !may_send(tid) &&
	       !bpf_map_lookup_elem(fd, &tid, &after) && after.since_ns == before.since_ns;
}

uint64_t ct_live_sends_missed(struct ct_live *live)
{
	int fd = bpf_map__fd(live->skel->maps.sending);
	uint32_t tids[SENDING_MAX];
	uint64_t count = 0;
	size_t n = 0;

	if (!live->plan.rows[CT_PROBE_SEND_UNIX_ENTER].on)
		return 0;
	while (n < SENDING_MAX && !bpf_map_get_next_key(fd, n ? &tids[n - 1] : NULL, &tids[n]))
		n++;
	for (size_t i = 0; i < n; i++) {
		if (missed(fd, tids[i]) && !bpf_map_delete_elem(fd, &tids[i]))
			count++;
	}
	return count;
}
