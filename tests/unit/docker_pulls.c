// SPDX-License-Identifier: GPL-2.0-only
#include "docker_pulls.h"

#include <stdio.h>

static uint32_t engine_of(uint64_t socket)
{
	return socket == PULL_ELSEWHERE ? PULL_OTHER_DOCKERD : LIFE_DOCKERD;
}

void pull_asks(struct tape *t, double ms, uint64_t socket, const char *line)
{
	tape_at(t, ms);
	t->engine = engine_of(socket);
	tape_http_request(t, LIFE_CLIENT + (socket == PULL_OTHER_SOCKET), socket, line, NULL);
}

void pull_begins(struct tape *t, double ms, double after, uint64_t socket, const char *line)
{
	pull_asks(t, ms, socket, line);
	tape_at(t, ms + after);
	tape_http_answer(t, engine_of(socket), socket, 200, NULL);
}

void pull_says(struct tape *t, double ms, uint64_t socket, const char *json)
{
	tape_at(t, ms);
	tape_http_chunk(t, engine_of(socket), socket, json);
}

void pull_status(struct tape *t, double ms, uint64_t socket, const char *id, const char *status)
{
	char json[256];

	snprintf(json, sizeof(json), "{\"status\":\"%s\",\"progressDetail\":{},\"id\":\"%s\"}",
		 status, id);
	pull_says(t, ms, socket, json);
}

void pull_downloads(struct tape *t, double ms, uint64_t socket, const char *id, unsigned current,
		    unsigned total)
{
	char json[256];

	snprintf(json, sizeof(json),
		 "{\"status\":\"Downloading\",\"progressDetail\":{\"current\":%u,\"total\":%u},"
		 "\"progress\":\"[=>  ]\",\"id\":\"%s\"}",
		 current, total, id);
	pull_says(t, ms, socket, json);
}

void pull_is_done(struct tape *t, double ms, uint64_t socket, const char *name)
{
	char json[256];

	pull_says(t, ms, socket, "{\"status\":\"Digest: sha256:feed\"}");
	snprintf(json, sizeof(json), "{\"status\":\"Status: Downloaded newer image for %s\"}",
		 name);
	pull_says(t, ms, socket, json);
}
