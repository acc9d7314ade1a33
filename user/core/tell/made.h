/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Subjects that are made of what is told of others: a pod of its containers, a project of its own. Each kind is a row here
 * and a file; it sees each record of a container before anything behind it happens, and tells its own
 * when it is sure that no more belongs to it.
 */
#pragma once

#include "core/life/life.h"

struct ct_made;

struct ct_made_kind {
	enum ct_subject subject;
	size_t state_size; /* zeros at first */
	/* A record of a container; who it is of, too, where the record has no word for it. */
	void (*told)(struct ct_core *core, void *state, const struct ct_record *rec,
		     struct ct_container *c);
	void (*due)(struct ct_core *core, void *state); /* what it waited until may have come */
	/* Something is done for one that is not asked for yet; NULL: that says nothing */
	void (*prepared)(struct ct_core *core, void *state, const struct ct_event *e);
	void (*exits)(struct ct_core *core, void *state,
		      uint32_t pid); /* NULL: that says nothing */
	void (*goes)(struct ct_core *core, void *state, const struct ct_container *c);
	void (*flush)(struct ct_core *core, void *state); /* no more will come */
	void (*free)(void *state); /* what the state owns */
};

struct ct_made *ct_made_new(void); /* NULL: no memory */
void ct_made_free(struct ct_made *made); /* NULL is fine */

void ct_made_told(struct ct_core *core, const struct ct_record *rec, struct ct_container *c);
void ct_made_due(struct ct_core *core);
void ct_made_prepared(struct ct_core *core, const struct ct_event *e);
void ct_made_exits(struct ct_core *core, uint32_t pid);
void ct_made_goes(struct ct_core *core, const struct ct_container *c);
void ct_made_flush(struct ct_core *core);

/* For the kinds: it is told, as complete as it is; what is common to all records is filled in. */
void ct_made_tell(struct ct_core *core, struct ct_record *rec);
/*
 * For the kinds: the last of these steps, which has none below it, goes before those of the first level that began
 * after it. Returns it where it is then.
 */
struct ct_step *ct_made_into_order(struct ct_step *steps, size_t count);
/* For the kinds: due() is called then, or before; when: 0 is never. */
void ct_made_wait(struct ct_core *core, uint64_t when);

extern const struct ct_made_kind ct_made_pods;
extern const struct ct_made_kind ct_made_projects;
extern const struct ct_made_kind ct_made_groups;
