// SPDX-License-Identifier: GPL-2.0-only
/* Opened files alone, as text: what 'coldtrace opens' draws, once or every few seconds. */
#include <errno.h>
#include <time.h>

#include "sinks/table/table.h"
#include "sinks/table/table_opens.h"
#include "sinks/units.h"

static int opens_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		     const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	const struct ct_opens_list *l = ct_summary_opened(summary);
	struct ct_pen pen = ct_sink_pen(s, page);
	bool percentiles;
	char clock[CT_CLOCK_LEN];

	tzset();
	if (s->live && s->colour)
		fputs("\033[H\033[2J", page);
	if (s->live)
		fprintf(page, "%s\n\n",
			ct_clock(clock, ct_wall_ns(session, session->end_ns), false));
	if (!l->count)
		fputs("No container opened a file.\n\n", page);
	if (ct_table_opens(&pen, l, &percentiles))
		return -ENOMEM;
	ct_table_honesty(&pen, summary, counts,
			 percentiles ? CT_ESTIMATES_PERCENTILES : CT_ESTIMATES_NONE);
	return 0;
}

const struct ct_sink_ops ct_opens_ops = {
	.name = "opens",
	.suffix = ".opens.txt",
	.help = "the files that containers opened, for people",
	.end = opens_end,
};
