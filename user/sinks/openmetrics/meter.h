/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Durations as Prometheus wants them: per engine, runtime, type of record and phase a classic
 * histogram, and if asked a native one (schema 4: buckets 4.4 % wide, without bounds).
 */
#pragma once

#include "sinks/series.h"
#include "stats/buckets.h"

struct ct_exemplar {
	char id[80];
	char trace[33]; /* of its trace, as OTLP has it */
	uint64_t ns;
	uint64_t at_ns; /* CLOCK_MONOTONIC */
};

/* 2^SCHEMA buckets per power of two, of seconds. All from 1 ns to 2^64 ns have one. */
#define CT_NATIVE_SCHEMA 4
#define CT_NATIVE_PER    (1 << CT_NATIVE_SCHEMA)
#define CT_NATIVE_LOWEST (-30 * CT_NATIVE_PER)
#define CT_NATIVE_MAX    (65 * CT_NATIVE_PER)

/* A native histogram: in[i] is bucket i + CT_NATIVE_LOWEST, of what is above 2^((that - 1) / PER) s. */
struct ct_native {
	uint64_t zeros;
	uint64_t in[CT_NATIVE_MAX];
};

struct ct_meter_cell {
	uint64_t count;
	uint64_t sum_ns;
	uint64_t *in; /* owned: per bucket */
	struct ct_exemplar **last; /* owned: the last of each bucket, NULL: none */
	size_t buckets;
	struct ct_native *native; /* owned; NULL: not asked for */
};

/* Registries of which more pulls come are told as CT_SERIES_REST. */
#define CT_PULLED_MAX 64

/* Images that one engine has fetched from one registry. */
struct ct_pulled {
	char engine[32], registry[128];
	uint64_t created_ns, number; /* as of a series */
	uint64_t count[CT_OUTCOME_MAX];
	uint64_t up_to_date; /* of those that succeeded: all of it was there */
	uint64_t bytes; /* fetched by those that succeeded */
	uint64_t fetched, there, retries; /* layers */
	/* Of pulls beside which the engine had no other: connections, bytes by those that have ended, segments. */
	uint64_t connected, unconnected, received, resent;
	struct ct_meter_cell cell; /* of those that succeeded and fetched something */
};

struct ct_pulled_set {
	struct ct_pulled *items; /* owned */
	size_t count;
};

/* All zeros is one with default buckets and without native histograms. */
struct ct_meter {
	struct ct_series_set series; /* of struct ct_meter_cell */
	struct ct_pulled_set pulled;
	const struct ct_buckets *buckets; /* borrowed; NULL: the default */
	bool native;
};

/* Returns 0 or -ENOMEM. */
int ct_meter_add(struct ct_meter *meter, const struct ct_session *session,
		 const struct ct_record *rec);
/* Frees what a struct ct_meter owns: the free of a sink whose state is one. */
void ct_meter_free(void *meter);

const struct ct_buckets *ct_meter_buckets(const struct ct_meter *meter);
