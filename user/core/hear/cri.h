/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the requests of the Kubernetes runtime interface look like (k8s.io/cri-api, v1): where nobody
 * has heard which method is asked for, its message tells what it may be. It is no proof: a message
 * of another method may look the same.
 */
#pragma once

#include "core/base/text.h"

struct ct_request;

enum ct_cri_shape {
	CT_CRI_OTHER,
	CT_CRI_POD, /* { 1: { 1: { 1: name, 2: uid, 3: namespace, 4: attempt }, ... }, 2: handler } */
	CT_CRI_CONTAINER, /* { 1: id, 2: { 1: { 1: name, 2: attempt }, 2: { 1: image }, ... }, ... } */
	CT_CRI_ID, /* { 1: id } */
	CT_CRI_ID_AND_NUMBER, /* { 1: id, 2: number } */
	CT_CRI_EXEC /* { 1: id, 2: a word of the command, ..., 3: seconds at most } */
};

/* How long a command in a container may take. */
enum ct_limit {
	CT_LIMIT_NONE,
	CT_LIMIT_SOME,
	CT_LIMIT_UNHEARD /* its command was too long to be heard to its end */
};

/* `msg` is what was captured of it: it may be cut. */
enum ct_cri_shape ct_cri_shape(struct ct_text msg);
/* Engines call their containers and pods so. */
bool ct_cri_is_id(struct ct_text t);

/* What the requests say. */
void ct_cri_pod_config(struct ct_request *asked, struct ct_text config);
void ct_cri_run_pod(struct ct_request *asked, struct ct_text msg);
void ct_cri_create_container(struct ct_request *asked, struct ct_text msg);
struct ct_text ct_cri_made(struct ct_text msg); /* the id in an answer */
/* `data`: of the frame, with the prefix of gRPC. */
void ct_cri_exec(struct ct_request *asked, struct ct_text data);
/* Exit status of a command, in an answer. False: it was not heard. */
bool ct_cri_status(struct ct_text data, uint64_t *ret);
