/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Sends become requests and their answers, whatever protocol and connection they came on, command lines
 * words. What leaves this station are facts. It knows no container: whoever finds out which one a request
 * is about gives it a handle to remember.
 */
#pragma once

#include "core/base/house.h"
#include "core/hear/args.h"

#define CT_VERB_LEN      48
#define CT_EXEC_SYNC     "RuntimeService/ExecSync"
#define CT_APPLY         "Diff/Apply" /* containerd: to unpack a layer */
#define CT_CRI_NAMESPACE "k8s.io" /* containerd's, of Kubernetes (pkg/cri/constants) */

/* By which way something is said. */
enum ct_how {
	CT_HOW_API, /* HTTP: an engine is asked by its client */
	CT_HOW_ENGINE, /* gRPC: one engine is asked by another, or by its client */
	CT_HOW_TASK, /* TTRPC: a shim is asked by its engine */
	CT_HOW_SHIM, /* TTRPC, gRPC: a shim, or its messenger, tells its engine of an event */
	CT_HOW_AGENT, /* TTRPC, gRPC: a shim asks the agent in its virtual machine */
	CT_HOW_IMAGE, /* an engine is asked for an image, */
	CT_HOW_PART, /* gRPC: or to keep or unpack a part of one, by who fetches it himself, */
	CT_HOW_BUILD, /* or, HTTP, to build one */
	CT_HOW_MAX
};
enum ct_fact_kind {
	CT_FACT_ASKED,
	CT_FACT_ANSWERED,
	CT_FACT_REFUSED, /* or it failed */
	CT_FACT_PROGRESS, /* it is being done: one more line of its answer */
	CT_FACT_OVER, /* a request to an API waits no more, answered or not */
	CT_FACT_UNASKED, /* gRPC: answered with an id and no more; who asked was not heard */
	CT_FACT_MAX
};

/* What a request may make. */
enum ct_makes {
	CT_MAKES_NOTHING,
	CT_MAKES_KNOWN, /* it is of something that may not have been heard of */
	CT_MAKES_NEW
};

/* What was asked for, as far as it was heard. Texts are empty when not. */
struct ct_request {
	uint64_t ts_ns; /* no later than its answer, however late it was heard */
	uint32_t tgid; /* of who asked */
	struct ct_client client;
	bool mine; /* a descendant of coldtrace asked */
	char verb[CT_VERB_LEN], agent[CT_CLIENT_LEN]; /* pull: what its client calls itself */
	char name[128]; /* create: asked name */
	char image[256], runtime[64];
	char project[128], service[64]; /* create: of Docker Compose */
	bool auto_remove;
	char ns[80]; /* gRPC: containerd namespace */
	char pod_ns[64], pod_uid[64]; /* of a pod that is to run; its name is above */
	char sandbox[80]; /* id of the sandbox that a container is to be in */
	char lease[80]; /* for which what is stored is kept */
	uint8_t limit; /* ExecSync: enum ct_limit (cri.h) */
	uint32_t command; /* ExecSync: hash of it: two that are the same have the same */
};

struct ct_pending_call;
struct ct_progress;
struct ct_fact { /* valid while it is being told, and so is what it borrows */
	enum ct_fact_kind kind;
	enum ct_how how;
	const struct ct_event *e; /* what was heard, and from whom */
	const struct ct_scope *speaker; /* whose word it is; NULL: nobody's who is known */
	struct ct_text ns; /* containerd's namespace; empty: any */
	struct ct_text ids[2]; /* id, or what may be one; API: id, name or prefix of an id */
	uint32_t engine; /* API: that is asked, 0: not known */
	struct ct_text verb; /* empty: not known */
	uint64_t ts_ns; /* asked: when; else when it was answered */
	const struct ct_request *request; /* NULL: no part of it is kept yet */
	enum ct_makes makes;
	struct ct_text image, runtime; /* asked for something new */
	uint64_t prepared_ns; /* a snapshot was made for it before; 0: none was heard of */
	uint64_t signal; /* that is to be sent; 0: none, or the one of the image */
	bool booted; /* an agent: it can be asked only since its machine has booted */
	struct ct_text made; /* answered: id of what was made */
	struct ct_text message; /* refused: why */
	bool wants_image; /* refused: the engine has none of that name, and may be asked for it now */
	uint64_t value; /* number that the method answers with: a pid, an exit status */
	bool valued; /* it does; else it is 0, which is not sent */
	uint64_t exited_wall_ns; /* its first process did, CLOCK_REALTIME; 0: not said */
	bool awaits_id; /* a success of it answers with an id */
	bool timed_out; /* refused: it took longer than it may */
	const struct ct_progress *progress; /* of an image; NULL: nothing is said of it */
	/* gRPC, answered, on a connection older than the trace: its verb is a guess or empty (inferred.c) */
	bool unproved; /* who misses nothing unsets it */
	bool late; /* answered: that became known after it was asked */
	uint64_t about; /* handle of the container that the request is about; 0: none */
	struct ct_container *container; /* of the handle: set by life, for those to its right */
	struct ct_pending_call *call; /* of hear, NULL: not made yet */
	struct ct_early *early; /* of hear, and so is the stream */
	uint32_t stream;
};

struct ct_hear *ct_hear_new(void); /* NULL: no memory */
void ct_hear_free(struct ct_core *core);

/* A SEND; `speaker` is whose word it is, NULL: nobody's. */
void ct_hear_send(struct ct_core *core, const struct ct_event *e, const struct ct_scope *speaker);
/* Answers that say little are among the events: whoever is not heard to fail has succeeded. */
void ct_hear_short(struct ct_core *core);
/* A HOLE: something that was said by a socket was not heard, or may not have been. */
void ct_hear_hole(struct ct_core *core, const struct ct_event *e);
/* Events were lost: anything may have been said. */
void ct_hear_lost(struct ct_core *core);

/*
 * Whoever was told of a request says what it is about: its answer will be told with that handle. Its time
 * may become earlier, if its answer was heard before it. False: there is no room to wait for it (counted).
 */
bool ct_hear_about(struct ct_core *core, struct ct_fact *fact, uint64_t about);
/* The container is forgotten, and what waits for an answer about it. */
void ct_hear_forget(struct ct_core *core, uint64_t about);
/*
 * What a shim is asked follows from what the engine was asked: of the requests about that container
 * whose name was not heard the latest is that one. Returns when it was made; 0: there is none.
 */
uint64_t ct_hear_named(struct ct_core *core, uint64_t about, const char *verb);
/* What was answered was that, by what it led to: so is all that is asked on that path. */
void ct_hear_proved(struct ct_core *core, struct ct_fact *fact, const char *verb);
/* It was not. */
void ct_hear_refuted(struct ct_core *core, const struct ct_fact *fact, const char *verb);
/* One of this scope that waits for the id of what it makes, and is so: it is about that now; NULL: none. */
typedef bool ct_is_asked_fn(struct ct_core *core, const struct ct_request *asked, const void *ctx);
const struct ct_request *ct_hear_made(struct ct_core *core, const struct ct_scope *speaker,
				      ct_is_asked_fn *is, const void *ctx, uint64_t about);

/* What waits and names that id is about it, which was not known. Returns one whose name was heard, or NULL. */
const struct ct_request *ct_hear_spoken(struct ct_core *core, const struct ct_scope *speaker,
					struct ct_text id, uint64_t about);

/* Adds what engines were asked and nobody understood, as far as it may hide something. */
void ct_hear_unheard(const struct ct_core *core, struct ct_unheard *to);

/* A file of an engine: "directory/file", of which the directory is named by an id. */
void ct_hear_file(const struct ct_event *e, struct ct_text *ret_dir, struct ct_text *ret_file);
/* What another file of that directory is called by now; empty: it does not say. */
struct ct_text ct_hear_renamed(const struct ct_event *e);
/* Whether a request to Docker's API may leave its container in another state. */
bool ct_request_changes(struct ct_text verb);

extern const struct ct_share_row ct_calls_row, ct_lines_row, ct_conns_row, ct_early_row,
	ct_prepared_row;
