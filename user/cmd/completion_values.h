/* SPDX-License-Identifier: GPL-2.0-only */
/* What the scripts of all shells are made of; for completion*.c alone. */
#pragma once

#include <stdbool.h>
#include <stdio.h>

#include "cmd/completion.h"
#include "cmd/options.h"

/* How a value is completed. */
enum ct_value_how {
	CT_VALUE_WORDS,
	CT_VALUE_LIST, /* of words, with commas between them */
	CT_VALUE_FILES,
	CT_VALUE_DIRECTORIES,
	CT_VALUE_HOW_MAX
};

struct ct_value_row {
	const char *arg, *option, *command;
	void (*words)(FILE *out); /* each behind a blank; NULL: none */
	enum ct_value_how how;
};

struct ct_operand_row {
	const char *command;
	const char *line; /* words; NULL: recordings, and folders of them */
	void (*words)(FILE *out); /* and these; NULL: no more */
};

/* Of an option that takes a value; NULL: any. */
const struct ct_value_row *ct_completion_value(const char *command,
					       const struct ct_option_row *option);
/* NULL: it takes none. */
const struct ct_operand_row *ct_completion_operand(const char *command);
/* Whether another program's line may follow it. */
bool ct_completion_runs_program(const char *command);
