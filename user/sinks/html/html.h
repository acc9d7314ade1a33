/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The page that the records are written into: everything before them and everything after them,
 * charts included. It is built from web/ and lies in the program.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "sinks/sink.h"

struct ct_html_page {
	const char *head, *tail; /* not NUL-terminated */
	size_t head_len, tail_len;
};

/* False if this program was built where the page could not be. */
bool ct_html_page(struct ct_html_page *ret_page);

/*
 * The same page as an answer of a server that goes on telling it of records: `last` is the number of the
 * last that is in it, `most` how many it is to keep. Between them stand the texts of records, with ",\n"
 * between. Each returns 0 or -ENOMEM.
 */
int ct_html_live_begin(FILE *f, const struct ct_session *session, uint64_t last, size_t most);
int ct_html_live_end(FILE *f, const struct ct_session *session, const struct ct_summary *summary,
		     const struct ct_core_counts *counts);
/* A record as it stands in the page: a line of JSON, without a newline at its end. The caller frees it. */
int ct_html_record_text(const struct ct_session *session, const struct ct_record *rec,
			char **ret_text, size_t *ret_len);
int ct_html_summary_text(FILE *f, const struct ct_session *session,
			 const struct ct_summary *summary, const struct ct_core_counts *counts);
