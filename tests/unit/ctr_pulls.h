/* SPDX-License-Identifier: GPL-2.0-only */
/* What a client of containerd that fetches an image itself asks for, and what containerd stores, for tests. */
#pragma once

#include "grpc.h"
#include "runs.h"
#include "stored.h"

#define NAME      "reg.test:5000/a/web:1"
#define SERVICES  "/containerd.services."
#define LAYER(nn) "sha256:" nn DIGEST
#define INDEX     "sha256:ee" DIGEST
#define LEASES    SERVICES "leases.v1.Leases/"
#define LEASE     "123-abcd"

static inline void asks(struct tape *t, double ms, uint32_t stream, const char *method,
			const char *lease, const char *msg, size_t len)
{
	char block[256], message[1024];
	size_t n = grpc_put_field(block, ":path", method), m;

	n += grpc_put_field(block + n, "containerd-namespace", "default");
	if (lease)
		n += grpc_put_field(block + n, "containerd-lease", lease);
	m = grpc_put_headers(message, stream, END_BLOCK, block, n);
	m += grpc_put_data(message + m, stream, msg, len);
	tape_at(t, ms);
	t->engine = LIFE_CONTAINERD;
	tape_send(t, CLIENT, SOCKET, message, m);
}

static inline void answered(struct tape *t, double ms, uint32_t stream)
{
	tape_at(t, ms);
	grpc_answers(t, stream, "", 0);
}

static inline void ends(struct tape *t, double ms, uint32_t stream)
{
	char block[64], message[128];

	tape_at(t, ms);
	grpc_says(t, message,
		  grpc_put_headers(message, stream, END_BLOCK | END_STREAM, block,
				   grpc_put_field(block, "grpc-status", "0")));
}

static inline void lease(struct tape *t, double ms, uint32_t stream, const char *method,
			 const char *id)
{
	char msg[64];

	asks(t, ms, stream, method, NULL, msg, grpc_put_text(msg, 1, id));
	answered(t, ms + 1, stream);
}

static inline void writes(struct tape *t, double ms, uint32_t stream, const char *ref)
{
	char msg[128];

	asks(t, ms, stream, SERVICES "content.v1.Content/Write", LEASE, msg,
	     grpc_put_text(msg, 2, ref));
}

static inline void saves(struct tape *t, double ms, uint32_t stream, const char *digest)
{
	char target[160], image[256], msg[300];
	size_t n = grpc_put_text(target, 1, "application/vnd.oci.image.manifest.v1+json"), m;

	n += grpc_put_text(target + n, 2, digest);
	m = grpc_put_text(image, 1, NAME);
	m += tape_put_bytes(image + m, 3, target, n);
	asks(t, ms, stream, SERVICES "images.v1.Images/Create", LEASE, msg,
	     tape_put_bytes(msg, 1, image, m));
	answered(t, ms + 1, stream);
}

static inline void applies(struct tape *t, double from, double to, uint32_t stream,
			   const char *digest)
{
	char layer[160], msg[200];
	size_t n = grpc_put_text(layer, 1, "application/vnd.oci.image.layer.v1.tar+gzip");

	n += grpc_put_text(layer + n, 2, digest);
	asks(t, from, stream, SERVICES "diff.v1.Diff/Apply", LEASE, msg,
	     tape_put_bytes(msg, 1, layer, n));
	if (to > 0)
		answered(t, to, stream);
}

/* It is resolved, and its layers are known by their manifest. */
static inline void resolves(struct tape *t, double ms)
{
	lease(t, ms, 1, LEASES "Create", LEASE);
	writes(t, ms + 10, 3, "manifest-sha256:" MANIFEST);
	stored_blob(t, "aa", ms + 11, ms + 15, 900);
	ends(t, ms + 18, 3);
	stored_layer(t, ms + 19, 0, 2, "01", 400000);
	stored_layer(t, ms + 19, 1, 2, "02", 300000);
}

/* All is fetched, then unpacked. */
static inline void fetches(struct tape *t, double ms)
{
	resolves(t, ms);
	writes(t, ms + 20, 5, "layer-" LAYER("01"));
	writes(t, ms + 20, 7, "layer-" LAYER("02"));
	stored_blob(t, "01", ms + 21, ms + 80, 400000);
	stored_blob(t, "02", ms + 22, ms + 60, 300000);
	ends(t, ms + 63, 7);
	ends(t, ms + 83, 5);
}

/* It is saved, and unpacked. */
static inline void keeps(struct tape *t, double ms)
{
	saves(t, ms, 9, "sha256:" MANIFEST);
	applies(t, ms + 5, ms + 25, 11, LAYER("01"));
	applies(t, ms + 27, ms + 55, 13, LAYER("02"));
	lease(t, ms + 65, 15, LEASES "Delete", LEASE);
}

static inline void play_sorted(struct run *run)
{
	tape_sort(&run->t);
	play_until(run, 90000);
}

static inline const struct seen *pull_of(struct run *run, const char *name)
{
	play_sorted(run);
	return find(run, CT_RECORD_PULL, name, 0);
}
