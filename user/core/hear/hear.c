// SPDX-License-Identifier: GPL-2.0-only
/* What was sent goes to who reads its protocol; what was not heard to whom it matters. */
#include "core/hear/talk.h"

/* A whole message of TTRPC: its length is that of the send. */
static bool is_ttrpc(struct ct_text bytes, int sent)
{
	const unsigned char *h = (const unsigned char *)bytes.p;

	return bytes.len >= 10 && (h[8] == 1 || h[8] == 2) && sent >= 10 &&
	       ((uint32_t)h[0] << 24 | (uint32_t)h[1] << 16 | (uint32_t)h[2] << 8 | h[3]) + 10 ==
		       (uint32_t)sent;
}

void ct_talk(struct ct_core *core, const struct ct_sent *sent)
{
	const struct ct_event *e = sent->e;
	struct ct_text bytes = ct_text(e->tail, e->tail_len);
	struct ct_progress progress;
	struct ct_ttrpc rpc;
	struct ct_http http;

	if (!bytes.len || ct_line_is_hijacked(core, e))
		return;
	if (bytes.p[0] == '{')
		ct_talk_http_body(core, e, bytes);
	else if (ct_http_parse(bytes, &http))
		ct_talk_http(core, sent, &http);
	else if (e->flags & CT_F_SERVER && ct_progress_parse(bytes, &progress))
		ct_talk_http_line(core, sent, &progress);
	else if (is_ttrpc(bytes, e->ret) && ct_ttrpc_parse(bytes, &rpc))
		ct_talk_ttrpc(core, sent, &rpc);
	else
		ct_talk_grpc(core, sent);
}

void ct_hear_send(struct ct_core *core, const struct ct_event *e, const struct ct_scope *speaker)
{
	ct_talk(core, &(struct ct_sent){ e, speaker });
}

/* Of whom nothing was known until now nothing is lost. */
static bool is_loss(struct ct_core *core, const struct ct_event *e)
{
	const struct ct_conn *conn;

	if (e->sub != CT_HOLE_UNKNOWN)
		return true;
	conn = ct_conn_find(core, e->obj);
	if (!conn || !conn->hpack)
		return false;
	core->counts.lost[CT_LOSS_TALK]++; /* nobody has counted it */
	return true;
}

void ct_hear_hole(struct ct_core *core, const struct ct_event *e)
{
	uint64_t socket = e->obj, peer = e->arg; /* 0: not known */

	if (!is_loss(core, e))
		return;
	ct_lines_hole(core, socket, peer);
	if (socket)
		ct_conns_hole(core, socket);
}

void ct_hear_lost(struct ct_core *core)
{
	core->hear->holes++;
	ct_conns_hole(core, 0);
}

void ct_hear_file(const struct ct_event *e, struct ct_text *ret_dir, struct ct_text *ret_file)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);

	*ret_file = ct_text_cut(&rest, '\0');
	*ret_dir = ct_text_cut(ret_file, '/');
}

struct ct_text ct_hear_renamed(const struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);

	ct_text_cut(&rest, '\0');
	return rest;
}
