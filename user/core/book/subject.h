/* SPDX-License-Identifier: GPL-2.0-only */
/* What has a life, and what is known of it. */
#pragma once

#include <utlist.h>

#include "core/base/marks.h"
#include "core/book/probes.h"
#include "core/who/who.h"

/* One life between a start and a stop, and the marks that were seen of it. */
struct ct_run {
	uint64_t marks[CT_MARK_MAX];
	uint64_t ready_at[CT_READY_MAX];
	uint64_t base_ns; /* where a start begins that nobody asked for */
	uint64_t failed_ns; /* 0: it did not fail */
	uint64_t start_end_ns; /* end of the reported start */
	uint64_t stop_end_ns; /* end of the reported stop */
	uint64_t app_exec_ns; /* gVisor: the program is loaded; 0: not seen */
	uint64_t network_synced; /* last sync of the network store while only we were in motion */
	uint64_t turned_ns; /* when our engine first asked another of us since we have exited */
	uint64_t
		oom_ns; /* its shim has said that the kernel killed a process of it for want of memory */
	uint64_t networks_ns; /* last one since we have exited, whoever was in motion */
	uint64_t
		delete_ns; /* its shim was asked to delete what nobody had said had exited; 0: not */
	uint32_t seq; /* tells runs apart */
	enum ct_cause cause;
	enum ct_cause stop_cause; /* if STOP_BEGIN is set */
	int exit_code;
	uint8_t start_order, stop_order; /* enum ct_order */
	bool networks_silent; /* that store was not synced until it was saved */
	bool network_crowded; /* others were in motion too: the sync may be theirs */
	bool start_reported;
	bool stop_reported;
	bool remove_told; /* with the stop, or by itself */
	bool restart_used; /* a successor has been counted */
	bool init_failed;
	bool exit_seen; /* of its first process: nobody knows better when it was */
	bool doubted; /* failed_ns: it may have run while events were lost */
	const struct ct_again *again; /* static: it is asked to start again, when this is over */
	uint64_t again_ns; /* and when it was */
	const char *failed_step; /* static */
	char message[384];
	struct ct_step *steps; /* owned */
	size_t step_count, step_room;
	size_t steps_forgotten; /* that were before the first */
};

struct ct_book_key {
	struct ct_scope scope; /* of who runs it */
	char id[sizeof(((struct ct_identity *)0)->id)]; /* of who.id what is its length */
};

struct ct_container {
	struct ct_identity who;
	const struct ct_family *family; /* static: how it lives (life/family.h) */
	struct ct_run run;
	struct ct_run old; /* the run before, steps not kept */
	bool has_old;
	uint64_t netns; /* inode, 0: not known */
	char layer[80]; /* name of its overlay2 directory */
	char sandbox[16]; /* file name of its network namespace */
	char ns[80]; /* containerd's namespace, empty if not known */
	bool auto_remove;
	bool guest; /* it lives in the network of another container */
	bool removed;
	bool machine; /* it is in a virtual machine */
	uint32_t vmms; /* processes that run its virtual machine */
	uint64_t vm_ns; /* when the machine began to do what it does now */
	uint8_t vm_does; /* of steps: what that is, 0: it boots */
	uint32_t vm_asker; /* of steps: who asked for it */
	bool told; /* in a record */
	bool checked; /* Podman: a check of its health runs */
	bool restart_asked; /* API restart in flight: the next start is part of it */
	unsigned in_flight; /* API requests that change it */
	uint64_t looked_up_ns; /* when user space was asked who it is, 0: it has said so */
	uint64_t last_ns; /* of the last evidence about it */
	uint64_t pod; /* handle of the sandbox that it is in, 0: none, or not known */
	uint64_t
		files_gone_ns; /* of a pod or a container in one: its files went, 0: they are there */
	struct ct_probes *probes; /* owned, NULL: none */
	uint64_t exec_ns; /* when somebody last executed a process in it */
	uint64_t host_synced, config_synced; /* Docker: its two files */
	uint64_t deadline; /* of tell: when to look at it again, 0: never */

	/* Of the book. */
	uint64_t handle; /* never another's */
	struct ct_book_key key;
	struct ct_held held; /* in no table: a draft */
	bool draft; /* it has no id yet: marks and steps are kept, nothing is told */
	bool gone; /* counted as such */
	uint64_t gone_ns; /* when all was told of one that is removed */
	bool moving; /* it is on that list */
	struct ct_container *prev, *next; /* list of those between two states */
	struct ct_container *init_prev, *init_next;
	/* Lists that it is on, borrowed, or NULL. */
	struct ct_container **named, **begun, **exited, **alike;
	struct ct_container *named_prev, *named_next;
	struct ct_container *begun_prev, *begun_next;
	struct ct_container *exited_prev, *exited_next;
	struct ct_container *alike_prev, *alike_next;
	struct ct_actor_state *workers, *firsts; /* borrowed: lists of who works on it, or is it */
	bool changed; /* it is on that list */
	struct ct_container *changed_prev, *changed_next; /* list of those to be looked at */
	UT_hash_handle hh, by_run, by_handle;
};

/* Both lists end with NONE, or are full. */
bool ct_run_any(const struct ct_run *run, const enum ct_mark *marks);
uint64_t ct_run_first(const struct ct_run *run, const enum ct_mark *marks); /* 0: none is set */
