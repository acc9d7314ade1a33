/* SPDX-License-Identifier: GPL-2.0-only */
/* The table itself, of the book's files and of nobody else. */
#pragma once

#include "core/book/book.h"

#define CT_LISTS 1024 /* a power of two */
#define CT_FOUND 64 /* likewise */

struct ct_book {
	struct ct_container *containers; /* by scope and id: one in each namespace */
	struct ct_container *runs; /* by the number of their present run */
	struct ct_container *handles; /* by handle */
	struct ct_container *moving; /* list by next */
	struct ct_container *changed; /* list by changed_next */
	uint64_t made; /* the last handle */
	uint32_t run_seq; /* the last run's */
	bool asked; /* some event says which engine is asked: the recording is no old one */
	struct ct_container *found[CT_FOUND]; /* last, by the end of its id; borrowed, NULL: none */
	/* Whether an id of that length was ever heard: most of what is looked up is none. */
	bool id_lengths[sizeof(((struct ct_identity *)0)->id)];
	struct ct_container *inits[CT_LISTS]; /* by their first process */
	struct ct_container *named[CT_LISTS]; /* by hash of the name, the newest first */
	struct ct_container *begun[CT_LISTS]; /* by hash of how the id begins, likewise */
	struct ct_container *alike[CT_LISTS]; /* by hash of the id, whoever's it is, likewise */
	struct ct_container *exited[CT_LISTS]; /* by args_hash, the last to exit first */
};

/* book_names.c */
void ct_book_name_id(struct ct_core *core, struct ct_container *c); /* once, when it is made */
void ct_book_unfile(struct ct_core *core, struct ct_container *c); /* from every list of names */
/* A successor of its may still come: to forget it is to lose something. */
bool ct_book_awaited(const struct ct_core *core, const struct ct_container *c);
/* How long after its exit nobody can be a successor any more. */
extern const uint64_t ct_book_successor_ns;
