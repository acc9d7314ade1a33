// SPDX-License-Identifier: GPL-2.0-only
#include "core/hear/wire.h"

#include <ctype.h>

#include "core/record.h"
#include "util/mem.h"

static bool parse_answer(struct ct_text bytes, struct ct_http *ret)
{
	/* "HTTP/1.1 204 " */
	if (bytes.len < 12 || !isdigit((unsigned char)bytes.p[9]) ||
	    !isdigit((unsigned char)bytes.p[10]) || !isdigit((unsigned char)bytes.p[11]))
		return false;
	ret->answer = true;
	ret->status = (bytes.p[9] - '0') * 100 + (bytes.p[10] - '0') * 10 + (bytes.p[11] - '0');
	return true;
}

static bool is_one_of(struct ct_text word, const char *const *words)
{
	while (*words && !ct_text_is(word, *words))
		words++;
	return *words;
}

/* What a request asks of a container; of any other it is enough to know that it was made. */
static void parse_asked(struct ct_text path, bool deletes, struct ct_http *ret)
{
	/* Layers, images, contexts of builds, and what is HTTP/2 from here on. */
	static const char *const streams[] = {
		"build", "images", "plugins", "session", "grpc", NULL
	};
	/* The last two are what BuildKit's clients talk through. */
	static const char *const builds[] = { "build", "session", "grpc", NULL };
	static const char *const made[] = { "networks", "volumes", NULL };
	struct ct_text part;

	ct_text_cut(&path, '/');
	part = ct_text_cut(&path, '/');
	if (part.len >= 2 && part.p[0] == 'v' && isdigit((unsigned char)part.p[1]))
		part = ct_text_cut(&path, '/');
	ret->streams = !deletes && is_one_of(part, streams);
	ret->makes = !deletes && is_one_of(part, made) && ct_text_is(path, "create");
	ret->builds = !deletes && !path.len && is_one_of(part, builds);
	if (ret->builds)
		ret->verb = part;
	if (ret->streams && ct_text_is(part, "images") && ct_text_is(path, "create") &&
	    ct_http_query(ret->query, "fromImage").len) {
		ret->pulls = true;
		ret->streams = false;
		ret->verb = ct_text("pull", 4);
	}
	if (!ct_text_is(part, "containers"))
		return;
	ret->ref = ct_text_cut(&path, '/');
	if (deletes)
		ret->verb = ct_text("delete", 6);
	else if (path.len)
		ret->verb = ct_text_cut(&path, '/');
	else if (ct_text_is(ret->ref, "create"))
		ret->verb = ret->ref;
}

static bool parse_request(struct ct_text bytes, struct ct_http *ret)
{
	static const char *const reads[] = { "GET", "HEAD", "PUT", "OPTIONS", "PATCH", NULL };
	struct ct_text line, method, target, path;
	bool deletes;

	if (!bytes.len || *bytes.p < 'A' || *bytes.p > 'Z')
		return false;
	line = ct_text_cut(&bytes, '\r');
	method = ct_text_cut(&line, ' ');
	if (!ct_text_starts(line, "/"))
		return false;
	if (is_one_of(method, reads)) {
		ret->reads = true;
		ret->streams = ct_text_is(method, "PUT");
		return true;
	}
	deletes = ct_text_is(method, "DELETE");
	if (!deletes && !ct_text_is(method, "POST"))
		return false;
	target = ct_text_cut(&line, ' ');
	path = ct_text_cut(&target, '?');
	ret->query = target;
	parse_asked(path, deletes, ret);
	return true;
}

/* memmem() takes longer to begin than a header to be read. */
struct ct_text ct_http_body(struct ct_text rest)
{
	while (rest.len) {
		ct_text_cut(&rest, '\r');
		if (ct_text_starts(rest, "\n\r\n"))
			return ct_text(rest.p + 3, rest.len - 3);
	}
	return rest;
}

static __attribute__((noinline)) bool parse(struct ct_text bytes, struct ct_http *ret)
{
	struct ct_http http = { .verb = { "", 0 } };
	bool ok;

	ok = ct_text_starts(bytes, "HTTP/1.") ? parse_answer(bytes, &http)
					      : parse_request(bytes, &http);
	if (!ok)
		return false;
	/* In the others there is nothing of interest. */
	if (http.answer ? http.status == 201 || http.status >= 400
			: ct_text_is(http.verb, "create"))
		http.body = ct_http_body(bytes);
	*ret = http;
	return true;
}

/* Methods and answers begin with capitals: nearly all that is asked about is neither. */
bool ct_http_parse(struct ct_text bytes, struct ct_http *ret)
{
	return bytes.len && *bytes.p >= 'A' && *bytes.p <= 'Z' && parse(bytes, ret);
}

struct ct_text ct_http_query(struct ct_text query, const char *key)
{
	while (query.len) {
		struct ct_text value = ct_text_cut(&query, '&');
		struct ct_text name = ct_text_cut(&value, '=');

		if (ct_text_is(name, key))
			return value;
	}
	return (struct ct_text){ "", 0 };
}

/* What is said by that name; empty: nothing. Without what ends the line. */
static struct ct_text header_of(struct ct_text bytes, const char *name)
{
	while (bytes.len) {
		struct ct_text line = ct_text_cut(&bytes, '\n');

		if (line.len <= 1) /* the body is behind it */
			break;
		if (ct_text_starts(line, name))
			return ct_text(line.p + strlen(name), line.len - strlen(name));
	}
	return ct_text("", 0);
}

/* As far as those are such characters; empty: it is longer than that. */
static struct ct_text word_of(struct ct_text value, const char *chars, size_t most)
{
	size_t n = 0;

	while (n < value.len && value.p[n] && strchr(chars, value.p[n]))
		n++;
	return ct_text(value.p, n < most ? n : 0);
}

#define VERSION_MAX 32 /* what is longer is none */

/* "Server: Docker/28.5.2+dfsg1 (linux)": api/server/middleware/version.go of moby. */
struct ct_text ct_http_version(struct ct_text bytes)
{
	return word_of(header_of(bytes, "Server: Docker/"),
		       "0123456789.+~-abcdefghijklmnopqrstuvwxyz", VERSION_MAX);
}

/*
 * What clients of Docker's API call themselves (docker 20.10 and 28: cli/command/cli.go; docker-compose 1.29 and 2:
 * "docker-compose/1.29.2 docker-py/5.0.0", "compose/v2.40"). Columns: product, what people call it.
 */
static const struct {
	const char *product, *name;
} agents[] = {
	{ "Docker-Client", "docker" },
	{ "compose", "docker compose" },
};

/* "User-Agent: Docker-Client/28.2.2 (linux)" */
struct ct_text ct_http_agent(struct ct_text bytes)
{
	struct ct_text product = word_of(header_of(bytes, "User-Agent: "),
					 "0123456789.+_-abcdefghijklmnopqrstuvwxyz"
					 "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
					 CT_CLIENT_LEN);

	for (size_t i = 0; i < CT_ARRAY_SIZE(agents); i++)
		if (ct_text_is(product, agents[i].product))
			return ct_text(agents[i].name, strlen(agents[i].name));
	return product;
}
