/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is told while it is traced: records go into a bounded queue, from which a thread of its own takes
 * them, adds them up and answers who asks by HTTP. Who has records waits for nobody: the queue's lock is
 * held for a pointer, and a queue that is full drops and counts.
 */
#pragma once

#include "core/core.h"
#include "core/record.h"
#include "sinks/sink.h"
#include "stats/buckets.h"
#include "util/err.h"

struct ct_serve;

struct ct_serve_options {
	const char *listen; /* [ADDR:]PORT; NULL: the default */
	const char *certificate, *key; /* PEM files, both or none: TLS */
	const char *password; /* file with USER:PASSWORD; NULL: none */
	const struct ct_buckets *buckets; /* borrowed; NULL: the default */
	const struct ct_series_by *by; /* labels of metrics; borrowed; NULL: no more than always */
	size_t records; /* of the page, at most; 0: the default */
	const char *otlp; /* URL of a collector, or what the environment says; NULL: none */
	bool recorded; /* it is no live run: times are of another clock */
};

#define CT_SERVE_PORT    "9917"
#define CT_SERVE_RECORDS 500

/* What this build cannot do of what is asked for, as the end of a sentence; NULL: it can do all. */
const char *ct_serve_refuse(const struct ct_serve_options *opts);

/* Listens, with whatever privileges there are; answers nobody yet. Borrows opts. */
int ct_serve_open(struct ct_serve **ret, const struct ct_serve_options *opts, struct ct_err *err);

/*
 * From now on it answers. Its threads give up all privileges. The session's strings must live until it
 * is closed.
 */
int ct_serve_begin(struct ct_serve *s, const struct ct_session *session, struct ct_err *err);

/* Where it listens, as a URL. Borrowed. */
const char *ct_serve_url(const struct ct_serve *s);

/* Copies the record. Never waits for a reader. */
void ct_serve_record(struct ct_serve *s, const struct ct_record *rec);

/* How many records wait to be told. */
size_t ct_serve_queued(struct ct_serve *s);

/* That the ring is read, and what has been counted; as often as it is. Cheap if the last was just now. */
void ct_serve_beat(struct ct_serve *s, uint64_t now_ns, const struct ct_core_counts *counts,
		   size_t containers_max);

/* NULL is fine. What is in the queue is not told to anybody any more. */
void ct_serve_close(struct ct_serve *s);
