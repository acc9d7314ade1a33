// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace serve: for ever, and whoever asks by HTTP is told. */
#include "serve/serve.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/auxv.h>

#include "cmd/cmd.h"
#include "cmd/serve_replay.h"
#include "cmd/trace.h"
#include "source/proc/credentials.h"
#include "util/clock.h"

struct served {
	struct ct_serve *serve;
	size_t containers_max;
};

#define CONTAINERS_DEFAULT 4096

static int begin(void *ctx, const struct ct_session *session, struct ct_err *err)
{
	struct served *s = ctx;
	int ret = ct_serve_begin(s->serve, session, err);

	if (!ret)
		fprintf(stderr, "Serving %s and %smetrics.\n", ct_serve_url(s->serve),
			ct_serve_url(s->serve));
	return ret;
}

static void record(void *ctx, const struct ct_record *rec)
{
	struct served *s = ctx;

	ct_serve_record(s->serve, rec);
}

static void look(void *ctx, const struct ct_trace_at *at)
{
	struct served *s = ctx;

	if (!at->ended)
		ct_serve_beat(s->serve, ct_mono_ns(), at->counts, s->containers_max);
}

static int check(struct ct_options *opts, struct ct_err *err)
{
	int ret;

	if (opts->command)
		return ct_fail(err, EINVAL, "serve runs no command: leave out '-- %s'",
			       opts->command[0]);
	if (opts->operands.count && opts->record)
		return ct_fail(err, EINVAL, "serve records nothing of '%s': leave out --record",
			       opts->operands.items[0]);
	ret = ct_record_directory(opts, err);
	if (!ret && opts->record && !opts->record_dir)
		return ct_fail(err, EINVAL, "option --record: '%s' is no directory; write '%s/'",
			       opts->record, opts->record);
	return ret;
}

/* Where to send to; "": where the environment says. NULL: nowhere. A variable that is empty is not there. */
static const char *collector(const struct ct_options *opts)
{
	const char *disabled = getenv("OTEL_SDK_DISABLED");
	const char *endpoint = getenv("OTEL_EXPORTER_OTLP_ENDPOINT");

	if (opts->otlp || !endpoint || !*endpoint || (disabled && !strcasecmp(disabled, "true")))
		return opts->otlp;
	return "";
}

/* Key and password with the caller's own rights, as other files. */
static int listen_(struct served *s, const struct ct_options *opts, struct ct_err *err)
{
	const struct ct_serve_options serve = {
		.listen = opts->listen,
		.certificate = opts->tls_cert,
		.key = opts->tls_key,
		.password = opts->password,
		.buckets = opts->buckets.count ? &opts->buckets : NULL,
		.by = &opts->metrics_by,
		.records = opts->records,
		.otlp = collector(opts),
		.recorded = opts->operands.count,
	};
	bool given = getauxval(AT_SECURE);
	int ret = !given ? 0 : opts->operands.count ? ct_caps_keep(0, err) : ct_caps_lower(0, err);

	if (!ret)
		ret = ct_serve_open(&s->serve, &serve, err);
	if (!ret && given && !opts->operands.count)
		ret = ct_caps_lower(UINT64_MAX, err);
	return ret;
}

int ct_cmd_serve(const struct ct_options *given, struct ct_err *err)
{
	struct ct_options opts = *given;
	struct served s = { .containers_max = CONTAINERS_DEFAULT };
	const struct ct_trace_follower follower = {
		.begin = begin,
		.record = record,
		.look = look,
		.ctx = &s,
	};
	int ret;

	if (check(&opts, err))
		return ct_usage(err);
	if (opts.containers_max)
		s.containers_max = opts.containers_max;
	opts.silent = true;
	ret = listen_(&s, &opts, err);
	if (!ret && opts.operands.count)
		return ct_serve_replay(&opts, s.serve, err);
	if (!ret)
		ret = ct_trace(&opts, &follower, err);
	ct_serve_close(s.serve);
	return ret;
}
