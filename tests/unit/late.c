// SPDX-License-Identifier: GPL-2.0-only
#include "late.h"

#include <string.h>

#include "life.h"

#define TRACE_PATH(path) ((char)(0x80 | (path)))

size_t late_block(char *block, enum late_path path)
{
	static const char rest[] = "\xbe\xbf\xc0\xc1"; /* authority, content-type, user-agent, te */

	block[0] = '\x83'; /* :method POST */
	block[1] = '\x86'; /* :scheme http */
	block[2] = TRACE_PATH(path);
	memcpy(block + 3, rest, sizeof(rest) - 1);
	return sizeof(rest) + 2;
}

void late_asks(struct tape *t, uint32_t stream, enum late_path path, const char *msg, size_t len)
{
	char block[16], message[1024];
	size_t m = grpc_put_headers(message, stream, END_BLOCK, block, late_block(block, path));

	t->engine = LIFE_CONTAINERD;
	m += grpc_put_data(message + m, stream, msg, len);
	tape_send(t, CLIENT, SOCKET, message, m);
}

void late_asks_about(struct tape *t, uint32_t stream, enum late_path path, const char *id)
{
	char msg[128];

	late_asks(t, stream, path, msg, grpc_put_text(msg, 1, id));
}

size_t late_put_pod(char *msg, const char *name, const char *uid, const char *ns)
{
	char pod[128], config[200];
	size_t n = grpc_put_text(pod, 1, name);

	n += grpc_put_text(pod + n, 2, uid);
	n += grpc_put_text(pod + n, 3, ns);
	n = tape_put_bytes(config, 1, pod, n);
	n += grpc_put_text(config + n, 2, "host");
	return tape_put_bytes(msg, 1, config, n);
}

size_t late_put_container(char *msg, const char *pod, const char *name, const char *image)
{
	char in[128], config[200];
	size_t n = grpc_put_text(in, 1, name), m;

	m = tape_put_bytes(config, 1, in, n);
	n = grpc_put_text(in, 1, image);
	m += tape_put_bytes(config + m, 2, in, n);
	n = grpc_put_text(msg, 1, pod);
	return n + tape_put_bytes(msg + n, 2, config, m);
}

void late_runs_pod(struct tape *t, uint32_t stream, enum late_path path)
{
	char msg[300];

	late_asks(t, stream, path, msg, late_put_pod(msg, "web", "u1", "shop"));
}
