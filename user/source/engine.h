/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Running engines: where each keeps its data, on which socket files it listens, and what it knows
 * about its containers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "source/identity.h"
#include "source/seed.h"

#define CT_ENGINES_MAX        64
#define CT_ENGINE_SOCKETS_MAX 8
#define CT_LOOKUPS_MAX        64
#define CT_ENGINE_PATH_MAX    512

/* What the kernel side knows a socket file by. */
struct ct_socket_file {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	uint64_t ino;
	uint64_t dev; /* as the kernel encodes it */
};

struct ct_engine {
	uint32_t pid;
	const char *name; /* static */
	char data_root[CT_ENGINE_PATH_MAX];
	char exec_root[CT_ENGINE_PATH_MAX];
	struct ct_socket_file sockets[CT_ENGINE_SOCKETS_MAX];
	size_t socket_count;
};

typedef void (*ct_socket_fn)(void *ctx, uint32_t pid, const struct ct_socket_file *file);

/* All engines of the node. Zeroed, with facts, fn and ctx set, it is ready. */
struct ct_engines {
	struct ct_facts *facts; /* borrowed */
	ct_socket_fn fn; /* told of every socket file */
	void *ctx; /* borrowed */
	struct ct_engine list[CT_ENGINES_MAX];
	size_t count;
	struct ct_rescan {
		uint32_t pid; /* 0: unused */
		unsigned int attempt;
		uint64_t exec_ns;
	} rescans[CT_ENGINES_MAX];
	struct ct_lookup_asked {
		uint32_t engine_pid;
		char id[CT_ID_LEN + 1];
		char bundle[CT_ENGINE_PATH_MAX]; /* "": not known */
	} lookups[CT_LOOKUPS_MAX];
	size_t lookup_count;
	uint64_t dropped; /* engines and lookups that there was no room for */
};

/* engines.c */
/* Runs already: ENGINE event at once. */
void ct_engines_add(struct ct_engines *engines, uint32_t pid);

/* IDENTITY events for the containers of all engines. */
void ct_engines_identities(struct ct_engines *engines);

/* Was just executed: looked at some times, until it listens. */
void ct_engines_started(struct ct_engines *engines, uint32_t pid, uint64_t now_ns);
void ct_engines_exited(struct ct_engines *engines, uint32_t pid);

/* When ct_engines_rescan() next has something to do, 0 if never. */
uint64_t ct_engines_due(const struct ct_engines *engines);
void ct_engines_rescan(struct ct_engines *engines, uint64_t now_ns);

/* Asks for an IDENTITY event; ct_engines_answer() emits what has been asked for. */
void ct_engines_ask(struct ct_engines *engines, const char *id, uint32_t engine_pid,
		    const char *bundle);
void ct_engines_answer(struct ct_engines *engines);

/* engine_identity.c */
/* IDENTITY events for what the engine keeps about a container (false: nothing), or about all. */
bool ct_engine_tell(struct ct_facts *facts, const struct ct_engine *engine, const char *id);
void ct_engine_tell_all(struct ct_facts *facts, const struct ct_engine *engine);

/* The engine that a container's monitor (conmon) was called by; false when it is none. */
bool ct_engine_of_monitor(uint32_t pid, struct ct_engine *ret);
/* The same, of the bundle that it was called with: of a short life it is gone when it is asked. */
bool ct_engine_of_bundle(uint32_t pid, const char *bundle, struct ct_engine *ret);

/* engine.c */
/* False when there is no such process, or its name is not an engine's. */
bool ct_engine_read(uint32_t pid, struct ct_engine *ret);

/* The tail of an ENGINE event: engine, root, exec_root, sockets (paths, a space between them). */
void ct_engine_tail(const struct ct_engine *engine, struct ct_tail *tail);
