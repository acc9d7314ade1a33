// SPDX-License-Identifier: GPL-2.0-only
#include "wire.h"

#include <ctype.h>

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

static bool parse_request(struct ct_text bytes, struct ct_http *ret)
{
	struct ct_text line = ct_text_cut(&bytes, '\r');
	struct ct_text method = ct_text_cut(&line, ' ');
	struct ct_text target = ct_text_cut(&line, ' ');
	struct ct_text path, part;

	if (!ct_text_is(method, "POST") && !ct_text_is(method, "DELETE"))
		return false;
	path = ct_text_cut(&target, '?');
	ret->query = target;
	if (!ct_text_starts(path, "/"))
		return false;
	ct_text_cut(&path, '/');
	part = ct_text_cut(&path, '/');
	if (part.len >= 2 && part.p[0] == 'v' && isdigit((unsigned char)part.p[1]))
		part = ct_text_cut(&path, '/');
	if (!ct_text_is(part, "containers"))
		return false;
	ret->ref = ct_text_cut(&path, '/');
	if (ct_text_is(method, "DELETE"))
		ret->verb = ct_text("delete", 6);
	else if (path.len)
		ret->verb = ct_text_cut(&path, '/');
	else if (ct_text_is(ret->ref, "create"))
		ret->verb = ret->ref;
	return ret->verb.len > 0;
}

bool ct_http_parse(struct ct_text bytes, struct ct_http *ret)
{
	struct ct_http http = { 0 };
	const char *end;
	bool ok;

	ok = ct_text_starts(bytes, "HTTP/1.") ? parse_answer(bytes, &http)
					      : parse_request(bytes, &http);
	if (!ok)
		return false;
	end = bytes.len ? memmem(bytes.p, bytes.len, "\r\n\r\n", 4) : NULL;
	if (end)
		http.body = ct_text(end + 4, bytes.len - (size_t)(end + 4 - bytes.p));
	*ret = http;
	return true;
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
