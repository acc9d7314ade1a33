// SPDX-License-Identifier: GPL-2.0-only
#include "stored.h"

#include <stdio.h>

#include "life.h"

void stored_synced(struct tape *t, double ms, const char *dir, const char *file, uint64_t size,
		   bool data_alone)
{
	struct ct_event *e;
	char tail[160];
	int n = snprintf(tail, sizeof(tail), "%s/%s", dir, file);

	tape_at(t, ms);
	e = tape_add(t, CT_KIND_SYNC, LIFE_CONTAINERD, tail, (size_t)n);
	e->arg = size;
	e->sub = data_alone;
}

void stored_emptied(struct tape *t, double ms, const char *dir, const char *digits)
{
	char tail[160];
	int n = snprintf(tail, sizeof(tail), "%s/total%c%s", dir, 0, digits);

	tape_at(t, ms);
	tape_add(t, CT_KIND_UNLINK, LIFE_CONTAINERD, tail, (size_t)n);
}

/* Fetched into HASH/nn, which is what nn/DIGEST comes to. */
void stored_blob(struct tape *t, const char *nn, double from, double to, uint64_t size)
{
	char dir[80], digits[80];

	snprintf(dir, sizeof(dir), HASH "%s", nn);
	snprintf(digits, sizeof(digits), "%s" DIGEST, nn);
	stored_synced(t, from, dir, "startedat.tmp", 30, false);
	stored_synced(t, to, dir, "data", size, false);
	stored_emptied(t, to + 2, dir, digits);
}

void stored_layer(struct tape *t, double ms, unsigned number, unsigned count, const char *nn,
		  uint64_t size)
{
	struct ct_event *e;
	char tail[512];
	int n = snprintf(tail, sizeof(tail),
			 "sha256:" MANIFEST "%c" CONFIG "%csha256:%s" DIGEST "%ctar%c", 0, 0, nn, 0,
			 0);

	tape_at(t, ms);
	e = tape_add(t, CT_KIND_LAYER, LIFE_CONTAINERD, tail, (size_t)n);
	e->sub = (uint16_t)number;
	e->arg = count;
	e->obj = size;
}

void stored_no_manifest(struct tape *t, double ms)
{
	tape_at(t, ms);
	tape_add(t, CT_KIND_LAYER, LIFE_CONTAINERD, NULL, 0);
}

/* A snapshot is begun, or is whole. */
void stored_changed(struct tape *t, double ms)
{
	stored_synced(t, ms, LISTED, "metadata.db", 65536, true);
	stored_synced(t, ms + 1, LISTED, "metadata.db", 65536, true);
}
