// SPDX-License-Identifier: GPL-2.0-only
/* A row per opened path, of each run of a container and view; docs/formats.md has the columns. */
#include <errno.h>
#include <string.h>

#include "sinks/csv/csv.h"
#include "sinks/escape.h"
#include "sinks/opens_words.h"
#include "sinks/owner.h"
#include "sinks/sink.h"
#include "util/mem.h"

/* How a formula begins, also in the wide forms that some spreadsheets take. */
static const char *const formulas[] = { "=", "+", "-", "@", "'", "＝", "＋", "－", "＠" };

int ct_csv_text(FILE *f, const char *text)
{
	own_mem char *safe = ct_escape_text_dup(text, true);

	if (!safe) {
		return -ENOMEM;
	}
	putc('"', f);
	for (size_t i = 0; i < CT_ARRAY_SIZE(formulas); i++)
		if (!strncmp(safe, formulas[i], strlen(formulas[i])))
			putc('\'', f);
	for (const char *c = safe; *c; c++) {
		if (*c == '"')
			putc('"', f);
		putc(*c, f);
	}
	putc('"', f);
	return 0;
}

static const char head[] = "id,name,image,runtime,engine,view,call,path,mount,count,failed,error,"
			   "total_ns,max_ns,cut,begin_cut,node,scope_container,scope_uid\r\n";

static int put_text(FILE *f, const char *text)
{
	int ret = ct_csv_text(f, text);

	putc(',', f);
	return ret;
}

static int put_path(FILE *f, const struct ct_opens *o, enum ct_view view,
		    const struct ct_open_path *p)
{
	const struct ct_opens_mount *m = ct_opens_mount_of(o->views[view], p);
	char error[CT_ERRNO_LEN] = "", within[CT_OWNER_LEN];
	const char *const cells[] = {
		o->who.id,
		o->who.name,
		o->who.image,
		o->who.runtime,
		o->who.engine,
		ct_view_names[view],
		ct_open_call_names[p->call],
		CT_OPEN_PATH_TEXT(p),
		m ? ct_open_mount_kind(m) : "",
	};
	int ret = 0;

	for (size_t i = 0; i < CT_ARRAY_SIZE(cells); i++)
		ret |= put_text(f, cells[i]);
	fprintf(f, "%llu,%llu,\"%s\",%llu,%llu,%s,%s,", (unsigned long long)p->n.count,
		(unsigned long long)p->n.failed, p->n.failed ? ct_errno_name(error, p->error) : "",
		(unsigned long long)p->n.ns, (unsigned long long)p->n.max_ns,
		p->flags & CT_OPENS_F_CUT ? "true" : "false",
		p->flags & CT_OPENS_F_BEGIN_CUT ? "true" : "false");
	ret |= put_text(f, o->node);
	ret |= put_text(f, ct_owner_container(within, &o->who.owner));
	if (o->who.owner.other)
		fprintf(f, "%u", o->who.owner.uid);
	fputs("\r\n", f);
	return ret;
}

static int opens_begin(struct ct_sink *s, FILE *page, const struct ct_session *session)
{
	(void)s, (void)session;
	fputs(head, page);
	return 0;
}

static int opens_end(struct ct_sink *s, FILE *page, const struct ct_session *session,
		     const struct ct_summary *summary, const struct ct_core_counts *counts)
{
	const struct ct_opens_list *l = ct_summary_opened(summary);
	int ret = 0;

	(void)s, (void)session, (void)counts;
	for (size_t i = 0; i < l->count; i++) {
		for (int view = 0; view < CT_VIEW_MAX; view++) {
			const struct ct_opens_view *v = l->items[i]->views[view];

			for (const struct ct_open_path *p = v ? v->paths : NULL; p; p = p->hh.next)
				ret |= put_path(page, l->items[i], (enum ct_view)view, p);
		}
	}
	return ret ? -ENOMEM : 0;
}

const struct ct_sink_ops ct_csv_opens_ops = {
	.name = "csv-opens",
	.suffix = ".opens.csv",
	.help = "a table of opened files: a row per container and path",
	.begin = opens_begin,
	.end = opens_end,
};
