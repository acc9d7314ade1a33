// SPDX-License-Identifier: GPL-2.0-only
/* Opened files on a tape. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "ct_opens.h"
#include "tape.h"

struct ct_event *tape_opened(struct tape *t, uint32_t root, enum ct_view view, const char *path,
			     uint64_t ns, int ret)
{
	struct ct_event *e = tape_add(t, CT_KIND_OPENED, root, path, strlen(path));

	e->root = root;
	e->sub = CT_OPENS_SUB(view, CT_OPEN_OPEN);
	e->dur_ns = ns;
	e->ret = ret;
	e->arg = ret < 0 ? 0 : TAPE_OVERLAY;
	return e;
}

struct ct_event *tape_opens(struct tape *t, uint32_t root, enum ct_view view, uint64_t count,
			    uint64_t failed, double first_ms, double last_ms)
{
	struct {
		struct ct_opens_counts counts;
		struct ct_opens_pair pairs[2];
	} tail = {
		.counts = { count, failed, count * 5000, 5000, tape_ns(first_ms),
			    tape_ns(last_ms) },
		/* 5000 lies in the power of two that begins at 4096: 64 ns wide */
		.pairs = { { CT_OPENS_EXACT + 5 * CT_OPENS_SUB_BUCKETS + (5000 - 4096) / 64,
			     (uint32_t)count },
			   { CT_OPENS_ERRNO | ENOENT, (uint32_t)failed } },
	};
	struct ct_event *e = tape_add(t, CT_KIND_OPENS, root, &tail, sizeof(tail));

	e->root = root;
	e->sub = CT_OPENS_SUB(view, CT_OPEN_OPEN);
	return e;
}

struct ct_event *tape_opens_path(struct tape *t, uint32_t root, const char *path, const char *mount,
				 uint64_t where, uint64_t count, uint64_t failed)
{
	struct ct_opens_path_tail tail = {
		.counts = { count, failed, count * 1000, 2000, 0, 0 },
		.where = where,
		.error = failed ? ENOENT : 0,
	};
	char bytes[1024];
	size_t at = sizeof(tail);
	struct ct_event *e;

	memcpy(bytes, &tail, sizeof(tail));
	at += (size_t)snprintf(bytes + at, sizeof(bytes) - at, "%s", path) + 1;
	at += (size_t)snprintf(bytes + at, sizeof(bytes) - at, "%s", mount);
	e = tape_add(t, CT_KIND_OPENS_PATH, root, bytes, at);
	e->root = root;
	e->sub = CT_OPENS_SUB(CT_VIEW_NATIVE, CT_OPEN_OPEN);
	return e;
}

struct ct_event *tape_watched(struct tape *t, uint32_t root, const char *id, int ret,
			      const char *why)
{
	char bytes[512];
	int len = snprintf(bytes, sizeof(bytes), "%s%c%s", id, '\0', ret ? why : "");
	struct ct_event *e = tape_add(t, CT_KIND_APP, root, bytes, (size_t)len);

	e->root = root;
	e->sub = CT_APP_WATCHED;
	e->ret = ret;
	e->obj = true;
	e->arg = CT_VIEW_APPLICATION;
	return e;
}
