// SPDX-License-Identifier: GPL-2.0-only
/* The two kinds of text. */
#include "sinks/openmetrics/writer.h"

#include <errno.h>
#include <string.h>

#include "sinks/escape.h"
#include "util/mem.h"

static const char *const type_names[] = {
	[CT_METRICS_COUNTER] = "counter",
	[CT_METRICS_GAUGE] = "gauge",
	[CT_METRICS_HISTOGRAM] = "histogram",
	[CT_METRICS_INFO] = "info",
};

static const char *const suffixes[] = {
	[CT_METRICS_COUNTER] = "_total",
	[CT_METRICS_GAUGE] = "",
	[CT_METRICS_HISTOGRAM] = "",
	[CT_METRICS_INFO] = "_info",
};

const char *ct_metrics_value(char *buf, const char *value, size_t room)
{
	if (room >= CT_METRICS_VALUE_LEN)
		room = CT_METRICS_VALUE_LEN - 1;
	ct_escape_text(buf, room + 1, value, true, CT_COLUMNS_ALL);
	return buf;
}

static void put_label(FILE *f, const char *separator, const char *label, const char *value,
		      size_t room)
{
	char safe[CT_METRICS_VALUE_LEN];

	ct_metrics_value(safe, value, room);
	fprintf(f, "%s%s=\"", separator, label);
	for (const char *c = safe; *c; c++) {
		if (*c == '\\' || *c == '"')
			putc('\\', f);
		putc(*c, f);
	}
	putc('"', f);
}

/* Without the bracket at the end. */
static void put_labels(FILE *f, const struct ct_metrics_labels *labels)
{
	for (size_t i = 0; i < labels->count; i++)
		put_label(f, i ? "," : "{", labels->items[i].name, labels->items[i].value,
			  SIZE_MAX);
}

/* The older format knows neither units nor infos, and a counter by its whole name. */
void ct_metrics_family(struct ct_metrics *m, const struct ct_metrics_family *family)
{
	bool old = m->form == CT_METRICS_PROMETHEUS;
	const char *suffix = old ? suffixes[family->type] : "";
	const char *type = type_names[family->type];

	m->family = family;
	if (m->form == CT_METRICS_PROTOBUF) {
		ct_metrics_proto_family(m, family);
		return;
	}
	if (old && family->type == CT_METRICS_INFO)
		type = type_names[CT_METRICS_GAUGE];
	fprintf(m->f, "# TYPE %s%s %s\n", family->name, suffix, type);
	if (family->unit && !old)
		fprintf(m->f, "# UNIT %s %s\n", family->name, family->unit);
	fprintf(m->f, "# HELP %s%s %s\n", family->name, suffix, family->help);
}

static void open_sample(struct ct_metrics *m, const struct ct_metrics_labels *labels)
{
	fprintf(m->f, "%s%s", m->family->name, suffixes[m->family->type]);
	put_labels(m->f, labels);
	fputs(labels->count ? "} " : " ", m->f);
}

void ct_metrics_count(struct ct_metrics *m, const struct ct_metrics_labels *labels, uint64_t n)
{
	if (m->form == CT_METRICS_PROTOBUF) {
		ct_metrics_proto_number(m, labels, (double)n);
		return;
	}
	open_sample(m, labels);
	fprintf(m->f, "%llu\n", (unsigned long long)n);
}

static void put_seconds(FILE *f, int64_t ns)
{
	char buf[CT_SECONDS_LEN];

	if (ns < 0)
		putc('-', f);
	fputs(ct_seconds(buf, ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns), f);
}

void ct_metrics_seconds(struct ct_metrics *m, const struct ct_metrics_labels *labels, int64_t ns)
{
	if (m->form == CT_METRICS_PROTOBUF) {
		ct_metrics_proto_number(m, labels, (double)ns / 1e9);
		return;
	}
	open_sample(m, labels);
	put_seconds(m->f, ns);
	putc('\n', m->f);
}

static void put_exemplar(struct ct_metrics *m, const struct ct_exemplar *last)
{
	char buf[CT_SECONDS_LEN];

	put_label(m->f, " # {", CT_EXEMPLAR_LABEL, last->id, CT_EXEMPLAR_ROOM);
	put_label(m->f, ",", CT_EXEMPLAR_TRACE, last->trace, SIZE_MAX);
	fprintf(m->f, "} %s ", ct_seconds(buf, last->ns));
	put_seconds(m->f, (int64_t)(last->at_ns + (uint64_t)m->wall_minus_mono_ns));
}

/* There are many lines of it, which differ by the bound and the count. */
static void put_buckets(struct ct_metrics *m, const char *head,
			const struct ct_metrics_histogram *h)
{
	uint64_t below = 0;
	char buf[CT_SECONDS_LEN];

	for (size_t b = 0; b < h->buckets->count; b++) {
		bool last = b == h->buckets->count - 1;

		below += h->in[b];
		fputs(head, m->f);
		fputs(last ? "+Inf" : ct_seconds(buf, h->buckets->ns[b]), m->f);
		fprintf(m->f, "\"} %llu", (unsigned long long)below);
		if (m->form == CT_METRICS_OPENMETRICS && h->in[b] && h->last)
			put_exemplar(m, h->last[b]);
		putc('\n', m->f);
	}
}

void ct_metrics_histogram(struct ct_metrics *m, const struct ct_metrics_labels *labels,
			  const struct ct_metrics_histogram *h)
{
	own_mem char *head = NULL;
	char buf[CT_SECONDS_LEN];
	size_t len;
	FILE *f;

	if (m->form == CT_METRICS_PROTOBUF) {
		ct_metrics_proto_histogram(m, labels, h);
		return;
	}
	f = open_memstream(&head, &len);
	if (!f) {
		m->pb.failed = true;
		return;
	}
	fprintf(f, "%s_bucket", m->family->name);
	put_labels(f, labels);
	fputs(labels->count ? ",le=\"" : "{le=\"", f);
	if (fclose(f)) {
		m->pb.failed = true;
		return;
	}
	put_buckets(m, head, h);
	fprintf(m->f, "%s_count", m->family->name);
	put_labels(m->f, labels);
	fprintf(m->f, "} %llu\n%s_sum", (unsigned long long)h->count, m->family->name);
	put_labels(m->f, labels);
	fprintf(m->f, "} %s\n", ct_seconds(buf, h->sum_ns));
}

int ct_metrics_end(struct ct_metrics *m)
{
	int ret;

	if (m->form == CT_METRICS_PROTOBUF)
		ct_metrics_proto_end(m);
	if (m->form == CT_METRICS_OPENMETRICS)
		fputs("# EOF\n", m->f);
	ret = m->pb.failed ? -ENOMEM : 0;
	if (!ret && m->pb.len)
		fwrite(m->pb.bytes, 1, m->pb.len, m->f);
	ct_pb_free(&m->pb);
	return ret;
}
