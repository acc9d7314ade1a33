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

#include "speaker.h"
#include "text.h"

struct ct_book;
struct ct_family;
struct ct_pending_call;

struct ct_book *ct_book_new(void); /* NULL: no memory */
void ct_book_free(struct ct_core *core);

/* In that namespace, or in one that is not known; an empty one is any. NULL: not in this scope. */
struct ct_container *ct_book_find(struct ct_core *core, const struct ct_scope *speaker,
				  struct ct_text ns, struct ct_text id);
/* Found or made; NULL: nobody speaks, the id is the host's, or there is no room (counted). */
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
/* That of which it is the present run. */
struct ct_container *ct_book_of_run(struct ct_core *core, uint32_t seq);
/* Whose service the container continues that began to start then; NULL when it is nobody's. */
struct ct_container *ct_book_before(struct ct_core *core, const struct ct_container *c,
				    uint64_t begin_ns);
/* Whether it is this engine's, as far as is known: an engine may be gone and another in its place. */
bool ct_book_is_of(struct ct_core *core, const struct ct_container *c, uint32_t engine);
/* One after the other, the oldest first; NULL: the first, and behind the last. */
struct ct_container *ct_book_next(const struct ct_core *core, const struct ct_container *c);

/* What changes how it is found is told here. Drafts are in no book: nothing happens to them. */
/* Its name, arguments, exit, removal or succession. */
void ct_book_file(struct ct_core *core, struct ct_container *c);
/* Somebody spoke of it, or it is between two states no more. */
void ct_book_touch(struct ct_core *core, struct ct_container *c);
/* Another run is its present one; of no draft: those have one, and are found by nobody. */
void ct_book_run(struct ct_core *core, struct ct_container *c, uint32_t seq);
/*
 * Its first process, 0: none. False: that is not for who runs it to say, because the process is in
 * another scope; then nothing has changed.
 */
bool ct_book_init(struct ct_core *core, struct ct_container *c, uint32_t pid);
