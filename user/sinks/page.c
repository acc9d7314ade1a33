// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/page.h"

#include <stdlib.h>

int ct_page_open(struct ct_page *page, const struct ct_sink *s, struct ct_err *err)
{
	*page = (struct ct_page){ 0 };
	page->f = open_memstream(&page->text, &page->len);
	return page->f ? 0 : ct_sink_no_memory(s, err);
}

int ct_page_put(struct ct_page *page, struct ct_sink *s, struct ct_err *err)
{
	bool bad = ferror(page->f);
	int ret;

	if (fclose(page->f) || bad)
		ret = ct_sink_no_memory(s, err);
	else
		ret = ct_sink_put(s, page->text, page->len, err);
	free(page->text);
	*page = (struct ct_page){ 0 };
	return ret;
}

void ct_page_drop(struct ct_page *page)
{
	fclose(page->f);
	free(page->text);
	*page = (struct ct_page){ 0 };
}
