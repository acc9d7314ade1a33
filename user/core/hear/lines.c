// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP/1 connections. Answers come in the order of the requests (RFC 9112, 9.3.2), so whatever is
 * asked waits here for its answer: else the answer to a request that nobody cares for would be
 * taken for that to the next. Whoever sends is heard when the send is done, and may be preempted
 * just then: an answer may be heard before its request, or after the next request. What one side
 * says is heard in order all the same.
 *
 * Where something was not heard the order is not known. Then it is better to know nothing of a
 * request than to take another's answer for its own: clients do not ask again before they have
 * been answered (no client of an engine was seen to pipeline), so what is in doubt goes when the
 * next is asked, and what comes so soon after it that it may be the answer to the one before it
 * is nobody's.
 */
#include "core/hear/talk.h"

#include <stdlib.h>

#define LINE_CALLS_MAX 64 /* asked at once: nobody was seen to ask two */
#define STRAY_NS       (1000 * CT_NS_PER_MS) /* nobody is preempted for longer */
#define NOT_WHOLE      UINT64_MAX

struct ct_line *ct_line_find(struct ct_core *core, uint64_t socket)
{
	struct ct_line *line;

	HASH_FIND(hh, core->hear->lines, &socket, sizeof(socket), line);
	return line;
}

static void drop_calls(struct ct_core *core, struct ct_line *line)
{
	while (line->calls)
		ct_call_drop(core, line->calls);
}

static void line_drop(struct ct_core *core, struct ct_line *line)
{
	drop_calls(core, line);
	core->hear->hijacked -= line->hijacked;
	if (!core->hear->hijacked)
		core->hear->hijacked_like = 0;
	ct_share_leave(core, &line->held);
	HASH_DEL(core->hear->lines, line);
	free(line);
}

static enum ct_place place_of(const struct ct_held *held)
{
	const struct ct_line *line = CT_HELD_OF(struct ct_line, held);

	return line->calls || line->hijacked ? CT_PLACE_LIVE : CT_PLACE_IDLE;
}

/* Only who waits for an answer misses it. */
static bool matters(const struct ct_core *core, const struct ct_held *held)
{
	const struct ct_line *line = CT_HELD_OF(struct ct_line, held);

	return line->calls && ct_call_matters(core, line->calls->line_prev);
}

static void give_up(struct ct_core *core, struct ct_held *held)
{
	line_drop(core, CT_HELD_OF(struct ct_line, held));
}

const struct ct_share_row ct_lines_row = {
	.max = CT_LINES_MAX,
	.full = CT_LOSS_TALK,
	.place = place_of,
	.matters = matters,
	.give_up = give_up,
};

static struct ct_line *line_make(struct ct_core *core, const struct ct_sent *sent, uint64_t socket)
{
	struct ct_line *line = calloc(1, sizeof(*line));

	if (!line) {
		core->counts.lost[CT_LOSS_TALK]++;
		return NULL;
	}
	if (!ct_share_enter(core, sent->speaker, CT_SHARE_LINES, &line->held)) {
		free(line);
		return NULL;
	}
	line->socket = socket;
	line->holes = line->answered_holes = core->hear->holes;
	HASH_ADD(hh, core->hear->lines, socket, sizeof(line->socket), line);
	return line;
}

/* Found or made, and the last of all to be forgotten. */
static struct ct_line *line_get(struct ct_core *core, const struct ct_sent *sent)
{
	uint64_t socket = sent->e->obj;
	struct ct_line *line = socket ? ct_line_find(core, socket) : NULL;

	if (!line)
		return socket ? line_make(core, sent, socket) : NULL;
	ct_share_touch(core, &line->held);
	return line;
}

void ct_lines_free(struct ct_core *core)
{
	struct ct_line *line, *next;

	HASH_ITER(hh, core->hear->lines, line, next)
	line_drop(core, line);
}

void ct_line_forget(struct ct_core *core, struct ct_line *line)
{
	line->unheard |= line->calls && line->calls->line_prev->streams;
	drop_calls(core, line);
	line->holes = NOT_WHOLE;
	line->passed = line->strays = 0;
	line->stray_ns = 0; /* it was not the last word */
}

/* An answer was not heard, or a request; what was asked before and is not answered yet is answered all the same. */
static void forget_heard(struct ct_core *core, struct ct_line *line, bool answer)
{
	unsigned int waiting = line->count;

	if (line->passed > line->strays)
		waiting += line->passed - line->strays;
	if (!answer) { /* who was not heard is answered, too */
		line->owed++;
		line->unheard = true;
	} else if (waiting) {
		waiting--;
	}
	ct_line_forget(core, line);
	line->passed = waiting;
}

void ct_lines_hole(struct ct_core *core, uint64_t socket, uint64_t peer)
{
	struct ct_line *line = ct_line_find(core, socket);

	if (!line && peer)
		line = ct_line_find(core, peer);
	for (struct ct_line *any = core->hear->lines; any && !line; any = any->hh.next) {
		if (any->peer && any->peer == socket)
			line = any;
	}
	if (line)
		forget_heard(core, line, line->socket != socket);
}

void ct_line_hijack(struct ct_core *core, struct ct_line *line)
{
	drop_calls(core, line);
	core->hear->hijacked += !line->hijacked;
	core->hear->hijacked_like |= 1ull << (line->socket & 63);
	line->hijacked = true;
	ct_share_touch(core, &line->held);
}

bool ct_line_is_hijacked(struct ct_core *core, const struct ct_event *e)
{
	uint64_t socket = e->flags & CT_F_SERVER ? e->arg : e->obj;
	struct ct_line *line;

	if (!(core->hear->hijacked_like >> (socket & 63) & 1)) /* nearly all */
		return false;
	line = ct_line_find(core, socket);
	return line && line->hijacked;
}

/* Who asks has been answered: unheard, if there is doubt whether all was heard. */
static void drop_doubted(struct ct_core *core, struct ct_line *line)
{
	struct ct_pending_call *call = line->calls;

	while (call) {
		struct ct_pending_call *next = call->line_next;
		bool doubted = call->doubted || call->holes != core->hear->holes;

		if (doubted) {
			line->holes = NOT_WHOLE;
			line->unheard |= call->streams && !call->answering;
		}
		if (doubted || call->answering) /* a stream whose end was not heard is over */
			ct_call_drop(core, call);
		call = next;
	}
}

/* What files hold may look like requests. */
static bool is_within_files(const struct ct_line *line, uint64_t ts_ns)
{
	return (line->calls && line->calls->line_prev->streams) ||
	       (line->files_ns && ts_ns < line->files_ns + CT_LATE_NS);
}

static bool has_unheard(const struct ct_core *core, const struct ct_line *line)
{
	return line->unheard || line->answered_holes != core->hear->holes;
}

/*
 * Who may not have sent all of an upload when it is answered may go on. An answer behind that one is to a
 * request, so nothing more of the upload follows it; what does not change anything was that request, as
 * far as it was heard long enough behind the upload.
 */
static void is_over(struct ct_line *line, uint64_t ts_ns)
{
	if (!line->read)
		line->files_ns = ts_ns;
	line->spent = line->read = false;
}

/* An answer: of what it may have been one to, what is heard late may still look like a request. */
static void may_be_answered(const struct ct_core *core, struct ct_line *line, int status,
			    uint64_t ts_ns)
{
	const struct ct_pending_call *call;
	bool uploads = has_unheard(core, line), files = uploads;

	DL_FOREACH2(line->calls, call, line_next)
	{
		if (!call->streams)
			continue;
		uploads |= !call->puts || status >= 300;
		files |= uploads || line->passed;
	}
	if (line->spent && !uploads)
		is_over(line, ts_ns);
	line->spent |= uploads;
	if (files)
		line->files_ns = ts_ns;
	line->unheard &= line->strays + 1 < line->passed;
	line->answered_holes = core->hear->holes;
}

void ct_line_uploaded(struct ct_core *core, uint64_t socket, uint64_t ts_ns)
{
	struct ct_line *line = ct_line_find(core, socket);

	if (line) {
		line->files_ns = ts_ns;
		line->spent = true;
	}
}

/* What may be a part of an upload is no request. Where it may be one all the same, it is one that was not heard. */
static void pass(struct ct_core *core, struct ct_line *line, const struct ct_http *http,
		 uint64_t ts_ns)
{
	bool pending = line->calls && line->calls->line_prev->streams;

	if (!pending && !http->reads && !has_unheard(core, line))
		core->counts.lost[CT_LOSS_TALK]++;
	line->holes = NOT_WHOLE;
	line->stray_ns = 0;
	line->passed++;
	line->unheard |= http->streams;
	line->read = http->reads && !is_within_files(line, ts_ns);
}

static void whole(const struct ct_core *core, struct ct_line *line)
{
	line->holes = core->hear->holes;
	line->passed = line->strays = line->owed = 0;
}

struct ct_pending_call *ct_line_ask(struct ct_core *core, const struct ct_sent *sent,
				    const struct ct_http *http, struct ct_text verb)
{
	struct ct_line *line = line_get(core, sent);
	const struct ct_event *e = sent->e;
	struct ct_pending_call *call;
	struct ct_call_key key;

	if (!line || line->hijacked)
		return NULL;
	drop_doubted(core, line);
	/* Or the answer to them is late, and this is a request. */
	if (is_within_files(line, e->ts_ns) ||
	    ((has_unheard(core, line) || line->spent) && !ct_text_is(verb, "create"))) {
		pass(core, line, http, e->ts_ns);
		return NULL;
	}
	if (line->count >= LINE_CALLS_MAX)
		ct_line_forget(core, line);
	key = (struct ct_call_key){ e->obj, line->asked++, CT_PROTO_HTTP };
	call = ct_call_make(core, sent, &key, verb);
	if (!call) {
		ct_line_forget(core, line);
		return NULL;
	}
	call->line = line;
	line->peer = e->arg;
	call->makes = http->makes;
	call->streams = http->streams;
	call->puts = http->reads;
	call->pulls = http->pulls;
	call->builds = http->builds;
	call->unheard = has_unheard(core, line) || line->spent;
	call->holes = core->hear->holes;
	call->patched = line->holes != core->hear->holes;
	call->suspected = line->holes == NOT_WHOLE &&
			  (!line->stray_ns || line->strays != (line->passed ? line->passed : 1));
	call->doubted =
		call->suspected || (line->stray_ns && e->ts_ns < line->stray_ns + STRAY_NS &&
				    ct_call_fits(call, line->stray_status));
	call->crossed = call->patched && call->doubted && e->ts_ns < line->stray_ns + CT_LATE_NS;
	DL_APPEND2(line->calls, call, line_prev, line_next);
	line->count++;
	ct_share_touch(core, &line->held);
	if (!call->suspected)
		whole(core, line);
	line->stray_ns = 0;
	core->hear->hears_reads |= http->reads;
	return call;
}

/* Statuses that nobody gets who only reads. */
static bool is_of_change(int status)
{
	return status == 201 || status == 204 || status == 304 || status == 101;
}

/* That of a container has them, that of a network or of a process has not. */
static bool is_of_container(struct ct_text body)
{
	static const char warnings[] = "\"Warnings\"";

	return memmem(body.p, body.len, warnings, sizeof(warnings) - 1);
}

bool ct_line_early(const struct ct_core *core, const struct ct_pending_call *call,
		   const struct ct_http *http)
{
	const struct ct_line *line = call->line;
	/* Whoever is heard first on a line may have been answered for what was not heard. */
	bool all_heard = core->hear->hears_reads && line->asked > 1;

	if (line->calls != call || call->patched || !ct_call_fits(call, http->status) ||
	    (!all_heard && !is_of_change(http->status)))
		return false;
	return http->status != 201 || strcmp(call->asked.verb, "create") != 0 ||
	       is_of_container(http->body);
}

struct ct_pending_call *ct_line_answers(struct ct_core *core, const struct ct_sent *sent,
					const struct ct_http *http)
{
	const struct ct_event *e = sent->e;
	const struct ct_call_key key = { e->arg, 0, CT_PROTO_HTTP };
	struct ct_line *line = e->arg ? ct_line_find(core, e->arg) : NULL;
	struct ct_pending_call *call;

	if (!line && e->arg)
		line = line_make(core, sent, e->arg);
	if (!line)
		return NULL;
	line->peer = e->obj;
	may_be_answered(core, line, http->status, e->ts_ns);
	while (line->calls && line->calls->answering) /* a stream; this is the next answer */
		ct_call_drop(core, line->calls);
	if (!line->calls && line->owed) {
		line->owed--;
		return NULL;
	}
	if (!line->calls) {
		line->stray_ns = e->ts_ns;
		line->stray_status = http->status;
		line->strays++;
		ct_early_keep(core, key, sent);
		return NULL;
	}
	DL_FOREACH2(line->calls, call, line_next)
	{
		if (ct_call_fits(call, http->status))
			break;
		if (!core->hear->hears_reads) /* that was the answer to something unheard */
			return NULL;
	}
	if (!call) { /* they were answered unheard, and this is to a request that is heard later */
		ct_line_forget(core, line);
		ct_early_keep(core, key, sent);
		return NULL;
	}
	while (line->calls != call)
		ct_call_drop(core, line->calls);
	if (call->unheard && http->status != 201) {
		core->counts.lost[CT_LOSS_TALK] += !call->patched; /* else a hole is */
		ct_line_forget(core, line);
		return NULL;
	}
	if (call->unheard) /* a container was made: that was a request, and no upload goes on */
		line->spent = false;
	if (call->crossed && !core->hear->answering_early && http->status != 101) {
		ct_line_forget(core, line);
		return NULL;
	}
	if (!call->suspected || http->status == 101) /* whosever that was, it is HTTP no more */
		return call;
	if (e->ts_ns < call->asked.ts_ns + CT_LATE_NS) {
		ct_call_drop(core, call);
		return NULL;
	}
	whole(core, line);
	return call;
}
