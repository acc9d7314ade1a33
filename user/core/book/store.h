/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What an engine stores of images, as its files tell: containerd's store of content and its snapshotter. It says
 * nothing of who asked for it: pulls are found in it by the digests of their layers.
 */
#pragma once

#include "core/who/who.h"

#define CT_BLOBS_MAX     512 /* of an engine that are remembered, and so on: the newest */
#define CT_CHANGES_MAX   1024
#define CT_INFLATES_MAX  256
#define CT_MANIFESTS_MAX 32
#define CT_DIGEST_LEN    80

/* Something that is fetched into ingest/HASH: a manifest, a config, a layer. Times are 0 until then. */
struct ct_blob {
	char hash[65]; /* of its name for the store */
	char digest[CT_DIGEST_LEN]; /* "sha256:...", empty if it did not come so far */
	uint64_t size; /* bytes that were there when they were synced */
	uint64_t opened_ns;
	uint64_t synced_ns; /* all its bytes are there, if it has a digest */
	uint64_t stored_ns; /* it has its digest for its name */
};

/* The list of snapshots was changed: one is begun, or is whole. */
struct ct_change {
	uint64_t begin_ns, end_ns; /* of its first and of its last sync */
	unsigned syncs; /* of data alone */
};

/* A program that the engine executes to inflate a layer. */
struct ct_inflate {
	struct ct_worker by;
	uint64_t begin_ns, end_ns; /* end: 0 while it runs */
};

struct ct_manifest {
	char digest[CT_DIGEST_LEN];
	char config[CT_DIGEST_LEN]; /* empty: it is a list of manifests, which are its layers */
	size_t count, known; /* of layers; more are known one after the other */
	bool due; /* user space was asked when it was unpacked, and has not answered */
	struct ct_manifest_layer {
		char digest[CT_DIGEST_LEN];
		char type[80];
		uint64_t size;
		uint64_t files; /* bytes that it takes unpacked; 0: not known */
		uint64_t unpacked_wall_ns; /* CLOCK_REALTIME, 0: not known */
	} * layers; /* owned */
};

/* A list that forgets its oldest: the nth since it began. */
#define CT_KEPT(of, n) (&(of)->at[(n) % CT_ARRAY_SIZE((of)->at)])

struct ct_store {
	struct ct_held held; /* of the engine's scope */
	struct ct_store *prev, *next;
	uint32_t engine; /* tgid */
	size_t asked, answered; /* what user space was, of what it has stored */
	struct {
		size_t count; /* ever */
		struct ct_blob at[CT_BLOBS_MAX];
	} blobs;
	struct {
		size_t count;
		struct ct_change at[CT_CHANGES_MAX];
	} changes;
	struct {
		size_t count;
		struct ct_inflate at[CT_INFLATES_MAX];
	} inflates;
	struct {
		size_t count;
		struct ct_manifest at[CT_MANIFESTS_MAX];
	} manifests;
};

/* Whether engines of that name have one that is read here. */
bool ct_store_is_kept(const char *engine);
struct ct_store *ct_store_of(const struct ct_core *core, uint32_t engine); /* NULL: it has none */
/* Found or made; NULL: no room, or no memory, which is counted. */
struct ct_store *ct_store_make(struct ct_core *core, const struct ct_scope *scope, uint32_t engine);
void ct_store_drop(struct ct_core *core, struct ct_store *store);
void ct_stores_free(struct ct_core *core);

/* The newest of that name that is not whole yet, or made. Never NULL. */
struct ct_blob *ct_store_blob(struct ct_store *store, struct ct_text hash);
/* The newest with that digest that was whole by then; NULL: it has none. */
const struct ct_blob *ct_store_found(const struct ct_store *store, const char *digest,
				     uint64_t until_ns);
void ct_store_changed(struct ct_store *store, bool data_alone, uint64_t ts_ns);
struct ct_inflate *ct_store_inflates(struct ct_store *store, uint32_t pid);
void ct_store_inflated(struct ct_store *store, uint32_t pid, uint64_t ts_ns);
/* A LAYER event; false: it is none that can be used. */
bool ct_store_layer(struct ct_store *store, const struct ct_event *e);
/* User space is asked when what has that config was unpacked: due until it has answered. */
void ct_store_ask_unpacked(struct ct_store *store, const char *config);
/* An UNPACKED event. */
void ct_store_unpacked(struct ct_store *store, const struct ct_event *e);
#define CT_PLATFORMS_MAX 16 /* that an image is for, of those whose manifests were fetched */

/* By its digest: that, or a list of manifests; NULL: not known, or not whole. */
const struct ct_manifest *ct_store_known(const struct ct_store *store, const char *digest);
/* By its digest, or, of a list of manifests, all of those that are known. Their count. */
size_t ct_store_manifests_of(const struct ct_store *store, const char *digest,
			     const struct ct_manifest *ret[CT_PLATFORMS_MAX]);
/*
 * The same, and of several the one that was unpacked, as far as that is known, or whose config was fetched. NULL:
 * not known, or not whole.
 */
const struct ct_manifest *ct_store_manifest_of(const struct ct_store *store, const char *digest);
/* By its config, or, if that is empty, the only one that came then; NULL: not known, or not whole. */
const struct ct_manifest *ct_store_manifest(const struct ct_store *store, const char *config,
					    uint64_t from_ns, uint64_t until_ns);

extern const struct ct_share_row ct_stores_row;
