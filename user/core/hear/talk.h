/* SPDX-License-Identifier: GPL-2.0-only */
/* What the decoders of dialogues share: requests that wait, and who reads which protocol. */
#pragma once

#include "core/state.h"

/* calls.c. A call is owned by the core: found by the client's socket, dropped when answered. */
struct ct_pending_call *ct_call_find(struct ct_core *core, struct ct_call_key key);
/* Replaces what was pending there: the answer to it was not seen. NULL: no memory, counted. */
struct ct_pending_call *ct_call_make(struct ct_core *core, uint64_t socket, uint32_t stream,
				     enum ct_proto proto, struct ct_text verb,
				     const struct ct_event *e);
void ct_call_about(struct ct_core *core, struct ct_pending_call *call, struct ct_container *c);
void ct_call_drop(struct ct_core *core, struct ct_pending_call *call);
/* Requests of Docker's API after whose answer a container may be in another state. */
bool ct_call_changes(const char *verb);
/* Whether anybody would miss its answer. */
bool ct_call_matters(const struct ct_core *core, const struct ct_pending_call *call);
/* Whether that may be the answer to it, by its status. */
bool ct_call_fits(const struct ct_pending_call *call, int status);

/* lines.c: HTTP/1 connections, by the client's socket. NULL: none, or no memory (counted). */
struct ct_line *ct_line_find(struct ct_core *core, uint64_t socket);
/* That of who speaks, where nothing that is said is HTTP any more. */
bool ct_line_is_hijacked(struct ct_core *core, const struct ct_event *e);
void ct_line_hijack(struct ct_core *core, struct ct_line *line);
/* A request was heard. NULL too when it is none: a part of what another one sends. */
struct ct_pending_call *ct_line_ask(struct ct_core *core, const struct ct_event *e,
				    const struct ct_http *http, struct ct_text verb);
/* Whom that answers; NULL: nobody who is known. Those before him were answered unheard. */
struct ct_pending_call *ct_line_answers(struct ct_core *core, const struct ct_event *e,
					const struct ct_http *http);
/* Nobody knows which of its requests were answered. */
void ct_line_forget(struct ct_core *core, struct ct_line *line);
/* Whether an answer that came before it may be a request's own, as far as the line tells. */
bool ct_line_early(const struct ct_core *core, const struct ct_pending_call *call,
		   const struct ct_http *http);
/*
 * Answers to nothing that is known are kept for a moment. A request that was heard late was made no
 * later than its answer: sets its time. Returns that answer, borrowed, NULL when there is none.
 */
struct ct_early *ct_call_early(struct ct_core *core, const struct ct_pending_call *call,
			       uint64_t heard_ns);
struct ct_early *ct_call_asked(struct ct_core *core, struct ct_pending_call *call);
void ct_answer_keep(struct ct_core *core, struct ct_call_key key, const struct ct_event *e);
void ct_answer_early(struct ct_core *core, struct ct_early *early); /* gives it to its request */

/* conns.c. NULL: none, or no memory (counted). */
struct ct_conn *ct_conn_find(struct ct_core *core, uint64_t socket);
struct ct_conn *ct_conn_get(struct ct_core *core, const struct ct_event *e); /* found or made */

/* cri.c: what the requests of the Kubernetes runtime interface say. */
void ct_cri_run_pod(struct ct_pending_call *call, struct ct_text msg);
void ct_cri_create_container(struct ct_pending_call *call, struct ct_text msg);
/* The answer: the id of what was made. The call is then about it. */
void ct_cri_made(struct ct_core *core, struct ct_pending_call *call, struct ct_text msg,
		 const struct ct_event *e);

/* talk_ttrpc.c, talk_grpc.c */
/* A shim is asked because an engine was: names the request that it was, if that has no name. */
void ct_grpc_cause(struct ct_core *core, struct ct_container *c, struct ct_text task_method);
void ct_talk_ttrpc(struct ct_core *core, const struct ct_event *e, const struct ct_ttrpc *rpc);
void ct_talk_grpc(struct ct_core *core, const struct ct_event *e);
