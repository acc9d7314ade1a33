// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/seen.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/tell/group_named.h"
#include "util/mem.h"

#define NS_PER_S 1000000000ll

static const char *outcome_of(const struct ct_record *rec)
{
	return ct_outcome_names[rec->outcome];
}

static const char *kind_of(const struct ct_record *rec)
{
	return ct_record_names[rec->type];
}

#define WHO_OF(name, member) \
	static const char *name##_of(const struct ct_record *rec) \
	{ \
		return rec->who->member; \
	}
WHO_OF(runtime, runtime)
WHO_OF(engine, engine)
WHO_OF(image, image)
WHO_OF(container, name)
WHO_OF(pod, pod)
WHO_OF(namespace, pod_ns)
WHO_OF(project, project)

/* All of them, as they were given. Valid until the next call. */
static const char *labels_of(const struct ct_record *rec)
{
	static char text[64];
	const struct ct_labels *labels = rec->labels;
	size_t len = 0, from = 0;

	text[0] = '\0';
	for (bool key = true; labels && from < labels->len && len < sizeof(text) - 1; key = !key) {
		const char *word = labels->pairs + from;

		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s",
					!key   ? "="
					: from ? " "
					       : "",
					(int)strnlen(word, labels->len - from), word);
		from += strnlen(word, labels->len - from) + 1;
	}
	return text;
}

static const char *asker_of(const struct ct_record *rec)
{
	return rec->who->mine ? "the traced program" : "others";
}

enum column {
	LIST,
	BITS,
	FLAG
};

/* Columns: what it is called, as what the options have it, and where, its value. */
static const struct dimension {
	const char *name;
	enum column column;
	size_t member;
	const char *(*value)(const struct ct_record *rec);
} dimensions[] = {
	{ "runtime", LIST, offsetof(struct ct_options, runtimes), runtime_of },
	{ "engine", LIST, offsetof(struct ct_options, engines), engine_of },
	{ "image", LIST, offsetof(struct ct_options, images), image_of },
	{ "container", LIST, offsetof(struct ct_options, containers), container_of },
	{ "pod", LIST, offsetof(struct ct_options, pods), pod_of },
	{ "namespace", LIST, offsetof(struct ct_options, namespaces), namespace_of },
	{ "project", LIST, offsetof(struct ct_options, projects), project_of },
	{ "label", LIST, offsetof(struct ct_options, labelled), labels_of },
	{ "outcome", BITS, offsetof(struct ct_options, outcomes), outcome_of },
	{ "kind", BITS, offsetof(struct ct_options, kinds), kind_of },
	{ "started by", FLAG, offsetof(struct ct_options, only_mine), asker_of },
};
_Static_assert(CT_ARRAY_SIZE(dimensions) == CT_SEEN_DIMENSIONS, "a row of seen for each");

static bool is_asked(const struct ct_options *opts, const struct dimension *d)
{
	const char *member = (const char *)opts + d->member;

	switch (d->column) {
	case LIST:
		return ((const struct ct_list *)member)->count;
	case BITS:
		return *(const uint32_t *)member;
	default:
		return *(const bool *)member;
	}
}

void ct_seen_count(struct ct_seen_values *values, const char *value)
{
	for (size_t i = 0; i < CT_SEEN_VALUES; i++) {
		char *name = values->each[i].name;

		if (!values->each[i].count)
			snprintf(name, sizeof(values->each[i].name), "%.63s", value);
		if (!strncmp(name, value, sizeof(values->each[i].name) - 1)) {
			values->each[i].count++;
			return;
		}
	}
	values->others++;
}

static void add_start(struct ct_seen *seen, const struct ct_chains_how *chains,
		      const struct ct_record *rec)
{
	for (size_t i = 0; i < chains->named_count; i++)
		for (unsigned n = 0; n < ct_group_count(&chains->named[i]); n++)
			if (ct_group_has(&chains->named[i], n, rec->who->name, rec->who->image))
				seen->matched[i] |= 1u << n;
	if (chains->named_count)
		ct_seen_count(&seen->names, *rec->who->name ? rec->who->name : rec->who->image);
}

void ct_seen_add(struct ct_seen *seen, const struct ct_options *opts, const struct ct_record *rec)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(dimensions); i++)
		if (is_asked(opts, &dimensions[i]))
			ct_seen_count(&seen->by[i], dimensions[i].value(rec));
	for (size_t i = 0; seen->where && i < seen->where->count; i++)
		ct_seen_count(&seen->of[i], ct_where_value(rec, seen->where->each[i].key));
	if (rec->type == CT_RECORD_START && rec->run) {
		seen->of_runs++;
		seen->of_others += !rec->who->mine;
	}
	if (rec->type == CT_RECORD_START && rec->outcome == CT_OUTCOME_OK)
		add_start(seen, &opts->chains, rec);
	if (!seen->records++ || rec->begin_ns < seen->first_ns)
		seen->first_ns = rec->begin_ns;
	if (rec->begin_ns > seen->last_ns)
		seen->last_ns = rec->begin_ns;
}

static void put(char *text, size_t size, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
static void put(char *text, size_t size, const char *fmt, ...)
{
	size_t len = strlen(text);
	va_list args;

	va_start(args, fmt);
	vsnprintf(text + len, size - len, fmt, args);
	va_end(args);
}

void ct_seen_list(const struct ct_seen_values *values, char *text, size_t size)
{
	for (size_t i = 0; i < CT_SEEN_VALUES && values->each[i].count; i++)
		put(text, size, "%s %s (%llu)", i ? "," : "",
		    *values->each[i].name ? values->each[i].name : "no value",
		    (unsigned long long)values->each[i].count);
	if (values->others)
		put(text, size, ", others (%llu)", (unsigned long long)values->others);
}

static void put_time(char *text, size_t size, uint64_t mono_ns, int64_t wall_minus_mono_ns)
{
	time_t s = (time_t)((int64_t)(mono_ns + (uint64_t)wall_minus_mono_ns) / NS_PER_S);
	char date[32] = "?";
	struct tm tm;

	if (gmtime_r(&s, &tm))
		strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", &tm);
	put(text, size, "%s", date);
}

bool ct_seen_sentence(const struct ct_seen *seen, const struct ct_options *opts,
		      int64_t wall_minus_mono_ns, char *ret, size_t size)
{
	bool timed = opts->since.from || opts->until.from, any = timed;

	if (!seen->records)
		return false;
	snprintf(ret, size, "of %llu record%s none passes the filters",
		 (unsigned long long)seen->records, seen->records == 1 ? "" : "s");
	for (size_t i = 0; i < CT_ARRAY_SIZE(dimensions); i++) {
		if (!is_asked(opts, &dimensions[i]))
			continue;
		put(ret, size, "; %s:", dimensions[i].name);
		ct_seen_list(&seen->by[i], ret, size);
		any = true;
	}
	for (size_t i = 0; seen->where && i < seen->where->count; i++) {
		put(ret, size, "; %s:", seen->where->each[i].key);
		ct_seen_list(&seen->of[i], ret, size);
		any = true;
	}
	if (timed) {
		put(ret, size, "; begun: ");
		put_time(ret, size, seen->first_ns, wall_minus_mono_ns);
		put(ret, size, " to ");
		put_time(ret, size, seen->last_ns, wall_minus_mono_ns);
	}
	return any;
}
