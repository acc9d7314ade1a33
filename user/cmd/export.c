// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace export FILE: a recording in other formats, all of them in one pass. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "cmd/cmd.h"
#include "cmd/paths.h"
#include "cmd/session.h"
#include "sinks/sink.h"
#include "util/mem.h"

/*
 * Columns: what --format takes, the output that it means, the output that goes with it where the
 * files are named by export. Other names are those of outputs.
 */
static const struct alias {
	const char *format, *output, *also;
} aliases[] = {
	{ "json", "document", NULL }, /* one JSON document */
	{ "jsonl", "json", NULL }, /* the lines of -o json */
	{ "csv", "csv", "csv-steps" },
	{ "otlp", "otlp-traces", "otlp-metrics" },
};

struct export_run {
	struct ct_options opts; /* its outputs are owned */
	char base[256]; /* of files that are given no name */
};

static const struct alias *alias_of(const char *name, size_t len)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(aliases); i++)
		if (strlen(aliases[i].format) == len && !memcmp(aliases[i].format, name, len))
			return &aliases[i];
	return NULL;
}

static const struct ct_sink_ops *sink_of(const char *name, size_t len)
{
	for (size_t i = 0; ct_sinks[i]; i++)
		if (strlen(ct_sinks[i]->name) == len && !memcmp(ct_sinks[i]->name, name, len))
			return ct_sinks[i];
	return NULL;
}

static const char *format_of(const struct ct_sink_ops *ops)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(aliases); i++)
		if (!strcmp(aliases[i].output, ops->name))
			return aliases[i].format;
	return ops->name;
}

const char *ct_export_format(size_t at)
{
	if (at < CT_ARRAY_SIZE(aliases))
		return aliases[at].format;
	at -= CT_ARRAY_SIZE(aliases);
	for (size_t i = 0; ct_sinks[i]; i++) {
		const char *name = ct_sinks[i]->name;

		if (!alias_of(name, strlen(name)) && !at--)
			return name;
	}
	return NULL;
}

static int unknown_format(const char *name, size_t len, struct ct_err *err)
{
	char names[256] = "";
	size_t at = 0;

	for (size_t i = 0; ct_sinks[i] && at < sizeof(names); i++)
		at += (size_t)snprintf(names + at, sizeof(names) - at, "%s%s", i ? ", " : "",
				       format_of(ct_sinks[i]));
	return ct_fail(err, EINVAL, "no format is called '%.*s'; choose one of %s",
		       (int)(len < 64 ? len : 64), name, names);
}

/* The name of the recording without its folder and without what says that it is one. */
static void name_base(struct export_run *x, const char *path)
{
	const char *base = strrchr(path, '/');
	size_t len;

	base = base ? base + 1 : path;
	len = strlen(base);
	if (len > 3 && !strcmp(base + len - 3, ".ct"))
		len -= 3;
	if (len >= sizeof(x->base))
		len = sizeof(x->base) - 1;
	if (!strcmp(path, "-") || !len)
		snprintf(x->base, sizeof(x->base), "stdin");
	else
		snprintf(x->base, sizeof(x->base), "%.*s", (int)len, base);
}

/* Two outputs of one file, or to stdout, would overwrite each other. */
static bool taken(const struct ct_list *outputs, const char *spec)
{
	const char *own = strchr(spec, ':');

	for (size_t i = 0; i < outputs->count; i++) {
		const char *other = strchr(outputs->items[i], ':');

		if ((!other && !own) || (other && own && !strcmp(other, own)))
			return true;
	}
	return false;
}

/* spec is owned by the list, or freed. */
static int add_output(struct export_run *x, char *spec, struct ct_err *err)
{
	struct ct_list *outputs = &x->opts.outputs;

	if (outputs->count < CT_LIST_MAX && !taken(outputs, spec)) {
		outputs->items[outputs->count++] = spec;
		return 0;
	}
	if (outputs->count == CT_LIST_MAX)
		ct_fail(err, EINVAL, "option --format: at most %d formats", CT_LIST_MAX);
	else
		ct_fail(err, EINVAL, "two formats would be written to '%s'",
			strchr(spec, ':') ? strchr(spec, ':') + 1 : "stdout");
	free(spec);
	return err->code;
}

/* Into a file that is named after the recording. */
static int add_named(struct export_run *x, const struct ct_sink_ops *ops, struct ct_err *err)
{
	const char *dir = x->opts.directory;
	char *spec;

	if (asprintf(&spec, "%s:%s%s%s%s", ops->name, dir ? dir : "", dir ? "/" : "", x->base,
		     ops->suffix) < 0)
		return ct_fail(err, ENOMEM, "export: out of memory");
	return add_output(x, spec, err);
}

/* A word is F or F:FILE. Alone, and without a directory, F goes to stdout. */
static int add_word(struct export_run *x, const char *word, size_t len, bool alone,
		    struct ct_err *err)
{
	size_t name = strcspn(word, ":,") < len ? strcspn(word, ":,") : len;
	const struct alias *alias = alias_of(word, name);
	const struct ct_sink_ops *ops =
		alias ? sink_of(alias->output, strlen(alias->output)) : sink_of(word, name);
	const struct ct_sink_ops *also =
		alias && alias->also ? sink_of(alias->also, strlen(alias->also)) : NULL;
	char *spec = NULL;
	int ret;

	if (!ops)
		return unknown_format(word, name, err);
	if (len == name + 1)
		return ct_fail(err, EINVAL, "format '%.*s' names no file after the colon",
			       (int)name, word);
	if (len == name && (!alone || x->opts.directory)) {
		ret = add_named(x, ops, err);
		return ret || !also ? ret : add_named(x, also, err);
	}
	if (asprintf(&spec, "%s%.*s", ops->name, (int)(len - name), word + name) < 0)
		return ct_fail(err, ENOMEM, "export: out of memory");
	return add_output(x, spec, err);
}

static int choose(struct export_run *x, struct ct_err *err)
{
	const struct ct_list *formats = &x->opts.formats;
	size_t words = formats->count;

	for (size_t i = 0; i < formats->count; i++)
		for (const char *at = formats->items[i]; *at; at++)
			words += *at == ',';
	for (size_t i = 0; i < formats->count; i++) {
		const char *at = formats->items[i];

		for (;;) {
			size_t len = strcspn(at, ",");
			int ret = add_word(x, at, len, words == 1, err);

			if (ret)
				return ret;
			if (!at[len])
				break;
			at += len + 1;
		}
	}
	return 0;
}

static int check_usage(const struct ct_options *opts, struct ct_err *err)
{
	if (!opts->operands.count)
		return ct_fail(err, EINVAL,
			       "export needs a recording: coldtrace export FILE --format F");
	if (!opts->formats.count)
		return ct_fail(err, EINVAL,
			       "export needs a format: coldtrace export %s --format F[:FILE],...",
			       opts->operands.items[0]);
	if (opts->command)
		return ct_fail(err, EINVAL, "export runs no command: leave out '-- %s'",
			       opts->command[0]);
	return 0;
}

static int make_directory(const char *dir, struct ct_err *err)
{
	own_mem char *path = strdup(dir);

	if (!path)
		return ct_fail(err, ENOMEM, "export: out of memory");
	for (char *at = path + 1; *path; at++) {
		char end = *at;

		if (end && end != '/')
			continue;
		*at = '\0';
		if (mkdir(path, 0777) && errno != EEXIST)
			return ct_fail(err, errno, "make directory '%s': %s", path,
				       strerror(errno));
		if (!end)
			break;
		*at = end;
	}
	return 0;
}

static bool any_depth(const struct ct_recordings *recordings, unsigned int deep)
{
	for (size_t i = 0; i < recordings->count; i++)
		if (recordings->items[i].header->depth & deep)
			return true;
	return false;
}

int ct_cmd_export(const struct ct_options *given, struct ct_err *err)
{
	struct ct_recordings recordings = { 0 };
	struct ct_run_session session = { 0 };
	struct export_run x = { .opts = *given };
	struct ct_directories paths = { 0 };
	int ret = check_usage(given, err);

	if (!ret) {
		name_base(&x, given->operands.items[0]);
		ret = choose(&x, err);
	}
	if (ret) {
		ret = ct_usage(err);
		goto out;
	}
	signal(SIGPIPE, SIG_IGN); /* a closed pipe ends its output alone */
	ret = ct_directories_expand(&paths, &x.opts.operands, err);
	if (!ret)
		ret = ct_recordings_open(&recordings, x.opts.operands.items, x.opts.operands.count,
					 err);
	if (!ret && given->directory)
		ret = make_directory(given->directory, err);
	if (ret)
		goto out;
	x.opts.steps = any_depth(&recordings, CT_DEEP_STEPS);
	x.opts.why = any_depth(&recordings, CT_DEEP_WHY);
	x.opts.shallow = !x.opts.steps && !x.opts.why;
	ret = ct_session_open(&session, &x.opts, NULL, NULL, err);
	if (!ret)
		ret = ct_session_replay(&session, &recordings, err);
	ct_say_cut(&recordings);
	ct_say_unscrubbed(&recordings);
	if (ret >= 0)
		ct_say_gaps(&session);
	if (ret >= 0)
		ct_say_unmatched(&session);
	if (ret > 0)
		ret = CT_EXIT_INCOMPLETE;
out:
	ct_session_close(&session);
	ct_recordings_close(&recordings);
	ct_directories_free(&paths);
	for (size_t i = 0; i < x.opts.outputs.count; i++)
		free((char *)x.opts.outputs.items[i]);
	return ret;
}
