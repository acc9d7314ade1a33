// SPDX-License-Identifier: GPL-2.0-only
/*
 * Probes are detached. Of each on a system call the kernel waits until no CPU is in its program (perf_event_detach_bpf_prog:
 * synchronize_rcu_tasks_trace), 65 ms or more, and at depth "steps" there are 42: those who wait side by side are
 * served by the same grace period.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>

#include "source/live/live_state.h"

#define DETACHERS 32

struct detaching {
	struct bpf_link **links;
	atomic_uint next;
};

static void *detach(void *ctx)
{
	struct detaching *d = ctx;
	unsigned int i;

	while ((i = atomic_fetch_add(&d->next, 1)) < CT_PROBE_MAX) {
		bpf_link__destroy(d->links[i]);
		d->links[i] = NULL;
	}
	return NULL;
}

/* Where there can be no more threads, one does it all. */
void ct_live_detach(struct ct_live *live)
{
	struct detaching d = { .links = live->links };
	pthread_t threads[DETACHERS];
	size_t count = 0, attached = 0;
	sigset_t all, before;

	for (size_t i = 0; i < CT_PROBE_MAX; i++)
		attached += live->links[i] != NULL;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are ours */
	while (count < DETACHERS && count + 1 < attached &&
	       !pthread_create(&threads[count], NULL, detach, &d))
		count++;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	detach(&d);
	for (size_t i = 0; i < count; i++)
		pthread_join(threads[i], NULL);
}
