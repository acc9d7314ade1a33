/* SPDX-License-Identifier: GPL-2.0-only */
/* A pod, from its sandbox until that has gone: pods.c knows when something of it is told, pods_told.c what. */
#pragma once

#include "core/tell/made.h"

#define CT_POD_MEMBERS_MAX  64
#define CT_POD_SEGMENTS_MAX 8 /* of a member that are kept */
#define CT_POD_PLUGINS_MAX  8 /* of a sandbox's network, likewise */

/* A start of the sandbox or of a container, and its end. */
struct ct_pod_member {
	char id[sizeof(((struct ct_identity *)0)->id)];
	char name[sizeof(((struct ct_identity *)0)->pod_container)]; /* empty: the sandbox */
	uint64_t begin_ns, end_ns; /* of its start */
	uint64_t ready_ns;
	int ready; /* enum ct_ready, -1: no sign */
	enum ct_outcome outcome;
	uint64_t exit_ns; /* 0: it runs */
	int exit_code;
	uint64_t stop_ns, stopped_ns; /* asked to stop, until it is gone; 0: it was not asked */
	uint64_t removed_ns; /* with its stop; else as stopped_ns */
	uint32_t pid;
	uint64_t handle; /* of the container */
	struct ct_segment segments[CT_POD_SEGMENTS_MAX];
	size_t segment_count;
	struct ct_step plugins[CT_POD_PLUGINS_MAX];
	size_t plugin_count;
	char message[256];
};

#define CT_POD_PROBES_MAX 16

/* What came of the probes of a container of that name, and of those that took its place. */
struct ct_pod_probes {
	char container[sizeof(((struct ct_identity *)0)->pod_container)];
	struct ct_probed sum;
};

struct ct_pod {
	struct ct_book_key key; /* id: its uid */
	struct ct_identity who;
	struct ct_pod_member *members; /* owned; in the order in which they were told */
	size_t count, room;
	struct ct_pod_probes probes[CT_POD_PROBES_MAX]; /* of those that have stopped */
	size_t probe_count;
	size_t beyond; /* for whom there was no room */
	bool began; /* its sandbox was seen to start */
	bool start_told;
	enum ct_outcome stop_outcome; /* of its sandbox */
	uint64_t start_due, stop_due; /* 0: not waited for */
	UT_hash_handle hh;
};

bool ct_pod_is_sandbox(const struct ct_pod_member *m);
struct ct_pod_member *ct_pod_sandbox(struct ct_pod *pod); /* NULL: it was not seen to start */
/* It never was what it was started for, and nobody has made it so. */
bool ct_pod_failed(const struct ct_pod_member *m);
/* It was ready once: that it is so again is the container's affair, and no part of the pod's start. */
bool ct_pod_is_restart(const struct ct_pod *pod, size_t i);

/* Adds them to what is known of those of that container; what there is no room for is left out. */
void ct_pod_add_probes(struct ct_pod_probes *to, size_t *count, const struct ct_probed *probes,
		       size_t n);

/* Puts the members into the order in which they were asked for; cut: there may be more. */
void ct_pod_tell_start(struct ct_core *core, struct ct_pod *pod, bool cut);
/* Those who were asked to stop, and then the sandbox, which there must be. */
void ct_pod_tell_stop(struct ct_core *core, struct ct_pod *pod);
