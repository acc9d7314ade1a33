// SPDX-License-Identifier: GPL-2.0-only
#include "sinks/html/html.h"

#include "web.h"

#if CT_WEB_BUNDLED

#define EMBED(symbol, file) \
	__asm__(".pushsection .rodata\n" \
		".balign 16\n" #symbol ":\n" \
		".incbin \"" file "\"\n" #symbol "_end:\n" \
		".byte 0\n" \
		".popsection\n"); \
	extern const char symbol[] __attribute__((visibility("hidden"))); \
	extern const char symbol##_end[] __attribute__((visibility("hidden")))

EMBED(ct_web_head, CT_WEB_HEAD);
EMBED(ct_web_tail, CT_WEB_TAIL);

bool ct_html_page(struct ct_html_page *ret_page)
{
	*ret_page = (struct ct_html_page){
		.head = ct_web_head,
		.head_len = (size_t)(ct_web_head_end - ct_web_head),
		.tail = ct_web_tail,
		.tail_len = (size_t)(ct_web_tail_end - ct_web_tail),
	};
	return true;
}

#else

bool ct_html_page(struct ct_html_page *ret_page)
{
	(void)ret_page;
	return false;
}

#endif
