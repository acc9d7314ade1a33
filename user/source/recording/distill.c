// SPDX-License-Identifier: GPL-2.0-only
/* Which event is made less by whom, and what is known of what passed by before. */
#include "source/recording/distill.h"

#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "core/hear/kubelet.h"
#include "core/hear/wire.h"
#include "source/recording/distill_state.h"
#include "util/mem.h"

struct ct_distill *ct_distill_new(void)
{
	struct ct_distill *d = calloc(1, sizeof(*d));

	if (d && getrandom(d->key, sizeof(d->key), 0) == (ssize_t)sizeof(d->key))
		return d;
	free(d);
	return NULL;
}

static void forget_headers(struct ct_distill *d, uint64_t socket)
{
	for (size_t i = 0; i < CT_DISTILL_CONN_SETS * CT_DISTILL_WAYS; i++) {
		struct ct_distill_conn *conn = &d->conns[0][0] + i;

		if (conn->hpack && (!socket || conn->socket == socket))
			ct_hpack_forget(conn->hpack);
	}
}

void ct_distill_free(struct ct_distill *d)
{
	if (!d)
		return;
	for (size_t i = 0; i < CT_DISTILL_CONN_SETS * CT_DISTILL_WAYS; i++)
		ct_hpack_free((&d->conns[0][0] + i)->hpack);
	free(d);
}

#define ROTATE(x, b) ((x) << (b) | (x) >> (64 - (b)))

static void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = ROTATE(v[1], 13) ^ v[0];
	v[3] = ROTATE(v[3], 16) ^ v[2];
	v[0] = ROTATE(v[0], 32) + v[3];
	v[2] += v[1];
	v[1] = ROTATE(v[1], 17) ^ v[2];
	v[3] = ROTATE(v[3], 21) ^ v[0];
	v[2] = ROTATE(v[2], 32);
}

uint64_t ct_distill_hash(const struct ct_distill *d, const void *bytes, size_t len)
{
	uint64_t v[4] = { d->key[0] ^ 0x736f6d6570736575ull, d->key[1] ^ 0x646f72616e646f6dull,
			  d->key[0] ^ 0x6c7967656e657261ull, d->key[1] ^ 0x7465646279746573ull };
	const unsigned char *p = bytes;
	uint64_t last = (uint64_t)len << 56;

	for (size_t left = len;; left -= 8, p += 8) {
		uint64_t word = left < 8 ? last : 0;
		size_t n = left < 8 ? left : 8;

		for (size_t i = 0; i < n; i++)
			word |= (uint64_t)p[i] << (8 * i);
		v[3] ^= word;
		sip_round(v);
		sip_round(v);
		v[0] ^= word;
		if (left < 8)
			break;
	}
	v[2] ^= 0xff;
	for (int i = 0; i < 4; i++)
		sip_round(v);
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#define NAME_MAX_LEN 127

/* As engines allow them. */
bool ct_distill_is_name(struct ct_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i], low = (char)(c | 0x20);

		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && c != '_' &&
		    c != '-' && c != '.' && c != '+')
			return false;
	}
	return t.len && t.len <= NAME_MAX_LEN && *t.p != '-';
}

void ct_distill_learn(struct ct_distill *d, struct ct_text name)
{
	uint64_t hash, *set;
	size_t at = 0;

	if (!ct_distill_is_name(name))
		return;
	hash = ct_distill_hash(d, name.p, name.len);
	set = d->known[hash % CT_DISTILL_SETS];
	while (at < CT_DISTILL_KNOWN_WAYS - 1 && set[at] != hash)
		at++;
	memmove(set + 1, set, at * sizeof(*set));
	set[0] = hash;
}

bool ct_distill_knows(const struct ct_distill *d, struct ct_text name)
{
	const uint64_t *set;
	uint64_t hash;

	if (!ct_distill_is_name(name))
		return false;
	hash = ct_distill_hash(d, name.p, name.len);
	set = d->known[hash % CT_DISTILL_SETS];
	for (size_t i = 0; i < CT_DISTILL_KNOWN_WAYS; i++) {
		if (set[i] == hash)
			return true;
	}
	return false;
}

static struct ct_distill_call *calls_of(struct ct_distill *d, uint64_t socket, uint32_t stream)
{
	const uint64_t key[] = { socket, stream };

	return d->calls[ct_distill_hash(d, key, sizeof(key)) % CT_DISTILL_SETS];
}

struct ct_distill_call *ct_distill_call(struct ct_distill *d, uint64_t socket, uint32_t stream)
{
	struct ct_distill_call *set = calls_of(d, socket, stream);

	for (size_t i = 0; socket && i < CT_DISTILL_WAYS; i++) {
		if (set[i].socket == socket && set[i].stream == stream)
			return &set[i];
	}
	return NULL;
}

struct ct_distill_call *ct_distill_call_made(struct ct_distill *d, uint64_t socket, uint32_t stream)
{
	struct ct_distill_call *set = calls_of(d, socket, stream);
	size_t at = 0;

	while (at < CT_DISTILL_WAYS - 1 && (set[at].socket != socket || set[at].stream != stream))
		at++;
	memmove(set + 1, set, at * sizeof(*set));
	set[0] = (struct ct_distill_call){ .socket = socket, .stream = stream };
	return &set[0];
}

struct ct_hpack *ct_distill_hpack(struct ct_distill *d, uint64_t socket)
{
	struct ct_distill_conn *set, found = { 0 };
	size_t at = 0;

	set = d->conns[ct_distill_hash(d, &socket, sizeof(socket)) % CT_DISTILL_CONN_SETS];
	while (at < CT_DISTILL_WAYS - 1 && set[at].socket != socket)
		at++;
	found = set[at];
	memmove(set + 1, set, at * sizeof(*set));
	if (!found.hpack)
		found.hpack = ct_hpack_new();
	else if (found.socket != socket)
		ct_hpack_forget(found.hpack);
	found.socket = socket;
	set[0] = found;
	return found.hpack;
}

void ct_distill_begin(struct ct_distill *d, size_t room)
{
	d->text.len = 0;
	d->text.room = room < sizeof(d->text.bytes) ? room : sizeof(d->text.bytes);
}

void ct_distill_put(struct ct_distill *d, struct ct_text text)
{
	size_t room = d->text.room - d->text.len, n = text.len < room ? text.len : room;

	if (n)
		memcpy(d->text.bytes + d->text.len, text.p, n);
	d->text.len += n;
}

void ct_distill_word(struct ct_distill *d, const char *word)
{
	ct_distill_put(d, ct_text(word, strlen(word)));
}

void ct_distill_end(struct ct_distill *d, struct ct_event *e)
{
	if (d->text.len)
		memcpy(e->tail, d->text.bytes, d->text.len);
	e->tail_len = (__u16)d->text.len;
}

/* By what it is, as the core tells (talk.c). */
static void distill_send(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text bytes = ct_text(e->tail, e->tail_len);
	struct ct_http http = { 0 }; /* of what was cut in its line nothing is known */

	if (ct_text_starts(bytes, "{"))
		ct_distill_body(d, e);
	else if (ct_http_parse(bytes, &http) || ct_text_starts(bytes, "HTTP/1.") ||
		 ct_text_starts(bytes, "POST ") || ct_text_starts(bytes, "DELETE "))
		ct_distill_http(d, e, http.reads);
	else if (!(e->flags & CT_F_SERVER && ct_distill_progress(d, e)) && !ct_distill_ttrpc(d, e))
		ct_distill_frames(d, e);
}

static void put_pair(struct ct_distill *d, struct ct_text key, struct ct_text value)
{
	ct_distill_put(d, key);
	ct_distill_put(d, ct_text("", 1));
	ct_distill_put(d, value);
	ct_distill_put(d, ct_text("", 1));
}

/* Two containers that do the same have the same number, in one recording. */
static void put_args(struct ct_distill *d, struct ct_text key, struct ct_text args)
{
	static const char digits[] = "0123456789abcdef";
	uint64_t hash = ct_distill_hash(d, args.p, args.len);
	char number[16];

	for (size_t i = 0; i < sizeof(number); i++, hash <<= 4)
		number[i] = digits[hash >> 60];
	put_pair(d, key, ct_text(number, sizeof(number)));
}

/* Columns: key, whether other events refer to a container by its value. */
static const struct {
	const char *key;
	bool names;
} identity_keys[] = {
	{ "id", true },         { "name", true },
	{ "namespace", false }, { "engine", false },
	{ "image", false },     { "runtime", false },
	{ "layer", false },     { "sandbox", false },
	{ "pid", false },       { "running", false },
	{ "exitcode", false },  { "autoremove", false },
	{ "restart", false },   { "network", false },
	{ "pod", false },       { "pod_namespace", false },
	{ "pod_uid", false },   { "pod_container", false },
	{ "project", false },   { "service", false },
};

static void put_identity(struct ct_distill *d, struct ct_text key, struct ct_text value)
{
	if (ct_text_is(key, "args"))
		put_args(d, key, value);
	for (size_t i = 0; i < CT_ARRAY_SIZE(identity_keys); i++) {
		if (!ct_text_is(key, identity_keys[i].key))
			continue;
		put_pair(d, key, value);
		if (identity_keys[i].names)
			ct_distill_learn(d, value);
	}
}

static void distill_identity(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);

	ct_distill_begin(d, CT_TAIL_MAX);
	while (rest.len) {
		struct ct_text key = ct_text_cut(&rest, '\0');

		put_identity(d, key, ct_text_cut(&rest, '\0'));
	}
	ct_distill_end(d, e);
}

/* What the core reads of CNI_ARGS. */
static void put_cni_args(struct ct_distill *d, struct ct_text args)
{
	static const char *const keys[] = { "K8S_POD_NAME", "K8S_POD_NAMESPACE", "K8S_POD_UID" };
	const char *before = "CNI_ARGS=";

	while (args.len) {
		struct ct_text value = ct_text_cut(&args, ';'), whole = value;
		struct ct_text name = ct_text_cut(&value, '=');

		for (size_t i = 0; i < CT_ARRAY_SIZE(keys); i++) {
			if (!ct_text_is(name, keys[i]))
				continue;
			ct_distill_word(d, before);
			ct_distill_put(d, whole);
			before = ";";
		}
	}
	if (*before == ';')
		ct_distill_put(d, ct_text("", 1));
}

static void distill_plugin(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);

	ct_distill_begin(d, e->tail_len);
	while (rest.len) {
		struct ct_text value = ct_text_cut(&rest, '\0'), whole = value;
		struct ct_text name = ct_text_cut(&value, '=');

		if (ct_text_is(name, "CNI_ARGS"))
			put_cni_args(d, value);
		if (ct_text_is(name, "CNI_CONTAINERID"))
			ct_distill_learn(d, value);
		if (!ct_text_is(name, "CNI_CONTAINERID") && !ct_text_is(name, "CNI_COMMAND"))
			continue;
		ct_distill_put(d, whole);
		ct_distill_put(d, ct_text("", 1));
	}
	ct_distill_end(d, e);
}

/* id NUL argv: the program's own name, none of its arguments. */
static void distill_app(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), id = ct_text_cut(&rest, '\0');

	if (e->sub == CT_APP_WATCHED) /* coldtrace's own words */
		return;
	rest = ct_text_cut(&rest, '\0');
	ct_distill_begin(d, e->tail_len);
	ct_distill_put(d, id);
	ct_distill_put(d, ct_text("", 1));
	ct_distill_put(d, ct_text_cut(&rest, ' '));
	ct_distill_end(d, e);
}

/* A request to the kernel's network: when and where is all that is asked of it. */
static void distill_netlink(struct ct_distill *d, struct ct_event *e)
{
	(void)d;
	e->tail_len = 0;
}

/* Where it is mounted: what else "mount" was called with may be a password. */
static void distill_pod(struct ct_distill *d, struct ct_event *e)
{
	struct ct_preparing does;
	bool known = ct_preparing_parse(e, &does);

	if (known && e->sub == CT_POD_CGROUP)
		return;
	ct_distill_begin(d, e->tail_len);
	if (known)
		ct_distill_put(d, does.path);
	ct_distill_end(d, e);
}

/* A path, or what is mounted with no device: its type. */
static bool is_local(struct ct_text source)
{
	if (ct_text_starts(source, "/"))
		return !ct_text_starts(source, "//");
	return !source.len || ct_distill_is_name(source);
}

/* mount(2): of what comes from elsewhere, who asks may be in the name ("//me:password@host/x"). */
static void distill_call(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len), source = ct_text_cut(&rest, '\0');

	if (e->sub != CT_CALL_MOUNT || is_local(source))
		return;
	ct_distill_begin(d, e->tail_len);
	ct_distill_word(d, CT_LEFT_OUT);
	ct_distill_put(d, ct_text("", 1));
	ct_distill_put(d, rest);
	ct_distill_end(d, e);
}

static void (*const by_kind[CT_KIND_MAX])(struct ct_distill *d, struct ct_event *e) = {
	[CT_KIND_SEND] = distill_send,       [CT_KIND_EXEC] = ct_distill_args,
	[CT_KIND_PROCESS] = ct_distill_args, [CT_KIND_IDENTITY] = distill_identity,
	[CT_KIND_PLUGIN] = distill_plugin,   [CT_KIND_APP] = distill_app,
	[CT_KIND_NETLINK] = distill_netlink, [CT_KIND_POD] = distill_pod,
	[CT_KIND_CALL] = distill_call,       [CT_KIND_ASKER] = ct_distill_asker,
};

/* The length of a record, and zeros where nothing is said: what was there is not carried on. */
static void seal(struct ct_event *e)
{
	size_t used = sizeof(*e) + e->tail_len;
	size_t len = (used + CT_EVENT_ALIGN - 1) & ~(size_t)(CT_EVENT_ALIGN - 1);

	memset((char *)e + used, 0, len - used);
	e->len = (__u16)len;
}

const struct ct_event *ct_distill(struct ct_distill *d, const struct ct_event *e)
{
	struct ct_event *out = &d->out.e;

	if (e->kind == CT_KIND_LOST && (e->sub == CT_LOSS_RING || e->sub == CT_LOSS_DISK))
		forget_headers(d, 0);
	else if (e->kind == CT_KIND_HOLE)
		forget_headers(d, e->obj);
	if (e->kind >= CT_KIND_MAX || !by_kind[e->kind])
		return e;
	memcpy(out, e, e->len);
	by_kind[e->kind](d, out);
	seal(out);
	return out->len == e->len && !memcmp(out, e, e->len) ? e : out;
}
