// SPDX-License-Identifier: GPL-2.0-only
/* Opened files alone, as text: what 'coldtrace opens' draws, once or every few seconds. */
#include <stdlib.h>
#include <time.h>

#include "sinks/page.h"
#include "sinks/table/table.h"
#include "sinks/table/table_opens.h"
#include "sinks/units.h"
#include "util/mem.h"

static int opens_begin(struct ct_sink *s, const struct ct_session *session, struct ct_err *err)
{
	(void)s, (void)session, (void)err;
	return 0;
}

/* All of it comes at the end. */
static int opens_record(struct ct_sink *s, const struct ct_record *rec, struct ct_err *err)
{
	(void)s, (void)rec, (void)err;
	return 0;
}

static int opens_end(struct ct_sink *s, const struct ct_session *session,
		     const struct ct_summary *summary, const struct ct_core_counts *counts,
		     struct ct_err *err)
{
	const struct ct_opens_list *l = ct_summary_opened(summary);
	struct ct_page page;
	struct ct_pen pen;
	bool percentiles;
	char clock[CT_CLOCK_LEN];

	if (ct_page_open(&page, s, err))
		return err->code;
	pen = (struct ct_pen){
		.f = page.f,
		.width = ct_sink_width(s),
		.utf8 = s->utf8,
		.colour = s->colour,
	};
	tzset();
	if (s->live && s->colour)
		fputs("\033[H\033[2J", page.f);
	if (s->live)
		fprintf(page.f, "%s\n\n",
			ct_clock(clock, ct_wall_ns(session->end_ns, session->wall_minus_mono_ns),
				 false));
	if (!l->count)
		fputs("No container opened a file.\n\n", page.f);
	if (ct_table_opens(&pen, l, &percentiles)) {
		ct_page_drop(&page);
		return ct_sink_no_memory(s, err);
	}
	ct_table_honesty(&pen, summary, counts,
			 percentiles ? CT_ESTIMATES_PERCENTILES : CT_ESTIMATES_NONE);
	return ct_page_put(&page, s, err);
}

const struct ct_sink_ops ct_opens_ops = {
	.name = "opens",
	.suffix = ".opens.txt",
	.help = "the files that containers opened, for people",
	.begin = opens_begin,
	.record = opens_record,
	.end = opens_end,
};
