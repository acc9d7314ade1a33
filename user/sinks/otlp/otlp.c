// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/otlp/otlp.h"

#include <stdlib.h>
#include <string.h>

#define FNV_BASIS 0xcbf29ce484222325ULL
#define FNV_PRIME 0x100000001b3ULL

static uint64_t hash(uint64_t h, const void *bytes, size_t len)
{
	const unsigned char *b = bytes;

	for (size_t i = 0; i < len; i++)
		h = (h ^ b[i]) * FNV_PRIME;
	return h;
}

/* Spreads what differs in a few bits over all of them (splitmix64). Never 0: no id may be. */
static uint64_t spread(uint64_t h)
{
	h += 0x9e3779b97f4a7c15ULL;
	h = (h ^ h >> 30) * 0xbf58476d1ce4e5b9ULL;
	h = (h ^ h >> 27) * 0x94d049bb133111ebULL;
	h ^= h >> 31;
	return h ? h : 1;
}

const char *ct_otlp_span_id(char *buf, const struct ct_otlp_ids *ids, size_t n)
{
	snprintf(buf, sizeof(ids->span), "%016llx",
		 (unsigned long long)spread(ids->seed + (uint64_t)n * FNV_PRIME));
	return buf;
}

struct ct_otlp_ids ct_otlp_ids_of(const struct ct_session *session, const struct ct_record *rec)
{
	char when[48];
	int len = snprintf(when, sizeof(when), "/%u/%lld", (unsigned)rec->type,
			   (long long)ct_wall_ns(session, rec->begin_ns));
	const char *id = *rec->who->id ? rec->who->id : rec->who->name; /* of an image its name */
	uint64_t h = hash(FNV_BASIS, id, strlen(id));
	struct ct_otlp_ids ids;

	h = hash(h, when, (size_t)len);
	ids.seed = spread(h + 2);
	snprintf(ids.trace, sizeof(ids.trace), "%016llx%016llx", (unsigned long long)spread(h),
		 (unsigned long long)spread(h + 1));
	ct_otlp_span_id(ids.span, &ids, 0);
	return ids;
}

void ct_otlp_u64(struct ct_json *w, const char *key, uint64_t n)
{
	char buf[24];

	snprintf(buf, sizeof(buf), "%llu", (unsigned long long)n);
	ct_json_string(w, key, buf);
}

void ct_otlp_instant(struct ct_json *w, const char *key, const struct ct_session *session,
		     uint64_t mono_ns)
{
	int64_t ns = ct_wall_ns(session, mono_ns);

	ct_otlp_u64(w, key, ns > 0 ? (uint64_t)ns : 0);
}

static void open_value(struct ct_json *w, const char *key)
{
	ct_json_enter(w, NULL, '{');
	ct_json_string(w, "key", key);
	ct_json_enter(w, "value", '{');
}

static void close_value(struct ct_json *w)
{
	ct_json_leave(w, '}');
	ct_json_leave(w, '}');
}

void ct_otlp_string(struct ct_json *w, const char *key, const char *value)
{
	if (!*value)
		return;
	open_value(w, key);
	ct_json_string(w, "stringValue", value);
	close_value(w);
}

void ct_otlp_int(struct ct_json *w, const char *key, uint64_t value)
{
	open_value(w, key);
	ct_otlp_u64(w, "intValue", value);
	close_value(w);
}

void ct_otlp_bool(struct ct_json *w, const char *key, bool value)
{
	open_value(w, key);
	ct_json_bool(w, "boolValue", value);
	close_value(w);
}

void ct_otlp_open(struct ct_json *w, const struct ct_otlp_shape *shape)
{
	ct_json_enter(w, NULL, '{');
	ct_json_enter(w, shape->outer, '[');
}

/* %XX of what an environment says; other bytes are as they are. */
static void unescape(char *to, size_t room, const char *from, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len && n + 1 < room; i++) {
		char hex[3] = { 0 }, *end = hex;

		if (from[i] == '%' && i + 2 < len) {
			memcpy(hex, from + i + 1, 2);
			to[n] = (char)strtoul(hex, &end, 16);
		}
		if (end == hex + 2)
			i += 2;
		else
			to[n] = from[i];
		n += to[n] != '\0';
	}
	to[n] = '\0';
}

/* NAME=VALUE,...: those that are not said otherwise. */
static void put_asked(struct ct_json *w, const char *attributes)
{
	for (const char *at = attributes; at && *at;) {
		size_t len = strcspn(at, ","), name = strcspn(at, "=");
		char key[128], value[512];

		if (name < len && name && name < sizeof(key)) {
			snprintf(key, sizeof(key), "%.*s", (int)name, at);
			unescape(value, sizeof(value), at + name + 1, len - name - 1);
			ct_otlp_string(w, key, value);
		}
		at += len + (at[len] == ',');
	}
}

/* Whether it says that attribute itself. */
static bool is_asked(const char *attributes, const char *key)
{
	for (const char *at = attributes; at && *at;) {
		size_t len = strcspn(at, ",");

		if (strlen(key) < len && !strncmp(at, key, strlen(key)) && at[strlen(key)] == '=')
			return true;
		at += len + (at[len] == ',');
	}
	return false;
}

static void put_resource(struct ct_json *w, const struct ct_session *session, const char *node)
{
	static const struct ct_session_host nothing;
	const struct ct_session_host *host = session->host ? session->host : &nothing;
	const struct {
		const char *key, *value;
	} attributes[] = {
		{ "service.name", host->service ? host->service : "coldtrace" },
		{ "service.version", session->version },
		{ "service.instance.id", host->instance },
		{ "host.name", node },
		{ "host.id", host->id },
		{ "host.arch", host->arch },
		{ "k8s.node.name", host->k8s_node },
		{ "os.type", "linux" },
		{ "os.version", session->kernel },
	};

	for (size_t i = 0; i < sizeof(attributes) / sizeof(attributes[0]); i++)
		if (attributes[i].value && !is_asked(host->attributes, attributes[i].key))
			ct_otlp_string(w, attributes[i].key, attributes[i].value);
	put_asked(w, host->attributes);
}

void ct_otlp_open_resource(struct ct_json *w, const struct ct_otlp_shape *shape,
			   const struct ct_session *session, const char *node)
{
	ct_json_enter(w, NULL, '{');
	ct_json_enter(w, "resource", '{');
	ct_json_enter(w, "attributes", '[');
	put_resource(w, session, node);
	ct_json_leave(w, ']');
	ct_json_leave(w, '}');
	ct_json_enter(w, shape->inner, '[');
	ct_json_enter(w, NULL, '{');
	ct_json_enter(w, "scope", '{');
	ct_json_string(w, "name", "coldtrace");
	ct_json_string(w, "version", session->version);
	ct_json_leave(w, '}');
	ct_json_enter(w, shape->items, '[');
}

static void leave_all(struct ct_json *w, const char *brackets)
{
	for (const char *c = brackets; *c; c++)
		ct_json_leave(w, *c);
}

void ct_otlp_close_resource(struct ct_json *w)
{
	leave_all(w, "]}]}");
}

void ct_otlp_close(struct ct_json *w)
{
	leave_all(w, "]}");
	putc('\n', w->f);
}
