/* SPDX-License-Identifier: GPL-2.0-only */
/* The arguments of a program, args[0] its name, and what its words mean. */
#pragma once

#include "core/base/text.h"
#include "ct_event.h"
#include "core/record.h"

/* What a runtime or shim process was called to do: the words of its command line. */
enum ct_op {
	CT_OP_NONE,
	CT_OP_CREATE,
	CT_OP_RUN,
	CT_OP_DO, /* run, under an id that the runtime chooses */
	CT_OP_START,
	CT_OP_KILL,
	CT_OP_DELETE,
	CT_OP_STOP,
	CT_OP_RESTART,
	CT_OP_CLEANUP,
	CT_OP_SETUP,
	CT_OP_TEARDOWN,
	CT_OP_PUBLISH,
	CT_OP_EXEC, /* in a container that runs */
	CT_OP_HEALTH, /* to see whether it is healthy, and act if it is not */
	CT_OP_PULL,
	CT_OP_COPY, /* an image */
	CT_OP_OTHER
};

#define CT_ARGS_MAX 64

/* How many there are of an EXEC's; what is beyond CT_ARGS_MAX is left out. Borrows the event. */
size_t ct_argv_split(const struct ct_event *e, struct ct_text args[CT_ARGS_MAX]);
/* The command word: the first argument that is one, whatever flags come before it. */
enum ct_op ct_argv_op(const struct ct_text *args, size_t n);
/* Which argument says that the command word is about something else than a container: "podman volume rm"; 0: none. */
size_t ct_argv_group(const struct ct_text *args, size_t op_at, enum ct_op op);
/* What follows an option, empty if it is not among them. */
struct ct_text ct_argv_value(const struct ct_text *args, size_t n, const char *option);
/*
 * The nth argument behind the command word that is neither an option nor what belongs to one: of those the
 * distiller has left a mark of their place. Empty: there is none.
 */
struct ct_text ct_argv_plain(const struct ct_text *args, size_t n, size_t nth);
/* Whether one is that word. */
bool ct_argv_has(const struct ct_text *args, size_t n, const char *word);

enum ct_op ct_op_of_word(struct ct_text arg); /* CT_OP_NONE: it is no command word */

/* kills.c: whether a signal is one that is sent for something else than to end. */
bool ct_signal_spares(uint64_t number);
bool ct_signal_named_spares(struct ct_text signal); /* "HUP", "SIGHUP", "1" */
bool ct_kill_spares(const struct ct_text *args, size_t n); /* of a command with the word "kill" */
