// SPDX-License-Identifier: GPL-2.0-only
/*
 * Connections: what was said on them that is referred to later. Of too many of one scope the longest
 * silent go.
 */
#include "core/hear/talk.h"

#include <stdlib.h>

static void conn_drop(struct ct_core *core, struct ct_conn *conn)
{
	ct_share_leave(core, &conn->held);
	HASH_DEL(core->hear->conns, conn);
	ct_hpack_free(conn->hpack);
	ct_paths_free(core, conn->paths);
	free(conn);
}

struct ct_conn *ct_conn_find(struct ct_core *core, uint64_t socket)
{
	struct ct_conn *conn;

	HASH_FIND(hh, core->hear->conns, &socket, sizeof(socket), conn);
	return conn;
}

/* A connection that is not heard of for so long is closed, as far as anybody knows. */
static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	return CT_HELD_OF(struct ct_conn, held)->hpack && held->heard_ns + CT_OPEN_NS >= core->now;
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	conn_drop(core, CT_HELD_OF(struct ct_conn, held));
}

const struct ct_share_row ct_conns_row = {
	.max = CT_CONNS_MAX,
	.full = CT_LOSS_TALK,
	.matters = matters,
	.give_up = give_up,
};

struct ct_conn *ct_conn_get(struct ct_core *core, const struct ct_sent *sent)
{
	uint64_t socket = sent->e->obj;
	struct ct_conn *conn = ct_conn_find(core, socket);

	if (conn) {
		ct_share_touch(core, &conn->held);
		return conn;
	}
	conn = calloc(1, sizeof(*conn));
	if (!conn) {
		core->counts.lost[CT_LOSS_TALK]++;
		return NULL;
	}
	if (!ct_share_enter(core, sent->speaker, CT_SHARE_CONNS, &conn->held)) {
		free(conn);
		return NULL;
	}
	conn->socket = socket;
	HASH_ADD(hh, core->hear->conns, socket, sizeof(conn->socket), conn);
	return conn;
}

void ct_conns_hole(struct ct_core *core, uint64_t socket)
{
	struct ct_conn *one = socket ? ct_conn_find(core, socket) : NULL;

	if (one && one->hpack)
		ct_hpack_forget(one->hpack);
	if (socket)
		return;
	for (struct ct_conn *conn = core->hear->conns; conn; conn = conn->hh.next) {
		if (conn->hpack)
			ct_hpack_forget(conn->hpack);
	}
}

void ct_conns_free(struct ct_core *core)
{
	struct ct_conn *conn, *next;

	HASH_ITER(hh, core->hear->conns, conn, next)
	conn_drop(core, conn);
}
