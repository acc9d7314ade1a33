// SPDX-License-Identifier: GPL-2.0-only
/* Records whose phases are not those of the columns: what they consist of, in words. */
#include "sinks/table/table.h"

#include <stdio.h>

#include "sinks/escape.h"
#include "sinks/units.h"
#include "util/mem.h"

/* What fits no columns is said in words, these in this order, but for a build what comes last in its life. */
static const struct part {
	const char *name;
	enum ct_phase from, to; /* in the order of life */
	enum {
		ALL,
		ALL_BUT_BUILDS,
		BUILDS
	} of;
} parts[] = {
	/* A restart is what both of its halves are: the old one goes down, the new one comes up. */
	{ "down", CT_PHASE_STOP, CT_PHASE_DESTROY, ALL_BUT_BUILDS },
	{ "sandbox", CT_PHASE_SANDBOX, CT_PHASE_SANDBOX, ALL },
	{ "pull", CT_PHASE_PULL, CT_PHASE_PULL, ALL },
	{ "init", CT_PHASE_INIT, CT_PHASE_INIT, ALL },
	{ "containers", CT_PHASE_CONTAINERS, CT_PHASE_CONTAINERS, ALL },
	{ "backoff", CT_PHASE_BACKOFF, CT_PHASE_BACKOFF, ALL },
	{ "volumes", CT_PHASE_VOLUMES, CT_PHASE_VOLUMES, ALL },
	{ "kubelet", CT_PHASE_KUBELET, CT_PHASE_KUBELET, ALL },
	{ "resolve", CT_PHASE_RESOLVE, CT_PHASE_RESOLVE, ALL },
	{ "download", CT_PHASE_DOWNLOAD, CT_PHASE_DOWNLOAD, ALL },
	{ "unpack", CT_PHASE_UNPACK, CT_PHASE_UNPACK, ALL },
	{ "register", CT_PHASE_REGISTER, CT_PHASE_REGISTER, ALL },
	{ "cold", CT_PHASE_COLD, CT_PHASE_COLD, ALL },
	{ "client", CT_PHASE_CLIENT, CT_PHASE_CLIENT, ALL },
	{ "up", CT_PHASE_CREATE, CT_PHASE_READY, ALL },
	{ "run", CT_PHASE_RUN, CT_PHASE_RUN, ALL },
	{ "down", CT_PHASE_STOP, CT_PHASE_DESTROY, BUILDS },
	{ "unknown", CT_PHASE_UNKNOWN, CT_PHASE_UNKNOWN, ALL },
};

static bool is_of(const struct ct_record *rec, const struct part *part)
{
	return part->of == ALL || (part->of == BUILDS) == (rec->type == CT_RECORD_BUILD);
}

static bool is_always_said(const struct ct_record *rec, const struct part *part)
{
	return rec->type == CT_RECORD_RESTART &&
	       (part->from == CT_PHASE_STOP || part->to == CT_PHASE_READY);
}

/* How much a pull brought: of a small layer nothing is said but that it is there. */
static size_t fetched_words(char *text, size_t size, const struct ct_fetched *f)
{
	char bytes[CT_BYTES_LEN];
	size_t layers = 0, there = 0;
	uint64_t sum = 0;
	int len;

	if (f->up_to_date)
		return (size_t)snprintf(text, size, ", up to date");
	for (size_t i = 0; i < f->layer_count; i++) {
		layers += !f->layers[i].there;
		there += f->layers[i].there;
		sum += f->layers[i].size;
	}
	len = snprintf(text, size, ", %zu layer%s, %s", layers, layers == 1 ? "" : "s",
		       ct_bytes(bytes, sum));
	if (there)
		len += snprintf(text + len, size - (size_t)len, ", %zu there", there);
	return (size_t)len;
}

size_t ct_table_words(char *text, size_t size, const struct ct_record *rec, bool named,
		      unsigned flags)
{
	size_t len = 0;

	*text = '\0';
	for (size_t i = 0; i < CT_ARRAY_SIZE(parts); i++) {
		const char *between = named ? ", " : " + ";
		char buf[CT_DURATION_LEN];
		uint64_t ns = 0;

		for (unsigned p = parts[i].from; p <= parts[i].to; p++)
			ns += ct_record_phase_ns(rec, (enum ct_phase)p);
		if (!is_of(rec, &parts[i]) || (!ns && !is_always_said(rec, &parts[i])))
			continue;
		len += (size_t)snprintf(text + len, size - len, "%s%s%s%s", len ? between : "",
					named ? parts[i].name : "", named ? " " : "",
					ct_duration(buf, ns, flags));
	}
	if (rec->fetched && named)
		fetched_words(text + len, size - len, rec->fetched);
	return ct_text_columns(text);
}

void ct_table_probes(char *text, size_t size, const struct ct_record *rec, unsigned flags)
{
	char mean[CT_DURATION_LEN], max[CT_DURATION_LEN];
	uint64_t count = 0, failed = 0, sum_ns = 0, max_ns = 0;

	for (size_t i = 0; i < rec->probe_count; i++) {
		const struct ct_probed *probe = &rec->probes[i];

		count += probe->count;
		failed += probe->failed;
		sum_ns += probe->sum_ns;
		if (probe->max_ns > max_ns)
			max_ns = probe->max_ns;
	}
	*text = '\0';
	if (count)
		snprintf(text, size, "%llu probe%s, %llu failed, %s on average, %s at most",
			 (unsigned long long)count, count == 1 ? "" : "s",
			 (unsigned long long)failed, ct_duration(mean, sum_ns / count, flags),
			 ct_duration(max, max_ns, flags));
}
