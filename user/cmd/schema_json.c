// SPDX-License-Identifier: GPL-2.0-only
#include "cmd/schema_json.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/opens/opens.h"
#include "core/record.h"
#include "sinks/losses.h"
#include "stats/summary.h"
#include "util/mem.h"

__asm__(".pushsection .rodata\n"
	"ct_json_schema: .incbin \"docs/schema.json\"\n"
	".byte 0\n"
	".popsection\n");
extern const char ct_json_schema[];

static const char *loss(size_t at)
{
	static char name[CT_LOSS_NAME_LEN];

	return ct_loss_name(name, at);
}

/* Columns: what stands for them in the file ("@kinds"), the table, how many; no table: the function. */
static const struct words {
	const char *mark;
	const char *const *names;
	size_t count;
	const char *(*name)(size_t at);
} tables[] = {
	{ "@kinds", ct_record_names, CT_RECORD_MAX, NULL },
	{ "@outcomes", ct_outcome_names, CT_OUTCOME_MAX, NULL },
	{ "@causes", ct_cause_names, CT_CAUSE_MAX, NULL },
	{ "@phases", ct_phase_names, CT_PHASE_MAX, NULL },
	{ "@reasons", ct_reason_keys, CT_REASON_MAX, NULL },
	{ "@readies", ct_ready_names, CT_READY_MAX, NULL },
	{ "@layer_proofs", ct_layer_proof_names, CT_PROVED_MAX, NULL },
	{ "@nameds", ct_named_names, CT_NAMED_MAX, NULL },
	{ "@bys", ct_by_names, CT_BY_MAX, NULL },
	{ "@views", ct_view_names, CT_VIEW_MAX, NULL },
	{ "@losses", NULL, CT_LOSS_MAX, loss },
};

/* Instead of the mark at *at; it is moved behind that. */
static void put_words(const char **at)
{
	for (size_t i = 0; i < CT_ARRAY_SIZE(tables); i++) {
		const struct words *t = &tables[i];
		size_t len = strlen(t->mark);

		if (strncmp(*at, t->mark, len) != 0 || (*at)[len] != '"')
			continue;
		for (size_t n = 0; n < t->count; n++)
			printf("%s%s", n ? "\", \"" : "", t->names ? t->names[n] : t->name(n));
		*at += len;
		return;
	}
	putchar(*(*at)++);
}

int ct_print_json_schema(struct ct_err *err)
{
	for (const char *at = ct_json_schema; *at;) {
		if (*at == '@')
			put_words(&at);
		else
			putchar(*at++);
	}
	if (fflush(stdout) || ferror(stdout))
		return ct_fail(err, errno ? errno : EIO, "print the schema: %s", strerror(errno));
	return 0;
}
