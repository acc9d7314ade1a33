/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of this station share: requests that wait, connections, and who reads which protocol. */
#pragma once

#include <utlist.h>

#include "core/hear/hear.h"
#include "core/hear/wire.h"
#include "core/hear/wire_hpack.h"
#include "util/mem.h"

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
	struct ct_request asked;
	uint64_t about; /* handle of the container, 0: a create, or not known */
	struct ct_pending_call *prev, *next; /* of those about something, by about_list() */
	const struct ct_method *method; /* gRPC: of the verb, static; NULL: not one of interest */
	bool named; /* gRPC: its headers were heard; else the verb is a guess, or empty */
	bool body; /* gRPC: the beginning of its message was heard */
	bool event; /* TTRPC: a shim tells of an event */
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
	struct ct_scope scope; /* of who gave it */
	bool spoken; /* it has one */
	union ct_heard said;
};

/*
 * An HTTP/1 connection, found by the socket of the client. Answers come in the order of the
 * requests, so whatever is asked on it is kept until it is answered, of interest or not.
 */
struct ct_line {
	struct ct_held held;
	uint64_t socket;
	struct ct_pending_call *calls; /* list, the oldest first; they are among all calls too */
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

#define CT_EARLY_MAX    512
#define CT_EARLY_SLOTS  (8 * CT_EARLY_MAX) /* few keys share one */
#define CT_CALLS_MAX    16384
#define CT_CONNS_MAX    1024
#define CT_LINES_MAX    1024
#define CT_PREPARED_MAX 256
#define CT_ABOUT_LISTS  1024 /* a power of two */

struct ct_hear {
	struct ct_pending_call *calls; /* owned */
	struct ct_pending_call *spare_calls; /* owned, list by next */
	struct ct_pending_call *about[CT_ABOUT_LISTS]; /* of those about something, by its handle */
	struct ct_early *early; /* owned list */
	uint16_t early_at[CT_EARLY_SLOTS]; /* how many are kept, by hash of their key */
	struct ct_line *lines; /* owned */
	struct ct_conn *conns; /* owned */
	uint64_t holes; /* times that events were lost */
	size_t hijacked; /* lines that are */
	bool hears_reads; /* requests that only read are among the events */
	bool answering_early; /* what is handled was heard before */
};

/* One SEND, and whose word it is. */
struct ct_sent {
	const struct ct_event *e;
	const struct ct_scope *speaker;
};

/* calls.c. A call is owned by the station: found by the client's socket, dropped when answered. */
struct ct_pending_call *ct_call_find(struct ct_core *core, struct ct_call_key key);
/* Replaces what was pending there: the answer to it was not seen. NULL: no memory, counted. */
struct ct_pending_call *ct_call_make(struct ct_core *core, const struct ct_sent *sent,
				     const struct ct_call_key *key, struct ct_text verb);
void ct_call_drop(struct ct_core *core, struct ct_pending_call *call);
/* gRPC: that is what it asks for (talk_grpc.c); "": nobody knows. */
void ct_call_named(struct ct_pending_call *call, const char *verb);
/* Whether anybody would miss its answer. */
bool ct_call_matters(const struct ct_core *core, const struct ct_pending_call *call);
/* Whether that may be the answer to it, by its status. */
bool ct_call_fits(const struct ct_pending_call *call, int status);
/* Tells of a request; then gives it the answer that came before it, if there is one. */
void ct_call_told(struct ct_core *core, struct ct_fact *fact);

/* early.c: answers to nothing that is known are kept for a moment. */
void ct_early_keep(struct ct_core *core, struct ct_call_key key, const struct ct_sent *sent);
/* The answer to this request, if it was heard before it; borrowed, NULL: it was not. */
struct ct_early *ct_early_find(struct ct_core *core, const struct ct_pending_call *call,
			       uint64_t heard_ns);
/* The same; a request that was heard late was made no later than its answer: sets its time. */
struct ct_early *ct_early_asked(struct ct_core *core, struct ct_pending_call *call);
/* Gives it to its request. NULL is fine. */
void ct_early_answer(struct ct_core *core, struct ct_early *early);
void ct_early_free(struct ct_core *core);

/* lines.c: HTTP/1 connections, by the client's socket. NULL: none, or no memory (counted). */
struct ct_line *ct_line_find(struct ct_core *core, uint64_t socket);
/* That of who speaks, where nothing that is said is HTTP any more. */
bool ct_line_is_hijacked(struct ct_core *core, const struct ct_event *e);
void ct_line_hijack(struct ct_core *core, struct ct_line *line);
/* A request was heard. NULL too when it is none: a part of what another one sends. */
struct ct_pending_call *ct_line_ask(struct ct_core *core, const struct ct_sent *sent,
				    const struct ct_http *http, struct ct_text verb);
/* Whom that answers; NULL: nobody who is known. Those before him were answered unheard. */
struct ct_pending_call *ct_line_answers(struct ct_core *core, const struct ct_sent *sent,
					const struct ct_http *http);
/* Nobody knows which of its requests were answered. */
void ct_line_forget(struct ct_core *core, struct ct_line *line);
/* Whether an answer that came before it may be a request's own, as far as the line tells. */
bool ct_line_early(const struct ct_core *core, const struct ct_pending_call *call,
		   const struct ct_http *http);
void ct_lines_hole(struct ct_core *core, uint64_t socket, uint64_t peer);
void ct_lines_free(struct ct_core *core);

/* conns.c. NULL: none, or no memory (counted). */
struct ct_conn *ct_conn_find(struct ct_core *core, uint64_t socket);
struct ct_conn *ct_conn_get(struct ct_core *core, const struct ct_sent *sent); /* found or made */
void ct_conns_hole(struct ct_core *core, uint64_t socket);
void ct_conns_free(struct ct_core *core);

/* cri.c: what the requests of the Kubernetes runtime interface say. */
void ct_cri_run_pod(struct ct_request *asked, struct ct_text msg);
void ct_cri_create_container(struct ct_request *asked, struct ct_text msg);
struct ct_text ct_cri_made(struct ct_text msg); /* the id in an answer */

/* The decoders. */
void ct_talk(struct ct_core *core, const struct ct_sent *sent);
void ct_talk_http(struct ct_core *core, const struct ct_sent *sent, const struct ct_http *http);
void ct_talk_http_body(struct ct_core *core, const struct ct_event *e, struct ct_text bytes);
void ct_talk_ttrpc(struct ct_core *core, const struct ct_sent *sent, const struct ct_ttrpc *rpc);
void ct_talk_grpc(struct ct_core *core, const struct ct_sent *sent);
void ct_prepared_free(struct ct_core *core);
