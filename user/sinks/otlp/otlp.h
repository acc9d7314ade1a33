/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two OTLP outputs share: JSON as the file exporter of OpenTelemetry writes it. One
 * message per line, ids in hex, 64-bit integers as strings, enums as integers.
 */
#pragma once

#include "sinks/json/json_writer.h"
#include "sinks/sink.h"

struct ct_otlp_ids {
	char trace[33];
	char span[17]; /* of the root */
	uint64_t seed;
};

/* The same for the same record, whoever asks. */
struct ct_otlp_ids ct_otlp_ids_of(const struct ct_session *session, const struct ct_record *rec);

/* Id of the nth span below the root, n from 1. buf holds 17 bytes. Returns buf. */
const char *ct_otlp_span_id(char *buf, const struct ct_otlp_ids *ids, size_t n);

/* A 64-bit integer. */
void ct_otlp_u64(struct ct_json *w, const char *key, uint64_t n);
void ct_otlp_instant(struct ct_json *w, const char *key, const struct ct_session *session,
		     uint64_t mono_ns);

/* An attribute; a string that is empty is not known and left out. */
void ct_otlp_string(struct ct_json *w, const char *key, const char *value);
void ct_otlp_int(struct ct_json *w, const char *key, uint64_t value);
void ct_otlp_bool(struct ct_json *w, const char *key, bool value);

/*
 * A line is {"<outer>":[ and its resources; each is opened down to the array `items` of its only
 * scope: {"resource":...,"<inner>":[{"scope":...,"<items>":[
 */
struct ct_otlp_shape {
	const char *outer, *inner, *items;
};
void ct_otlp_open(struct ct_json *w, const struct ct_otlp_shape *shape);
/* node: empty if it is of none, or of several. */
void ct_otlp_open_resource(struct ct_json *w, const struct ct_otlp_shape *shape,
			   const struct ct_session *session, const char *node);
void ct_otlp_close_resource(struct ct_json *w);
void ct_otlp_close(struct ct_json *w);

/* The state of an output otlp-metrics, before its first record: each end tells what came since the last. */
void ct_otlp_metrics_delta(void *state);
