/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A running engine: where it keeps its data, on which socket files it listens, and what it knows
 * about its containers.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "source/engines/identity.h"

#define CT_ENGINES_MAX        64
#define CT_ENGINE_SOCKETS_MAX 8
#define CT_LOOKUPS_MAX        512
#define CT_ENGINE_PATH_MAX    512

/* What the kernel side knows a socket file by. */
struct ct_socket_file {
	char path[sizeof(((struct sockaddr_un *)0)->sun_path) + 1];
	uint64_t ino;
	uint64_t dev; /* as the kernel encodes it */
};

struct ct_engine {
	uint32_t pid;
	const char *name; /* static, and at the same address in a scout */
	/*
	 * In a container, or of a user: it may have chosen its files to do harm. It has a scout of
	 * its own, which no other engine has to wait for, and a smaller share.
	 */
	bool foreign;
	char data_root[CT_ENGINE_PATH_MAX];
	char exec_root[CT_ENGINE_PATH_MAX];
	bool tcp; /* it was told to listen on TCP, too */
	struct ct_socket_file sockets[CT_ENGINE_SOCKETS_MAX];
	size_t socket_count;
};

#define CT_ENGINE_FILES_MAX 4096

/* What may be read of one engine, and what has been. */
struct ct_engine_budget {
	size_t bytes; /* left */
	size_t count;
	struct ct_engine_file {
		uint64_t dev, ino;
	} files[CT_ENGINE_FILES_MAX]; /* no file counts twice */
};

/* engine_identity.c: they may be kept waiting, only a scout calls them. */
/* What the engine keeps about a container, as the tail of an IDENTITY event; false: nothing. */
bool ct_engine_identity(struct ct_tail *tail, const struct ct_engine *engine, const char *id,
			struct ct_engine_budget *budget);

/* The ids of all that it keeps, until fn returns false. */
void ct_engine_list(const struct ct_engine *engine, bool (*fn)(void *ctx, const char *id),
		    void *ctx);

/* Whether it keeps anything that can be read. */
bool ct_engine_keeps(const struct ct_engine *engine);

/* It runs on: its containers are listed when it is found, and fail with it. */
bool ct_engine_is_daemon(const struct ct_engine *engine);

/* The engine that a container's monitor (conmon) was called by; false when it is none. */
bool ct_engine_of_monitor(uint32_t pid, struct ct_engine *ret);
/* The same, of the bundle that it was called with: of a short life it is gone when it is asked. */
bool ct_engine_of_bundle(uint32_t pid, const char *bundle, struct ct_engine *ret);

/* engine_manifest.c */
struct ct_manifest_read {
	size_t count; /* of layers */
	uint64_t size; /* of this one, bytes */
};

typedef void (*ct_manifest_fn)(void *ctx, const struct ct_manifest_read *m, size_t number);

/*
 * What containerd has stored by that digest (its digits), if it is a manifest: for each layer in its order
 * the tail of a LAYER event, then fn. False: it is none, or is not there. It may be kept waiting, only a
 * scout calls it.
 */
bool ct_engine_manifest(const struct ct_engine *engine, const char *digits, struct ct_tail *tail,
			ct_manifest_fn fn, void *ctx);

/* engine_snapshots.c: likewise, of what containerd has written down. */
#define CT_UNPACKED_MAX 128 /* layers of an image */

struct ct_unpacked {
	size_t count; /* of layers */
	uint64_t bytes; /* that this one's files take */
	uint64_t wall_ns; /* when it was whole, CLOCK_REALTIME; 0: not known */
};

typedef void (*ct_unpacked_fn)(void *ctx, const struct ct_unpacked *u, size_t number);

/* The layers, in their order, of the image that has the config with these digits. False: it is not unpacked. */
bool ct_engine_unpacked(const struct ct_engine *engine, const char *ns, const char *digits,
			ct_unpacked_fn fn, void *ctx);
/* The digest of what an image of that name is. False: there is none. */
bool ct_engine_image(const struct ct_engine *engine, const char *ns, const char *name, char *ret,
		     size_t room);
/* What a store has of a layer besides, 0: it does not say. */
struct ct_manifest_more {
	uint64_t stored_wall_ns; /* since 1970, when it was added */
	uint64_t unpacked; /* bytes */
};

/* The same of one that has been read, by its whole digest; more: NULL, or of each layer. */
struct json_t;
bool ct_manifest_each(struct json_t *manifest, const char *digest,
		      const struct ct_manifest_more *more, struct ct_tail *tail, ct_manifest_fn fn,
		      void *ctx);

/*
 * engine_stored.c: the same of an image by the name that somebody asked for, in the store that a command of this
 * engine has below that root.
 */
bool ct_engine_stored(int root, const struct ct_engine *engine, const char *asked,
		      struct ct_tail *tail, ct_manifest_fn fn, void *ctx);

/* engine_config.c: its data_root, exec_root and tcp, of its pid and name, as files below that root say. */
void ct_engine_config(int root, struct ct_engine *engine);

/* engine.c */
/*
 * False when there is no such process, or its name is not an engine's. ret->foreign stays. It may be
 * kept waiting, only a scout calls it.
 */
bool ct_engine_read(uint32_t pid, struct ct_engine *ret);

/* The tail of an ENGINE event: engine, root, exec_root, sockets (paths, a space between them). */
void ct_engine_tail(const struct ct_engine *engine, struct ct_tail *tail);
