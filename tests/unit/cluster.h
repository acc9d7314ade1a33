/* SPDX-License-Identifier: GPL-2.0-only */
/* A pod, of which is told what containers do: for tests of what is told of it then. */
#pragma once

#include "core/tell/made.h"

#include "runs.h"

#define MS(ms) tape_ns(ms)

struct cluster {
	struct ct_core *core;
	struct run run;
	struct ct_container c; /* of whom the next record is */
};

struct cluster *cluster_new(bool steps);
void cluster_free(struct cluster *cl);
void text(char *to, size_t room, const char *from);
/* name: "" is the sandbox. */
struct ct_record record_of(struct cluster *cl, enum ct_record_type type, const char *id,
			   const char *name, double begin, double end);
void starts(struct cluster *cl, const char *id, const char *name, double begin, double end,
	    bool ready);
void fails(struct cluster *cl, const char *id, const char *name, double begin, double end);
/* asked: by somebody who wanted it to stop, that long before its exit. */
void stops(struct cluster *cl, const char *id, const char *name, double begin, double end,
	   double asked, int code);
void passes(struct cluster *cl, double until);
const struct seen *only(struct cluster *cl, enum ct_record_type type);
