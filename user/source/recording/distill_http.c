// SPDX-License-Identifier: GPL-2.0-only
/*
 * HTTP/1 of Docker's API. Of a request stay its line, and the client's name; of the body of a create
 * what the container is to be; of an answer its status, the id of what was made, why it failed.
 */
#include <stdio.h>
#include <string.h>

#include "core/hear/wire.h"
#include "core/hear/wire_pull.h"
#include "core/record.h"
#include "source/recording/distill_state.h"
#include "util/mem.h"

#define HTTP_CONTINUE 100
#define LAYER_LEN     12 /* of its digest, as a pull tells them */
#define VALUE_ROOM    512 /* more than any field of a record has */

/* As a string of JSON, never longer than it was. */
static void put_string(struct ct_distill *d, const char *text)
{
	static const char escapes[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	static const char digits[] = "0123456789abcdef";

	ct_distill_word(d, "\"");
	for (; *text; text++) {
		const char *e = strchr(escapes, *text);
		char bytes[6] = { '\\', 'u', '0', '0', digits[*text >> 4 & 1], digits[*text & 15] };
		size_t n = sizeof(bytes);

		if (e && (e - escapes) % 2 == 0) {
			bytes[1] = e[1];
			n = 2;
		} else if ((unsigned char)*text >= ' ') {
			bytes[0] = *text;
			n = 1;
		}
		ct_distill_put(d, ct_text(bytes, n));
	}
	ct_distill_word(d, "\"");
}

static void put_member(struct ct_distill *d, const char *before, const char *key, const char *value)
{
	ct_distill_word(d, before);
	ct_distill_word(d, "\"");
	ct_distill_word(d, key);
	ct_distill_word(d, "\":");
	if (value)
		put_string(d, value);
	else
		ct_distill_word(d, "true");
}

/* Where there was no room for the rest, the last word may end in front of an "@", with who asks. */
static void hide_last(char *said)
{
	char *space = strrchr(said, ' '), *last = space ? space + 1 : said;

	if (*last)
		memcpy(last, CT_LEFT_OUT, sizeof(CT_LEFT_OUT));
}

/* One star for what a sentence quotes. */
static void hide(char *said, size_t room)
{
	struct ct_text rest = ct_text(said, strlen(said)), secret;
	const char *from = said;
	char *to = said;

	if (rest.len + 1 >= room) {
		hide_last(said);
		rest.len = strlen(said);
	}
	while (ct_sentence_secret(&rest, &secret)) {
		size_t n = (size_t)(secret.p - from);

		memmove(to, from, n);
		to += n;
		*to++ = CT_DISTILL_FILLER;
		from = secret.p + secret.len;
	}
	memmove(to, from, strlen(from) + 1);
}

/* What is to be made: the fields of create_body() of talk_http.c. */
static void put_create(struct ct_distill *d, struct ct_text body)
{
	char image[VALUE_ROOM], runtime[VALUE_ROOM], project[VALUE_ROOM], service[VALUE_ROOM];
	struct ct_json_field fields[] = {
		{ NULL, "Image", image, sizeof(image), false, false },
		{ "HostConfig", "Runtime", runtime, sizeof(runtime), false, false },
		{ "HostConfig", "AutoRemove", NULL, 0, false, false },
		{ "Labels", CT_COMPOSE_PROJECT, project, sizeof(project), false, false },
		{ "Labels", CT_COMPOSE_SERVICE, service, sizeof(service), false, false },
	};
	const char *before = "{";

	if (!ct_json_fields(body, fields, CT_ARRAY_SIZE(fields)))
		return;
	if (*image) {
		bool is_image = ct_distill_is_image(ct_text(image, strlen(image)));

		put_member(d, before, "Image", is_image ? image : "*");
		before = ",";
	}
	if (*project) {
		ct_distill_word(d, before);
		ct_distill_word(d, "\"Labels\":");
		put_member(d, "{", CT_COMPOSE_PROJECT, project);
		if (*service)
			put_member(d, ",", CT_COMPOSE_SERVICE, service);
		ct_distill_word(d, "}");
		before = ",";
	}
	if (*runtime || fields[2].truth) {
		ct_distill_word(d, before);
		ct_distill_word(d, "\"HostConfig\":");
		before = "{";
		if (*runtime) {
			put_member(d, before, "Runtime", runtime);
			before = ",";
		}
		if (fields[2].truth)
			put_member(d, before, "AutoRemove", NULL);
		ct_distill_word(d, "}");
		before = ",";
	}
	ct_distill_word(d, *before == '{' ? "{}" : "}");
}

/* By itself it is that of what was asked last, if that was heard. */
void ct_distill_body(struct ct_distill *d, struct ct_event *e)
{
	const struct ct_distill_call *call = ct_distill_call(d, e->obj, 0);

	ct_distill_begin(d, e->tail_len);
	/* What an engine sends is no body of a create, but what a container has written to a terminal. */
	if (!(e->flags & CT_F_SERVER) && (!call || call->creates))
		put_create(d, ct_text(e->tail, e->tail_len));
	ct_distill_end(d, e);
}

/* Parameters of a request that somebody reads: whom it is about, which signal, which image. */
static const struct {
	const char *name;
	bool image;
} parameters[] = {
	{ "name", false }, { "signal", false }, { "fromImage", true },
	{ "tag", true },   { "t", true },
};

static int digit_of(char c)
{
	char low = (char)(c | 0x20);

	if (c >= '0' && c <= '9')
		return c - '0';
	return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

/* As it is in a query: any byte may be its number instead. */
static bool is_image(struct ct_text coded)
{
	char value[VALUE_ROOM];
	size_t len = 0;

	for (size_t i = 0; i < coded.len && len < sizeof(value); i++) {
		int high = -1, low = -1;

		if (coded.p[i] == '%' && i + 2 < coded.len) {
			high = digit_of(coded.p[i + 1]);
			low = digit_of(coded.p[i + 2]);
		}
		value[len++] = high < 0 || low < 0 ? coded.p[i] : (char)(high << 4 | low);
		i += high < 0 || low < 0 ? 0 : 2;
	}
	return ct_distill_is_image(ct_text(value, len));
}

/* ended: there is more behind it, so that its last value is whole. What is cut may be who asks, without his "@". */
static void put_query(struct ct_distill *d, struct ct_text query, bool ended)
{
	const char *before = "?";

	while (query.len) {
		struct ct_text value = ct_text_cut(&query, '&'), whole = value;
		struct ct_text name = ct_text_cut(&value, '=');

		for (size_t i = 0; i < CT_ARRAY_SIZE(parameters); i++) {
			if (!ct_text_is(name, parameters[i].name) ||
			    (parameters[i].image && !((ended || query.len) && is_image(value))))
				continue;
			ct_distill_word(d, before);
			ct_distill_put(d, whole);
			before = "&";
		}
	}
}

#define WORD_MAX 16

/* A word of the API, as far as it is one. */
static bool is_word(struct ct_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if (t.p[i] < 'a' || t.p[i] > 'z')
			return false;
	}
	return t.len && t.len <= WORD_MAX;
}

static bool is_version(struct ct_text t)
{
	if (t.len < 2 || t.len > 6 || *t.p != 'v')
		return false;
	for (size_t i = 1; i < t.len; i++) {
		if ((t.p[i] < '0' || t.p[i] > '9') && t.p[i] != '.')
			return false;
	}
	return true;
}

static void put_part(struct ct_distill *d, struct ct_text part)
{
	ct_distill_word(d, "/");
	ct_distill_put(d, part);
}

/* What is not about containers may have anything in its path but its first words. */
static void put_path(struct ct_distill *d, struct ct_text path, bool *ret_other)
{
	struct ct_text part;

	ct_text_cut(&path, '/');
	part = ct_text_cut(&path, '/');
	if (is_version(part)) {
		put_part(d, part);
		part = ct_text_cut(&path, '/');
	}
	*ret_other = !ct_text_is(part, "containers");
	put_part(d, is_word(part) ? part : ct_text("*", 1));
	if (!path.len)
		return;
	part = ct_text_cut(&path, '/');
	if (*ret_other && !ct_text_is(part, "create")) {
		ct_distill_word(d, "/*");
		return;
	}
	put_part(d, part);
	part = ct_text_cut(&path, '/');
	if (!*ret_other && is_word(part))
		put_part(d, part);
}

static void learn_name(struct ct_distill *d, struct ct_text query)
{
	ct_distill_learn(d, ct_http_query(query, "name"));
}

#define AGENT_MAX 128

/* Who asks, as it calls itself. */
static void put_agent(struct ct_distill *d, struct ct_text rest)
{
	static const char agent[] = "User-Agent: ";

	while (rest.len) {
		struct ct_text line = ct_text_cut(&rest, '\n');

		if (line.len <= 1) /* the body is behind it */
			return;
		if (!ct_text_starts(line, agent) || line.p[line.len - 1] != '\r')
			continue;
		ct_distill_put(d, ct_text(line.p, line.len < AGENT_MAX ? line.len - 1 : AGENT_MAX));
		ct_distill_word(d, "\r\n");
		return;
	}
}

static void request(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), line = ct_text_cut(&rest, '\r');
	struct ct_text method = ct_text_cut(&line, ' '), query = ct_text_cut(&line, ' ');
	struct ct_text path = ct_text_cut(&query, '?');
	struct ct_distill_call *call;
	struct ct_http http = { 0 };
	bool other = true;

	ct_distill_put(d, method);
	ct_distill_word(d, " ");
	put_path(d, path, &other);
	put_query(d, query, line.len);
	if (line.len)
		ct_distill_word(d, " HTTP/1.1");
	ct_distill_word(d, "\r\n");
	if (ct_text_starts(rest, "\n"))
		put_agent(d, ct_text(rest.p + 1, rest.len - 1));
	ct_distill_word(d, "\r\n");
	call = ct_distill_call_made(d, e->obj, 0);
	ct_http_parse(ct_text(e->tail, e->tail_len), &http);
	call->other = other;
	call->pull = http.pulls;
	call->creates = ct_text_is(http.verb, "create");
	if (other)
		return;
	learn_name(d, query);
	if (call->creates)
		put_create(d, ct_http_body(rest));
}

/* That of a container, whatever it was that was asked last: an answer may be heard late. */
static bool is_of_container(struct ct_text body, const char *id)
{
	static const char warnings[] = "\"Warnings\"";

	return strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64 &&
	       memmem(body.p, body.len, warnings, sizeof(warnings) - 1);
}

/* {"Id":"..."} of what was made, {"message":"..."} of what failed. */
static void put_answer(struct ct_distill *d, const struct ct_distill_call *call,
		       struct ct_text body, bool failed)
{
	char value[VALUE_ROOM];
	struct ct_json_field field = { NULL, failed ? "message" : "Id", value, sizeof(value), false,
				       false };

	bool container;

	if (!ct_json_fields(body, &field, 1) || !*value)
		return;
	container = !failed && is_of_container(body, value);
	/* What a container writes to a terminal may look like an answer. */
	if (call && call->answered && !container)
		return;
	if (call && call->other && !container && !(failed && call->pull))
		return;
	if (failed)
		hide(value, sizeof(value));
	else
		ct_distill_learn(d, ct_text(value, strlen(value)));
	put_member(d, "{", field.key, value);
	ct_distill_word(d, container ? ",\"Warnings\":[]}" : "}");
}

/* Which version the engine is. */
static void put_version(struct ct_distill *d, struct ct_text version)
{
	if (!version.len)
		return;
	ct_distill_word(d, "\r\nServer: Docker/");
	ct_distill_put(d, version);
}

static void answer(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), line = rest;
	struct ct_distill_call *call = ct_distill_call(d, e->arg, 0);
	struct ct_http http;

	line = ct_text_cut(&rest, '\r');
	if (!ct_http_parse(ct_text(e->tail, e->tail_len), &http))
		return;
	ct_distill_put(d, ct_text(line.p, line.len < 12 ? line.len : 12));
	put_version(d, ct_http_version(ct_text(e->tail, e->tail_len)));
	ct_distill_word(d, "\r\n\r\n");
	if (e->flags & CT_F_SERVER) /* else it is input of a container that looks like one */
		put_answer(d, call, http.body, http.status >= 400);
	if (call && http.status != HTTP_CONTINUE)
		call->answered = true;
}

static void read_request(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);

	ct_distill_put(d, ct_text_cut(&rest, ' '));
	ct_distill_word(d, " /");
	ct_distill_call_made(d, e->obj, 0)->other = true;
}

void ct_distill_http(struct ct_distill *d, struct ct_event *e, bool reads)
{
	ct_distill_begin(d, e->tail_len);
	if (ct_text_starts(ct_text(e->tail, e->tail_len), "HTTP/1."))
		answer(d, e);
	else if (reads)
		read_request(d, e);
	else
		request(d, e);
	ct_distill_end(d, e);
}

static void put_number(struct ct_distill *d, const char *before, const char *key, uint64_t n)
{
	char text[64];

	snprintf(text, sizeof(text), "%s\"%s\":%llu", before, key, (unsigned long long)n);
	ct_distill_word(d, text);
}

static bool is_pull(struct ct_distill *d, const struct ct_event *e)
{
	const struct ct_distill_call *call = ct_distill_call(d, e->arg, 0);

	return call && call->pull;
}

/* What is not known to be a pull may be the output of a container, and its id anything but that of a layer. */
static bool is_id(struct ct_distill *d, const struct ct_event *e, const char *id)
{
	size_t len = strlen(id);

	if (len == LAYER_LEN && strspn(id, "0123456789abcdef") == len)
		return true;
	return is_pull(d, e) && ct_distill_is_name(ct_text(id, len));
}

/* Of a build it would say the command that failed, with what that was given. */
static void put_why(struct ct_distill *d, const struct ct_event *e, struct ct_progress *said)
{
	bool pull = is_pull(d, e);

	if (pull)
		hide(said->text, sizeof(said->text));
	ct_distill_word(d, "{\"errorDetail\":");
	put_member(d, "{", "message", pull ? said->text : CT_LEFT_OUT);
	ct_distill_word(d, "}}");
}

/* A line of a pull: which layer, its state, its bytes; and whatever a known state is followed by. */
bool ct_distill_progress(struct ct_distill *d, struct ct_event *e)
{
	static const char *const statuses[] = {
#define X(symbol, status) [CT_PULL_##symbol] = status,
		CT_PULL_LINES(X)
#undef X
	};
	struct ct_progress said;
	char status[sizeof(said.text) + 64];

	if (!ct_progress_parse(ct_text(e->tail, e->tail_len), &said))
		return false;
	ct_distill_begin(d, e->tail_len);
	ct_distill_word(d, "1\r\n");
	if (said.line == CT_PULL_FAILED) {
		put_why(d, e, &said);
	} else {
		snprintf(status, sizeof(status), "%s%s", statuses[said.line],
			 said.line == CT_PULL_OTHER ? "*" : said.text);
		put_member(d, "{", "status", status);
		if (is_id(d, e, said.id))
			put_member(d, ",", "id", said.id);
		if (said.total) {
			put_number(d, ",\"progressDetail\":{", "current", said.current);
			put_number(d, ",", "total", said.total);
			ct_distill_word(d, "}");
		}
		ct_distill_word(d, "}");
	}
	ct_distill_end(d, e);
	return true;
}
