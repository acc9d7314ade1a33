/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who says what. Names of programs can be taken by anybody, so what a process says counts for
 * what is in its scope, and for nothing else: docs/trust.md has the rules, the book (book.h) has
 * the door that asks for them.
 */
#pragma once

#include "core/who/who.h"

/*
 * Whose word an event is: a request that was heard at the socket of an engine is that engine's, all
 * else is of the process. NULL: of nobody who is known; that is trusted with nothing. Borrowed
 * until the process executes or ends.
 */
const struct ct_scope *ct_speaker(struct ct_core *core, const struct ct_event *e);
const struct ct_scope *ct_speaker_process(struct ct_core *core, uint32_t tgid);

/* A process has been forked, or was there before; `up` is NULL when it is not known. */
void ct_scope_inherit(struct ct_actor_state *a, const struct ct_actor_state *up);
/*
 * It has executed a program, or was found with it: to be told before what it was is forgotten. What
 * goes on with the command of the program before it is where that was.
 */
void ct_scope_exec(struct ct_core *core, struct ct_actor_state *a, const struct ct_event *e,
		   bool goes_on);
/* The container that this process is the first of, by a name that people know. */
void ct_party_within(struct ct_core *core, struct ct_party *party, uint32_t root);
/* The same for a record: what is known of that container is kept if it is not known any more. */
void ct_scope_owner(struct ct_core *core, const struct ct_scope *scope, struct ct_owner *owner);
/* It is one of the container's own, whatever it is called. */
void ct_scope_enclose(struct ct_actor_state *a, uint32_t init_pid);
/* Whether it is the first process of its container or descends from it. */
bool ct_actor_serves(struct ct_core *core, const struct ct_actor_state *a);
