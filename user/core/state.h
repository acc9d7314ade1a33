/* SPDX-License-Identifier: GPL-2.0-only */
/* The core's own state, shared by its files and by nobody else. */
#pragma once

#include "core/base/hash.h"

#include <utlist.h>

#include "core/core.h"
#include "core/life/family.h"
#include "core/book/book.h"
#include "core/order/reorder.h"
#include "core/why/path.h"
#include "core/base/shares.h"
#include "core/base/text.h"
#include "core/hear/wire.h"
#include "core/hear/wire_hpack.h"

#define CT_NS_PER_MS 1000000ull
#define CT_VERB_LEN  48
#define CT_VMM       "vmm" /* step of the program that is a machine for containers */
#define CT_SANDBOX   "sandbox boot" /* step of the process that is a container to the host */

/* What a runtime or shim process was called to do: the words of its command line. */
enum ct_op {
	CT_OP_NONE,
	CT_OP_CREATE,
	CT_OP_RUN,
	CT_OP_DO, /* run, under an id that the runtime chooses */
	CT_OP_START,
	CT_OP_KILL,
	CT_OP_DELETE,
	CT_OP_STOP,
	CT_OP_RESTART,
	CT_OP_CLEANUP,
	CT_OP_SETUP,
	CT_OP_TEARDOWN,
	CT_OP_PUBLISH,
	CT_OP_OTHER
};

struct ct_container;
struct ct_role_row;
struct ct_opener;

/* A tracked process. Found by tgid; owns nothing. */
struct ct_actor_state {
	struct ct_held held;
	uint32_t tgid;
	uint32_t parent;
	uint32_t above[CT_STEP_UP - 1]; /* who forked that, and so on, gone or not; 0: not known */
	uint32_t engine; /* tgid of the engine that it descends from or is */
	uint8_t role; /* enum ct_role */
	uint8_t op; /* enum ct_op */
	uint8_t plugin; /* enum ct_op: what it does as a network plugin, or what started it */
	uint8_t level; /* of its pid namespace; 0: the host's */
	bool scoped; /* where it speaks from is known */
	struct ct_scope scope;
	uint32_t inside; /* first process of the container whose own it is; 0: of none's */
	bool vmm; /* it runs a virtual machine, or is about to */
	bool execed;
	bool again; /* what it executes goes on with the command of who forked it */
	uint64_t forked_ns; /* 0: not seen */
	uint64_t execed_ns;
	uint64_t netns; /* inode, when it was executed */
	struct ct_container *container; /* borrowed, NULL: none known; set by ct_actor_works() */
	struct ct_container *first_of; /* borrowed: it works for others, but is its program */
	struct ct_actor_state *worker_prev, *worker_next; /* of those of the container */
	struct ct_actor_state *first_prev, *first_next; /* of those that are its program */
	const char *engine_name; /* static, role ENGINE */
	const struct ct_role_row *runtime; /* static: a runtime that no engine has called */
	const char *program; /* static: the step that it is, NULL if it has no name */
	int step; /* number of its open step in the run, -1: none */
	uint32_t run_seq; /* of the run that the step belongs to */
	struct ct_actor_state *next; /* of the spare ones */
	UT_hash_handle hh;
};

/* One life between a start and a stop, and the marks that were seen of it. */
struct ct_run {
	uint64_t marks[CT_MARK_MAX];
	uint64_t ready_at[CT_READY_MAX];
	uint64_t base_ns; /* where a start begins that nobody asked for */
	uint64_t failed_ns; /* 0: it did not fail */
	uint64_t start_end_ns; /* end of the reported start */
	uint64_t app_exec_ns; /* gVisor: the program is loaded; 0: not seen */
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
	size_t steps_forgotten; /* that were before the first */
};

struct ct_book_key {
	struct ct_scope scope; /* of who runs it */
	char id[sizeof(((struct ct_identity *)0)->id)]; /* of who.id what is its length */
};

struct ct_container {
	struct ct_identity who;
	struct ct_book_key key; /* of the book, as what follows up to the empty line */
	struct ct_held held; /* in no table: a draft */
	uint64_t gone_ns; /* when all was told of one that is removed */
	struct ct_container *init_prev, *init_next;
	struct ct_container **named, **begun, **exited; /* lists that it is on, borrowed, or NULL */
	struct ct_container *named_prev, *named_next;
	struct ct_container *begun_prev, *begun_next;
	struct ct_container *exited_prev, *exited_next;
	UT_hash_handle hh, by_run;

	struct ct_actor_state *workers, *firsts; /* borrowed: lists of who works on it, or is it */
	const struct ct_family *family; /* static */
	uint64_t netns; /* inode, 0: not known */
	char layer[80]; /* name of its overlay2 directory */
	char sandbox[16]; /* file name of its network namespace */
	char ns[80]; /* containerd's namespace, empty if not known */
	bool auto_remove;
	bool guest; /* it lives in the network of another container */
	bool removed;
	uint32_t vmms; /* processes that run its virtual machine */
	uint64_t vm_ns; /* when the machine began to do what it does now */
	bool draft; /* it has no id yet: marks and steps are kept, nothing is told */
	bool gone; /* counted as such */
	bool told; /* in a record */
	bool restart_asked; /* API restart in flight: the next start is part of it */
	unsigned in_flight; /* API requests that change it */
	uint64_t looked_up_ns; /* when user space was asked who it is, 0: it has said so */
	struct ct_pending_call *calls; /* borrowed: list of those that are about it */
	uint64_t last_ns; /* of the last evidence about it */
	uint64_t host_synced, config_synced;
	uint64_t deadline; /* when to look at it again, 0: never */
	bool attended; /* is on the list below */
	struct ct_run run;
	struct ct_run old; /* the run before, steps not kept */
	bool has_old;
	struct ct_container *prev, *next; /* list of those between two states */
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
	struct ct_held held;
	struct ct_call_key key; /* HTTP: the stream is its number on its line */
	uint64_t ts_ns;
	uint32_t tgid;
	struct ct_container *container; /* borrowed; NULL: a create, or not known */
	char verb[CT_VERB_LEN];
	char name[128]; /* create: asked name */
	char image[256];
	char runtime[64];
	bool auto_remove;
	uint64_t args_hash;
	char ns[80]; /* gRPC: containerd namespace */
	char pod_ns[64], pod_uid[64]; /* of a pod that is to run; its name is above */
	char sandbox[80]; /* id of the sandbox that a container is to be in */
	const struct ct_method *method; /* gRPC: of the verb, static; NULL: not one of interest */
	bool named; /* gRPC: its headers were heard; else the verb is a guess, or empty */
	bool body; /* gRPC: the beginning of its message was heard */
	bool event; /* TTRPC: a shim tells of an event */
	struct ct_pending_call *prev, *next; /* list of those about the container */
	struct ct_line *line; /* HTTP: borrowed; NULL: another protocol's */
	struct ct_pending_call *line_prev, *line_next; /* list of those on the line */
	uint64_t holes; /* HTTP: how many there had been when it was asked */
	bool doubted; /* HTTP: its answer may have been passed over */
	bool patched; /* HTTP: before it something was not heard */
	bool suspected; /* HTTP: that may have been another request, still to be answered */
	bool makes; /* HTTP: something else than a container */
	bool streams; /* HTTP: what follows it is not ours to read */
	UT_hash_handle hh;
};

/*
 * An answer to nothing that is known. A send is heard when it is done: a sender that is preempted
 * just then may be heard after the answer that it got.
 */
union ct_heard {
	struct ct_event e;
	char bytes[sizeof(struct ct_event) + CT_TAIL_MEDIUM];
};

struct ct_early {
	struct ct_held held;
	struct ct_early *prev, *next; /* list of all, in the order that they were heard */
	struct ct_call_key key;
	union ct_heard said;
};

/*
 * An HTTP/1 connection, found by the socket of the client. Answers come in the order of the
 * requests, so whatever is asked on it is kept until it is answered, of interest or not.
 */
struct ct_line {
	struct ct_held held;
	uint64_t socket;
	struct ct_pending_call
		*calls; /* list, the oldest first; calls are on that of the core too */
	uint32_t count; /* of them */
	uint32_t asked; /* requests that were ever heard on it */
	uint64_t holes; /* how many there had been when it was last known to be whole */
	uint64_t stray_ns; /* of the last answer to nothing since the last request; 0: none */
	int stray_status;
	uint64_t peer; /* socket of who answers, 0: not known */
	bool hijacked; /* what is said on it now is a container's, or another protocol's */
	UT_hash_handle hh;
};

/* One side of an HTTP/2 connection, or a TTRPC connection: found by the socket of who sends. */
struct ct_conn {
	struct ct_held held;
	uint64_t socket;
	struct ct_hpack *hpack; /* owned, NULL: no headers were heard */
	char ns[80]; /* TTRPC: containerd namespace of what is asked, empty if not known */
	UT_hash_handle hh;
};

/* A snapshot that was asked for before the container that it is for: the key is the container's id. */
struct ct_prepared {
	struct ct_held held;
	uint64_t ts_ns;
	char ns[80];
	char key[80];
};

/* Evidence whose container is not known yet, kept until it is. */
enum ct_orphan_key {
	CT_BY_ID,
	CT_BY_LAYER,
	CT_BY_SANDBOX,
	CT_BY_NETNS
};

struct ct_orphan {
	struct ct_held held;
	uint64_t seq; /* the greater, the later */
	enum ct_orphan_key by;
	struct ct_scope scope; /* of who did it */
	uint64_t netns;
	char text[80];
	struct ct_step step;
};

/* A sync whose call has not returned yet. */
struct ct_sync {
	struct ct_held held;
	uint64_t ts_ns;
	uint32_t tid;
	char id[80];
	UT_hash_handle hh;
};

#define CT_ACTORS_MAX     262144
#define CT_LATE_NS        (50 * CT_NS_PER_MS) /* nobody is heard later than that */
#define CT_WAIT_NS        (60000 * CT_NS_PER_MS) /* nobody waits longer for what is soon done */
#define CT_OPEN_NS        (10000 * CT_NS_PER_MS) /* who is silent for longer may have left */
#define CT_EARLY_MAX      512
#define CT_EARLY_SLOTS    (8 * CT_EARLY_MAX) /* few keys share one */
#define CT_SYNCS_MAX      256
#define CT_ORPHANS_MAX    2048
#define CT_ORPHANS_PLACES (CT_ORPHANS_MAX + CT_ORPHANS_MAX / 2 + 16) /* others', one that enters */
#define CT_CALLS_MAX      16384
#define CT_CONNS_MAX      1024
#define CT_LINES_MAX      1024
#define CT_PREPARED_MAX   256
#define CT_STEPS_MAX      1024

struct ct_core {
	struct ct_core_options opts;
	struct ct_core_ops ops;
	void *ctx;
	struct ct_reorder *reorder;
	struct ct_actor_state *actors;
	struct ct_actor_state *spare_actors; /* list by next */
	struct ct_book *book; /* owned */
	struct ct_share *shares; /* owned, a uthash */
	size_t table_max[CT_SHARE_KINDS]; /* entries of the host's root */
	size_t others[CT_SHARE_KINDS]; /* entries that are not */
	uint32_t turn; /* number of the event that is being handled */
	struct ct_container *attended;
	struct ct_pending_call *calls;
	struct ct_pending_call *spare_calls; /* list by next */
	struct ct_early *early; /* owned list */
	uint16_t early_at[CT_EARLY_SLOTS]; /* how many are kept, by hash of their key */
	struct ct_line *lines;
	uint64_t holes; /* times that events were lost */
	size_t hijacked; /* lines that are */
	bool hears_reads; /* requests that only read are among the events */
	struct ct_conn *conns;
	bool asked; /* some event says which engine is asked: the recording is no old one */
	bool answering_early; /* what is handled was heard before */
	struct ct_orphan *orphans; /* CT_ORPHANS_PLACES */
	uint32_t orphan_keys[CT_ORPHANS_PLACES]; /* what each may belong to; 0: nothing is there */
	uint16_t orphan_spare[CT_ORPHANS_PLACES]; /* places that were taken, and are free again */
	size_t orphan_spares, orphan_used; /* how many of them; places that ever were taken */
	uint64_t orphan_seq; /* of the last */
	uint64_t call_rows[CT_CALL_MAX]; /* bit per row of the table of calls */
	uint64_t rule_rows[CT_FAMILY_MAX][CT_SIG_MAX]; /* bit per rule of the family */
	struct ct_opener *openers, *openers_ended, *openers_kept;
	struct ct_opens *opens; /* owned list, a run of a container each */
	struct ct_opens *opens_by_run; /* those of them whose container is known */
	struct ct_sync *syncs; /* by thread */
	uint64_t now; /* of the event that is being handled */
	uint64_t newest; /* of those fed, CLOCKs aside */
	uint64_t deadline;
	uint32_t run_seq;
	struct ct_waits *waits;
	uint64_t waits_kept_ns; /* when old ones were last forgotten */
	uint64_t begin_ns; /* from when on nothing is missed; 0: not known */
	uint64_t lost_ns; /* when something was lost, the last time */
	struct ct_core_counts counts;
};

/* What the tables are to those who share them. */
extern const struct ct_share_row ct_containers_row, ct_actors_row, ct_calls_row, ct_lines_row,
	ct_conns_row, ct_early_row, ct_prepared_row, ct_orphans_row, ct_syncs_row, ct_openers_row,
	ct_runs_row;

/* actor_table.c */
struct ct_actor_state *ct_actor_get(struct ct_core *core, uint32_t tgid);
/* Found or made; `payer` is in whose share it is, NULL: nobody knows. NULL: no room (counted). */
struct ct_actor_state *ct_actor_make(struct ct_core *core, uint32_t tgid,
				     const struct ct_scope *payer);
void ct_actor_drop(struct ct_core *core, struct ct_actor_state *a);
/* What an engine process was making, and nobody has given an id, goes with it. */
void ct_actor_drop_draft(struct ct_actor_state *a);
/* In whose share what it forks is; NULL: nobody knows. */
const struct ct_scope *ct_actor_payer(const struct ct_actor_state *up, struct ct_scope *room);
/* It has executed something, or was found with it: it may be in another share now. */
void ct_actor_pays(struct ct_core *core, struct ct_actor_state *a);
void ct_actor_is_first_of(struct ct_actor_state *a, struct ct_container *c);
void ct_actors_free(struct ct_core *core);
/* It works on this container from now on; NULL: on none. */
void ct_actor_works(struct ct_actor_state *a, struct ct_container *c);
/* Whoever works on one container works on the other from now on; NULL: on none. */
void ct_actors_move(struct ct_container *from, struct ct_container *to);

/* actors.c */
void ct_actors_fork(struct ct_core *core, const struct ct_event *e);
void ct_actors_exec(struct ct_core *core, const struct ct_event *e);
void ct_actors_exit(struct ct_core *core, const struct ct_event *e);
int ct_exit_code(int status);
void ct_actors_seed(struct ct_core *core, const struct ct_event *e);
bool ct_actor_serves(struct ct_core *core, const struct ct_actor_state *a);

/* app.c */
void ct_app(struct ct_core *core, const struct ct_event *e);

/* containers.c */
/* It has just been made. */
void ct_container_begin(struct ct_core *core, struct ct_container *c, struct ct_text ns);
/* The namespace that it is in has become known. */
void ct_container_namespace(struct ct_core *core, struct ct_container *c, struct ct_text ns);
/* Who runs it says that this is its first process, in the numbers of the host. */
void ct_container_first(struct ct_core *core, struct ct_container *c, uint32_t pid);
void ct_container_identity(struct ct_core *core, const struct ct_event *e);
/* Asks user space for it; a replay waits for the answer that is in the recording. */
void ct_container_look_up(struct ct_core *core, struct ct_container *c, uint32_t engine_pid,
			  struct ct_text bundle); /* empty: not known */
/*
 * A container that an engine process makes before its id is known: on no list, found through the
 * actors that work on it. It goes when it becomes one that is known, or with the process.
 */
struct ct_container *ct_draft_new(struct ct_core *core, const struct ct_family *family);
void ct_draft_free(struct ct_container *draft); /* NULL is fine */
void ct_draft_becomes(struct ct_core *core, struct ct_container *draft, struct ct_container *c);
void ct_container_new_run(struct ct_core *core, struct ct_container *c, enum ct_cause cause);
void ct_container_netns(struct ct_core *core, struct ct_container *c,
			const struct ct_actor_state *init);
uint64_t ct_args_hash(const char *image, const char *args);

/* openers.c: whose opened files are whose */
void ct_openers_born(struct ct_core *core, uint32_t tgid, bool instead);
void ct_openers_exec(struct ct_core *core, const struct ct_actor_state *a,
		     const struct ct_event *e);
void ct_openers_exit(struct ct_core *core, struct ct_actor_state *a, uint64_t now_ns);
void ct_openers_watched(struct ct_core *core, const struct ct_event *e, struct ct_text why);
void ct_openers_opens(struct ct_core *core, const struct ct_event *e);
void ct_openers_learn(struct ct_core *core, const struct ct_container *c);
void ct_openers_tell(struct ct_core *core);
void ct_openers_free(struct ct_core *core);

/* cri.c: pods */
/* A network plugin is executed for a pod, or for a container. */
void ct_plugin(struct ct_core *core, const struct ct_event *e);

/* rules.c: what a signal sets, by the rows of the container's family. */
bool ct_run_any(const struct ct_run *run, const enum ct_mark *marks);
uint64_t ct_run_first(const struct ct_run *run, const enum ct_mark *marks);
void ct_rules_index(struct ct_core *core);
/* Whether any rule of its family is about such a signal. */
bool ct_hears(const struct ct_core *core, const struct ct_container *c, enum ct_signal signal);
void ct_signal(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
	       struct ct_text what, uint64_t ts_ns);
void ct_refused(struct ct_core *core, struct ct_container *c, enum ct_signal signal,
		struct ct_text verb, uint64_t asked_ns);
void ct_failed(struct ct_core *core, struct ct_container *c, struct ct_text message);
void ct_readied(struct ct_core *core, struct ct_container *c, enum ct_ready by, uint64_t ts_ns);
void ct_engine_exited(struct ct_core *core, uint32_t engine);

/* family_docker.c */
void ct_network_synced(struct ct_core *core, uint32_t engine, uint64_t ts_ns);

/* talk.c, calls.c, conns.c */
void ct_talk_send(struct ct_core *core, const struct ct_event *e);
void ct_calls_forget(struct ct_core *core, struct ct_container *c);
void ct_calls_free(struct ct_core *core);
void ct_early_free(struct ct_core *core);
void ct_prepared_free(struct ct_core *core);
void ct_conns_free(struct ct_core *core);
/* Something was lost: what connections refer to may be it. */
/* Of what was said by that socket, or by any (0), something was not heard. */
void ct_conns_hole(struct ct_core *core, uint64_t socket);
void ct_lines_free(struct ct_core *core);
/* Something that was said on a connection was not heard: sockets of its sides, 0: not known. */
void ct_lines_hole(struct ct_core *core, uint64_t socket, uint64_t peer);

/* steps.c: the steps of a run, and evidence that waits for its container */
int ct_step_add(struct ct_core *core, struct ct_container *c, const struct ct_step *step);
void ct_step_merge(struct ct_core *core, struct ct_container *c, const struct ct_step *step,
		   uint64_t gap_ns);
void ct_step_end(struct ct_core *core, struct ct_actor_state *a, uint64_t ts_ns, int status);
void ct_orphan_add(struct ct_core *core, const struct ct_scope *scope, enum ct_orphan_key by,
		   struct ct_text text, uint64_t netns, const struct ct_step *step);
void ct_steps_drop(struct ct_run *run); /* all of them */
void ct_orphans_adopt(struct ct_core *core, struct ct_container *c);
void ct_orphans_free(struct ct_core *core);

/* kills.c: whether a signal is one that is sent for something else than to end */
bool ct_signal_spares(uint64_t number);
enum ct_op ct_op_of_word(struct ct_text arg); /* args.c; CT_OP_NONE: it is no command word */
bool ct_signal_named_spares(struct ct_text signal); /* "HUP", "SIGHUP", "1" */
bool ct_kill_spares(const struct ct_text *args, size_t n); /* of a command with the word "kill" */

/* step_tree.c: which step hangs below which */
/* Of a process whose parent is `up`, NULL if that is no actor. */
void ct_actor_descends(struct ct_actor_state *a, const struct ct_actor_state *up);
/* Of a record. */
struct ct_steps_told {
	uint64_t begin_ns, end_ns;
	bool lost; /* forks may have been lost */
};
/*
 * Those that began within the record, in the order of their tree, owned by the caller; NULL: none,
 * or no memory.
 */
struct ct_step *ct_steps_tree(const struct ct_step *steps, size_t count,
			      const struct ct_steps_told *told, size_t *ret_count);

/* step_rules.c: which event is which step */
void ct_steps_index(struct ct_core *core);
/* The step that a program is, NULL if it is none. Static. */
const char *ct_program_name(const struct ct_actor_state *a, struct ct_text args);
void ct_steps_process(struct ct_core *core, struct ct_actor_state *a, const struct ct_event *e);
void ct_steps_rpc(struct ct_core *core, struct ct_container *c, uint8_t role, struct ct_text method,
		  uint64_t begin_ns, uint64_t end_ns, uint32_t pid, bool failed);
/* The same of a container that is not known yet. */
void ct_steps_rpc_orphan(struct ct_core *core, const struct ct_scope *speaker, struct ct_text id,
			 struct ct_text method, uint64_t begin_ns, uint64_t end_ns, uint32_t pid);
/* What a shim asks the agent in its virtual machine. */
void ct_steps_agent(struct ct_core *core, struct ct_container *c, struct ct_text method,
		    const struct ct_event *e);
void ct_steps_netlink(struct ct_core *core, const struct ct_event *e);
void ct_steps_cgroup(struct ct_core *core, const struct ct_event *e);
void ct_steps_sync(struct ct_core *core, const struct ct_container *c, struct ct_text id,
		   const struct ct_event *e);
void ct_syncs_free(struct ct_core *core);
void ct_steps_unlink(struct ct_core *core, struct ct_container *c, const struct ct_event *e);
void ct_steps_call(struct ct_core *core, const struct ct_event *e);
void ct_steps_init(struct ct_core *core, struct ct_actor_state *a, uint64_t exec_ns);
const char *ct_role_name(uint8_t role);

/* report.c */
void ct_report_start(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome);
void ct_report_stop(struct ct_core *core, struct ct_container *c, enum ct_outcome outcome);
bool ct_start_unasked(const struct ct_container *c);
/* It has been waited for a sign of being ready, nothing was lost meanwhile, and none came. */
bool ct_start_signless(const struct ct_core *core, const struct ct_container *c);
void ct_report_create(struct ct_core *core, struct ct_container *c);
void ct_report_remove(struct ct_core *core, struct ct_container *c);
void ct_report_failed_create(struct ct_core *core, const struct ct_pending_call *call,
			     const struct ct_event *e, struct ct_text message);

/* segments.c: fills segments, seen and missing of rec from marks; returns where they end. */
uint64_t ct_segments_build(struct ct_record *rec, const struct ct_span *spans, size_t count,
			   const uint64_t marks[CT_MARK_MAX], uint64_t cursor);
void ct_segments_clip(struct ct_record *rec, uint64_t begin_ns, uint64_t end_ns);
void ct_segments_fill(struct ct_record *rec, enum ct_phase phase, uint64_t begin_ns,
		      uint64_t end_ns);

/* attend.c: which containers are between two states, and when to look at them again. */
void ct_attend(struct ct_core *core, struct ct_container *c);
void ct_evaluate(struct ct_core *core, struct ct_container *c);
void ct_attend_due(struct ct_core *core); /* the deadline has come */
