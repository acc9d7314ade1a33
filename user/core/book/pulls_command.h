/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a command does for an image that it fetches by itself, because there is no daemon that would: Podman's,
 * skopeo's (containers/image, containers/storage). Part of its pull, for which nobody else can have done it.
 */
#pragma once

#include "core/book/pulls.h"

#define CT_COMMAND_FILES_MAX (2 * CT_LAYERS_MAX)
/* What it has stored is looked up: that takes as long as events wait in the ring, and some reads. */
#define CT_COMMAND_KNOWN_NS (300 * CT_NS_PER_MS)

/* Into which something was fetched, as it was removed or synced. Times are 0 where they are not known. */
struct ct_command_file {
	uint64_t number; /* the order in which the registry has answered */
	uint64_t size;
	uint64_t first_ns, last_ns; /* its first byte was there, its last */
	bool taken; /* it is known whose it is */
};

/* As the manifest and the store of layers have it, when all is done. */
struct ct_command_layer {
	char digest[80], type[80];
	uint64_t size, unpacked_size;
	uint64_t stored_wall_ns; /* it was added to the store then; 0: not known */
};

struct ct_command_room {
	struct ct_command_layer layers[CT_LAYERS_MAX];
	struct ct_command_file files[CT_COMMAND_FILES_MAX];
	struct ct_works_list unpacks;
};

struct ct_command {
	/* Process that does it: the client, or, without root, what that has executed. ct_command_works() */
	uint32_t worker;
	bool makes; /* a container of it, too: it is fetched if it is not there */
	uint64_t called_ns; /* when it was executed */
	char *further; /* owned, may be NULL: images that it is to fetch next, NUL behind each */
	size_t further_len;
	bool asked, answered; /* what the store has of it */
	bool absent; /* the store has no image of that name */
	uint64_t stored_ns; /* the list of images was last synced; 0: it never was */
	uint64_t cleared_ns; /* what it was fetched into was last removed; 0: nothing was */
	char digest[80]; /* of the manifest, empty if not known */
	size_t layer_count, layers_known;
	size_t file_count;
	struct ct_command_room *room; /* owned; NULL: it has done nothing, or has been told */
};

/* That process does it from now on. False: no memory. */
bool ct_command_works(struct ct_core *core, struct ct_pull *p, uint32_t worker);
/* Behind its telling: what is remembered takes no more than that needs. NULL is fine. */
void ct_command_settle(struct ct_command *c);
void ct_command_free(struct ct_command *c); /* NULL is fine */
/* Its programs, layers and files; NULL: no memory. */
struct ct_command_room *ct_command_room(struct ct_command *c);
/* Whose that process is, and which is not over; NULL: of none. */
struct ct_pull *ct_command_of(struct ct_core *core, uint32_t worker);
/* Of which its store was asked first, and has not answered. */
struct ct_pull *ct_command_asked(struct ct_core *core, uint32_t worker);
/* It stored the last thing for its image, or removed it; 0: it did neither. */
uint64_t ct_command_done(const struct ct_pull *p);
/* NULL: no room, which is counted. */
struct ct_command_file *ct_command_file(struct ct_pull *p);
void ct_command_layer(struct ct_pull *p, const struct ct_event *e); /* LAYER */
