// SPDX-License-Identifier: GPL-2.0-only
#include "core/core.h"

#include <errno.h>

static __attribute__((noinline)) int fault(const struct ct_event *e, size_t room,
					   struct ct_err *err)
{
	if (room < sizeof(*e))
		return ct_fail(err, -EBADMSG, "event header needs %zu bytes, %zu left", sizeof(*e),
			       room);
	if (e->len < sizeof(*e) || e->len % CT_EVENT_ALIGN)
		return ct_fail(err, -EBADMSG, "event length %u is no event's", e->len);
	if (e->len > room)
		return ct_fail(err, -EBADMSG, "event length %u, %zu bytes left", e->len, room);
	return ct_fail(err, -EBADMSG, "event tail of %u bytes in a record of %u", e->tail_len,
		       e->len);
}

/* Of every event that is read: what there is to say of one that is none is said elsewhere. */
int ct_event_check(const struct ct_event *e, size_t room, struct ct_err *err)
{
	bool sound = room >= sizeof(*e) && e->len >= sizeof(*e) && !(e->len % CT_EVENT_ALIGN) &&
		     e->len <= room && e->tail_len <= e->len - sizeof(*e);

	return sound ? 0 : fault(e, room, err);
}
