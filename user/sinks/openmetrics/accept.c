// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/openmetrics/accept.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Columns: what is asked for, a parameter that it must have then (NULL: none), what is answered. */
static const struct {
	const char *type, *parameter;
	enum ct_metrics_form form;
} rows[] = {
	{ "application/openmetrics-text", NULL, CT_METRICS_OPENMETRICS },
	{ "application/vnd.google.protobuf", "encoding=delimited", CT_METRICS_PROTOBUF },
	{ "text/plain", NULL, CT_METRICS_PROMETHEUS },
	{ "text/*", NULL, CT_METRICS_PROMETHEUS },
	{ "*/*", NULL, CT_METRICS_PROMETHEUS },
};

static const char *const content_types[CT_METRICS_FORM_MAX] = {
	[CT_METRICS_OPENMETRICS] = "application/openmetrics-text; version=1.0.0; charset=utf-8",
	[CT_METRICS_PROMETHEUS] = "text/plain; version=0.0.4; charset=utf-8",
	[CT_METRICS_PROTOBUF] =
		"application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
};

/* The next part of text up to one of the ends, without blanks around it. */
static size_t part(const char **at, const char *ends, const char **ret)
{
	const char *from = *at + strspn(*at, " \t");
	size_t len = strcspn(from, ends);

	*at = from + len;
	*ret = from;
	while (len && (from[len - 1] == ' ' || from[len - 1] == '\t'))
		len--;
	return len;
}

static bool is(const char *word, size_t len, const char *what)
{
	return strlen(what) == len && !strncasecmp(word, what, len);
}

/* At a media range: its quality if the row is asked for by it, else -1. Goes to its end. */
static double quality(const char **at, size_t row)
{
	const char *word;
	size_t len = part(at, ",;", &word);
	bool asked = is(word, len, rows[row].type), has = !rows[row].parameter;
	double q = 1;

	while (**at == ';') {
		++*at;
		len = part(at, ",;", &word);
		if (len > 2 && !strncasecmp(word, "q=", 2))
			q = strtod(word + 2, NULL);
		if (!has)
			has = is(word, len, rows[row].parameter);
	}
	return asked && has && q > 0 ? q : -1;
}

enum ct_metrics_form ct_metrics_accept(const char *header)
{
	enum ct_metrics_form best = CT_METRICS_PROMETHEUS;
	const char *at = header ? header : "";
	double best_q = 0;

	while (*at) {
		const char *end = at;

		for (size_t row = 0; row < sizeof(rows) / sizeof(rows[0]); row++) {
			double q;

			end = at;
			q = quality(&end, row);
			if (q > best_q) {
				best_q = q;
				best = rows[row].form;
			}
		}
		at = end + (*end == ',');
	}
	return best;
}

const char *ct_metrics_content_type(enum ct_metrics_form form)
{
	return content_types[form];
}
