// SPDX-License-Identifier: GPL-2.0-only
/*
 * Answers by HTTP: libmicrohttpd has one thread for all connections. Each of these has a time: to ask
 * (a name, a header, slowly), to take its answer. Who needs longer is ended; pages that are shown live are
 * as long as they like, and there are few of them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "serve/listen.h"
#include "serve/mhd.h"
#include "serve/state.h"
#include "sinks/openmetrics/accept.h"
#include "util/clock.h"
#include "util/mem.h"

#define ASK_NS      10000000000ull
#define ANSWER_NS   30000000000ull
#define IDLE_S      90 /* between two requests of one connection: longer than most scrape intervals */
#define NEXT_NS     ((IDLE_S + 10) * 1000000000ull) /* who is not silent either has so long */
#define MEMORY_EACH (32 << 10)
#define EACH_CLIENT 32

/* A connection. Under lock. */
struct connection {
	bool used;
	int fd;
	uint64_t until_ns; /* 0: as long as it likes */
};

/* A page that is shown live. Under lock. */
struct stream {
	struct ct_serve *s;
	struct MHD_Connection *connection;
	bool waits; /* suspended */
	uint64_t next; /* number of the record it has not got yet */
	char *text; /* owned: what is being sent */
	size_t len, sent;
	uint64_t told_ns;
	struct stream *next_stream;
};

struct ct_http {
	struct ct_listen listen;
	struct MHD_Daemon *daemon;
	struct connection connections[CT_SERVE_CONNECTIONS_MAX];
	struct stream *streams; /* owned by their responses */
	size_t stream_count;
	bool ending; /* nobody waits any more. Under lock */
};

#define STREAM_BLOCK 32768
#define STREAM_EVERY 5000000000ull /* a summary at least so often: a page that is gone is noticed */

static const char *header_of(struct MHD_Connection *c, const char *name)
{
	return ct_mhd.lookup_connection_value(c, MHD_HEADER_KIND, name);
}

static void finish_headers(struct MHD_Response *r, const char *type)
{
	ct_mhd.add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
	ct_mhd.add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
	ct_mhd.add_response_header(r, "X-Content-Type-Options", "nosniff");
	ct_mhd.add_response_header(r, "X-Frame-Options", "DENY");
}

static enum MHD_Result answer(struct MHD_Connection *c, unsigned code, const char *type, char *text,
			      size_t len)
{
	struct MHD_Response *r =
		ct_mhd.create_response_from_buffer(len, text, MHD_RESPMEM_MUST_FREE);
	enum MHD_Result ret;

	if (!r) {
		free(text);
		return MHD_NO;
	}
	finish_headers(r, type);
	if (code == MHD_HTTP_METHOD_NOT_ALLOWED)
		ct_mhd.add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
	ret = ct_mhd.queue_response(c, code, r);
	ct_mhd.destroy_response(r);
	return ret;
}

static enum MHD_Result sentence(struct MHD_Connection *c, unsigned code, const char *text)
{
	char *copy = strdup(text);

	return copy ? answer(c, code, "text/plain; charset=utf-8", copy, strlen(copy)) : MHD_NO;
}

static int page_of(struct ct_serve *s, FILE *f, struct MHD_Connection *c, const char **ret_type)
{
	enum ct_metrics_form form;

	if (**ret_type) /* the page */
		return ct_serve_page(s, f);
	form = ct_metrics_accept(header_of(c, MHD_HTTP_HEADER_ACCEPT));
	*ret_type = ct_metrics_content_type(form);
	return ct_serve_metrics(s, f, form);
}

/* type: empty for metrics, of which the request says it. */
static enum MHD_Result drawn(struct ct_serve *s, struct MHD_Connection *c, const char *type)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool bad;
	int ret;

	if (!f)
		return MHD_NO;
	pthread_mutex_lock(&s->lock);
	ret = page_of(s, f, c, &type);
	pthread_mutex_unlock(&s->lock);
	bad = ferror(f);
	if (fclose(f) || bad || ret) {
		free(text);
		return sentence(c, MHD_HTTP_SERVICE_UNAVAILABLE, "out of memory\n");
	}
	return answer(c, MHD_HTTP_OK, type, text, len);
}

/* With the lock held: what there is to send, or nothing. */
static bool next_block(struct stream *stream)
{
	struct ct_serve *s = stream->s;
	uint64_t now = ct_mono_ns();
	FILE *f;

	free(stream->text);
	stream->text = NULL;
	stream->len = stream->sent = 0;
	if (stream->next == s->told_to && now < stream->told_ns + STREAM_EVERY)
		return true;
	f = open_memstream(&stream->text, &stream->len);
	if (!f)
		return false;
	ct_serve_events(s, f, stream->next);
	stream->next = s->told_to;
	stream->told_ns = now;
	return !fclose(f);
}

static ssize_t stream_read(void *ctx, uint64_t at, char *to, size_t room)
{
	struct stream *stream = ctx;
	struct ct_serve *s = stream->s;
	ssize_t n = 0;

	(void)at;
	pthread_mutex_lock(&s->lock);
	if (stream->sent == stream->len && !next_block(stream)) {
		n = MHD_CONTENT_READER_END_WITH_ERROR;
	} else if (stream->sent == stream->len && s->http->ending) {
		n = MHD_CONTENT_READER_END_OF_STREAM;
	} else if (stream->sent == stream->len) {
		stream->waits = true;
		ct_mhd.suspend_connection(stream->connection);
	} else {
		size_t left = stream->len - stream->sent;

		n = (ssize_t)(left < room ? left : room);
		memcpy(to, stream->text + stream->sent, (size_t)n);
		stream->sent += (size_t)n;
	}
	pthread_mutex_unlock(&s->lock);
	return n;
}

static void stream_free(void *ctx)
{
	struct stream *stream = ctx, **at;
	struct ct_serve *s = stream->s;

	pthread_mutex_lock(&s->lock);
	for (at = &s->http->streams; *at; at = &(*at)->next_stream) {
		if (*at != stream)
			continue;
		*at = stream->next_stream;
		s->http->stream_count--;
		break;
	}
	pthread_mutex_unlock(&s->lock);
	free(stream->text);
	free(stream);
}

/* Who comes again says what it got last; who comes first, what was in its page. */
static uint64_t number_of(struct MHD_Connection *c)
{
	const char *last = header_of(c, "Last-Event-ID");

	if (!last)
		last = ct_mhd.lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "after");
	return last ? strtoull(last, NULL, 10) + 1 : 0;
}

static enum MHD_Result events(struct ct_serve *s, struct MHD_Connection *c)
{
	struct stream *stream = calloc(1, sizeof(*stream));
	struct MHD_Response *r;
	enum MHD_Result ret;

	if (!stream)
		return MHD_NO;
	*stream = (struct stream){ .s = s, .connection = c, .next = number_of(c) };
	pthread_mutex_lock(&s->lock);
	if (s->http->stream_count == CT_SERVE_STREAMS_MAX) {
		s->refused++;
		pthread_mutex_unlock(&s->lock);
		free(stream);
		return sentence(c, MHD_HTTP_SERVICE_UNAVAILABLE, "too many pages are live\n");
	}
	s->http->stream_count++;
	stream->next_stream = s->http->streams;
	s->http->streams = stream;
	pthread_mutex_unlock(&s->lock);
	r = ct_mhd.create_response_from_callback(MHD_SIZE_UNKNOWN, STREAM_BLOCK, stream_read,
						 stream, stream_free);
	if (!r) {
		stream_free(stream);
		return MHD_NO;
	}
	finish_headers(r, "text/event-stream");
	ret = ct_mhd.queue_response(c, MHD_HTTP_OK, r);
	ct_mhd.destroy_response(r);
	return ret;
}

static struct connection *connection_of(struct ct_serve *s, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
		ct_mhd.get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);

	(void)s;
	return info ? info->socket_context : NULL;
}

static void gets_until(struct ct_serve *s, struct MHD_Connection *c, uint64_t ns)
{
	struct connection *connection = connection_of(s, c);

	pthread_mutex_lock(&s->lock);
	if (connection)
		connection->until_ns = ns ? ct_mono_ns() + ns : 0;
	pthread_mutex_unlock(&s->lock);
}

static enum MHD_Result say_state(struct ct_serve *s, struct MHD_Connection *c)
{
	bool alive = ct_serve_is_alive(s);

	return sentence(c, alive ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE,
			alive ? "ok\n" : "the ring has not been read for 10 seconds\n");
}

static enum ct_serve_path path_of(const char *url)
{
	static const char *const names[] = {
#define X(symbol, name) name,
		CT_SERVE_PATHS(X)
#undef X
	};

	for (unsigned p = 0; p < CT_SERVE_PATH_OTHER; p++)
		if (!strcmp(url, names[p]))
			return (enum ct_serve_path)p;
	return CT_SERVE_PATH_OTHER;
}

/* Of two strings, in a time that tells nothing of the second. */
static bool same_secret(const char *given, const char *secret)
{
	size_t len = strlen(secret), given_len = strlen(given);
	unsigned char differs = len != given_len;

	for (size_t i = 0; i < given_len; i++)
		differs |= (unsigned char)(given[i] ^ secret[len ? i % len : 0]);
	return !differs;
}

static bool may_ask(struct ct_serve *s, struct MHD_Connection *c)
{
	const char *wanted = s->http->listen.password;
	char *name, *password = NULL;
	char given[CT_PASSWORD_LEN];
	bool may;

	if (!*wanted)
		return true;
	name = ct_mhd.basic_auth_get_username_password(c, &password);
	snprintf(given, sizeof(given), "%s:%s", name ? name : "", password ? password : "");
	may = same_secret(given, wanted);
	ct_mhd.free(name);
	ct_mhd.free(password);
	return may;
}

static enum MHD_Result refuse(struct ct_serve *s, struct MHD_Connection *c, unsigned code)
{
	char *text;
	struct MHD_Response *r;
	enum MHD_Result ret;

	pthread_mutex_lock(&s->lock);
	s->refused++;
	pthread_mutex_unlock(&s->lock);
	if (code != MHD_HTTP_UNAUTHORIZED)
		return sentence(c, code, "this name is not this server's; ask for localhost\n");
	text = strdup("a name and a password are asked for\n");
	r = text ? ct_mhd.create_response_from_buffer(strlen(text), text, MHD_RESPMEM_MUST_FREE)
		 : NULL;
	if (!r) {
		free(text);
		return MHD_NO;
	}
	finish_headers(r, "text/plain; charset=utf-8");
	ret = ct_mhd.queue_basic_auth_fail_response(c, "coldtrace", r);
	ct_mhd.destroy_response(r);
	return ret;
}

static enum MHD_Result respond(struct ct_serve *s, struct MHD_Connection *c, const char *url,
			       const char *method)
{
	enum ct_serve_path path = path_of(url);
	bool probe = path == CT_SERVE_PATH_HEALTHZ || path == CT_SERVE_PATH_READYZ;

	pthread_mutex_lock(&s->lock);
	s->asked[path]++;
	pthread_mutex_unlock(&s->lock);
	gets_until(s, c, path == CT_SERVE_PATH_EVENTS ? 0 : ANSWER_NS);
	if (strcmp(method, "GET") && strcmp(method, "HEAD"))
		return sentence(c, MHD_HTTP_METHOD_NOT_ALLOWED, "GET and HEAD are answered\n");
	/* A page of somebody else's, whose name was made to lead here, is told nothing. */
	if (!ct_listen_is_own(&s->http->listen, header_of(c, MHD_HTTP_HEADER_HOST)))
		return refuse(s, c, 421);
	if (!probe && !may_ask(s, c))
		return refuse(s, c, MHD_HTTP_UNAUTHORIZED);
	switch (path) {
	case CT_SERVE_PATH_PAGE:
		return drawn(s, c, "text/html; charset=utf-8");
	case CT_SERVE_PATH_METRICS:
		return drawn(s, c, "");
	case CT_SERVE_PATH_EVENTS:
		return events(s, c);
	case CT_SERVE_PATH_HEALTHZ:
	case CT_SERVE_PATH_READYZ:
		return say_state(s, c);
	default:
		return sentence(c, MHD_HTTP_NOT_FOUND,
				"there are /, /metrics, /healthz and /readyz\n");
	}
}

/* First it is told of the request's head alone: what may follow is not read. */
static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c, const char *url,
				  const char *method, const char *version, const char *upload,
				  size_t *upload_size, void **request)
{
	static char seen;

	(void)version, (void)upload;
	if (!*request) {
		*request = &seen;
		return MHD_YES;
	}
	if (*upload_size) {
		*upload_size = 0;
		return MHD_YES;
	}
	return respond(ctx, c, url, method);
}

static void on_done(void *ctx, struct MHD_Connection *c, void **request,
		    enum MHD_RequestTerminationCode code)
{
	(void)request, (void)code;
	gets_until(ctx, c, NEXT_NS);
}

static void on_connection(void *ctx, struct MHD_Connection *c, void **socket_ctx,
			  enum MHD_ConnectionNotificationCode code)
{
	const union MHD_ConnectionInfo *info =
		ct_mhd.get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct ct_serve *s = ctx;
	struct connection *connection = *socket_ctx;

	pthread_mutex_lock(&s->lock);
	if (code == MHD_CONNECTION_NOTIFY_CLOSED && connection) {
		*connection = (struct connection){ 0 };
		*socket_ctx = NULL;
	}
	for (size_t i = 0;
	     code == MHD_CONNECTION_NOTIFY_STARTED && info && i < CT_SERVE_CONNECTIONS_MAX; i++) {
		connection = &s->http->connections[i];
		if (connection->used)
			continue;
		*connection = (struct connection){ .used = true,
						   .fd = info->connect_fd,
						   .until_ns = ct_mono_ns() + ASK_NS };
		*socket_ctx = connection;
		break;
	}
	pthread_mutex_unlock(&s->lock);
}

void ct_http_wake(struct ct_serve *s)
{
	for (struct stream *stream = s->http->streams; stream; stream = stream->next_stream) {
		if (!stream->waits)
			continue;
		stream->waits = false;
		ct_mhd.resume_connection(stream->connection);
	}
}

void ct_http_tick(struct ct_serve *s)
{
	uint64_t now = ct_mono_ns();

	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < CT_SERVE_CONNECTIONS_MAX; i++) {
		struct connection *c = &s->http->connections[i];

		if (!c->used || !c->until_ns || now < c->until_ns)
			continue;
		shutdown(c->fd, SHUT_RDWR); /* it is closed by whose it is */
		c->until_ns = 0;
		s->slow++;
	}
	for (struct stream *stream = s->http->streams; stream; stream = stream->next_stream)
		if (stream->waits && now >= stream->told_ns + STREAM_EVERY) {
			stream->waits = false;
			ct_mhd.resume_connection(stream->connection);
		}
	pthread_mutex_unlock(&s->lock);
}

int ct_http_open(struct ct_serve *s, struct ct_err *err)
{
	int ret;

	s->http = calloc(1, sizeof(*s->http));
	if (!s->http)
		return ct_fail(err, ENOMEM, "serve: out of memory");
	s->http->listen.fd = -1;
	ret = ct_mhd_open(err);
	return ret ? ret : ct_listen_open(&s->http->listen, &s->opts, s->url, sizeof(s->url), err);
}

int ct_http_begin(struct ct_serve *s, struct ct_err *err)
{
	struct ct_listen *l = &s->http->listen;
	unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME |
			 (l->certificate ? MHD_USE_TLS : 0);
	const struct MHD_OptionItem tls[] = {
		{ MHD_OPTION_HTTPS_MEM_CERT, 0, l->certificate },
		{ MHD_OPTION_HTTPS_MEM_KEY, 0, l->key },
		{ MHD_OPTION_END, 0, NULL },
	};
	const struct MHD_OptionItem none[] = { { MHD_OPTION_END, 0, NULL } };

	s->http->daemon = ct_mhd.start_daemon(
		flags, 0, NULL, NULL, on_request, s, MHD_OPTION_LISTEN_SOCKET, l->fd,
		MHD_OPTION_CONNECTION_LIMIT, (unsigned)CT_SERVE_CONNECTIONS_MAX,
		MHD_OPTION_PER_IP_CONNECTION_LIMIT, (unsigned)EACH_CLIENT,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
		(size_t)MEMORY_EACH, MHD_OPTION_NOTIFY_COMPLETED, on_done, s,
		MHD_OPTION_NOTIFY_CONNECTION, on_connection, s, MHD_OPTION_ARRAY,
		l->certificate ? tls : none, MHD_OPTION_END);
	if (!s->http->daemon)
		return ct_fail(err, EINVAL, "serve on '%s': %s", s->url,
			       l->certificate ? "the certificate or its key is not accepted"
					      : "libmicrohttpd does not start");
	l->fd = -1; /* it is the daemon's */
	return 0;
}

void ct_http_close(struct ct_serve *s)
{
	if (!s->http)
		return;
	if (s->http->daemon) {
		/* MHD_stop_daemon() aborts if a connection is suspended: none is, from here on. */
		pthread_mutex_lock(&s->lock);
		s->http->ending = true;
		ct_http_wake(s);
		pthread_mutex_unlock(&s->lock);
		ct_mhd.stop_daemon(s->http->daemon);
	}
	ct_listen_close(&s->http->listen);
	free(s->http);
	s->http = NULL;
}
