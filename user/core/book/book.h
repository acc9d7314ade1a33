/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The book: which containers there are. Nobody else has the table. This is the one door to it: who
 * speaks (speaker.h) and what about make a container, or nothing. A container is known by the scope
 * of who runs it, containerd's namespace and its id; who is in another scope finds it not, and makes
 * one of its own. What is not of the host's root has a bounded share, and pays for what goes beyond
 * it with its own oldest: no other scope does.
 *
 * Containers are owned by the book. One that was found is valid until the event has been handled.
 */
#pragma once

#include <stddef.h>

#include "core/book/speaker.h"
#include "core/book/subject.h"

struct ct_book *ct_book_new(void); /* NULL: no memory */
void ct_book_free(struct ct_core *core);

/* In that namespace, or in one that is not known; an empty one is any. NULL: not in this scope. */
struct ct_container *ct_book_find(struct ct_core *core, const struct ct_scope *speaker,
				  struct ct_text ns, struct ct_text id);
/*
 * Found or made, then with no family yet: life's door (ct_container_make()) is the one to ask.
 * NULL: nobody speaks, the id is the host's, or there is no room (counted).
 */
struct ct_container *ct_book_make(struct ct_core *core, const struct ct_scope *speaker,
				  struct ct_text ns, struct ct_text id);
/*
 * By id, name or id prefix, as somebody who asks this engine may name it; 0: which engine is not
 * known. Engines have the same names for different containers.
 */
struct ct_container *ct_book_by_ref(struct ct_core *core, const struct ct_scope *speaker,
				    struct ct_text ref, uint32_t engine,
				    const struct ct_family *family);
/* That of whose first process it is. */
struct ct_container *ct_book_by_pid(struct ct_core *core, uint32_t init_pid);
/* Of those with this first process the next, NULL: no more. */
struct ct_container *ct_book_of_init(struct ct_core *core, uint32_t init_pid,
				     const struct ct_container *after);
/* The container of that id if this sandbox is its own: it may say what it likes. */
struct ct_container *ct_book_inside(struct ct_core *core, struct ct_text id, uint32_t sandbox);
/* That of a handle, NULL: it is forgotten. */
struct ct_container *ct_book_of(struct ct_core *core, uint64_t handle);
/* That of which it is the present run. */
struct ct_container *ct_book_of_run(struct ct_core *core, uint32_t seq);
/* Whose service the container continues that began to start then; NULL when it is nobody's. */
struct ct_container *ct_book_before(struct ct_core *core, const struct ct_container *c,
				    uint64_t begin_ns);
/* Whether it is this engine's, as far as is known: an engine may be gone and another in its place. */
bool ct_book_is_of(struct ct_core *core, const struct ct_container *c, uint32_t engine);
/* One after the other, the oldest first; NULL: the first, and behind the last. */
struct ct_container *ct_book_next(const struct ct_core *core, const struct ct_container *c);

/* Of that id, whoever's, one after the other, the newest first; NULL likewise. */
struct ct_container *ct_book_of_id(struct ct_core *core, struct ct_text id,
				   const struct ct_container *after);

/* What changes how it is found is told here. Drafts are in no book: nothing happens to them. */
/* Its name, arguments, exit, removal or succession. */
void ct_book_file(struct ct_core *core, struct ct_container *c);
/* Somebody spoke of it, or it is between two states no more. */
void ct_book_touch(struct ct_core *core, struct ct_container *c);
/* Another run is its present one; of no draft: those have one, and are found by nobody. */
void ct_book_run(struct ct_core *core, struct ct_container *c, uint32_t seq);
uint32_t ct_book_new_run(struct ct_core *core); /* the number of a run that begins */
/*
 * Its first process, 0: none. False: that is not for who runs it to say, because the process is in
 * another scope; then nothing has changed.
 */
bool ct_book_init(struct ct_core *core, struct ct_container *c, uint32_t pid);
/* It is between two states from now on, or is so no more. */
void ct_book_moves(struct ct_core *core, struct ct_container *c);
void ct_book_rests(struct ct_core *core, struct ct_container *c);
struct ct_container *ct_book_moving(const struct ct_core *core); /* those, by next */
/* It is to be looked at when the event has been handled. */
void ct_book_changed(struct ct_core *core, struct ct_container *c);
struct ct_container *ct_book_take_changed(struct ct_core *core); /* the first; NULL: no more */

/* runs.c: its run is over, and another begins. */
void ct_book_next_run(struct ct_core *core, struct ct_container *c, enum ct_cause cause);
/*
 * A container that an engine process makes before its id is known: on no list, found through the
 * actors that work on it. It goes when it becomes one that is known, or with the process.
 */
struct ct_container *ct_draft_new(struct ct_core *core, const struct ct_family *family);
void ct_draft_free(struct ct_container *draft); /* NULL is fine */
void ct_draft_becomes(struct ct_core *core, struct ct_container *draft, struct ct_container *c);

/* works.c: who works for which container. NULL: for none. */
void ct_works(struct ct_actor_state *a, struct ct_container *c);
void ct_works_first_of(struct ct_actor_state *a, struct ct_container *c);
/* Whoever works on one works on the other from now on. */
void ct_works_move(struct ct_container *from, struct ct_container *to);
/* What an engine process was making, and nobody has given an id, goes with it. */
void ct_works_drop_draft(struct ct_actor_state *a);
void ct_works_leave(struct ct_core *core, struct ct_actor_state *a); /* the process is gone */
/* In whose share what it forks is; NULL: nobody knows. `room` is where it is put. */
const struct ct_scope *ct_works_payer(const struct ct_actor_state *up, struct ct_scope *room);
/* It has executed something, or was found with it: it may be in another share now. */
void ct_works_pays(struct ct_core *core, struct ct_actor_state *a);

extern const struct ct_share_row ct_containers_row, ct_actors_row;
