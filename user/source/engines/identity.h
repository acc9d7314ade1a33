/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What Docker, Podman and CRI-O keep on disk about a container, as the tail of an IDENTITY event. Pure. Values are
 * what users and images chose: cut to a length, otherwise untouched. What is not known is left
 * out.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "source/tail.h"
#include "util/err.h"

#define CT_ID_LEN 64

/* 64 digits of lower-case hex: only such an id may become a part of a path. */
bool ct_id_valid(const char *id, size_t len);

/*
 * Pure: what Docker's config.v2.json and hostconfig.json (NULL if there is none) say. Parts that
 * are missing or of another type are left out. ret_driver gets the name of the storage driver,
 * empty if it is no plain name.
 */
int ct_identity_parse(struct ct_tail *tail, const char *id, const char *config, size_t config_len,
		      const char *host, size_t host_len, char *ret_driver, size_t driver_room,
		      struct ct_err *err);

/* Pure: what config.json of a bundle says, if it is one of CRI-O's. */
int ct_identity_parse_crio(struct ct_tail *tail, const char *id, const char *text, size_t len,
			   struct ct_err *err);

/* Pure: what containers.json of containers/storage says about one of Podman's containers. */
int ct_identity_parse_podman(struct ct_tail *tail, const char *id, const char *text, size_t len,
			     struct ct_err *err);

/* Pure: what the annotations of a bundle's config.json say about a container of Kubernetes. */
int ct_identity_parse_bundle(struct ct_tail *tail, const char *id, const char *text, size_t len,
			     struct ct_err *err);
