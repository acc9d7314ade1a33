// SPDX-License-Identifier: GPL-2.0-only
#include "serve/serve.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "core/record_copy.h"
#include "serve/push.h"
#include "serve/state.h"
#include "sinks/html/html.h"
#include "source/proc/credentials.h"
#include "util/clock.h"
#include "util/mem.h"

#define QUEUE_MAX       8192
#define QUEUE_BYTES_MAX (64u << 20)
#define TOLD_BYTES_MAX  (16u << 20) /* of the page: steps make records large */
#define BEAT_NS         500000000ull
#define TICK_NS         1000000000ll
#define ALIVE_NS        10000000000ull /* without a beat it hangs */

int ct_serve_open(struct ct_serve **ret, const struct ct_serve_options *opts, struct ct_err *err)
{
	const char *why_not = ct_serve_refuse(opts);
	struct ct_serve *s = why_not ? NULL : calloc(1, sizeof(*s));
	pthread_condattr_t attr;
	int code;

	if (why_not)
		return ct_fail(err, ENOTSUP, "serve: %s", why_not);
	if (!s)
		return ct_fail(err, ENOMEM, "serve: out of memory");
	s->opts = *opts;
	if (!s->opts.records)
		s->opts.records = CT_SERVE_RECORDS;
	s->last = &s->first;
	s->meter = (struct ct_meter){ .buckets = opts->buckets, .native = true };
	s->meter.series.by = opts->by;
	s->told = calloc(s->opts.records, sizeof(*s->told));
	s->told_from = s->told_to = 1;
	s->nothing = ct_summary_new();
	pthread_mutex_init(&s->lock, NULL);
	pthread_mutex_init(&s->queue_lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&s->queue_cond, &attr);
	pthread_condattr_destroy(&attr);
	*ret = s;
	code = s->told && s->nothing ? ct_http_open(s, err)
				     : ct_fail(err, ENOMEM, "serve: out of memory");
	if (!code && opts->otlp)
		code = ct_push_open(&s->push, opts->otlp, err);
	if (!code)
		return 0;
	ct_serve_close(s);
	*ret = NULL;
	return code;
}

const char *ct_serve_url(const struct ct_serve *s)
{
	return s->url;
}

void ct_serve_record(struct ct_serve *s, const struct ct_record *rec)
{
	struct ct_queued *q = calloc(1, sizeof(*q));
	bool taken = false;

	if (q)
		q->rec = ct_record_copy(rec, &q->size);
	pthread_mutex_lock(&s->queue_lock);
	if (q && q->rec && s->queued < QUEUE_MAX && s->queued_bytes + q->size <= QUEUE_BYTES_MAX) {
		*s->last = q;
		s->last = &q->next;
		s->queued++;
		s->queued_bytes += q->size;
		taken = true;
	} else {
		s->dropped++;
	}
	pthread_cond_signal(&s->queue_cond);
	pthread_mutex_unlock(&s->queue_lock);
	if (taken || !q)
		return;
	free(q->rec);
	free(q);
}

size_t ct_serve_queued(struct ct_serve *s)
{
	size_t n;

	pthread_mutex_lock(&s->queue_lock);
	n = s->queued;
	pthread_mutex_unlock(&s->queue_lock);
	return n;
}

void ct_serve_beat(struct ct_serve *s, uint64_t now_ns, const struct ct_core_counts *counts,
		   size_t containers_max)
{
	if (now_ns < s->beat_ns + BEAT_NS) /* nobody else writes it */
		return;
	pthread_mutex_lock(&s->queue_lock);
	s->beat_ns = now_ns;
	s->beat_counts = *counts;
	s->containers_max = containers_max;
	pthread_mutex_unlock(&s->queue_lock);
}

static void forget_told(struct ct_serve *s)
{
	struct ct_told *oldest = &s->told[s->told_from++ % s->opts.records];

	s->told_bytes -= oldest->len;
	free(oldest->text);
	*oldest = (struct ct_told){ 0 };
}

static void remember(struct ct_serve *s, char *text, size_t len)
{
	while (s->told_to - s->told_from >= s->opts.records ||
	       (s->told_to > s->told_from && s->told_bytes + len > TOLD_BYTES_MAX))
		forget_told(s);
	s->told[s->told_to % s->opts.records] = (struct ct_told){ s->told_to, text, len };
	s->told_bytes += len;
	s->told_to++;
}

static void add(struct ct_serve *s, const struct ct_record *rec)
{
	char *text = NULL;
	size_t len = 0;

	pthread_mutex_lock(&s->lock);
	if (ct_meter_add(&s->meter, &s->session, rec) ||
	    ct_html_record_text(&s->session, rec, &text, &len))
		s->no_memory++;
	else
		remember(s, text, len);
	if (rec->end_ns > s->shown_ns)
		s->shown_ns = rec->end_ns;
	pthread_mutex_unlock(&s->lock);
	if (s->push)
		ct_push_record(s->push, &s->session, rec);
}

/* What has come since, and what time it is. */
static struct ct_queued *take(struct ct_serve *s, bool *ret_ending)
{
	struct timespec until;
	struct ct_queued *all;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&s->queue_lock);
	while (!s->first && !s->ending)
		if (pthread_cond_timedwait(&s->queue_cond, &s->queue_lock, &until) == ETIMEDOUT)
			break;
	all = s->first;
	s->first = NULL;
	s->last = &s->first;
	s->queued = s->queued_bytes = 0;
	*ret_ending = s->ending;
	pthread_mutex_unlock(&s->queue_lock);
	return all;
}

static void catch_up(struct ct_serve *s, bool more)
{
	struct ct_core_counts counts;
	uint64_t beat_ns;

	pthread_mutex_lock(&s->queue_lock);
	counts = s->beat_counts;
	beat_ns = s->beat_ns;
	pthread_mutex_unlock(&s->queue_lock);
	pthread_mutex_lock(&s->lock);
	s->counts = counts;
	s->beaten_ns = beat_ns;
	if (beat_ns)
		s->session.end_ns = beat_ns;
	if (more)
		ct_http_wake(s);
	pthread_mutex_unlock(&s->lock);
}

static void *work(void *ctx)
{
	struct ct_serve *s = ctx;
	bool ending = false;

	prctl(PR_SET_NAME, "ct-serve");
	while (!ending) {
		struct ct_queued *all = take(s, &ending);
		bool more = all;

		while (all) {
			struct ct_queued *q = all;

			all = q->next;
			add(s, q->rec);
			free(q->rec);
			free(q);
		}
		catch_up(s, more);
		ct_http_tick(s);
		if (s->push) /* the session and the counts are this thread's to write */
			ct_push_tick(s->push, &s->session, s->nothing, &s->counts, ending);
	}
	return NULL;
}

/* What is started from here has no privileges: capabilities are a thread's. */
struct begun {
	struct ct_serve *s;
	struct ct_err *err;
	int ret;
};

static void *begin(void *ctx)
{
	struct begun *b = ctx;

	b->ret = ct_caps_keep(0, b->err);
	if (!b->ret)
		b->ret = ct_http_begin(b->s, b->err);
	if (!b->ret && b->s->push)
		b->ret = ct_push_begin(b->s->push, b->err);
	if (!b->ret && pthread_create(&b->s->thread, NULL, work, b->s))
		b->ret = ct_fail(b->err, EAGAIN, "serve: start a thread: %s", strerror(EAGAIN));
	b->s->running = !b->ret;
	return NULL;
}

int ct_serve_begin(struct ct_serve *s, const struct ct_session *session, struct ct_err *err)
{
	struct begun b = { .s = s, .err = err };
	pthread_t thread;
	int code;

	s->session = *session;
	if (s->push)
		s->session.host = ct_push_host(s->push);
	if (!s->opts.recorded)
		s->session.end_ns = s->beat_ns = s->beaten_ns = ct_mono_ns();
	code = pthread_create(&thread, NULL, begin, &b);
	if (code)
		return ct_fail(err, code, "serve: start a thread: %s", strerror(code));
	pthread_join(thread, NULL);
	return b.ret;
}

bool ct_serve_is_alive(struct ct_serve *s)
{
	uint64_t beat_ns;

	pthread_mutex_lock(&s->queue_lock);
	beat_ns = s->beat_ns;
	pthread_mutex_unlock(&s->queue_lock);
	return s->opts.recorded || ct_mono_ns() < beat_ns + ALIVE_NS;
}

void ct_serve_close(struct ct_serve *s)
{
	if (!s)
		return;
	if (s->running) {
		pthread_mutex_lock(&s->queue_lock);
		s->ending = true;
		pthread_cond_signal(&s->queue_cond);
		pthread_mutex_unlock(&s->queue_lock);
		pthread_join(s->thread, NULL);
	}
	ct_http_close(s);
	ct_push_close(s->push);
	while (s->first) {
		struct ct_queued *q = s->first;

		s->first = q->next;
		free(q->rec);
		free(q);
	}
	while (s->told && s->told_from < s->told_to)
		forget_told(s);
	free(s->told);
	ct_meter_free(&s->meter);
	ct_summary_free(s->nothing);
	free(s);
}
