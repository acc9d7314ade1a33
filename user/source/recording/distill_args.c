// SPDX-License-Identifier: GPL-2.0-only
/*
 * Command lines: what was run, the command word, and whom it is about. Each other argument becomes
 * a mark of its place, since some are told by where they stand.
 */
#include <string.h>

#include "core/who/roles.h"
#include "core/hear/args.h"
#include "source/recording/distill_state.h"
#include "util/mem.h"

#define ARGS_MAX 64 /* the core looks at no more */

struct line {
	struct ct_distill *d;
	struct ct_text args[ARGS_MAX];
	bool kept[ARGS_MAX];
	size_t n;
	size_t whole; /* so many of them are: there may be no room for the rest of the last */
	size_t op_at; /* of the command word, 0: there is none */
	enum ct_op op;
	uint16_t role;
};

static bool is_name(struct ct_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		char c = t.p[i], low = (char)(c | 0x20);

		if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') &&
		    !(c && strchr("_.+-", c)))
			return false;
	}
	return t.len && *t.p != '-';
}

/* The value behind the first of these options, as the core takes it. */
static void keep_option(struct line *l, const char *option, bool names)
{
	for (size_t i = 1; i + 1 < l->n; i++) {
		if (!ct_text_is(l->args[i], option))
			continue;
		l->kept[i] = l->kept[i + 1] = true;
		if (names)
			ct_distill_learn(l->d, l->args[i + 1]);
		return;
	}
}

static void keep_word(struct line *l, const char *word)
{
	for (size_t i = 1; i < l->n; i++) {
		if (ct_text_is(l->args[i], word))
			l->kept[i] = true;
	}
}

static void keep_known(struct line *l)
{
	for (size_t i = 1; i < l->n; i++) {
		if (ct_distill_knows(l->d, l->args[i]))
			l->kept[i] = true;
	}
}

/* Its last argument is the id of what it makes. */
static void keep_last(struct line *l)
{
	struct ct_text last = l->args[l->n - 1];

	if (l->n < 3 || !is_name(last))
		return;
	l->kept[l->n - 1] = true;
	ct_distill_learn(l->d, last);
}

static bool is_program(const struct line *l, enum ct_role role)
{
	struct ct_text base = ct_text_base(l->args[0]);

	for (const struct ct_role_row *row = ct_roles; row->comm; row++) {
		if (row->role == role && ct_text_starts(base, row->comm))
			return true;
	}
	return false;
}

/* `kill -s HUP ID`, `kill ID HUP`: a signal that is none is not kept. */
static void keep_signal(struct line *l)
{
	for (size_t i = l->op_at + 1; i < l->n; i++) {
		struct ct_text value = l->args[i], option = ct_text_cut(&value, '=');

		if (ct_text_is(option, "-s") || ct_text_is(option, "--signal"))
			l->kept[i] = !value.len || ct_signal_named_spares(value);
		else if (ct_signal_named_spares(l->args[i]))
			l->kept[i] = true;
	}
}

/* Columns: options of podman's commands on containers that have no value. */
static const char *const flags[] = { "--all",    "--attach", "--depend",    "--force",
				     "--ignore", "--latest", "--sig-proxy", "--interactive",
				     "--rm",     "--rmi",    "--running",   "--volumes" };

static bool is_flag(struct ct_text arg)
{
	static const char letters[] = "afilv"; /* of the short ones, alone or together */

	for (size_t i = 0; i < CT_ARRAY_SIZE(flags); i++) {
		if (ct_text_is(arg, flags[i]))
			return true;
	}
	if (ct_text_is(arg, CT_LEFT_OUT_OPTION)) /* so was what belonged to it */
		return true;
	for (size_t i = 1; i < arg.len; i++) {
		if (!strchr(letters, arg.p[i]))
			return false;
	}
	return arg.len > 1 && arg.p[1] != '-';
}

/* A beginning of an id: known as such to the core alone. */
static bool is_prefix(struct ct_text t)
{
	for (size_t i = 0; i < t.len; i++) {
		if (!(t.p[i] >= '0' && t.p[i] <= '9') && !(t.p[i] >= 'a' && t.p[i] <= 'f'))
			return false;
	}
	return t.len >= 4 && t.len <= 64;
}

/* `podman stop NAME`: containers that are known, and none of what belongs to an option. */
static void podman(struct line *l)
{
	static const bool names_containers[] = {
		[CT_OP_START] = true,  [CT_OP_STOP] = true,   [CT_OP_RESTART] = true,
		[CT_OP_KILL] = true,   [CT_OP_DELETE] = true, [CT_OP_CLEANUP] = true,
		[CT_OP_HEALTH] = true, [CT_OP_OTHER] = false,
	};

	if (!l->op_at || l->op >= CT_ARRAY_SIZE(names_containers) || !names_containers[l->op])
		return;
	for (size_t i = l->op_at + 1; i < l->n; i++) {
		struct ct_text arg = l->args[i], before = l->args[i - 1];

		if (ct_text_starts(arg, "-") || (ct_text_starts(before, "-") && !is_flag(before)))
			continue;
		if (ct_distill_knows(l->d, arg) || is_prefix(arg))
			l->kept[i] = true;
	}
	if (l->op == CT_OP_CLEANUP)
		keep_word(l, "--rm");
}

static void shim(struct line *l)
{
	if (ct_text_starts(ct_text_base(l->args[0]), "conmon")) {
		keep_option(l, "-n", true);
		keep_option(l, "-c", true);
		keep_option(l, "-r", false);
		keep_option(l, "-b", false);
		keep_word(l, "-e");
		keep_word(l, "--exec-process-spec");
		return;
	}
	keep_option(l, "-id", true);
	keep_option(l, "-namespace", false);
	keep_known(l);
}

static void runtime(struct line *l)
{
	keep_known(l);
	if ((l->op == CT_OP_CREATE || l->op == CT_OP_RUN) && is_program(l, CT_ROLE_RUNTIME))
		keep_last(l);
}

/* gVisor's own processes are told for whom they are in their last argument. */
static void helper(struct line *l)
{
	keep_known(l);
	if (ct_text_starts(ct_text_base(l->args[0]), "runsc"))
		keep_last(l);
}

static void engine(struct line *l)
{
	if (ct_text_starts(ct_text_base(l->args[0]), "podman"))
		podman(l);
	ct_distill_images(l->args, l->whole, l->op_at, l->kept);
}

static void (*const by_role[CT_ROLE_MAX])(struct line *l) = {
	[CT_ROLE_ENGINE] = engine, [CT_ROLE_SHIM] = shim,       [CT_ROLE_RUNTIME] = runtime,
	[CT_ROLE_HELPER] = helper, [CT_ROLE_INIT] = keep_known, [CT_ROLE_WORKLOAD] = keep_known,
};

/* First arguments that are asked for: step_rules.c. */
static const char *const firsts[] = { "--version", "init", "umount" };

static void choose(struct line *l)
{
	bool workload = l->role == CT_ROLE_INIT || l->role == CT_ROLE_WORKLOAD;
	size_t group;

	l->kept[0] = true;
	for (size_t i = 1; i < l->n && !workload && !l->op_at; i++) {
		l->op = ct_op_of_word(l->args[i]);
		if (l->op != CT_OP_NONE)
			l->kept[l->op_at = i] = true;
	}
	group = ct_argv_group(l->args, l->op_at, l->op);
	if (group) { /* nor is what is behind it */
		l->kept[group] = true;
		return;
	}
	for (size_t i = 0; l->n > 1 && i < CT_ARRAY_SIZE(firsts); i++)
		l->kept[1] |= ct_text_is(l->args[1], firsts[i]);
	if (l->role < CT_ROLE_MAX && by_role[l->role])
		by_role[l->role](l);
	if (l->op == CT_OP_KILL)
		keep_signal(l);
}

static void put(const struct line *l, size_t i)
{
	struct ct_text arg = l->args[i], name = arg;

	if (i == 0) /* a process that is seeded may have written its whole state there */
		arg = ct_text_cut(&name, ' ');
	else if (!l->kept[i] && ct_text_starts(arg, "-"))
		arg = ct_text(CT_LEFT_OUT_OPTION, arg.len < 2 ? arg.len : 2);
	else if (!l->kept[i])
		arg = ct_text(CT_LEFT_OUT, arg.len < 1 ? arg.len : 1);
	ct_distill_put(l->d, arg);
}

void ct_distill_args(struct ct_distill *d, struct ct_event *e)
{
	struct ct_text rest = ct_text(e->tail, e->tail_len);
	struct line l = { .d = d, .role = e->sub };
	bool ended = rest.len && rest.p[rest.len - 1] == '\0';

	while (rest.len && l.n < ARGS_MAX)
		l.args[l.n++] = ct_text_cut(&rest, '\0');
	if (!l.n)
		return;
	l.whole = e->flags & CT_F_TRUNCATED ? l.n - 1 : l.n;
	choose(&l);
	ct_distill_begin(d, e->tail_len);
	for (size_t i = 0; i < l.n; i++) {
		put(&l, i);
		if (i + 1 < l.n || ended)
			ct_distill_put(d, ct_text("", 1));
	}
	ct_distill_end(d, e);
}
