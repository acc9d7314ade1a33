/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the core says: one record per finished start, stop, restart, create or removal of a
 * container, step of a build, start or stop of a pod or a project. Statistics and sinks see records and nothing before them.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "ct_event.h"
#include "ct_host.h"

/*
 * What has a life that is told: all of it has identity, phases, steps, a critical path. Columns:
 * symbol, name, what it is.
 */
#define CT_SUBJECTS(X) \
	X(CONTAINER, "container", "a container, or the sandbox of a pod") \
	X(POD, "pod", "a pod of Kubernetes: its sandbox and its containers") \
	X(IMAGE, "image", "an image that an engine was asked to fetch") \
	X(PROJECT, "project", "a project of Docker Compose: its containers") \
	X(GROUP, "group", "containers that start one after another, as the user names them")

enum ct_subject {
#define X(symbol, name, doc) CT_SUBJECT_##symbol,
	CT_SUBJECTS(X)
#undef X
	CT_SUBJECT_MAX
};

/*
 * Columns: symbol, name, what it is. The order is the order of life. The last two are not phases
 * of the engine but complete the tiling, of any subject: time in which nothing was asked of it, and
 * time between two marks of which the one in the middle was not seen.
 */
#define CT_CONTAINER_PHASES(X) \
	X(PULL, "pull", "the image is fetched and unpacked") \
	X(CREATE, "create", "the create request until its answer") \
	X(ATTACH, "attach", "the attach request until its answer") \
	X(CONNECT, "connect", "the start request until the network endpoint is joined") \
	X(START, "start", "from there until the start request is answered: shim, runtime, init") \
	X(READY, "ready", "from there until the service listens, is connected to, or writes") \
	X(RUN, "run", "the service serves") \
	X(STOP, "stop", "the stop request until the first process of the container has exited") \
	X(DIE, "die", "from there until the engine knows and the task is deleted") \
	X(DISCONNECT, "disconnect", "from there until the network endpoint is gone") \
	X(DESTROY, "destroy", "root file system unmounted, state saved, all removed if asked") \
	X(CLIENT, "client", "the engine waits for its client's next request") \
	X(UNKNOWN, "unknown", "between two marks, the one between them was not seen")

/* Those of a pod. */
#define CT_POD_PHASES(X) \
	X(SANDBOX, "sandbox", "the pod's sandbox and its network are made, or taken away") \
	X(INIT, "init", "containers that must end before the next is asked for") \
	X(CONTAINERS, "containers", "the others: until each is ready, or has stopped") \
	X(BACKOFF, "backoff", "what has failed is not tried again yet")

/* Those of a pull; where its layers overlap, that of the one which the others wait for. */
#define CT_IMAGE_PHASES(X) \
	X(RESOLVE, "resolve", "the registry is asked what the image consists of") \
	X(DOWNLOAD, "download", "a layer is fetched, and nothing else holds up the pull") \
	X(UNPACK, "unpack", "a layer is unpacked, and the next one after it") \
	X(REGISTER, "register", "from the last layer until the engine has answered")

/* That of a group; what else its path consists of are RUN, and CLIENT between two members. */
#define CT_GROUP_PHASES(X) X(COLD, "cold", "a member starts, and the others wait for it")

/* Of a pod, too: its kubelet's part of it. */
#define CT_KUBELET_PHASES(X) \
	X(VOLUMES, "volumes", "a volume is mounted for it") \
	X(KUBELET, "kubelet", \
	  "waits for the kubelet: it has asked for nothing, and nothing is under way")

#define CT_PHASES(X) \
	CT_CONTAINER_PHASES(X) \
	CT_POD_PHASES(X) \
	CT_IMAGE_PHASES(X) \
	CT_GROUP_PHASES(X) \
	CT_KUBELET_PHASES(X)

enum ct_phase {
#define X(symbol, name, doc) CT_PHASE_##symbol,
	CT_PHASES(X)
#undef X
	CT_PHASE_MAX
};

/* Columns: symbol, name, whose, what it is called beside others, what it tells. */
#define CT_RECORDS(X) \
	X(START, "start", CONTAINER, "container start", \
	  "a container was started: create to ready") \
	X(STOP, "stop", CONTAINER, "container stop", "a container stopped: stop to destroy") \
	X(RESTART, "restart", CONTAINER, "container restart", \
	  "a service ended and its successor is ready") \
	X(CREATE, "create", CONTAINER, "container create", \
	  "a container was created and not started") \
	X(REMOVE, "remove", CONTAINER, "container remove", \
	  "a container that had stopped before was removed") \
	X(POD_START, "pod-start", POD, "pod start", \
	  "a pod was started: what is first done for it until all containers are ready") \
	X(POD_STOP, "pod-stop", POD, "pod stop", \
	  "a pod stopped: first container asked to stop until its network is gone") \
	X(PULL, "pull", IMAGE, "image pull", "an image was fetched: request until its answer") \
	X(BUILD, "build", CONTAINER, "build step", \
	  "a step of a build was run in a container of its own: start to removal") \
	X(PROJECT_START, "project-start", PROJECT, "project start", \
	  "a project was started: first container asked for until all are ready") \
	X(PROJECT_STOP, "project-stop", PROJECT, "project stop", \
	  "a project stopped: first container asked to stop until none is left") \
	X(GROUP, "group", GROUP, "group", \
	  "containers were started one after another: first request until the last is ready, or has ended")

enum ct_record_type {
#define X(symbol, name, subject, title, doc) CT_RECORD_##symbol,
	CT_RECORDS(X)
#undef X
	CT_RECORD_MAX
};

/* Columns: symbol, name. */
#define CT_OUTCOMES(X) \
	X(OK, "ok") \
	X(FAILED, "failed") \
	X(CUT, "cut")

/* CUT: tracing ended, or evidence was lost, before the record was complete. */
enum ct_outcome {
#define X(symbol, name) CT_OUTCOME_##symbol,
	CT_OUTCOMES(X)
#undef X
	CT_OUTCOME_MAX
};

/*
 * How a start or a stop was asked for; the last seven are of stops, and of what Kubernetes starts again. PROBE: the kubelet
 * had it stopped because a probe had failed, or Podman because a health check had; OOM: the kernel killed what had used up
 * its cgroup's memory; ENGINE: its engine had it stopped of its own accord. Columns: symbol, name.
 */
#define CT_CAUSES(X) \
	X(REQUEST, "request") \
	X(RESTART_REQUEST, "restart-request") \
	X(POLICY, "restart-policy") \
	X(STOP_REQUEST, "stop-request") \
	X(KILL_REQUEST, "kill-request") \
	X(REMOVE_REQUEST, "remove-request") \
	X(EXIT, "exit") \
	X(PROBE, "probe") \
	X(OOM, "oom-kill") \
	X(ENGINE, "engine")

enum ct_cause {
#define X(symbol, name) CT_CAUSE_##symbol,
	CT_CAUSES(X)
#undef X
	CT_CAUSE_MAX
};

/* What showed that a service is ready. Columns: symbol, name, what the kernel saw. */
#define CT_READIES(X) \
	X(LISTEN, "listen", "a process of the container listens on a TCP port") \
	X(ACCEPT, "accept", "the first TCP connection to it is established") \
	X(OUTPUT, "output", "a process of the container writes to its stdout or stderr") \
	X(EXEC, "exec", "the container's program is executed") \
	X(PATH, "path", "a process of the container opens a file that matches") \
	X(PROBE, "probe", "Kubernetes: a command that the kubelet probes it with has succeeded")

enum ct_ready {
#define X(symbol, name, doc) CT_READY_##symbol,
	CT_READIES(X)
#undef X
	CT_READY_MAX
};

/*
 * What a thread did with its time. Columns: symbol, key in formats for programs, letter in drawings,
 * name, what it is. LOCK, PEER, CHILD and OTHER
 * come with a word that says which.
 */
#define CT_REASONS(X) \
	X(CPU, "cpu", 'c', "on CPU", "it ran") \
	X(RUNQUEUE, "runqueue", 'q', "runqueue", "it could have run, and had no CPU") \
	X(THROTTLED, "throttled", 't', "throttled", "the quota of its cgroup was used up") \
	X(DISK, "disk", 'd', "disk", "a read from a disk, or room to write") \
	X(SYNC, "disk_sync", 's', "disk sync", "fsync, or the journal of the file system") \
	X(FAULT, "page_fault", 'f', "page fault", "a page that was not in memory") \
	X(MEMORY, "memory", 'm', "memory", "the kernel had to reclaim memory first") \
	X(LOCK, "lock", 'l', "lock", "a lock of the kernel or of the program") \
	X(RCU, "rcu", 'r', "rcu", "an RCU grace period") \
	X(NETWORK, "network", 'n', "network", "data from a network") \
	X(CHILD, "child", 'h', "child", "a process that it started") \
	X(PEER, "peer", 'p', "peer", "another process that was to answer") \
	X(SLEEP, "sleep", 'z', "sleep", "a timer") \
	X(OTHER, "other", 'o', "other", "something else in the kernel") \
	X(UNKNOWN, "unexplained", '?', "unexplained", "nothing is known about that time")

enum ct_reason {
#define X(symbol, key, letter, name, doc) CT_REASON_##symbol,
	CT_REASONS(X)
#undef X
	CT_REASON_MAX
};

#define CT_NO_EXIT_CODE (-1)

/* Whose a container is when it is not the host's root's: names of such are invented by anybody. */
struct ct_owner {
	bool other; /* than the host's root; else nothing else is set */
	bool inside; /* what runs it runs in a container */
	uint32_t pid; /* first process of that container, 0: not known */
	uint32_t uid; /* of who decides what runs it, as the host numbers users */
	char id[80], name[128]; /* of that container, empty if not known */
};

#define CT_CLIENT_UP 15

/* A process that has asked for something, and who forked it, and that one, and so on; 0: not known, or nobody. */
struct ct_client {
	uint32_t pid, up[CT_CLIENT_UP];
};

/* Labels by which Docker Compose finds what is its own (compose: pkg/api/labels.go, 1.29: const.py). */
#define CT_COMPOSE_PROJECT "com.docker.compose.project"
#define CT_COMPOSE_SERVICE "com.docker.compose.service"

/*
 * Who a subject is. Strings are empty when not known, never NULL. They are what a container chose:
 * escape them. Of a pod, id is its uid, name its name; it has no image and no container's name. Of a
 * project both are its name. Of an image that is fetched, name and image are what was asked for; it has
 * no runtime. Of a group, id is that of its first member.
 */
struct ct_identity {
	char id[80]; /* containerd allows 76 characters */
	char name[128];
	char image[256];
	char runtime[64]; /* as the user named it */
	char engine[32]; /* docker, containerd, ... */
	char ns[80]; /* containerd's namespace: an id is one container's within it */
	char pod[256]; /* Kubernetes: name of its pod, empty when it is of none */
	char pod_ns[64]; /* namespace of the pod */
	char pod_uid[64];
	char pod_container[64]; /* its name within the pod; empty: it is the pod's sandbox */
	char project[128]; /* Docker Compose: name of its project, empty when it is of none */
	char service[64]; /* which of the project's services it is one of */
	uint32_t init_pid;
	uint32_t engine_pid;
	struct ct_owner owner;
	struct ct_client client; /* who asked for it: zeros if not known */
	bool mine; /* asked for by a descendant of coldtrace: CT_F_MINE */
	uint64_t args_hash; /* of image and arguments: two containers that do the same */
};

/* A stretch of the record's time. Segments of a record are in order and tile [begin, end]. */
struct ct_segment {
	enum ct_phase phase;
	uint64_t begin_ns;
	uint64_t end_ns;
};

#define CT_SEGMENTS_MAX 64

/* What a step is the time of. */
enum ct_step_kind {
	CT_STEP_REQUEST, /* what a process was asked for */
	CT_STEP_CALLS, /* its system calls: they start no other process's steps */
	CT_STEP_PROGRAM /* what it executed, until it executes another or exits */
};

#define CT_STEP_UP 7

/*
 * A step: times are absolute. Steps are in the order of their tree: each before those that hang
 * below it, which lie within it in time; those side by side in order of begin (step_tree.c).
 */
struct ct_step {
	const char *name; /* a row of the table of steps, static */
	const char *actor; /* name of the role of who did it, static */
	enum ct_phase phase;
	uint64_t begin_ns;
	uint64_t end_ns;
	uint32_t pid;
	uint32_t count; /* calls that it stands for */
	uint16_t parent; /* the step that it hangs below, counted from 1; 0: none */
	uint16_t starter; /* of another process, which started its own, counted so; may end first */
	uint8_t depth; /* how many it is below */
	uint8_t kind; /* enum ct_step_kind */
	bool open; /* its end was not seen */
	bool begin_late, end_late; /* it was so no later than then */
	uint32_t up[CT_STEP_UP]; /* who forked its process, who forked that, ...; 0: not known */
	char detail[64];
};

/* How a step's wall time divides: the sum is end_ns - begin_ns. */
struct ct_why {
	uint64_t ns[CT_REASON_MAX];
};

/*
 * A stretch of the critical path: what the record waited for at that time, and nothing else did it
 * wait for. Pieces are in order and tile [begin, end] of the record.
 */
struct ct_piece {
	uint64_t begin_ns;
	uint64_t end_ns;
	enum ct_phase phase;
	enum ct_reason reason;
	const char *step; /* static, "" if the actor was in none */
	uint32_t pid; /* 0: nobody that is known */
	uint32_t tid; /* the last of its threads */
	char actor[24]; /* name of its program; PEER: of who waits */
	char what[40]; /* which lock, peer or function, which file; may be empty */
};

/*
 * By what a time of a layer is known; none: it is not, or it is a bound and nothing better. Columns: symbol,
 * name, what it is.
 */
#define CT_LAYER_PROOFS(X) \
	X(NONE, "none", "nothing has said so") \
	X(LINE, "line", "the engine has said so to who asked for the image") \
	X(FILE, "file", "a file of the engine's was synced, or has got another name") \
	X(PROCESS, "process", \
	  "the program that inflates or unpacks it was executed, or has ended") \
	X(REQUEST, "request", "the engine was asked for it, or has answered") \
	X(DATABASE, "database", "the engine has written down when it was") \
	X(BOUND, "bound", "no later than that: it follows from what came next") \
	X(SOCKET, "socket", "the connection that it came by was asked for, or has ended")

enum ct_layer_proof {
#define X(symbol, name, doc) CT_PROVED_##symbol,
	CT_LAYER_PROOFS(X)
#undef X
	CT_PROVED_MAX
};

/* The other side of a connection of TCP. */
struct ct_peer {
	uint8_t address[16]; /* as it goes over the wire; of IPv4 the first 4, then zeros */
	bool v6;
	uint16_t port;
	uint8_t named; /* enum ct_named: by what the host is known */
	char host
		[CT_HOST_LEN]; /* that was asked for there, without the port where that is its own; empty: not known */
};

/* Whatever was asked for there. */
static inline bool ct_same_place(const struct ct_peer *a, const struct ct_peer *b)
{
	return a->port == b->port && a->v6 == b->v6 &&
	       !memcmp(a->address, b->address, sizeof(a->address));
}

/* A connection that an engine has asked for (enum ct_linked of ct_event.h). Instants; 0: not, or not known. */
struct ct_link {
	struct ct_peer peer;
	bool failed; /* it was never made */
	uint64_t asked_ns, made_ns, end_ns;
	uint64_t received; /* bytes, until its end */
	uint32_t rtt_us; /* as the kernel smooths it; 0: not known */
	uint32_t resent, disordered; /* segments */
};

#define CT_LINKED_PEERS 8

/* By how many connections an image was fetched from one other side, asked for by one name. */
struct ct_linked_peer {
	struct ct_peer peer;
	size_t asked, failed;
	size_t open; /* they went on: what has come by them is not known */
	uint64_t connect_ns, rtt_us; /* medians; 0: not known */
	uint64_t
		nearest_ns; /* the shortest round trip of any of them, to connect or later; 0: not known */
	uint64_t received; /* bytes, by those that have ended */
	uint64_t resent, disordered; /* segments, likewise */
};

/* A process that works on a layer; pid 0: nobody is known to. */
struct ct_worker {
	uint32_t pid;
	char name[20]; /* of its program */
};

/* How much of a layer had come when: of what its engine has said of that so many, spread over all of its time. */
#define CT_CAME_MAX 12
struct ct_came {
	uint64_t ns, bytes;
};

/* What became of a layer of an image. Times are 0 where nothing was said of them. */
struct ct_layer {
	char id[80]; /* the first digits of its digest */
	char digest[80]; /* all of it, empty if not known */
	char type[80]; /* as the manifest says, empty if not known */
	uint8_t first_by, fetched_by, unpacking_by, unpacked_by; /* enum ct_layer_proof */
	bool there; /* already; nothing was done for it */
	bool stored; /* its bytes were there already; it was unpacked */
	bool shared; /* another pull has fetched it at that time: its bytes are that one's */
	bool waited; /* for others to be fetched first */
	bool by_order; /* others have its size, and which of them it was follows from their order alone */
	uint8_t came_count;
	unsigned came_said, came_each; /* so often it was said, and one of so many was kept */
	struct ct_came came[CT_CAME_MAX]; /* while it was fetched */
	unsigned retries;
	unsigned retry_s; /* until the next one, as was last said; 0: it is fetched */
	uint64_t size; /* bytes as stored, 0: not said */
	uint64_t files; /* bytes that it takes unpacked, 0: not known */
	uint64_t known_ns;
	uint64_t first_ns; /* it is being fetched: no later than then */
	uint64_t fetched_ns;
	bool bounded; /* that was not said: it was there no later than then */
	uint64_t turn_ns; /* it was its turn to be unpacked, 0: not known */
	uint64_t unpacking_ns; /* it is being unpacked: no later than then */
	uint64_t unpacked_ns;
	uint64_t
		registered_ns; /* its engine has said that it is done, behind that; 0: not told apart */
	struct ct_worker
		unpacker; /* that has unpacked it: a program of its engine's, or that itself */
	struct ct_worker inflater; /* that has inflated it for the other */
	struct ct_link link; /* that it alone came by; asked_ns is 0: not known */
};

/*
 * By what it is known what the client is called that asked for an image. Columns: symbol, name, what it is.
 */
#define CT_CLIENTS(X) \
	X(NONE, "", "nothing has said so") \
	X(AGENT, "agent", "it calls itself so in its request") \
	X(COMMAND, "command", "it is that command, and fetches the image by itself") \
	X(POD, "pod", "it asks in the name of a pod, as a kubelet does") \
	X(PROGRAM, "program", "the kernel calls its program so")

enum ct_client_by {
#define X(symbol, name, doc) CT_CLIENT_##symbol,
	CT_CLIENTS(X)
#undef X
	CT_CLIENT_MAX
};

#define CT_CLIENT_LEN 32

/* What a pull brought. */
struct ct_fetched {
	char registry[128]; /* that the image's name names: ct_image_registry() */
	char digest[80]; /* of the manifest, empty if not known */
	bool up_to_date; /* all of it was there */
	bool interrupted; /* who asked has left before it was there */
	uint32_t client; /* process that asked, 0: not known */
	char client_name[CT_CLIENT_LEN]; /* what that is called, empty if not known */
	uint8_t client_by; /* enum ct_client_by */
	bool for_container; /* it wanted a container of it, and had to fetch it first */
	char container[128]; /* as that is to be called, empty if nobody has said so */
	uint64_t resolved_ns; /* of what it consists was known no later, 0: see its layers */
	struct ct_linked_peer peers[CT_LINKED_PEERS]; /* in the order in which they were asked */
	size_t peer_count, peers_beyond;
	bool links_shared; /* its engine fetched something else meanwhile: they may be for that */
	size_t layer_count;
	struct ct_layer layers[]; /* in the order of the manifest */
};

/* The next one may be unpacked. */
static inline uint64_t ct_layer_done(const struct ct_layer *layer)
{
	return layer->registered_ns ? layer->registered_ns : layer->unpacked_ns;
}

#define CT_LABELS_LEN 512 /* of all pairs, with their NULs */

/* What the user calls what is recorded, as "key NUL value NUL" pairs: empty if nothing. */
struct ct_labels {
	size_t len;
	char pairs[CT_LABELS_LEN];
};

/* Of a key; NULL: there is none. Borrowed. */
const char *ct_label(const struct ct_labels *labels, const char *key);

/* A command that is executed in a container again and again, and what came of it. Times are instants. */
struct ct_probed {
	uint32_t count, failed;
	uint32_t unheard; /* neither: its answer says nothing of it, or was not heard to its end */
	const char *container; /* borrowed: its name in the pod */
	bool failing; /* the last one has failed */
	uint64_t first_ns; /* it was first asked for */
	uint64_t ok_ns; /* it first succeeded, 0: it never did */
	uint64_t last_ns; /* the last one was answered */
	uint64_t min_ns, max_ns, sum_ns; /* how long they took, request until answer */
};

#define CT_PROBES_MAX 4 /* the kubelet has one for each of startup, readiness and liveness */

/* A member of a group, once. Times are instants. */
struct ct_grouped {
	char id[80], name[128], image[256];
	uint64_t begin_ns, ready_ns;
	uint64_t exit_ns; /* 0: it goes on, or was told to stop */
	int64_t gap_ns; /* since the one before it ended, or was ready if it did not; below 0: they overlap */
	uint64_t cold_ns, run_ns; /* of the group's path */
};

#define CT_GROUP_MEMBERS 16

/* Of a group that nobody has named: how sure that is. */
struct ct_found {
	size_t time; /* the manieth of them this one is, from 1 */
	size_t times; /* that it was gone through */
	size_t begun; /* that its first member was started, whatever followed */
	double variation; /* of how long they took: standard deviation by mean */
};

/* What the user calls a group: "a,b,c" are patterns of names or images of its members, in order. */
struct ct_group_named {
	const char *name; /* borrowed; it is the globs if name_len is 0 */
	size_t name_len;
	const char *globs; /* borrowed */
};

struct ct_record {
	enum ct_record_type type;
	enum ct_outcome outcome;
	enum ct_cause cause;
	const struct ct_identity *who; /* borrowed */
	const char *node; /* borrowed: where it happened; empty if not known, never NULL */
	const struct ct_labels *labels; /* borrowed; NULL: none */
	uint32_t run; /* in which run of a program it began, from 1; 0: there are no runs */
	bool first; /* of its container: nothing was told of that before */
	uint64_t begin_ns; /* CLOCK_MONOTONIC */
	uint64_t end_ns;
	struct ct_segment segments[CT_SEGMENTS_MAX];
	size_t segment_count;
	uint32_t seen; /* bit per phase: it has a segment, however short */
	uint32_t missing; /* bit per phase: it happened, its begin or end was not seen */
	int exit_code; /* CT_NO_EXIT_CODE if none */
	bool removed;
	int ready; /* enum ct_ready, -1 if not seen */
	uint64_t ready_ns;
	uint64_t run_ns; /* STOP: from the end of the start to its begin, 0 if not seen */
	uint64_t service_end_ns; /* exit of the first process; RESTART: of the predecessor */
	/* FAILED */
	enum ct_phase failed_phase;
	const char *failed_step; /* static, NULL if none was open */
	const char *message; /* borrowed, what the engine answered, may be empty */
	const struct ct_fetched *fetched; /* PULL: borrowed, NULL otherwise */
	const struct ct_probed *probes; /* borrowed */
	size_t probe_count;
	const struct ct_grouped *members; /* GROUP: borrowed, in the order of their requests */
	size_t member_count;
	const struct ct_found *found; /* GROUP: borrowed; NULL: the user has named it */
	/* RESTART */
	const struct ct_identity *predecessor; /* borrowed, NULL otherwise */
	uint64_t told_until_ns, told_from_ns; /* its stop, and its start, tell what is beyond */
	const struct ct_step *steps; /* borrowed */
	size_t step_count;
	/* Only with waits */
	const struct ct_why *why; /* borrowed, NULL or one per step */
	const struct ct_piece *path; /* borrowed, NULL if waits were not traced */
	size_t piece_count;
};

/*
 * The registry that an image's name names, as engines read it (distribution/reference): what is before the
 * first slash, if it looks like a host, else Docker's.
 */
void ct_image_registry(const char *image, char *ret, size_t room);

/* Sums of its path by reason, of one phase, or of all with CT_PHASE_MAX. */
struct ct_why ct_record_why(const struct ct_record *rec, enum ct_phase phase);

/*
 * The pieces of its path that no other record has: all, but for a restart those between the end of its
 * stop and the begin of its start.
 */
const struct ct_piece *ct_record_own_path(const struct ct_record *rec, size_t *ret_count);

/* Sum of the record's segments of one phase, ns. */
uint64_t ct_record_phase_ns(const struct ct_record *rec, enum ct_phase phase);

extern const char *const ct_phase_names[CT_PHASE_MAX];
extern const char *const ct_reason_names[CT_REASON_MAX];
extern const char *const ct_reason_keys[CT_REASON_MAX];
extern const char ct_reason_letters[CT_REASON_MAX];
extern const char *const ct_record_names[CT_RECORD_MAX];
extern const char *const ct_record_titles[CT_RECORD_MAX];
extern const enum ct_subject ct_record_subjects[CT_RECORD_MAX];
extern const char *const ct_subject_names[CT_SUBJECT_MAX];
extern const char *const ct_outcome_names[];
extern const char *const ct_cause_names[];
extern const char *const ct_ready_names[CT_READY_MAX];
extern const char *const ct_layer_proof_names[CT_PROVED_MAX];
extern const char *const ct_client_by_names[CT_CLIENT_MAX];
extern const char *const ct_named_names[CT_NAMED_MAX];
