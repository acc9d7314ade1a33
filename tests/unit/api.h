/* SPDX-License-Identifier: GPL-2.0-only */
/* What clients of Docker's API ask, and what they are answered. */
#pragma once

#include <stdio.h>

#include "life.h"

static inline void asks(struct tape *t, double ms, uint64_t socket, const char *line,
			const char *body)
{
	tape_at(t, ms);
	t->engine = LIFE_DOCKERD;
	tape_http_request(t, LIFE_CLIENT, socket, line, body);
}

static inline void answers(struct tape *t, double ms, uint64_t socket, int status, const char *body)
{
	tape_at(t, ms);
	tape_http_answer(t, LIFE_DOCKERD, socket, status, body);
}

static inline void made(struct tape *t, double ms, uint64_t socket, const char *id)
{
	char body[128];

	snprintf(body, sizeof(body), "{\"Id\":\"%s\",\"Warnings\":[]}", id);
	answers(t, ms, socket, 201, body);
}
