/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The pure core: events in, records out. No libbpf, no clock, no file, no output of its own: what
 * is live and what is replayed go through the same lines. The way of an event (core.c has it as rows):
 *
 * order  puts it among those that came before their time, and hands over what is due, by time;
 * hear   makes of what was sent a fact: who asks what of whom, or is answered;
 * who    knows the process that it is about, what it was called to do, and who started it;
 * book   knows whose word that is, and finds the container, or makes it, or trusts it with nothing;
 * life   turns it into a signal to the container, and by the rows of its family into marks;
 * steps, opens and why keep what it says about work, files and waits;
 * tell   looks at what it has changed, and says the records that are now complete.
 *
 * Each of them asks those before it, and none of those behind it (docs/stations.md).
 */
#pragma once

#include "ct_event.h"
#include "core/base/parties.h"
#include "core/record.h"
#include "util/err.h"

struct ct_core;
struct ct_opens;

/* Asks user space to look something up and to feed the answer as an event. */
enum ct_lookup {
	CT_LOOKUP_IDENTITY,
	CT_LOOKUP_MANIFEST, /* id: digits of the digest of something that may be one */
	CT_LOOKUP_UNPACKED, /* id: digits of a config's digest; bundle: containerd's namespace */
	CT_LOOKUP_IMAGE, /* bundle: containerd's namespace, a blank, name of an image */
	CT_LOOKUP_STORE, /* where a command keeps images: it may be gone when that is asked for */
	CT_LOOKUP_STORED /* what it has stored of an image, whose name is where bundle is */
};

struct ct_core_ops {
	/* A record is finished. It is valid during the call only. */
	void (*record)(void *ctx, const struct ct_record *rec);
	/*
	 * What a record will say of a container, which is still between two states: that it starts, since when
	 * and who it is, or that it has stopped. The rest of it is 0. May be NULL.
	 */
	void (*known)(void *ctx, const struct ct_record *rec);
	/*
	 * The opened files of one run of a container, when the core is flushed or asked, or has
	 * no room left: then once more for what came after. Owned by whom it is given to. May be
	 * NULL.
	 */
	void (*opens)(void *ctx, struct ct_opens *opens);
	/*
	 * Each container that is known when the core is flushed, behind the last record: whether a
	 * record was told of it, and whether it is between two states. May be NULL.
	 */
	void (*left)(void *ctx, const struct ct_identity *who, bool told, bool open);
	/* May be NULL: in replay the answers are already among the events. */
	void (*lookup)(void *ctx, enum ct_lookup what, const char *id, uint32_t engine_pid,
		       const char *bundle); /* its directory, "" if not known */
};

struct ct_core_options {
	uint32_t ready_mask; /* bit per enum ct_ready; 0: listen, accept, output, probe */
	uint64_t ready_timeout_ns; /* 0: 10 s */
	size_t containers_max; /* 0: 4096 */
	/* What has only image and arguments in common is a restart too; else it takes a name. */
	bool restarts_by_image;
	bool steps; /* keep steps */
	bool parts; /* keep what records that are made of others consist of: containers, layers */
	bool why; /* keep waits, for records' why and path */
	const struct ct_group_named *groups; /* borrowed */
	size_t group_count;
	int64_t wall_minus_mono_ns; /* of the host that the events are from; 0: not known */
	/* Where the events are from, borrowed; valid as long as what is told. NULL: not known. */
	const char *node;
};

#define CT_TABLES_MAX 17

/* What the core could not use, counted: nothing is dropped in silence. */
struct ct_core_counts {
	uint64_t events;
	uint64_t lost[CT_LOSS_MAX];
	uint64_t unmatched_exits; /* exit of an actor whose begin was not seen */
	uint64_t
		unmatched_ends; /* of these, of containers' first processes: whoever that was has ended */
	uint64_t unmatched_answers; /* answer to a request that was not seen */
	uint64_t unmatched_requests; /* request about a container that is not known */
	uint64_t unknown_phases; /* phases printed as unknown */
	uint64_t containers;
	uint64_t open; /* containers that are between two states right now */
	uint64_t early; /* records cut because they began before all probes were attached */
	uint64_t unread; /* recordings of which not all could be read */
	struct {
		uint64_t count, failed, unheard;
		uint64_t max_ns, sum_ns; /* of how long they took */
	} probes; /* commands that the kubelet has had executed in containers, to see if they serve */
	struct ct_parties beyond; /* whose, of lost[CT_LOSS_SHARE] */
	struct ct_unheard unheard; /* what engines were asked and nobody understood */
	struct ct_deaf deaf; /* engines that are asked on TCP */
	struct ct_strange strange; /* engines whose order of calls is not known */
	struct ct_pulling pulling; /* images that are being fetched */
	struct ct_parties forgers; /* programs that have the name of an engine, and are none */
	struct {
		const char *name; /* NULL: of a replay */
		uint64_t used,
			max; /* entries; max: of the host's root, others have a part beside it */
	} tables[CT_TABLES_MAX];
};

/* NULL when out of memory. */
struct ct_core *ct_core_new(const struct ct_core_options *opts, const struct ct_core_ops *ops,
			    void *ctx);
void ct_core_free(struct ct_core *core); /* NULL is fine */
/* Of a host whose clocks were read after the core was made: before the first event. */
void ct_core_wall(struct ct_core *core, int64_t wall_minus_mono_ns);

/* The event must have passed ct_event_check(). It is copied if it is kept. */
void ct_core_feed(struct ct_core *core, const struct ct_event *e);

/* When the core next wants to know that time has passed, CLOCK_MONOTONIC ns, 0 if never. */
uint64_t ct_core_deadline(const struct ct_core *core);

/* Hands over what was opened until now: what follows is counted from zero. */
void ct_core_tell_opens(struct ct_core *core);

/* No more events: what is open is reported as cut. */
void ct_core_flush(struct ct_core *core);

/* Walks the tables of containers and connections: for several times a second, not for every look at the events. */
struct ct_core_counts ct_core_counts(const struct ct_core *core);

/* Containers that are between two states right now. */
struct ct_motion {
	uint64_t all, mine; /* mine: those that a descendant of coldtrace asked for */
};

/* Costs next to nothing while nothing moves. */
struct ct_motion ct_core_motion(const struct ct_core *core);

/* Whether evidence is missing. An event that came late is not: it was used all the same. */
bool ct_counts_incomplete(const struct ct_core_counts *counts);

/* 0, or why these `room` bytes do not begin with a whole event: trusts no length in it. */
int ct_event_check(const struct ct_event *e, size_t room, struct ct_err *err);
