// SPDX-License-Identifier: GPL-2.0-only
#include "core/core.h"

#include <errno.h>

int ct_event_check(const struct ct_event *e, size_t room, struct ct_err *err)
{
	if (room < sizeof(*e))
		return ct_fail(err, -EBADMSG, "event header needs %zu bytes, %zu left", sizeof(*e),
			       room);
	if (e->len < sizeof(*e) || e->len % CT_EVENT_ALIGN)
		return ct_fail(err, -EBADMSG, "event length %u is no event's", e->len);
	if (e->len > room)
		return ct_fail(err, -EBADMSG, "event length %u, %zu bytes left", e->len, room);
	if (e->tail_len > e->len - sizeof(*e))
		return ct_fail(err, -EBADMSG, "event tail of %u bytes in a record of %u",
			       e->tail_len, e->len);
	return 0;
}
