// SPDX-License-Identifier: GPL-2.0-only
/* What is answered. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "serve/push.h"
#include "serve/state.h"
#include "sinks/html/html.h"
#include "util/mem.h"

#define OWN_MAX 128

static const char *const path_names[] = {
#define X(symbol, name) [CT_SERVE_PATH_##symbol] = name,
	CT_SERVE_PATHS(X)
#undef X
};

struct own {
	struct ct_metrics_own items[OWN_MAX];
	size_t count;
};

static void put(struct own *own, const struct ct_metrics_family *family, const char *label,
		const char *value, uint64_t n)
{
	struct ct_metrics_own *item = &own->items[own->count];

	if (own->count == OWN_MAX)
		return;
	*item = (struct ct_metrics_own){ .family = family, .n = n };
	if (label)
		item->labels = (struct ct_metrics_labels){ { { label, value } }, 1 };
	own->count++;
}

static uint64_t cpu_ns(void)
{
	struct rusage u;

	if (getrusage(RUSAGE_SELF, &u))
		return 0;
	return ((uint64_t)u.ru_utime.tv_sec + (uint64_t)u.ru_stime.tv_sec) * 1000000000 +
	       ((uint64_t)u.ru_utime.tv_usec + (uint64_t)u.ru_stime.tv_usec) * 1000;
}

static uint64_t memory_bytes(void)
{
	own_file FILE *f = fopen("/proc/self/statm", "re");
	unsigned long long all, resident;

	if (!f || fscanf(f, "%llu %llu", &all, &resident) != 2)
		return 0;
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

/* One per engine: of two with one name the numbers are added up. */
static void put_unheard(struct own *own, const struct ct_unheard *unheard)
{
	static const struct ct_metrics_family family = {
		"coldtrace_unheard_requests", CT_METRICS_COUNTER, NULL,
		"Requests to engines that nobody here understood, by engine."
	};
	size_t from = own->count;

	for (size_t i = 0; i <= CT_PARTIES_MAX; i++) {
		const struct ct_unheard_of *of =
			i < CT_PARTIES_MAX ? &unheard->each[i] : &unheard->others;
		size_t at = from;

		if (!of->requests)
			continue;
		while (at < own->count && strcmp(own->items[at].labels.items[0].value, of->engine))
			at++;
		if (at < own->count)
			own->items[at].n += of->requests;
		else
			put(own, &family, "engine", of->engine, of->requests);
	}
}

/* How full they are: what is above its limit is forgotten, the oldest first, and counted as lost. */
static void put_tables(struct own *own, const struct ct_core_counts *counts)
{
	static const struct ct_metrics_family used = { "coldtrace_table_entries", CT_METRICS_GAUGE,
						       NULL, "Entries of a table of the tracer." };
	static const struct ct_metrics_family max = {
		"coldtrace_table_entries_limit", CT_METRICS_GAUGE, NULL,
		"How many it may have of the host's root; others have a part beside it."
	};

	for (size_t i = 0; i < CT_TABLES_MAX; i++)
		if (counts->tables[i].name)
			put(own, &used, "table", counts->tables[i].name, counts->tables[i].used);
	for (size_t i = 0; i < CT_TABLES_MAX; i++)
		if (counts->tables[i].name)
			put(own, &max, "table", counts->tables[i].name, counts->tables[i].max);
}

static void put_http(struct own *own, const struct ct_serve *s)
{
	static const struct ct_metrics_family asked = { "coldtrace_http_requests",
							CT_METRICS_COUNTER, NULL,
							"Requests by HTTP, by path." };
	static const struct ct_metrics_family refused = {
		"coldtrace_http_refused", CT_METRICS_COUNTER, NULL,
		"Clients that were sent away or whose connection was ended, by reason."
	};

	for (unsigned p = 0; p < CT_SERVE_PATH_MAX; p++)
		put(own, &asked, "path", path_names[p], s->asked[p]);
	put(own, &refused, "reason", "refused", s->refused);
	put(own, &refused, "reason", "slow", s->slow);
}

static void put_process(struct own *own, struct ct_serve *s)
{
	static const struct ct_metrics_family dropped = {
		"coldtrace_unserved_records", CT_METRICS_COUNTER, NULL,
		"Records that are in no number here: the queue was full, or there was no memory."
	};
	static const struct ct_metrics_family queued = { "coldtrace_queued_records",
							 CT_METRICS_GAUGE, NULL,
							 "Records that wait to be counted." };
	static const struct ct_metrics_family most = {
		"coldtrace_containers_limit", CT_METRICS_GAUGE, NULL,
		"How many containers can be known at once."
	};
	static const struct ct_metrics_family cpu = { "process_cpu_seconds", CT_METRICS_COUNTER,
						      "seconds", "CPU time that was used." };
	static const struct ct_metrics_family memory = { "process_resident_memory_bytes",
							 CT_METRICS_GAUGE, "bytes",
							 "Resident memory." };
	uint64_t lost, waiting, limit;

	pthread_mutex_lock(&s->queue_lock);
	lost = s->dropped;
	waiting = s->queued;
	limit = s->containers_max;
	pthread_mutex_unlock(&s->queue_lock);
	put(own, &dropped, NULL, NULL, lost + s->no_memory);
	put(own, &queued, NULL, NULL, waiting);
	put(own, &most, NULL, NULL, limit);
	put(own, &cpu, NULL, NULL, cpu_ns());
	own->items[own->count - 1].seconds = true;
	put(own, &memory, NULL, NULL, memory_bytes());
}

static void put_push(struct own *own, struct ct_push *push)
{
	static const struct ct_metrics_family sent = {
		"coldtrace_otlp_sent", CT_METRICS_COUNTER, NULL,
		"Records and sets of metrics that a collector took."
	};
	static const struct ct_metrics_family dropped = {
		"coldtrace_otlp_dropped", CT_METRICS_COUNTER, NULL,
		"Those that were given up: the queue was full, or the collector refused them."
	};
	static const struct ct_metrics_family failed = { "coldtrace_otlp_failed_requests",
							 CT_METRICS_COUNTER, NULL,
							 "Requests to a collector that failed." };
	static const struct ct_metrics_family queued = { "coldtrace_otlp_queue_bytes",
							 CT_METRICS_GAUGE, "bytes",
							 "What waits to be sent." };
	static const char *const names[] = {
		[CT_OTLP_TRACES] = "traces", [CT_OTLP_METRICS] = "metrics"
	};
	struct ct_push_counts counts = ct_push_counts(push);

	for (unsigned i = 0; i < CT_OTLP_SIGNAL_MAX; i++)
		put(own, &sent, "signal", names[i], counts.sent[i]);
	for (unsigned i = 0; i < CT_OTLP_SIGNAL_MAX; i++)
		put(own, &dropped, "signal", names[i], counts.dropped[i]);
	put(own, &failed, NULL, NULL, counts.failed);
	put(own, &queued, NULL, NULL, counts.queued);
}

int ct_serve_metrics(struct ct_serve *s, FILE *f, enum ct_metrics_form form)
{
	uint64_t known = s->asked_once[form] ? s->known[form] : UINT64_MAX;
	struct own own = { .count = 0 };

	s->asked_once[form] = true;
	s->known[form] = s->meter.series.numbers;
	put_unheard(&own, &s->counts.unheard);
	put_tables(&own, &s->counts);
	put_http(&own, s);
	put_process(&own, s);
	if (s->push)
		put_push(&own, s->push);
	return ct_metrics_draw(f, form,
			       &(struct ct_metrics_told){
				       .meter = &s->meter,
				       .session = &s->session,
				       .counts = &s->counts,
				       .own = own.items,
				       .own_count = own.count,
				       .known = known,
			       });
}

/* A page of what was recorded is of that time, whenever it is looked at; metrics are of now. */
static struct ct_session shown(const struct ct_serve *s)
{
	struct ct_session session = s->session;

	if (s->opts.recorded)
		session.end_ns = s->shown_ns > session.begin_ns ? s->shown_ns : session.begin_ns;
	return session;
}

int ct_serve_page(struct ct_serve *s, FILE *f)
{
	const struct ct_session session = shown(s);
	int ret = ct_html_live_begin(f, &session, s->told_to - 1, s->opts.records);

	for (uint64_t n = s->told_from; n < s->told_to && !ret; n++) {
		fputs(n == s->told_from ? "\n" : ",\n", f);
		fwrite(s->told[n % s->opts.records].text, 1, s->told[n % s->opts.records].len, f);
	}
	return ret ? ret : ct_html_live_end(f, &session, s->nothing, &s->counts);
}

/* What a page has missed for too long it must be given anew. From 0: what comes from now on. */
void ct_serve_events(struct ct_serve *s, FILE *f, uint64_t from)
{
	const struct ct_session session = shown(s);

	if (!from)
		from = s->told_to;
	if (from < s->told_from || from > s->told_to) {
		fputs("event: anew\ndata: {}\n\n", f);
		from = s->told_to;
	}
	for (uint64_t n = from; n < s->told_to; n++) {
		const struct ct_told *told = &s->told[n % s->opts.records];

		fprintf(f, "id: %llu\nevent: record\ndata: ", (unsigned long long)told->number);
		fwrite(told->text, 1, told->len, f);
		fputs("\n\n", f);
	}
	fputs("event: summary\ndata: ", f);
	ct_html_summary_text(f, &session, s->nothing, &s->counts);
	fputs("\n\n", f);
}
