/* SPDX-License-Identifier: GPL-2.0-only */
/* What containerd stores of images, for tests: blobs that are fetched, their manifest, snapshots. */
#pragma once

#include "tape.h"

#define HASH     "00000000000000000000000000000000000000000000000000000000000000"
#define DIGEST   "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
#define MANIFEST "aa" DIGEST
#define CONFIG   "sha256:cc" DIGEST
#define LISTED   "io.containerd.snapshotter.v1.overlayfs"

void stored_synced(struct tape *t, double ms, const char *dir, const char *file, uint64_t size,
		   bool data_alone);
void stored_emptied(struct tape *t, double ms, const char *dir, const char *digits);
/* Fetched into HASH/nn, which is what nn/DIGEST comes to. */
void stored_blob(struct tape *t, const char *nn, double from, double to, uint64_t size);
/* Of the manifest MANIFEST, which has CONFIG. */
void stored_layer(struct tape *t, double ms, unsigned number, unsigned count, const char *nn,
		  uint64_t size);
void stored_no_manifest(struct tape *t, double ms);
/* A snapshot is begun, or is whole. */
void stored_changed(struct tape *t, double ms);
