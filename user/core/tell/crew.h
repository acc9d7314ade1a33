/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What has members that start one after the other: a pod its sandbox and its containers, a project of
 * Docker Compose its containers. pods.c and projects.c know when something is told of it, crew.c what.
 */
#pragma once

#include "core/tell/made.h"

#define CT_CREW_MEMBERS_MAX  64
#define CT_CREW_SEGMENTS_MAX 8 /* of a member that are kept */
#define CT_CREW_PLUGINS_MAX  8 /* of a sandbox's network, likewise */

/* A start of the sandbox or of a container, and its end. */
struct ct_member {
	char id[sizeof(((struct ct_identity *)0)->id)];
	char name[sizeof(((struct ct_identity *)0)->name)]; /* empty: the sandbox */
	uint64_t begin_ns, end_ns; /* of its start */
	uint64_t asked_ns; /* when it was asked to run: its creation may have been long before */
	uint64_t ready_ns;
	int ready; /* enum ct_ready, -1: no sign */
	enum ct_outcome outcome;
	uint64_t exit_ns; /* 0: it runs */
	int exit_code;
	uint64_t stop_ns, stopped_ns; /* asked to stop, until it is gone; 0: it was not asked */
	uint64_t removed_ns; /* with its stop; else as stopped_ns */
	uint32_t pid;
	uint64_t handle; /* of the container */
	struct ct_segment segments[CT_CREW_SEGMENTS_MAX];
	size_t segment_count;
	struct ct_step plugins[CT_CREW_PLUGINS_MAX];
	size_t plugin_count;
	char message[256];
};

#define CT_CREW_BETWEEN_MAX 32

/* What was under way where none of its members was: a mount, a hook (CONTAINERS), an image fetched in vain. */
struct ct_between {
	enum ct_phase phase;
	uint64_t begin_ns, end_ns; /* 0: it goes on */
	uint32_t pid;
	char name[64];
	bool failed; /* from then on whoever asks for it waits before the next try */
	const char *message; /* borrowed; NULL: none */
};

#define CT_CREW_PROBES_MAX 16

/* What came of the probes of a container of that name, and of those that took its place. */
struct ct_crew_probes {
	char container[sizeof(((struct ct_identity *)0)->pod_container)];
	struct ct_probed sum;
};

/* What is so with one kind and not with another. */
struct ct_crew_kind {
	enum ct_record_type start, stop;
	enum ct_phase gap; /* nothing of it is under way */
	bool side_by_side; /* all are made first, then started as each may be */
};

struct ct_crew {
	const struct ct_crew_kind *kind; /* static */
	struct ct_identity who;
	struct ct_member *members; /* owned; in the order in which they were told */
	size_t count, room;
	struct ct_crew_probes probes[CT_CREW_PROBES_MAX]; /* of those that have stopped */
	size_t probe_count;
	size_t beyond; /* for whom there was no room */
	uint64_t
		first_ns; /* what was done for it before its first member was asked for; 0: nothing was seen */
	struct ct_between between[CT_CREW_BETWEEN_MAX]; /* in order of begin */
	size_t between_count;
	enum ct_outcome stop_outcome;
	bool removed; /* all of it, as it stopped */
};

/* Zeros; NULL: there is no room, and what is told is not all. */
struct ct_member *ct_crew_add(struct ct_crew *crew);
/* What a container is called in its pod; empty: it is the sandbox. */
#define CT_MEMBER_NAME_LEN sizeof(((struct ct_member *)0)->name)
void ct_member_name(char to[CT_MEMBER_NAME_LEN], const struct ct_container *c);
/* What is told of its start. */
void ct_member_keep(struct ct_member *m, const char *name, const struct ct_record *rec,
		    const struct ct_container *c);
bool ct_member_is_sandbox(const struct ct_member *m);
struct ct_member *
ct_crew_sandbox(struct ct_crew *crew); /* NULL: it was not seen to start, or has none */
/* It never was what it was started for, and nobody has made it so. */
bool ct_member_failed(const struct ct_member *m);
/* It was ready once: that it is so again is the container's affair, and no part of its start. */
bool ct_crew_is_restart(const struct ct_crew *crew, size_t i);

/* Adds them to what is known of those of that container; what there is no room for is left out. */
void ct_crew_add_probes(struct ct_crew_probes *to, size_t *count, const struct ct_probed *probes,
			size_t n);

/* Puts the members into the order in which they were asked for; cut: there may be more. */
void ct_crew_tell_start(struct ct_core *core, struct ct_crew *crew, bool cut);
/* Those who were asked to stop, and then the sandbox, if there is one. */
void ct_crew_tell_stop(struct ct_core *core, struct ct_crew *crew);
