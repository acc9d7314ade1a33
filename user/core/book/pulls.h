/* SPDX-License-Identifier: GPL-2.0-only */
/* Pulls: images that engines were asked for, until they have been told of, and a while longer. */
#pragma once

#include "core/who/who.h"

#define CT_LAYERS_MAX 128 /* overlayfs of moby takes no more */

struct ct_command; /* pulls_command.h */

/* A program that inflates or unpacks a layer for its engine. */
struct ct_work {
	struct ct_worker by;
	uint64_t begin_ns, end_ns; /* end: 0 while it runs */
};

#define CT_WORKS_MAX CT_LAYERS_MAX

struct ct_works_list {
	size_t count;
	struct ct_work at[CT_WORKS_MAX];
};

/* What an engine was seen to do while it fetched an image: for that, or for another at the same time. */
struct ct_handled {
	struct ct_works_list unpacks, inflates;
	size_t count;
	uint64_t at
		[CT_WORKS_MAX]; /* what a layer consists of was synced: it is unpacked (dockerd) */
};

struct ct_pull {
	struct ct_held held; /* of the scope of who was asked */
	/* What all are looked through for stands together. */
	struct ct_pull *prev, *next; /* list of all, the oldest first */
	uint64_t begin_ns, end_ns; /* end: 0 while it is under way */
	uint64_t handle; /* never another's, nor a container's */
	bool failed;
	bool told;
	bool settled;
	bool used; /* a container of its pod has waited for it: the next has not */
	bool silent; /* its engine says nothing of it to who asked */
	bool idle; /* its command may fetch it, and has not turned to a registry: there is no pull yet */
	bool awaited; /* nobody has asked for the image yet: that is all there is */
	bool stored; /* nobody says what is done for it: its engine's store does (store.h) */
	bool driven; /* its client fetches it, and asks its engine for each part (parts.h) */
	bool by_layer; /* where it is kept each layer is fetched once, whatever is below it */
	bool saved; /* and the engine was told what it is called */
	uint8_t asks; /* how much user space was asked of it (tell/images_stored.c) */
	struct ct_fetched *fetched; /* owned */
	struct ct_pull *untold_prev, *untold_next; /* of those that have not been told */
	struct ct_pull *handle_prev, *handle_next; /* found by it */
	struct ct_pull *client_prev, *client_next; /* likewise by who asked */
	struct ct_pull *worker_prev, *worker_next; /* untold, by who does it: its command */
	size_t room; /* of fetched, for so many layers: grows as they are told */
	size_t beyond; /* layers, files, programs for which there was no room */
	uint64_t heard_ns;
	uint64_t due_ns; /* it is over, and told then at the latest; 0: not waited for */
	struct ct_handled *handled; /* owned; NULL: nothing was seen, or it has been told */
	struct ct_command *command; /* owned; NULL: an engine is asked, and fetches it */
	size_t awaits; /* so many answers of all that were ever asked for */
	/*
	 * The container that its client asked for before, and was refused for want of the image; 0: none, or it
	 * has been made since.
	 */
	uint64_t wanted_ns, refused_ns;
	struct ct_identity who;
	char lease[80]; /* for which its client does, empty: for none */
	char wanted_name[128], wanted_runtime[64];
	char image_id[80]; /* that it was answered with, empty: with none */
	char message[384];
};

/* Asked for by that process; NULL: no room, or no memory, which is counted. */
struct ct_pull *ct_pull_make(struct ct_core *core, const struct ct_scope *scope, const char *image,
			     uint32_t client);
/* What was idle is a pull. */
void ct_pull_begins(struct ct_core *core, struct ct_pull *p, uint64_t ts_ns);
/* Nobody else sets due_ns. */
void ct_pull_due(struct ct_core *core, struct ct_pull *p, uint64_t ns);
/* For a container, which is to be called as is wanted. */
void ct_pull_wanted(struct ct_pull *p);
/* What its engine is seen to do from now on is kept; NULL: no memory, which is counted. */
struct ct_handled *ct_pull_handled(struct ct_core *core, struct ct_pull *p);
/* False: there is no room. */
bool ct_work_begins(struct ct_works_list *list, const struct ct_worker *by, uint64_t ts_ns);
void ct_work_ends(struct ct_works_list *list, uint32_t pid, uint64_t ts_ns);
/* It has been told of: from now on it gives way to those that have not. */
void ct_pull_told(struct ct_core *core, struct ct_pull *p);
/* Behind that: no layer is added any more, and what is remembered takes no more than it needs. */
void ct_pull_settle(struct ct_pull *p);
struct ct_pull *ct_pull_of(struct ct_core *core, uint64_t handle); /* NULL: it is forgotten */
struct ct_pull *ct_pull_next(const struct ct_core *core,
			     const struct ct_pull *p); /* NULL: the first */
/*
 * What happens all the time asks for few of them. The same of those that have not been told of, and of those that this
 * process has asked for.
 */
struct ct_pull *ct_pull_untold(const struct ct_core *core, const struct ct_pull *p);
struct ct_pull *ct_pull_of_client(const struct ct_core *core, uint32_t client,
				  const struct ct_pull *p);
bool ct_pulls_due(const struct ct_core *core); /* any of them: due_ns is not 0, and it is untold */
void ct_pull_drop(struct ct_core *core, struct ct_pull *p);
/* Found by its name in this pull, or made, which moves those that there are. NULL: there is no room. */
struct ct_layer *ct_pull_layer(struct ct_pull *p, const char *id);
/*
 * The other pull's layer of which this pull's nth is the same transfer, where both are fetched at once; NULL: it is one of
 * its own. Dockerd's are of a layer and all those below it (moby 20.10 and 28: distribution/xfer/download.go, transferKey).
 */
const struct ct_layer *ct_pull_same(const struct ct_pull *p, size_t n, const struct ct_pull *other);
/*
 * The last that had succeeded by then, of those that this process asked for: what it asks for next it
 * has waited for. NULL: there is none.
 */
struct ct_pull *ct_pull_before(struct ct_core *core, const struct ct_scope *scope, uint32_t client,
			       const char *image, uint64_t before_ns);
/*
 * The same of a client that asks for the images of others' containers, one by one: the last that succeeded
 * for this request, by the image or by what the engine answered, and for its pod.
 */
struct ct_pull *ct_pull_for(struct ct_core *core, const struct ct_scope *scope,
			    const struct ct_request *asked, const char *pod_uid);
/* What this process wanted of that image, and has not asked for yet. NULL: nothing. */
struct ct_pull *ct_pull_awaited(struct ct_core *core, const struct ct_scope *scope, uint32_t client,
				const char *image);
/* How many are under way, by registry: those beyond so many registries are not in it. */
void ct_pulls_under_way(const struct ct_core *core, struct ct_pulling *ret);
void ct_pulls_free(struct ct_core *core);

extern const struct ct_share_row ct_pulls_row;
