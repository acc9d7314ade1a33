/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of serve share. */
#pragma once

#include <pthread.h>

#include "serve/serve.h"
#include "sinks/openmetrics/openmetrics.h"
#include "stats/summary.h"

#define CT_SERVE_STREAMS_MAX     16 /* pages that are shown live */
#define CT_SERVE_CONNECTIONS_MAX 64

/* A record as it stands in the page, and how manieth it is, counted from 1. */
struct ct_told {
	uint64_t number;
	char *text; /* owned: JSON in one line, without "<" */
	size_t len;
};

/* What was asked for by HTTP, for /metrics. Columns: symbol, label. */
#define CT_SERVE_PATHS(X) \
	X(PAGE, "/") \
	X(EVENTS, "/events") \
	X(METRICS, "/metrics") X(HEALTHZ, "/healthz") X(READYZ, "/readyz") X(OTHER, "other")
enum ct_serve_path {
#define X(symbol, name) CT_SERVE_PATH_##symbol,
	CT_SERVE_PATHS(X)
#undef X
	CT_SERVE_PATH_MAX
};

struct ct_http; /* http.c */
struct ct_push; /* push.h */

struct ct_serve {
	struct ct_serve_options opts;
	struct ct_session session; /* end_ns is the last beat's; under lock */
	uint64_t shown_ns; /* of what was recorded: the end of what is told last; under lock */
	char url[128];
	struct ct_http *http; /* owned */
	struct ct_push *push; /* owned; NULL: nothing is pushed */
	pthread_t thread;
	bool running;

	/* The queue: all that who traces ever waits for. */
	pthread_mutex_t queue_lock;
	pthread_cond_t queue_cond;
	struct ct_queued {
		struct ct_queued *next;
		struct ct_record *rec; /* owned */
		size_t size;
	} * first, **last; /* owned */
	size_t queued, queued_bytes;
	uint64_t dropped;
	bool ending;
	uint64_t beat_ns;
	struct ct_core_counts beat_counts;
	size_t containers_max;

	/* What is answered from. */
	pthread_mutex_t lock;
	struct ct_meter meter;
	bool asked_once[CT_METRICS_FORM_MAX]; /* for metrics in that form */
	uint64_t known[CT_METRICS_FORM_MAX]; /* series that there were then */
	struct ct_summary *nothing; /* of the page: it computes its own */
	struct ct_core_counts counts;
	struct ct_told *told; /* owned: a ring of opts.records */
	size_t told_bytes;
	uint64_t told_from, told_to; /* numbers: from <= n < to are there */
	uint64_t beaten_ns; /* copy of beat_ns */
	uint64_t no_memory; /* records that could not be added */
	uint64_t asked[CT_SERVE_PATH_MAX];
	uint64_t refused,
		slow; /* by HTTP: too many, or without the password; ended for their slowness */
};

/* Each writes a page, with the lock held. Returns 0 or -ENOMEM. */
int ct_serve_metrics(struct ct_serve *s, FILE *f, enum ct_metrics_form form);
int ct_serve_page(struct ct_serve *s, FILE *f);
/* Of those from a number on: as server-sent events. */
void ct_serve_events(struct ct_serve *s, FILE *f, uint64_t from);
bool ct_serve_is_alive(struct ct_serve *s);

/* http.c: listens; answers; wakes the pages that wait; ends, whoever is connected. */
int ct_http_open(struct ct_serve *s, struct ct_err *err);
int ct_http_begin(struct ct_serve *s, struct ct_err *err);
void ct_http_wake(struct ct_serve *s); /* with the lock held */
void ct_http_tick(struct ct_serve *s); /* about once a second: who is too slow is ended */
void ct_http_close(struct ct_serve *s);
