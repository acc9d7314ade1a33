/* SPDX-License-Identifier: GPL-2.0-only */
/* A record, or a step of one, as a row of a table: what csv and flat have in common. */
#pragma once

#include "core/record.h"
#include "sinks/sink.h"

/* Writes a cell of each type. */
struct ct_row_ops {
	void (*text)(void *ctx, const char *text); /* empty: not known, or none */
	void (*number)(void *ctx, uint64_t n, bool known);
	void (*time)(void *ctx, int64_t real_ns);
	void (*flag)(void *ctx, bool yes);
};

/* All borrowed. */
struct ct_row {
	const struct ct_record *rec;
	const struct ct_step *step; /* of step columns */
	size_t index; /* of the step in its record */
	const struct ct_session *session;
	const struct ct_row_ops *ops;
	void *ctx;
};

enum ct_column_type {
	CT_COLUMN_TEXT,
	CT_COLUMN_NUMBER,
	CT_COLUMN_TIME,
	CT_COLUMN_FLAG
};

struct ct_column {
	const char *name;
	enum ct_column_type type;
	void (*put)(struct ct_row *row, enum ct_phase phase); /* one cell, of that type */
	enum ct_phase phase; /* of columns that are one of many; or an enum ct_reason */
};

extern const struct ct_column ct_record_columns[];
extern const struct ct_column ct_step_columns[];
/* What a table has besides that machines read and no spreadsheet. */
extern const struct ct_column ct_flat_columns[];
extern const size_t ct_record_column_count, ct_step_column_count, ct_flat_column_count;
