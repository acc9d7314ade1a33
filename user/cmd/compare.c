// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace compare FILE...: groups of records beside each other, and whether they differ. */
#include "cmd/compare.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/seen.h"
#include "source/recording/recordings_many.h"
#include "util/mem.h"

struct replay {
	struct ct_comparison *c;
	const struct ct_input *in;
	struct ct_window window;
	struct ct_seen seen;
};

static const char *base_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* "runc, disk": what of a record the keys say, one after the other. */
static void name_group(const struct replay *r, const struct ct_record *rec,
		       char name[CT_CONTRAST_NAME])
{
	const char *by = r->c->by, *between = "";
	uint32_t place = 1;
	size_t at = 0;

	name[0] = '\0';
	while (*by && at < CT_CONTRAST_NAME - 1) {
		char key[64], run[16];
		const char *value;
		size_t len = strcspn(by, ",");

		snprintf(key, sizeof(key), "%.*s", (int)len, by);
		snprintf(run, sizeof(run), "%u", rec->run);
		value = !strcmp(key, "file")  ? base_of(r->in->path)
			: !strcmp(key, "run") ? run
					      : ct_where_value(rec, key);
		at += (size_t)snprintf(name + at, CT_CONTRAST_NAME - at, "%s%s", between,
				       *value ? value : "-");
		between = ", ";
		by += len + (by[len] == ',');
		r->c->valued |= *value ? place : 0;
		place <<= 1;
	}
}

/* A key that is mistyped is a label that nobody has. */
static void say_unvalued(const struct ct_comparison *c)
{
	uint32_t place = 1;

	for (const char *by = c->by; *by; place <<= 1) {
		size_t len = strcspn(by, ",");

		if (place && !(c->valued & place))
			ct_say("no record has a value of '%.*s'; there are file, run, kind, what report --by has, and labels that were given",
			       (int)len, by);
		by += len + (by[len] == ',');
	}
}

static void on_record(void *ctx, const struct ct_record *rec)
{
	struct replay *r = ctx;
	struct ct_comparison *c = r->c;
	char name[CT_CONTRAST_NAME];

	ct_seen_add(&r->seen, c->opts, rec);
	if (c->failed || !ct_options_match(c->opts, &r->window, rec) ||
	    !ct_where_holds(&c->opts->where[0], rec))
		return;
	name_group(r, rec, name);
	c->added = true;
	if (ct_contrast_add(c->contrast, name, rec))
		c->failed = true;
}

static void on_turn(void *ctx, const struct ct_input *in)
{
	struct replay *r = ctx;

	r->in = in;
}

static int replay(struct ct_comparison *c, struct ct_err *err)
{
	struct ct_recordings *all = &c->recordings;
	const struct ct_core_options core = {
		.ready_mask = c->opts->ready_mask,
		.containers_max = c->opts->containers_max,
		.restarts_by_image = c->opts->restarts_by_image,
		.groups = c->opts->chains.named,
		.group_count = c->opts->chains.named_count,
	};
	const struct ct_core_ops ops = { .record = on_record };
	struct replay r = {
		.c = c,
		.window = ct_options_window(c->opts, all->wall_minus_mono_ns, all->begin_ns),
		.seen.where = &c->opts->where[0],
	};
	const struct ct_many how = {
		.jobs = c->opts->jobs, .core = &core, .ops = &ops, .ctx = &r, .turn = on_turn
	};
	char text[4096];
	int ret;

	ret = ct_recordings_replay_many(all, &how, &c->counts, err);
	for (size_t i = 0; i < all->count; i++)
		c->incomplete |= all->items[i].cut;
	c->incomplete |= ct_counts_incomplete(&c->counts);
	ct_say_cut(all);
	ct_say_lost(&c->counts);
	ct_say_unscrubbed(all);
	ct_say_unexpected(&r.seen, c->opts, "");
	if (!ret && c->failed)
		ret = ct_fail(err, ENOMEM, "compare the recordings: out of memory");
	if (!ret && !c->added &&
	    ct_seen_sentence(&r.seen, c->opts, all->wall_minus_mono_ns, text, sizeof(text)))
		ct_say("%s", text);
	if (!ret && !c->added)
		ret = ct_fail(err, ENOENT, "compare '%s'%s: no record is what was asked for",
			      c->opts->operands.items[0],
			      c->opts->operands.count > 1 ? " and the others" : "");
	return ret;
}

static int compare(struct ct_comparison *c, struct ct_err *err)
{
	struct ct_operands operands = c->opts->operands;
	int ret;

	c->contrast = ct_contrast_new();
	if (!c->contrast)
		return ct_fail(err, ENOMEM, "compare the recordings: out of memory");
	ret = ct_directories_expand(&c->files, &operands, err);
	if (!ret)
		ret = ct_recordings_open(&c->recordings, operands.items, operands.count, err);
	if (!ret)
		ret = replay(c, err);
	if (!ret && ct_contrast_run(c->contrast))
		ret = ct_fail(err, ENOMEM, "compare the recordings: out of memory");
	return ret;
}

static int print(const struct ct_comparison *c, struct ct_err *err)
{
	own_mem char *text = NULL;
	size_t len = 0;
	int ret =
		c->opts->json ? ct_compare_json(c, &text, &len) : ct_compare_table(c, &text, &len);

	return ret ? ct_fail(err, ENOMEM, "print the comparison: out of memory")
		   : ct_print_comparison(text, len, err);
}

int ct_cmd_compare(const struct ct_options *opts, struct ct_err *err)
{
	struct ct_comparison c = {
		.opts = opts,
		.by = opts->compare_by ? opts->compare_by : ct_by_names[CT_BY_RUNTIME],
	};
	int ret;

	if (!opts->operands.count || opts->command) {
		ct_fail(err, EINVAL,
			"compare needs recordings: coldtrace compare FILE... --by runtime,load");
		return ct_usage(err);
	}
	signal(SIGPIPE, SIG_IGN);
	ret = compare(&c, err);
	if (!ret)
		say_unvalued(&c);
	if (!ret)
		ret = print(&c, err);
	if (!ret && c.incomplete)
		ret = CT_EXIT_INCOMPLETE;
	ct_recordings_close(&c.recordings);
	ct_directories_free(&c.files);
	ct_contrast_free(c.contrast);
	return ret;
}
