// SPDX-License-Identifier: GPL-2.0-only
#include "serve/push_env.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "util/mem.h"
#include "util/url.h"

#define TIMEOUT_MS  10000
#define INTERVAL_MS 60000

static const struct {
	const char *name, *path;
} signals[CT_OTLP_SIGNAL_MAX] = {
	[CT_OTLP_TRACES] = { "TRACES", "v1/traces" },
	[CT_OTLP_METRICS] = { "METRICS", "v1/metrics" },
};

/* A variable that is empty is not there. */
static const char *get(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* That of the signal, else that of all. */
static const char *get_of(unsigned signal, const char *what)
{
	char name[96];
	const char *value;

	snprintf(name, sizeof(name), "OTEL_EXPORTER_OTLP_%s_%s", signals[signal].name, what);
	value = get(name);
	if (value)
		return value;
	snprintf(name, sizeof(name), "OTEL_EXPORTER_OTLP_%s", what);
	return get(name);
}

static int number(const char *name, const char *text, long by_default, long *ret,
		  struct ct_err *err)
{
	char *end;

	*ret = by_default;
	if (!text)
		return 0;
	*ret = strtol(text, &end, 10);
	if (*end || *ret < 1 || *ret > 86400000)
		return ct_fail(err, EINVAL, "%s: '%s' is no number of milliseconds", name, text);
	return 0;
}

/* A base gets the path of the signal; what is said of the signal alone is the whole. */
static char *url_of(unsigned signal, const char *base)
{
	char name[64], *url;
	const char *own;

	snprintf(name, sizeof(name), "OTEL_EXPORTER_OTLP_%s_ENDPOINT", signals[signal].name);
	own = get(name);
	if (own)
		return strdup(own);
	if (asprintf(&url, "%s%s%s", base, base[strlen(base) - 1] == '/' ? "" : "/",
		     signals[signal].path) < 0)
		return NULL;
	return url;
}

static int read_signal(struct ct_push_env *env, unsigned signal, const char *base,
		       struct ct_err *err)
{
	struct ct_push_signal *s = &env->signals[signal];
	const char *protocol = get_of(signal, "PROTOCOL"), *headers = get_of(signal, "HEADERS");
	const char *compression = get_of(signal, "COMPRESSION"), *exporter;
	char name[64];
	int ret;

	snprintf(name, sizeof(name), "OTEL_%s_EXPORTER", signals[signal].name);
	exporter = get(name);
	if (exporter && !strcmp(exporter, "none"))
		return 0;
	if (protocol && strcmp(protocol, "http/protobuf") != 0)
		return ct_fail(
			err, EINVAL,
			"OTEL_EXPORTER_OTLP_PROTOCOL: '%s' is not spoken here; 'http/protobuf' is",
			protocol);
	s->gzip = !compression || strcmp(compression, "none") != 0;
	s->headers = headers ? strdup(headers) : NULL;
	s->url = url_of(signal, base);
	if (!s->url || (headers && !s->headers))
		return ct_fail(err, ENOMEM, "push: out of memory");
	if (strncasecmp(s->url, "http://", 7) != 0 && strncasecmp(s->url, "https://", 8) != 0) {
		ct_url_hide(s->url); /* a journal has what is said of it */
		return ct_fail(err, EINVAL,
			       "option --otlp: '%s' is no URL, as http://localhost:4318", s->url);
	}
	ret = number("OTEL_EXPORTER_OTLP_TIMEOUT", get_of(signal, "TIMEOUT"), TIMEOUT_MS,
		     &s->timeout_ms, err);
	return ret;
}

static void read_line(char *to, size_t room, const char *path)
{
	own_file FILE *f = fopen(path, "re");

	if (!f || !fgets(to, (int)room, f))
		*to = '\0';
	to[strcspn(to, "\n")] = '\0';
}

/* Columns: of uname, of OpenTelemetry. */
static const char *const archs[][2] = {
	{ "x86_64", "amd64" },
	{ "aarch64", "arm64" },
	{ "riscv64", "riscv64" },
};

static void read_host(struct ct_push_env *env)
{
	const char *k8s_node = get("K8S_NODE_NAME");
	struct utsname uts;

	read_line(env->instance, sizeof(env->instance), "/proc/sys/kernel/random/uuid");
	read_line(env->id, sizeof(env->id), "/etc/machine-id");
	if (!uname(&uts))
		snprintf(env->arch, sizeof(env->arch), "%.31s", uts.machine);
	for (size_t i = 0; i < CT_ARRAY_SIZE(archs); i++)
		if (!strcmp(env->arch, archs[i][0]))
			snprintf(env->arch, sizeof(env->arch), "%s", archs[i][1]);
	env->host = (struct ct_session_host){
		.instance = *env->instance ? env->instance : NULL,
		.id = *env->id ? env->id : NULL,
		.arch = *env->arch ? env->arch : NULL,
		.k8s_node = k8s_node ? k8s_node : get("NODE_NAME"),
		.service = get("OTEL_SERVICE_NAME"),
		.attributes = get("OTEL_RESOURCE_ATTRIBUTES"),
	};
}

int ct_push_env_read(struct ct_push_env *env, const char *url, struct ct_err *err)
{
	const char *base = *url ? url : get("OTEL_EXPORTER_OTLP_ENDPOINT");
	const char *temporality = get("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE");
	const char *certificate = get("OTEL_EXPORTER_OTLP_CERTIFICATE");
	long interval_ms = INTERVAL_MS;
	int ret = 0;

	*env = (struct ct_push_env){ 0 };
	for (unsigned i = 0; i < CT_OTLP_SIGNAL_MAX && !ret; i++)
		ret = read_signal(env, i, base ? base : "http://localhost:4318", err);
	if (!ret)
		ret = number("OTEL_METRIC_EXPORT_INTERVAL", get("OTEL_METRIC_EXPORT_INTERVAL"),
			     INTERVAL_MS, &interval_ms, err);
	if (!ret && certificate) {
		env->certificate = strdup(certificate);
		if (!env->certificate)
			ret = ct_fail(err, ENOMEM, "push: out of memory");
	}
	env->interval_ns = (uint64_t)interval_ms * 1000000;
	env->delta = temporality && strcasecmp(temporality, "cumulative") != 0;
	read_host(env);
	return ret;
}

void ct_push_env_clear(struct ct_push_env *env)
{
	for (unsigned i = 0; i < CT_OTLP_SIGNAL_MAX; i++) {
		free(env->signals[i].url);
		free(env->signals[i].headers);
	}
	free(env->certificate);
}
