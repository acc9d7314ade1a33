/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * All engines of the node: which run, when to look at one again, and what they are asked. The looking
 * and asking is done by two scouts, one for the engines of the host's root, one for all others; here
 * is only kept what they are sent for, and what they bring is handed on as events. Nothing here
 * waits, but for what runs already when tracing begins.
 */
#pragma once

#include "source/engines/errand.h"
#include "source/facts.h"

typedef void (*ct_socket_fn)(void *ctx, const struct ct_engine *engine,
			     const struct ct_socket_file *file);

enum ct_engines_side {
	CT_ENGINES_OWN,
	CT_ENGINES_FOREIGN,
	CT_ENGINES_SIDES
};

/* With facts, fn and ctx set, and all else zero, ct_engines_open() makes it ready. */
struct ct_engines {
	struct ct_facts *facts; /* borrowed */
	ct_socket_fn fn; /* told of every socket file */
	void *ctx; /* borrowed */
	int epoll; /* borrowed, hears of what scouts bring; -1: nobody does */
	struct ct_engine_kept {
		struct ct_engine engine;
		bool wanted; /* its containers are to be listed */
		bool silent; /* a scout did not come back from it */
	} list[CT_ENGINES_MAX];
	size_t count;
	struct ct_rescan {
		uint32_t pid; /* 0: unused */
		bool foreign;
		bool waiting; /* to be sent */
		uint32_t seq; /* of the errand, 0: none is out */
		unsigned int attempt;
		uint64_t exec_ns;
	} rescans[CT_ENGINES_MAX];
	struct ct_lookup_asked {
		enum ct_errand_kind kind;
		char id[CT_ID_LEN + 1]; /* "": unused */
		char bundle[CT_ENGINE_PATH_MAX]; /* "": not known */
		uint32_t engine_pid;
		bool foreign;
		uint32_t seq; /* 0: to be sent */
		uint64_t since_ns;
	} lookups[CT_LOOKUPS_MAX];
	struct ct_command_kept {
		uint32_t pid; /* 0: unused */
		bool foreign;
	} commands[CT_ENGINES_MAX]; /* which scout has looked at its store, by turns */
	size_t command_count; /* ever */
	struct ct_engines_scout {
		struct ct_scout scout;
		uint32_t listing_seq, listing_pid; /* the list that is being made; 0: none */
		size_t out; /* errands */
		uint64_t begun_ns;
	} scouts[CT_ENGINES_SIDES];
	uint32_t seq;
	bool to_send;
	bool refused; /* by a scout that takes no more: it is asked again with the next turn */
	uint64_t patience_ns; /* for what runs already */
	struct ct_engines_text {
		uint32_t seq; /* 0: none is waited for */
		char *buf; /* borrowed */
		size_t room;
	} text;
	uint64_t dropped; /* engines and lookups that there was no room for */
	struct ct_errand errand; /* in the making */
	struct ct_finding finding;
};

int ct_engines_open(struct ct_engines *engines, struct ct_err *err);
void ct_engines_close(struct ct_engines *engines);

/* From now on epoll (-1: none) wakes who waits for it when a scout has come back. */
void ct_engines_watch(struct ct_engines *engines, int epoll);

/* Runs already: its ENGINE event comes before this returns, unless it keeps a scout waiting. */
void ct_engines_add(struct ct_engines *engines, uint32_t pid, bool foreign);

/*
 * The pid of a shim's container as text, into buf: empty when it is not known, or its bundle keeps a
 * scout waiting.
 */
void ct_engines_init_of(struct ct_engines *engines, uint32_t shim, bool foreign, char *buf,
			size_t room);

/* IDENTITY events for the containers of all engines, likewise. */
void ct_engines_identities(struct ct_engines *engines);

/* Was just executed: looked at some times, until it listens. */
void ct_engines_started(struct ct_engines *engines, uint32_t pid, bool foreign, uint64_t now_ns);
void ct_engines_exited(struct ct_engines *engines, uint32_t pid);

/* When ct_engines_turn() next has something to do, 0 if never. */
uint64_t ct_engines_due(const struct ct_engines *engines);

/*
 * Emits what the scouts have brought, sends them on, and gives up those that do not come back. spoke: one of
 * them may have, as far as is known (ct_engines_watch()).
 */
void ct_engines_turn(struct ct_engines *engines, uint64_t now_ns, bool spoke);

/*
 * Asks for an IDENTITY event (WHO): it comes with a turn, if there is anything to say. Or for LAYER events
 * (MANIFEST) of what that engine has stored by the digest whose digits the id is. STORE: a command whose store
 * STORED will be asked about.
 */
void ct_engines_ask(struct ct_engines *engines, enum ct_errand_kind kind, const char *id,
		    uint32_t engine_pid, const char *bundle);

/* NULL: none of that pid is known. */
struct ct_engine_kept *ct_engines_kept(struct ct_engines *engines, uint32_t pid);

/* Sends off what has been asked for. */
void ct_engines_send(struct ct_engines *engines);

/* Waits until all that was asked for is answered, or that time has come. */
void ct_engines_settle(struct ct_engines *engines, uint64_t until_ns);
