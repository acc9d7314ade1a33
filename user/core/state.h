/* SPDX-License-Identifier: GPL-2.0-only */
/* The core's own state, shared by its files and by nobody else. */
#pragma once

#include "hash.h"

#include <uthash.h>
#include <utlist.h>

#include "core.h"
#include "marks.h"
#include "reorder.h"
#include "text.h"
#include "wire.h"

#define CT_NS_PER_MS 1000000ull
#define CT_VERB_LEN  24

/* What a runtime or shim process was called to do: the words of its command line. */
enum ct_op {
	CT_OP_NONE,
	CT_OP_CREATE,
	CT_OP_START,
	CT_OP_DELETE,
	CT_OP_OTHER
};

struct ct_container;

/* A tracked process. Found by tgid; owns nothing. */
struct ct_actor_state {
	uint32_t tgid;
	uint32_t parent;
	uint32_t engine; /* tgid of the engine that it descends from or is */
	uint8_t role; /* enum ct_role */
	uint8_t op; /* enum ct_op */
	bool execed;
	uint64_t forked_ns; /* 0: not seen */
	uint64_t netns; /* inode, when it was executed */
	struct ct_container *container; /* borrowed, NULL: none known */
	const char *engine_name; /* static, role ENGINE */
	int step; /* index of its open step in the run, -1: none */
	uint32_t run_seq; /* of the run that the step belongs to */
	UT_hash_handle hh;
};

/* One life between a start and a stop, and the marks that were seen of it. */
struct ct_run {
	uint64_t marks[CT_MARK_MAX];
	uint64_t ready_at[CT_READY_MAX];
	uint64_t base_ns; /* where a start begins that nobody asked for */
	uint64_t failed_ns; /* 0: it did not fail */
	uint64_t start_end_ns; /* end of the reported start */
	uint64_t network_synced; /* last sync of the network store while only we were in motion */
	uint32_t seq; /* tells runs apart */
	enum ct_cause cause;
	int exit_code;
	bool network_crowded; /* others were in motion too: the sync may be theirs */
	bool start_reported;
	bool stop_reported;
	bool remove_told; /* with the stop, or by itself */
	bool restart_used; /* a successor has been counted */
	bool init_failed;
	const char *failed_step; /* static */
	char message[384];
	struct ct_step *steps; /* owned */
	size_t step_count, step_room;
};

struct ct_container {
	struct ct_identity who;
	uint64_t netns; /* inode, 0: not known */
	char layer[80]; /* name of its overlay2 directory */
	char sandbox[16]; /* file name of its network namespace */
	bool auto_remove;
	bool removed;
	bool gone; /* counted as such */
	bool restart_asked; /* API restart in flight: the next start is part of it */
	unsigned in_flight; /* API requests that change it */
	struct ct_pending_call *calls; /* borrowed: list of those that are about it */
	uint64_t last_ns; /* of the last evidence about it */
	uint64_t host_synced, config_synced;
	uint64_t deadline; /* when to look at it again, 0: never */
	bool attended; /* is on the list below */
	struct ct_run run;
	struct ct_run old; /* the run before, steps not kept */
	bool has_old;
	struct ct_container *prev, *next; /* list of those between two states */
	UT_hash_handle hh; /* by who.id */
};

enum ct_proto {
	CT_PROTO_HTTP,
	CT_PROTO_TTRPC,
	CT_PROTO_H2
};

/* A request that waits for its answer. Found by the client's socket. */
struct ct_call_key {
	uint64_t socket;
	uint32_t stream;
	uint32_t proto;
};

struct ct_pending_call {
	struct ct_call_key key;
	uint64_t ts_ns;
	uint32_t tgid;
	struct ct_container *container; /* borrowed; NULL: a create, or not known */
	char verb[CT_VERB_LEN];
	char name[128]; /* create: asked name */
	char image[256];
	char runtime[64];
	bool auto_remove;
	uint64_t args_hash;
	struct ct_pending_call *prev, *next; /* list of those about the container */
	UT_hash_handle hh;
};

/*
 * An answer to nothing that is known. A send is heard when it is done: a sender that is preempted
 * just then may be heard after the answer that it got.
 */
struct ct_early {
	struct ct_call_key key;
	union {
		struct ct_event e;
		char bytes[sizeof(struct ct_event) + CT_TAIL_MEDIUM];
	};
};

/* Evidence whose container is not known yet, kept until it is. */
enum ct_orphan_key {
	CT_BY_ID,
	CT_BY_LAYER,
	CT_BY_SANDBOX,
	CT_BY_NETNS
};

struct ct_orphan {
	enum ct_orphan_key by;
	uint64_t netns;
	char text[80];
	struct ct_step step;
};

/* A sync whose call has not returned yet. */
struct ct_sync {
	uint64_t ts_ns;
	uint32_t tid; /* 0: none */
	char id[80];
};

#define CT_ACTORS_MAX  262144
#define CT_EARLY_MAX   64
#define CT_SYNCS_MAX   64
#define CT_ORPHANS_MAX 1024
#define CT_CALLS_MAX   16384
#define CT_GONE_MAX    256
#define CT_STEPS_MAX   1024

struct ct_core {
	struct ct_core_options opts;
	struct ct_core_ops ops;
	void *ctx;
	struct ct_reorder *reorder;
	struct ct_actor_state *actors;
	struct ct_container *containers;
	struct ct_container *attended;
	struct ct_pending_call *calls;
	struct ct_early *early; /* ring of CT_EARLY_MAX */
	size_t early_next;
	struct ct_orphan *orphans; /* ring of CT_ORPHANS_MAX */
	size_t orphan_next, orphan_count;
	size_t gone; /* containers that are kept only because a successor may come */
	bool stopped; /* there may be containers that are kept only because they may start again */
	struct ct_sync syncs[CT_SYNCS_MAX];
	size_t sync_next;
	uint64_t now; /* of the event that is being handled */
	uint64_t newest; /* of those fed, CLOCKs aside */
	uint64_t deadline;
	uint32_t run_seq;
	struct ct_core_counts counts;
};

/* actors.c */
struct ct_actor_state *ct_actor_get(struct ct_core *core, uint32_t tgid);
void ct_actors_fork(struct ct_core *core, const struct ct_event *e);
void ct_actors_exec(struct ct_core *core, const struct ct_event *e);
void ct_actors_exit(struct ct_core *core, const struct ct_event *e);
void ct_actors_seed(struct ct_core *core, const struct ct_event *e);
void ct_actors_forget(struct ct_core *core, const struct ct_container *c);
bool ct_actor_serves(struct ct_core *core, const struct ct_actor_state *a);
void ct_actors_free(struct ct_core *core);

/* containers.c */
struct ct_container *ct_container_by_id(struct ct_core *core, struct ct_text id);
/* By id, name or id prefix, as an API path may name it. */
struct ct_container *ct_container_by_ref(struct ct_core *core, struct ct_text ref);
struct ct_container *ct_container_by_pid(struct ct_core *core, uint32_t init_pid);
/* Found or made; NULL when the table is full or memory is out (counted). */
struct ct_container *ct_container_make(struct ct_core *core, struct ct_text id);
void ct_container_identity(struct ct_core *core, const struct ct_event *e);
void ct_container_new_run(struct ct_core *core, struct ct_container *c, enum ct_cause cause);
void ct_container_netns(struct ct_core *core, struct ct_container *c,
			const struct ct_actor_state *init);
void ct_containers_free(struct ct_core *core);
uint64_t ct_args_hash(const char *image, const char *args);

/* rules.c: what a signal sets, and what follows from it. */
void ct_signal(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
	       struct ct_text what, uint64_t ts_ns);
void ct_refused(struct ct_core *core, struct ct_container *c, struct ct_text verb,
		uint64_t asked_ns);
void ct_failed(struct ct_core *core, struct ct_container *c, struct ct_text message);
void ct_readied(struct ct_core *core, struct ct_container *c, enum ct_ready by, uint64_t ts_ns);
void ct_network_synced(struct ct_core *core, uint32_t engine, uint64_t ts_ns);
void ct_engine_exited(struct ct_core *core, uint32_t engine);

/* talk.c */
void ct_talk_send(struct ct_core *core, const struct ct_event *e);
void ct_calls_forget(struct ct_container *c);
void ct_calls_free(struct ct_core *core);

/* steps.c: the steps of a run, and evidence that waits for its container */
int ct_step_add(struct ct_core *core, struct ct_container *c, const struct ct_step *step);
void ct_step_merge(struct ct_core *core, struct ct_container *c, const struct ct_step *step,
		   uint64_t gap_ns);
void ct_step_end(struct ct_core *core, struct ct_actor_state *a, uint64_t ts_ns, int status);
void ct_orphan_add(struct ct_core *core, enum ct_orphan_key by, struct ct_text text, uint64_t netns,
		   const struct ct_step *step);
void ct_orphans_adopt(struct ct_core *core, struct ct_container *c);
void ct_steps_nest(struct ct_step *steps, size_t count);

/* step_rules.c: which event is which step */
void ct_steps_process(struct ct_core *core, struct ct_actor_state *a, const struct ct_event *e);
void ct_steps_rpc(struct ct_core *core, struct ct_container *c, struct ct_text method,
		  uint64_t begin_ns, uint64_t end_ns, uint32_t pid, bool failed);
void ct_steps_netlink(struct ct_core *core, const struct ct_event *e);
void ct_steps_cgroup(struct ct_core *core, const struct ct_event *e);
void ct_steps_sync(struct ct_core *core, const struct ct_container *c, struct ct_text id,
		   const struct ct_event *e);
void ct_steps_unlink(struct ct_core *core, struct ct_container *c, const struct ct_event *e);
void ct_steps_call(struct ct_core *core, const struct ct_event *e);
void ct_steps_init(struct ct_core *core, struct ct_actor_state *a, uint64_t exec_ns);
const char *ct_role_name(uint8_t role);

/* report.c */
void ct_report_start(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome);
void ct_report_stop(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome);
bool ct_start_unasked(const struct ct_run *run);
void ct_report_create(struct ct_core *core, struct ct_container *c);
void ct_report_remove(struct ct_core *core, struct ct_container *c);
void ct_report_failed_create(struct ct_core *core, const struct ct_pending_call *call,
			     uint64_t end_ns, struct ct_text message);

/* segments.c: fills segments, seen and missing of rec from marks; returns where they end. */
uint64_t ct_segments_build(struct ct_record *rec, const struct ct_span *spans, size_t count,
			   const uint64_t marks[CT_MARK_MAX], uint64_t cursor);
void ct_segments_clip(struct ct_record *rec, uint64_t begin_ns, uint64_t end_ns);
void ct_segments_fill(struct ct_record *rec, enum ct_phase phase, uint64_t begin_ns,
		      uint64_t end_ns);

/* attend.c: which containers are between two states, and when to look at them again. */
void ct_attend(struct ct_core *core, struct ct_container *c);
void ct_evaluate(struct ct_core *core, struct ct_container *c);
void ct_attend_due(struct ct_core *core);
