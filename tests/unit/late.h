/* SPDX-License-Identifier: GPL-2.0-only */
/* A kubelet whose connection is older than the trace: what it asks has a number and no name. */
#pragma once

#include "grpc.h"

/* Paths of the kubelet, by their numbers in its table of headers, filled before anybody listened. */
enum late_path {
	RUN_POD = 70,
	CREATE,
	START,
	STATUS,
	STOP,
	REMOVE
};

size_t late_block(char *block, enum late_path path); /* of headers */
void late_asks(struct tape *t, uint32_t stream, enum late_path path, const char *msg, size_t len);
void late_asks_about(struct tape *t, uint32_t stream, enum late_path path, const char *id);

/* Messages: of RunPodSandbox, of CreateContainer. */
size_t late_put_pod(char *msg, const char *name, const char *uid, const char *ns);
size_t late_put_container(char *msg, const char *pod, const char *name, const char *image);
void late_runs_pod(struct tape *t, uint32_t stream, enum late_path path); /* web of shop */
