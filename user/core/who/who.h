/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of processes: which there are, who started whom, what each is called and was called to
 * do. What a process does for which container is the book's to say (book/book.h): the members that
 * it has for that are nobody else's to set.
 */
#pragma once

#include "core/base/house.h"
#include "core/hear/hear.h"
#include "core/who/roles.h"

#define CT_ACTORS_MAX 262144
#define CT_VMM        "vmm" /* step of the program that is a machine for containers */
#define CT_NSEXEC     "nsexec" /* step of what runc executes to become a container's first process */
#define CT_INFLATE    "inflate" /* step of the program that inflates a layer for its engine */
#define CT_UNPACK     "unpack" /* step of the program that unpacks a layer for its engine */
#define CT_SANDBOX    "sandbox boot" /* step of the process that is a container to the host */

/* A tracked process. Found by tgid; owns nothing. */
struct ct_actor_state {
	struct ct_held held;
	uint32_t tgid;
	uint32_t parent;
	uint32_t above[CT_STEP_UP - 1]; /* who forked that, and so on, gone or not; 0: not known */
	struct ct_client
		forked_by; /* it, and who did, as its own event says; zeros: that does not */
	uint32_t engine; /* tgid of the engine that it descends from or is */
	uint8_t role; /* enum ct_role */
	uint8_t op; /* enum ct_op */
	uint8_t plugin; /* enum ct_op: what it does as a network plugin, or what started it */
	uint8_t level; /* of its pid namespace; 0: the host's */
	uint8_t start_order,
		stop_order; /* engine: enum ct_order, as its containers have shown it */
	bool vmm; /* it runs a virtual machine, or is about to */
	bool sandbox; /* it is one of gVisor */
	bool execed;
	bool joins; /* a runtime executes it, or it executes, in a container that runs already */
	uint8_t stage; /* 1, 2: forked, and again, by that which is to become a first process */
	bool again; /* what it executes goes on with the command of who forked it */
	uint64_t forked_ns; /* 0: not seen */
	uint64_t execed_ns;
	uint64_t netns; /* inode, when it was executed */
	const char *engine_name; /* static, role ENGINE */
	const char *version; /* likewise, as it says; borrowed of life, NULL: not heard */
	const struct ct_role_row *runtime; /* static: a runtime that no engine has called */
	const char *program; /* static: the step that it is, NULL if it has no name */
	struct ct_actor_state *next; /* of the spare ones */
	UT_hash_handle hh;

	/* Of the speaker (book/speaker.h). */
	bool scoped; /* where it speaks from is known */
	struct ct_scope scope;
	uint32_t inside; /* first process of the container whose own it is; 0: of none's */

	/* Of the book: for whom it works. */
	struct ct_container *container; /* borrowed, NULL: none known; set by ct_works() */
	struct ct_container *first_of; /* borrowed: it works for others, but is its program */
	struct ct_actor_state *worker_prev, *worker_next; /* of those of the container */
	struct ct_actor_state *first_prev, *first_next; /* of those that are its program */

	/* Of the steps. */
	int step; /* number of its open step in the run, -1: none */
	uint32_t run_seq; /* of the run that the step belongs to */
};

struct ct_who *ct_who_new(void); /* NULL: no memory */
/* Those that are left must have been dropped. */
void ct_who_free(struct ct_who *who); /* NULL is fine */

/* NULL: it is not known. What this event is about is not given up for want of room. */
struct ct_actor_state *ct_actor_get(const struct ct_core *core, uint32_t tgid);
/* Found or made; `payer` is in whose share it is, NULL: nobody knows. NULL: no room (counted). */
struct ct_actor_state *ct_actor_make(struct ct_core *core, uint32_t tgid,
				     const struct ct_scope *payer);
/* Out of the table; whom it worked for has been told (ct_works_leave()). */
void ct_actor_drop(struct ct_core *core, struct ct_actor_state *a);
/* Any of them; NULL: there is none. */
struct ct_actor_state *ct_actor_any(const struct ct_core *core);

/* Of a process whose parent is `up`, NULL if that is no actor. */
void ct_actor_descends(struct ct_actor_state *a, const struct ct_actor_state *up);
/* Which list of its share it is in. */
enum ct_place ct_actor_place(const struct ct_held *held);
/* It has the name of an engine, a shim or a runtime. */
bool ct_actor_is_named(const struct ct_actor_state *a);

/* Of an event's `sub`: a newer coldtrace, or a damaged recording, may know others. */
uint8_t ct_role_of(const struct ct_event *e);
/* "engine", "shim", ...; "" if there is none of that number. Static. */
const char *ct_role_name(uint8_t role);
/*
 * The row of a program, by the longest name that its own begins with (a shim of containerd begins as
 * containerd does); NULL: it is no actor by its name.
 */
const struct ct_role_row *ct_role_of_program(struct ct_text program);
/* The step that a program is, NULL if it is none. Static. called.c has the table. */
const char *ct_program_name(const struct ct_actor_state *a, struct ct_text args);
bool ct_program_is_sandbox(const struct ct_actor_state *a, struct ct_text args); /* CT_SANDBOX */
/* As a shell says it, of what wait() says. */
int ct_exit_code(int status);
