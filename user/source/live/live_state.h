/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of the live source share: live.c, live_load.c, live_seed.c; nobody else's. */
#pragma once

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "coldtrace.skel.h"
#include "ct_alike.h"
#include "ct_places.h"
#include "source/engines/engines.h"
#include "source/live/kernel.h"
#include "source/live/laps.h"
#include "source/live/live.h"
#include "source/live/open_maps.h"
#include "source/live/ring.h"
#include "source/live/seed.h"
#include "source/proc/symbols.h"
#include "source/sandbox/inside.h"

/* The kernel side's key of socket files. */
struct ct_live_file_id {
	uint64_t ino;
	uint64_t dev;
};

/* The kernel side's shares and forgers: bpf/shares.bpf.h. */
struct ct_live_share {
	int64_t actors;
	int64_t since_ns;
	uint64_t bytes;
};

struct ct_live_forger_key {
	uint32_t uid;
	uint32_t root;
	char comm[CT_COMM_LEN]; /* empty: beyond the share */
};

struct ct_live_forger {
	uint64_t count;
	uint64_t role;
};

/* Who is sending: bpf/sends.bpf.h. */
struct ct_live_sending {
	uint64_t socket;
	uint64_t since_ns;
};

/* Who is told once more, after events were lost. */
struct ct_live_found {
	uint32_t pid, parent;
	uint8_t rank;
};

struct ct_live_again {
	uint64_t due_ns; /* 0: nobody */
	uint64_t done_ns; /* the last time; 0: never */
	struct ct_live_found *list; /* owned, NULL: not yet collected */
	size_t count, next; /* it is gone through twice */
	bool listing; /* what is due is the list of each engine's containers */
};

/* Of a table of ct_places.h. */
struct ct_live_places {
	uint64_t taken; /* as it was said when room was made last, */
	size_t left; /* and how many places were not free then */
};

struct ct_live {
	struct ct_live_options opts;
	struct ct_laps laps;
	struct ct_plan plan;
	struct ct_kernel *kernel; /* while it is being opened */
	const char *refused[CT_PROBE_MAX]; /* why the kernel would not after all; else NULL */
	struct coldtrace_bpf *skel;
	struct bpf_link *links[CT_PROBE_MAX];
	int programs[CT_PROBE_MAX]; /* borrowed descriptors of those that are on */
	struct ct_ring *ring;
	int epoll;
	uint64_t bad_events;
	uint64_t losses_ns, missed_ns; /* when the counters, and those of programs, were read */
	bool one_by_one; /* the kernel does not tell all counters at once */
	/*
	 * When the core hears of an engine that was executed, 0: it has of all, and of the last one. A command like podman may
	 * be over in 40 ms, and where it keeps what it has fetched is asked of the process. And until when it is looked at more often.
	 */
	uint64_t in_order_ns, last_in_order_ns, young_ns;
	uint64_t losses[CT_LOSS_MAX];
	uint64_t missed[CT_LOSS_MAX]; /* runs that the kernel left out, until then */
	uint64_t *per_cpu; /* owned: of each loss */
	size_t cpus;
	struct ct_facts facts;
	struct ct_engines engines;
	struct ct_open_maps *opens; /* owned, NULL: not asked for */
	struct ct_inside *inside; /* owned, NULL: not asked for */
	size_t taken; /* from the ring, in one poll */
	struct ct_symbols *symbols; /* owned; NULL unless waits are traced */
	struct ct_live_again again;
	struct ct_live_places places[CT_PLACES_MAX];
	struct ct_live_before *before; /* owned, NULL: there is none, or it has been told */
	uint64_t
		from_ns; /* what its ring says of earlier times another one's has told; 0: nobody's */
	struct {
		uint64_t since_ns; /* 0: it did not */
		size_t events;
	} went_on;
	struct ct_kept_page *page; /* owned, NULL: nobody keeps anything for the next one */
	int page_fd;
};

/* live_losses.c */
void ct_live_emit_lost(struct ct_live *live, enum ct_loss loss, uint64_t more);
/* What has come since then, of all counters; the last time nothing is left for later. */
void ct_live_read_losses(struct ct_live *live, uint64_t now_ns, bool last);

/* live.c */
void ct_live_take(struct ct_live *live, const struct ct_event *e); /* one of the kernel side */

/*
 * live_before.c: what another one has left, if it can be read. Between open and found facts are held back; then BEGIN has
 * been told, too; the events come with the first turn.
 */
int ct_live_before_open(struct ct_live *live, struct ct_err *err);
void ct_live_before_attach(struct ct_live *live); /* will be */
void ct_live_before_hears(struct ct_live *live); /* what is sent, from now on */
int ct_live_before_found(struct ct_live *live, struct ct_err *err);
void ct_live_before_turn(struct ct_live *live);
void ct_live_before_close(struct ct_live *live);
/* And for the next one: from now on all is read; what has been told of losses. */
void ct_live_page_read(struct ct_live *live);
void ct_live_page_losses(struct ct_live *live);

/* live_again.c */
void ct_live_again_lost(struct ct_live *live, uint64_t now_ns); /* events were, from the ring */
uint64_t ct_live_again_due(const struct ct_live *live); /* 0: never */
void ct_live_again_turn(struct ct_live *live, uint64_t now_ns);

/* live_forgers.c: tells who took names or more than his share since the last time. */
void ct_live_read_forgers(struct ct_live *live);
void ct_live_emit_share(struct ct_live *live, uint64_t share, uint64_t more); /* beyond it */

/* live_places.c: makes room in tables whose places nobody gives back, before they are full. */
bool ct_live_places_fit(const struct ct_live *live); /* values are what is expected of them */
void ct_live_places_turn(struct ct_live *live, uint64_t now_ns);

/* live_sends.c: how many have sent since the last time and were not heard to return. */
uint64_t ct_live_sends_missed(struct ct_live *live);

/* live_load.c: one attempt with the plan that is made. -EAGAIN: another plan may do. */
void ct_live_listen(bool verbose); /* to what libbpf says */
int ct_live_load(struct ct_live *live, struct ct_err *err);
uint32_t ct_live_sentry_opens(const struct ct_live *live); /* of sandboxes, so many under way */
int ct_live_fill_roles(struct ct_live *live, struct ct_err *err);
int ct_live_attach(struct ct_live *live);
/* live_detach.c: of whatever it is attached to. */
void ct_live_detach(struct ct_live *live);

/* live_seed.c: what runs already. */
void ct_live_on_socket(void *ctx, const struct ct_engine *engine,
		       const struct ct_socket_file *file);
int ct_live_find_running(struct ct_live *live, struct ct_err *err);
int ct_live_seed_threads(struct ct_live *live, struct ct_err *err);
