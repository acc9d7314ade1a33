/* SPDX-License-Identifier: GPL-2.0-only */
/* The objects of the schema coldtrace/1 (docs/schema.md), as lines or as parts of a document. */
#pragma once

#include "sinks/json/json_writer.h"
#include "sinks/sink.h"
#include "stats/opens_list.h"

#define CT_JSON_SCHEMA "coldtrace/1"

/* key is NULL where the object stands alone or in an array. */
void ct_json_session(struct ct_json *w, const char *key, const struct ct_session *session);
/* Whose a container is: the field "scope". */
void ct_json_scope(struct ct_json *w, const struct ct_identity *who);
/* What there is no memory for is left out, and w->no_memory says so. */
void ct_json_record(struct ct_json *w, const char *key, const struct ct_session *session,
		    const struct ct_record *rec);
/* Of a pull, and of a group: members of the record's object. */
void ct_json_fetched(struct ct_json *w, const struct ct_record *rec);
void ct_json_members(struct ct_json *w, const struct ct_record *rec);
void ct_json_found(struct ct_json *w, const struct ct_found *found);
/* For these: how time divides, and of a record with waits all that is said of them. */
void ct_json_why(struct ct_json *w, const struct ct_why *why);
void ct_json_path(struct ct_json *w, const struct ct_record *rec);
/* Members of an array, or lines of their own: one per run of a container and view. */
int ct_json_opens(struct ct_json *w, const struct ct_opens_list *l, bool lines);
void ct_json_summary(struct ct_json *w, const char *key, const struct ct_session *session,
		     const struct ct_summary *summary, const struct ct_core_counts *counts);

/*
 * All of them as one document, in three parts: its begin, a record (*more says whether one stands
 * there already, pieces is that of a struct ct_json), and its end. These two return 0 or -ENOMEM.
 */
void ct_json_document_begin(FILE *f, const struct ct_session *session);
int ct_json_document_record(FILE *f, const struct ct_session *session, const struct ct_record *rec,
			    size_t pieces, bool *more);
int ct_json_document_end(FILE *f, const struct ct_session *session,
			 const struct ct_summary *summary, const struct ct_core_counts *counts);
