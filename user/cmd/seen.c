// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/seen.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

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

/* Columns: what it is called, whether the options have it as a list or as bits, and where, its value. */
static const struct dimension {
	const char *name;
	bool is_list;
	size_t member;
	const char *(*value)(const struct ct_record *rec);
} dimensions[] = {
	{ "runtime", true, offsetof(struct ct_options, runtimes), runtime_of },
	{ "engine", true, offsetof(struct ct_options, engines), engine_of },
	{ "image", true, offsetof(struct ct_options, images), image_of },
	{ "container", true, offsetof(struct ct_options, containers), container_of },
	{ "pod", true, offsetof(struct ct_options, pods), pod_of },
	{ "namespace", true, offsetof(struct ct_options, namespaces), namespace_of },
	{ "project", true, offsetof(struct ct_options, projects), project_of },
	{ "label", true, offsetof(struct ct_options, labelled), labels_of },
	{ "outcome", false, offsetof(struct ct_options, outcomes), outcome_of },
	{ "kind", false, offsetof(struct ct_options, kinds), kind_of },
};
_Static_assert(CT_ARRAY_SIZE(dimensions) == CT_SEEN_DIMENSIONS, "a row of seen for each");

static bool is_asked(const struct ct_options *opts, const struct dimension *d)
{
	const char *member = (const char *)opts + d->member;

	return d->is_list ? ((const struct ct_list *)member)->count : *(const uint32_t *)member;
}

static void count(struct ct_seen *seen, size_t at, const char *value)
{
	for (size_t i = 0; i < CT_SEEN_VALUES; i++) {
		char *name = seen->by[at].values[i].name;

		if (!seen->by[at].values[i].count)
			snprintf(name, sizeof(seen->by[at].values[i].name), "%s", value);
		if (!strncmp(name, value, sizeof(seen->by[at].values[i].name) - 1)) {
			seen->by[at].values[i].count++;
			return;
		}
	}
	seen->by[at].others++;
}

void ct_seen_add(struct ct_seen *seen, const struct ct_options *opts, const struct ct_record *rec)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(dimensions); i++)
		if (is_asked(opts, &dimensions[i]))
			count(seen, i, dimensions[i].value(rec));
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

static void put_dimension(char *text, size_t size, const struct ct_seen *seen, size_t at)
{
	put(text, size, "; %s:", dimensions[at].name);
	for (size_t i = 0; i < CT_SEEN_VALUES && seen->by[at].values[i].count; i++)
		put(text, size, "%s %s (%llu)", i ? "," : "",
		    *seen->by[at].values[i].name ? seen->by[at].values[i].name : "none",
		    (unsigned long long)seen->by[at].values[i].count);
	if (seen->by[at].others)
		put(text, size, ", others (%llu)", (unsigned long long)seen->by[at].others);
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
		put_dimension(ret, size, seen, i);
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
