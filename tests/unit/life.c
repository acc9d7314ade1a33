// SPDX-License-Identifier: GPL-2.0-only
#include "life.h"

#include <stdio.h>
#include <string.h>

#include "util/mem.h"

static const char *const ids[] = {
	"7805ffef97dd6fec708c5638e323a5f752d8865a9a43575f124d56a002ed3ada",
	"664a1f7e9aaf49cd8cd0143400cc82c47b509ae4fec3afbae4528d4174d08c3f",
	"b4f6239ac50baeb6c144da06c4533ff5a5327f2a6e1c3a6f9918d8102ae56636",
	"e344e0429a36d2b4a92ddf8031e491a1b3a48118a56c732e68b368bbe33e9636",
};
static const char *const names[] = { "web", "db", "cache", "queue" };
static const char *const args[] = { "serve", "store", "keep", "wait" };

struct life life_of(unsigned n)
{
	unsigned i = n % CT_ARRAY_SIZE(ids);

	return (struct life){
		.id = ids[i],
		.name = names[i],
		.image = "busybox:1",
		.runtime = "runc",
		.args = args[i],
		.init = 30000 + 100 * n,
		.shim = 30001 + 100 * n,
		.engine = LIFE_DOCKERD,
		.containerd = LIFE_CONTAINERD,
		.client = 2000 + 100 * n,
		.shim_socket = 2050 + 100 * n,
		.grpc_socket = 1004, /* one connection for all */
		.stream = 1000 * n + 1,
	};
}

void life_engines(struct tape *t)
{
	tape_process(t, LIFE_DOCKERD, 1, CT_ROLE_ENGINE, "dockerd", TAPE_END);
	tape_process(t, LIFE_CONTAINERD, LIFE_DOCKERD, CT_ROLE_ENGINE, "containerd", TAPE_END);
}

static uint32_t told(const struct life *l)
{
	return l->told_init ? l->told_init : l->init;
}

static void sync_state(struct tape *t, const struct life *l, double host_ms, double config_ms)
{
	tape_at(t, host_ms);
	tape_sync(t, l->engine, l->id, ".tmp-hostconfig.json2671818141");
	tape_at(t, config_ms);
	tape_sync(t, l->engine, l->id, ".tmp-config.v2.json2567467887");
}

void life_request(struct tape *t, const struct life *l, double ms, const char *verb)
{
	char line[256];

	if (!strcmp(verb, "delete"))
		snprintf(line, sizeof(line), "DELETE /v1.41/containers/%s", l->id);
	else
		snprintf(line, sizeof(line), "POST /v1.41/containers/%s/%s", l->id, verb);
	tape_at(t, ms);
	t->engine = l->engine;
	tape_http_request(t, LIFE_CLIENT, l->client, line, NULL);
}

void life_answer(struct tape *t, const struct life *l, double ms, int status, const char *body)
{
	tape_at(t, ms);
	tape_http_answer(t, l->engine, l->client, status, body);
}

void life_create(struct tape *t, struct life *l, double ms)
{
	char line[256], body[512];

	snprintf(line, sizeof(line), "POST /v1.41/containers/create?name=%s", l->name);
	snprintf(body, sizeof(body),
		 "{\"Image\":\"%s\",\"Cmd\":[\"%s\"],%s%s%s\"HostConfig\":{\"Runtime\":\"%s\"}}\n",
		 l->image, l->args, l->labels ? "\"Labels\":" : "", l->labels ? l->labels : "",
		 l->labels ? "," : "", l->runtime);
	tape_at(t, ms);
	t->engine = l->engine;
	tape_http_request(t, LIFE_CLIENT, l->client, line, body);
	sync_state(t, l, ms + 5, ms + 6);
	snprintf(body, sizeof(body), "{\"Id\":\"%s\",\"Warnings\":[]}\n", l->id);
	life_answer(t, l, ms + LIFE_CREATE, 201, body);
	tape_identity(t, l->engine, "id", l->id, "engine", "docker", "name", l->name, "image",
		      l->image, "runtime", l->runtime, "args", l->args, TAPE_END);
}

void life_attach(struct tape *t, struct life *l, double ms)
{
	/* On a connection of its own, which stays open. */
	struct life attached = *l;

	attached.client += 10;
	life_request(t, &attached, ms, "attach?stderr=1&stdout=1&stream=1");
	life_answer(t, &attached, ms + LIFE_ATTACH, 101, NULL);
}

void life_started_within(struct tape *t, struct life *l, double ms)
{
	uint32_t runc = l->init + 10, starter = l->init + 11;

	tape_at(t, ms + 3);
	tape_sync(t, l->engine, "files", "local-kv.db");
	tape_at(t, ms + LIFE_CONNECT);
	tape_sync(t, l->engine, l->id, ".tmp-hostconfig.json3107050383");
	tape_at(t, ms + 20);
	tape_fork(t, l->containerd, l->shim, CT_ROLE_ENGINE);
	tape_exec(t, l->shim, CT_ROLE_SHIM, LIFE_HOST_NETNS, "/usr/bin/containerd-shim-runc-v2",
		  "-namespace", "moby", "-id", l->id, TAPE_END);
	tape_at(t, ms + LIFE_TASK);
	tape_ttrpc_request(t, l->containerd, l->shim_socket, l->stream += 2, "Create", l->id,
			   "/run/bundle");
	tape_at(t, ms + 31);
	tape_fork(t, l->shim, runc, CT_ROLE_SHIM);
	tape_exec(t, runc, CT_ROLE_RUNTIME, LIFE_HOST_NETNS, "runc", "--root", "/run", "create",
		  "--bundle", "/run/bundle", l->id, TAPE_END);
	tape_at(t, ms + 40);
	tape_fork(t, runc, l->init, CT_ROLE_RUNTIME);
	tape_at(t, ms + 42);
	tape_netlink(t, l->init, 0xf0000300 + l->init, 0.5);
	tape_at(t, ms + 120);
	tape_exit(t, runc, CT_ROLE_RUNTIME, 0);
	tape_at(t, ms + 125);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, l->stream, told(l), 0);
	tape_at(t, ms + 126);
	tape_ttrpc_request(t, l->containerd, l->shim_socket, l->stream += 2, "Start", l->id, NULL);
	tape_at(t, ms + 127);
	tape_fork(t, l->shim, starter, CT_ROLE_SHIM);
	tape_exec(t, starter, CT_ROLE_RUNTIME, LIFE_HOST_NETNS, "runc", "start", l->id, TAPE_END);
	tape_at(t, ms + LIFE_EXEC);
	tape_exec(t, l->init, CT_ROLE_INIT, 0xf0000300 + l->init, l->args, TAPE_END);
	tape_at(t, ms + 142);
	tape_exit(t, starter, CT_ROLE_RUNTIME, 0);
	tape_at(t, ms + 143);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, l->stream, told(l), 0);
	sync_state(t, l, ms + LIFE_SAVED - 1, ms + LIFE_SAVED);
}

void life_start(struct tape *t, struct life *l, double ms)
{
	life_request(t, l, ms, "start");
	life_started_within(t, l, ms);
	life_answer(t, l, ms + LIFE_START, 204, NULL);
}

void life_serves(struct tape *t, struct life *l)
{
	life_create(t, l, 10);
	life_start(t, l, 30);
	tape_at(t, LIFE_READY);
	tape_output(t, l->init, l->shim);
}

void life_exit(struct tape *t, struct life *l, double ms, int status)
{
	uint32_t deleted = l->stream += 2, gone = l->stream += 2;
	uint32_t deleter = l->init + 12;

	tape_at(t, ms);
	tape_exit(t, l->init, CT_ROLE_INIT, status);
	tape_at(t, ms + 5); /* dockerd to containerd: delete the task */
	tape_grpc_request(t, l->engine, l->grpc_socket, deleted, l->id, false);
	tape_at(t, ms + 6);
	tape_ttrpc_request(t, l->containerd, l->shim_socket, gone, "Delete", l->id, NULL);
	tape_at(t, ms + 7);
	tape_fork(t, l->shim, deleter, CT_ROLE_SHIM);
	tape_exec(t, deleter, CT_ROLE_RUNTIME, LIFE_HOST_NETNS, "runc", "delete", l->id, TAPE_END);
	tape_at(t, ms + 13);
	tape_exit(t, deleter, CT_ROLE_RUNTIME, 0);
	tape_at(t, ms + 14);
	tape_ttrpc_answer(t, l->shim, l->shim_socket, gone, told(l),
			  (uint64_t)(status & 0x7f ? 128 + (status & 0x7f) : status >> 8));
	tape_at(t, ms + 16);
	tape_exit(t, l->shim, CT_ROLE_SHIM, 0);
	tape_at(t, ms + LIFE_DIE);
	tape_grpc_answer(t, l->containerd, l->grpc_socket, deleted);
	tape_at(t, ms + LIFE_DISCONNECT);
	tape_grpc_request(t, l->engine, l->grpc_socket, l->stream += 2, l->id, true);
	tape_at(t, ms + 61);
	tape_grpc_answer(t, l->containerd, l->grpc_socket, l->stream);
	sync_state(t, l, ms + 63, ms + LIFE_STOPPED);
}

void life_vanish(struct tape *t, struct life *l, double ms)
{
	tape_at(t, ms + 4);
	tape_unlink(t, l->engine, l->id, "config.v2.json");
	tape_at(t, ms + LIFE_REMOVE_UNLINKED);
	tape_unlink(t, l->engine, l->id, "hostname");
}

void life_remove(struct tape *t, struct life *l, double ms)
{
	life_request(t, l, ms, "delete");
	life_vanish(t, l, ms);
	life_answer(t, l, ms + LIFE_REMOVE, 204, NULL);
}

void life_stop(struct tape *t, struct life *l, double ms)
{
	life_request(t, l, ms, "stop");
	life_exit(t, l, ms + LIFE_STOP_EXIT, 15);
	life_answer(t, l, ms + LIFE_STOP_ANSWER, 204, NULL);
}
