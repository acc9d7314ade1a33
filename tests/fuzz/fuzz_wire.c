// SPDX-License-Identifier: GPL-2.0-only
/* Every decoder of what actors say: what it returns lies within what it was given. */
#include <stdlib.h>
#include <string.h>

#include "core/hear/wire.h"
#include "core/hear/wire_hpack.h"

static struct ct_text whole;

static void within(struct ct_text t)
{
	if (!t.len)
		return;
	if (t.p < whole.p || t.p > whole.p + whole.len ||
	    t.len > (size_t)(whole.p + whole.len - t.p))
		abort();
}

static void http(void)
{
	struct ct_http http;

	if (!ct_http_parse(whole, &http))
		return;
	if (http.answer ? http.status < 0 || http.status > 999 : http.reads && http.verb.len)
		abort();
	if (!ct_text_is(http.verb, "delete")) /* DELETE has no verb in its path */
		within(http.verb);
	within(http.ref);
	within(http.query);
	within(http.body);
	if (http.query.len)
		within(ct_http_query(http.query, "name"));
}

static void ttrpc(void)
{
	struct ct_ttrpc rpc;
	uint64_t value;

	if (!ct_ttrpc_parse(whole, &rpc))
		return;
	within(rpc.service);
	within(rpc.method);
	within(rpc.id);
	within(rpc.exec_id);
	within(rpc.message);
	within(rpc.payload);
	ct_proto_varint(rpc.payload, 1, &value);
}

/* Blocks of one sender, as long as they come: each may be broken, and none ends in what it is not. */
static void hpack(void)
{
	struct ct_hpack *h = ct_hpack_new();
	struct ct_headers headers;

	for (size_t at = 0; h && at < whole.len; at += whole.len / 3 + 1) {
		ct_hpack_read(h, ct_text(whole.p + at, whole.len - at), &headers);
		if (!memchr(headers.path, 0, sizeof(headers.path)) ||
		    !memchr(headers.ns, 0, sizeof(headers.ns)) ||
		    !memchr(headers.message, 0, sizeof(headers.message)))
			abort();
	}
	ct_hpack_free(h);
}

static void grpc(void)
{
	struct ct_text rest = whole, ids[2];
	struct ct_h2_frame frame;

	while (ct_h2_next(&rest, &frame)) {
		size_t n = ct_grpc_ids(frame.payload, ids);

		within(frame.payload);
		within(rest);
		if (n > 2)
			abort();
		for (size_t i = 0; i < n; i++)
			within(ids[i]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *bytes = malloc(size ? size : 1);

	if (!bytes)
		abort();
	if (size)
		memcpy(bytes, data, size);
	whole = ct_text(bytes, size);
	http();
	ttrpc();
	grpc();
	hpack();
	free(bytes);
	return 0;
}
