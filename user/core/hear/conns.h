/* SPDX-License-Identifier: GPL-2.0-only */
/* Connections: what was said on them that is referred to later. Of this station's files alone. */
#pragma once

#include <utlist.h>

#include "core/hear/hear.h"
#include "core/hear/wire.h"
#include "core/hear/wire_hpack.h"

/* One SEND, and whose word it is. */
struct ct_sent {
	const struct ct_event *e;
	const struct ct_scope *speaker;
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

#define CT_CONNS_MAX  1024
#define CT_LINES_MAX  1024
#define CT_OVER_SLOTS 256 /* a power of two */

/* A stream of HTTP/2 that was answered: none is used twice. */
struct ct_over {
	uint64_t socket, stream, ts_ns;
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
	uint32_t owed; /* answers to what was asked in a hole: nobody waits for them */
	uint64_t holes; /* how many there had been when it was last known to be whole */
	uint64_t stray_ns; /* of the last answer to nothing since the last request; 0: none */
	int stray_status;
	uint32_t passed; /* requests that were taken for files since it was whole, */
	uint32_t strays; /* and answers to nothing */
	uint64_t answered_holes; /* how many there had been at the last answer, */
	bool unheard; /* and something that was asked since then was not heard: it may be an upload */
	uint64_t
		files_ns; /* when the last upload was over: its files may be heard later; 0: none */
	bool spent; /* an upload was answered, maybe before all of it was sent: more of it may follow */
	bool read; /* the last one that was passed only reads */
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
	struct ct_paths *paths; /* owned, NULL: all methods that were called have been heard */
	UT_hash_handle hh;
};

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
/* An upload is over: what is heard of it late may still look like a request. */
void ct_line_uploaded(struct ct_core *core, uint64_t socket, uint64_t ts_ns);
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

/* inferred.c: what was answered before its path had the name that it has now is told. NULL is fine, here and below. */
void ct_paths_repair(struct ct_core *core, struct ct_paths *paths);
/* What was asked on it and not understood is kept. */
void ct_paths_free(struct ct_core *core, struct ct_paths *paths);
