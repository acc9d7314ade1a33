/* SPDX-License-Identifier: GPL-2.0-only */
/* What a record can be asked for by name: what --by knows, its kind, or a label. Filters of such. */
#pragma once

#include "stats/summary.h"
#include "util/err.h"

#define CT_WHERE_MAX 8
#define CT_WHERE_KEY 64

/* "" when the record has no such label. Valid as long as the record. */
const char *ct_where_value(const struct ct_record *rec, const char *key);

/* Whether it means something by itself, here or to --by: a label of that name would never be asked for. */
bool ct_where_is_own(const char *key);

/* "runtime=runc,load=disk*": all of them must hold. */
struct ct_where {
	size_t count;
	struct {
		char key[CT_WHERE_KEY];
		char glob[256];
	} each[CT_WHERE_MAX];
};

/* option: what it is called in messages. -EINVAL and a sentence. */
int ct_where_parse(struct ct_where *w, const char *option, const char *text, struct ct_err *err);
/* One that was not given holds for all. */
bool ct_where_holds(const struct ct_where *w, const struct ct_record *rec);
