// SPDX-License-Identifier: GPL-2.0-only
/* What a command line says: the words of engines, shims and runtimes. */
#include "core/hear/args.h"

#define OP_LEN_MAX 11

/* Words of a command line. Columns: word, what it means. */
static const struct {
	char word[OP_LEN_MAX + 1];
	enum ct_op op;
} ops[] = {
	{ "create", CT_OP_CREATE },   { "run", CT_OP_RUN },         { "do", CT_OP_DO },
	{ "start", CT_OP_START },     { "stop", CT_OP_STOP },       { "restart", CT_OP_RESTART },
	{ "kill", CT_OP_KILL },       { "delete", CT_OP_DELETE },   { "rm", CT_OP_DELETE },
	{ "cleanup", CT_OP_CLEANUP }, { "setup", CT_OP_SETUP },     { "teardown", CT_OP_TEARDOWN },
	{ "exec", CT_OP_EXEC },       { "state", CT_OP_OTHER },     { "pause", CT_OP_OTHER },
	{ "resume", CT_OP_OTHER },    { "update", CT_OP_OTHER },    { "events", CT_OP_OTHER },
	{ "ps", CT_OP_OTHER },        { "publish", CT_OP_PUBLISH }, { "healthcheck", CT_OP_HEALTH },
	{ "pull", CT_OP_PULL },       { "copy", CT_OP_COPY },
};

size_t ct_argv_split(const struct ct_event *e, struct ct_text args[CT_ARGS_MAX])
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	size_t n = 0;

	while (rest.len && n < CT_ARGS_MAX)
		args[n++] = ct_text_cut(&rest, '\0');
	return n;
}

/* Most arguments are options, paths and ids. */
static bool may_be_op(struct ct_text arg)
{
	return arg.len >= 2 && arg.len <= OP_LEN_MAX && *arg.p >= 'a' && *arg.p <= 'z';
}

enum ct_op ct_op_of_word(struct ct_text arg)
{
	for (size_t k = 0; may_be_op(arg) && k < sizeof(ops) / sizeof(ops[0]); k++) {
		if (ct_text_is(arg, ops[k].word))
			return ops[k].op;
	}
	return CT_OP_NONE;
}

/*
 * What a command of podman is about, if not a container, which may be called like that: "podman volume rm web"
 * (cmd/podman of 4.3 and 5.8). Columns: word, what is said of containers behind it all the same.
 */
static const struct {
	const char *word;
	enum ct_op still;
} groups[] = {
	{ "artifact", CT_OP_NONE }, { "farm", CT_OP_NONE },     { "image", CT_OP_PULL },
	{ "machine", CT_OP_NONE },  { "manifest", CT_OP_NONE }, { "network", CT_OP_NONE },
	{ "pod", CT_OP_NONE },      { "secret", CT_OP_NONE },   { "system", CT_OP_NONE },
	{ "volume", CT_OP_NONE },
};

size_t ct_argv_group(const struct ct_text *args, size_t op_at, enum ct_op op)
{
	if (!op_at || !ct_text_starts(ct_text_base(args[0]), "podman"))
		return 0;
	for (size_t i = 1; i < op_at; i++) {
		for (size_t k = 0; k < sizeof(groups) / sizeof(groups[0]); k++) {
			if (ct_text_is(args[i], groups[k].word) && op != groups[k].still)
				return i;
		}
	}
	return 0;
}

enum ct_op ct_argv_op(const struct ct_text *args, size_t n)
{
	enum ct_op op = CT_OP_NONE;
	size_t at = 0;

	while (op == CT_OP_NONE && ++at < n)
		op = ct_op_of_word(args[at]);
	if (op != CT_OP_NONE && ct_argv_group(args, at, op))
		return CT_OP_OTHER;
	return op == CT_OP_KILL && ct_kill_spares(args, n) ? CT_OP_OTHER : op;
}

struct ct_text ct_argv_value(const struct ct_text *args, size_t n, const char *option)
{
	size_t len = strlen(option);

	for (size_t i = 1; i + 1 < n; i++) {
		if (args[i].len == len && !memcmp(args[i].p, option, len))
			return args[i + 1];
	}
	return ct_text("", 0);
}

struct ct_text ct_argv_plain(const struct ct_text *args, size_t n, size_t nth)
{
	size_t i = 1;

	while (i < n && ct_op_of_word(args[i]) == CT_OP_NONE)
		i++;
	while (++i < n) {
		if (args[i].len && *args[i].p != '-' && *args[i].p != '*' && !nth--)
			return args[i];
	}
	return ct_text("", 0);
}

bool ct_argv_has(const struct ct_text *args, size_t n, const char *word)
{
	for (size_t i = 1; i < n; i++) {
		if (ct_text_is(args[i], word))
			return true;
	}
	return false;
}
