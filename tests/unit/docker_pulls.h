/* SPDX-License-Identifier: GPL-2.0-only */
/* What dockerd is asked for, and says while it fetches an image (moby 20.10), for tests. Who asks is known by the socket. */
#pragma once

#include "runs.h"

#define PULL_SOCKET        4000
#define PULL_OTHER_SOCKET  4100 /* of another client */
#define PULL_ELSEWHERE     4200 /* of another dockerd */
#define PULL_OTHER_DOCKERD 4248
#define PULL_LINE(image)   "POST /v1.41/images/create?fromImage=reg.test%3A5000%2F" image "&tag=1"

void pull_asks(struct tape *t, double ms, uint64_t socket, const char *line);
/* It is asked, and begins to answer so long after that. */
void pull_begins(struct tape *t, double ms, double after, uint64_t socket, const char *line);
void pull_says(struct tape *t, double ms, uint64_t socket, const char *json);
/* Of a layer. */
void pull_status(struct tape *t, double ms, uint64_t socket, const char *id, const char *status);
void pull_downloads(struct tape *t, double ms, uint64_t socket, const char *id, unsigned current,
		    unsigned total);
void pull_is_done(struct tape *t, double ms, uint64_t socket, const char *name);
