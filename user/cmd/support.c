// SPDX-License-Identifier: GPL-2.0-only
/* coldtrace schema support: which phases each engine has, and which runtimes are known, from the
 * tables that decide it. */
#include "cmd/support.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "core/life/family.h"
#include "core/who/roles.h"

/* PULL and RUN are no spans, the last two are not the engine's. */
static bool is_told(enum ct_phase phase)
{
	return phase != CT_PHASE_PULL && phase != CT_PHASE_RUN && phase < CT_PHASE_CLIENT;
}

static const struct ct_span *span_of(const struct ct_span *spans, size_t count, enum ct_phase phase,
				     bool optional)
{
	for (size_t i = 0; i < count; i++) {
		if (spans[i].phase == phase && spans[i].optional == optional)
			return &spans[i];
	}
	return NULL;
}

static const char *word(const struct ct_family *f, enum ct_phase phase)
{
	if (f->build && phase == CT_PHASE_STOP) /* it is a part of `run` */
		return "absent";
	if (span_of(f->start, f->start_count, phase, false) ||
	    span_of(f->stop, f->stop_count, phase, false))
		return "seen";
	if (span_of(f->start, f->start_count, phase, true) ||
	    span_of(f->stop, f->stop_count, phase, true))
		return "if asked";
	return "absent";
}

static void print_families(void)
{
	printf("| containers of |");
	for (enum ct_phase p = 0; p < CT_PHASE_MAX; p++) {
		if (is_told(p))
			printf(" %s |", ct_phase_names[p]);
	}
	printf("\n| --- |");
	for (enum ct_phase p = 0; p < CT_PHASE_MAX; p++) {
		if (is_told(p))
			printf(" --- |");
	}
	printf("\n");
	for (size_t i = 0; i < CT_FAMILY_MAX; i++) {
		printf("| %s |", ct_families[i]->name);
		for (enum ct_phase p = 0; p < CT_PHASE_MAX; p++) {
			if (is_told(p))
				printf(" %s |", word(ct_families[i], p));
		}
		printf("\n");
	}
}

static void print_runtimes(void)
{
	const char *comma = "";

	printf("\nRuntimes known by name, under every one of these: ");
	for (const struct ct_role_row *row = ct_roles; row->comm; row++) {
		if (!row->runtime)
			continue;
		printf("%s%s", comma, row->runtime);
		comma = ", ";
	}
	printf(".\n");
}

int ct_print_support(struct ct_err *err)
{
	print_families();
	print_runtimes();
	if (ferror(stdout) || fflush(stdout))
		return ct_fail(err, errno ? errno : EIO, "print what is supported: %s",
			       strerror(errno));
	return 0;
}
