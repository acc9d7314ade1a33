/* SPDX-License-Identifier: GPL-2.0-only */
/* What OpenTelemetry's environment variables ask for: https://opentelemetry.io/docs/specs/otel/protocol/exporter/ */
#pragma once

#include "serve/push.h"

struct ct_push_signal {
	char *url; /* owned; NULL: this signal is not sent */
	char *headers; /* owned: NAME=VALUE,... */
	long timeout_ms;
	bool gzip;
};

struct ct_push_env {
	struct ct_push_signal signals[CT_OTLP_SIGNAL_MAX];
	char *certificate; /* owned: file of authorities; NULL: the system's */
	uint64_t interval_ns; /* between metrics */
	bool delta;
	struct ct_session_host host;
	char instance[64], id[64], arch[32];
};

/* url: instead of OTEL_EXPORTER_OTLP_ENDPOINT, unless it is empty. */
int ct_push_env_read(struct ct_push_env *env, const char *url, struct ct_err *err);
void ct_push_env_clear(struct ct_push_env *env);
