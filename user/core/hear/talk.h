/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this station share: requests that wait, connections, and who reads which protocol. */
#pragma once

#include "core/hear/conns.h"
#include "core/hear/wire_pull.h"
#include "core/hear/cri.h"
#include "util/mem.h"

struct ct_pending_call {
	struct ct_held held;
	struct ct_call_key key; /* HTTP: the stream is its number on its line */
	struct ct_request asked;
	uint64_t about; /* handle of the container, 0: a create, or not known */
	struct ct_pending_call *prev, *next; /* of those about something, by about_list() */
	const struct ct_method *method; /* gRPC: of the verb, static; NULL: not one of interest */
	bool named; /* gRPC: its headers were heard; else the verb is a guess, or empty */
	bool headed; /* gRPC: its answer has begun */
	int32_t in_send; /* gRPC: and was in a send of so many bytes, */
	uint32_t head_len; /* of which those were its header block */
	bool body; /* gRPC: the beginning of its message was heard */
	bool agent; /* gRPC: the agent in a virtual machine is asked */
	bool provable; /* gRPC: nobody has heard its path, but it has a key */
	bool crowded; /* gRPC: another waited at once that may have led to the same */
	struct ct_path_key path;
	enum ct_cri_shape shape; /* gRPC: of its message, where it has no name */
	char of[80]; /* gRPC: id that it names, of nobody who is known; else empty */
	bool event; /* a shim tells of an event */
	struct ct_line *line; /* HTTP: borrowed; NULL: another protocol's */
	struct ct_pending_call *line_prev, *line_next; /* list of those on the line */
	uint64_t holes; /* HTTP: how many there had been when it was asked */
	bool doubted; /* HTTP: its answer may have been passed over */
	bool patched; /* HTTP: before it something was not heard */
	bool unheard; /* it may be a part of an upload that was not heard */
	bool crossed; /* HTTP: so the one just before it may have been its answer, or another's */
	bool suspected; /* HTTP: that may have been another request, still to be answered */
	bool makes; /* HTTP: something else than a container */
	bool streams, puts; /* HTTP: no request follows it; all of it is read if it succeeds */
	bool pulls, part, builds; /* for an image; gRPC: a part of one; HTTP: to build one */
	bool answering; /* HTTP: its answer has begun, and is a stream of lines */
	UT_hash_handle hh;
};

#define CT_EARLY_MAX    512
#define CT_EARLY_SLOTS  (8 * CT_EARLY_MAX) /* few keys share one */
#define CT_CALLS_MAX    16384
#define CT_PREPARED_MAX 256
#define CT_ABOUT_LISTS  1024 /* a power of two */
struct ct_hear {
	struct ct_pending_call *calls; /* owned */
	struct ct_pending_call *spare_calls; /* owned, list by next */
	struct ct_pending_call *about[CT_ABOUT_LISTS]; /* of those about something, by its handle */
	struct ct_early *early, *spare_early; /* owned lists */
	uint16_t early_at[CT_EARLY_SLOTS]; /* how many are kept, by hash of their key */
	struct ct_over over[CT_OVER_SLOTS]; /* by hash */
	struct ct_line *lines; /* owned */
	struct ct_conn *conns; /* owned */
	struct ct_ancestry *above; /* owned, a uthash: above.c */
	struct ct_unheard gone; /* of connections that are forgotten */
	uint64_t holes; /* times that events were lost */
	size_t hijacked; /* lines that are */
	uint64_t hijacked_like; /* bits: how their sockets end */
	bool hears_short; /* answers that say little are among the events */
	bool hears_reads; /* requests that only read are among the events */
	bool answering_early; /* what is handled was heard before */
};

/* calls.c. A call is owned by the station: found by the client's socket, dropped when answered. */
struct ct_pending_call *ct_call_find(struct ct_core *core, struct ct_call_key key);
/* Replaces what was pending there: the answer to it was not seen. NULL: no memory, counted. */
struct ct_pending_call *ct_call_make(struct ct_core *core, const struct ct_sent *sent,
				     const struct ct_call_key *key, struct ct_text verb);
void ct_call_drop(struct ct_core *core, struct ct_pending_call *call);
void ct_call_named(struct ct_pending_call *call, const char *verb); /* gRPC; "": nobody knows */
/* Whether no other waits, or waited when one was proved, that may be that too, about the same. */
bool ct_call_alone(struct ct_core *core, struct ct_pending_call *call,
		   const struct ct_method *method);
/* Of what it is, by a handle; 0: of nothing. */
void ct_call_is_about(struct ct_core *core, struct ct_pending_call *call, uint64_t about);
/* HTTP: by which way it asks. */
enum ct_how ct_call_how(const struct ct_pending_call *call);
bool ct_call_matters(const struct ct_core *core, const struct ct_pending_call *call);
/* Whether that may be the answer to it, by its status. */
bool ct_call_fits(const struct ct_pending_call *call, int status);
void ct_call_of(struct ct_pending_call *call, struct ct_text id); /* names it, if known later */
/* Tells of a request; then gives it the answer that came before it, if there is one. */
void ct_call_told(struct ct_core *core, struct ct_fact *fact);

/*
 * talk_ttrpc.c: the topic of an event, and containerd's Any with it. False: it is about nothing that a
 * container is, or about a process executed in one.
 */
bool ct_shim_event(struct ct_fact *fact, struct ct_text topic, struct ct_text any);

/* talk_agent.c: gRPC with the agent in a virtual machine. False: that is no request to one. */
bool ct_agent_headers(struct ct_core *core, const struct ct_sent *sent, uint32_t stream,
		      const char *path);
void ct_agent_asked(struct ct_core *core, const struct ct_sent *sent, struct ct_pending_call *call,
		    struct ct_text data);

/*
 * inferred.c: methods of connections that are older than the trace. What a request was follows from
 * what it led to; from then on all of the same path are known.
 */
#define CT_PATHS_MAX 64 /* of a connection; both engines have fewer methods */

/* Its path has that key; `engine` is asked. */
void ct_path_asked(struct ct_core *core, struct ct_pending_call *call,
		   const struct ct_path_key *key, uint32_t engine);
/* Its message has come: of what it may be, and what it says then. */
void ct_path_message(struct ct_core *core, struct ct_pending_call *call, struct ct_text data);
/* Whether it is found to have a name by now, which it had not when it was asked. */
bool ct_path_settles(struct ct_core *core, struct ct_pending_call *call);
/* False: it is still to be answered, or was answered with nothing that proves anything. */
bool ct_path_answered(struct ct_core *core, struct ct_pending_call *call,
		      const struct ct_h2_frame *frame);
/* Whether it may be a request for that: nothing that is known of it says no. */
bool ct_path_may_be(struct ct_core *core, const struct ct_pending_call *call,
		    const struct ct_method *method);
void ct_path_proved(struct ct_core *core, struct ct_pending_call *call,
		    const struct ct_method *method);
/* It was answered, and nothing says what it was: it named a container that is known, or nothing. */
void ct_path_unproved(struct ct_core *core, struct ct_pending_call *call,
		      const struct ct_fact *fact, bool refused);

/* talk_grpc.c; NULL: none of interest. */
const struct ct_method *ct_method_of(const char *name);
const struct ct_method *ct_method_shaped(enum ct_cri_shape shape); /* the only one that is so */
const char *ct_method_name(const struct ct_method *method);
bool ct_method_has(const struct ct_method *method, enum ct_cri_shape shape);
bool ct_method_provable(const struct ct_method *method); /* there are proofs of it */
unsigned int ct_method_bit(const struct ct_method *method);

/*
 * talk_exec.c: the answer to a command, or its end: whether and how it ended becomes the fact's value.
 * False: it has begun, and goes on.
 */
bool ct_grpc_status(struct ct_core *core, const struct ct_sent *sent,
		    const struct ct_h2_frame *frame, struct ct_pending_call *call,
		    struct ct_fact *fact);

/* The decoders. */
void ct_talk(struct ct_core *core, const struct ct_sent *sent);
void ct_talk_http(struct ct_core *core, const struct ct_sent *sent, const struct ct_http *http);
void ct_talk_http_line(struct ct_core *core, const struct ct_sent *sent,
		       const struct ct_progress *line);
void ct_talk_http_body(struct ct_core *core, const struct ct_event *e, struct ct_text bytes);
void ct_talk_ttrpc(struct ct_core *core, const struct ct_sent *sent, const struct ct_ttrpc *rpc);
void ct_talk_grpc(struct ct_core *core, const struct ct_sent *sent);
void ct_prepared_free(struct ct_core *core);
