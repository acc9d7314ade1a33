// SPDX-License-Identifier: GPL-2.0-only
#include "source/sandbox/seccheck_app.h"

#include <string.h>

#include "util/mem.h"

/* A container's id comes behind the path. */
#define PATH_ROOM (CT_TAIL_MAX - 1 - CT_SECCHECK_ID)
/* The container's own program, when its start was before ours. */
#define FIRST_TGID 1

struct out {
	union {
		struct ct_event e;
		char bytes[CT_EVENT_LEN_MAX];
	};
};

static void begin(struct out *out, const struct ct_seccheck_app *app, enum ct_kind kind,
		  uint16_t sub, uint64_t ts_ns)
{
	memset(&out->e, 0, sizeof(out->e));
	out->e.kind = (__u8)kind;
	out->e.flags = CT_F_SEEDED;
	out->e.sub = sub;
	out->e.ts_ns = ts_ns;
	out->e.tgid = app->pid;
	out->e.tid = app->pid;
	out->e.root = app->pid;
}

static void emit(struct ct_seccheck_app *app, struct out *out, size_t tail_len)
{
	size_t whole =
		(sizeof(out->e) + tail_len + CT_EVENT_ALIGN - 1) & ~(size_t)(CT_EVENT_ALIGN - 1);

	memset(out->bytes + sizeof(out->e) + tail_len, 0, whole - sizeof(out->e) - tail_len);
	out->e.tail_len = (__u16)tail_len;
	out->e.len = (__u16)whole;
	app->fn(app->ctx, &out->e);
}

/* Whose clock is ahead by a little must not put an event into the future. */
static uint64_t mono(int64_t time_ns, int64_t wall_minus_mono_ns, uint64_t now_ns)
{
	uint64_t ts = (uint64_t)time_ns - (uint64_t)wall_minus_mono_ns;

	return !time_ns || ts > now_ns ? now_ns : ts;
}

/* The place of a thread, or a free one; NULL when there is neither. Entries never move. */
static struct ct_seccheck_inside *place(struct ct_seccheck_app *app, int64_t tid)
{
	struct ct_seccheck_inside *unused = NULL;
	size_t at = (size_t)((uint64_t)tid * 0x9e3779b97f4a7c15ull >> 32) % CT_SECCHECK_INSIDE;

	for (size_t i = 0; i < 16; i++) {
		struct ct_seccheck_inside *p = &app->inside[(at + i) % CT_SECCHECK_INSIDE];

		if (p->tid == tid)
			return p;
		if (!p->tid && !unused)
			unused = p;
	}
	return unused;
}

static void opening(struct ct_seccheck_app *app, const struct ct_seccheck_msg *msg)
{
	struct ct_seccheck_inside *p = place(app, msg->tid);

	if (!p) {
		app->lost++;
		return;
	}
	p->tid = msg->tid;
	p->time_ns = msg->time_ns;
}

/* Takes the thread out again. False when it was not seen entering. */
static bool inside(struct ct_seccheck_app *app, int64_t tid, int64_t *ret_since)
{
	struct ct_seccheck_inside *p = place(app, tid);

	if (!p || p->tid != tid)
		return false;
	p->tid = 0;
	*ret_since = p->time_ns;
	return true;
}

/* Containers of a pod share a sandbox, the first of them has its id. */
static size_t add_container(struct out *out, size_t len, const struct ct_seccheck_app *app,
			    struct ct_text id)
{
	if (!id.len || ct_text_is(id, app->id) || id.len >= sizeof(app->id))
		return len;
	out->e.tail[len++] = '\0';
	memcpy(out->e.tail + len, id.p, id.len);
	return len + id.len;
}

/*
 * No entry: it was inside when the session began. It counts, with no duration. An exec that
 * succeeds is told when the new program is loaded, and perhaps once more when the call returns.
 */
static void opened(struct ct_seccheck_app *app, const struct ct_seccheck_msg *msg,
		   enum ct_open_call call, uint64_t ts_ns)
{
	int64_t since = msg->time_ns;
	bool entered = inside(app, msg->tid, &since);
	struct out out;
	size_t len;

	if (!entered && call == CT_OPEN_EXEC && !msg->error)
		return;
	begin(&out, app, CT_KIND_OPENED, CT_OPENS_SUB(CT_VIEW_APPLICATION, call), ts_ns);
	if (msg->time_ns > since)
		out.e.dur_ns = (__u64)msg->time_ns - (__u64)since;
	out.e.tid = (__u32)msg->tid;
	out.e.ret = (__s32)(msg->error ? 0 - (__u64)msg->error : (__u64)msg->result);
	out.e.obj = (__u64)msg->flags;
	len = ct_seccheck_path(msg, msg->cwd, out.e.tail, PATH_ROOM);
	if (!len)
		out.e.flags |= CT_F_NO_DATA;
	else if (len == PATH_ROOM)
		out.e.flags |= CT_F_TRUNCATED;
	emit(app, &out, add_container(&out, len, app, msg->container));
}

static struct ct_seccheck_init *init_of(struct ct_seccheck_app *app, int64_t tgid)
{
	for (size_t i = 0; i < app->init_count; i++) {
		if (app->inits[i].tgid == tgid)
			return &app->inits[i];
	}
	return NULL;
}

/* There is room: one of those before gives way, whose end was then not told. */
static void init_add(struct ct_seccheck_app *app, const struct ct_seccheck_msg *msg)
{
	struct ct_seccheck_init *init = init_of(app, msg->tgid);

	if (!init && app->init_count == CT_SECCHECK_INITS) {
		app->init_count--;
		memmove(app->inits, app->inits + 1, app->init_count * sizeof(*init));
	}
	if (!init)
		init = &app->inits[app->init_count++];
	*init = (struct ct_seccheck_init){ .tgid = msg->tgid, .threads = 1 };
}

static void app_event(struct ct_seccheck_app *app, const struct ct_seccheck_msg *msg,
		      enum ct_app what, uint64_t ts_ns)
{
	struct out out;
	size_t len = msg->container.len < CT_SECCHECK_ID ? msg->container.len : CT_SECCHECK_ID - 1;

	begin(&out, app, CT_KIND_APP, (uint16_t)what, ts_ns);
	out.e.tid = (__u32)msg->tid;
	out.e.ret = (__s32)msg->status;
	out.e.obj = (__u64)msg->tgid;
	if (len)
		memcpy(out.e.tail, msg->container.p, len);
	out.e.tail[len++] = '\0';
	len += ct_seccheck_args(msg, out.e.tail + len, CT_TAIL_MEDIUM);
	emit(app, &out, len);
}

/* Any system call of its own program: it runs since then at the latest. */
static void ran(struct ct_seccheck_app *app, const struct ct_seccheck_msg *msg, uint64_t ts_ns)
{
	struct ct_seccheck_init *init = init_of(app, msg->tgid);

	if (!init || init->began)
		return;
	init->began = true;
	app_event(app, msg, CT_APP_START, ts_ns);
}

static void cloned(struct ct_seccheck_app *app, const struct ct_seccheck_msg *msg)
{
	struct ct_seccheck_init *init = msg->new_tgid == msg->tgid ? init_of(app, msg->tgid) : NULL;

	if (init && init->threads)
		init->threads++;
}

/*
 * Whether its program ends with this thread. That the first thread ends does not say so: others
 * may go on, or one of them executes another program, for which gVisor ends the first and gives
 * its number to that one (Task.promoteLocked()). If it is not known how many there are, a status
 * other than 0 says it: only the end of all has one.
 */
static bool is_last(struct ct_seccheck_init *init, const struct ct_seccheck_msg *msg)
{
	bool first = msg->tid == msg->tgid;

	if (!init || !init->threads)
		return first && msg->status;
	init->first_ended |= first;
	if (init->threads > 1) {
		init->threads--;
		return false;
	}
	return init->first_ended;
}

static void exited(struct ct_seccheck_app *app, const struct ct_seccheck_msg *msg, uint64_t ts_ns)
{
	struct ct_seccheck_init *init = init_of(app, msg->tgid);
	int64_t since;

	inside(app, msg->tid, &since); /* it will not return */
	if ((!init && msg->tgid != FIRST_TGID) || !is_last(init, msg))
		return;
	app_event(app, msg, CT_APP_EXIT, ts_ns);
	if (init)
		*init = app->inits[--app->init_count];
}

void ct_seccheck_app_dropped(struct ct_seccheck_app *app, uint32_t dropped)
{
	uint32_t more = dropped - app->dropped;

	if (more > INT32_MAX)
		return;
	app->lost += more;
	app->dropped = dropped;
	for (size_t i = 0; more && i < app->init_count; i++)
		app->inits[i].threads = 0;
}

void ct_seccheck_app_take(struct ct_seccheck_app *app, struct ct_text bytes,
			  int64_t wall_minus_mono_ns, uint64_t now_ns)
{
	struct ct_seccheck_msg msg;
	enum ct_open_call call;
	uint64_t ts;

	if (!ct_seccheck_parse(bytes, &msg)) {
		app->lost++;
		return;
	}
	ct_seccheck_app_dropped(app, msg.dropped);
	ts = mono(msg.time_ns, wall_minus_mono_ns, now_ns);
	switch (msg.type) {
	case CT_SECCHECK_START:
		init_add(app, &msg);
		app_event(app, &msg, CT_APP_EXEC, ts);
		break;
	case CT_SECCHECK_CLONE:
		cloned(app, &msg);
		break;
	case CT_SECCHECK_TASK_EXIT:
		exited(app, &msg, ts);
		break;
	case CT_SECCHECK_RAW:
		ran(app, &msg, ts);
		break;
	case CT_SECCHECK_OPEN:
	case CT_SECCHECK_EXECVE:
		call = msg.type == CT_SECCHECK_OPEN ? CT_OPEN_OPEN : CT_OPEN_EXEC;
		if (!msg.leaving) {
			opening(app, &msg);
			break;
		}
		ran(app, &msg, ts);
		opened(app, &msg, call, ts);
		break;
	case CT_SECCHECK_EXEC:
		opened(app, &msg, CT_OPEN_EXEC, ts);
		break;
	default: /* newer than this program, and not asked for */
		break;
	}
}

void ct_seccheck_app_say(struct ct_seccheck_app *app, enum ct_view view, int32_t ret,
			 const char *why, uint64_t now_ns)
{
	struct out out;
	size_t id = strlen(app->id) + 1, len = strlen(why);

	begin(&out, app, CT_KIND_APP, CT_APP_WATCHED, now_ns);
	out.e.ret = ret;
	out.e.obj = app->opens;
	out.e.arg = view;
	memcpy(out.e.tail, app->id, id);
	if (len > CT_TAIL_MEDIUM)
		len = CT_TAIL_MEDIUM;
	memcpy(out.e.tail + id, why, len);
	emit(app, &out, id + len);
}
