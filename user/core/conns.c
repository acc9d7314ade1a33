// SPDX-License-Identifier: GPL-2.0-only
/* Connections: what was said on them that is referred to later. Of too many the longest silent go. */
#include "talk.h"

#include <stdlib.h>

static void conn_drop(struct ct_core *core, struct ct_conn *conn)
{
	HASH_DEL(core->conns, conn);
	ct_hpack_free(conn->hpack);
	free(conn);
}

struct ct_conn *ct_conn_find(struct ct_core *core, uint64_t socket)
{
	struct ct_conn *conn;

	HASH_FIND(hh, core->conns, &socket, sizeof(socket), conn);
	return conn;
}

/* Of at least one. */
static struct ct_conn *longest_silent(const struct ct_core *core)
{
	struct ct_conn *silent = core->conns;

	for (struct ct_conn *conn = silent; conn; conn = conn->hh.next) {
		if (conn->heard < silent->heard)
			silent = conn;
	}
	return silent;
}

struct ct_conn *ct_conn_get(struct ct_core *core, uint64_t socket)
{
	struct ct_conn *conn = ct_conn_find(core, socket);

	if (!conn) {
		if (HASH_COUNT(core->conns) >= CT_CONNS_MAX)
			conn_drop(core, longest_silent(core));
		conn = calloc(1, sizeof(*conn));
		if (!conn) {
			core->counts.lost[CT_LOSS_TABLE]++;
			return NULL;
		}
		conn->socket = socket;
		HASH_ADD(hh, core->conns, socket, sizeof(conn->socket), conn);
	}
	conn->heard = ++core->conns_heard;
	return conn;
}

void ct_conns_hole(struct ct_core *core, uint64_t socket)
{
	struct ct_conn *one = socket ? ct_conn_find(core, socket) : NULL;

	if (one && one->hpack)
		ct_hpack_forget(one->hpack);
	if (socket)
		return;
	for (struct ct_conn *conn = core->conns; conn; conn = conn->hh.next) {
		if (conn->hpack)
			ct_hpack_forget(conn->hpack);
	}
}

void ct_conns_free(struct ct_core *core)
{
	struct ct_conn *conn, *next;

	HASH_ITER(hh, core->conns, conn, next)
	conn_drop(core, conn);
}
