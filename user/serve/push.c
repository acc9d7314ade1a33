// SPDX-License-Identifier: GPL-2.0-only
#include "serve/push.h"

#include <errno.h>
#include <libdeflate.h>
#include <malloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#include "serve/curl.h"
#include "serve/push_env.h"
#include "serve/push_queue.h"
#include "sinks/otlp/otlp.h"
#include "util/clock.h"
#include "util/mem.h"

#define BATCH_NS       2000000000ull /* so long a record waits for others */
#define PAUSE_FIRST_NS 1000000000ull
#define PAUSE_LAST_NS  30000000000ull
#define CLOSE_NS       3000000000ull
#define NS_PER_S       1000000000ull
#define LEVEL          4 /* of gzip */
#define MUCH           (1u << 20) /* has waited: what it took is given back to the kernel */
#define MESSAGE_ROOM   (256u << 10) /* kept for the next one */

struct ct_push {
	struct ct_push_env env;
	struct ct_sink sinks[CT_OTLP_SIGNAL_MAX]; /* they draw; only their states are used */
	uint64_t metrics_ns; /* when they are told next */
	pthread_t thread;
	bool running;
	CURL *curl;
	struct curl_slist *headers[CT_OTLP_SIGNAL_MAX];
	struct libdeflate_compressor *gzip; /* owned; the thread's */
	struct ct_pb message; /* owned: of who tells records, for one at a time */

	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct ct_push_queue *queue; /* owned */
	bool ending;
	uint64_t end_ns; /* not a moment later */
	struct ct_push_counts counts;
};

static int sinks_open(struct ct_push *p)
{
	static const struct ct_sink_ops *const ops[] = {
		[CT_OTLP_TRACES] = &ct_otlp_traces_ops,
		[CT_OTLP_METRICS] = &ct_otlp_metrics_ops,
	};

	for (unsigned i = 0; i < CT_OTLP_SIGNAL_MAX; i++) {
		p->sinks[i] = (struct ct_sink){ .ops = ops[i], .steps = true };
		p->sinks[i].state = calloc(1, ops[i]->state_size);
		if (!p->sinks[i].state)
			return -ENOMEM;
	}
	if (p->env.delta)
		ct_otlp_metrics_delta(p->sinks[CT_OTLP_METRICS].state);
	return 0;
}

/* NAME=VALUE,NAME=VALUE */
static int headers_make(struct ct_push *p, unsigned signal)
{
	struct curl_slist **list = &p->headers[signal];
	const char *at = p->env.signals[signal].headers;

	*list = ct_curl.slist_append(NULL, "Content-Type: application/x-protobuf");
	if (p->env.signals[signal].gzip && *list)
		*list = ct_curl.slist_append(*list, "Content-Encoding: gzip");
	while (at && *at && *list) {
		size_t len = strcspn(at, ","), name = strcspn(at, "=");
		char *value = name < len ? ct_curl.easy_unescape(p->curl, at + name + 1,
								 (int)(len - name - 1), NULL)
					 : NULL;
		own_mem char *line = NULL;

		if (value && !strpbrk(value, "\r\n") &&
		    asprintf(&line, "%.*s: %s", (int)name, at, value) > 0)
			*list = ct_curl.slist_append(*list, line);
		ct_curl.free(value);
		at += len + (at[len] == ',');
	}
	return *list ? 0 : -ENOMEM;
}

int ct_push_open(struct ct_push **ret, const char *url, struct ct_err *err)
{
	int code = ct_curl_open(err);
	struct ct_push *p = code ? NULL : calloc(1, sizeof(*p));
	pthread_condattr_t attr;

	*ret = NULL;
	if (code)
		return code;
	if (!p)
		return ct_fail(err, ENOMEM, "push: out of memory");
	p->queue = ct_push_queue_new();
	p->gzip = libdeflate_alloc_compressor(LEVEL);
	pthread_mutex_init(&p->lock, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->cond, &attr);
	pthread_condattr_destroy(&attr);
	ct_curl.global_init(CURL_GLOBAL_DEFAULT);
	p->curl = ct_curl.easy_init();
	code = ct_push_env_read(&p->env, url, err);
	if (!code && (!p->curl || !p->queue || !p->gzip || sinks_open(p)))
		code = ct_fail(err, ENOMEM, "push: out of memory");
	for (unsigned i = 0; i < CT_OTLP_SIGNAL_MAX && !code; i++)
		if (headers_make(p, i))
			code = ct_fail(err, ENOMEM, "push: out of memory");
	if (code) {
		ct_push_close(p);
		return code;
	}
	*ret = p;
	return 0;
}

const struct ct_session_host *ct_push_host(const struct ct_push *p)
{
	return &p->env.host;
}

struct ct_push_counts ct_push_counts(struct ct_push *p)
{
	struct ct_push_counts counts;

	pthread_mutex_lock(&p->lock);
	counts = p->counts;
	counts.queued = ct_push_queue_bytes(p->queue);
	pthread_mutex_unlock(&p->lock);
	return counts;
}

static void enqueue(struct ct_push *p, enum ct_otlp_signal signal, const char *json, size_t len)
{
	struct ct_pb *pb = &p->message;
	bool made;

	pb->len = 0;
	made = !ct_otlp_proto(pb, signal, json, len);
	pthread_mutex_lock(&p->lock);
	if (made && ct_push_queue_put(p->queue, signal, pb, ct_mono_ns()))
		pthread_cond_signal(&p->cond);
	else
		p->counts.dropped[signal]++;
	pthread_mutex_unlock(&p->lock);
	if (!made || pb->room > MESSAGE_ROOM)
		ct_pb_free(pb);
}

void ct_push_record(struct ct_push *p, const struct ct_session *session,
		    const struct ct_record *rec)
{
	struct ct_sink *traces = &p->sinks[CT_OTLP_TRACES], *metrics = &p->sinks[CT_OTLP_METRICS];
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	int ret = f ? metrics->ops->record(metrics, f, session, rec) : -ENOMEM;

	if (!ret && p->env.signals[CT_OTLP_TRACES].url)
		ret = traces->ops->record(traces, f, session, rec);
	if (f && fclose(f))
		ret = -ENOMEM;
	if (!ret && len)
		enqueue(p, CT_OTLP_TRACES, text, len);
	free(text);
}

void ct_push_tick(struct ct_push *p, const struct ct_session *session,
		  const struct ct_summary *nothing, const struct ct_core_counts *counts, bool last)
{
	struct ct_sink *metrics = &p->sinks[CT_OTLP_METRICS];
	uint64_t now = ct_mono_ns();
	char *text = NULL;
	size_t len = 0;
	FILE *f;

	if (!p->env.signals[CT_OTLP_METRICS].url || (!last && now < p->metrics_ns))
		return;
	if (!p->metrics_ns && !last) { /* the first come after an interval */
		p->metrics_ns = now + p->env.interval_ns;
		return;
	}
	p->metrics_ns = now + p->env.interval_ns;
	f = open_memstream(&text, &len);
	if (f && !metrics->ops->end(metrics, f, session, nothing, counts) && !fclose(f))
		enqueue(p, CT_OTLP_METRICS, text, len);
	free(text);
}

static bool is_due(const struct ct_push *p)
{
	uint64_t since = ct_push_queue_since(p->queue);

	return since && (p->ending || ct_mono_ns() >= since + BATCH_NS);
}

/* Waits for it, a second at most. False: nothing is to be sent. */
static bool take(struct ct_push *p, struct ct_push_batch *ret, bool *ret_ending)
{
	uint64_t since, until_ns;
	struct timespec until;
	bool taken = false;

	pthread_mutex_lock(&p->lock);
	since = ct_push_queue_since(p->queue);
	until_ns = since ? since + BATCH_NS : ct_mono_ns() + NS_PER_S;
	until.tv_sec = (time_t)(until_ns / NS_PER_S);
	until.tv_nsec = (long)(until_ns % NS_PER_S);
	while (!p->ending && ct_mono_ns() < until_ns)
		if (pthread_cond_timedwait(&p->cond, &p->lock, &until) == ETIMEDOUT)
			break;
	*ret_ending = p->ending;
	if (is_due(p)) {
		taken = ct_push_queue_take(p->queue, ret);
		p->counts.dropped[ret->signal] += ret->spoilt;
	}
	pthread_mutex_unlock(&p->lock);
	return taken;
}

/* What it says is not of interest, how it says it is. */
static size_t ignore(char *text, size_t size, size_t n, void *ctx)
{
	(void)text, (void)ctx;
	return size * n;
}

/* A request that is under way when all ends has no longer than that. */
static int is_over(void *ctx, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
	struct ct_push *p = ctx;
	bool over;

	(void)a, (void)b, (void)c, (void)d;
	pthread_mutex_lock(&p->lock);
	over = p->ending && ct_mono_ns() >= p->end_ns;
	pthread_mutex_unlock(&p->lock);
	return over;
}

static void *compress(struct ct_push *p, const struct ct_pb *pb, size_t *ret_len)
{
	size_t room = libdeflate_gzip_compress_bound(p->gzip, pb->len);
	void *out = malloc(room);

	if (out)
		*ret_len = libdeflate_gzip_compress(p->gzip, pb->bytes, pb->len, out, room);
	return out;
}

/* The status that was answered, 0: none was. */
static long request(struct ct_push *p, const struct ct_push_batch *batch, curl_off_t *ret_after_s)
{
	const struct ct_push_signal *signal = &p->env.signals[batch->signal];
	size_t len = batch->pb.len;
	own_mem void *zipped = signal->gzip ? compress(p, &batch->pb, &len) : NULL;
	long status = 0;

	*ret_after_s = 0;
	if (signal->gzip && !zipped)
		return 0;
	ct_curl.easy_reset(p->curl);
	ct_curl.easy_setopt(p->curl, CURLOPT_URL, signal->url);
	ct_curl.easy_setopt(p->curl, CURLOPT_HTTPHEADER, p->headers[batch->signal]);
	ct_curl.easy_setopt(p->curl, CURLOPT_POST, 1L);
	ct_curl.easy_setopt(p->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len);
	ct_curl.easy_setopt(p->curl, CURLOPT_POSTFIELDS, zipped ? zipped : (void *)batch->pb.bytes);
	ct_curl.easy_setopt(p->curl, CURLOPT_TIMEOUT_MS, signal->timeout_ms);
	ct_curl.easy_setopt(p->curl, CURLOPT_NOPROGRESS, 0L);
	ct_curl.easy_setopt(p->curl, CURLOPT_XFERINFOFUNCTION, is_over);
	ct_curl.easy_setopt(p->curl, CURLOPT_XFERINFODATA, p);
	ct_curl.easy_setopt(p->curl, CURLOPT_NOSIGNAL, 1L);
	ct_curl.easy_setopt(p->curl, CURLOPT_WRITEFUNCTION, ignore);
	ct_curl.easy_setopt(p->curl, CURLOPT_USERAGENT, "coldtrace");
	ct_curl.easy_setopt(p->curl, CURLOPT_PROTOCOLS_STR, "http,https");
	if (p->env.certificate)
		ct_curl.easy_setopt(p->curl, CURLOPT_CAINFO, p->env.certificate);
	if (ct_curl.easy_perform(p->curl) != CURLE_OK)
		return 0;
	ct_curl.easy_getinfo(p->curl, CURLINFO_RESPONSE_CODE, &status);
	ct_curl.easy_getinfo(p->curl, CURLINFO_RETRY_AFTER, ret_after_s);
	return status;
}

/* By OTLP's own table: what else is answered means that it will never be taken. */
static bool is_worth_another(long status)
{
	return !status || status == 429 || (status >= 502 && status <= 504);
}

static void pause_until(struct ct_push *p, uint64_t until_ns)
{
	const struct timespec until = { .tv_sec = (time_t)(until_ns / NS_PER_S),
					.tv_nsec = (long)(until_ns % NS_PER_S) };

	pthread_mutex_lock(&p->lock);
	while (!p->ending && ct_mono_ns() < until_ns)
		if (pthread_cond_timedwait(&p->cond, &p->lock, &until) == ETIMEDOUT)
			break;
	pthread_mutex_unlock(&p->lock);
}

/* Until it is taken, refused for good, or all ends. What comes meanwhile waits in the queue. */
static void deliver(struct ct_push *p, const struct ct_push_batch *batch)
{
	uint64_t pause_ns = PAUSE_FIRST_NS;

	for (;;) {
		curl_off_t after_s = 0;
		long status = request(p, batch, &after_s);
		bool taken = status >= 200 && status < 300, ending;

		pthread_mutex_lock(&p->lock);
		ending = p->ending;
		p->counts.failed += !taken;
		if (taken)
			p->counts.sent[batch->signal] += batch->count;
		else if (ending || !is_worth_another(status))
			p->counts.dropped[batch->signal] += batch->count;
		pthread_mutex_unlock(&p->lock);
		if (taken || ending || !is_worth_another(status))
			return;
		pause_until(p, ct_mono_ns() + ((uint64_t)after_s * NS_PER_S > pause_ns
						       ? (uint64_t)after_s * NS_PER_S
						       : pause_ns));
		pause_ns = 2 * pause_ns < PAUSE_LAST_NS ? 2 * pause_ns : PAUSE_LAST_NS;
	}
}

/* What has waited for a collector that was away has gone: its memory is of no use here. */
static void tidy(struct ct_push *p, size_t *most)
{
	size_t now;

	pthread_mutex_lock(&p->lock);
	now = ct_push_queue_bytes(p->queue);
	pthread_mutex_unlock(&p->lock);
	if (now > *most)
		*most = now;
	if (now || *most < MUCH)
		return;
	malloc_trim(0);
	*most = 0;
}

static void *work(void *ctx)
{
	struct ct_push *p = ctx;
	bool ending = false;
	size_t most = 0; /* that has waited */

	prctl(PR_SET_NAME, "ct-push");
	for (;;) {
		struct ct_push_batch batch;
		bool taken = take(p, &batch, &ending);

		if (!taken && ending)
			return NULL;
		tidy(p, &most);
		if (!taken)
			continue;
		if (!ending || ct_mono_ns() < p->end_ns)
			deliver(p, &batch);
		ct_pb_free(&batch.pb);
	}
}

int ct_push_begin(struct ct_push *p, struct ct_err *err)
{
	int code = pthread_create(&p->thread, NULL, work, p);

	p->running = !code;
	return code ? ct_fail(err, code, "push: start a thread: %s", strerror(code)) : 0;
}

void ct_push_close(struct ct_push *p)
{
	if (!p)
		return;
	if (p->running) {
		pthread_mutex_lock(&p->lock);
		p->end_ns = ct_mono_ns() + CLOSE_NS;
		p->ending = true;
		pthread_cond_broadcast(&p->cond);
		pthread_mutex_unlock(&p->lock);
		pthread_join(p->thread, NULL);
	}
	ct_push_queue_free(p->queue);
	libdeflate_free_compressor(p->gzip);
	ct_pb_free(&p->message);
	for (unsigned i = 0; i < CT_OTLP_SIGNAL_MAX; i++) {
		if (p->sinks[i].ops && p->sinks[i].ops->free && p->sinks[i].state)
			p->sinks[i].ops->free(p->sinks[i].state);
		free(p->sinks[i].state);
		if (p->headers[i])
			ct_curl.slist_free_all(p->headers[i]);
	}
	if (p->curl)
		ct_curl.easy_cleanup(p->curl);
	ct_push_env_clear(&p->env);
	free(p);
}
