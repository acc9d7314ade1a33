// SPDX-License-Identifier: GPL-2.0-only
/* What came of a command that an engine was asked to execute in a container (ExecSync). */
#include "core/hear/talk.h"
#include "core/hear/wire.h"

#define FRAME_LEN    9
#define PREFIX_LEN   5
#define STATUS_FIELD 0x18 /* a number, field 3: at the end of what has failed (ExecSyncResponse) */

/*
 * A recording that has no short answers has their lengths: of a send there is between two header blocks
 * what is in neither. A command that succeeded and said nothing is answered with nothing, and two bytes
 * are a status that is not 0.
 */
static bool status_of_length(const struct ct_sent *sent, const struct ct_h2_frame *frame,
			     const struct ct_pending_call *call, uint64_t *ret)
{
	int64_t len = (int64_t)sent->e->ret - call->head_len - FRAME_LEN - PREFIX_LEN - FRAME_LEN -
		      (int64_t)frame->payload.len;

	*ret = len != 0;
	return call->in_send == sent->e->ret && (len == 0 || len == 2);
}

/* The end of a message that began in another frame. */
static bool ends_in_status(struct ct_text t)
{
	const unsigned char *end = (const unsigned char *)t.p + t.len;

	return (t.len >= 2 && end[-2] == STATUS_FIELD && end[-1] && !(end[-1] & 0x80)) ||
	       (t.len >= 3 && end[-3] == STATUS_FIELD && end[-2] & 0x80 && !(end[-1] & 0x80));
}

/* Of a command; false: nobody has heard it. Whoever fails is heard, and whoever says little. */
static bool status_of(const struct ct_core *core, const struct ct_sent *sent,
		      const struct ct_h2_frame *frame, const struct ct_pending_call *call,
		      uint64_t *ret)
{
	*ret = 0;
	if (frame->type == CT_H2_HEADERS)
		return core->hear->hears_short || status_of_length(sent, frame, call, ret);
	if (ct_cri_status(frame->payload, ret))
		return true;
	*ret = 1; /* that is why it was heard, and which is behind what was heard of it */
	return sent->e->flags & CT_F_TRUNCATED || ends_in_status(frame->payload);
}

bool ct_grpc_status(struct ct_core *core, const struct ct_sent *sent,
		    const struct ct_h2_frame *frame, struct ct_pending_call *call,
		    struct ct_fact *fact)
{
	bool ends = frame->flags & CT_H2_END_STREAM;

	if (frame->type == CT_H2_HEADERS && !ends) {
		call->headed = true;
		call->in_send = sent->e->ret;
		call->head_len = (uint32_t)(FRAME_LEN + frame->payload.len);
		return false;
	}
	/* Trailers behind an answer, of which what they say may have been said before anybody listened. */
	if (call->headed && fact->kind == CT_FACT_REFUSED && !fact->timed_out)
		fact->kind = CT_FACT_ANSWERED;
	if (fact->kind == CT_FACT_ANSWERED)
		fact->valued = status_of(core, sent, frame, call, &fact->value);
	return true;
}

void ct_hear_short(struct ct_core *core)
{
	core->hear->hears_short = true;
}
