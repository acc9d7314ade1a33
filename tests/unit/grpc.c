// SPDX-License-Identifier: GPL-2.0-only
#include "grpc.h"

#include <stdio.h>
#include <string.h>

#include "life.h"

/* A field that is not to be remembered. */
size_t grpc_put_field(char *to, const char *name, const char *value)
{
	size_t n = strlen(name), v = strlen(value);

	to[0] = 0;
	to[1] = (char)n;
	memcpy(to + 2, name, n);
	to[2 + n] = (char)v;
	memcpy(to + 3 + n, value, v);
	return n + v + 3;
}

size_t grpc_put_headers(char *to, uint32_t stream, uint8_t flags, const char *block, size_t len)
{
	size_t n = tape_put_frame(to, CT_H2_HEADERS, stream, block, len);

	to[4] = (char)flags;
	return n;
}

size_t grpc_put_data(char *to, uint32_t stream, const char *msg, size_t len)
{
	char data[512] = "";

	data[3] = (char)(len >> 8);
	data[4] = (char)len;
	memcpy(data + 5, msg, len);
	return tape_put_frame(to, CT_H2_DATA, stream, data, len + 5);
}

void grpc_asks(struct tape *t, uint32_t stream, const char *path, const char *ns, const char *msg,
	       size_t len)
{
	char block[256], message[1024];
	size_t n = grpc_put_field(block, ":path", path), m;

	if (ns)
		n += grpc_put_field(block + n, "containerd-namespace", ns);
	t->engine = LIFE_CONTAINERD;
	m = grpc_put_headers(message, stream, END_BLOCK, block, n);
	m += grpc_put_data(message + m, stream, msg, len);
	tape_send(t, CLIENT, SOCKET, message, m);
}

void grpc_says(struct tape *t, const char *message, size_t len)
{
	struct ct_event *e;

	tape_send(t, LIFE_CONTAINERD, SOCKET, message, len);
	/* the tape's own bytes */
	e = (struct ct_event *)(uintptr_t)tape_event(t, t->count - 1);
	e->flags = CT_F_SERVER;
	e->root = 0;
	e->obj = SOCKET + 1;
	e->arg = SOCKET;
}

void grpc_answers(struct tape *t, uint32_t stream, const char *msg, size_t len)
{
	char message[1024];
	size_t n = grpc_put_headers(message, stream, END_BLOCK, "\x88", 1);

	n += grpc_put_data(message + n, stream, msg, len);
	grpc_says(t, message, n);
}

void grpc_refuses(struct tape *t, uint32_t stream, const char *why)
{
	char block[256], message[512];
	size_t n = grpc_put_field(block, "grpc-status", "6");

	n += grpc_put_field(block + n, "grpc-message", why);
	grpc_says(t, message, grpc_put_headers(message, stream, END_BLOCK | END_STREAM, block, n));
}

void grpc_asks_about(struct tape *t, uint32_t stream, const char *path, const char *ns,
		     const char *id)
{
	char msg[128];

	grpc_asks(t, stream, path, ns, msg, tape_put_bytes(msg, 1, id, strlen(id)));
}

size_t grpc_put_text(char *to, uint32_t field, const char *text)
{
	return tape_put_bytes(to, field, text, strlen(text));
}

/* { 1: Container { 1: id, 3: image } } */
void grpc_creates(struct tape *t, uint32_t stream, const char *ns, const char *id,
		  const char *image)
{
	char in[128], msg[160];
	size_t n = grpc_put_text(in, 1, id);

	n += grpc_put_text(in + n, 3, image);
	grpc_asks(t, stream, CONTAINERD "containers.v1.Containers/Create", ns, msg,
		  tape_put_bytes(msg, 1, in, n));
}

void grpc_prepares(struct tape *t, uint32_t stream, const char *ns, const char *key)
{
	char msg[128];
	size_t n = grpc_put_text(msg, 1, "overlayfs");

	n += grpc_put_text(msg + n, 2, key);
	grpc_asks(t, stream, CONTAINERD "snapshots.v1.Snapshots/Prepare", ns, msg, n);
}

void grpc_runs_pod(struct tape *t, uint32_t stream, const char *name, const char *uid,
		   const char *ns)
{
	char pod[128], config[160], msg[200];
	size_t n = grpc_put_text(pod, 1, name);

	n += grpc_put_text(pod + n, 2, uid);
	n += grpc_put_text(pod + n, 3, ns);
	n = tape_put_bytes(config, 1, pod, n);
	grpc_asks(t, stream, CRI "RunPodSandbox", NULL, msg, tape_put_bytes(msg, 1, config, n));
}

void grpc_creates_in_pod(struct tape *t, uint32_t stream, const char *name, const char *image)
{
	char in[128], config[200], msg[300];
	size_t n = grpc_put_text(in, 1, name), m;

	m = tape_put_bytes(config, 1, in, n);
	n = grpc_put_text(in, 1, image);
	m += tape_put_bytes(config + m, 2, in, n);
	n = grpc_put_text(msg, 1, POD);
	n += tape_put_bytes(msg + n, 2, config, m);
	grpc_asks(t, stream, CRI "CreateContainer", NULL, msg, n);
}

void grpc_answers_id(struct tape *t, uint32_t stream, const char *id)
{
	char msg[128];

	grpc_answers(t, stream, msg, grpc_put_text(msg, 1, id));
}

/* A network plugin, with its variables. */
void grpc_plugs(struct tape *t, const char *command, const char *id, const char *args)
{
	char tail[512];
	int n = snprintf(tail, sizeof(tail), "CNI_COMMAND=%s%cCNI_CONTAINERID=%s%cCNI_ARGS=%s",
			 command, 0, id, 0, args);

	tape_fork(t, LIFE_CONTAINERD, 9500, CT_ROLE_ENGINE);
	tape_add(t, CT_KIND_PLUGIN, 9500, tail, (size_t)n + 1)->sub = CT_ROLE_RUNTIME;
}

/* A shim, and what it is asked to run: ready 30 ms later. */
void grpc_runs(struct tape *t, double ms, const char *ns, const char *id)
{
	tape_at(t, ms);
	tape_fork(t, LIFE_CONTAINERD, SHIM, CT_ROLE_ENGINE);
	tape_exec(t, SHIM, CT_ROLE_SHIM, 9, "containerd-shim-runc-v2", "-namespace", ns, "-id", id,
		  TAPE_END);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 1, "Create", id, NULL);
	tape_fork(t, SHIM, INIT, CT_ROLE_SHIM);
	tape_at(t, ms + 10);
	tape_exec(t, INIT, CT_ROLE_INIT, 9, "redis", TAPE_END);
	tape_ttrpc_answer(t, SHIM, SHIMS, 1, INIT, 0);
	tape_ttrpc_request(t, LIFE_CONTAINERD, SHIMS, 3, "Start", id, NULL);
	tape_at(t, ms + 20);
	tape_ttrpc_answer(t, SHIM, SHIMS, 3, INIT, 0);
	tape_at(t, ms + 30);
	tape_output(t, INIT, SHIM);
}

void grpc_makes_pod(struct tape *t)
{
	tape_at(t, 10);
	grpc_runs_pod(t, 1, "web", "u1", "shop");
	tape_at(t, 50);
	grpc_answers_id(t, 1, POD);
}

void grpc_makes_box(struct tape *t)
{
	tape_at(t, 60);
	grpc_creates_in_pod(t, 3, "nginx", "nginx:1");
	tape_at(t, 70);
	grpc_answers_id(t, 3, BOX);
}
