/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A family is one way in which containers live: which signals set their marks, and which marks
 * bound their phases. Supporting another engine is a family: rows, and a line in families.c.
 */
#pragma once

#include "core/book/book.h"
#include "core/life/family_rows.h"
#include "util/mem.h"

enum ct_family_number {
	CT_FAMILY_DOCKER,
	CT_FAMILY_CONTAINERD,
	CT_FAMILY_POD,
	CT_FAMILY_CRI,
	CT_FAMILY_PODMAN,
	CT_FAMILY_BARE,
	CT_FAMILY_CRIO,
	CT_FAMILY_CRIO_POD,
	CT_FAMILY_BUILDER,
	CT_FAMILY_BUILDKIT,
	CT_FAMILY_MAX
};

struct ct_family {
	enum ct_family_number number;
	const char *name; /* word of the support table */
	const char *engine; /* that its containers are of; NULL: facts about them say so */
	bool named_by_id; /* what users call a container is its id */
	bool grpc; /* containers are made, started and removed by gRPC requests alone */
	bool kills_end; /* its clients send no signal but to end it, whichever the image asks for */
	const struct ct_rule *rules;
	size_t rule_count;
	const struct ct_span *start; /* in order of life */
	size_t start_count;
	const struct ct_span *stop;
	size_t stop_count;
	struct ct_spans start_other,
		stop_other; /* those of CT_ORDER_OTHER; none: there is one order */
	const struct ct_again *again;
	size_t again_count;
	const struct ct_cause_row *causes;
	size_t cause_count;
	const struct ct_proof *proofs;
	size_t proof_count;
	const char *fails[CT_MARK_LIST]; /* a start has failed when one of these is refused */
	/* Lists end with NONE, or are full. */
	enum ct_mark begins
		[CT_MARK_LIST]; /* requests: a start begins at the first of these that is set */
	enum ct_mark opens[CT_MARK_LIST]; /* any of these: a start is under way */
	enum ct_mark asked; /* not set: the start was asked for before tracing began */
	enum ct_mark stopped; /* set: all that may follow is a removal */
	/* Who asks for a start between these waits until the second; NONE: nobody waits. */
	enum ct_mark stops_from, stops_to;
	uint64_t remove_wait_ns; /* how long after a stop its removal still belongs to it */
	bool build; /* its containers are steps of builds: each is told once, when it has gone */
	bool api; /* its engine is asked by HTTP */
	bool at_first; /* it is taken to be its, as long as nobody says whose it is */
	bool commands; /* its engine is no daemon: every command is a process that does it all */
	const struct ct_family *pods; /* Kubernetes asks its engine: so live their sandboxes */
	bool hears_itself; /* there is no shim between a container and who listens to it */
	const char
		*monitor; /* program that stands between its engine and its runtime; NULL: none */
	bool monitor_alone; /* whose monitor it is when nobody known has called that */
	bool execs_monitored; /* for a process executed in a container there is one, too */
	bool first_exec_is_init; /* nobody tells the pid: the first program in the container */
	bool runtime_at_start; /* who was told no runtime writes down which one it takes then */
	/*
	 * What rows cannot say. May be NULL. `follow` is called when the rules have been applied,
	 * `stop_ends` before a stop is told, `again_begins` before a run that starts again is told,
	 * `again_began` when the new one has replaced it.
	 */
	enum ct_effect (*follow)(struct ct_container *c, enum ct_signal signal, struct ct_text what,
				 uint64_t ts_ns);
	void (*stop_ends)(struct ct_container *c);
	void (*again_begins)(struct ct_container *c);
	void (*again_began)(struct ct_container *c, const struct ct_again *how);
};

/* A bit per rule has to do: what has more has a negative size. */
#define CT_RULE_COUNT(rules) \
	(CT_ARRAY_SIZE(rules) + 0 * sizeof(char[CT_ARRAY_SIZE(rules) <= 64 ? 1 : -1]))

/* The tables of a family's file, by the names that all of them give to theirs. */
#define CT_FAMILY_LIVES \
	.rules = rules, .rule_count = CT_RULE_COUNT(rules), .start = start, \
	.start_count = CT_ARRAY_SIZE(start), .stop = stop, .stop_count = CT_ARRAY_SIZE(stop)
#define CT_FAMILY_TABLES CT_FAMILY_LIVES, .again = again, .again_count = CT_ARRAY_SIZE(again)
#define CT_FAMILY_FILES  .files = files, .file_count = CT_ARRAY_SIZE(files)
#define CT_FAMILY_CAUSES .causes = causes, .cause_count = CT_ARRAY_SIZE(causes)

extern const struct ct_family ct_family_docker;
extern const struct ct_family ct_family_containerd;
extern const struct ct_family ct_family_pod;
extern const struct ct_family ct_family_cri;
extern const struct ct_family ct_family_podman;
extern const struct ct_family ct_family_bare;
extern const struct ct_family ct_family_crio;
extern const struct ct_family ct_family_crio_pod;
extern const struct ct_family ct_family_builder;
extern const struct ct_family ct_family_buildkit;

extern const struct ct_family *const ct_families[CT_FAMILY_MAX];

/* The phases of a run, in the order in which its engine does them. */
struct ct_spans ct_family_start(const struct ct_family *f, const struct ct_run *run);
struct ct_spans ct_family_stop(const struct ct_family *f, const struct ct_run *run);
/* Why a container stops that was asked to by this, what of a rule. REQUEST: no row has it. */
enum ct_cause ct_stop_cause(const char *what);
/* By a containerd namespace: who uses it. Never NULL. */
const struct ct_family *ct_family_of_namespace(struct ct_text ns);
/* Whether a start has failed when this request is refused. */
bool ct_family_fails(const struct ct_family *f, struct ct_text request);
/* The request that makes the engine ask the shim for this, NULL if there is none. */
const char *ct_family_cause(const struct ct_family *f, struct ct_text task_method);
/* By the name of an engine, NULL when there is none of that name. */
const struct ct_family *ct_family_of_engine(struct ct_text engine);
/*
 * Of the containers that Kubernetes asks this engine for (NULL: nobody known); its `pods` are their
 * sandboxes. Never NULL.
 */
const struct ct_family *ct_family_of_cri(const char *engine_name);
enum ct_file_is ct_family_file(struct ct_text file);
/* As long as nobody says. */
const struct ct_family *ct_family_at_first(void);
/* Whose API is asked by HTTP. */
const struct ct_family *ct_family_of_api(void);
/*
 * Of a program that may be a monitor, called by that engine (NULL: nobody known), and for what has a
 * name that Kubernetes' engines give. NULL: it is none.
 */
const struct ct_family *ct_family_of_monitor(struct ct_text program, const char *engine_name,
					     bool pods);
